/* tables.h: results as tables on standard output. */
#ifndef NNRT_TABLES_H
#define NNRT_TABLES_H
#include "model/metrics.h"
#include <jansson.h>
#include <stdint.h>

/* "  name   value" for each number of the object, columns aligned. */
void nnrt_print_fields(const json_t *object);
/* A matrix with the names of its rows (and columns; more columns than names are numbered). */
void nnrt_print_matrix(const char *title, const json_t *matrix, char *const *names,
                       int64_t name_count);
/* Precision, recall, f1 and support (how often it is true) of each class or label; of the first
 * hundred, where there are more. False: out of memory. */
bool nnrt_print_classes(const nnrt_sample_set *set, char *const *names);
#endif
