/* parquet.h: Parquet files (github.com/apache/parquet-format), flat tables of numbers, booleans and
 * strings.
 *
 * What is read: pages of both versions, PLAIN, dictionary and RLE encodings, uncompressed or packed
 * by snappy, gzip or Zstandard. Null is missing, booleans are 0 and 1, decimals, dates and times
 * the numbers that they are stored as (decimals scaled). A column that is anything else is marked
 * `unreadable`; whoever wants it as a feature says so. */
#ifndef NNRT_PARQUET_H
#define NNRT_PARQUET_H
#include "data/table.h"

typedef enum parquet_type {
    PARQUET_BOOLEAN,
    PARQUET_INT32,
    PARQUET_INT64,
    PARQUET_INT96,
    PARQUET_FLOAT,
    PARQUET_DOUBLE,
    PARQUET_BYTES,
    PARQUET_FIXED_BYTES
} parquet_type;

/* A column of the schema. */
typedef struct parquet_column {
    char *name;
    parquet_type type;
    bool optional;    /* its table can be null */
    bool is_signed;   /* of integers */
    double divisor;   /* of numbers: 10^scale of decimals, else 1 */
    char *unreadable; /* NULL, or why its table can't be read */
    size_t leaf;      /* its number among a row group's chunks */
} parquet_column;

/* One column of one row group. */
typedef struct parquet_chunk {
    int codec; /* as the file says it */
    int64_t offset, length, unpacked, values;
} parquet_chunk;

typedef struct parquet_footer {
    size_t columns, leaves, groups;
    parquet_column *column;
    parquet_chunk *chunk; /* [groups][leaves] */
    int64_t *group_rows;  /* [groups] */
    int64_t rows;
} parquet_footer;

/* `bytes`: the footer's Thrift, `file_size`: all of the file, which no chunk may pass. */
bool parquet_footer_read(const uint8_t *bytes, size_t length, int64_t file_size,
                         parquet_footer *footer, const char *name, nnrt_error *e);
void parquet_footer_free(parquet_footer *footer);

/* Appends a chunk's values to a column whose next row is `row`. `bytes`: [chunk->length], all of
 * its pages. */
bool parquet_chunk_read(const parquet_column *column, const parquet_chunk *chunk,
                        const uint8_t *bytes, int64_t rows, nnrt_column *to, size_t row,
                        const char *name, nnrt_error *e);

/* A whole file. NULL: e says why. */
nnrt_table *nnrt_parquet_read(const char *path, const char *name, nnrt_error *e);
#endif
