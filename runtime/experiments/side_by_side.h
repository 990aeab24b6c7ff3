/* side_by_side.h: trainings that know nothing of each other (folds, trials, members), as many at
 * once as there are threads for.
 *
 * Each has a session of its own: its share of the threads, and its weights, drawn afresh where they
 * are the model's own and otherwise copies of those that the action found. Its result depends on
 * neither. Nothing is left in the action's session; what is to stay is taken in `trained` or
 * `finish`. */
#ifndef NNRT_SIDE_BY_SIDE_H
#define NNRT_SIDE_BY_SIDE_H
#include "experiments/records.h"

/* How a run begins. */
typedef struct nnrt_run_setup {
    const json_t *json; /* its program; NULL: the action's own */
    nnrt_within within;
    bool skip; /* it is not trained: its result is known */
} nnrt_run_setup;

/* A run that has been trained, while its weights are there. */
typedef struct nnrt_trained_run {
    nnrt_program *program;
    nnrt_model *model;
    json_t *result;
} nnrt_trained_run;

typedef struct nnrt_runs {
    nnrt_program *program; /* of the action */
    size_t count;
    void *context;
    /* Of the i-th run, on its thread, at the same time as those of others. `trained` may be NULL.
     * False: e says why. */
    bool (*set_up)(void *context, size_t i, nnrt_run_setup *setup, nnrt_error *e);
    bool (*trained)(void *context, size_t i, const nnrt_trained_run *trained, nnrt_error *e);
    /* Of the i-th run, one at a time and in order. `result`: what nnrt_train_within gave; NULL
     * where the run was skipped (then e->status is 0) or failed. False ends all; true goes on,
     * whatever failed. */
    bool (*finish)(void *context, size_t i, const json_t *result, nnrt_error *e);
} nnrt_runs;

/* False: e says why. */
bool nnrt_train_side_by_side(const nnrt_runs *runs, nnrt_error *e);
#endif
