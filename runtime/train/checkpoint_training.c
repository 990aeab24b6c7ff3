/* checkpoint_training.c: a training in a checkpoint: its tensors, written and then read, beside the
 * JSON of training_state.def. */
#include "train/training_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char best_prefix[] = "nnc.best.", swa_prefix[] = "nnc.swa.",
                  history_name[] = "nnc.history";

/* ---- writing ---- */
static void bundle_model(nnrt_bundle *b, const nnrt_training *t)
{
    const nnrt_model *model = t->model;
    for (size_t i = 0; i < model->count; i++) {
        const nnrt_weight *weight = model->weight[i];
        const char *name = model->weight_name[i];
        nnrt_bundle_add(b, "", name, &weight->layout, weight->values);
        if (t->early.best_weights)
            nnrt_bundle_add(b, best_prefix, name, &weight->layout, t->early.best_weights[i]);
        if (t->average.swa)
            nnrt_bundle_add(b, swa_prefix, name, &weight->layout, t->average.swa[i]);
    }
}

static void bundle_unit_states(nnrt_bundle *b, const nnrt_instance *unit)
{
    for (size_t i = 0; i < unit->count; i++) {
        const nnrt_slot *slot = &unit->slot[i];
        if (slot->role == NNRT_STATE)
            nnrt_bundle_add(b, "", slot->name, &slot->layout, slot->own);
    }
}

/* Its doubles as pairs of floats, bit by bit: [rows, 2 * columns]. */
static void bundle_history(nnrt_bundle *b, const nnrt_history *history, int64_t dims[2])
{
    if (!history || !history->rows)
        return;
    size_t bytes = history->rows * history->columns * sizeof(double);
    float *bits = malloc(bytes);
    if (bits)
        memcpy(bits, history->value, bytes);
    dims[0] = (int64_t)history->rows;
    dims[1] = 2 * (int64_t)history->columns;
    nnrt_bundle_take(b, "", history_name, 2, dims, bits);
}

bool nnrt_checkpoint_write(const nnrt_training *t, const char *path, nnrt_error *e)
{
    nnrt_bundle b = { 0 };
    int64_t history_dims[2];
    bundle_model(&b, t);
    bundle_unit_states(&b, t->unit);
    nnrt_bundle_add_session(&b, t->session, t->model);
    bundle_history(&b, t->history, history_dims);

    json_t *state = nnrt_state_new(t->program);
    nnrt_training_state_write(state, t);
    bool ok = nnrt_bundle_write(&b, state, path, nnrt_model_pruned(t->model), e);
    json_decref(state);
    nnrt_bundle_free(&b);
    return ok;
}

/* ---- reading ---- */
static bool read_unit_states(const nnrt_resume *resume, nnrt_instance *unit, nnrt_error *e)
{
    for (size_t i = 0; i < unit->count; i++) {
        nnrt_slot *slot = &unit->slot[i];
        if (slot->role != NNRT_STATE)
            continue;
        const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, slot->name);
        if (!tensor || !nnrt_resume_fits(tensor, &slot->layout))
            return nnrt_resume_changed(resume, slot->name, tensor, &slot->layout, e);
        if (!nnrt_resume_read(resume, tensor, &slot->layout, slot->own, e))
            return false;
    }
    return true;
}

/* *copies stays NULL where the file has none. */
static bool read_copies(const nnrt_resume *resume, const nnrt_training *t, const char *prefix,
                        float ***copies, nnrt_error *e)
{
    const nnrt_model *model = t->model;
    for (size_t i = 0; i < model->count; i++) {
        const nnrt_layout *layout = &model->weight[i]->layout;
        char name[512];
        snprintf(name, sizeof name, "%s%s", prefix, model->weight_name[i]);
        const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, name);
        if (!tensor)
            return true;
        if (!*copies && !(*copies = nnrt_training_copies_new(t, e)))
            return false;
        if (!nnrt_resume_fits(tensor, layout))
            return nnrt_resume_changed(resume, name, tensor, layout, e);
        if (!nnrt_resume_read(resume, tensor, layout, (*copies)[i], e))
            return false;
    }
    return true;
}

static bool read_history(const nnrt_resume *resume, nnrt_history *history, nnrt_error *e)
{
    const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, history_name);
    if (!history || !tensor || tensor->rank != 2 ||
        tensor->dims[1] != 2 * (int64_t)history->columns) {
        return true;
    }
    double *rows = malloc((size_t)tensor->elements * sizeof(float) + 1);
    if (!rows)
        return nnrt_no_memory(e);
    bool ok = nnrt_safetensors_read(resume->file, tensor, (float *)rows, e);
    for (int64_t r = 0; ok && r < tensor->dims[0]; r++)
        ok = nnrt_history_add(history, rows + (size_t)r * history->columns) || nnrt_no_memory(e);
    free(rows);
    return ok;
}

bool nnrt_resume_training(const nnrt_resume *resume, nnrt_training *t, nnrt_error *e)
{
    if (!nnrt_training_state_read(resume->state, t)) {
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "the recipe has changed since '%s' was written", resume->path);
    }
    return read_unit_states(resume, t->unit, e) &&
           read_copies(resume, t, best_prefix, &t->early.best_weights, e) &&
           read_copies(resume, t, swa_prefix, &t->average.swa, e) &&
           read_history(resume, t->history, e);
}
