/* train_rules.c: what a recipe says about a training's course: plateau, early stopping, averaging
 * and checkpoints: how it is read, and what it does at an epoch's end. */
#include "train/training.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */
static double number_in(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

/* The column that a rule watches. */
static bool find_monitor(nnrt_training *t, const json_t *rule, int *monitor, bool *rises,
                         nnrt_error *e)
{
    const char *name = json_string_value(json_object_get(rule, "monitor"));
    return nnrt_training_find_monitor(t, name ? name : "validation.loss", monitor, rises, e);
}

static bool set_up_plateau(nnrt_training *t, nnrt_error *e)
{
    const json_t *rule = json_object_get(t->program->action, "plateau");
    nnrt_plateau *plateau = &t->plateau;
    plateau->monitor = -1;
    if (!json_is_object(rule))
        return true;
    if (!find_monitor(t, rule, &plateau->monitor, &plateau->rises, e))
        return false;
    plateau->factor = number_in(rule, "factor", 0.5);
    plateau->patience = (int64_t)number_in(rule, "patience", 5);
    plateau->threshold = number_in(rule, "threshold", 1e-4);
    plateau->min_lr = number_in(rule, "min_lr", 0);
    plateau->best = plateau->rises ? -INFINITY : INFINITY;
    return true;
}

static bool set_up_early_stopping(nnrt_training *t, nnrt_error *e)
{
    const json_t *rule = json_object_get(t->program->action, "stop");
    nnrt_early *early = &t->early;
    early->monitor = -1;
    if (!json_is_object(rule))
        return true;
    if (!find_monitor(t, rule, &early->monitor, &early->rises, e))
        return false;
    early->patience = (int64_t)number_in(rule, "patience", 5);
    early->min_delta = number_in(rule, "min_delta", 0);
    early->restore = !json_is_false(json_object_get(rule, "restore"));
    early->best = early->rises ? -INFINITY : INFINITY;
    return true;
}

static void set_up_average(nnrt_training *t)
{
    const json_t *rule = json_object_get(t->program->action, "average");
    const char *kind = json_string_value(json_object_get(rule, "kind"));
    if (kind)
        t->average.kind = !strcmp(kind, "ema") ? NNRT_AVERAGE_EMA : NNRT_AVERAGE_SWA;
    t->average.start = (int64_t)number_in(rule, "start", 1);
}

static nnrt_keep keep_of(const json_t *rule)
{
    const char *keep = json_string_value(json_object_get(rule, "keep"));
    if (!keep || !strcmp(keep, "last"))
        return NNRT_KEEP_LAST;
    return !strcmp(keep, "best") ? NNRT_KEEP_BEST : NNRT_KEEP_ALL;
}

static bool set_up_checkpoints(nnrt_training *t, nnrt_error *e)
{
    const json_t *rule = json_object_get(t->program->action, "checkpoint");
    const char *to = json_string_value(json_object_get(rule, "to"));
    nnrt_checkpointing *checkpoint = &t->checkpoint;
    const char *monitor = json_string_value(json_object_get(rule, "monitor"));
    checkpoint->monitor =
        t->columns.validation_loss >= 0 ? t->columns.validation_loss : COLUMN_LOSS;
    if (monitor &&
        !nnrt_training_find_monitor(t, monitor, &checkpoint->monitor, &checkpoint->rises, e)) {
        return false;
    }
    checkpoint->best = checkpoint->rises ? -INFINITY : INFINITY;
    if (!to || t->session->options.dry_run || t->within)
        return true;
    checkpoint->every = (int64_t)number_in(rule, "epochs", 1);
    if (checkpoint->every < 1)
        checkpoint->every = 1;
    checkpoint->keep = keep_of(rule);
    checkpoint->path = nnrt_program_path(t->program, to);
    return checkpoint->path || nnrt_no_memory(e);
}

bool nnrt_training_set_up_rules(nnrt_training *t, nnrt_error *e)
{
    set_up_average(t);
    return set_up_plateau(t, e) && set_up_early_stopping(t, e) && set_up_checkpoints(t, e);
}

/* ---- at an epoch's end ---- */
/* ReduceLROnPlateau of PyTorch, threshold_mode = rel. */
void nnrt_training_apply_plateau(nnrt_training *t)
{
    nnrt_plateau *p = &t->plateau;
    if (p->monitor < 0)
        return;
    double now = t->row[p->monitor];
    bool better =
        p->rises ? now > p->best * (1 + p->threshold) : now < p->best * (1 - p->threshold);
    if (better)
        p->best = now;
    p->bad = better ? 0 : p->bad + 1;
    if (p->bad <= p->patience)
        return;
    double lower = fmax(t->lr * p->factor, p->min_lr);
    if (t->lr - lower > 1e-8)
        t->lr = lower;
    p->bad = 0;
}

static bool remember_best(nnrt_training *t, nnrt_error *e)
{
    nnrt_early *early = &t->early;
    early->best_epoch = t->epoch;
    memcpy(early->best_row, t->row, sizeof t->row);
    json_decref(early->best_confusion);
    early->best_confusion = json_incref(t->confusion_now);
    if (!early->restore)
        return true;

    if (!early->best_weights && !(early->best_weights = nnrt_training_copies_new(t, e)))
        return false;
    for (size_t i = 0; i < t->model->count; i++) {
        memcpy(early->best_weights[i], nnrt_training_effective_weight(t, i),
               t->model->weight[i]->layout.packed * sizeof(float));
    }
    return true;
}

bool nnrt_training_apply_early_stopping(nnrt_training *t, nnrt_error *e)
{
    nnrt_early *early = &t->early;
    if (early->monitor < 0)
        return true;
    double now = t->row[early->monitor];
    bool better =
        early->rises ? now > early->best + early->min_delta : now < early->best - early->min_delta;
    early->bad = better ? 0 : early->bad + 1;
    if (better) {
        early->best = now;
        if (!remember_best(t, e))
            return false;
    }
    if (early->bad >= early->patience)
        t->stopped = t->done = true;
    return true;
}

bool nnrt_training_checkpoint_if_due(nnrt_training *t, nnrt_error *e)
{
    nnrt_checkpointing *checkpoint = &t->checkpoint;
    if (!checkpoint->path || t->epoch % checkpoint->every)
        return true;

    if (checkpoint->keep == NNRT_KEEP_BEST) {
        double now = t->row[checkpoint->monitor];
        if (!(checkpoint->rises ? now > checkpoint->best : now < checkpoint->best))
            return true;
        checkpoint->best = now;
    }
    if (checkpoint->keep != NNRT_KEEP_ALL)
        return nnrt_checkpoint_write(t, checkpoint->path, e);

    char *path = nnrt_numbered_path(checkpoint->path, t->epoch);
    bool ok = path ? nnrt_checkpoint_write(t, path, e) : nnrt_no_memory(e);
    free(path);
    return ok;
}
