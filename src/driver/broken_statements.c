/* broken_statements.c: what of a script with errors is whole all the same, so that its data and
 * shapes can be checked too. */
#include "driver/broken_statements.h"
#include <ctype.h>
#include <string.h>

enum { MOST_NAMES = 64 }; /* a script with more broken names is not looked at further */

typedef struct Search {
    Compiler *c;
    const Script *script;
    const char *names[MOST_NAMES];
    size_t count;
    bool lost;
} Search;

static void add_name(Search *s, const char *name)
{
    if (!name)
        return;
    for (size_t i = 0; i < s->count; i++)
        if (s->names[i] == name)
            return;
    if (s->count == MOST_NAMES)
        s->lost = true;
    else
        s->names[s->count++] = name;
}

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Whether the statement's text, comments and all, holds one of the names as a word. */
static bool mentions(const Search *s, Span span)
{
    const char *text = span.file->text;
    for (size_t i = span.begin, end; i < span.end; i = end) {
        for (end = i; end < span.end && is_letter(text[end]); end++)
            continue;
        for (size_t k = 0; k < s->count && end > i; k++)
            if (strlen(s->names[k]) == end - i && !memcmp(s->names[k], text + i, end - i))
                return true;
        if (end == i)
            end++;
    }
    return false;
}

/* The statements that hold an error. False: there are errors elsewhere, in imported files or on the
 * command line. */
static bool mark_errors(const Search *s, bool *broken)
{
    const Diagnostics *diags = s->c->diags;
    if (diags->errors > diags->list.len)
        return false;
    for (size_t i = 0; i < diags->list.len; i++) {
        const Diagnostic *d = diags->list.data[i];
        if (d->severity != SEVERITY_ERROR)
            continue;
        if (d->span.file != s->script->file)
            return false;
        /* the last statement that begins at or before the error */
        size_t low = 0, high = s->script->len;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (s->script->data[middle]->span.begin <= d->span.begin)
                low = middle + 1;
            else
                high = middle;
        }
        if (low && d->span.begin <= s->script->data[low - 1]->span.end)
            broken[low - 1] = true;
    }
    return true;
}

bool *broken_statements(Compiler *c, const Script *script)
{
    bool *broken = ARENA_ARRAY(c->arena, bool, script->len + 1);
    Search s = { .c = c, .script = script };
    if (!mark_errors(&s, broken))
        return NULL;
    for (size_t i = 0; i < script->lost_count; i++)
        add_name(&s, script->lost[i].text);
    for (size_t i = 0; i < script->len && !s.lost; i++) {
        const Stmt *stmt = script->data[i];
        broken[i] = broken[i] || stmt->broken || mentions(&s, stmt->span);
        if (broken[i])
            add_name(&s, stmt->kind == STMT_ACTION ? stmt->action.as.text : stmt->name.text);
    }
    return s.lost ? NULL : broken;
}

bool is_broken(const Compiled *out, const Stmt *stmt)
{
    for (size_t i = 0; out->broken && i < out->script->len; i++)
        if (out->script->data[i] == stmt)
            return out->broken[i];
    return false;
}

void keep_sound_actions(Compiled *out)
{
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < out->actions.len; i++) {
        uint32_t begin = out->actions.data[i]->action->span.begin;
        while (at < out->script->len && out->script->data[at]->span.begin < begin)
            at++;
        if (at < out->script->len && !out->broken[at])
            out->actions.data[kept++] = out->actions.data[i];
    }
    out->actions.len = kept;
}
