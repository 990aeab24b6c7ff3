/* train_measure.c: the numbers of an epoch: which there are, and taking them. */
#include "train/training.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- columns ---- */
static int add_column(nnrt_columns *columns, const char *name, bool whole)
{
    columns->name[columns->count] = name;
    columns->whole[columns->count] = whole;
    return (int)columns->count++;
}

static int find_column(const nnrt_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (!strcmp(columns->name[i], name))
            return (int)i;
    return -1;
}

static void add_metric(nnrt_training *t, nnrt_metric metric)
{
    char *text = t->columns.text[t->metric_count];
    snprintf(text, sizeof t->columns.text[0], "validation.%s", metric.name);
    if (find_column(&t->columns, text) >= 0 || t->metric_count == NNRT_VALIDATION_METRICS)
        return;
    t->metric[t->metric_count++] = metric;
    add_column(&t->columns, text, false);
}

/* declared: a metric, or a list of them */
static bool add_metrics(nnrt_training *t, const json_t *declared, nnrt_error *e)
{
    nnrt_metric metric;
    size_t i;
    json_t *item;
    if (json_is_object(declared)) {
        if (!nnrt_metric_read(declared, t->data, &metric, e))
            return false;
        if (nnrt_metric_is_number(&metric))
            add_metric(t, metric);
        else
            t->confusion = true;
    }
    json_array_foreach (declared, i, item) {
        if (!add_metrics(t, item, e))
            return false;
    }
    return true;
}

static bool has_accuracy(const nnrt_data *data)
{
    return data->classify || data->multilabel;
}

bool nnrt_training_set_up_columns(nnrt_training *t, nnrt_error *e)
{
    static const char *const fixed[] = { "epoch",     "step", "lr", "seconds", "samples_per_second",
                                         "train.loss" };
    const json_t *action = t->program->action, *metrics = json_object_get(action, "metrics");
    nnrt_columns *columns = &t->columns;
    for (int i = 0; i <= COLUMN_LOSS; i++)
        add_column(columns, fixed[i], i <= COLUMN_STEP);
    columns->accuracy = has_accuracy(t->data) ? add_column(columns, "train.accuracy", false) : -1;
    columns->penalty = add_column(columns, "penalty", false);
    columns->validation_loss = -1;
    if (!t->eval_unit)
        return true;

    columns->validation_loss = add_column(columns, "validation.loss", false);
    if (has_accuracy(t->data))
        add_metric(t, (nnrt_metric){ "accuracy", 1 });
    if (!json_array_size(metrics))
        metrics = json_object_get(action, "task_metrics");
    return add_metrics(t, metrics, e);
}

bool nnrt_training_find_monitor(nnrt_training *t, const char *name, int *monitor, bool *rises,
                                nnrt_error *e)
{
    char whole[64];
    snprintf(whole, sizeof whole, "%s%s", strchr(name, '.') ? "" : "train.", name);
    const char *metric = strchr(whole, '.') + 1;
    *rises = nnrt_metric_rises(metric);
    *monitor = find_column(&t->columns, whole);

    if (*monitor < 0 && t->eval_unit && !strncmp(whole, "validation.", 11)) {
        json_t *declared = json_pack("{s:s, s:i}", "name", metric, "k", 1);
        bool ok = add_metrics(t, declared, e);
        json_decref(declared);
        if (!ok)
            return false;
        *monitor = find_column(&t->columns, whole);
    }
    if (*monitor >= 0)
        return true;
    return nnrt_fail(e, NNRT_SCRIPT, "no-part", "'%s' can't be watched: data '%s' has no %s", name,
                     t->data_name, t->eval_unit ? "such measure" : "validation part");
}

/* ---- an epoch ---- */
static bool validate(nnrt_training *t, nnrt_error *e)
{
    const nnrt_part *part = &t->data->part[NNRT_VALIDATION];
    int64_t count = part->count,
            limit = t->session->options.dry_run ? 2 * t->eval_unit->batch : count;
    if (count > limit)
        count = limit;

    nnrt_training_evaluate_averaged(t);
    nnrt_call call = nnrt_instance_call(t->program, t->eval_unit, t->seed);
    if (!nnrt_call_of_part(&call, t->eval_unit, t->data, part, e))
        return false;
    call.out = t->out;
    nnrt_launch_batches(t->eval_unit, &call, 0, count, false);

    nnrt_sample_set set = nnrt_samples_of(t->data, t->model, count, t->out, part->y);
    double *row = t->row + t->columns.validation_loss;
    *row++ = call.halt ? NAN : nnrt_mean_loss(t->eval_unit, call.metric, count);
    for (size_t i = 0; i < t->metric_count; i++)
        if (!nnrt_metric_compute(&t->metric[i], &set, row++, e))
            return false;

    if (t->confusion) {
        json_decref(t->confusion_now);
        t->confusion_now = nnrt_confusion(&set);
    }
    return true;
}

bool nnrt_training_measure(nnrt_training *t, nnrt_error *e)
{
    const nnrt_columns *columns = &t->columns;
    const double *sum = t->metric_sum;
    double *row = t->row;
    /* The last epoch may be cut short by `steps`. */
    int64_t steps = t->step - (t->epoch - 1) * t->per_epoch;
    int64_t seen = steps == t->per_epoch ? t->samples : steps * t->batch;

    row[COLUMN_EPOCH] = (double)t->epoch;
    row[COLUMN_STEP] = (double)t->step;
    row[COLUMN_LR] = sum[NNRT_METRIC_LR];
    row[COLUMN_RATE] = t->epoch_spent > 0 ? (double)seen / t->epoch_spent : 0;
    row[COLUMN_LOSS] = nnrt_mean_loss(t->unit, sum, seen);
    row[columns->penalty] = sum[NNRT_METRIC_PENALTY] / (double)seen;
    if (columns->accuracy >= 0)
        row[columns->accuracy] = sum[NNRT_METRIC_HITS] / (double)(seen * t->data->target_size);

    double began = nnrt_seconds();
    if (t->eval_unit && !validate(t, e))
        return false;
    row[COLUMN_SECONDS] = t->epoch_spent + nnrt_seconds() - began;
    return true;
}

/* ---- the end ---- */
/* The action's metrics that an epoch does not count over the training part: all but hits. */
static bool read_metrics(const nnrt_training *t, nnrt_metric *metric, size_t *count, nnrt_error *e)
{
    const json_t *declared = json_object_get(t->program->action, "metrics");
    *count = 0;
    for (size_t i = 0; i < json_array_size(declared) && *count < NNRT_VALIDATION_METRICS; i++) {
        nnrt_metric *next = &metric[*count];
        if (!nnrt_metric_read(json_array_get(declared, i), t->data, next, e))
            return false;
        if (nnrt_metric_is_number(next) && strcmp(next->name, "accuracy"))
            ++*count;
    }
    return true;
}

bool nnrt_training_measure_samples(nnrt_training *t, json_t *result, nnrt_error *e)
{
    const nnrt_part *part = &t->data->part[NNRT_TRAIN];
    const char *name = nnrt_action_text(t->program, "eval_unit");
    nnrt_metric metric[NNRT_VALIDATION_METRICS];
    size_t count;
    if (!read_metrics(t, metric, &count, e))
        return false;
    nnrt_instance *unit = count && name ? nnrt_program_instance(t->program, name, NULL, e) : NULL;
    if (!unit)
        return !e->status;

    int64_t samples = part->count;
    if (t->session->options.dry_run && samples > 2 * unit->batch)
        samples = 2 * unit->batch;
    float *out = nnrt_tensor_new((size_t)samples * (size_t)t->model->output_size);
    if (!out)
        return nnrt_no_memory(e);
    nnrt_call call = nnrt_instance_call(t->program, unit, t->seed);
    bool ok = nnrt_call_of_part(&call, unit, t->data, part, e);
    call.out = out;
    ok = ok && (nnrt_launch_batches(unit, &call, 0, samples, true) || nnrt_interrupted(e));

    nnrt_sample_set set = nnrt_samples_of(t->data, t->model, samples, out, part->y);
    for (size_t i = 0; ok && i < count; i++) {
        double value;
        ok = nnrt_metric_compute(&metric[i], &set, &value, e);
        if (!ok)
            break;
        nnrt_put_number(result, metric[i].name, value, false);
        nnrt_put_number(json_object_get(result, "train"), metric[i].name, value, false);
    }
    free(out);
    return ok;
}
