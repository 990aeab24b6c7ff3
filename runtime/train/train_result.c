/* train_result.c: a training's end: the weights that count, and the result that is made of it. */
#include "train/training.h"
#include <stdio.h>
#include <string.h>

/* The weights that count are the best ones, else the averaged ones, else the last. */
static void keep_weights(nnrt_training *t)
{
    for (size_t i = 0; i < t->model->count; i++) {
        nnrt_weight *weight = t->model->weight[i];
        const float *kept =
            t->early.best_weights ? t->early.best_weights[i] : nnrt_training_effective_weight(t, i);
        if (kept != weight->values)
            memcpy(weight->values, kept, weight->layout.packed * sizeof *kept);
    }
}

static json_t *result_of(const nnrt_training *t, double seconds)
{
    const nnrt_columns *columns = &t->columns;
    bool best = t->early.best_weights != NULL;
    const double *row = best ? t->early.best_row : t->row;
    json_t *confusion = best ? t->early.best_confusion : t->confusion_now, *result = json_object();
    int64_t best_epoch = t->early.monitor >= 0 ? t->early.best_epoch : t->epoch;

    nnrt_put_number(result, "loss", row[COLUMN_LOSS], false);
    if (columns->accuracy >= 0)
        nnrt_put_number(result, "accuracy", row[columns->accuracy], false);
    for (size_t i = COLUMN_LOSS; i < columns->count; i++)
        nnrt_put_number(result, columns->name[i], row[i], columns->whole[i]);
    if (confusion)
        json_object_set(json_object_get(result, "validation"), "confusion", confusion);

    nnrt_put_number(result, "lr", t->row[COLUMN_LR], false);
    nnrt_put_number(result, "epochs", (double)t->epoch, true);
    nnrt_put_number(result, "steps", (double)t->step, true);
    nnrt_put_number(result, "seconds", seconds, false);
    json_object_set_new(result, "stopped", json_boolean(t->stopped));
    nnrt_put_number(result, "best_epoch", (double)best_epoch, true);
    return result;
}

json_t *nnrt_training_finish(nnrt_training *t, nnrt_error *e)
{
    double seconds = t->seconds + nnrt_seconds() - t->began;
    if (nnrt_training_bad_weight(t) && !t->early.best_weights) {
        nnrt_training_diverged(t, t->step - 1, e);
        return NULL;
    }

    nnrt_progress_end(&t->progress);
    if (t->stopped) {
        char note[96];
        snprintf(note, sizeof note, "stopped early: the best was epoch %lld",
                 (long long)t->early.best_epoch);
        nnrt_progress_note(&t->progress, note);
    }

    if (!t->average.statistics && !nnrt_training_renew_statistics(t, e))
        return NULL;
    keep_weights(t);
    nnrt_training_evaluate_model(t);
    json_t *result = result_of(t, seconds);
    bool asked_for = t->result_name || t->within;
    if (!asked_for || nnrt_training_measure_samples(t, result, e))
        return result;
    json_decref(result);
    return NULL;
}
