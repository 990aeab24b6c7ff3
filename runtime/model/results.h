/* results.h: the results of actions, by their `as` names. */
#ifndef NNRT_RESULTS_H
#define NNRT_RESULTS_H
#include "base/base.h"
#include <jansson.h>

/* Rows of numbers, one for each epoch or step, under dotted names: `.history` and `.path`, made
 * into records when asked for. */
typedef struct nnrt_history {
    int holders; /* besides the one that made it; the last one frees it */
    char **name;
    bool *whole; /* columns of whole numbers */
    size_t columns, rows, capacity;
    double *value; /* [rows][columns] */
} nnrt_history;

/* NULL: out of memory */
nnrt_history *nnrt_history_new(size_t columns, const char *const *names, const bool *whole);
void nnrt_history_free(nnrt_history *history);
bool nnrt_history_add(nnrt_history *history, const double *row);
json_t *nnrt_history_records(const nnrt_history *history);
/* Puts a number under a dotted name into nested objects: null for a NaN, and for infinity, which
 * JSON has not, { NNRT_INFINITE: true, or false where it is negative }. */
#define NNRT_INFINITE "infinite"
void nnrt_put_number(json_t *object, const char *name, double value, bool whole);

typedef struct nnrt_result {
    char *name;
    json_t *value;
    nnrt_history *history; /* NULL: none */
    const char *history_name;
    json_t *notes; /* what a picture needs beyond the fields (charts.h); NULL: nothing */
} nnrt_result;

typedef struct nnrt_results {
    nnrt_result *item;
    size_t count;
} nnrt_results;

/* Takes value and history over, in place of an earlier result of this name. `name` NULL: frees
 * them. */
bool nnrt_result_set(nnrt_results *results, const char *name, json_t *value, nnrt_history *history,
                     const char *history_name, nnrt_error *e);
/* Takes the notes over; `name` NULL: frees them. */
void nnrt_result_note(nnrt_results *results, const char *name, json_t *notes);
void nnrt_result_clear(nnrt_result *result);
/* NULL: there is none */
nnrt_result *nnrt_results_find(const nnrt_results *results, const char *name);
/* Its fields, the history's records among them; a new reference. */
json_t *nnrt_result_record(const nnrt_result *result);
void nnrt_results_clear(nnrt_results *results);
/* All of them, whole: for checkpoints. */
json_t *nnrt_results_json(const nnrt_results *results);
bool nnrt_results_restore(nnrt_results *results, const json_t *saved, nnrt_error *e);
#endif
