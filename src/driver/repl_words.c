/* repl_words.c: help, show, undo and quit. They print on standard output, as `print` does. */
#include "driver/repl_words.h"
#include "driver/text_chart.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UNDO_BYTES = 512 << 20 }; /* of weights kept for `undo`; beyond that the oldest go */

/* ---- undo ---- */

void undo_note(Undo *undo, nnrt_undo *before)
{
    if (undo->count == undo->capacity) {
        size_t capacity = 2 * undo->capacity + 16;
        nnrt_undo **grown = realloc(undo->before, capacity * sizeof(nnrt_undo *));
        if (!grown) {
            nnrt_undo_free(before);
            undo->forgotten = undo->count;
            return;
        }
        undo->before = grown;
        undo->capacity = capacity;
    }
    undo->before[undo->count++] = before;
    size_t bytes = 0;
    for (size_t i = undo->count; i-- > undo->forgotten;) {
        if (undo->before[i])
            bytes += nnrt_undo_bytes(undo->before[i]);
        if (bytes <= UNDO_BYTES)
            continue;
        for (size_t k = undo->forgotten; k <= i; k++) {
            nnrt_undo_free(undo->before[k]);
            undo->before[k] = NULL;
        }
        undo->forgotten = i + 1;
    }
}

void undo_free(Undo *undo)
{
    for (size_t i = 0; i < undo->count; i++)
        nnrt_undo_free(undo->before[i]);
    free(undo->before);
}

static void undo_last(Compiler *c, Undo *undo, const char *name)
{
    (void)name;
    if (undo->count == undo->forgotten) {
        puts(undo->count ? "what was before is no longer kept" : "nothing to undo");
        return;
    }
    const SourceFile *last = c->inputs.data[c->inputs.len - 1];
    size_t begin = strspn(last->text, " \t\r\n"), length = strcspn(last->text + begin, "\r\n");
    if (!compiler_undo(c)) {
        compiler_report(c);
        puts("this cannot be undone: an earlier input no longer compiles");
        return;
    }
    nnrt_undo *before = undo->before[--undo->count];
    if (before)
        nnrt_undo_restore(c->session, before);
    printf("undone: %.*s%s\n", (int)length, last->text + begin,
           strspn(last->text + begin + length, " \t\r\n") < strlen(last->text + begin + length)
               ? " ..."
               : "");
}

/* ---- show ---- */

/* The numbers of a record, dotted names for inner ones; lists are left to their own words. */
static void print_numbers(const json_t *value, const char *prefix)
{
    const char *key;
    json_t *field;
    json_object_foreach ((json_t *)value, key, field) {
        char name[256];
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_number(field))
            printf("  %-24s %.6g\n", name, json_number_value(field));
        else if (json_is_boolean(field))
            printf("  %-24s %s\n", name, json_is_true(field) ? "true" : "false");
        else if (json_is_null(field))
            printf("  %-24s nan\n", name);
        else if (json_is_array(field))
            printf("  %-24s %zu records\n", name, json_array_size(field));
        else if (json_is_object(field))
            print_numbers(field, name);
    }
}

static double dotted_number(const json_t *record, const char *name)
{
    const char *dot = strchr(name, '.');
    if (dot)
        return dotted_number(json_object_getn(record, name, (size_t)(dot - name)), dot + 1);
    const json_t *field = json_object_get(record, name);
    return json_is_number(field) ? json_number_value(field) : NAN;
}

/* Curves over the records of a result, where it has some. */
static void plot_records(const json_t *result)
{
    static const struct {
        const char *list, *unit, *names[2];
    } known[] = {
        { "history", "epochs", { "loss", "validation.loss" } },
        { "path", "steps", { "value", NULL } },
        { "curve", "steps", { "loss", NULL } },
        { "trials", "trials", { "value", NULL } },
    };

    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const json_t *records = json_object_get(result, known[k].list);
        size_t count = json_array_size(records), curves = 0;
        TextCurve curve[2];
        double *values = count > 1 ? malloc(2 * count * sizeof *values) : NULL;
        if (!values)
            continue;
        for (size_t c = 0; c < 2 && known[k].names[c]; c++) {
            bool some = false;
            for (size_t i = 0; i < count; i++) {
                some |= isfinite(values[c * count + i] =
                                     dotted_number(json_array_get(records, i), known[k].names[c]));
            }
            if (some) {
                curve[curves++] =
                    (TextCurve){ known[k].names[c], c ? '+' : 'o', values + c * count, count };
            }
        }
        text_chart(stdout, curve, curves, known[k].unit);
        free(values);
        return;
    }
}

static bool show_result(Compiler *c, const char *name)
{
    json_t *result = c->session ? nnrt_session_result(c->session, name) : NULL;
    if (!result)
        return false;
    printf("result %s\n", name);
    print_numbers(result, "");
    plot_records(result);
    json_decref(result);
    return true;
}

/* An action that was interrupted has a name and no result. */
static bool has_result(void *context, const char *name)
{
    Compiler *c = context;
    json_t *result = c->session ? nnrt_session_result(c->session, name) : NULL;
    json_decref(result);
    return result != NULL;
}

static void show_all(Compiler *c)
{
    bool some = sema_list_declared(c->sema, has_result, c, stdout);
    for (size_t i = 0; i < c->data.len; i++)
        print_data(c->arena, c->data.data[i]);
    for (size_t i = 0; i < c->models.len; i++) {
        printf("model %s: %" PRId64 " parameters\n", c->models.data[i].decl->name,
               c->models.data[i].instance->parameters);
    }
    if (!some && !c->data.len && !c->models.len)
        puts("nothing is declared yet");
}

static void show(Compiler *c, Undo *undo, const char *name)
{
    (void)undo;
    if (!name) {
        show_all(c);
        return;
    }
    bool found = false;
    for (size_t i = 0; i < c->models.len; i++) {
        const ModelUse *m = &c->models.data[i];
        if (strcmp(m->decl->name, name) != 0)
            continue;
        print_model(c, c->units.data, c->units.len, m->instance);
        found = true;
    }
    for (size_t i = c->data.len; i-- > 0 && !found;) /* the last of a name holds */
        if (strcmp(c->data.data[i]->decl->name, name) == 0)
            print_data(c->arena, c->data.data[i]), found = true;
    if (!found && !show_result(c, name) && !sema_help(c->sema, name, stdout))
        printf("there is no '%s' here; `show` alone lists what there is\n", name);
}

/* ---- help ---- */

static void help(Compiler *c, Undo *undo, const char *name);

static void quit(Compiler *c, Undo *undo, const char *name)
{
    (void)c, (void)undo, (void)name;
}

static const struct Word {
    const char *name;
    bool takes_name;
    void (*run)(Compiler *, Undo *, const char *name);
    ReplWord then;
    const char *help;
} words[] = {
    { "help", true, help, WORD_DONE,
      "help NAME explains a layer, an optimizer, a key, an action or an error code" },
    { "show", true, show, WORD_DONE,
      "lists data, models, values; show NAME: a model's table, a result's numbers and curves" },
    { "undo", false, undo_last, WORD_DONE,
      "takes back the last input and what it did to weights and results" },
    { "quit", false, quit, WORD_QUIT, "ends the session, as the end of the input does" },
    { "exit", false, quit, WORD_QUIT, "the same" },
};

static void help(Compiler *c, Undo *undo, const char *name)
{
    (void)undo;
    if (name) {
        int code = diag_find(name);
        bool found = sema_help(c->sema, name, stdout);
        if (code >= 0)
            fputs(diag_explanation((DiagId)code), stdout);
        if (!found && code < 0) {
            printf("there is no help on '%s'; `help layers`, `help optimizers`, `help losses` and "
                   "the like list names\n",
                   name);
        }
        return;
    }
    puts("Declarations (data, model, recipe, fn, param, ...) and actions (train, evaluate, tune, "
         "plot, print, ...) run as they are entered.");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        printf("  %-5s %s\n", words[i].name, words[i].help);
}

/* ---- the words ---- */

static size_t word_at(const char *line, size_t length, size_t *at)
{
    while (*at < length && strchr(" \t\r\n", line[*at]))
        ++*at;
    size_t begin = *at;
    while (*at < length && !strchr(" \t\r\n", line[*at]))
        ++*at;
    return begin;
}

ReplWord repl_word(Compiler *c, Undo *undo, const char *line, size_t length)
{
    size_t at = 0, first = word_at(line, length, &at), first_end = at,
           second = word_at(line, length, &at), second_end = at, third = word_at(line, length, &at);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].name) != first_end - first ||
            memcmp(words[i].name, line + first, first_end - first) != 0) {
            continue;
        }
        if (third < length ||
            (second < length && (!words[i].takes_name || strchr("=({[", line[second])))) {
            return WORD_NONE;
        }
        char *name = second < second_end
                         ? arena_strndup(c->arena, line + second, second_end - second)
                         : NULL;
        words[i].run(c, undo, name);
        return words[i].then;
    }
    return WORD_NONE;
}
