/* source.c: script files in memory, and the line and column of a byte. */
#include "support/diag.h"
#include "support/utf8.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Spans are 32 bits wide, and the scanner counts in int. */
enum { LARGEST_SOURCE = 1 << 30 };

Span span_join(Span a, Span b)
{
    if (!a.file)
        return b;
    if (!b.file || a.file != b.file)
        return a;
    return (Span){ a.file, a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end };
}

SourceFile *source_from_text(Arena *arena, const char *path, const char *text, size_t length)
{
    SourceFile *file = ARENA_NEW(arena, SourceFile);
    if (length > LARGEST_SOURCE)
        length = LARGEST_SOURCE;
    file->path = arena_strndup(arena, path, strlen(path));
    file->text = arena_strndup(arena, text, length);
    file->length = length;

    size_t lines = 1;
    for (const char *at = file->text, *end = at + length;
         (at = memchr(at, '\n', (size_t)(end - at))); at++) {
        lines++;
    }
    file->line_start = ARENA_ARRAY(arena, uint32_t, lines);
    file->line_count = 1;
    for (const char *at = file->text, *end = at + length;
         (at = memchr(at, '\n', (size_t)(end - at))); at++) {
        file->line_start[file->line_count++] = (uint32_t)(at - file->text) + 1;
    }
    return file;
}

/* Everything that the descriptor gives, in memory to be freed; NULL, errno set, when it can't be
 * read. */
static char *read_all(int fd, size_t *length)
{
    size_t cap = 1 << 14;
    char *text = malloc(cap);
    for (*length = 0; text;) {
        ssize_t got = read(fd, text + *length, cap - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (!got)
            return text;
        if (got > 0)
            *length += (size_t)got;
        if (got > 0 && *length < cap)
            continue;
        if (got > 0 && cap > LARGEST_SOURCE)
            errno = EFBIG;
        char *larger = got > 0 && cap <= LARGEST_SOURCE ? realloc(text, cap *= 2) : NULL;
        if (!larger) {
            int why = errno;
            free(text);
            errno = why;
        }
        text = larger;
    }
    return NULL;
}

SourceFile *source_read(Arena *arena, const char *path, char **error)
{
    *error = NULL;
    SourceFile *file = NULL;
    size_t length;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : read_all(fd, &length);
    if (text)
        file = source_from_text(arena, path, text, length);
    else
        *error = arena_printf(arena, "%s", strerror(errno));
    free(text);
    if (fd >= 0)
        close(fd);
    return file;
}

/* Line, from 0, that holds the byte. */
static uint32_t line_of(const SourceFile *file, uint32_t offset)
{
    uint32_t low = 0, high = file->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (file->line_start[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void source_position(const SourceFile *file, uint32_t offset, uint32_t *line, uint32_t *column)
{
    if (offset > file->length)
        offset = (uint32_t)file->length;
    uint32_t number = line_of(file, offset), at = file->line_start[number], characters = 0;
    if (!number && utf8_has_bom(file->text, file->length))
        at = 3;
    while (at < offset) {
        at += (uint32_t)utf8_length(file->text + at, file->length - at);
        characters++;
    }
    *line = file->first_line + number + 1;
    *column = characters + (at > offset ? 0 : 1);
    if (!*column)
        *column = 1;
}
