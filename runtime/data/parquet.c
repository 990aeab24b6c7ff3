/* parquet.c: a Parquet file as a table: row group by row group, column by column, so that beside
 * the table no more than one column of one group is in memory (parquet.h). */
#include "data/parquet.h"
#include "data/files.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[4] = { 'P', 'A', 'R', '1' };

enum { TAIL = 8 }; /* the footer's length and the magic bytes again */

typedef struct parquet_file {
    FILE *stream;
    int64_t size;
    const char *name;
    nnrt_error *e;
} parquet_file;

static bool bad_file(const parquet_file *f, const char *what)
{
    return nnrt_fail(f->e, NNRT_FILES, "bad-file", "%s: %s", f->name, what);
}

/* `length` bytes from `offset` on, which lie within the file; free(). */
static uint8_t *read_at(const parquet_file *f, int64_t offset, int64_t length)
{
    uint8_t *bytes = malloc((size_t)length + 1);
    if (!bytes) {
        nnrt_no_memory_for(f->e, f->name);
        return NULL;
    }

    if (fseeko(f->stream, offset, SEEK_SET) == 0 &&
        fread(bytes, 1, (size_t)length, f->stream) == (size_t)length) {
        return bytes;
    }

    nnrt_fail(f->e, NNRT_FILES, "unreadable-file", "%s: can't be read", f->name);
    free(bytes);
    return NULL;
}

static bool open_file(parquet_file *f, const char *path)
{
    f->stream = fopen(path, "rb");
    if (!f->stream) {
        return nnrt_fail(f->e, NNRT_FILES, errno == ENOENT ? "missing-file" : "unreadable-file",
                         "%s: can't be opened: %s", f->name, strerror(errno));
    }

    if (fseeko(f->stream, 0, SEEK_END) != 0 || (f->size = ftello(f->stream)) < 0)
        return nnrt_fail(f->e, NNRT_FILES, "unreadable-file", "%s: can't be read", f->name);
    return f->size >= (int64_t)sizeof magic + TAIL ||
           bad_file(f, "is too short for a Parquet file");
}

static bool read_footer(const parquet_file *f, parquet_footer *footer)
{
    uint8_t *tail = read_at(f, f->size - TAIL, TAIL);
    bool ok = tail && (memcmp(tail + 4, magic, sizeof magic) == 0 ||
                       bad_file(f, "is not a Parquet file, or was cut short: it does not end with "
                                   "'PAR1'"));
    int64_t length = ok ? (int64_t)tail[0] | (int64_t)tail[1] << 8 | (int64_t)tail[2] << 16 |
                              (int64_t)tail[3] << 24
                        : 0;
    free(tail);

    if (ok && length > f->size - TAIL - (int64_t)sizeof magic)
        ok = bad_file(f, "is damaged: the Parquet footer is longer than the file");
    uint8_t *bytes = ok ? read_at(f, f->size - TAIL - length, length) : NULL;
    ok = bytes && parquet_footer_read(bytes, (size_t)length, f->size, footer, f->name, f->e);
    free(bytes);
    return ok;
}

static bool name_columns(const parquet_file *f, const parquet_footer *footer, nnrt_table *table)
{
    table->header = true;
    for (size_t j = 0; j < footer->columns; j++) {
        nnrt_column *c = &table->column[j];
        const parquet_column *from = &footer->column[j];

        c->is_text = from->type == PARQUET_BYTES && !from->unreadable;
        c->name = strdup(from->name);
        c->unreadable = from->unreadable ? strdup(from->unreadable) : NULL;
        if (!c->name || (from->unreadable && !c->unreadable))
            return nnrt_no_memory_for(f->e, f->name);
    }
    return true;
}

static bool read_group(const parquet_file *f, const parquet_footer *footer, size_t group,
                       nnrt_table *table)
{
    int64_t rows = footer->group_rows[group];

    for (size_t j = 0; j < footer->columns; j++) {
        const parquet_column *column = &footer->column[j];
        const parquet_chunk *chunk = &footer->chunk[group * footer->leaves + column->leaf];
        if (column->unreadable)
            continue;

        uint8_t *bytes = read_at(f, chunk->offset, chunk->length);
        bool ok = bytes && parquet_chunk_read(column, chunk, bytes, rows, &table->column[j],
                                              (size_t)table->rows, f->name, f->e);
        free(bytes);
        if (!ok)
            return false;
    }

    table->rows += rows;
    return true;
}

nnrt_table *nnrt_parquet_read(const char *path, const char *name, nnrt_error *e)
{
    parquet_file f = { .name = name, .e = e };
    parquet_footer footer = { 0 };
    nnrt_table *table = NULL;

    bool ok = open_file(&f, path) && read_footer(&f, &footer) &&
              (table = nnrt_table_new(name, footer.columns, e)) != NULL &&
              name_columns(&f, &footer, table);
    for (size_t g = 0; ok && g < footer.groups; g++)
        ok = read_group(&f, &footer, g, table);

    if (f.stream)
        fclose(f.stream);
    parquet_footer_free(&footer);
    if (ok)
        return table;
    nnrt_table_free(table);
    return NULL;
}

/* Adds a file of a pattern to those before it. */
static bool read_further(const char *path, const char *name, nnrt_table *table, nnrt_error *e)
{
    nnrt_table *more = nnrt_parquet_read(path, name, e);
    bool ok = more && nnrt_table_begin_file(table, name, e) && nnrt_table_append(table, more, e);
    nnrt_table_free(more);
    return ok;
}

static bool read_files(const nnrt_files *files, nnrt_source *source, nnrt_error *e)
{
    if (files->count == 1) {
        source->table = nnrt_parquet_read(files->path[0], files->name[0], e);
        return source->table != NULL;
    }

    nnrt_table *first = nnrt_parquet_read(files->path[0], files->name[0], e);
    int64_t rows = first ? first->rows : 0;
    if (!(source->table = first))
        return false;
    first->rows = 0;
    bool ok = nnrt_table_begin_file(first, files->name[0], e);
    first->rows = rows;
    for (size_t i = 1; ok && i < files->count; i++)
        ok = read_further(files->path[i], files->name[i], first, e);
    return ok;
}

bool nnrt_read_parquet(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *file = nnrt_form_text(request->form, "file", "");
    nnrt_files files = { 0 };

    bool ok = nnrt_source_name(source, file, file, e) &&
              nnrt_files_find(request, "file", &files, e) && read_files(&files, source, e) &&
              (source->table->rows > 0 ||
               nnrt_fail(e, NNRT_FILES, "bad-file", "%s: holds no rows of data", file));
    nnrt_files_free(&files);
    return ok;
}
