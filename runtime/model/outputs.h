/* outputs.h: what a model or an ensemble answers for samples, and what is measured of it. */
#ifndef NNRT_OUTPUTS_H
#define NNRT_OUTPUTS_H
#include "model/metrics.h"
#include "model/program.h"

/* The outputs for these samples, [count][output_size] (free()), as the action's unit under `key`
 * computes them. NULL: e says why. */
float *nnrt_outputs(nnrt_program *program, const char *key, const nnrt_model *model,
                    const nnrt_part *part, uint64_t seed, nnrt_error *e);
/* The members' answers together, of the same shape. The model's weights are afterwards what they
 * were. */
float *nnrt_ensemble_outputs(nnrt_program *program, const nnrt_ensemble *ensemble,
                             nnrt_model *model, const nnrt_data *data, const nnrt_part *part,
                             uint64_t seed, nnrt_error *e);
/* How base and sum become outputs: the model's last softmax or sigmoid, in place. */
void nnrt_apply_head(const nnrt_model *model, float *scores, int64_t count);
/* The mean loss of outputs for these samples by the action's "loss_unit"; the derivative of its sum
 * by the scores into `gradient` where that is not NULL. */
bool nnrt_outputs_loss(nnrt_program *program, const nnrt_data *data, const nnrt_part *part,
                       const float *out, float *gradient, double *loss, nnrt_error *e);
/* Puts the action's metrics of a sample set into the result; null for each where set is NULL. */
bool nnrt_measure(nnrt_program *program, const nnrt_data *data, const nnrt_sample_set *set,
                  json_t *result, nnrt_error *e);
/* { "classes": names }; NULL: the data has none */
json_t *nnrt_class_notes(const nnrt_data *data);
#endif
