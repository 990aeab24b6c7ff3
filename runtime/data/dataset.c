/* dataset.c: a data declaration, opened: its sources read and checked against one another
 * (dataset.h). */
#include "data/dataset.h"
#include "data/augment.h"
#include "data/block.h"
#include "data/fit.h"
#include "data/form.h"
#include "data/labels.h"
#include "data/opening.h"
#include "data/sources.h"
#include "data/windows.h"
#include <stdlib.h>
#include <string.h>

static const char *const part_names[NNRT_PARTS] = { "train", "validation", "test", "new" };

const char *nnrt_part_name(int part)
{
    return part >= 0 && part < NNRT_PARTS ? part_names[part] : "";
}

const json_t *opening_setting(const opening *o, const char *key)
{
    return json_object_get(o->declaration, key);
}

static void shape_text(const int64_t *shape, int rank, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < rank && used + 24 < size; i++) {
        used +=
            (size_t)snprintf(text + used, size - used, "%s%lld", i ? "x" : "", (long long)shape[i]);
    }
}

/* ---- tables ---- */

/* A model that was trained on arrays meets a table: the table's own columns are its features, and
 * the model's scales and classes hold. */
static bool take_own_columns(opening *o, int part, const json_t *form)
{
    nnrt_source *s = &o->source[part];
    nnrt_preparation *model = o->data->preparation, *own = nnrt_preparation_copy(model);
    if (!own)
        return nnrt_no_memory_for(o->e, s->table->file);

    int64_t features = model->features;
    o->data->preparation = own;
    nnrt_preparation_free(model);
    if (!nnrt_fit_columns(own, form, s->table, &o->uses[part], o->e))
        return false;
    return own->features == features ||
           nnrt_fail(o->e, NNRT_FILES, "shape-mismatch",
                     "%s: has %lld features, and the model was trained on arrays of %lld numbers",
                     s->table->file, (long long)own->features, (long long)features);
}

/* The training table decides what the columns are, unless a model has. */
static bool settle_columns(opening *o, int part, const json_t *form)
{
    nnrt_source *s = &o->source[part];
    nnrt_preparation *p = o->data->preparation;

    if (!o->fitted && part == NNRT_TRAIN &&
        !nnrt_fit_columns(p, form, s->table, &o->uses[part], o->e)) {
        return false;
    }
    if (!p->columns && !take_own_columns(o, part, form))
        return false;

    o->encoding[part] = nnrt_encoding_new(o->data->preparation, s->table, o->e);
    return o->encoding[part] != NULL;
}

static bool take_table(opening *o, int part, const nnrt_source_request *request)
{
    nnrt_source *s = &o->source[part];
    bool windows = nnrt_form_has_windows(request->form);

    if (!nnrt_uses_find(request->form, s->table, part != NNRT_NEW, &o->uses[part], o->e))
        return false;
    if (windows)
        nnrt_uses_see_targets(request->form, s->table, &o->uses[part]);
    if (!settle_columns(o, part, request->form))
        return false;
    if (part == NNRT_NEW)
        o->uses[part].targets = 0;

    s->rank = 1;
    s->shape[0] = s->sample_size = o->data->preparation->features;
    return nnrt_source_take_table(s, request, &o->uses[part],
                                  nnrt_encoding_columns(o->encoding[part]), o->e) &&
           (!windows || nnrt_source_cut_windows(s, request->form, o->uses[part].targets > 0, o->e));
}

/* The names of columns that a file probably has: the training file's, or those that a model knows.
 * free() */
static char **known_names(const opening *o, size_t *count)
{
    const nnrt_preparation *p = o->data->preparation;
    const nnrt_table *table = o->source[NNRT_TRAIN].table;
    size_t most = table ? table->columns : p->columns;
    char **known = calloc(most + 1, sizeof *known);

    *count = 0;
    for (size_t j = 0; known && j < most; j++) {
        char *name = table ? table->column[j].name : p->column[j].name;
        if (name)
            known[(*count)++] = name;
    }
    return known;
}

/* ---- sources ---- */

static bool wants_wide(const opening *o)
{
    const json_t *normalize = opening_setting(o, "normalize");
    if (o->fitted)
        return o->data->preparation->samples.kind != NNRT_SCALE_NONE;
    return json_is_true(opening_setting(o, "whole")) || (normalize && !json_is_null(normalize));
}

static bool read_source(opening *o, int part, const json_t *form)
{
    nnrt_source *s = &o->source[part];
    nnrt_source_request request = { .form = form,
                                    .folder = o->folder,
                                    .seed = o->data->seed,
                                    .task = o->task,
                                    .wants_wide = wants_wide(o),
                                    .like = part == NNRT_TRAIN || !o->given[NNRT_TRAIN]
                                                ? NULL
                                                : &o->source[NNRT_TRAIN] };
    char **known = known_names(o, &request.known_count);
    if (!known)
        return nnrt_no_memory_for(o->e, o->data->name);
    request.known = known;

    o->given[part] = true;
    o->e->setting = part == NNRT_TRAIN && json_is_object(opening_setting(o, "source"))
                        ? "source"
                        : part_names[part];
    bool texts = nnrt_form_has_tokenizer(form), ok = nnrt_source_read(&request, s, o->e);
    if (ok && s->table)
        ok = (texts ? opening_take_documents : take_table)(o, part, &request);
    else if (ok && texts)
        ok = opening_take_text(o, part, form);
    free(known);
    return ok && (s->count <= INT32_MAX ||
                  nnrt_fail(o->e, NNRT_FILES, "too-large",
                            "%s: holds more samples than can be numbered", s->x_name));
}

static bool same_shape(const int64_t *a, int a_rank, const int64_t *b, int b_rank)
{
    return a_rank == b_rank && memcmp(a, b, (size_t)a_rank * sizeof *a) == 0;
}

static bool check_alike(const opening *o, int part)
{
    const nnrt_source *a = &o->source[o->first], *b = &o->source[part];
    char one[128], other[128];

    if (!same_shape(a->shape, a->rank, b->shape, b->rank)) {
        shape_text(a->shape, a->rank, one, sizeof one);
        shape_text(b->shape, b->rank, other, sizeof other);
        return nnrt_fail(o->e, NNRT_FILES, "shape-mismatch",
                         "%s: its samples are %s, those of %s are %s", b->x_name, other, a->x_name,
                         one);
    }
    return part == NNRT_NEW ||
           same_shape(a->target_shape, a->target_rank, b->target_shape, b->target_rank) ||
           nnrt_fail(o->e, NNRT_FILES, "shape-mismatch",
                     "%s: its targets are not of the shape of those of %s", b->y_name, a->y_name);
}

static bool read_sources(opening *o)
{
    const json_t *train = json_is_object(opening_setting(o, "source"))
                              ? opening_setting(o, "source")
                              : opening_setting(o, "train");

    o->first = NNRT_PARTS;
    for (int part = NNRT_TRAIN; part < NNRT_PARTS; part++) {
        const json_t *form = part == NNRT_TRAIN ? train : opening_setting(o, part_names[part]);
        if (!json_is_object(form))
            continue;
        if (!read_source(o, part, form))
            return false;
        if (o->first == NNRT_PARTS)
            o->first = part;
        else if (!check_alike(o, part))
            return false;
    }

    if (o->given[NNRT_TRAIN] || (o->fitted && o->first < NNRT_PARTS))
        return true;
    return nnrt_fail(o->e, NNRT_SCRIPT, "missing-argument",
                     "data '%s' has neither 'source' nor 'train'", o->data->name);
}

/* ---- shapes ---- */

static bool reshape(opening *o, const json_t *shape)
{
    nnrt_data *data = o->data;
    const nnrt_source *s = &o->source[o->first];
    int64_t size = 1;
    size_t rank = json_array_size(shape);
    bool good = rank > 0 && rank <= NNRT_MAX_RANK;
    char text[128], held[128];

    for (size_t i = 0; good && i < rank; i++) {
        data->shape[i] = json_integer_value(json_array_get(shape, i));
        good = data->shape[i] > 0 && !__builtin_mul_overflow(size, data->shape[i], &size);
    }
    if (!good) {
        return nnrt_fail(o->e, NNRT_SCRIPT, "wrong-shape",
                         "data '%s': a shape has 1 to %d sizes of at least 1", data->name,
                         NNRT_MAX_RANK);
    }

    data->rank = (int)rank;
    shape_text(data->shape, data->rank, text, sizeof text);
    shape_text(s->shape, s->rank, held, sizeof held);
    return size == s->sample_size ||
           nnrt_fail(o->e, NNRT_SCRIPT, "wrong-shape",
                     "data '%s': the shape %s holds %lld values, and a sample of %s (%s) has %lld",
                     data->name, text, (long long)size, s->x_name, held, (long long)s->sample_size);
}

static bool take_shape(opening *o)
{
    nnrt_data *data = o->data;
    const nnrt_source *s = &o->source[o->first];
    const json_t *shape = opening_setting(o, "shape");

    o->e->setting = shape ? "shape" : NULL;
    data->rank = s->rank;
    data->sequence = s->window > 0;
    data->x_name = s->x_name && *s->x_name ? strdup(s->x_name) : NULL;
    memcpy(data->shape, s->shape, sizeof data->shape);
    data->sample_size = s->sample_size;
    data->target_rank = s->target_rank;
    memcpy(data->target_shape, s->target_shape, sizeof data->target_shape);
    data->target_size = s->target_size;

    if (!o->fitted && !data->preparation->columns)
        data->preparation->features = s->sample_size;
    if (!o->tokenizer && data->preparation->features != nnrt_source_features(s)) {
        return nnrt_fail(o->e, NNRT_FILES, "shape-mismatch",
                         "%s: a %s has %lld values, and the model was trained on %lld", s->x_name,
                         s->window ? "row" : "sample", (long long)nnrt_source_features(s),
                         (long long)data->preparation->features);
    }
    return !json_is_array(shape) || reshape(o, shape);
}

/* ---- targets ---- */

/* Whether targets are classes, labels or real values: the model's preparation says so, or the task,
 * or what the training file holds. */
static void settle_task(opening *o)
{
    nnrt_preparation *p = o->data->preparation;

    if (!o->fitted) {
        bool classes = o->task == NNRT_TASK_CLASSIFY ||
                       (o->task == NNRT_TASK_AUTO && o->source[NNRT_TRAIN].kind != NNRT_LABEL_REAL);
        p->targets = NNRT_REAL_TARGETS;
        if (o->task == NNRT_TASK_MULTILABEL)
            p->targets = NNRT_LABEL_TARGETS;
        else if (classes)
            p->targets = NNRT_CLASS_TARGETS;
    }
    o->data->classify = p->targets == NNRT_CLASS_TARGETS;
    o->data->multilabel = p->targets == NNRT_LABEL_TARGETS;
}

static bool copy_names(char ***to, char *const *from, size_t count)
{
    *to = calloc(count + 1, sizeof **to);
    for (size_t i = 0; *to && i < count; i++)
        if (!((*to)[i] = strdup(from[i])))
            return false;
    return *to != NULL;
}

static bool keep_classes(opening *o, const nnrt_classes *classes)
{
    nnrt_data *data = o->data;
    nnrt_name_map *known = &data->preparation->classes;
    uint32_t number;

    for (size_t i = 0; !o->fitted && i < classes->name.count; i++)
        if (!nnrt_name_map_add(known, classes->name.text[i], strlen(classes->name.text[i]),
                               &number))
            return nnrt_no_memory_for(o->e, data->name);

    data->classes = (int64_t)known->count;
    return copy_names(&data->class_name, known->text, known->count) ||
           nnrt_no_memory_for(o->e, data->name);
}

/* The classes of the training source, or by name those that the model knows. */
static bool find_classes(opening *o, nnrt_classes *classes)
{
    const nnrt_name_map *known = &o->data->preparation->classes;
    uint32_t number;

    *classes = (nnrt_classes){ .kind = NNRT_LABEL_TEXT };
    if (!o->fitted && o->source[NNRT_TRAIN].tokens && !o->source[NNRT_TRAIN].table)
        return true; /* the tokens, once they are numbered */
    if (!o->fitted)
        return nnrt_classes_find(&o->source[NNRT_TRAIN], classes, o->e);

    classes->count = (int64_t)known->count;
    for (size_t i = 0; i < known->count; i++)
        if (!nnrt_name_map_add(&classes->name, known->text[i], strlen(known->text[i]), &number))
            return nnrt_no_memory_for(o->e, o->data->name);
    return true;
}

static bool source_targets(opening *o, int part, const nnrt_classes *classes, float **target)
{
    nnrt_source *s = &o->source[part];

    if (part == NNRT_NEW || (!s->real && !s->integer && !s->text)) {
        *target = nnrt_floats_new(s->count * o->data->target_size, o->e);
        if (*target)
            memset(*target, 0, (size_t)(s->count * o->data->target_size) * sizeof **target);
    } else if (o->data->classify) {
        *target = nnrt_class_numbers(s, classes, o->e);
    } else {
        *target = nnrt_real_targets(s, o->e);
    }
    return *target != NULL;
}

static bool take_targets(opening *o)
{
    nnrt_classes classes = { 0 };

    const nnrt_source *first = &o->source[o->first];
    o->data->targetless = o->first != NNRT_NEW && !first->real && !first->integer && !first->text;

    settle_task(o);
    o->e->setting = o->task == NNRT_TASK_AUTO ? NULL : "task";
    if (o->data->targetless && !o->fitted && o->task != NNRT_TASK_AUTO) {
        return nnrt_fail(o->e, NNRT_SCRIPT, "bad-target",
                         "data '%s': its source has no targets, so 'task' says nothing of them",
                         o->data->name);
    }
    bool ok = !o->data->classify || (find_classes(o, &classes) && keep_classes(o, &classes));
    for (int part = 0; ok && part < NNRT_PARTS; part++)
        if (o->given[part])
            ok = source_targets(o, part, &classes, &o->data->storage[3 * part + 1]);

    nnrt_classes_free(&classes);
    return ok;
}

/* The names of a table's target columns. */
static bool name_targets(opening *o)
{
    nnrt_preparation *p = o->data->preparation;
    const nnrt_table *table = o->source[NNRT_TRAIN].table;
    const nnrt_uses *uses = &o->uses[NNRT_TRAIN];

    if (!o->fitted && table && table->header && uses->targets) {
        p->target_name = calloc(uses->targets + 1, sizeof *p->target_name);
        for (size_t i = 0; p->target_name && i < uses->targets; i++) {
            p->target_name[i] = strdup(table->column[uses->target[i]].name);
            p->target_count += p->target_name[i] != NULL;
        }
        if (p->target_count != uses->targets)
            return nnrt_no_memory_for(o->e, o->data->name);
    }
    return p->target_count != (size_t)o->data->target_size ||
           copy_names(&o->data->target_name, p->target_name, p->target_count) ||
           nnrt_no_memory_for(o->e, o->data->name);
}

/* ---- opening ---- */

static nnrt_task task_of(const json_t *declaration)
{
    static const struct {
        const char *word;
        nnrt_task task;
    } tasks[] = { { "classify", NNRT_TASK_CLASSIFY },
                  { "regress", NNRT_TASK_REGRESS },
                  { "multilabel", NNRT_TASK_MULTILABEL } };

    const char *word = nnrt_form_text(declaration, "task", "");
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].word, word) == 0)
            return tasks[i].task;
    return NNRT_TASK_AUTO;
}

/* What a model knows of its targets decides how a file's are read. */
static nnrt_task task_of_model(const nnrt_preparation *p)
{
    if (p->targets == NNRT_LABEL_TARGETS)
        return NNRT_TASK_MULTILABEL;
    return p->targets == NNRT_CLASS_TARGETS ? NNRT_TASK_CLASSIFY : NNRT_TASK_REGRESS;
}

static bool begin(opening *o, uint64_t seed, nnrt_preparation *preparation)
{
    nnrt_data *data = o->data;
    const json_t *own_seed = opening_setting(o, "seed");

    data->seed = json_is_integer(own_seed) ? (uint64_t)json_integer_value(own_seed) : seed;
    data->shuffle = !json_is_false(opening_setting(o, "shuffle"));
    data->preparation = preparation ? nnrt_preparation_hold(preparation) : nnrt_preparation_new(0);
    o->fitted = preparation != NULL;
    o->task = preparation ? task_of_model(preparation) : task_of(o->declaration);
    return data->preparation || nnrt_no_memory_for(o->e, data->name);
}

static void end(opening *o)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        nnrt_encoding_free(o->encoding[part]);
        nnrt_uses_free(&o->uses[part]);
        nnrt_source_free(&o->source[part]);
    }
    nnrt_tokenizer_free(o->tokenizer);
}

nnrt_data *nnrt_data_open(const json_t *declaration, const char *folder, uint64_t seed,
                          nnrt_preparation *preparation, nnrt_error *e)
{
    nnrt_data *data = calloc(1, sizeof *data);
    const char *name = nnrt_form_text(declaration, "name", "data");
    if (!data || !(data->name = strdup(name))) {
        nnrt_data_free(data);
        nnrt_no_memory_for(e, name);
        return NULL;
    }

    opening o = { .declaration = declaration, .folder = folder, .data = data, .e = e };
    bool ok = begin(&o, seed, preparation) && read_sources(&o) && take_shape(&o) &&
              take_targets(&o) && name_targets(&o) && opening_make_parts(&o) &&
              nnrt_augment_read(opening_setting(&o, "augment"), &data->augmentation,
                                &data->augmentation_count, e);
    end(&o);
    if (ok)
        return data;
    nnrt_data_free(data);
    return NULL;
}

/* ---- use ---- */

void nnrt_data_restore_targets(const nnrt_data *data, float *values, int64_t count)
{
    const nnrt_scaling *s = &data->preparation->target;
    size_t width = (size_t)data->target_size;
    if (s->kind == NNRT_SCALE_NONE)
        return;

    for (size_t i = 0; i < (size_t)count * width; i++)
        values[i] =
            (float)nnrt_unscale_value(s, s->width == width ? i % width : i % s->width, values[i]);
}

bool nnrt_data_targets_are_shares(const nnrt_data *data, nnrt_error *e)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        for (int64_t i = 0, n = data->part[part].count * data->target_size; i < n; i++) {
            float y = data->part[part].y[i];
            if (y >= 0 && y <= 1)
                continue;
            nnrt_fail(e, NNRT_FILES, "bad-target",
                      "%s: binary_cross_entropy takes targets within 0..1, but that of sample %lld "
                      "of the %s part of data '%s' is %.9g",
                      data->x_name ? data->x_name : "", (long long)(i / data->target_size),
                      part_names[part], data->name, (double)y);
            snprintf(e->help, sizeof e->help, "mse, mae and huber take any real values");
            return false;
        }
    }
    return true;
}

bool nnrt_data_numbers_below(const nnrt_data *data, int64_t below, nnrt_error *e)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        for (int64_t i = 0, n = data->part[part].count * data->sample_size; i < n; i++) {
            float x = data->part[part].x[i];
            if (x >= 0 && (double)x < (double)below && (float)(int64_t)x == x)
                continue;
            nnrt_fail(e, NNRT_FILES, "no-such-number",
                      "%s: sample %lld of the %s part of data '%s' holds %.9g, which is none of "
                      "the %lld numbers 0 to %lld that the model knows",
                      data->x_name ? data->x_name : "", (long long)(i / data->sample_size),
                      part_names[part], data->name, (double)x, (long long)below,
                      (long long)below - 1);
            snprintf(e->help, sizeof e->help,
                     "embedding(n, ..) and one_hot(n) take whole numbers from 0 to n - 1");
            return false;
        }
    }
    return true;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}

static void free_raw(nnrt_raw *raw)
{
    if (!raw)
        return;
    nnrt_encoding_free(raw->encoding);
    nnrt_table_free(raw->table);
    free(raw->wide);
    free(raw->row);
    free(raw);
}

void nnrt_data_free(nnrt_data *data)
{
    if (!data)
        return;

    for (int i = 0; i < 3 * NNRT_PARTS; i++)
        free(data->storage[i]);
    if (data->whole) {
        nnrt_preparation_free(data->preparation);
        free(data);
        return;
    }

    for (int part = 0; part < NNRT_PARTS; part++)
        free_names(data->part[part].caption, (size_t)data->part[part].count * data->captions);
    free_names(data->class_name, (size_t)data->classes);
    free_names(data->feature_name, (size_t)data->sample_size);
    free_names(data->target_name, (size_t)data->target_size);
    free_names(data->caption_name, data->captions);
    free_raw(data->raw);
    nnrt_preparation_free(data->preparation);
    free(data->x_name);
    free(data->augmentation);
    free(data->name);
    free(data);
}
