/* table_files.c: one table of several files, one behind the other (table.h). */
#include "data/table.h"
#include <stdlib.h>
#include <string.h>

bool nnrt_table_begin_file(nnrt_table *table, const char *name, nnrt_error *e)
{
    size_t files = table->files + 1;
    char **part = realloc(table->part, files * sizeof *part);
    if (part)
        table->part = part;
    int64_t *first = part ? realloc(table->part_first, files * sizeof *first) : NULL;
    if (first)
        table->part_first = first;

    if (!first || !(table->part[table->files] = strdup(name)))
        return nnrt_no_memory_for(e, name);
    table->part_first[table->files] = table->rows;
    table->files = files;
    return true;
}

const char *nnrt_table_file(const nnrt_table *table, int64_t row, int64_t *line)
{
    size_t i = table->files;
    while (i > 0 && table->part_first[i - 1] > row)
        i--;

    if (line && table->line)
        *line = table->line[row];
    else if (line)
        *line = row - (i ? table->part_first[i - 1] : 0);
    return i ? table->part[i - 1] : table->file;
}

/* ---- appending ---- */

bool nnrt_column_make_text(nnrt_column *c, int64_t rows)
{
    nnrt_column text = { .name = c->name, .unreadable = c->unreadable, .is_text = true };
    bool ok = true;

    for (int64_t row = 0; ok && row < rows; row++) {
        char buffer[NNRT_CELL_TEXT];
        const char *cell = nnrt_cell_text(c, row, buffer);
        ok = nnrt_cell_is_missing(c, row)
                 ? nnrt_column_add_missing(&text, (size_t)row)
                 : nnrt_column_add_text(&text, (size_t)row, cell, strlen(cell));
    }

    nnrt_column *old = ok ? c : &text;
    free(old->number);
    free(old->integer);
    free(old->text);
    nnrt_name_map_free(&old->values);
    if (ok)
        *c = text;
    return ok;
}

static bool append_cell(nnrt_column *to, size_t row, const nnrt_column *from, int64_t at)
{
    char buffer[NNRT_CELL_TEXT];

    if (nnrt_cell_is_missing(from, at))
        return nnrt_column_add_missing(to, row);
    if (to->is_text) {
        const char *text = nnrt_cell_text(from, at, buffer);
        return nnrt_column_add_text(to, row, text, strlen(text));
    }
    if (!from->whole || from->vast)
        return nnrt_column_add_number(to, row, from->number[at]);
    return nnrt_column_add_integer(to, row,
                                   from->integer ? from->integer[at] : (int64_t)from->number[at]);
}

static bool check_names(const nnrt_table *table, const nnrt_table *more, nnrt_error *e)
{
    if (table->columns != more->columns) {
        return nnrt_fail(e, NNRT_FILES, "shape-mismatch",
                         "%s: has %zu columns, %s has %zu: files of one pattern have one header",
                         more->file, more->columns, table->files ? table->part[0] : table->file,
                         table->columns);
    }
    for (size_t j = 0; j < table->columns; j++) {
        if (strcmp(table->column[j].name, more->column[j].name) != 0) {
            return nnrt_fail(e, NNRT_FILES, "shape-mismatch",
                             "%s: its column %zu (counted from 0) is '%.80s', that of %s is "
                             "'%.80s': files of one pattern have one header",
                             more->file, j, more->column[j].name,
                             table->files ? table->part[0] : table->file, table->column[j].name);
        }
    }
    return true;
}

static bool append_column(nnrt_column *to, int64_t rows, const nnrt_column *from, int64_t more)
{
    if (!to->unreadable && from->unreadable && !(to->unreadable = strdup(from->unreadable)))
        return false;
    if (to->unreadable)
        return true;
    if (from->is_text && !to->is_text && !nnrt_column_make_text(to, rows))
        return false;

    for (int64_t i = 0; i < more; i++)
        if (!append_cell(to, (size_t)(rows + i), from, i))
            return false;
    return true;
}

bool nnrt_table_append(nnrt_table *table, const nnrt_table *more, nnrt_error *e)
{
    if (!check_names(table, more, e))
        return false;

    for (size_t j = 0; j < table->columns; j++)
        if (!append_column(&table->column[j], table->rows, &more->column[j], more->rows))
            return nnrt_no_memory_for(e, more->file);
    table->rows += more->rows;
    return true;
}
