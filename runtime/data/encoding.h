/* encoding.h: the rows of a table as numbers, by the columns of a preparation. */
#ifndef NNRT_ENCODING_H
#define NNRT_ENCODING_H
#include "data/preparation.h"
#include "data/table.h"

typedef struct nnrt_encoding nnrt_encoding;

/* Finds the preparation's columns in the table, by name where both have names, else by number. Both
 * must outlive it. NULL: e names the column that is missing. */
nnrt_encoding *nnrt_encoding_new(const nnrt_preparation *preparation, const nnrt_table *table,
                                 nnrt_error *e);
void nnrt_encoding_free(nnrt_encoding *encoding); /* NULL is fine */
/* A row as features, out[preparation->features]: NAN where a number is missing. False: e names row
 * and column of a value that has no feature, of a cell that is missing though it must not be. */
bool nnrt_encode(const nnrt_encoding *encoding, int64_t row, double *out, nnrt_error *e);
/* [columns of the table]: which of them it reads */
const bool *nnrt_encoding_columns(const nnrt_encoding *encoding);
#endif
