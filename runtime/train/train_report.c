/* train_report.c: what is told of a training: events of the log, and progress on standard error. */
#include "train/training.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- its start ---- */
static void log_start(const nnrt_training *t)
{
    nnrt_log *log = t->session->log;
    const nnrt_options *options = &t->session->options;
    const char *optimizer = nnrt_action_text(t->program, "optimizer"),
               *loss = nnrt_action_text(t->program, "loss");
    nnrt_log_begin(log, "start");
    nnrt_log_text(log, "model", t->model_name);
    nnrt_log_text(log, "data", t->data_name);
    nnrt_log_whole(log, "parameters", t->model->parameters);
    nnrt_log_whole(log, "arena_bytes", t->unit->arena_bytes);
    nnrt_log_number(log, "compile_seconds", t->compile_seconds);
    nnrt_log_whole(log, "threads", t->session->team.threads);
    nnrt_log_whole(log, "seed", (int64_t)t->seed);
    nnrt_log_text(log, "cpu", options->cpu ? options->cpu : "unknown");

    nnrt_log_whole(log, "samples", t->samples);
    nnrt_log_whole(log, "batch", t->batch);
    nnrt_log_whole(log, "epochs", t->epochs);
    nnrt_log_whole(log, "steps", t->steps);
    if (optimizer)
        nnrt_log_text(log, "optimizer", optimizer);
    if (loss)
        nnrt_log_text(log, "loss", loss);
    if (t->step)
        nnrt_log_whole(log, "resumed_at_step", t->step);
    nnrt_log_end(log);
    nnrt_log_flush(log);
}

static void begin_progress(nnrt_training *t)
{
    char title[160], memory[32];
    nnrt_scaled_text((double)t->unit->arena_bytes, memory, sizeof memory);
    snprintf(title, sizeof title,
             "train %s on %s: %lld parameters, %lld samples in batches of %lld, %d thread%s, %sB "
             "of working memory",
             t->model_name, t->data_name, (long long)t->model->parameters, (long long)t->samples,
             (long long)t->batch, t->session->team.threads,
             t->session->team.threads == 1 ? "" : "s", memory);
    nnrt_progress_begin(&t->progress, t->session->options.quiet || t->within, title, t->step,
                        t->steps, t->epochs);
}

/* Real targets that are far from 0 or far apart, and are trained on as they are: a network starts
 * near 0, and takes long to get there. */
static void note_targets(const nnrt_training *t)
{
    static const double far = 10;
    const nnrt_data *data = t->data;
    const nnrt_part *part = &data->part[NNRT_TRAIN];
    int64_t n = part->count * data->target_size;
    double sum = 0, square = 0;
    if (data->classify || data->multilabel || data->targetless || n < 2 ||
        data->preparation->target.kind != NNRT_SCALE_NONE) {
        return;
    }

    for (int64_t i = 0; i < n; i++)
        sum += part->y[i];
    double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        square += (part->y[i] - mean) * (part->y[i] - mean);
    double deviation = sqrt(square / (double)n);
    if (fabs(mean) <= far && deviation <= far)
        return;
    nnrt_note(t->program, "far-targets",
              "the targets of '%s' have mean %.4g and deviation %.4g, which a network learns "
              "slowly: write normalize_target = standard in data %s",
              t->data_name, mean, deviation, t->data_name);
}

void nnrt_training_report_start(nnrt_training *t)
{
    if (!t->within && !t->step)
        note_targets(t);
    if (!t->within)
        log_start(t);
    begin_progress(t);
}

/* ---- its epochs ---- */
/* The columns under this prefix, without it. */
static void log_fields(nnrt_log *log, const nnrt_training *t, const char *prefix)
{
    size_t length = strlen(prefix);
    for (size_t i = COLUMN_LOSS; i < t->columns.count; i++)
        if (!strncmp(t->columns.name[i], prefix, length))
            nnrt_log_number(log, t->columns.name[i] + length, t->row[i]);
}

static void log_epoch(const nnrt_training *t)
{
    nnrt_log *log = t->session->log;
    const double *row = t->row, penalty = row[t->columns.penalty];
    const char *recipe = t->within ? t->within->recipe : NULL;
    if (!log || (t->within && !recipe))
        return;
    nnrt_log_begin(log, "epoch");
    nnrt_log_text(log, "model", t->model_name);
    nnrt_log_text(log, "data", t->data_name);
    if (recipe)
        nnrt_log_text(log, "recipe", recipe);
    nnrt_log_whole(log, "epoch", t->epoch);
    nnrt_log_whole(log, "step", t->step);
    nnrt_log_number(log, "lr", row[COLUMN_LR]);

    nnrt_log_open_object(log, "train");
    log_fields(log, t, "train.");
    nnrt_log_close_object(log);
    if (penalty != 0)
        nnrt_log_number(log, "penalty", penalty);
    if (t->eval_unit) {
        nnrt_log_open_object(log, "validation");
        log_fields(log, t, "validation.");
        if (t->confusion_now)
            nnrt_log_json(log, "confusion", t->confusion_now);
        nnrt_log_close_object(log);
    }

    nnrt_log_number(log, "seconds", row[COLUMN_SECONDS]);
    nnrt_log_number(log, "samples_per_second", row[COLUMN_RATE]);
    nnrt_log_end(log);
}

/* "loss 0.31  accuracy 0.9  validation.loss 0.35  12.3 k samples/s" */
static void show_epoch(nnrt_training *t)
{
    char text[256], rate[32];
    const double *row = t->row;
    size_t at = 0;
    if (t->progress.quiet)
        return;

    for (size_t i = COLUMN_LOSS; i < t->columns.count && at < sizeof text - 1; i++) {
        const char *name = t->columns.name[i];
        bool train = !strncmp(name, "train.", 6);
        if ((int)i == t->columns.penalty && row[i] == 0)
            continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.4g", at ? "  " : "",
                               train ? name + 6 : name, row[i]);
    }
    nnrt_scaled_text(row[COLUMN_RATE], rate, sizeof rate);
    if (at < sizeof text - 1)
        snprintf(text + at, sizeof text - at, "  %s samples/s", rate);
    nnrt_progress_epoch(&t->progress, t->step, t->epoch, text);
}

void nnrt_training_report_epoch(nnrt_training *t)
{
    log_epoch(t);
    show_epoch(t);
}

/* ---- its end ---- */
void nnrt_training_report_end(const nnrt_training *t, const json_t *result)
{
    nnrt_log *log = t->session->log;
    const char *key;
    json_t *value;
    nnrt_log_begin(log, "end");
    nnrt_log_text(log, "model", t->model_name);
    nnrt_log_text(log, "data", t->data_name);
    json_object_foreach ((json_t *)result, key, value) {
        nnrt_log_json(log, key, value);
    }
    nnrt_log_end(log);
    nnrt_log_flush(log);
}
