/* table.h: a table as a file has it: named columns of cells, before any of them is a feature, a
 * target or a weight.
 *
 * Readers (csv, parquet, jsonl) append cells row by row or column by column; columns.h says what
 * each column is for, encoding.h makes numbers of the features. A cell is missing, a number or a
 * text. Numbers are float64, so that dates such as 20240101 and seconds since 1970 keep every digit
 * until they are normalised. */
#ifndef NNRT_TABLE_H
#define NNRT_TABLE_H
#include "base/base.h"

/* In nnrt_column.text: the cell is missing. */
#define NNRT_TEXT_MISSING UINT32_MAX

typedef struct nnrt_column {
    char *name;       /* NULL: the file has no header */
    bool is_text;     /* `text` holds the cells; else `number` does */
    bool verbatim;    /* every cell is a text as it stands, be it empty or "NA" */
    bool keeps_text;  /* of numbers: `text` holds them too, as the file writes them */
    bool whole;       /* no number has a point or an exponent, so they may be classes */
    bool vast;        /* whole, but some number is beyond an int64_t */
    double *number;   /* [rows], NAN where missing */
    uint32_t *text;   /* [rows], numbers in `values`, NNRT_TEXT_MISSING where missing */
    int64_t *integer; /* [rows], where a whole number is beyond 2^53 and float64 can't tell it from
                         its neighbours; else NULL */
    nnrt_name_map values;
    char *unreadable; /* why its cells can't be used: "is nested"; NULL: they can */
    size_t capacity;  /* rows that there is room for */
} nnrt_column;

typedef struct nnrt_table {
    char *file; /* as the script names it, for messages */
    bool header;
    size_t columns;
    nnrt_column *column;
    int64_t rows;
    int64_t *line; /* a row's line in its file, from 1; NULL: rows count from 0 */
    /* Of several files, one behind the other: their names and the first row of each. */
    size_t files;
    char **part;
    int64_t *part_first;
} nnrt_table;

/* Room for so many columns, without names and rows. NULL and e filled: out of memory. */
nnrt_table *nnrt_table_new(const char *file, size_t columns, nnrt_error *e);
void nnrt_table_free(nnrt_table *table); /* NULL is fine */

/* The rows from here on are those of another file. */
bool nnrt_table_begin_file(nnrt_table *table, const char *name, nnrt_error *e);
/* Appends the rows of another table, whose columns have the same names in the same order; their
 * names differ, or one is unreadable: an error. A column that is of texts in either is of texts. */
bool nnrt_table_append(nnrt_table *table, const nnrt_table *more, nnrt_error *e);
/* A column of numbers as one of texts, in which the numbers are as nnrt_cell_text has them. False:
 * out of memory. */
bool nnrt_column_make_text(nnrt_column *column, int64_t rows);
/* The name of a row's file, and in *line (NULL is fine) its place there. */
const char *nnrt_table_file(const nnrt_table *table, int64_t row, int64_t *line);

/* Append one cell to a column. False: out of memory. */
bool nnrt_column_add_number(nnrt_column *column, size_t row, double value);
bool nnrt_column_add_integer(nnrt_column *column, size_t row, int64_t value);
bool nnrt_column_add_text(nnrt_column *column, size_t row, const char *text, size_t length);
bool nnrt_column_add_missing(nnrt_column *column, size_t row);

bool nnrt_cell_is_missing(const nnrt_column *column, int64_t row);

/* A cell as text, as `predict` writes ids and kept columns: "" where missing. Numbers whose text
 * was not kept go into `buffer`, in the shortest form that reads back as the same number. */
enum { NNRT_CELL_TEXT = 40 };

const char *nnrt_cell_text(const nnrt_column *column, int64_t row, char buffer[NNRT_CELL_TEXT]);

/* The only column of this name; `columns`: there is none, or more than one (*count says). */
size_t nnrt_table_find(const nnrt_table *table, const char *name, size_t *count);
/* The names of the columns, "a, b, c, ...", for messages; in `buffer`. */
const char *nnrt_table_list(const nnrt_table *table, char *buffer, size_t size);
/* "f.csv: row 7, column 'mass'", for messages; in `buffer`. */
const char *nnrt_cell_place(const nnrt_table *table, size_t column, int64_t row, char *buffer,
                            size_t size);
#endif
