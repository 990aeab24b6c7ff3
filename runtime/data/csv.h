/* csv.h: the rows and cells of a CSV text (csv_text.c), and the columns they make (csv.c). */
#ifndef NNRT_CSV_H
#define NNRT_CSV_H
#include "data/source.h"

/* A cell as read: blanks around it and quotes are gone. */
typedef struct csv_cell {
    const char *text;
    size_t length;
} csv_cell;

/* RFC 4180, and more freely: LF, CR LF or CR ends a row, blank lines are passed over, a byte-order
 * mark too. */
typedef struct csv_reader {
    const char *name; /* of the file, for messages */
    const char *text, *end, *at;
    char delimiter;
    int64_t line;     /* of `at`, from 1 */
    int64_t row_line; /* of the row last read */
    csv_cell *cell;
    size_t cells, capacity;
    char *unquoted; /* cells that held doubled quotes, as they are meant */
    size_t used;
} csv_reader;

/* Checks that the text is UTF-8 without NUL. `text` must outlive the reader. */
bool csv_open(csv_reader *reader, const char *name, const char *text, size_t length, char delimiter,
              nnrt_error *e);
void csv_rewind(csv_reader *reader);
/* The next row into reader->cell[0 .. cells); 0 cells: the end. */
bool csv_next(csv_reader *reader, nnrt_error *e);
void csv_close(csv_reader *reader);
bool csv_is_missing(const csv_cell *cell); /* empty, NA, nan, ? */

void nnrt_table_free(nnrt_table *table);
/* Names of the features, one for each of a sample's values, made anew; NULL: out of memory. Each
 * and the array: free() */
char **nnrt_table_feature_names(const nnrt_table *table, int64_t features);
#endif
