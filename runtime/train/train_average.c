/* train_average.c: averaged weights: a mean over epochs (swa), kept here, or an exponential mean
 * over steps (ema), which the unit keeps as states "average.<weight>". */
#include "train/training.h"
#include <stdio.h>

bool nnrt_training_averaged(const nnrt_training *t)
{
    switch (t->average.kind) {
    case NNRT_AVERAGE_EMA: return t->step > 0;
    case NNRT_AVERAGE_SWA: return t->average.count > 0;
    default: return false;
    }
}

float *nnrt_training_effective_weight(const nnrt_training *t, size_t i)
{
    const nnrt_weight *weight = t->model->weight[i];
    if (!nnrt_training_averaged(t))
        return weight->values;
    if (weight->buffer && t->average.statistics)
        return t->average.statistics[i];
    if (t->average.kind == NNRT_AVERAGE_SWA)
        return weight->buffer ? weight->values : t->average.swa[i];
    char state[512];
    snprintf(state, sizeof state, "average.%s", t->model->weight_name[i]);
    float *average = nnrt_instance_values(t->unit, NNRT_STATE, state);
    return average ? average : weight->values;
}

/* Averaging Weights Leads to Wider Optima and Better Generalization (Izmailov and others, 2018):
 * the running mean, as PyTorch's AveragedModel. */
bool nnrt_training_average_epoch(nnrt_training *t, nnrt_error *e)
{
    nnrt_average *average = &t->average;
    if (average->kind != NNRT_AVERAGE_SWA || t->epoch < average->start)
        return true;
    if (!average->swa && !(average->swa = nnrt_training_copies_new(t, e)))
        return false;

    float share = 1.0f / (float)(average->count + 1);
    for (size_t i = 0; i < t->model->count; i++) {
        const nnrt_weight *weight = t->model->weight[i];
        float *mean = average->swa[i];
        for (size_t k = 0; k < weight->layout.packed; k++) {
            mean[k] = average->count ? mean[k] + (weight->values[k] - mean[k]) * share
                                     : weight->values[k];
        }
    }
    average->count++;
    return true;
}

/* The unit reads the weights that count, and fills in the statistics beside them. */
static void point_at_average(const nnrt_training *t, nnrt_instance *unit)
{
    for (size_t i = 0; i < t->model->count; i++)
        for (size_t k = 0; k < unit->count; k++)
            if (unit->slot[k].weight == t->model->weight[i])
                unit->table[k] = nnrt_training_effective_weight(t, i);
}

bool nnrt_training_renew_statistics(nnrt_training *t, nnrt_error *e)
{
    const char *name = nnrt_action_text(t->program, "statistics_unit");
    const nnrt_part *part = &t->data->part[NNRT_TRAIN];
    if (!name || !nnrt_training_averaged(t))
        return true;
    nnrt_instance *unit = nnrt_program_instance(t->program, name, &t->compile_seconds, e);
    if (!unit)
        return false;
    if (!t->average.statistics && !(t->average.statistics = nnrt_training_copies_new(t, e)))
        return false;

    point_at_average(t, unit);
    int64_t count = t->samples;
    if (t->session->options.dry_run && count > 2 * unit->batch)
        count = 2 * unit->batch;
    nnrt_call call = nnrt_instance_call(t->program, unit, t->seed);
    call.x = part->x;
    call.order = t->within ? t->within->sample : NULL;
    nnrt_launch_batches(unit, &call, 0, count, false);
    return true;
}

/* The averaged weights stay where they are, so once is enough. */
void nnrt_training_evaluate_averaged(nnrt_training *t)
{
    nnrt_instance *unit = t->eval_unit;
    if (t->average.evaluated || !nnrt_training_averaged(t))
        return;
    t->average.evaluated = true;
    for (size_t i = 0; i < t->model->count; i++) {
        float *average = nnrt_training_effective_weight(t, i);
        for (size_t k = 0; k < unit->count; k++)
            if (unit->slot[k].weight == t->model->weight[i])
                unit->table[k] = average;
    }
}

void nnrt_training_evaluate_model(nnrt_training *t)
{
    nnrt_instance *unit = t->eval_unit;
    for (size_t i = 0; unit && i < unit->count; i++)
        if (unit->slot[i].weight)
            unit->table[i] = unit->slot[i].weight->values;
}
