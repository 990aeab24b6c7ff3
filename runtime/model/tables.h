/* tables.h: results as tables on standard output. */
#ifndef NNRT_TABLES_H
#define NNRT_TABLES_H
#include <jansson.h>
#include <stdint.h>

/* "  name   value" for each number of the object, columns aligned. */
void nnrt_print_fields(const json_t *object);
/* A matrix with the names of its rows (and columns; more columns than names are numbered). */
void nnrt_print_matrix(const char *title, const json_t *matrix, char *const *names,
                       int64_t name_count);
#endif
