/* csv_rows.h: the rows and cells of a CSV text. */
#ifndef NNRT_CSV_ROWS_H
#define NNRT_CSV_ROWS_H
#include "base/base.h"

/* A cell as read, without the blanks around it and without quotes. */
typedef struct csv_cell {
    const char *text;
    size_t length;
} csv_cell;

/* RFC 4180, but more freely: LF, CR LF or CR ends a row; blank lines and a byte-order mark are
 * skipped. */
typedef struct csv_reader {
    const char *name; /* of the file, for messages */
    const char *text, *end, *at;
    char delimiter;
    int64_t line;     /* of `at`, from 1 */
    int64_t row_line; /* of the row last read */
    csv_cell *cell;
    size_t cells, capacity;
    char *unquoted; /* what cells with doubled quotes mean */
    size_t used;
} csv_reader;

/* Checks that the text is UTF-8 without NUL. `text` must outlive the reader. */
bool csv_open(csv_reader *reader, const char *name, const char *text, size_t length, char delimiter,
              nnrt_error *e);
void csv_rewind(csv_reader *reader);
/* Reads the next row into reader->cell[0 .. cells); 0 cells: the end. */
bool csv_next(csv_reader *reader, nnrt_error *e);
void csv_close(csv_reader *reader);
/* A blank or tab that does not separate cells. */
bool csv_is_blank(const csv_reader *r, char c);
bool csv_is_missing(const csv_cell *cell); /* empty, NA, nan, ? */
#endif
