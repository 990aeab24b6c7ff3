/* messages.c: errors at their action's place, and standard output that may be closed. */
#include "model/program.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool nnrt_interrupted(nnrt_error *e)
{
    return nnrt_fail(e, NNRT_INTERRUPTED, "interrupted", "interrupted");
}

bool nnrt_flush_output(nnrt_program *program, nnrt_error *e)
{
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout))
        return true;
    int why = errno;
    clearerr(stdout);
    if (why == EPIPE) {
        program->quiet_end = true;
        return nnrt_fail(e, NNRT_FILES, "write-failed", "standard output was closed by its reader");
    }
    return nnrt_fail(e, NNRT_FILES, "write-failed", "can't write to standard output: %s",
                     why ? strerror(why) : "an earlier write failed");
}

typedef struct place {
    const char *file, *source;
    long long line, column, end;
} place;

static place place_of(const nnrt_program *program)
{
    const json_t *action = program->action;
    place p = { program->script, NULL, 0, 0, 0 };
    if (!action)
        return p;
    p.source = nnrt_action_text(program, "source");
    p.line = json_integer_value(json_object_get(action, "line"));
    p.column = json_integer_value(json_object_get(action, "column"));
    p.end = json_integer_value(json_object_get(action, "end_column"));
    if (p.end <= p.column)
        p.end = p.column + 1;
    return p;
}

static void say_text(const place *p, const nnrt_error *e, bool color)
{
    const char *bold = color ? "\x1b[1m" : "", *red = color ? "\x1b[1;31m" : "",
               *plain = color ? "\x1b[0m" : "";
    if (p->file && p->line)
        fprintf(stderr, "%s%s:%lld:%lld: ", bold, p->file, p->line, p->column);
    fprintf(stderr, "%serror:%s %s%s%s [%s]\n", red, plain, bold, e->text, plain, e->code);
    if (p->source && p->line) {
        fprintf(stderr, "%5lld | %s\n      | ", p->line, p->source);
        long long at = 1;
        for (const char *c = p->source; *c && at < p->column; c++) {
            if (((unsigned char)*c & 0xC0) == 0x80)
                continue;
            fputc(*c == '\t' ? '\t' : ' ', stderr);
            at++;
        }
        fprintf(stderr, "%s^", red);
        for (long long i = p->column + 1; i < p->end; i++)
            fputc('~', stderr);
        fprintf(stderr, "%s\n", plain);
    }
    if (*e->help)
        fprintf(stderr, "%shelp:%s %s\n", color ? "\x1b[1;32m" : "", plain, e->help);
}

static void say_json(const place *p, const char *severity, const nnrt_error *e)
{
    json_t *said = json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I, s:I, s:s, s:s?, s:[]}", "severity",
                             severity, "code", e->code, "file", p->file, "line",
                             (json_int_t)p->line, "column", (json_int_t)p->column, "end_line",
                             (json_int_t)p->line, "end_column", (json_int_t)p->end, "message",
                             e->text, "help", *e->help ? e->help : NULL, "notes");
    if (said)
        json_dumpf(said, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(said);
}

void nnrt_report_error(const nnrt_program *program, const nnrt_error *e)
{
    const nnrt_options *options = &program->session->options;
    nnrt_log *log = program->session->log;
    place p = place_of(program);
    fflush(stdout);
    if (options->diagnostics_json)
        say_json(&p, "error", e);
    else
        say_text(&p, e, options->color);
    fflush(stderr);
    nnrt_log_begin(log, "error");
    nnrt_log_whole(log, "status", e->status);
    nnrt_log_text(log, "code", e->code);
    nnrt_log_text(log, "message", e->text);
    nnrt_log_text(log, "file", p.file);
    nnrt_log_whole(log, "line", p.line);
    nnrt_log_whole(log, "column", p.column);
    nnrt_log_text(log, "help", *e->help ? e->help : NULL);
    nnrt_log_end(log);
    nnrt_log_flush(log);
}

void nnrt_note(const nnrt_program *program, const char *code, const char *format, ...)
{
    const nnrt_options *options = &program->session->options;
    nnrt_error note = { 0 };
    place p = place_of(program);
    if (options->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(note.text, sizeof note.text, format, arguments);
    va_end(arguments);
    snprintf(note.code, sizeof note.code, "%s", code);

    fflush(stdout);
    if (options->diagnostics_json)
        say_json(&p, "note", &note);
    else if (p.file && p.line)
        fprintf(stderr, "%s:%lld:%lld: note: %s [%s]\n", p.file, p.line, p.column, note.text, code);
    else
        fprintf(stderr, "note: %s [%s]\n", note.text, code);
    fflush(stderr);
}
