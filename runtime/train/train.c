/* train.c: `train`: from the first step to the result.
 *
 * The unit runs many steps a call, in one parallel region; between calls the runtime looks whether
 * it was asked to stop and shows how far it is. Such a chunk of steps never crosses an epoch's end,
 * where a new order is drawn and everything of end_epoch() happens. */
#include "train/training.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- an epoch's beginning and end ---- */
/* The order of an epoch follows from the seeds and its number alone, so a resumed epoch has the one
 * it began with. */
static void draw_order(nnrt_training *t, int64_t epoch)
{
    if (!t->order || t->order_epoch == epoch)
        return;
    uint64_t seed = t->seed ^ t->data->seed * UINT64_C(0x9E3779B97F4A7C15);
    nnrt_random random =
        nnrt_random_new(seed, NNRT_DRAW_ORDER, (uint32_t)epoch, (uint32_t)((uint64_t)epoch >> 32));
    const uint32_t *sample = t->within ? t->within->sample : NULL;
    for (int64_t i = 0; i < t->samples; i++)
        t->order[i] = sample ? sample[i] : (uint32_t)i;
    if (t->data->shuffle)
        nnrt_shuffle(&random, t->order, (size_t)t->samples);
    t->order_epoch = epoch;
}

static void begin_epoch(nnrt_training *t)
{
    memset(t->metric_sum, 0, sizeof t->metric_sum);
    t->epoch_spent = 0;
}

static bool end_epoch(nnrt_training *t, nnrt_error *e)
{
    if (!nnrt_training_average_epoch(t, e) || !nnrt_training_renew_statistics(t, e) ||
        !nnrt_training_measure(t, e)) {
        return false;
    }

    int loss = t->columns.validation_loss;
    if (loss >= 0 && !isfinite(t->row[loss]) && nnrt_training_bad_weight(t))
        return nnrt_training_diverged(t, t->step - 1, e);

    nnrt_training_apply_plateau(t);
    if (!nnrt_training_apply_early_stopping(t, e))
        return false;
    if (t->step >= t->steps)
        t->done = true;

    if (t->history && !nnrt_history_add(t->history, t->row))
        return nnrt_no_memory(e);
    nnrt_training_report_epoch(t);
    return nnrt_log_sound(t->session->log, e) && nnrt_training_checkpoint_if_due(t, e);
}

/* ---- a chunk of steps ---- */
/* `wanted` steps, or fewer: no further than the epoch's end or the training's (`last`), and no more
 * batches than the feed has room for. */
static int64_t chunk_length(const nnrt_training *t, int64_t wanted, int64_t last)
{
    int64_t steps = wanted, left_in_epoch = t->per_epoch - t->step % t->per_epoch,
            left_in_all = last - t->step;
    if (steps > left_in_epoch)
        steps = left_in_epoch;
    if (steps > left_in_all)
        steps = left_in_all;
    if (t->feed && steps > nnrt_feed_batches(t->feed))
        steps = nnrt_feed_batches(t->feed);
    return steps;
}

/* About 50 ms a chunk: often enough to be stopped, seldom enough to cost nothing. A chunk of
 * `steps` took `spent` seconds. */
static int64_t next_chunk_length(int64_t steps, double spent)
{
    double wanted = (double)steps * 0.05 / fmax(spent, 1e-6);
    return (int64_t)fmax(1, fmin(wanted, 64.0 * (double)steps));
}

/* Runs so many steps and gives the seconds they took. Where a loss is not finite, call->halt says
 * so, and the weights are those before that step. */
static double run_chunk(nnrt_training *t, nnrt_call *call, int64_t steps)
{
    int64_t epoch = t->step / t->per_epoch, within = t->step % t->per_epoch;
    bool ends_epoch = within + steps == t->per_epoch;
    call->first = within * t->batch;
    call->last = ends_epoch ? t->samples : (within + steps) * t->batch;
    call->step = t->step;
    nnrt_set_hypers(t->unit, t->lr, t->steps, epoch, t->epochs, t->per_epoch);

    double began = nnrt_seconds();
    if (t->feed)
        nnrt_feed_prepare(t->feed, call, t->order, epoch);
    nnrt_launch(t->unit, call);
    return nnrt_seconds() - began;
}

/* ---- Ctrl-C ---- */
/* A best or a numbered checkpoint is not overwritten: "f.interrupted.safetensors". */
static char *interrupted_path(const nnrt_checkpointing *checkpoint)
{
    return checkpoint->keep == NNRT_KEEP_LAST ? strdup(checkpoint->path)
                                              : nnrt_path_beside(checkpoint->path, "interrupted");
}

/* Interrupted: what was done is kept where checkpoints are asked for. Always false. */
static bool stop_here(nnrt_training *t, nnrt_error *e)
{
    char where[64];
    snprintf(where, sizeof where, "interrupted at step %lld (epoch %lld)", (long long)t->step,
             (long long)(t->step / t->per_epoch + 1));
    nnrt_progress_end(&t->progress);
    if (!t->checkpoint.path)
        return nnrt_fail(e, NNRT_INTERRUPTED, "interrupted", "%s", where);

    char *path = interrupted_path(&t->checkpoint);
    if (!path)
        return nnrt_no_memory(e);
    if (nnrt_checkpoint_write(t, path, e)) {
        nnrt_fail(e, NNRT_INTERRUPTED, "interrupted", "%s; what was done is in the checkpoint '%s'",
                  where, path);
        snprintf(e->help, sizeof e->help, "continue with --resume %.400s", path);
    }
    free(path);
    return false;
}

/* ---- the loop ---- */
static bool training_call(nnrt_training *t, nnrt_call *call, nnrt_error *e)
{
    *call = nnrt_instance_call(t->program, t->unit, t->seed);
    call->order = t->order;
    call->metric = t->metric_sum;
    return nnrt_call_of_part(call, t->unit, t->data, &t->data->part[NNRT_TRAIN], e);
}

static bool train_steps(nnrt_training *t, nnrt_error *e)
{
    int64_t last = t->session->options.dry_run && t->steps > 2 ? 2 : t->steps, wanted = 1;
    nnrt_call call;
    if (!training_call(t, &call, e))
        return false;

    while (t->step < last && !t->done) {
        int64_t epoch = t->step / t->per_epoch;
        if (t->step % t->per_epoch == 0)
            begin_epoch(t);
        draw_order(t, epoch);

        int64_t steps = chunk_length(t, wanted, last);
        double spent = run_chunk(t, &call, steps);
        if (call.halt)
            return nnrt_training_diverged(t, call.halt_step, e);
        t->epoch_spent += spent;
        t->step += steps;
        nnrt_progress_step(&t->progress, t->step, epoch);

        if (t->step % t->per_epoch == 0 || t->step == last) {
            t->epoch = epoch + 1;
            if (!end_epoch(t, e))
                return false;
        }
        if (nnrt_stop_asked())
            return stop_here(t, e);
        wanted = next_chunk_length(steps, spent);
    }
    t->done = true;
    return true;
}

/* Goes on from the checkpoint of --resume, if it was written by this training. */
static bool resume_if_asked(nnrt_training *t, nnrt_error *e)
{
    nnrt_program *program = t->program;
    if (!program->resume || t->within)
        return true;
    bool ok = nnrt_resume_training(program->resume, t, e);
    nnrt_resume_free(program->resume);
    program->resume = NULL;
    return ok;
}

/* From the first step to the result (NULL: e says why). */
static json_t *train(nnrt_training *t, nnrt_error *e)
{
    json_t *result = NULL;
    bool ok = nnrt_training_set_up(t, e);
    t->began = nnrt_seconds();
    ok = ok && resume_if_asked(t, e);

    if (ok) {
        nnrt_training_report_start(t);
        if (nnrt_log_sound(t->session->log, e) && train_steps(t, e))
            result = nnrt_training_finish(t, e);
        if (!result)
            nnrt_progress_end(&t->progress);
    }
    nnrt_training_evaluate_model(t);
    return result;
}

/* ---- the two who train ---- */
static nnrt_training training_of(nnrt_program *program)
{
    return (nnrt_training){
        .program = program,
        .session = program->session,
        .model_name = nnrt_action_text(program, "model"),
        .data_name = nnrt_action_text(program, "data"),
        .seed = nnrt_action_seed(program),
        .began = nnrt_seconds(),
    };
}

bool nnrt_do_train(nnrt_program *program, nnrt_error *e)
{
    nnrt_training t = training_of(program);
    t.result_name = nnrt_action_text(program, "as");

    json_t *result = train(&t, e);
    nnrt_history *history = t.history;
    if (result) {
        nnrt_training_report_end(&t, result);
        t.history = NULL; /* the session's from now on */
    }
    bool ok = result && nnrt_result_set(&program->session->results, t.result_name, result, history,
                                        "history", e);
    nnrt_result_note(&program->session->results, ok ? t.result_name : NULL,
                     t.data ? nnrt_class_notes(t.data) : NULL);
    nnrt_training_clear(&t);
    return ok;
}

json_t *nnrt_train_within(nnrt_program *program, const nnrt_within *within, nnrt_error *e)
{
    nnrt_training t = training_of(program);
    t.within = within;
    t.seed = within->seed;

    json_t *result = train(&t, e);
    if (result && t.history)
        json_object_set_new(result, "history", nnrt_history_records(t.history));
    nnrt_training_clear(&t);
    return result;
}
