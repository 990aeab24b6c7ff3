/* dataset.c: a data declaration, opened: its sources read and checked against one another, split,
 * filled and normalised (dataset.h). */
#include "data/dataset.h"
#include "data/augment.h"
#include "data/form.h"
#include "data/labels.h"
#include "data/parts.h"
#include "data/sources.h"
#include <stdlib.h>
#include <string.h>

static const char *const part_names[NNRT_PARTS] = { "train", "validation", "test" };

const char *nnrt_part_name(int part)
{
    return part >= 0 && part < NNRT_PARTS ? part_names[part] : "";
}

typedef struct opening {
    const json_t *declaration;
    const char *folder;
    nnrt_task task;
    nnrt_data *data;
    /* of validation and test only where they have files of their own */
    nnrt_source source[NNRT_PARTS];
    bool given[NNRT_PARTS];
    nnrt_error *e;
} opening;

static const json_t *setting(const opening *o, const char *key)
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

/* ---- sources ---- */
static bool read_source(opening *o, int part, const json_t *form)
{
    nnrt_source_request request = { .form = form,
                                    .folder = o->folder,
                                    .seed = o->data->seed,
                                    .task = o->task,
                                    .like = part == NNRT_TRAIN ? NULL : &o->source[NNRT_TRAIN] };
    o->given[part] = true;
    o->e->setting =
        part == NNRT_TRAIN && json_is_object(setting(o, "source")) ? "source" : part_names[part];
    return nnrt_source_read(&request, &o->source[part], o->e) &&
           (o->source[part].count <= INT32_MAX ||
            nnrt_fail(o->e, NNRT_FILES, "too-large", "%s: holds more samples than can be numbered",
                      o->source[part].x_name));
}

static bool same_shape(const int64_t *a, int a_rank, const int64_t *b, int b_rank)
{
    return a_rank == b_rank && memcmp(a, b, (size_t)a_rank * sizeof *a) == 0;
}

static bool check_alike(const opening *o, int part)
{
    const nnrt_source *a = &o->source[NNRT_TRAIN], *b = &o->source[part];
    char one[128], other[128];
    if (!same_shape(a->shape, a->rank, b->shape, b->rank)) {
        shape_text(a->shape, a->rank, one, sizeof one);
        shape_text(b->shape, b->rank, other, sizeof other);
        return nnrt_fail(o->e, NNRT_FILES, "shape-mismatch",
                         "%s: its samples are %s, those of %s are %s", b->x_name, other, a->x_name,
                         one);
    }
    return same_shape(a->target_shape, a->target_rank, b->target_shape, b->target_rank) ||
           nnrt_fail(o->e, NNRT_FILES, "shape-mismatch",
                     "%s: its targets are not of the shape of those of %s", b->y_name, a->y_name);
}

static bool read_sources(opening *o)
{
    const json_t *train =
        json_is_object(setting(o, "source")) ? setting(o, "source") : setting(o, "train");
    if (!json_is_object(train)) {
        return nnrt_fail(o->e, NNRT_SCRIPT, "missing-argument",
                         "data '%s' has neither 'source' nor 'train'", o->data->name);
    }
    if (!read_source(o, NNRT_TRAIN, train))
        return false;
    for (int part = NNRT_VALIDATION; part < NNRT_PARTS; part++) {
        if (json_is_object(setting(o, part_names[part])) &&
            !(read_source(o, part, setting(o, part_names[part])) && check_alike(o, part))) {
            return false;
        }
    }
    return true;
}

/* ---- shapes ---- */
/* The declared shape of a sample, which must hold as many values as the source's. */
static bool take_declared_shape(opening *o, const json_t *shape)
{
    nnrt_data *data = o->data;
    const nnrt_source *s = &o->source[NNRT_TRAIN];
    int64_t size = 1;
    size_t rank = json_array_size(shape);
    bool ok = rank > 0 && rank <= NNRT_MAX_RANK;
    for (size_t i = 0; ok && i < rank; i++) {
        data->shape[i] = json_integer_value(json_array_get(shape, i));
        ok = data->shape[i] > 0 && !__builtin_mul_overflow(size, data->shape[i], &size);
    }
    if (!ok) {
        return nnrt_fail(o->e, NNRT_SCRIPT, "wrong-shape",
                         "data '%s': a shape has 1 to %d sizes of at least 1", data->name,
                         NNRT_MAX_RANK);
    }

    data->rank = (int)rank;
    char text[128], held[128];
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
    const nnrt_source *s = &o->source[NNRT_TRAIN];
    const json_t *shape = setting(o, "shape");
    o->e->setting = shape ? "shape" : NULL;
    data->x_name = s->x_name && *s->x_name ? strdup(s->x_name) : NULL;
    data->rank = s->rank;
    memcpy(data->shape, s->shape, sizeof data->shape);
    data->sample_size = s->sample_size;
    data->target_rank = s->target_rank;
    memcpy(data->target_shape, s->target_shape, sizeof data->target_shape);
    data->target_size = s->target_size;
    return !json_is_array(shape) || take_declared_shape(o, shape);
}

/* ---- targets ---- */
static bool take_targets(opening *o, float *target[NNRT_PARTS])
{
    nnrt_data *data = o->data;
    nnrt_classes classes = { 0 };
    data->classify = o->task == NNRT_TASK_CLASSIFY ||
                     (o->task == NNRT_TASK_AUTO && o->source[NNRT_TRAIN].kind != NNRT_LABEL_REAL);
    o->e->setting = o->task == NNRT_TASK_AUTO ? NULL : "task";
    bool taken = !data->classify || nnrt_classes_find(&o->source[NNRT_TRAIN], &classes, o->e);
    for (int part = 0; taken && part < NNRT_PARTS; part++) {
        if (o->given[part]) {
            taken = (target[part] = data->classify
                                        ? nnrt_class_numbers(&o->source[part], &classes, o->e)
                                        : nnrt_real_targets(&o->source[part], o->e)) != NULL;
        }
    }
    if (taken && data->classify) {
        data->classes = classes.count;
        data->class_name = classes.name.text;
        classes.name.text = NULL;
        classes.name.count = 0;
    }
    nnrt_classes_free(&classes);
    return taken;
}

/* ---- parts ---- */
static void take_part(nnrt_data *data, int part, int64_t count, float *x, float *y)
{
    if (count)
        data->part[part] = (nnrt_part){ .count = count, .x = x, .y = y };
    data->total += count;
}

/* Marks the samples of the part that the declaration makes a fraction of the training source.
 * *held: such a part is declared. */
static bool mark_held_out(opening *o, int part, uint8_t *part_of, const float *label, bool *held)
{
    const json_t *fraction = setting(o, part_names[part]);
    double share = json_number_value(fraction);
    if (!json_is_number(fraction) || share == 0)
        return true;
    *held = true;
    o->e->setting = part_names[part];
    if (!(share > 0 && share <= 1)) {
        return nnrt_fail(o->e, NNRT_SCRIPT, "out-of-range",
                         "data '%s': '%s' is a share between 0 and 100%%, not %g%%", o->data->name,
                         part_names[part], 100 * share);
    }
    return nnrt_hold_out(part_of, o->source[NNRT_TRAIN].count, part, share, o->data, label, o->e);
}

/* Splits what the training source holds as part_of says. The blocks stay where they are. */
static bool split_training(opening *o, const uint8_t *part_of, float *x, float *y, bool held)
{
    nnrt_data *data = o->data;
    const nnrt_source *s = &o->source[NNRT_TRAIN];
    float *x_start[NNRT_PARTS], *y_start[NNRT_PARTS];
    int64_t size[NNRT_PARTS] = { 0 };
    for (int64_t i = 0; i < s->count; i++)
        size[part_of[i]]++;
    if (!size[NNRT_TRAIN]) {
        return nnrt_fail(o->e, NNRT_FILES, "no-part",
                         "data '%s': no sample is left to train on: all %lld of %s are held out",
                         data->name, (long long)s->count, s->x_name);
    }

    if (!held) {
        take_part(data, NNRT_TRAIN, s->count, x, y);
        return true;
    }
    if (!nnrt_sort_by_part(x, s->count, data->sample_size, part_of, x_start, o->e) ||
        !nnrt_sort_by_part(y, s->count, data->target_size, part_of, y_start, o->e)) {
        return false;
    }
    for (int part = 0; part < NNRT_PARTS; part++)
        take_part(data, part, size[part], x_start[part], y_start[part]);
    return true;
}

/* What the training source holds, into training and the parts that are fractions of it. */
static bool hold_out(opening *o, float *x, float *y)
{
    const nnrt_data *data = o->data;
    const float *label = data->classify && data->target_rank == 0 ? y : NULL;
    uint8_t *part_of = calloc((size_t)o->source[NNRT_TRAIN].count, sizeof *part_of);
    bool held = false;
    if (!part_of)
        return nnrt_no_memory_for(o->e, data->name);
    bool ok = mark_held_out(o, NNRT_TEST, part_of, label, &held) &&
              mark_held_out(o, NNRT_VALIDATION, part_of, label, &held) &&
              split_training(o, part_of, x, y, held);
    free(part_of);
    return ok;
}

static bool name_features(opening *o)
{
    const nnrt_table *table = o->source[NNRT_TRAIN].table;
    if (!table)
        return true;
    o->data->feature_name = nnrt_table_feature_names(table, o->data->sample_size);
    return o->data->feature_name || nnrt_no_memory_for(o->e, o->data->name);
}

static bool take_parts(opening *o)
{
    nnrt_data *data = o->data;
    float *target[NNRT_PARTS] = { 0 };
    bool missing = false, ok = take_targets(o, target);
    for (int part = 0; part < NNRT_PARTS; part++) {
        data->storage[2 * part] = o->source[part].x;
        data->storage[2 * part + 1] = target[part];
        o->source[part].x = NULL;
        missing |= o->source[part].has_missing;
    }
    if (!ok || !hold_out(o, data->storage[0], data->storage[1]))
        return false;

    o->e->setting = NULL;
    for (int part = NNRT_VALIDATION; part < NNRT_PARTS; part++) {
        if (o->given[part]) {
            take_part(data, part, o->source[part].count, data->storage[2 * part],
                      data->storage[2 * part + 1]);
        }
    }
    if (!name_features(o))
        return false;
    bool whole = json_is_true(setting(o, "whole"));
    return whole || !missing || nnrt_fill_missing(data, o->source[NNRT_TRAIN].x_name, o->e);
}

static nnrt_task task_of(const json_t *declaration)
{
    const char *task = nnrt_form_text(declaration, "task", "");
    if (strcmp(task, "classify") == 0)
        return NNRT_TASK_CLASSIFY;
    return strcmp(task, "regress") == 0 ? NNRT_TASK_REGRESS : NNRT_TASK_AUTO;
}

nnrt_data *nnrt_data_open(const json_t *declaration, const char *folder, uint64_t seed,
                          nnrt_error *e)
{
    nnrt_data *data = calloc(1, sizeof *data);
    const char *name = nnrt_form_text(declaration, "name", "data");
    if (!data || !(data->name = strdup(name))) {
        nnrt_data_free(data);
        nnrt_no_memory_for(e, name);
        return NULL;
    }

    const json_t *own_seed = json_object_get(declaration, "seed");
    data->seed = json_is_integer(own_seed) ? (uint64_t)json_integer_value(own_seed) : seed;
    data->shuffle = !json_is_false(json_object_get(declaration, "shuffle"));
    opening o = { .declaration = declaration,
                  .folder = folder,
                  .task = task_of(declaration),
                  .data = data,
                  .e = e };

    bool opened = read_sources(&o) && take_shape(&o) && take_parts(&o) &&
                  nnrt_normalize(data, setting(&o, "normalize"), e) &&
                  nnrt_augment_read(setting(&o, "augment"), &data->augmentation,
                                    &data->augmentation_count, e);
    for (int part = 0; part < NNRT_PARTS; part++)
        nnrt_source_free(&o.source[part]);
    if (opened)
        return data;
    nnrt_data_free(data);
    return NULL;
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

void nnrt_data_free(nnrt_data *data)
{
    if (!data)
        return;
    if (data->whole) {
        for (int i = 0; i < 2 * NNRT_PARTS; i++)
            free(data->storage[i]);
        free(data);
        return;
    }
    for (int64_t c = 0; data->class_name && c < data->classes; c++)
        free(data->class_name[c]);
    for (int64_t f = 0; data->feature_name && f < data->sample_size; f++)
        free(data->feature_name[f]);
    free(data->class_name);
    free(data->feature_name);
    for (int i = 0; i < 2 * NNRT_PARTS; i++)
        free(data->storage[i]);
    free(data->x_name);
    free(data->augmentation);
    free(data->name);
    free(data);
}
