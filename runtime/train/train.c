/* train.c: `train`: setting up, the loop over chunks of steps, the end.
 *
 * The unit runs many steps a call, in one parallel region; between calls the runtime looks whether
 * it is to stop and shows how far it is. A chunk never crosses an epoch's end, where a new order is
 * drawn and everything of train_epoch.c happens. */
#include "train/train.h"
#include "train/checkpoint.h"
#include "base/base.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int column(nnrt_columns *columns, const char *name, bool whole)
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

static void add_metric(nnrt_training *training, nnrt_metric metric)
{
    char *text = training->columns.text[training->metric_count];
    snprintf(text, sizeof training->columns.text[0], "validation.%s", metric.name);
    if (find_column(&training->columns, text) >= 0 ||
        training->metric_count == NNRT_VALIDATION_METRICS) {
        return;
    }
    training->metric[training->metric_count++] = metric;
    column(&training->columns, text, false);
}

static bool read_metrics(nnrt_training *training, const json_t *declared, nnrt_error *e)
{
    nnrt_metric metric;
    size_t i;
    json_t *item;
    if (json_is_object(declared)) {
        if (!nnrt_metric_read(declared, training->data, &metric, e))
            return false;
        if (nnrt_metric_is_number(&metric))
            add_metric(training, metric);
        else
            training->confusion = true;
    }
    json_array_foreach (declared, i, item) {
        if (!read_metrics(training, item, e))
            return false;
    }
    return true;
}

static bool set_up_columns(nnrt_training *training, nnrt_error *e)
{
    static const char *const fixed[] = { "epoch",     "step", "lr", "seconds", "samples_per_second",
                                         "train.loss" };
    const json_t *action = training->program->action, *metrics = json_object_get(action, "metrics");
    for (int i = 0; i <= COLUMN_LOSS; i++)
        column(&training->columns, fixed[i], i <= COLUMN_STEP);
    training->accuracy_column =
        training->data->classify ? column(&training->columns, "train.accuracy", false) : -1;
    training->penalty_column = column(&training->columns, "penalty", false);
    training->validation_column = -1;
    if (!training->eval_unit)
        return true;
    training->validation_column = column(&training->columns, "validation.loss", false);
    if (training->data->classify)
        add_metric(training, (nnrt_metric){ "accuracy", 1 });
    return read_metrics(
        training, json_array_size(metrics) ? metrics : json_object_get(action, "task_metrics"), e);
}

/* The column that a rule watches: "validation.loss", "train.accuracy", "loss" (of training). */
static bool find_monitor(nnrt_training *training, const json_t *rule, int *monitor, bool *rises,
                         nnrt_error *e)
{
    const char *name = json_string_value(json_object_get(rule, "monitor"));
    char whole[64];
    if (!name)
        name = "validation.loss";
    snprintf(whole, sizeof whole, "%s%s", strchr(name, '.') ? "" : "train.", name);
    const char *metric = strchr(whole, '.') + 1;
    *rises = nnrt_metric_rises(metric);
    *monitor = find_column(&training->columns, whole);
    if (*monitor < 0 && training->eval_unit && !strncmp(whole, "validation.", 11)) {
        json_t *declared = json_pack("{s:s, s:i}", "name", metric, "k", 1);
        bool known = read_metrics(training, declared, e);
        json_decref(declared);
        if (!known)
            return false;
        *monitor = find_column(&training->columns, whole);
    }
    if (*monitor >= 0)
        return true;
    return nnrt_fail(e, NNRT_SCRIPT, "no-part", "'%s' can't be watched: data '%s' has no %s", name,
                     training->data_name, training->eval_unit ? "such measure" : "validation part");
}

static double number_in(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

static bool set_up_rules(nnrt_training *training, nnrt_error *e)
{
    const json_t *action = training->program->action, *plateau = json_object_get(action, "plateau"),
                 *stop = json_object_get(action, "stop");
    const json_t *average = json_object_get(action, "average"),
                 *checkpoint = json_object_get(action, "checkpoint");
    const char *kind = json_string_value(json_object_get(average, "kind")),
               *to = json_string_value(json_object_get(checkpoint, "to"));
    const char *keep = json_string_value(json_object_get(checkpoint, "keep"));
    training->plateau.monitor = training->early.monitor = -1;
    if (json_is_object(plateau)) {
        nnrt_plateau *p = &training->plateau;
        if (!find_monitor(training, plateau, &p->monitor, &p->rises, e))
            return false;
        p->factor = number_in(plateau, "factor", 0.5);
        p->patience = (int64_t)number_in(plateau, "patience", 5);
        p->threshold = number_in(plateau, "threshold", 1e-4);
        p->min_lr = number_in(plateau, "min_lr", 0);
        p->best = p->rises ? -INFINITY : INFINITY;
    }
    if (json_is_object(stop)) {
        nnrt_early *s = &training->early;
        if (!find_monitor(training, stop, &s->monitor, &s->rises, e))
            return false;
        s->patience = (int64_t)number_in(stop, "patience", 5);
        s->min_delta = number_in(stop, "min_delta", 0);
        s->restore = !json_is_false(json_object_get(stop, "restore"));
        s->best = s->rises ? -INFINITY : INFINITY;
    }
    if (kind)
        training->averaging = !strcmp(kind, "ema") ? NNRT_AVERAGE_EMA : NNRT_AVERAGE_SWA;
    training->swa_start = (int64_t)number_in(average, "start", 1);
    training->checkpoint_best = INFINITY;
    if (to && !training->session->options.dry_run && !training->within) {
        training->checkpoint_every = (int64_t)number_in(checkpoint, "epochs", 1);
        if (training->checkpoint_every < 1)
            training->checkpoint_every = 1;
        training->checkpoint_path = nnrt_program_path(training->program, to);
        training->checkpoint_keep = !keep || !strcmp(keep, "last") ? KEEP_LAST
                                    : !strcmp(keep, "best")        ? KEEP_BEST
                                                                   : KEEP_ALL;
        if (!training->checkpoint_path)
            return nnrt_no_memory(e);
    }
    return true;
}

static bool set_up(nnrt_training *training, nnrt_error *e)
{
    nnrt_program *program = training->program;
    const nnrt_within *within = training->within;
    const nnrt_data *data;
    if (!(training->model = nnrt_program_model(program, training->model_name, e)))
        return false;
    training->data = data =
        within && within->data ? within->data : nnrt_program_data(program, training->data_name, e);
    if (!data)
        return false;
    if (!nnrt_model_draw(training->model, training->seed, e))
        return false;
    const char *teacher = nnrt_action_text(program, "teacher");
    nnrt_model *taught_by = teacher ? nnrt_program_model(program, teacher, e) : NULL;
    if (teacher && (!taught_by || !nnrt_model_draw(taught_by, training->seed, e)))
        return false;
    if (!(training->unit = nnrt_program_instance(program, nnrt_action_text(program, "unit"),
                                                 &training->compile_seconds, e))) {
        return false;
    }
    nnrt_instance_reset(training->unit);
    if (data->part[NNRT_VALIDATION].count && nnrt_action_text(program, "eval_unit")) {
        training->eval_unit = nnrt_program_instance(program, nnrt_action_text(program, "eval_unit"),
                                                    &training->compile_seconds, e);
        if (!training->eval_unit)
            return false;
        training->out = nnrt_tensor_new((size_t)data->part[NNRT_VALIDATION].count *
                                        (size_t)training->model->output_size);
        if (!training->out)
            return nnrt_no_memory(e);
    }
    training->samples =
        within && within->sample ? within->sample_count : data->part[NNRT_TRAIN].count;
    if (training->samples < 1) {
        return nnrt_fail(e, NNRT_FILES, "no-part", "data '%s' has no samples to train on",
                         training->data_name);
    }
    training->batch = training->unit->batch;
    training->per_epoch = (training->samples + training->batch - 1) / training->batch;
    double epochs = nnrt_action_number(program, "epochs", 10),
           steps = nnrt_action_number(program, "steps", 0);
    if (within && within->share > 0) {
        epochs = fmax(1, round(epochs * within->share));
        if (steps >= 1)
            steps = fmax(1, round(steps * within->share));
    }
    training->steps = steps >= 1 ? (int64_t)fmin(steps, 9e18)
                                 : (int64_t)fmin(epochs * (double)training->per_epoch, 9e18);
    training->epochs = (training->steps + training->per_epoch - 1) / training->per_epoch;
    training->base_lr = training->lr = nnrt_action_number(program, "lr", 0);
    nnrt_mix mix = { nnrt_action_number(program, "mixup", 0),
                     nnrt_action_number(program, "cutmix", 0) };
    if (!nnrt_feed_new(data, mix, training->batch, training->session->team.threads, training->seed,
                       &training->feed, e)) {
        return false;
    }
    if ((data->shuffle || (within && within->sample)) &&
        !(training->order = malloc((size_t)training->samples * sizeof *training->order))) {
        return nnrt_no_memory(e);
    }
    training->order_epoch = -1;
    if (!set_up_columns(training, e) || !set_up_rules(training, e))
        return false;
    if (within && within->watch) {
        json_t *rule = json_pack("{s:s}", "monitor", within->watch);
        int monitor;
        bool rises, found = find_monitor(training, rule, &monitor, &rises, e);
        json_decref(rule);
        if (!found)
            return false;
    }
    if (!training->result_name && !(within && within->recipe))
        return true;
    training->history =
        nnrt_history_new(training->columns.count, training->columns.name, training->columns.whole);
    return training->history || nnrt_no_memory(e);
}

static void clear(nnrt_training *training)
{
    for (size_t i = 0; training->model && i < training->model->count; i++) {
        if (training->best)
            free(training->best[i]);
        if (training->swa)
            free(training->swa[i]);
    }
    free(training->best);
    free(training->swa);
    free(training->order);
    nnrt_feed_free(training->feed);
    free(training->out);
    free(training->checkpoint_path);
    nnrt_history_free(training->history);
    json_decref(training->confusion_now);
    json_decref(training->confusion_best);
}

static void log_start(const nnrt_training *training)
{
    nnrt_log *log = training->session->log;
    const nnrt_options *options = &training->session->options;
    int64_t arena = training->unit->arena_bytes;
    nnrt_log_begin(log, "start");
    nnrt_log_text(log, "model", training->model_name);
    nnrt_log_text(log, "data", training->data_name);
    nnrt_log_whole(log, "parameters", training->model->parameters);
    nnrt_log_whole(log, "arena_bytes", arena);
    nnrt_log_number(log, "compile_seconds", training->compile_seconds);
    nnrt_log_whole(log, "threads", training->session->team.threads);
    nnrt_log_whole(log, "seed", (int64_t)training->seed);
    nnrt_log_text(log, "cpu", options->cpu ? options->cpu : "unknown");
    nnrt_log_whole(log, "samples", training->samples);
    nnrt_log_whole(log, "batch", training->batch);
    nnrt_log_whole(log, "epochs", training->epochs);
    nnrt_log_whole(log, "steps", training->steps);
    if (nnrt_action_text(training->program, "optimizer"))
        nnrt_log_text(log, "optimizer", nnrt_action_text(training->program, "optimizer"));
    if (nnrt_action_text(training->program, "loss"))
        nnrt_log_text(log, "loss", nnrt_action_text(training->program, "loss"));
    if (training->step)
        nnrt_log_whole(log, "resumed_at_step", training->step);
    nnrt_log_end(log);
    nnrt_log_flush(log);
}

static void begin_progress(nnrt_training *training)
{
    char title[160], memory[32];
    nnrt_scaled_text((double)training->unit->arena_bytes, true, memory, sizeof memory);
    snprintf(title, sizeof title,
             "train %s on %s: %lld parameters, %lld samples in batches of %lld, %d thread%s, %sB "
             "of working memory",
             training->model_name, training->data_name, (long long)training->model->parameters,
             (long long)training->samples, (long long)training->batch, training->session->team.threads,
             training->session->team.threads == 1 ? "" : "s", memory);
    nnrt_progress_begin(&training->progress, training->session->options.quiet || training->within,
                        title, training->step, training->steps, training->epochs);
}

/* The order of an epoch follows from the seeds and its number alone, so a resumed epoch has the one
 * it began with. */
static void draw_order(nnrt_training *training, int64_t epoch)
{
    if (!training->order || training->order_epoch == epoch)
        return;
    uint64_t seed = training->seed ^ training->data->seed * UINT64_C(0x9E3779B97F4A7C15);
    nnrt_random random =
        nnrt_random_new(seed, NNRT_DRAW_ORDER, (uint32_t)epoch, (uint32_t)((uint64_t)epoch >> 32));
    const uint32_t *sample = training->within ? training->within->sample : NULL;
    for (int64_t i = 0; i < training->samples; i++)
        training->order[i] = sample ? sample[i] : (uint32_t)i;
    if (training->data->shuffle)
        nnrt_shuffle(&random, training->order, (size_t)training->samples);
    training->order_epoch = epoch;
}

static nnrt_call call_of(nnrt_training *training, nnrt_instance *instance)
{
    nnrt_call call = nnrt_instance_call(training->program, instance, training->seed);
    call.x = training->data->part[NNRT_TRAIN].x;
    call.y = training->data->part[NNRT_TRAIN].y;
    call.order = training->order;
    return call;
}

/* Interrupted: what was done is kept where a checkpoint is asked for. A best or numbered checkpoint
 * is not written over. */
static bool stop_here(nnrt_training *training, nnrt_error *e)
{
    char where[64];
    snprintf(where, sizeof where, "interrupted at step %lld (epoch %lld)",
             (long long)training->step, (long long)(training->step / training->per_epoch + 1));
    nnrt_progress_end(&training->progress, training->step, training->epoch);
    if (!training->checkpoint_path)
        return nnrt_fail(e, NNRT_INTERRUPTED, "interrupted", "%s", where);
    const char *path = training->checkpoint_path, *slash = strrchr(path, '/'),
               *dot = strrchr(path, '.');
    size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);
    char *beside = NULL;
    if (asprintf(&beside, "%.*s%s%s", (int)stem, path,
                 training->checkpoint_keep == KEEP_LAST ? "" : ".interrupted", path + stem) < 0) {
        return nnrt_no_memory(e);
    }
    if (nnrt_checkpoint_write(training, beside, e)) {
        nnrt_fail(e, NNRT_INTERRUPTED, "interrupted", "%s; the checkpoint '%s' holds what was done",
                  where, beside);
        snprintf(e->help, sizeof e->help, "go on with --resume %.400s", beside);
    }
    free(beside);
    return false;
}

static bool train_steps(nnrt_training *training, nnrt_error *e)
{
    int64_t last = training->session->options.dry_run && training->steps > 2 ? 2 : training->steps,
            chunk = 1;
    nnrt_call call = call_of(training, training->unit);
    call.metric = training->metric_sum;
    while (training->step < last && !training->done) {
        int64_t epoch = training->step / training->per_epoch,
                within = training->step % training->per_epoch;
        if (within == 0) {
            memset(training->metric_sum, 0, sizeof training->metric_sum);
            training->epoch_spent = 0;
        }
        draw_order(training, epoch);
        if (chunk > training->per_epoch - within)
            chunk = training->per_epoch - within;
        if (chunk > last - training->step)
            chunk = last - training->step;
        if (training->feed && chunk > nnrt_feed_batches(training->feed))
            chunk = nnrt_feed_batches(training->feed);
        call.first = within * training->batch;
        call.last = within + chunk == training->per_epoch ? training->samples
                                                          : (within + chunk) * training->batch;
        call.step = training->step;
        nnrt_set_hypers(training->unit, training->lr, training->steps, epoch, training->epochs,
                        training->per_epoch);
        double began = nnrt_seconds();
        if (training->feed)
            nnrt_feed_prepare(training->feed, &call, training->order, epoch);
        nnrt_launch(training->unit, &call);
        double spent = nnrt_seconds() - began;
        if (call.halt)
            return nnrt_training_diverged(training, call.halt_step, e);
        training->epoch_spent += spent;
        training->step += chunk;
        nnrt_progress_step(&training->progress, training->step, epoch);
        if (training->step % training->per_epoch == 0 || training->step == last) {
            training->epoch = epoch + 1;
            if (!nnrt_training_epoch_end(training, e))
                return false;
        }
        if (nnrt_stop_asked())
            return stop_here(training, e);
        /* About 50 ms a chunk: often enough to be stopped, seldom enough to cost nothing. */
        double wanted = (double)chunk * 0.05 / fmax(spent, 1e-6);
        chunk = (int64_t)fmax(1, fmin(wanted, 64.0 * (double)chunk));
    }
    training->done = true;
    return true;
}

/* The weights that count are the best, the averaged or the last ones. */
static void keep_weights(nnrt_training *training)
{
    bool averaged = nnrt_training_averaged(training);
    for (size_t i = 0; i < training->model->count; i++) {
        nnrt_weight *weight = training->model->weight[i];
        const float *kept = training->best ? training->best[i]
                            : averaged     ? nnrt_training_kept(training, i)
                                           : weight->values;
        if (kept != weight->values)
            memcpy(weight->values, kept, weight->layout.packed * sizeof *kept);
    }
}

/* The evaluation may have read averaged weights; from now on it reads the model's again. */
static void tables_back(nnrt_instance *instance)
{
    for (size_t i = 0; instance && i < instance->count; i++)
        if (instance->slot[i].weight)
            instance->table[i] = instance->slot[i].weight->values;
}

static json_t *result_of(const nnrt_training *training, double seconds)
{
    const nnrt_columns *columns = &training->columns;
    const double *row = training->best ? training->best_row : training->row;
    const json_t *confusion = training->best ? training->confusion_best : training->confusion_now;
    json_t *result = json_object();
    nnrt_put_number(result, "loss", row[COLUMN_LOSS], false);
    if (training->accuracy_column >= 0)
        nnrt_put_number(result, "accuracy", row[training->accuracy_column], false);
    for (size_t i = COLUMN_LOSS; i < columns->count; i++)
        nnrt_put_number(result, columns->name[i], row[i], columns->whole[i]);
    if (confusion)
        json_object_set(json_object_get(result, "validation"), "confusion", (json_t *)confusion);
    nnrt_put_number(result, "lr", training->row[COLUMN_LR], false);
    nnrt_put_number(result, "epochs", (double)training->epoch, true);
    nnrt_put_number(result, "steps", (double)training->step, true);
    nnrt_put_number(result, "seconds", seconds, false);
    json_object_set_new(result, "stopped", json_boolean(training->stopped));
    nnrt_put_number(result, "best_epoch",
                    training->early.monitor >= 0 ? (double)training->early.best_epoch
                                                 : (double)training->epoch,
                    true);
    return result;
}

static void log_end(const nnrt_training *training, const json_t *result)
{
    nnrt_log *log = training->session->log;
    const char *key;
    json_t *value;
    nnrt_log_begin(log, "end");
    nnrt_log_text(log, "model", training->model_name);
    nnrt_log_text(log, "data", training->data_name);
    json_object_foreach ((json_t *)result, key, value) {
        nnrt_log_json(log, key, value);
    }
    nnrt_log_end(log);
    nnrt_log_flush(log);
}

/* The result; NULL: e says why. */
static json_t *finish(nnrt_training *training, nnrt_error *e)
{
    double seconds = training->seconds + nnrt_seconds() - training->began;
    const char *bad = nnrt_training_bad_weight(training);
    if (bad && !training->best) {
        nnrt_training_diverged(training, training->step - 1, e);
        return NULL;
    }
    nnrt_progress_end(&training->progress, training->step, training->epoch);
    if (training->stopped) {
        char note[96];
        snprintf(note, sizeof note, "stopped early: the best was epoch %lld",
                 (long long)training->early.best_epoch);
        nnrt_progress_note(&training->progress, note);
    }
    keep_weights(training);
    tables_back(training->eval_unit);
    json_t *result = result_of(training, seconds);
    if ((!training->result_name && !training->within) ||
        nnrt_training_measure_samples(training, result, e)) {
        return result;
    }
    json_decref(result);
    return NULL;
}

/* From the first step to the result. */
static json_t *carry_out(nnrt_training *training, nnrt_error *e)
{
    nnrt_program *program = training->program;
    bool well = set_up(training, e), resumes = program->resume && !training->within;
    training->began = nnrt_seconds();
    if (well && resumes) {
        well = nnrt_resume_training(program->resume, training, e);
        nnrt_resume_free(program->resume);
        program->resume = NULL;
    }
    json_t *result = NULL;
    if (well) {
        if (!training->within)
            log_start(training);
        begin_progress(training);
        if (nnrt_log_sound(program->session->log, e) && train_steps(training, e))
            result = finish(training, e);
        if (!result)
            nnrt_progress_end(&training->progress, training->step, training->epoch);
    }
    tables_back(training->eval_unit);
    return result;
}

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
    nnrt_training training = training_of(program);
    training.result_name = nnrt_action_text(program, "as");
    json_t *result = carry_out(&training, e);
    if (result)
        log_end(&training, result);
    nnrt_history *history = training.history;
    if (result)
        training.history = NULL;
    bool well = result && nnrt_result_set(&program->session->results, training.result_name, result, history,
                                          "history", e);
    nnrt_result_note(&program->session->results, well ? training.result_name : NULL,
                     training.data ? nnrt_class_notes(training.data) : NULL);
    clear(&training);
    return well;
}

json_t *nnrt_train_within(nnrt_program *program, const nnrt_within *within, nnrt_error *e)
{
    nnrt_training training = training_of(program);
    training.within = within;
    training.seed = within->seed;
    json_t *result = carry_out(&training, e);
    if (result && training.history)
        json_object_set_new(result, "history", nnrt_history_records(training.history));
    clear(&training);
    return result;
}
