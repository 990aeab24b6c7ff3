/* crossvalidate.c: `crossvalidate`: as many trainings as folds, each from the same fresh weights,
 * each fold held out once. */
#include "experiments/side_by_side.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct crossvalidation {
    nnrt_program *program;
    const nnrt_data *whole;
    const json_t *declaration;
    const uint32_t *fold; /* of each sample */
    int64_t folds;
    uint64_t seed;
    nnrt_data **view; /* of the folds under way */
    json_t *records;
} crossvalidation;

static nnrt_data *view_of(const crossvalidation *f, int64_t held, nnrt_error *e)
{
    int64_t count = f->whole->part[NNRT_TRAIN].count, counts[2] = { 0 };
    uint32_t *sample[2] = { malloc((size_t)count * sizeof **sample),
                            malloc((size_t)count * sizeof **sample) };
    nnrt_data *view = NULL;
    if (sample[0] && sample[1]) {
        for (int64_t i = 0; i < count; i++) {
            bool out = f->fold[i] == held;
            sample[out][counts[out]++] = (uint32_t)i;
        }
        view =
            nnrt_view_new(f->whole, f->declaration, sample[0], counts[0], sample[1], counts[1], e);
    } else {
        nnrt_no_memory(e);
    }
    free(sample[0]);
    free(sample[1]);
    return view;
}

static bool set_up_fold(void *context, size_t i, nnrt_run_setup *setup, nnrt_error *e)
{
    crossvalidation *f = context;
    f->view[i] = view_of(f, (int64_t)i, e);
    *setup = (nnrt_run_setup){ .within = { .data = f->view[i], .seed = f->seed } };
    return f->view[i] != NULL;
}

static bool close_fold(void *context, size_t i, const nnrt_trained_run *trained, nnrt_error *e)
{
    (void)trained, (void)e;
    crossvalidation *f = context;
    nnrt_data_free(f->view[i]);
    f->view[i] = NULL;
    return true;
}

static bool finish_fold(void *context, size_t i, const json_t *result, nnrt_error *e)
{
    crossvalidation *f = context;
    char train[160], validation[160];
    if (!result)
        return false;
    json_t *record = json_pack("{s:I}", "fold", (json_int_t)i + 1);
    nnrt_record_training(record, result);
    nnrt_log_record(f->program, "fold", record);
    /* As in a training's result, a name without a part is the training part's. */
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get(record, "train"), name, value) {
        json_object_set(record, name, value);
    }
    nnrt_numbers_text(json_object_get(record, "train"), train, sizeof train);
    nnrt_numbers_text(json_object_get(record, "validation"), validation, sizeof validation);
    nnrt_print_progress(f->program, "fold %zu of %lld: %s; validation %s", i + 1,
                        (long long)f->folds, train, validation);
    json_array_append_new(f->records, record);
    return nnrt_log_sound(f->program->session->log, e);
}

static void print_folds(const crossvalidation *f, const json_t *records, json_t *mean, json_t *std)
{
    static const char *const columns[] = { "fold",
                                           "train.loss",
                                           "train.accuracy",
                                           "validation.loss",
                                           "validation.accuracy",
                                           "validation.mae",
                                           "validation.rmse",
                                           "validation.r2",
                                           "validation.precision",
                                           "validation.recall",
                                           "validation.f1",
                                           "validation.auc",
                                           "validation.top_k" };
    char title[200];
    json_t *rows = json_copy((json_t *)records), *first = json_copy(mean), *second = json_copy(std);
    json_object_set_new(first, "fold", json_string("mean"));
    json_object_set_new(second, "fold", json_string("std"));
    json_array_append_new(rows, first);
    json_array_append_new(rows, second);
    snprintf(title, sizeof title, "crossvalidate %.60s on %.60s (%lld folds)",
             nnrt_action_text(f->program, "model"), nnrt_action_text(f->program, "data"),
             (long long)f->folds);
    nnrt_print_records(title, rows, columns, sizeof columns / sizeof *columns);
    json_decref(rows);
}

static void drop_unaveraged(json_t *object)
{
    json_object_del(object, "fold");
    json_object_del(object, "epochs");
    json_object_del(object, "seconds");
}

bool nnrt_do_crossvalidate(nnrt_program *program, nnrt_error *e)
{
    crossvalidation f = { .program = program, .seed = nnrt_action_seed(program) };
    const char *as = nnrt_action_text(program, "as"), *data = nnrt_action_text(program, "data");
    if (!(f.declaration = nnrt_program_declaration(program, data, e)))
        return false;

    f.folds = (int64_t)nnrt_action_number(program, "folds", 5);
    json_t *whole = nnrt_whole_declaration(f.declaration);
    f.whole = whole ? nnrt_session_data(program->session, whole, program->folder, e) : NULL;
    if (!whole)
        nnrt_no_memory(e);
    json_decref(whole);
    if (!f.whole)
        return false;
    if (f.whole->part[NNRT_TRAIN].count < f.folds) {
        return nnrt_fail(e, NNRT_FILES, "no-part",
                         "data '%s' has %lld samples, too few for %lld folds", data,
                         (long long)f.whole->part[NNRT_TRAIN].count, (long long)f.folds);
    }

    uint32_t *fold = nnrt_folds(f.whole, f.folds, f.seed, e);
    json_t *records = f.records = json_array();
    size_t folds = program->session->options.dry_run && f.folds > 2 ? 2 : (size_t)f.folds;
    bool ok = fold && ((f.view = calloc(folds + 1, sizeof(nnrt_data *))) || nnrt_no_memory(e));
    f.fold = fold;
    ok = ok && nnrt_train_side_by_side(
                   &(nnrt_runs){ program, folds, &f, set_up_fold, close_fold, finish_fold }, e);
    for (size_t i = 0; f.view && i < folds; i++)
        nnrt_data_free(f.view[i]);
    free(f.view);
    free(fold);
    if (!ok) {
        json_decref(records);
        return false;
    }

    json_t *mean = nnrt_records_mean(records), *std = nnrt_records_deviation(records, mean);
    drop_unaveraged(mean);
    drop_unaveraged(std);
    if (!as)
        print_folds(&f, records, mean, std);
    return nnrt_result_set(&program->session->results, as,
                           json_pack("{s:o, s:o, s:o}", "mean", mean, "std", std, "folds", records),
                           NULL, NULL, e);
}
