/* records.h: what the verbs share that train more than once: seeds, and records of what came out of
 * each training: JSON objects for the log, for tables and for results. */
#ifndef NNRT_RECORDS_H
#define NNRT_RECORDS_H
#include "experiments/experiments.h"
#include "train/train.h"

/* A seed for the i-th of several trainings that must differ; the first has the action's own. */
uint64_t nnrt_nth_seed(uint64_t seed, uint64_t i);

/* Mean and standard deviation (over n - 1; of one record: 0) of every number that all of the
 * records have, those in nested objects included. New references. */
json_t *nnrt_records_mean(const json_t *records);
json_t *nnrt_records_deviation(const json_t *records, const json_t *mean);
/* Puts "train", "validation", "epochs" and "seconds" of a training's result into a record. */
void nnrt_record_training(json_t *record, const json_t *result);
void nnrt_log_record(nnrt_program *program, const char *event, const json_t *record);
/* The value at a dotted path, "train.loss", borrowed; NULL: there is none. */
json_t *nnrt_json_at(const json_t *object, const char *path);

/* A line of progress on standard error, unless --quiet. */
void nnrt_print_progress(const nnrt_program *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "loss 0.12  accuracy 0.97" of an object's numbers. */
void nnrt_numbers_text(const json_t *object, char *text, size_t size);
/* Prints a table under a title: a row for each record, with the columns at these dotted paths.
 * Columns that no record has are left out. */
void nnrt_print_records(const char *title, const json_t *records, const char *const *columns,
                        size_t count);
#endif
