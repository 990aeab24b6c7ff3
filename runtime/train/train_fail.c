/* train_fail.c: a loss that is not finite: in which step, and in which layer it began. */
#include "train/train.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Lanes beyond the last feature hold anything. */
static bool all_finite(const nnrt_weight *weight)
{
    const nnrt_layout *layout = &weight->layout;
    int64_t features = layout->dims[layout->feature_axis], rows = layout->elements / features;
    for (int64_t f = 0; f < features; f++) {
        for (int64_t r = 0; r < rows; r++) {
            if (!isfinite(weight->values[(f / NNRT_LANES) * rows * NNRT_LANES + r * NNRT_LANES +
                                         f % NNRT_LANES])) {
                return false;
            }
        }
    }
    return true;
}

const char *nnrt_training_bad_weight(const nnrt_training *training)
{
    for (size_t i = 0; i < training->model->count; i++)
        if (!all_finite(training->model->weight[i]))
            return training->model->weight_name[i];
    return NULL;
}

/* "residual2.conv1.weight" is of "residual2.conv1"; a bare "scale" is of itself. */
static void layer_of(const char *weight, char *layer, size_t size)
{
    const char *dot = strrchr(weight, '.');
    snprintf(layer, size, "%.*s", dot ? (int)(dot - weight) : (int)strlen(weight), weight);
}

/* Runs the batch once more, looking at each layer; `last`: the last layer there is. False: no
 * layer's output is at fault. */
static bool first_layer(nnrt_training *training, int64_t step, char *layer, char *last, size_t size)
{
    static const char prefix[] = "nonfinite.";
    nnrt_error unused = { 0 };
    nnrt_instance *unit = nnrt_program_instance(
        training->program, nnrt_action_text(training->program, "diagnose_unit"), NULL, &unused);
    if (!unit)
        return false;
    int64_t within = step % training->per_epoch;
    nnrt_call call = nnrt_instance_call(training->program, unit, training->seed);
    call.x = training->data->part[NNRT_TRAIN].x;
    call.y = training->data->part[NNRT_TRAIN].y;
    call.order = training->order;
    call.first = within * training->batch;
    call.last =
        within + 1 == training->per_epoch ? training->samples : (within + 1) * training->batch;
    call.step = step;
    nnrt_set_hypers(unit, training->lr, training->steps, step / training->per_epoch,
                    training->epochs, training->per_epoch);
    if (training->feed)
        nnrt_feed_prepare(training->feed, &call, training->order, step / training->per_epoch);
    nnrt_launch(unit, &call);
    for (size_t i = 0; i < unit->count; i++) {
        const nnrt_slot *slot = &unit->slot[i];
        if (slot->role != NNRT_RESULT || strncmp(slot->name, prefix, sizeof prefix - 1))
            continue;
        /* no layer */
        if (i + 1 == unit->count && !strcmp(slot->name, "nonfinite.loss"))
            continue;
        snprintf(last, size, "%s", slot->name + sizeof prefix - 1);
        if (isfinite(unit->table[i][0]))
            continue;
        snprintf(layer, size, "%s", last);
        return true;
    }
    return false;
}

bool nnrt_training_diverged(nnrt_training *training, int64_t step, nnrt_error *e)
{
    char layer[160] = "", last[160] = "", where[400] = "";
    const char *bad = nnrt_training_bad_weight(training);
    if (first_layer(training, step, layer, last, sizeof layer)) {
        snprintf(where, sizeof where, "; first in layer '%s'", layer);
    } else if (bad) {
        layer_of(bad, layer, sizeof layer);
        snprintf(where, sizeof where, "; first in layer '%s', in its weight '%s'", layer, bad);
    } else if (*last) {
        snprintf(where, sizeof where,
                 "; the outputs, from layer '%s', are finite, but the loss of them is not", last);
    }
    nnrt_progress_end(&training->progress, training->step, training->epoch);
    if (e->status)
        return false;
    nnrt_fail(e, NNRT_DIVERGED, "diverged",
              "training diverged: the loss is not finite at step %lld (epoch %lld)%s",
              (long long)step + 1, (long long)(step / training->per_epoch + 1), where);
    if (step == 0) {
        snprintf(e->help, sizeof e->help,
                 "the network's first output is already not finite: look at the data (normalize = "
                 "standard), and for a logarithm, root or quotient of what it can't take");
    } else {
        snprintf(e->help, sizeof e->help,
                 "lower the learning rate (now %.4g), normalise the data, or bound the gradients "
                 "with clip = norm(1)",
                 training->lr);
    }
    return false;
}
