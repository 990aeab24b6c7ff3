/* csv.c: the source `csv`: the cells of a text as a table. */
#include "data/csv.h"
#include "data/columns.h"
#include "data/files.h"
#include <stdlib.h>
#include <string.h>

static bool read_delimiter(const json_t *form, char *delimiter, nnrt_error *e)
{
    const char *text = nnrt_form_text(form, "delimiter", ",");
    *delimiter = text[0];
    return (strlen(text) == 1 && !strchr("\"\r\n", text[0])) ||
           nnrt_fail(e, NNRT_SCRIPT, "out-of-range",
                     "a delimiter is one character of ASCII, not a quote or the end of a line, "
                     "so it can't be '%s'",
                     text);
}

/* Whether the column holds the documents of a form. */
static bool is_text_column(const csv_load *l, size_t j)
{
    const json_t *text = json_object_get(l->request->form, "text");
    const char *name = l->table->column[j].name;

    if (json_is_string(text))
        return name && strcmp(name, json_string_value(text)) == 0;
    return json_is_number(text) && json_number_value(text) == (double)j;
}

/* A text is a column's kind as soon as one cell is neither a number nor missing. */
static void set_kinds(csv_load *l)
{
    for (size_t j = 0; j < l->table->columns; j++) {
        nnrt_column *c = &l->table->column[j];
        const csv_counts *count = &l->count[j];

        c->verbatim = is_text_column(l, j);
        c->is_text = count->texts > 0 || c->verbatim;
        c->whole = count->integers + count->vast == count->numbers;
        c->vast = count->vast > 0 && c->whole;
        c->keeps_text = !c->is_text && nnrt_text_is_kept(l->request->form, l->table, j);
    }
}

static bool add_number(csv_load *l, const csv_cell *cell, size_t j, size_t row)
{
    nnrt_column *c = &l->table->column[j];
    bool whole = c->whole;
    char place[512];
    double value = 0;
    int64_t integer = 0;

    nnrt_number kind = nnrt_parse_number(cell->text, cell->length, &value, &integer);
    if (kind == NNRT_NUMBER_INFINITE) {
        nnrt_cell_place(l->table, j, (int64_t)row, place, sizeof place);
        return nnrt_fail(l->e, NNRT_FILES, "nan-cell", "%s: '%.*s' is beyond every finite number",
                         place, (int)(cell->length < 80 ? cell->length : 80), cell->text);
    }

    bool ok = kind == NNRT_NUMBER_INTEGER && whole ? nnrt_column_add_integer(c, row, integer)
                                                   : nnrt_column_add_number(c, row, value);
    c->whole = whole;
    if (ok && c->keeps_text)
        ok = nnrt_name_map_add(&c->values, cell->text, cell->length, &c->text[row]);
    return ok || csv_no_memory(l);
}

/* The blanks around a cell without quotes belong to a document. */
static csv_cell with_blanks(const csv_load *l, csv_cell cell)
{
    const csv_reader *r = l->reader;
    if (cell.text < r->text || cell.text > r->end)
        return cell; /* a copy without doubled quotes */

    for (; cell.text > r->text && csv_is_blank(r, cell.text[-1]); cell.length++)
        cell.text--;
    while (cell.text + cell.length < r->end && csv_is_blank(r, cell.text[cell.length]))
        cell.length++;
    return cell;
}

static bool add_cell(csv_load *l, const csv_cell *cell, size_t j, size_t row)
{
    nnrt_column *c = &l->table->column[j];

    if (c->verbatim) {
        csv_cell whole = with_blanks(l, *cell);
        return nnrt_column_add_text(c, row, whole.text, whole.length) || csv_no_memory(l);
    }

    if (csv_is_missing(cell))
        return nnrt_column_add_missing(c, row) || csv_no_memory(l);
    if (c->is_text)
        return nnrt_column_add_text(c, row, cell->text, cell->length) || csv_no_memory(l);
    return add_number(l, cell, j, row);
}

/* Fills the table's rows from `row` on with those of a file. */
static bool fill_from(csv_load *l, size_t file, size_t *row)
{
    csv_turn_to(l, file);
    if (l->table->header && !csv_next_row(l))
        return false;

    for (;; ++*row) {
        if (!csv_next_row(l))
            return false;
        if (!l->reader->cells)
            return true;
        l->table->line[*row] = l->reader->row_line;
        for (size_t j = 0; j < l->table->columns; j++)
            if (!add_cell(l, &l->reader->cell[j], j, *row))
                return false;
    }
}

static bool fill_table(csv_load *l)
{
    size_t rows = (size_t)l->table->rows, row = 0;
    if (!(l->table->line = malloc(rows * sizeof *l->table->line)))
        return csv_no_memory(l);

    for (size_t i = 0; i < l->files; i++) {
        l->table->rows = (int64_t)row;
        if (l->files > 1 && !nnrt_table_begin_file(l->table, l->file[i].reader.name, l->e))
            return false;
        if (!fill_from(l, i, &row))
            return false;
    }
    l->table->rows = (int64_t)row;
    return true;
}

/* ---- files ---- */

static bool open_file(csv_load *l, const nnrt_files *files, char delimiter)
{
    size_t i = l->files, length = 0;
    nnrt_stream *stream = nnrt_stream_open(files->path[i], files->name[i], l->e);

    l->files++;
    l->file[i].text = stream ? nnrt_stream_rest(stream, &length, l->e) : NULL;
    nnrt_stream_close(stream);
    return l->file[i].text &&
           csv_open(&l->file[i].reader, files->name[i], l->file[i].text, length, delimiter, l->e);
}

static bool open_files(csv_load *l, const nnrt_files *files, char delimiter)
{
    l->file = calloc(files->count, sizeof *l->file);
    if (!l->file)
        return nnrt_no_memory_for(l->e, files->name[0]);

    while (l->files < files->count)
        if (!open_file(l, files, delimiter))
            return false;
    return true;
}

static void close_files(csv_load *l)
{
    for (size_t i = 0; i < l->files; i++) {
        csv_close(&l->file[i].reader);
        free(l->file[i].text);
    }
    free(l->file);
    free(l->count);
}

bool nnrt_read_csv(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *file = nnrt_form_text(request->form, "file", "");
    csv_load load = { .request = request, .e = e };
    nnrt_files files = { 0 };
    char delimiter;
    if (!nnrt_source_name(source, file, file, e) || !read_delimiter(request->form, &delimiter, e))
        return false;

    bool ok = nnrt_files_find(request, "file", &files, e) && open_files(&load, &files, delimiter) &&
              csv_survey(&load);
    source->table = load.table;
    if (ok) {
        set_kinds(&load);
        ok = fill_table(&load);
    }

    close_files(&load);
    nnrt_files_free(&files);
    return ok;
}
