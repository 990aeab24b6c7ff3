/* csv.h: what the files that load a CSV share.
 *
 * csv.c loads one file, or several of one header, in two passes over their texts: a survey of what
 * each column holds (csv_survey.c), which also finds out whether the first row is a header, and the
 * cells into a table. */
#ifndef NNRT_CSV_H
#define NNRT_CSV_H
#include "data/csv_rows.h"
#include "data/reader.h"

enum { CSV_MOST_VALUES = 1 << 16, CSV_MOST_COLUMNS = 1 << 24 };

/* The cells of a column, by kind; integers are numbers too. */
typedef struct csv_counts {
    int64_t numbers, integers, texts, missing;
    int64_t vast; /* of the numbers, those written as whole ones that an int64_t does not hold */
} csv_counts;

typedef struct csv_file {
    csv_reader reader;
    char *text;
} csv_file;

/* The files being loaded, one behind the other. */
typedef struct csv_load {
    const nnrt_source_request *request;
    csv_file *file;
    size_t files;
    csv_reader *reader; /* of the one that is being read */
    nnrt_table *table;
    csv_counts *count; /* [columns] */
    nnrt_error *e;
} csv_load;

/* The next row; 0 cells: the end. An error where it has not as many cells as the others. */
bool csv_next_row(csv_load *l);
bool csv_no_memory(const csv_load *l);
/* Adds the cell to the counts. False: it is a text. */
bool csv_count_cell(csv_counts *count, const csv_cell *cell);
/* Reads on at the start of a file. */
void csv_turn_to(csv_load *l, size_t file);
/* Makes the table with its columns' names, counts what they hold, and counts the rows, of all
 * files. */
bool csv_survey(csv_load *l);
#endif
