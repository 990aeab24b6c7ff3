/* training_state.c: writer and reader of training_state.def: a pair of functions for each kind of
 * row, and both halves of the table. */
#include "train/training_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- whole ---- */
static void write_whole(json_t *state, const char *key, const int64_t *value)
{
    json_object_set_new(state, key, json_integer(*value));
}

static bool read_whole(const json_t *state, const char *key, int64_t *value)
{
    *value = json_integer_value(json_object_get(state, key));
    return true;
}

/* ---- must_be ---- */
static void write_must_be(json_t *state, const char *key, const uint64_t *value)
{
    json_object_set_new(state, key, json_integer((json_int_t)*value));
}

static bool read_must_be(const json_t *state, const char *key, const uint64_t *value)
{
    return (uint64_t)json_integer_value(json_object_get(state, key)) == *value;
}

/* ---- exact ---- */
static json_t *exact_json(double value)
{
    char text[48];
    snprintf(text, sizeof text, "%a", value);
    return json_string(text);
}

static double exact_value(const json_t *written)
{
    const char *text = json_string_value(written);
    return text ? strtod(text, NULL) : 0;
}

static void write_exact(json_t *state, const char *key, const double *value)
{
    json_object_set_new(state, key, exact_json(*value));
}

static bool read_exact(const json_t *state, const char *key, double *value)
{
    *value = exact_value(json_object_get(state, key));
    return true;
}

/* ---- flag ---- */
static void write_flag(json_t *state, const char *key, const bool *value)
{
    json_object_set_new(state, key, json_boolean(*value));
}

static bool read_flag(const json_t *state, const char *key, bool *value)
{
    *value = json_is_true(json_object_get(state, key));
    return true;
}

/* ---- record ---- */
static void write_record(json_t *state, const char *key, json_t *const *value)
{
    if (*value)
        json_object_set(state, key, *value);
}

static bool read_record(const json_t *state, const char *key, json_t **value)
{
    json_decref(*value);
    *value = json_incref(json_object_get(state, key));
    return true;
}

/* ---- columns ---- */
static void write_columns(json_t *state, const char *key, const nnrt_columns *columns)
{
    json_t *names = json_array();
    for (size_t i = 0; i < columns->count; i++)
        json_array_append_new(names, json_string(columns->name[i]));
    json_object_set_new(state, key, names);
}

static bool read_columns(const json_t *state, const char *key, const nnrt_columns *columns)
{
    const json_t *names = json_object_get(state, key);
    if (json_array_size(names) != columns->count)
        return false;
    for (size_t i = 0; i < columns->count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name || strcmp(name, columns->name[i]))
            return false;
    }
    return true;
}

/* ---- NUMBERS ---- */
static void write_numbers(json_t *state, const char *key, const double *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, exact_json(values[i]));
    json_object_set_new(state, key, list);
}

static bool read_numbers(const json_t *state, const char *key, double *values, size_t count)
{
    const json_t *list = json_object_get(state, key);
    for (size_t i = 0; i < count && i < json_array_size(list); i++)
        values[i] = exact_value(json_array_get(list, i));
    return true;
}

/* ---- both halves of the table ---- */
void nnrt_training_state_write(json_t *state, const nnrt_training *training)
{
    double now = training->seconds + nnrt_seconds() - training->began;
#define write_elapsed(state, key, field) write_exact(state, key, &now)
#define STATE(kind, key, field) write_##kind(state, key, &training->field);
#define NUMBERS(key, field, count) write_numbers(state, key, training->field, count);
#include "train/training_state.def"
#undef NUMBERS
#undef STATE
#undef write_elapsed
}

bool nnrt_training_state_read(const json_t *state, nnrt_training *training)
{
    bool ok = true;
#define read_elapsed read_exact
#define STATE(kind, key, field) ok = ok && read_##kind(state, key, &training->field);
#define NUMBERS(key, field, count) ok = ok && read_numbers(state, key, training->field, count);
#include "train/training_state.def"
#undef NUMBERS
#undef STATE
#undef read_elapsed
    /* `done` is not written: the recipe may have been given more epochs since. */
    training->done = training->stopped;
    return ok && training->step >= 0 && training->step <= training->steps;
}
