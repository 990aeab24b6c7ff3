/* results.c: what actions leave behind under their `as` names; histories as compact rows, made into
 * records when asked for. */
#include "model/session.h"
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
    bool whole_memory = history->name && history->whole;
    for (size_t i = 0; whole_memory && i < columns; i++) {
        history->whole[i] = whole[i];
        whole_memory = (history->name[i] = strdup(names[i])) != NULL;
    }
    if (whole_memory)
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
    json_object_set_new(object, name,
                        !isfinite(value) ? json_null()
                        : whole          ? json_integer((json_int_t)value)
                                         : json_real(value));
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

static void result_clear(nnrt_result *result)
{
    json_decref(result->value);
    json_decref(result->notes);
    nnrt_history_free(result->history);
    result->value = result->notes = NULL;
    result->history = NULL;
}

bool nnrt_result_set(nnrt_session *session, const char *name, json_t *value, nnrt_history *history,
                     const char *history_name, nnrt_error *e)
{
    nnrt_result new = { NULL, value, history, history_name, NULL };
    nnrt_result *at = NULL;
    if (!name) {
        result_clear(&new);
        return true;
    }
    for (size_t i = 0; i < session->result_count; i++)
        if (!strcmp(session->result[i].name, name))
            at = &session->result[i];
    if (!at) {
        nnrt_result *grown = realloc(session->result, (session->result_count + 1) * sizeof *grown);
        char *copy = grown ? strdup(name) : NULL;
        if (grown)
            session->result = grown;
        if (!copy) {
            result_clear(&new);
            return nnrt_no_memory(e);
        }
        at = &session->result[session->result_count++];
        *at = (nnrt_result){ copy, NULL, NULL, NULL, NULL };
    }
    result_clear(at);
    at->value = value;
    at->history = history;
    at->history_name = history_name;
    return true;
}

void nnrt_result_note(nnrt_session *session, const char *name, json_t *notes)
{
    for (size_t i = 0; name && i < session->result_count; i++) {
        if (strcmp(session->result[i].name, name))
            continue;
        json_decref(session->result[i].notes);
        session->result[i].notes = notes;
        return;
    }
    json_decref(notes);
}

void nnrt_result_free(nnrt_result *result)
{
    result_clear(result);
    free(result->name);
}

void nnrt_results_free(nnrt_session *session)
{
    for (size_t i = 0; i < session->result_count; i++)
        nnrt_result_free(&session->result[i]);
    free(session->result);
}

static const char notes_key[] = "notes:"; /* no field's name: those are words */

json_t *nnrt_results_json(nnrt_session *session)
{
    json_t *results = json_object();
    for (size_t i = 0; i < session->result_count; i++) {
        nnrt_result *r = &session->result[i];
        json_t *value = json_copy(r->value);
        if (r->history)
            json_object_set_new(value, r->history_name, nnrt_history_records(r->history));
        if (r->notes)
            json_object_set(value, notes_key, r->notes);
        json_object_set_new(results, r->name, value);
    }
    return results;
}

bool nnrt_results_restore(nnrt_session *session, const json_t *results, nnrt_error *e)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)results, name, value) {
        json_t *notes = json_incref(json_object_get(value, notes_key));
        json_object_del(value, notes_key);
        if (!nnrt_result_set(session, name, json_incref(value), NULL, NULL, e)) {
            json_decref(notes);
            return false;
        }
        nnrt_result_note(session, name, notes);
    }
    return true;
}
