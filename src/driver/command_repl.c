/* command_repl.c: `nnc repl`: one session, statement by statement. Every input is compiled and
 * carried out by itself; mistakes end nothing.
 *
 * On a terminal lines come from line_editor.c; else they are read as they are, without prompt. */
#include "driver/driver.h"
#include "driver/program_json.h"
#include "driver/line_editor.h"
#include "driver/repl_words.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Repl {
    Compiler *c;
    LineEditor *editor; /* NULL: standard input is not a terminal */
    char *line;
    size_t line_size; /* getline's */
    char *text;
    size_t length, size;             /* the statement so far */
    uint32_t lines_read, first_line; /* of the session; before the statement */
    char *next;
    size_t next_length; /* a line that was read already; NULL */
    /* brackets opened and not closed in the statement so far */
    long open;
    Undo undo;
} Repl;

/* Compiles and carries out one input; 130 where it was interrupted. */
static int carry_out(Compiler *c, const SourceFile *file, Undo *undo)
{
    Compiled compiled;
    bool ok = compile(c, file, &compiled);
    int status = compiler_report(c);
    if (!ok)
        return status;
    nnrt_session *session = compiled.actions.len ? compiler_session(c) : NULL;
    undo_note(undo, session ? nnrt_undo_new(session) : NULL);
    if (!session)
        return compiler_report(c);
    json_t *program = program_json(c, &compiled, true);
    nnrt_session_set_retune(session, compiler_retune, c);
    status = nnrt_session_run(session, program, compiler_resolve, c);
    json_decref(program);
    return status;
}

/* The next line, its newline included. NULL: the end. *cancelled: Ctrl-C at the prompt. */
static const char *read_line(Repl *r, size_t *length, bool *cancelled)
{
    *cancelled = false;
    if (r->next) {
        free(r->line);
        r->line = r->next;
        r->line_size = r->next_length + 1;
        r->next = NULL;
        *length = r->next_length;
        return r->line;
    }
    if (r->editor)
        return line_editor_read(r->editor, r->length > 0, length, cancelled);
    ssize_t n = getline(&r->line, &r->line_size, stdin);
    *length = n > 0 ? (size_t)n : 0;
    return n > 0 ? r->line : NULL;
}

static bool append(Repl *r, const char *line, size_t length)
{
    if (r->length + length + 1 > r->size) {
        size_t size = 2 * (r->length + length + 1);
        char *larger = realloc(r->text, size);
        if (!larger)
            return false;
        r->text = larger;
        r->size = size;
    }
    memcpy(r->text + r->length, line, length);
    r->length += length;
    r->text[r->length] = '\0';
    return true;
}

/* Nothing, or a comment alone. */
static bool is_blank(const char *text, size_t length)
{
    for (size_t i = 0; i < length && text[i] != '#'; i++)
        if (!strchr(" \t\r\n", text[i]) || !text[i])
            return false;
    return true;
}

static long count_open(const char *line, size_t length)
{
    long open = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = line[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if (c == '#')
            break;
        else if (c == '(' || c == '[' || c == '{')
            open++;
        else if (c == ')' || c == ']' || c == '}')
            open--;
    }
    return open;
}

static bool begins_with_keyword(const char *line, size_t length)
{
    size_t begin = 0, end;
    while (begin < length && (line[begin] == ' ' || line[begin] == '\t'))
        begin++;
    for (end = begin; end < length && line[end] >= 'a' && line[end] <= 'z'; end++)
        continue;
    for (size_t i = 0; i < keyword_count; i++) {
        if (strlen(keyword_names[i]) == end - begin &&
            memcmp(keyword_names[i], line + begin, end - begin) == 0) {
            return true;
        }
    }
    return false;
}

/* Parsing everything again for each line would make long statements slow: within brackets only a
 * line that begins with a keyword, which may be the next statement after a forgotten bracket, is
 * worth it. */
static bool is_unfinished(Repl *r, const char *line, size_t length)
{
    r->open += count_open(line, length);
    if (r->open > 0 && !begins_with_keyword(line, length))
        return true;
    return parse_is_unfinished(r->text, r->length);
}

typedef enum Taken { TAKEN, TAKEN_QUIT, TAKEN_NOT } Taken;

/* A line between statements may be blank, or one of the REPL's own words. */
static Taken take_own_line(Repl *r, const char *line, size_t length)
{
    if (is_blank(line, length))
        return TAKEN;
    ReplWord word = repl_word(r->c, &r->undo, line, length);
    fflush(stdout);
    if (word == WORD_QUIT)
        return TAKEN_QUIT;
    return word == WORD_DONE ? TAKEN : TAKEN_NOT;
}

/* A bracket was forgotten above: the last line, from `before` on, is a statement of its own, and is
 * read as such next. */
static void put_back_line(Repl *r, size_t before, size_t length)
{
    r->next = malloc(length + 1);
    if (!r->next)
        return;
    memcpy(r->next, r->text + before, length);
    r->next[r->next_length = length] = '\0';
    r->length = before;
    r->lines_read--;
}

/* One whole statement in r->text. False: the end of the input. */
static bool read_statement(Repl *r)
{
    r->length = 0;
    for (;;) {
        size_t length;
        bool cancelled;
        const char *line = read_line(r, &length, &cancelled);
        if (cancelled) {
            r->length = 0;
            continue;
        }
        if (!line) {
            if (r->length)
                fprintf(stderr, "nnc: the input ends within a statement, which is ignored\n");
            return false;
        }
        r->lines_read++;

        if (!r->length) {
            Taken taken = take_own_line(r, line, length);
            if (taken == TAKEN_QUIT)
                return false;
            if (taken == TAKEN)
                continue;
            r->first_line = r->lines_read - 1;
            r->open = 0;
        }

        size_t before = r->length;
        if (!append(r, line, length))
            return false;
        if (is_unfinished(r, line, length))
            continue;
        if (before && r->open > 0)
            put_back_line(r, before, length);
        return true;
    }
}

static int loop(Repl *r)
{
    while (read_statement(r)) {
        SourceFile *file = source_from_text(r->c->arena, "<stdin>", r->text, r->length);
        file->first_line = r->first_line;
        int status = carry_out(r->c, file, &r->undo);
        /* from outside: nobody is there to go on */
        if (status == NNRT_INTERRUPTED && !r->editor)
            return status;
        fflush(stdout);
        /* `tune` and `undo` bring new ones */
        if (r->editor)
            line_editor_names(r->editor, r->c->sema);
    }
    return 0;
}

static int repl(Compiler *c)
{
    int status = 0;
    char *error = NULL;
    if (c->options->cpu && !compiler_target(c, &error))
        return options_wrong(c->options, "option '--cpu': %s", error);
    sema_set_repl(c->sema, true);
    Repl r = { .c = c };

    if (c->options->operands.len) {
        const SourceFile *file = compiler_open(c, c->options->operands.data[0], &status);
        if (!file)
            return status;
        status = carry_out(c, file, &r.undo);
        /* a --set that is wrong, or a signal */
        if (status == NNRT_USAGE || (status == NNRT_INTERRUPTED && !isatty(STDIN_FILENO))) {
            undo_free(&r.undo);
            return status;
        }
        fflush(stdout);
    }

    r.editor = isatty(STDIN_FILENO) ? line_editor_new(c->sema) : NULL;
    status = loop(&r);
    line_editor_free(r.editor);
    undo_free(&r.undo);
    free(r.line);
    free(r.next);
    free(r.text);

    sema_finish_params(c->sema);
    /* --set of params that never came */
    int unused = compiler_report(c);
    return status ? status : unused;
}

int command_repl(Options *options)
{
    Compiler *c = compiler_new(options);
    c->carries_out = true;
    int status = repl(c);
    compiler_free(c);
    return status;
}
