/* table.c: the columns of a table grow cell by cell (table.h). */
#include "data/table.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From here on, neighbouring whole numbers are one float64. */
static const int64_t exact_integers = INT64_C(1) << 53;

nnrt_table *nnrt_table_new(const char *file, size_t columns, nnrt_error *e)
{
    nnrt_table *table = calloc(1, sizeof *table);

    if (table) {
        table->file = strdup(file);
        table->column = calloc(columns + 1, sizeof *table->column);
        table->columns = columns;
    }

    if (table && table->file && table->column) {
        for (size_t j = 0; j < columns; j++)
            table->column[j].whole = true;
        return table;
    }

    nnrt_table_free(table);
    nnrt_no_memory_for(e, file);
    return NULL;
}

void nnrt_table_free(nnrt_table *table)
{
    if (!table)
        return;

    for (size_t j = 0; table->column && j < table->columns; j++) {
        nnrt_column *c = &table->column[j];
        free(c->name);
        free(c->number);
        free(c->text);
        free(c->integer);
        free(c->unreadable);
        nnrt_name_map_free(&c->values);
    }

    for (size_t i = 0; i < table->files; i++)
        free(table->part[i]);
    free(table->part);
    free(table->part_first);
    free(table->column);
    free(table->line);
    free(table->file);
    free(table);
}

/* Grows one of a column's arrays. */
static bool resize(void *array, size_t rows, size_t bytes)
{
    void **at = array, *grown;

    if (rows > SIZE_MAX / bytes || !(grown = realloc(*at, rows * bytes)))
        return false;
    *at = grown;
    return true;
}

static bool make_room(nnrt_column *c, size_t row)
{
    if (row < c->capacity)
        return true;

    size_t rows = c->capacity ? 2 * c->capacity : 64;
    if (rows <= row)
        rows = row + 1;

    bool ok = (c->is_text || resize(&c->number, rows, sizeof *c->number)) &&
              ((!c->is_text && !c->keeps_text) || resize(&c->text, rows, sizeof *c->text)) &&
              (!c->integer || resize(&c->integer, rows, sizeof *c->integer));
    if (ok)
        c->capacity = rows;
    return ok;
}

bool nnrt_column_add_number(nnrt_column *c, size_t row, double value)
{
    if (!make_room(c, row))
        return false;
    c->number[row] = value;
    c->whole = false;
    return true;
}

/* The exact values of the whole numbers so far, which float64 still told apart. */
static bool begin_integers(nnrt_column *c, size_t row)
{
    if (!resize(&c->integer, c->capacity, sizeof *c->integer))
        return false;
    for (size_t i = 0; i < row; i++)
        c->integer[i] = isnan(c->number[i]) ? 0 : (int64_t)c->number[i];
    return true;
}

bool nnrt_column_add_integer(nnrt_column *c, size_t row, int64_t value)
{
    if (!make_room(c, row))
        return false;

    bool exact = value >= -exact_integers && value <= exact_integers;
    if (!exact && c->whole && !c->integer && !begin_integers(c, row))
        return false;

    c->number[row] = (double)value;
    if (c->integer)
        c->integer[row] = value;
    return true;
}

bool nnrt_column_add_text(nnrt_column *c, size_t row, const char *text, size_t length)
{
    return make_room(c, row) && nnrt_name_map_add(&c->values, text, length, &c->text[row]);
}

bool nnrt_column_add_missing(nnrt_column *c, size_t row)
{
    if (!make_room(c, row))
        return false;

    if (c->is_text || c->keeps_text)
        c->text[row] = NNRT_TEXT_MISSING;
    if (!c->is_text)
        c->number[row] = NAN;
    if (c->integer)
        c->integer[row] = 0;
    return true;
}

bool nnrt_cell_is_missing(const nnrt_column *c, int64_t row)
{
    return c->is_text ? c->text[row] == NNRT_TEXT_MISSING : isnan(c->number[row]);
}

const char *nnrt_cell_text(const nnrt_column *c, int64_t row, char buffer[NNRT_CELL_TEXT])
{
    if (nnrt_cell_is_missing(c, row))
        return "";
    if (c->is_text || c->keeps_text)
        return c->values.text[c->text[row]];

    if (c->whole && c->integer) {
        snprintf(buffer, NNRT_CELL_TEXT, "%" PRId64, c->integer[row]);
    } else if (c->whole) {
        snprintf(buffer, NNRT_CELL_TEXT, "%.0f", c->number[row]);
    } else {
        for (int digits = 6; digits <= 17; digits++) {
            snprintf(buffer, NNRT_CELL_TEXT, "%.*g", digits, c->number[row]);
            if (strtod(buffer, NULL) == c->number[row])
                break;
        }
    }
    return buffer;
}

/* ---- messages ---- */

size_t nnrt_table_find(const nnrt_table *table, const char *name, size_t *count)
{
    size_t found = table->columns;

    *count = 0;
    for (size_t j = 0; table->header && j < table->columns; j++) {
        if (strcmp(table->column[j].name, name) == 0) {
            found = j;
            ++*count;
        }
    }
    return *count == 1 ? found : table->columns;
}

const char *nnrt_table_list(const nnrt_table *table, char *buffer, size_t size)
{
    size_t used = 0;

    buffer[0] = '\0';
    for (size_t j = 0; j < table->columns; j++) {
        const char *name = table->column[j].name ? table->column[j].name : "";
        if (used + strlen(name) + 8 > size) {
            snprintf(buffer + used, size - used, ", ...");
            break;
        }
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", j ? ", " : "", name);
    }
    return buffer;
}

const char *nnrt_cell_place(const nnrt_table *table, size_t column, int64_t row, char *buffer,
                            size_t size)
{
    const char *name = table->column[column].name;
    int64_t line;
    const char *file = nnrt_table_file(table, row, &line);

    if (name) {
        snprintf(buffer, size, "%s: row %lld, column '%.80s'", file, (long long)line, name);
    } else {
        snprintf(buffer, size, "%s: row %lld, column %zu (counted from 0)", file, (long long)line,
                 column);
    }
    return buffer;
}
