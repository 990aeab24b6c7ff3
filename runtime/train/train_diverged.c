/* train_diverged.c: a loss that is not finite: in which step, and in which layer it began. */
#include "train/training.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Lanes beyond the last feature hold anything. */
static bool all_finite(const nnrt_weight *weight)
{
    const nnrt_layout *layout = &weight->layout;
    int64_t features = layout->dims[layout->feature_axis], rows = layout->elements / features;
    for (int64_t f = 0; f < features; f++) {
        const float *panel = weight->values + (f / NNRT_LANES) * rows * NNRT_LANES;
        for (int64_t r = 0; r < rows; r++)
            if (!isfinite(panel[r * NNRT_LANES + f % NNRT_LANES]))
                return false;
    }
    return true;
}

const char *nnrt_training_bad_weight(const nnrt_training *t)
{
    for (size_t i = 0; i < t->model->count; i++)
        if (!all_finite(t->model->weight[i]))
            return t->model->weight_name[i];
    return NULL;
}

/* "residual2.conv1.weight" is of "residual2.conv1"; a bare "scale" is of itself. */
static void layer_of(const char *weight, char *layer, size_t size)
{
    const char *dot = strrchr(weight, '.');
    snprintf(layer, size, "%.*s", dot ? (int)(dot - weight) : (int)strlen(weight), weight);
}

/* The step's batch through the unit that looks at each layer. */
static bool run_step_again(nnrt_training *t, nnrt_instance *unit, int64_t step, nnrt_error *e)
{
    int64_t epoch = step / t->per_epoch, within = step % t->per_epoch;
    nnrt_call call = nnrt_instance_call(t->program, unit, t->seed);
    if (!nnrt_call_of_part(&call, unit, t->data, &t->data->part[NNRT_TRAIN], e))
        return false;
    call.order = t->order;
    call.first = within * t->batch;
    call.last = within + 1 == t->per_epoch ? t->samples : (within + 1) * t->batch;
    call.step = step;
    nnrt_set_hypers(unit, t->lr, t->steps, epoch, t->epochs, t->per_epoch);
    if (t->feed)
        nnrt_feed_prepare(t->feed, &call, t->order, epoch);
    nnrt_launch(unit, &call);
    return true;
}

/* The first layer whose output is not finite into `layer`, the last one looked at into `last`.
 * False: no layer's output is at fault. */
static bool first_bad_layer(nnrt_training *t, int64_t step, char *layer, char *last, size_t size)
{
    static const char prefix[] = "nonfinite.";
    nnrt_error unused = { 0 };
    nnrt_instance *unit = nnrt_program_instance(
        t->program, nnrt_action_text(t->program, "diagnose_unit"), NULL, &unused);
    if (!unit || !run_step_again(t, unit, step, &unused))
        return false;

    for (size_t i = 0; i < unit->count; i++) {
        const nnrt_slot *slot = &unit->slot[i];
        if (slot->role != NNRT_RESULT || strncmp(slot->name, prefix, sizeof prefix - 1))
            continue;
        if (i + 1 == unit->count && !strcmp(slot->name, "nonfinite.loss"))
            continue; /* not a layer */
        snprintf(last, size, "%s", slot->name + sizeof prefix - 1);
        if (isfinite(unit->table[i][0]))
            continue;
        snprintf(layer, size, "%s", last);
        return true;
    }
    return false;
}

bool nnrt_training_diverged(nnrt_training *t, int64_t step, nnrt_error *e)
{
    char layer[160] = "", last[160] = "", where[400] = "";
    const char *bad = nnrt_training_bad_weight(t);
    if (first_bad_layer(t, step, layer, last, sizeof layer)) {
        snprintf(where, sizeof where, "; first in layer '%s'", layer);
    } else if (bad) {
        layer_of(bad, layer, sizeof layer);
        snprintf(where, sizeof where, "; first in layer '%s', in its weight '%s'", layer, bad);
    } else if (*last) {
        snprintf(where, sizeof where,
                 "; the outputs, from layer '%s', are finite, but their loss is not", last);
    }

    nnrt_progress_end(&t->progress);
    if (e->status)
        return false;
    nnrt_fail(e, NNRT_DIVERGED, "diverged",
              "training diverged: the loss is not finite at step %lld (epoch %lld)%s",
              (long long)step + 1, (long long)(step / t->per_epoch + 1), where);
    if (step == 0) {
        snprintf(e->help, sizeof e->help,
                 "the network's first output is already not finite: look at the data (normalize = "
                 "standard), and for a logarithm, root or quotient of a value outside its domain");
    } else {
        snprintf(e->help, sizeof e->help,
                 "lower the learning rate (now %.4g), normalise the data, or bound the gradients "
                 "with clip = norm(1)",
                 t->lr);
    }
    return false;
}
