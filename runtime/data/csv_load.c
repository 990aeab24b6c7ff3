/* csv_load.c: walking the rows of the CSV being loaded, and messages that name row and column. */
#include "data/csv.h"
#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */
/* "f.csv: row 7, column 'mass'" */
static const char *cell_place(const csv_load *l, size_t j, char *buffer, size_t size)
{
    const char *name = l->table->column[j].name;
    if (name) {
        snprintf(buffer, size, "%s: row %lld, column '%.80s'", l->reader.name,
                 (long long)l->reader.row_line, name);
    } else {
        snprintf(buffer, size, "%s: row %lld, column %zu (counted from 0)", l->reader.name,
                 (long long)l->reader.row_line, j);
    }
    return buffer;
}

bool csv_fail_cell(const csv_load *l, const char *code, size_t j, const csv_cell *cell,
                   const char *what)
{
    char place[512];
    cell_place(l, j, place, sizeof place);
    if (!cell)
        return nnrt_fail(l->e, NNRT_FILES, code, "%s: %s", place, what);
    return nnrt_fail(l->e, NNRT_FILES, code, "%s: '%.*s' %s", place,
                     (int)(cell->length < 80 ? cell->length : 80), cell->text, what);
}

bool csv_fail_missing(const csv_load *l, size_t j)
{
    bool target = j == l->table->target;
    csv_fail_cell(l, "missing-cell", j, NULL,
                  target ? "the target is missing" : "the cell is missing");
    snprintf(l->e->help, sizeof l->e->help,
             target ? "'missing = drop' leaves such rows out"
                    : "'missing = drop' leaves such rows out, 'missing = mean' takes the training "
                      "part's mean");
    return false;
}

bool csv_fail_text(csv_load *l, size_t i, const char *code, const char *what)
{
    if (!csv_rewind_to_data(l))
        return false;
    do {
        if (!csv_next_kept_row(l))
            return false;
    } while (l->reader.cells && !csv_is_text(&l->reader.cell[i]));
    return csv_fail_cell(l, code, l->place ? l->place[i] : i,
                         l->reader.cells ? &l->reader.cell[i] : NULL, what);
}

bool csv_fail_text_target(csv_load *l, size_t i)
{
    return csv_fail_text(l, i, "bad-target", "is not a number, as targets of a regression must be");
}

bool csv_fail_empty(const csv_load *l)
{
    return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: holds no rows of data", l->reader.name);
}

bool csv_no_memory(const csv_load *l)
{
    return nnrt_no_memory_for(l->e, l->reader.name);
}

/* ---- rows ---- */
bool csv_next_row(csv_load *l)
{
    if (!csv_next(&l->reader, l->e))
        return false;
    if (l->reader.cells && l->table->columns && l->reader.cells != l->table->columns) {
        return nnrt_fail(l->e, NNRT_FILES, "ragged-row",
                         "%s: row %lld has %zu cells, the %s has %zu", l->reader.name,
                         (long long)l->reader.row_line, l->reader.cells,
                         l->request->like ? "training file" : "first row", l->table->columns);
    }
    return true;
}

bool csv_is_dropped(const csv_load *l)
{
    for (size_t j = 0; l->missing == CSV_MISSING_DROP && j < l->reader.cells; j++)
        if (csv_is_missing(&l->reader.cell[j]))
            return true;
    return false;
}

bool csv_next_kept_row(csv_load *l)
{
    do {
        if (!csv_next_row(l))
            return false;
    } while (l->reader.cells && csv_is_dropped(l));
    return true;
}

bool csv_rewind_to_data(csv_load *l)
{
    csv_rewind(&l->reader);
    return !l->header || csv_next_row(l);
}

/* ---- cells ---- */
bool csv_is_text(const csv_cell *cell)
{
    double value;
    int64_t integer;
    return !csv_is_missing(cell) &&
           nnrt_parse_number(cell->text, cell->length, &value, &integer) == NNRT_NUMBER_NONE;
}

/* Without point and exponent. */
static bool is_whole(const csv_cell *cell)
{
    for (size_t i = 0; i < cell->length; i++)
        if (strchr(".eE", cell->text[i]))
            return false;
    return true;
}

bool csv_count_cell(nnrt_column *column, const csv_cell *cell)
{
    double value;
    int64_t integer;
    if (csv_is_missing(cell)) {
        column->missing++;
        return true;
    }

    nnrt_number kind = nnrt_parse_number(cell->text, cell->length, &value, &integer);
    if (kind == NNRT_NUMBER_NONE) {
        column->texts++;
        return false;
    }
    column->numbers++;
    column->integers += kind == NNRT_NUMBER_INTEGER;
    column->vast += kind == NNRT_NUMBER_REAL && is_whole(cell);
    return true;
}

nnrt_label_kind csv_label_kind(const nnrt_column *column)
{
    if (column->texts)
        return NNRT_LABEL_TEXT;
    return column->integers == column->numbers ? NNRT_LABEL_INTEGER : NNRT_LABEL_REAL;
}
