/* train.h: the door of this wing: `train`, trainings that are part of another action, and going on
 * from a checkpoint.
 *
 * Inside: train.c has the loop, training.h what a training is; each other train_*.c is one of its
 * concerns (setup, measure, rules, average, report, result, diverged). checkpoint.h tells how a
 * state gets to disk and back. */
#ifndef NNRT_TRAIN_H
#define NNRT_TRAIN_H
#include "model/model.h"
#include "train/checkpoint.h"

/* A training that is part of another action: a fold, a trial, a member. All is as the action's JSON
 * says, except for this; no checkpoint is written. */
typedef struct nnrt_within {
    const nnrt_data *data; /* NULL: the action's */
    /* Samples of the training part, each as often as it is listed; NULL: all of them once. */
    const uint32_t *sample;
    int64_t sample_count;
    uint64_t seed;
    double share; /* of the epochs or steps; 0: all of them */
    /* What the result must contain: "validation.f1"; NULL: nothing beyond the metrics. */
    const char *objective;
    /* The name its epochs are logged under; the result then has its history. NULL: neither. */
    const char *recipe;
} nnrt_within;

/* The result that `train` would leave (a new reference); NULL: e says why. */
json_t *nnrt_train_within(nnrt_program *program, const nnrt_within *within, nnrt_error *e);

/* The action `train`. */
bool nnrt_do_train(nnrt_program *program, nnrt_error *e);
#endif
