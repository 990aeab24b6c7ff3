/* table.h: the columns of a file with rows and columns, such as a CSV: which of them are text, and
 * which features of a sample they become. Further files of the same data must have the same. */
#ifndef NNRT_TABLE_H
#define NNRT_TABLE_H
#include "base/base.h"

typedef struct nnrt_column {
    char *name;                                /* NULL without a header */
    int64_t numbers, integers, texts, missing; /* cells of each kind; integers are numbers too */
    /* of the numbers, those written as whole ones that an int64_t does not hold */
    int64_t vast;
    bool categorical;     /* one feature for each of its values, 0 or 1 */
    nnrt_name_map values; /* of a categorical one, sorted */
    int64_t feature;      /* the first of its features in a sample */
} nnrt_column;

typedef struct nnrt_table {
    size_t columns;
    nnrt_column *column;
    size_t target; /* the column that is not a feature */
    bool header;
    char *file; /* as the script names it */
} nnrt_table;

/* NULL and e filled: out of memory */
nnrt_table *nnrt_table_new(const char *file, nnrt_error *e);
void nnrt_table_free(nnrt_table *table); /* NULL is fine */
/* Gives every column but the target its place in a sample; returns how many features there are. */
int64_t nnrt_table_place_features(nnrt_table *table);
/* The names of the columns, "a, b, c, ...", for messages; in `buffer`. */
const char *nnrt_table_list(const nnrt_table *table, char *buffer, size_t size);
/* The names of the features, one for each of a sample's values: "mass", "colour=red", or numbers
 * of columns. NULL: out of memory. free() each and the array. */
char **nnrt_table_feature_names(const nnrt_table *table, int64_t features);
#endif
