/* csv.h: what the files that load a CSV share.
 *
 * csv.c loads a file in passes over its text: a survey of what each column holds (csv_columns.c),
 * or, for a further file, a match with the columns of the training file (csv_further.c); then the
 * samples (csv_samples.c). csv_load.c walks the rows and places messages. */
#ifndef NNRT_CSV_H
#define NNRT_CSV_H
#include "data/csv_rows.h"
#include "data/reader.h"

enum { CSV_MOST_VALUES = 1 << 16, CSV_MOST_COLUMNS = 1 << 24, CSV_LISTED = 400 };

typedef enum csv_policy { CSV_MISSING_ERROR, CSV_MISSING_MEAN, CSV_MISSING_DROP } csv_policy;

/* The file being loaded. */
typedef struct csv_load {
    const nnrt_source_request *request;
    nnrt_source *source;
    nnrt_table *table;
    csv_reader reader;
    csv_policy missing;
    bool header;   /* of this file */
    size_t *place; /* this file's column -> the table's; NULL: the same */
    int64_t rows;  /* that are kept */
    nnrt_error *e;
} csv_load;

/* ---- csv_load.c ---- */
/* The next row; 0 cells: the end. An error where it has not as many cells as the others. */
bool csv_next_row(csv_load *l);
/* Also leaves out the rows that the policy drops. */
bool csv_next_kept_row(csv_load *l);
bool csv_is_dropped(const csv_load *l); /* the row last read */
bool csv_rewind_to_data(csv_load *l);   /* to the first row after the header */

bool csv_is_text(const csv_cell *cell);
/* Adds the cell to the column's counts. False: it is a text. */
bool csv_count_cell(nnrt_column *column, const csv_cell *cell);
/* What targets with these counts are. */
nnrt_label_kind csv_label_kind(const nnrt_column *column);

/* All return false. `j` is the table's column. `cell` NULL: the message quotes none. */
bool csv_fail_cell(const csv_load *l, const char *code, size_t j, const csv_cell *cell,
                   const char *what);
bool csv_fail_missing(const csv_load *l, size_t j);
/* The error of the first text in this file's column i. */
bool csv_fail_text(csv_load *l, size_t i, const char *code, const char *what);
bool csv_fail_text_target(csv_load *l, size_t i);
bool csv_fail_empty(const csv_load *l);
bool csv_no_memory(const csv_load *l);

/* ---- csv_columns.c ---- */
/* Reads the training file's columns into the table: names, counts, types, values, target. */
bool csv_survey(csv_load *l);

/* ---- csv_further.c ---- */
/* Places a further file's columns onto the table's, counts its rows, and sees what its targets
 * are. */
bool csv_survey_further(csv_load *l);

/* ---- csv_samples.c ---- */
/* Reads the samples and targets of the kept rows. */
bool csv_fill_samples(csv_load *l, int64_t features);
#endif
