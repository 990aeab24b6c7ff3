/* csv_rows.c: CSV text into rows of cells (csv_rows.h). */
#include "data/csv_rows.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The offset of the first byte that is not UTF-8, or of a NUL; `length` where there is none. */
static size_t utf8_fault(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t code = (unsigned char)text[i];
        size_t bytes = 1;
        if (code >= 0x80)
            bytes = nnrt_utf8_decode(text + i, length - i, &code);
        if (!bytes || !code)
            return i;
        i += bytes;
    }
    return length;
}

bool csv_open(csv_reader *reader, const char *name, const char *text, size_t length, char delimiter,
              nnrt_error *e)
{
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    *reader =
        (csv_reader){ .name = name, .text = text, .end = text + length, .delimiter = delimiter };
    size_t fault = utf8_fault(text, length);
    if (fault < length) {
        long long line = 1;
        for (size_t i = 0; i < fault; i++)
            line += text[i] == '\n';
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: row %lld: holds %s", name, line,
                         text[fault] ? "bytes that are not UTF-8" : "a NUL byte");
    }
    reader->unquoted = malloc(length + 1);
    csv_rewind(reader);
    return reader->unquoted || nnrt_no_memory_for(e, name);
}

void csv_rewind(csv_reader *reader)
{
    reader->at = reader->text;
    reader->line = 1;
}

void csv_close(csv_reader *reader)
{
    free(reader->cell);
    free(reader->unquoted);
    *reader = (csv_reader){ 0 };
}

static bool add_cell(csv_reader *r, const char *text, size_t length, nnrt_error *e)
{
    if (r->cells == r->capacity) {
        size_t capacity = r->capacity ? r->capacity * 2 : 32;
        csv_cell *grown = realloc(r->cell, capacity * sizeof *grown);
        if (!grown)
            return nnrt_no_memory_for(e, r->name);
        r->cell = grown;
        r->capacity = capacity;
    }
    r->cell[r->cells++] = (csv_cell){ text, length };
    return true;
}

static bool at_row_end(const csv_reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

static void skip_row_end(csv_reader *r)
{
    if (r->at == r->end)
        return;
    r->at += *r->at == '\r' && r->end - r->at > 1 && r->at[1] == '\n' ? 2 : 1;
    r->line++;
}

bool csv_is_blank(const csv_reader *r, char c)
{
    return (c == ' ' || c == '\t') && c != r->delimiter;
}

/* Is the reader at the last character of the end of a row? CR LF counts once. */
static bool ends_line(const csv_reader *r)
{
    return *r->at == '\n' || (*r->at == '\r' && (r->end - r->at < 2 || r->at[1] != '\n'));
}

/* Reads to the closing quote; the reader is just after the opening one. The text is what lies
 * there, or, where quotes are doubled, a copy. */
static bool quoted_text(csv_reader *r, const char **text, size_t *length, nnrt_error *e)
{
    const char *first = r->at;
    char *copy = NULL, *to = NULL; /* begun at the first doubled quote */

    for (;; r->at++) {
        if (r->at == r->end) {
            return nnrt_fail(e, NNRT_FILES, "bad-file",
                             "%s: row %lld: a quote that is opened here is never closed", r->name,
                             (long long)r->row_line);
        }
        if (*r->at == '"') {
            if (r->end - r->at < 2 || r->at[1] != '"')
                break;
            if (!copy) {
                copy = r->unquoted + r->used;
                to = mempcpy(copy, first, (size_t)(r->at - first));
            }
            r->at++;
        }
        if (ends_line(r))
            r->line++;
        if (copy)
            *to++ = *r->at;
    }

    *text = copy ? copy : first;
    *length = copy ? (size_t)(to - copy) : (size_t)(r->at - first);
    if (copy)
        r->used += *length;
    r->at++;
    return true;
}

static bool quoted_cell(csv_reader *r, nnrt_error *e)
{
    const char *text = "";
    size_t length = 0;
    if (!quoted_text(r, &text, &length, e))
        return false;
    while (r->at < r->end && csv_is_blank(r, *r->at))
        r->at++;
    if (!at_row_end(r) && *r->at != r->delimiter) {
        return nnrt_fail(e, NNRT_FILES, "bad-file",
                         "%s: row %lld: something follows a cell's closing quote", r->name,
                         (long long)r->row_line);
    }
    return add_cell(r, text, length, e);
}

static bool plain_cell(csv_reader *r, nnrt_error *e)
{
    const char *first = r->at;
    while (r->at < r->end && *r->at != r->delimiter && *r->at != '\n' && *r->at != '\r')
        r->at++;
    const char *last = r->at;
    while (last > first && csv_is_blank(r, last[-1]))
        last--;
    return add_cell(r, first, (size_t)(last - first), e);
}

static void skip_blanks(csv_reader *r)
{
    while (r->at < r->end && csv_is_blank(r, *r->at))
        r->at++;
}

/* False: nothing but blank lines is left. */
static bool skip_blank_lines(csv_reader *r)
{
    for (;;) {
        const char *line = r->at;
        skip_blanks(r);
        if (r->at == r->end)
            return false;
        if (!at_row_end(r)) {
            r->at = line;
            return true;
        }
        skip_row_end(r);
    }
}

bool csv_next(csv_reader *r, nnrt_error *e)
{
    r->cells = r->used = 0;
    if (!skip_blank_lines(r))
        return true;
    r->row_line = r->line;
    for (;;) {
        skip_blanks(r);
        bool quoted = r->at < r->end && *r->at == '"';
        if (quoted)
            r->at++;
        if (!(quoted ? quoted_cell(r, e) : plain_cell(r, e)))
            return false;
        if (at_row_end(r))
            break;
        r->at++; /* the delimiter */
    }
    skip_row_end(r);
    return true;
}

bool csv_is_missing(const csv_cell *cell)
{
    const char *t = cell->text;
    switch (cell->length) {
    case 0: return true;
    case 1: return t[0] == '?';
    case 2: return memcmp(t, "NA", 2) == 0;
    case 3: return strncasecmp(t, "nan", 3) == 0;
    default: return false;
    }
}
