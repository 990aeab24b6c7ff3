/* pictured.h: what pictures of evaluations, functions and schedules need beyond their numbers,
 * worked out while there is a program to ask. */
#ifndef NNRT_PICTURED_H
#define NNRT_PICTURED_H
#include "model/model.h"

/* Outputs for `count` samples x, one row each; malloc'ed, NULL and e filled where it fails. */
typedef float *nnrt_answer(void *context, float *x, int64_t count, nnrt_error *e);

/* Adds to an evaluation's notes (charts.h) what its picture shows:
 *
 *   "calibration": [ { "said", "true", "count" } ], the share of right ones among samples of like
 *      confidence (of one or two outputs: the second class's share among samples of like
 *      probability), as in Guo et al. 2017, and "calibration_error", the mean gap weighted by
 *      counts;
 *   "roc", "precision_recall": [ { "class", "x", "y" } ], of classes (of two, the second) or
 * labels; "regions": { x0, x1, y0, y1, columns, rows, width, "scores" }, outputs on a grid over two
 *      features;
 *   "fit": { "x", "y", "low", "high" }, those over one, and, where dropout can be left on, two
 *      deviations to either side of the mean of many draws of it (Monte Carlo dropout);
 *   "points": { "x", "y", "class" | absent, "wrong" | absent }, samples above them;
 *   "agreement": { "x": targets, "y": predictions }, of real values;
 *   "axes": names.
 *
 * False: e says why. */
bool nnrt_picture_evaluation(json_t *notes, const nnrt_data *data, bool normalized,
                             const nnrt_sample_set *set, const float *x, nnrt_answer *answer,
                             void *context, nnrt_error *e);

/* "roc" and "precision_recall" (threshold_curves.c) */
bool nnrt_threshold_curves(json_t *notes, const nnrt_sample_set *set, nnrt_error *e);

/* Mean and deviation, [count][outputs] each, of a unit's outputs over so many draws of dropout
 * (predict.c). */
bool nnrt_predict_passes(nnrt_program *program, nnrt_model *model, const nnrt_data *data,
                         const char *unit, const nnrt_part *asked, int64_t passes, float *mean,
                         float *deviation, nnrt_error *e);

/* { "graph": [ { "x", "value", "slope" } ] } of a function of one variable, or { "field": ... } of
 * one of two; NULL: e says why. */
json_t *nnrt_picture_function(nnrt_program *program, const json_t *picture, nnrt_error *e);
/* { "rates": [ { "step", "epoch", "lr" } ] } */
json_t *nnrt_picture_schedule(nnrt_program *program, const json_t *picture, nnrt_error *e);
#endif
