/* several.h: trainings that know nothing of each other (folds, trials, members), as many side by
 * side as there are threads for.
 *
 * Each has a session of its own: its weights, drawn anew where they are the model's own and else
 * copies of what the action found, and its share of the threads. What it comes to depends on
 * neither. Nothing is left in the action's session; what is to stay is taken in `after` or
 * `finish`. */
#ifndef NNRT_SEVERAL_H
#define NNRT_SEVERAL_H
#include "experiments/experiment.h"

/* How one of them begins. json NULL: the action's own program. */
typedef struct nnrt_start {
    const json_t *json;
    nnrt_within within;
    bool skip;
} nnrt_start;

/* One that has been trained, while its weights are there. */
typedef struct nnrt_trained {
    nnrt_program *program;
    nnrt_model *model;
    json_t *result;
} nnrt_trained;

typedef struct nnrt_several {
    nnrt_program *program; /* of the action */
    size_t count;
    void *context;
    /* Of the i-th; `begin` and `after` are called on its thread, beside those of others, `finish`
     * one at a time and in order. False: e says why. result: what nnrt_train_within gives, NULL
     * where it was skipped or failed, of which e tells (status 0: skipped). What `finish` makes of
     * an e that it is given is its affair: true goes on. */
    bool (*begin)(void *context, size_t i, nnrt_start *start, nnrt_error *e);
    bool (*after)(void *context, size_t i, const nnrt_trained *trained, nnrt_error *e);
    bool (*finish)(void *context, size_t i, const json_t *result, nnrt_error *e);
} nnrt_several;

bool nnrt_train_several(const nnrt_several *several, nnrt_error *e);
#endif
