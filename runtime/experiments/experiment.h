/* experiment.h: what the verbs share that train more than once: folds, trials, members,
 * comparisons. */
#ifndef NNRT_EXPERIMENT_H
#define NNRT_EXPERIMENT_H
#include "experiments/experiments.h"
#include "train/train.h"

/* A seed for the i-th of several trainings that must differ; the first has the action's own. */
uint64_t nnrt_seed_of(uint64_t seed, uint64_t i);
/* Mean and deviation (over n - 1; of one: 0) of every number that all of the records hold, objects
 * within them included. */
json_t *nnrt_mean_of(const json_t *records);
json_t *nnrt_deviation_of(const json_t *records, const json_t *mean);
/* A record of a log event: "train" and "validation" of a training's result, and its seconds. */
void nnrt_put_training(json_t *record, const json_t *result);
void nnrt_log_record(nnrt_program *program, const char *event, const json_t *record);
/* A line of progress on standard error, unless --quiet. */
void nnrt_say_progress(const nnrt_program *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "loss 0.12  accuracy 0.97" of an object's numbers. */
void nnrt_numbers_text(const json_t *object, char *text, size_t size);
/* Prints a table: a row for each record with the named columns (dotted paths), a title above.
 * Columns that no record has are left out. */
void nnrt_print_records(const char *title, const json_t *records, const char *const *columns,
                        size_t count);
json_t *nnrt_json_at(const json_t *object, const char *path); /* "train.loss"; NULL */
#endif
