/* train_epoch.c: an epoch's end: averaging, validation, plateau, early stopping, history, log,
 * checkpoint, in this order. */
#include "train/checkpoint.h"
#include "train/train.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- averaged weights ---- */
bool nnrt_training_averaged(const nnrt_training *training)
{
    return training->averaging == NNRT_AVERAGE_EMA
               ? training->step > 0
               : training->averaging == NNRT_AVERAGE_SWA && training->swa_count > 0;
}

float *nnrt_training_kept(const nnrt_training *training, size_t i)
{
    const nnrt_weight *weight = training->model->weight[i];
    if (!nnrt_training_averaged(training))
        return weight->values;
    if (training->averaging == NNRT_AVERAGE_SWA)
        return weight->buffer ? weight->values : training->swa[i];
    char state[512];
    snprintf(state, sizeof state, "average.%s", training->model->weight_name[i]);
    float *average = nnrt_instance_values(training->unit, NNRT_STATE, state);
    return average ? average : weight->values;
}

float **nnrt_training_copies(const nnrt_training *training, nnrt_error *e)
{
    size_t count = training->model->count;
    float **copies = calloc(count + 1, sizeof *copies);
    bool whole = copies != NULL;
    for (size_t i = 0; whole && i < count; i++)
        whole = (copies[i] = nnrt_tensor_new(training->model->weight[i]->layout.packed)) != NULL;
    if (whole)
        return copies;
    for (size_t i = 0; copies && i < count; i++)
        free(copies[i]);
    free(copies);
    nnrt_no_memory(e);
    return NULL;
}

/* Averaging Weights Leads to Wider Optima and Better Generalization (Izmailov and others, 2018):
 * the running mean, as PyTorch's AveragedModel. */
static bool average_epoch(nnrt_training *training, nnrt_error *e)
{
    if (training->averaging != NNRT_AVERAGE_SWA || training->epoch < training->swa_start)
        return true;
    if (!training->swa && !(training->swa = nnrt_training_copies(training, e)))
        return false;
    float share = 1.0f / (float)(training->swa_count + 1);
    for (size_t i = 0; i < training->model->count; i++) {
        const nnrt_weight *weight = training->model->weight[i];
        float *mean = training->swa[i];
        for (size_t k = 0; k < weight->layout.packed; k++) {
            mean[k] = training->swa_count ? mean[k] + (weight->values[k] - mean[k]) * share
                                          : weight->values[k];
        }
    }
    training->swa_count++;
    return true;
}

/* Evaluation reads the averaged weights from when there are any; they stay where they are. */
static void point_at_kept(nnrt_training *training)
{
    nnrt_instance *unit = training->eval_unit;
    if (training->pointed || !nnrt_training_averaged(training))
        return;
    training->pointed = true;
    for (size_t i = 0; i < training->model->count; i++) {
        float *kept = nnrt_training_kept(training, i);
        for (size_t k = 0; k < unit->count; k++)
            if (unit->slot[k].weight == training->model->weight[i])
                unit->table[k] = kept;
    }
}

/* ---- measuring ---- */
static bool validate(nnrt_training *training, nnrt_error *e)
{
    const nnrt_part *part = &training->data->part[NNRT_VALIDATION];
    int64_t count = part->count,
            limit = training->session->options.dry_run ? 2 * training->eval_unit->batch : count;
    if (count > limit)
        count = limit;
    point_at_kept(training);
    nnrt_call call = nnrt_instance_call(training->program, training->eval_unit, training->seed);
    call.x = part->x;
    call.y = part->y;
    call.out = training->out;
    nnrt_launch_batches(training->eval_unit, &call, 0, count, false);
    nnrt_sample_set set =
        nnrt_samples_of(training->data, training->model, count, training->out, part->y);
    double *row = training->row + training->validation_column;
    *row++ = call.halt ? NAN : call.metric[NNRT_METRIC_LOSS] / (double)count;
    for (size_t i = 0; i < training->metric_count; i++)
        if (!nnrt_metric_compute(&training->metric[i], &set, row++, e))
            return false;
    if (!training->confusion)
        return true;
    json_decref(training->confusion_now);
    training->confusion_now = nnrt_confusion(&set);
    return true;
}

/* Epochs count hits alone over the training part; what else the metrics ask of it is measured once,
 * of the weights that are kept. */
bool nnrt_training_measure_samples(nnrt_training *training, json_t *result, nnrt_error *e)
{
    const json_t *metrics = json_object_get(training->program->action, "metrics");
    const nnrt_part *part = &training->data->part[NNRT_TRAIN];
    const char *name = nnrt_action_text(training->program, "eval_unit");
    nnrt_metric wanted[NNRT_VALIDATION_METRICS];
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(metrics) && count < NNRT_VALIDATION_METRICS; i++) {
        if (!nnrt_metric_read(json_array_get(metrics, i), training->data, &wanted[count], e))
            return false;
        if (nnrt_metric_is_number(&wanted[count]) && strcmp(wanted[count].name, "accuracy"))
            count++;
    }
    nnrt_instance *unit =
        count && name ? nnrt_program_instance(training->program, name, NULL, e) : NULL;
    if (!unit)
        return !e->status;
    int64_t samples = part->count;
    if (training->session->options.dry_run && samples > 2 * unit->batch)
        samples = 2 * unit->batch;
    float *out = nnrt_tensor_new((size_t)samples * (size_t)training->model->output_size);
    if (!out)
        return nnrt_no_memory(e);
    nnrt_call call = nnrt_instance_call(training->program, unit, training->seed);
    call.x = part->x;
    call.y = part->y;
    call.out = out;
    bool well = nnrt_launch_batches(unit, &call, 0, samples, true) || nnrt_interrupted(e);
    nnrt_sample_set set = nnrt_samples_of(training->data, training->model, samples, out, part->y);
    for (size_t i = 0; well && i < count; i++) {
        double value;
        well = nnrt_metric_compute(&wanted[i], &set, &value, e);
        if (!well)
            break;
        nnrt_put_number(result, wanted[i].name, value, false);
        nnrt_put_number(json_object_get(result, "train"), wanted[i].name, value, false);
    }
    free(out);
    return well;
}

static bool measure(nnrt_training *training, nnrt_error *e)
{
    int64_t within = training->step - (training->epoch - 1) * training->per_epoch;
    int64_t seen = within == training->per_epoch ? training->samples : within * training->batch;
    const double *sum = training->metric_sum;
    double *row = training->row;
    row[COLUMN_EPOCH] = (double)training->epoch;
    row[COLUMN_STEP] = (double)training->step;
    row[COLUMN_LR] = sum[NNRT_METRIC_LR];
    row[COLUMN_RATE] = training->epoch_spent > 0 ? (double)seen / training->epoch_spent : 0;
    row[COLUMN_LOSS] = sum[NNRT_METRIC_LOSS] / (double)seen;
    row[training->penalty_column] = sum[NNRT_METRIC_PENALTY] / (double)seen;
    if (training->accuracy_column >= 0) {
        row[training->accuracy_column] =
            sum[NNRT_METRIC_HITS] / (double)(seen * training->data->target_size);
    }
    double began = nnrt_seconds();
    if (training->eval_unit && !validate(training, e))
        return false;
    row[COLUMN_SECONDS] = training->epoch_spent + nnrt_seconds() - began;
    return true;
}

/* ---- rules ---- */
/* ReduceLROnPlateau of PyTorch, threshold_mode = rel. */
static void apply_plateau(nnrt_training *training)
{
    nnrt_plateau *p = &training->plateau;
    if (p->monitor < 0)
        return;
    double now = training->row[p->monitor];
    bool better =
        p->rises ? now > p->best * (1 + p->threshold) : now < p->best * (1 - p->threshold);
    if (better)
        p->best = now;
    p->bad = better ? 0 : p->bad + 1;
    if (p->bad <= p->patience)
        return;
    double lower = fmax(training->lr * p->factor, p->min_lr);
    if (training->lr - lower > 1e-8)
        training->lr = lower;
    p->bad = 0;
}

static bool apply_early(nnrt_training *training, nnrt_error *e)
{
    nnrt_early *s = &training->early;
    if (s->monitor < 0)
        return true;
    double now = training->row[s->monitor];
    bool better = s->rises ? now > s->best + s->min_delta : now < s->best - s->min_delta;
    s->bad = better ? 0 : s->bad + 1;
    if (better) {
        s->best = now;
        s->best_epoch = training->epoch;
        memcpy(training->best_row, training->row, sizeof training->row);
        json_decref(training->confusion_best);
        training->confusion_best = json_incref(training->confusion_now);
        if (s->restore && !training->best && !(training->best = nnrt_training_copies(training, e)))
            return false;
        for (size_t i = 0; s->restore && i < training->model->count; i++) {
            memcpy(training->best[i], nnrt_training_kept(training, i),
                   training->model->weight[i]->layout.packed * sizeof(float));
        }
    }
    if (s->bad >= s->patience)
        training->stopped = training->done = true;
    return true;
}

/* ---- telling ---- */
static void log_fields(nnrt_log *log, const nnrt_training *training, const char *prefix)
{
    size_t length = strlen(prefix);
    for (size_t i = COLUMN_LOSS; i < training->columns.count; i++)
        if (!strncmp(training->columns.name[i], prefix, length))
            nnrt_log_number(log, training->columns.name[i] + length, training->row[i]);
}

static void log_epoch(const nnrt_training *training)
{
    nnrt_log *log = training->session->log;
    const double *row = training->row;
    const char *recipe = training->within ? training->within->recipe : NULL;
    if (!log || (training->within && !recipe))
        return;
    nnrt_log_begin(log, "epoch");
    nnrt_log_text(log, "model", training->model_name);
    nnrt_log_text(log, "data", training->data_name);
    if (recipe)
        nnrt_log_text(log, "recipe", recipe);
    nnrt_log_whole(log, "epoch", training->epoch);
    nnrt_log_whole(log, "step", training->step);
    nnrt_log_number(log, "lr", row[COLUMN_LR]);
    nnrt_log_open_object(log, "train");
    log_fields(log, training, "train.");
    nnrt_log_close_object(log);
    if (json_is_true(json_object_get(training->program->action, "penalty")) ||
        row[training->penalty_column] != 0) {
        nnrt_log_number(log, "penalty", row[training->penalty_column]);
    }
    if (training->eval_unit) {
        nnrt_log_open_object(log, "validation");
        log_fields(log, training, "validation.");
        if (training->confusion_now)
            nnrt_log_json(log, "confusion", training->confusion_now);
        nnrt_log_close_object(log);
    }
    nnrt_log_number(log, "seconds", row[COLUMN_SECONDS]);
    nnrt_log_number(log, "samples_per_second", row[COLUMN_RATE]);
    nnrt_log_end(log);
}

static void show_epoch(nnrt_training *training)
{
    char text[256];
    const double *row = training->row;
    size_t at = 0;
    if (training->progress.quiet)
        return;
    for (size_t i = COLUMN_LOSS; i < training->columns.count && at < sizeof text - 1; i++) {
        const char *name = training->columns.name[i];
        bool train = !strncmp(name, "train.", 6);
        if ((int)i == training->penalty_column && row[i] == 0)
            continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.4g", at ? "  " : "",
                               train ? name + 6 : name, row[i]);
    }
    char rate[32];
    nnrt_scaled_text(row[COLUMN_RATE], false, rate, sizeof rate);
    if (at < sizeof text - 1)
        snprintf(text + at, sizeof text - at, "  %s samples/s", rate);
    nnrt_progress_epoch(&training->progress, training->step, training->epoch, text);
}

/* "f.safetensors" and epoch 3: "f.3.safetensors". */
char *nnrt_numbered_path(const char *path, int64_t epoch)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);
    char *name = NULL;
    return asprintf(&name, "%.*s.%lld%s", (int)stem, path, (long long)epoch, path + stem) < 0
               ? NULL
               : name;
}

static bool checkpoint_if_due(nnrt_training *training, nnrt_error *e)
{
    if (!training->checkpoint_path || training->epoch % training->checkpoint_every)
        return true;
    if (training->checkpoint_keep == KEEP_BEST) {
        double now =
            training
                ->row[training->validation_column >= 0 ? training->validation_column : COLUMN_LOSS];
        if (!(now < training->checkpoint_best))
            return true;
        training->checkpoint_best = now;
    }
    if (training->checkpoint_keep != KEEP_ALL)
        return nnrt_checkpoint_write(training, training->checkpoint_path, e);
    char *path = nnrt_numbered_path(training->checkpoint_path, training->epoch);
    bool written = path ? nnrt_checkpoint_write(training, path, e) : nnrt_no_memory(e);
    free(path);
    return written;
}

bool nnrt_training_epoch_end(nnrt_training *training, nnrt_error *e)
{
    if (!average_epoch(training, e) || !measure(training, e))
        return false;
    if (training->validation_column >= 0 && !isfinite(training->row[training->validation_column]) &&
        nnrt_training_bad_weight(training)) {
        return nnrt_training_diverged(training, training->step - 1, e);
    }
    apply_plateau(training);
    if (!apply_early(training, e))
        return false;
    if (training->step >= training->steps)
        training->done = true;
    if (training->history && !nnrt_history_add(training->history, training->row))
        return nnrt_no_memory(e);
    log_epoch(training);
    show_epoch(training);
    return nnrt_log_sound(training->session->log, e) && checkpoint_if_due(training, e);
}
