/* line_editor.c: libedit for the REPL. */
#include "driver/line_editor.h"
#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* more candidates than that are listed without their help */
enum { HISTORY_LINES = 1000, WITH_HELP = 16 };

struct LineEditor {
    Sema *sema;
    EditLine *el;
    History *history;
    char *history_path; /* NULL: nowhere to keep it */
    bool inside;
    struct sigaction before;
};

/* ---- completion ---- */

typedef struct Candidates {
    const char *prefix;
    size_t length;
    char *common; /* what all candidates so far begin with; malloc'ed */
    size_t count, expected;
    FILE *list;
} Candidates;

static void consider(void *context, const char *name, const char *help)
{
    Candidates *c = context;
    if (!name || strncmp(name, c->prefix, c->length) != 0)
        return;
    if (c->list && c->expected <= WITH_HELP)
        fprintf(c->list, "  %-16s %s\n", name, help ? help : "");
    else if (c->list)
        fprintf(c->list, "%s  ", name);
    if (!c->common)
        c->common = strdup(name);
    for (size_t i = 0; c->common && c->common[i]; i++)
        if (c->common[i] != name[i])
            c->common[i] = '\0';
    c->count++;
}

static bool is_name(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The name of what is called, where the cursor is between its parentheses. NULL: nothing is. */
static char *call_around(const char *begin, const char *cursor)
{
    int open = 0;
    for (const char *at = cursor; at > begin; at--) {
        if (at[-1] == ')')
            open++;
        if (at[-1] == '(')
            open--;
        if (open >= 0)
            continue;
        const char *end = at - 1, *name = end;
        while (name > begin && is_name(name[-1]))
            name--;
        return name < end ? strndup(name, (size_t)(end - name)) : NULL;
    }
    return NULL;
}

static void consider_all(LineEditor *e, const LineInfo *info, Candidates *c)
{
    char *call = call_around(info->buffer, info->cursor);
    if (call)
        sema_each_argument(e->sema, call, consider, c);
    free(call);
    for (size_t i = 0; i < keyword_count; i++)
        consider(c, keyword_names[i], NULL);
    sema_each_name(e->sema, consider, c);
}

static void list_candidates(LineEditor *e, const LineInfo *info, const Candidates *found)
{
    Candidates again = {
        .prefix = found->prefix, .length = found->length, .list = stdout, .expected = found->count
    };
    putchar('\n');
    consider_all(e, info, &again);
    putchar('\n');
    fflush(stdout);
    free(again.common);
}

/* Tab: completes the name before the cursor as far as it is known, or lists what it may become. */
static unsigned char complete(EditLine *el, int ch)
{
    (void)ch;
    LineEditor *e = NULL;
    el_get(el, EL_CLIENTDATA, &e);
    const LineInfo *info = el_line(el);
    const char *begin = info->cursor;
    while (begin > info->buffer && is_name(begin[-1]))
        begin--;
    size_t length = (size_t)(info->cursor - begin);
    char *prefix = strndup(begin, length);
    if (!prefix)
        return CC_ERROR;

    Candidates found = { .prefix = prefix, .length = length };
    consider_all(e, info, &found);
    unsigned char result = CC_ERROR;
    if (found.common && strlen(found.common) > length &&
        el_insertstr(el, found.common + length) == 0) {
        result = CC_REFRESH;
    } else if (found.count > 1) {
        list_candidates(e, info, &found);
        result = CC_REDISPLAY;
    }
    free(found.common);
    free(prefix);
    return result;
}

/* ---- the editor ---- */

static char *prompt(EditLine *el)
{
    LineEditor *e = NULL;
    el_get(el, EL_CLIENTDATA, &e);
    return (char *)(e && e->inside ? "...  " : "nnc> ");
}

static char *find_history(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (state && *state) {
        if (asprintf(&path, "%s/nnc_history", state) < 0)
            path = NULL;
    } else if (home && *home && asprintf(&path, "%s/.nnc_history", home) < 0) {
        path = NULL;
    }
    return path;
}

/* The handler has nothing to do: the editor sees that its read() was interrupted. */
static void on_interrupt(int number)
{
    (void)number;
}

LineEditor *line_editor_new(Sema *sema)
{
    LineEditor *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->sema = sema;
    e->el = el_init("nnc", stdin, stdout, stderr);
    e->history = history_init();
    if (!e->el || !e->history) {
        if (e->history)
            history_end(e->history);
        if (e->el)
            el_end(e->el);
        free(e);
        return NULL;
    }

    HistEvent event;
    history(e->history, &event, H_SETSIZE, HISTORY_LINES);
    history(e->history, &event, H_SETUNIQUE, 1);
    e->history_path = find_history();
    if (e->history_path)
        history(e->history, &event, H_LOAD, e->history_path);

    el_set(e->el, EL_CLIENTDATA, e);
    el_set(e->el, EL_PROMPT, prompt);
    el_set(e->el, EL_EDITOR, "emacs");
    el_set(e->el, EL_HIST, history, e->history);
    el_set(e->el, EL_ADDFN, "nnc-complete", "complete a name", complete);
    el_set(e->el, EL_BIND, "^I", "nnc-complete", NULL);
    el_source(e->el, NULL);

    struct sigaction action = { .sa_handler = on_interrupt };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &e->before);
    return e;
}

void line_editor_names(LineEditor *e, Sema *sema)
{
    e->sema = sema;
}

void line_editor_free(LineEditor *e)
{
    if (!e)
        return;
    HistEvent event;
    sigaction(SIGINT, &e->before, NULL);
    if (e->history_path)
        history(e->history, &event, H_SAVE, e->history_path);
    history_end(e->history);
    el_end(e->el);
    free(e->history_path);
    free(e);
}

const char *line_editor_read(LineEditor *e, bool inside, size_t *length, bool *cancelled)
{
    int count = 0;
    e->inside = inside;
    errno = 0;
    const char *line = el_gets(e->el, &count);
    if (!line || count <= 0) {
        *cancelled = errno == EINTR;
        putchar('\n');
        fflush(stdout);
        if (*cancelled)
            el_reset(e->el);
        return NULL;
    }
    HistEvent event;
    if (line[0] != '\n')
        history(e->history, &event, H_ENTER, line);
    *length = (size_t)count;
    return line;
}
