/* jsonl.c: the source `jsonl`: one JSON object a line as a table, whose columns are the keys in the
 * order in which they first come.
 *
 * null and an absent key are missing, true and false are 1 and 0, strings are texts. A column that
 * holds objects or lists is marked unreadable; whoever wants it as a feature says so. */
#include "data/files.h"
#include "data/reader.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 1 << 16, SPARSEST = 4096 };

static const int64_t always_allowed = INT64_C(1) << 27; /* cells */

typedef struct jsonl_load {
    nnrt_table *table;
    nnrt_name_map names;
    int64_t *next;    /* of each column, the row after its last cell */
    size_t columns;   /* that there is room for */
    int64_t lines;    /* that table->line has room for */
    int64_t bytes;    /* of all files so far */
    const char *file; /* being read, as messages name it */
    int64_t line;     /* there, from 1 */
    bool all_real;    /* the line's whole numbers came as real ones */
    nnrt_error *e;
} jsonl_load;

static bool no_memory(const jsonl_load *l)
{
    return nnrt_no_memory_for(l->e, l->file);
}

static bool bad_line(const jsonl_load *l, const char *what)
{
    return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: row %lld: %s", l->file, (long long)l->line,
                     what);
}

/* ---- columns ---- */

static bool grow_columns(jsonl_load *l)
{
    size_t columns = 2 * l->columns + 16;
    nnrt_column *grown = realloc(l->table->column, (columns + 1) * sizeof *grown);
    if (grown)
        l->table->column = grown;
    int64_t *next = realloc(l->next, columns * sizeof *next);
    if (next)
        l->next = next;

    if (!grown || !next)
        return no_memory(l);
    l->columns = columns;
    return true;
}

/* Missing cells of a column up to a row. */
static bool fill_up(jsonl_load *l, size_t column, int64_t row)
{
    for (; l->next[column] < row; l->next[column]++)
        if (!nnrt_column_add_missing(&l->table->column[column], (size_t)l->next[column]))
            return no_memory(l);
    return true;
}

/* A file whose lines share hardly any keys makes a table of missing cells. */
static bool check_columns(const jsonl_load *l)
{
    int64_t columns = (int64_t)l->table->columns, cells = columns * (l->table->rows + 1);

    return (columns <= MOST_COLUMNS && (cells <= always_allowed || cells / SPARSEST <= l->bytes)) ||
           bad_line(l, "the objects so far have so many different keys that they are no table");
}

static bool find_column(jsonl_load *l, const char *name, size_t *column)
{
    uint32_t number;
    if (!nnrt_name_map_add(&l->names, name, strlen(name), &number))
        return no_memory(l);

    *column = number;
    if (number < l->table->columns)
        return true;
    if (number >= l->columns && !grow_columns(l))
        return false;

    l->table->column[number] = (nnrt_column){ .name = strdup(name), .whole = true };
    l->next[number] = 0;
    l->table->columns++;
    return l->table->column[number].name ? check_columns(l) : no_memory(l);
}

/* ---- cells ---- */

static bool add_text(nnrt_column *c, int64_t row, const char *text)
{
    if (!c->is_text && !nnrt_column_make_text(c, row))
        return false;
    return nnrt_column_add_text(c, (size_t)row, text, strlen(text));
}

/* A number among texts is the text of it. */
static bool add_number(nnrt_column *c, int64_t row, double value, const int64_t *integer)
{
    if (!c->is_text && integer)
        return nnrt_column_add_integer(c, (size_t)row, *integer);
    if (!c->is_text && value == floor(value) && fabs(value) >= 0x1p63) {
        bool whole = c->whole;
        bool added = nnrt_column_add_number(c, (size_t)row, value);
        c->whole = whole;
        c->vast = true;
        return added;
    }
    if (!c->is_text)
        return nnrt_column_add_number(c, (size_t)row, value);

    nnrt_column one = { .whole = integer != NULL };
    char buffer[NNRT_CELL_TEXT];
    bool ok = integer ? nnrt_column_add_integer(&one, 0, *integer)
                      : nnrt_column_add_number(&one, 0, value);
    ok = ok && add_text(c, row, nnrt_cell_text(&one, 0, buffer));
    free(one.number);
    free(one.integer);
    return ok;
}

/* Of a line with a number beyond an int64_t, which jansson reads as real ones throughout. */
static bool add_real(nnrt_column *c, int64_t row, double value, bool all_real)
{
    bool whole = all_real && value == floor(value) && fabs(value) <= 0x1p53;
    int64_t integer = whole ? (int64_t)value : 0;

    return add_number(c, row, value, whole ? &integer : NULL);
}

static bool add_value(nnrt_column *c, int64_t row, const json_t *value, bool all_real)
{
    int64_t integer = json_is_true(value);

    switch (json_typeof(value)) {
    case JSON_STRING: return add_text(c, row, json_string_value(value));
    case JSON_INTEGER:
        integer = json_integer_value(value);
        return add_number(c, row, (double)integer, &integer);
    case JSON_TRUE:
    case JSON_FALSE: return add_number(c, row, (double)integer, &integer);
    case JSON_REAL: return add_real(c, row, json_real_value(value), all_real);
    case JSON_NULL: break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (!c->unreadable && !(c->unreadable = strdup("holds objects or lists")))
            return false;
        break;
    }
    return nnrt_column_add_missing(c, (size_t)row);
}

/* ---- lines ---- */

/* Whole numbers beyond an int64_t are real ones. NULL: e is filled. */
static json_t *parse(jsonl_load *l, const char *text, size_t length)
{
    json_error_t error;
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

    l->all_real = !object && json_error_code(&error) == json_error_numeric_overflow;
    if (l->all_real)
        object = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
    if (object && json_is_object(object))
        return object;

    if (object)
        bad_line(l, "is not an object in braces, such as {\"a\": 1}");
    else
        nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: row %lld, character %d: is not JSON: %s",
                  l->file, (long long)l->line, error.column, error.text);
    json_decref(object);
    return NULL;
}

static bool note_line(jsonl_load *l)
{
    nnrt_table *table = l->table;

    if (table->rows == l->lines) {
        int64_t lines = 2 * l->lines + 64;
        int64_t *grown = realloc(table->line, (size_t)lines * sizeof *grown);
        if (!grown)
            return no_memory(l);
        table->line = grown;
        l->lines = lines;
    }
    table->line[table->rows] = l->line;
    return true;
}

static bool add_row(jsonl_load *l, json_t *object)
{
    int64_t row = l->table->rows;
    const char *key;
    json_t *value;

    json_object_foreach (object, key, value) {
        size_t column = 0;
        if (!find_column(l, key, &column) || !fill_up(l, column, row))
            return false;
        if (!add_value(&l->table->column[column], row, value, l->all_real))
            return no_memory(l);
        l->next[column] = row + 1;
    }

    if (!note_line(l))
        return false;
    l->table->rows++;
    return l->table->rows < INT32_MAX || bad_line(l, "there are more rows than can be numbered");
}

static bool is_blank(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\r", text[i]) || !text[i])
            return false;
    return true;
}

static bool read_lines(jsonl_load *l, const char *text, size_t length)
{
    const char *end = text + length;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;

    for (l->line = 1; text < end; l->line++) {
        const char *next = memchr(text, '\n', (size_t)(end - text));
        size_t bytes = (size_t)((next ? next : end) - text);

        if (!is_blank(text, bytes)) {
            json_t *object = parse(l, text, bytes);
            bool ok = object && add_row(l, object);
            json_decref(object);
            if (!ok)
                return false;
        }
        text = next ? next + 1 : end;
    }
    return true;
}

/* ---- files ---- */

static bool read_file(jsonl_load *l, const char *path, const char *name)
{
    size_t length;
    nnrt_stream *stream = nnrt_stream_open(path, name, l->e);
    char *text = stream ? nnrt_stream_rest(stream, &length, l->e) : NULL;
    nnrt_stream_close(stream);

    l->file = name;
    l->bytes += text ? (int64_t)length : 0;
    bool ok = text && read_lines(l, text, length);
    free(text);
    return ok;
}

static bool read_files(jsonl_load *l, const nnrt_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        if (files->count > 1 && !nnrt_table_begin_file(l->table, files->name[i], l->e))
            return false;
        if (!read_file(l, files->path[i], files->name[i]))
            return false;
    }

    for (size_t j = 0; j < l->table->columns; j++)
        if (!fill_up(l, j, l->table->rows))
            return false;
    return l->table->rows ||
           nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: holds no rows of data", l->table->file);
}

bool nnrt_read_jsonl(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *file = nnrt_form_text(request->form, "file", "");
    jsonl_load load = { .file = file, .e = e };
    nnrt_files files = { 0 };

    bool ok = nnrt_source_name(source, file, file, e) &&
              nnrt_files_find(request, "file", &files, e) &&
              (load.table = nnrt_table_new(file, 0, e)) != NULL;
    source->table = load.table;
    if (ok) {
        load.table->header = true;
        ok = read_files(&load, &files);
    }

    nnrt_name_map_free(&load.names);
    free(load.next);
    nnrt_files_free(&files);
    return ok;
}
