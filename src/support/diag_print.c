/* diag_print.c: diagnostics as text with source line and caret run, plain or coloured, and as JSON
 * lines. */
#include "support/diag.h"
#include "support/diag_order.h"
#include "support/utf8.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ERRORS = 20, LONGEST_LINE = 200, EXCERPT_BEFORE = 60, EXCERPT = 160 };

static const struct {
    const char *name, *color;
} severities[] = {
    [SEVERITY_ERROR] = { "error", "\33[1;31m" },
    [SEVERITY_WARNING] = { "warning", "\33[1;35m" },
    [SEVERITY_NOTE] = { "note", "\33[1;36m" },
};

#define BOLD "\33[1m"
#define GREEN "\33[1;32m"
#define PLAIN "\33[0m"

static const char *sgr(DiagFormat format, const char *code)
{
    return format == DIAG_TEXT_COLOR ? code : "";
}

/* One character as a terminal can show it. */
static void put_character(FILE *out, const char *text, size_t bytes)
{
    if (utf8_is_unprintable(text, bytes))
        fputs(UTF8_REPLACEMENT, out);
    else
        fwrite(text, 1, bytes, out);
}

typedef struct Excerpt {
    const char *begin, *end; /* of the line, or of the part of it that is shown */
    bool cut_before, cut_behind;
} Excerpt;

static const char *forward(const char *at, const char *end, size_t characters)
{
    for (; characters && at < end; characters--)
        at += utf8_length(at, (size_t)(end - at));
    return at;
}

/* The line, or of a very long one what surrounds the span's first character. */
static Excerpt excerpt_of(const SourceFile *file, uint32_t line, const char *spot)
{
    Excerpt part = { file->text + file->line_start[line - 1 - file->first_line],
                     file->text + file->length, false, false };
    if (line == 1 && utf8_has_bom(part.begin, file->length))
        part.begin += 3;
    if (line - file->first_line < file->line_count)
        part.end = file->text + file->line_start[line - file->first_line] - 1;
    if (part.end > part.begin && part.end[-1] == '\r')
        part.end--;
    if (part.end - part.begin <= LONGEST_LINE)
        return part;

    const char *end = part.end;
    if (spot - part.begin > EXCERPT_BEFORE) {
        const char *from = spot - EXCERPT_BEFORE;
        for (int i = 0; i < 3 && ((unsigned char)*from & 0xC0) == 0x80; i++)
            from++;
        part.begin = from;
        part.cut_before = true;
    }
    part.end = forward(part.begin, end, EXCERPT);
    part.cut_behind = part.end < end;
    return part;
}

static void print_source(FILE *out, Span span, DiagFormat format, Severity severity)
{
    uint32_t line, column;
    source_position(span.file, span.begin, &line, &column);
    const char *spot =
        span.file->text + (span.begin < span.file->length ? span.begin : span.file->length);
    const char *span_end =
        span.file->text + (span.end < span.file->length ? span.end : span.file->length);
    Excerpt part = excerpt_of(span.file, line, spot);
    const char *dots = part.cut_before ? "..." : "";

    fprintf(out, "%5u | %s", line, dots);
    for (const char *at = part.begin; at < part.end;) {
        size_t bytes = utf8_length(at, (size_t)(part.end - at));
        put_character(out, at, bytes);
        at += bytes;
    }
    fprintf(out, "%s\n      | %.*s", part.cut_behind ? "..." : "", (int)strlen(dots), "   ");
    for (const char *at = part.begin; at < spot && at < part.end;
         at += utf8_length(at, (size_t)(part.end - at))) {
        fputc(*at == '\t' ? '\t' : ' ', out);
    }
    fprintf(out, "%s^", sgr(format, severities[severity].color));
    if (span_end > part.end)
        span_end = part.end;
    while (span_end > spot && (span_end[-1] == ' ' || span_end[-1] == '\t'))
        span_end--;
    for (const char *at = forward(spot, span_end, 1); at < span_end; at = forward(at, span_end, 1))
        fputc('~', out);
    fprintf(out, "%s\n", sgr(format, PLAIN));
}

static void print_text(FILE *out, const Diagnostic *it, DiagFormat format)
{
    uint32_t line, column;
    fputs(sgr(format, BOLD), out);
    if (it->span.file) {
        source_position(it->span.file, it->span.begin, &line, &column);
        fprintf(out, "%s:%u:%u: ", it->span.file->path, line, column);
    } else {
        fputs("nnc: ", out);
    }
    fprintf(out, "%s%s:%s ", sgr(format, severities[it->severity].color),
            severities[it->severity].name, sgr(format, PLAIN));
    fprintf(out, "%s%s%s", sgr(format, BOLD), it->message, sgr(format, PLAIN));
    if (it->severity != SEVERITY_NOTE)
        fprintf(out, " [%s]", diag_code(it->id));
    fputc('\n', out);
    if (it->span.file)
        print_source(out, it->span, format, it->severity);

    for (const char *help = it->help; help;) {
        size_t length = strcspn(help, "\n");
        fprintf(out, "%shelp:%s %.*s\n", sgr(format, GREEN), sgr(format, PLAIN), (int)length, help);
        help = help[length] ? help + length + 1 : NULL;
    }
    for (size_t i = 0; i < it->notes.len; i++)
        print_text(out, it->notes.data[i], format);
}

static json_t *json_of(const Diagnostic *it)
{
    uint32_t line = 0, column = 0, end_line = 0, end_column = 0;
    const SourceFile *file = it->span.file;
    if (file) {
        source_position(file, it->span.begin, &line, &column);
        source_position(file, it->span.end, &end_line, &end_column);
    }
    json_t *notes = json_array();
    for (size_t i = 0; i < it->notes.len; i++)
        json_array_append_new(notes, json_of(it->notes.data[i]));
    json_t *path = file ? json_string(file->path) : json_null();
    return json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:i, s:s, s:s?, s:o}", "severity",
                     severities[it->severity].name, "code", diag_code(it->id), "file",
                     path ? path : json_null(), "line", (int)line, "column", (int)column,
                     "end_line", (int)end_line, "end_column", (int)end_column, "message",
                     it->message, "help", it->help, "notes", notes);
}

static void print_json(FILE *out, const Diagnostic *it)
{
    json_t *object = json_of(it);
    if (object)
        json_dumpf(object, out, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', out);
    json_decref(object);
}

void diagnostics_print(Diagnostics *d, FILE *out, DiagFormat format)
{
    Diagnostic **sorted = diagnostics_in_order(d);
    size_t printed = 0;
    for (size_t i = 0; i < d->list.len; i++) {
        if (sorted[i]->severity == SEVERITY_ERROR && ++printed > MOST_ERRORS)
            continue;
        if (format == DIAG_JSON)
            print_json(out, sorted[i]);
        else
            print_text(out, sorted[i], format);
    }
    size_t more = d->errors > MOST_ERRORS ? d->errors - MOST_ERRORS : 0;
    if (more && format != DIAG_JSON)
        fprintf(out, "nnc: %zu more error%s not shown\n", more, more == 1 ? "" : "s");
}
