/* results.c: results of actions by their `as` names; histories as compact rows, made into records
 * when asked for. */
#include "model/results.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

nnrt_history *nnrt_history_new(size_t columns, const char *const *names, const bool *whole)
{
    nnrt_history *history = calloc(1, sizeof *history);
    if (!history)
        return NULL;
    history->name = calloc(columns + 1, sizeof *history->name);
    history->whole = calloc(columns + 1, sizeof *history->whole);
    history->columns = columns;
    bool ok = history->name && history->whole;
    for (size_t i = 0; ok && i < columns; i++) {
        history->whole[i] = whole[i];
        ok = (history->name[i] = strdup(names[i])) != NULL;
    }
    if (ok)
        return history;
    nnrt_history_free(history);
    return NULL;
}

void nnrt_history_free(nnrt_history *history)
{
    if (!history || history->holders-- > 0)
        return;
    for (size_t i = 0; history->name && i < history->columns; i++)
        free(history->name[i]);
    free(history->name);
    free(history->whole);
    free(history->value);
    free(history);
}

bool nnrt_history_add(nnrt_history *history, const double *row)
{
    if (history->rows == history->capacity) {
        size_t capacity = 2 * history->capacity + 64;
        double *grown = realloc(history->value, capacity * history->columns * sizeof *grown);
        if (!grown)
            return false;
        history->value = grown;
        history->capacity = capacity;
    }
    memcpy(history->value + history->rows++ * history->columns, row,
           history->columns * sizeof *row);
    return true;
}

void nnrt_put_number(json_t *object, const char *name, double value, bool whole)
{
    const char *dot = strchr(name, '.');
    if (dot) {
        json_t *inner = json_object_getn(object, name, (size_t)(dot - name));
        if (!json_is_object(inner)) {
            inner = json_object();
            json_object_setn_new(object, name, (size_t)(dot - name), inner);
        }
        nnrt_put_number(inner, dot + 1, value, whole);
        return;
    }
    json_t *number = json_null();
    if (isfinite(value))
        number = whole ? json_integer((json_int_t)value) : json_real(value);
    else if (isinf(value))
        number = json_pack("{s:b}", NNRT_INFINITE, value > 0);
    json_object_set_new(object, name, number);
}

json_t *nnrt_history_records(const nnrt_history *history)
{
    json_t *records = json_array();
    for (size_t r = 0; r < history->rows; r++) {
        json_t *record = json_object();
        for (size_t c = 0; c < history->columns; c++) {
            const char *name = history->name[c];
            double value = history->value[r * history->columns + c];
            nnrt_put_number(record, name, value, history->whole[c]);
            /* As in a training's result, `loss` alone is the training part's. */
            if (!strncmp(name, "train.", 6))
                nnrt_put_number(record, name + 6, value, history->whole[c]);
        }
        json_array_append_new(records, record);
    }
    return records;
}

static void drop_value(nnrt_result *result)
{
    json_decref(result->value);
    json_decref(result->notes);
    nnrt_history_free(result->history);
    result->value = result->notes = NULL;
    result->history = NULL;
}

nnrt_result *nnrt_results_find(const nnrt_results *results, const char *name)
{
    for (size_t i = 0; i < results->count; i++)
        if (!strcmp(results->item[i].name, name))
            return &results->item[i];
    return NULL;
}

static nnrt_result *add(nnrt_results *results, const char *name)
{
    nnrt_result *grown = realloc(results->item, (results->count + 1) * sizeof *grown);
    char *copy = grown ? strdup(name) : NULL;
    if (grown)
        results->item = grown;
    if (!copy)
        return NULL;
    results->item[results->count] = (nnrt_result){ .name = copy };
    return &results->item[results->count++];
}

bool nnrt_result_set(nnrt_results *results, const char *name, json_t *value, nnrt_history *history,
                     const char *history_name, nnrt_error *e)
{
    nnrt_result *result = name ? nnrt_results_find(results, name) : NULL;
    if (name && !result)
        result = add(results, name);
    if (!result) {
        json_decref(value);
        nnrt_history_free(history);
        return !name || nnrt_no_memory(e);
    }
    drop_value(result);
    result->value = value;
    result->history = history;
    result->history_name = history_name;
    return true;
}

void nnrt_result_note(nnrt_results *results, const char *name, json_t *notes)
{
    nnrt_result *result = name ? nnrt_results_find(results, name) : NULL;
    if (result) {
        json_decref(result->notes);
        result->notes = notes;
    } else {
        json_decref(notes);
    }
}

void nnrt_result_clear(nnrt_result *result)
{
    drop_value(result);
    free(result->name);
}

void nnrt_results_clear(nnrt_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        nnrt_result_clear(&results->item[i]);
    free(results->item);
    *results = (nnrt_results){ 0 };
}

json_t *nnrt_result_record(const nnrt_result *result)
{
    json_t *record = json_copy(result->value);
    if (result->history)
        json_object_set_new(record, result->history_name, nnrt_history_records(result->history));
    return record;
}

static const char notes_key[] = "notes:"; /* not the name of any field: those are words */

json_t *nnrt_results_json(const nnrt_results *results)
{
    json_t *saved = json_object();
    for (size_t i = 0; i < results->count; i++) {
        const nnrt_result *result = &results->item[i];
        json_t *record = nnrt_result_record(result);
        if (result->notes)
            json_object_set(record, notes_key, result->notes);
        json_object_set_new(saved, result->name, record);
    }
    return saved;
}

bool nnrt_results_restore(nnrt_results *results, const json_t *saved, nnrt_error *e)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)saved, name, value) {
        json_t *notes = json_incref(json_object_get(value, notes_key));
        json_object_del(value, notes_key);
        if (!nnrt_result_set(results, name, json_incref(value), NULL, NULL, e)) {
            json_decref(notes);
            return false;
        }
        nnrt_result_note(results, name, notes);
    }
    return true;
}
