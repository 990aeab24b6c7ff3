/* train_setup.c: a training before its first step: model, units, length, samples; and its end. */
#include "train/training.h"
#include <math.h>
#include <stdlib.h>

/* ---- copies of all weights ---- */
float **nnrt_training_copies_new(const nnrt_training *t, nnrt_error *e)
{
    size_t count = t->model->count;
    float **copies = calloc(count + 1, sizeof *copies);
    bool ok = copies != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = (copies[i] = nnrt_tensor_new(t->model->weight[i]->layout.packed)) != NULL;
    if (ok)
        return copies;
    nnrt_training_copies_free(t, copies);
    nnrt_no_memory(e);
    return NULL;
}

void nnrt_training_copies_free(const nnrt_training *t, float **copies)
{
    for (size_t i = 0; copies && i < t->model->count; i++)
        free(copies[i]);
    free(copies);
}

/* ---- setting up ---- */
/* Its weights hold values, and so do those of the model that it is taught by. */
static bool set_up_model(nnrt_training *t, nnrt_error *e)
{
    const nnrt_data *own = t->within ? t->within->data : NULL;
    if (!(t->model = nnrt_program_model(t->program, t->model_name, e)))
        return false;
    if (own)
        t->data = own;
    else if (t->within)
        t->data = nnrt_program_data(t->program, t->data_name, e);
    else
        t->data = nnrt_program_training_data(t->program, t->model, t->data_name, e);
    if (!t->data || !nnrt_model_draw(t->model, t->seed, e))
        return false;

    const char *name = nnrt_action_text(t->program, "teacher");
    nnrt_model *teacher = name ? nnrt_program_model(t->program, name, e) : NULL;
    return !name || (teacher && nnrt_model_draw(teacher, t->seed, e));
}

static bool set_up_units(nnrt_training *t, nnrt_error *e)
{
    nnrt_program *program = t->program;
    const char *eval = nnrt_action_text(program, "eval_unit");
    int64_t validation = t->data->part[NNRT_VALIDATION].count;
    t->unit =
        nnrt_program_instance(program, nnrt_action_text(program, "unit"), &t->compile_seconds, e);
    if (!t->unit)
        return false;
    nnrt_instance_reset(t->unit);

    if (!validation || !eval)
        return true;
    t->eval_unit = nnrt_program_instance(program, eval, &t->compile_seconds, e);
    if (!t->eval_unit)
        return false;
    t->out = nnrt_tensor_new((size_t)validation * (size_t)t->model->output_size);
    return t->out || nnrt_no_memory(e);
}

static bool set_up_length(nnrt_training *t, nnrt_error *e)
{
    const nnrt_within *within = t->within;
    double epochs = nnrt_action_number(t->program, "epochs", 10),
           steps = nnrt_action_number(t->program, "steps", 0);
    t->samples = within && within->sample ? within->sample_count : t->data->part[NNRT_TRAIN].count;
    if (t->samples < 1) {
        return nnrt_fail(e, NNRT_FILES, "no-part", "data '%s' has no samples to train on",
                         t->data_name);
    }
    t->batch = t->unit->batch;
    t->per_epoch = (t->samples + t->batch - 1) / t->batch;

    if (within && within->share > 0) {
        epochs = fmax(1, round(epochs * within->share));
        if (steps >= 1)
            steps = fmax(1, round(steps * within->share));
    }
    t->steps = steps >= 1 ? (int64_t)fmin(steps, 9e18)
                          : (int64_t)fmin(epochs * (double)t->per_epoch, 9e18);
    t->epochs = (t->steps + t->per_epoch - 1) / t->per_epoch;
    return true;
}

static bool set_up_samples(nnrt_training *t, nnrt_error *e)
{
    nnrt_mix mix = { nnrt_action_number(t->program, "mixup", 0),
                     nnrt_action_number(t->program, "cutmix", 0) };
    if (!nnrt_feed_new(t->data, mix, t->batch, t->session->team.threads, t->seed, &t->feed, e))
        return false;
    t->order_epoch = -1;
    if (!t->data->shuffle && !(t->within && t->within->sample))
        return true;
    t->order = malloc((size_t)t->samples * sizeof *t->order);
    return t->order || nnrt_no_memory(e);
}

/* The column of a search's objective, and the history, where somebody will ask for it. */
static bool set_up_history(nnrt_training *t, nnrt_error *e)
{
    const nnrt_within *within = t->within;
    int monitor;
    bool rises;
    if (within && within->objective &&
        !nnrt_training_find_monitor(t, within->objective, &monitor, &rises, e)) {
        return false;
    }
    if (!t->result_name && !(within && within->recipe))
        return true;
    t->history = nnrt_history_new(t->columns.count, t->columns.name, t->columns.whole);
    return t->history || nnrt_no_memory(e);
}

bool nnrt_training_set_up(nnrt_training *t, nnrt_error *e)
{
    t->lr = nnrt_action_number(t->program, "lr", 0);
    return set_up_model(t, e) && set_up_units(t, e) && set_up_length(t, e) &&
           set_up_samples(t, e) && nnrt_training_set_up_columns(t, e) &&
           nnrt_training_set_up_rules(t, e) && set_up_history(t, e);
}

void nnrt_training_clear(nnrt_training *t)
{
    if (t->model) {
        nnrt_training_copies_free(t, t->early.best_weights);
        nnrt_training_copies_free(t, t->average.swa);
        nnrt_training_copies_free(t, t->average.statistics);
    }
    free(t->order);
    nnrt_feed_free(t->feed);
    free(t->out);
    free(t->checkpoint.path);
    nnrt_history_free(t->history);
    json_decref(t->confusion_now);
    json_decref(t->early.best_confusion);
}
