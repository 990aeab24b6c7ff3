/* preparation_json.c: a preparation as the JSON that a model's file keeps under "nnc", and back
 * (preparation.h).
 *
 *   { "version": 1, "features": 5,
 *     "columns": [ { "name": "height", "number": 1 },
 *                  { "name": "soil", "number": 3, "values": ["clay", "loam", "sand"] } ],
 *     "missing": "error" | "mean" | "drop", "unknown": "error" | "ignore", "mean": [20.5, 0, ...],
 *     "normalize": { "form": "standard", "shift": [...], "unit": [...] },
 *     "task": "regress" | "classify" | "multilabel", "classes": ["ash", "fir", "oak"],
 *     "targets": ["price"], "normalize_target": { "form": "log", ... }, "tokens": { ... } }
 *
 * Arrays have no "columns". What is absent is not there or not done. */
#include "data/preparation.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1, MOST_FEATURES = 1 << 30 };

static const char *const missing_words[] = { "error", "mean", "drop" };
static const char *const scale_words[] = { "none", "standard", "minmax", "scale", "log" };
static const char *const task_words[] = { "regress", "classify", "multilabel" };

#define WORDS(words) (sizeof(words) / sizeof *(words))

/* ---- writing ---- */

static json_t *names_json(char *const *name, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(name[i]));
    return list;
}

static json_t *numbers_json(const double *number, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_real(number[i]));
    return list;
}

static json_t *column_json(const nnrt_feature_column *c)
{
    json_t *column = json_object();

    if (c->name)
        json_object_set_new(column, "name", json_string(c->name));
    json_object_set_new(column, "number", json_integer((json_int_t)c->number));
    if (c->categorical)
        json_object_set_new(column, "values", names_json(c->values.text, c->values.count));
    return column;
}

static void put_scaling(json_t *to, const char *key, const nnrt_scaling *s)
{
    if (s->kind == NNRT_SCALE_NONE)
        return;

    size_t width = s->kind == NNRT_SCALE_FACTOR ? 1 : s->width;
    json_t *scaling = json_object();
    json_object_set_new(scaling, "form", json_string(scale_words[s->kind]));
    json_object_set_new(scaling, "shift", numbers_json(s->shift, width));
    json_object_set_new(scaling, "unit", numbers_json(s->unit, width));
    json_object_set_new(to, key, scaling);
}

static void put_columns(json_t *to, const nnrt_preparation *p)
{
    json_t *columns = json_array();

    for (size_t j = 0; j < p->columns; j++)
        json_array_append_new(columns, column_json(&p->column[j]));
    json_object_set_new(to, "columns", columns);
    json_object_set_new(to, "missing", json_string(missing_words[p->missing]));
    json_object_set_new(to, "unknown", json_string(p->ignores_unknown ? "ignore" : "error"));
    if (p->mean)
        json_object_set_new(to, "mean", numbers_json(p->mean, (size_t)p->features));
}

json_t *nnrt_preparation_json(const nnrt_preparation *p)
{
    json_t *to = json_object();
    if (!to)
        return NULL;

    json_object_set_new(to, "version", json_integer(FORMAT_VERSION));
    json_object_set_new(to, "features", json_integer(p->features));
    if (p->columns)
        put_columns(to, p);
    put_scaling(to, "normalize", &p->samples);

    json_object_set_new(to, "task", json_string(task_words[p->targets]));
    if (p->targets == NNRT_CLASS_TARGETS)
        json_object_set_new(to, "classes", names_json(p->classes.text, p->classes.count));
    if (p->target_name)
        json_object_set_new(to, "targets", names_json(p->target_name, p->target_count));
    put_scaling(to, "normalize_target", &p->target);
    if (p->tokens)
        json_object_set(to, "tokens", p->tokens);
    return to;
}

/* ---- reading ---- */

typedef struct reading {
    nnrt_preparation *p;
    const char *name;
    nnrt_error *e;
} reading;

static bool damaged(const reading *r, const char *what)
{
    return nnrt_fail(r->e, NNRT_FILES, "bad-file",
                     "%s: what it says of the model's preparation ('nnc') is damaged: %s", r->name,
                     what);
}

static bool no_memory(const reading *r)
{
    return nnrt_no_memory_for(r->e, r->name);
}

/* The number of a word; absent: 0. */
static bool read_word(const reading *r, const json_t *value, const char *const *words, size_t count,
                      int *number)
{
    *number = 0;
    if (!value)
        return true;
    for (size_t i = 0; json_is_string(value) && i < count; i++) {
        if (strcmp(json_string_value(value), words[i]) == 0) {
            *number = (int)i;
            return true;
        }
    }
    return damaged(r, "a word that it does not know");
}

static bool read_names(const reading *r, const json_t *list, nnrt_name_map *names)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(list))
        return damaged(r, "a list of names is missing");
    json_array_foreach (list, i, item) {
        uint32_t number;
        const char *text = json_string_value(item);
        if (!text)
            return damaged(r, "a name is not a text");
        if (!nnrt_name_map_add(names, text, strlen(text), &number))
            return no_memory(r);
        if (number != i)
            return damaged(r, "a name comes twice");
    }
    return true;
}

static bool read_numbers(const reading *r, const json_t *list, double *to, size_t count)
{
    if (json_array_size(list) != count)
        return damaged(r, "a list of numbers has the wrong length");
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        to[i] = json_number_value(item);
        if (!json_is_number(item) || !isfinite(to[i]))
            return damaged(r, "a list of numbers holds something else");
    }
    return true;
}

static bool read_column(const reading *r, const json_t *from, nnrt_feature_column *c)
{
    const json_t *name = json_object_get(from, "name"), *values = json_object_get(from, "values"),
                 *number = json_object_get(from, "number");

    if (!json_is_object(from) || (name && !json_is_string(name)) || !json_is_integer(number) ||
        json_integer_value(number) < 0) {
        return damaged(r, "a column has no name or number");
    }
    if (name && !(c->name = strdup(json_string_value(name))))
        return no_memory(r);
    c->number = (size_t)json_integer_value(number);
    c->categorical = values != NULL;
    return !values || read_names(r, values, &c->values);
}

static bool read_columns(const reading *r, const json_t *list)
{
    nnrt_preparation *p = r->p;
    size_t count = json_array_size(list);
    int64_t features = 0;

    if (!list)
        return true;
    if (!count || !(p->column = calloc(count, sizeof *p->column)))
        return count ? no_memory(r) : damaged(r, "it has no columns");

    for (p->columns = 0; p->columns < count; p->columns++) {
        nnrt_feature_column *c = &p->column[p->columns];
        if (!read_column(r, json_array_get(list, p->columns), c)) {
            p->columns++; /* to be freed with the others */
            return false;
        }
        c->feature = features;
        features += c->categorical ? (int64_t)c->values.count : 1;
    }
    return features == p->features || damaged(r, "its columns do not add up to its features");
}

static bool read_scaling(const reading *r, const json_t *from, size_t width, nnrt_scaling *s)
{
    int kind;

    if (!from)
        return true;
    if (!json_is_object(from))
        return damaged(r, "a normalisation is not an object");
    if (!read_word(r, json_object_get(from, "form"), scale_words, WORDS(scale_words), &kind))
        return false;

    if (kind == NNRT_SCALE_FACTOR)
        width = 1;
    if (!nnrt_scaling_new(s, (nnrt_scale)kind, width))
        return no_memory(r);
    return read_numbers(r, json_object_get(from, "shift"), s->shift, width) &&
           read_numbers(r, json_object_get(from, "unit"), s->unit, width);
}

static bool read_target_names(const reading *r, const json_t *list)
{
    nnrt_preparation *p = r->p;
    size_t count = json_array_size(list);

    if (!list)
        return true;
    if (!count || !(p->target_name = calloc(count, sizeof *p->target_name)))
        return count ? no_memory(r) : damaged(r, "it names no targets");

    p->target_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name)
            return damaged(r, "a target's name is not a text");
        if (!(p->target_name[i] = strdup(name)))
            return no_memory(r);
    }
    return true;
}

static bool read_targets(const reading *r, const json_t *saved)
{
    nnrt_preparation *p = r->p;
    const json_t *scaling = json_object_get(saved, "normalize_target");
    size_t width = json_array_size(json_object_get(scaling, "unit"));
    int task;

    if (!read_word(r, json_object_get(saved, "task"), task_words, WORDS(task_words), &task))
        return false;
    p->targets = (nnrt_targets)task;
    if (p->targets == NNRT_CLASS_TARGETS &&
        !read_names(r, json_object_get(saved, "classes"), &p->classes))
        return false;
    return read_target_names(r, json_object_get(saved, "targets")) &&
           read_scaling(r, scaling, width, &p->target);
}

static bool read_samples(const reading *r, const json_t *saved)
{
    nnrt_preparation *p = r->p;
    const json_t *mean = json_object_get(saved, "mean");
    int missing, ignores;
    static const char *const unknown_words[] = { "error", "ignore" };

    if (!read_columns(r, json_object_get(saved, "columns")) ||
        !read_word(r, json_object_get(saved, "missing"), missing_words, WORDS(missing_words),
                   &missing) ||
        !read_word(r, json_object_get(saved, "unknown"), unknown_words, 2, &ignores)) {
        return false;
    }

    p->missing = (nnrt_missing)missing;
    p->ignores_unknown = ignores;
    if (mean && !(p->mean = calloc((size_t)p->features + 1, sizeof *p->mean)))
        return no_memory(r);
    return (!mean || read_numbers(r, mean, p->mean, (size_t)p->features)) &&
           read_scaling(r, json_object_get(saved, "normalize"), (size_t)p->features, &p->samples);
}

nnrt_preparation *nnrt_preparation_read(const json_t *saved, const char *name, nnrt_error *e)
{
    const json_t *features = json_object_get(saved, "features");
    reading r = { .name = name, .e = e };

    if (json_integer_value(json_object_get(saved, "version")) != FORMAT_VERSION) {
        damaged(&r, "it is of another version");
        return NULL;
    }
    if (!json_is_integer(features) || json_integer_value(features) < 0 ||
        json_integer_value(features) > MOST_FEATURES) {
        damaged(&r, "it does not say how many features there are");
        return NULL;
    }

    r.p = nnrt_preparation_new(json_integer_value(features));
    if (!r.p)
        no_memory(&r);
    if (r.p && read_samples(&r, saved) && read_targets(&r, saved)) {
        r.p->tokens = json_incref(json_object_get(saved, "tokens"));
        return r.p;
    }
    nnrt_preparation_free(r.p);
    return NULL;
}
