/* print_assert.c: `print` and `assert`: values known when the program runs. */
#include "actions/actions.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- print ---- */
bool nnrt_do_print(nnrt_program *program, nnrt_error *e)
{
    const json_t *values = json_object_get(program->action, "values");
    size_t count = json_array_size(values);
    char **text = calloc(count + 1, sizeof *text);
    bool ok = text || nnrt_no_memory(e);
    for (size_t i = 0; ok && i < count; i++)
        ok = (text[i] = nnrt_later_text(&program->session->results, json_array_get(values, i),
                                        e)) != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        if (i)
            putchar(' ');
        fputs(text[i], stdout);
    }
    if (ok)
        putchar('\n');
    for (size_t i = 0; text && i < count; i++)
        free(text[i]);
    free(text);
    return ok && (!ferror(stdout) || nnrt_flush_output(program, e));
}

/* ---- assert ---- */
/* What both sides of a comparison are, for the help. */
static void say_sides(nnrt_program *program, const json_t *condition, char *help, size_t size)
{
    static const char *const comparisons[] = { "<", "<=", ">", ">=", "==", "!=" };
    const char *op = json_string_value(json_object_get(condition, "op")),
               *written = nnrt_action_text(program, "text");
    bool compares = false;
    for (size_t i = 0; op && i < sizeof comparisons / sizeof *comparisons; i++)
        compares |= !strcmp(op, comparisons[i]);
    nnrt_error unused = { 0 };
    char *a = compares ? nnrt_later_text(&program->session->results,
                                         json_object_get(condition, "a"), &unused)
                       : NULL;
    char *b = compares ? nnrt_later_text(&program->session->results,
                                         json_object_get(condition, "b"), &unused)
                       : NULL;
    if (a && b) {
        snprintf(help, size, "%s%s%.60s %s %.60s is false", written ? written : "",
                 written ? ": " : "", a, op, b);
    } else if (written) {
        snprintf(help, size, "%s is false", written);
    }
    free(a);
    free(b);
}

bool nnrt_do_assert(nnrt_program *program, nnrt_error *e)
{
    const json_t *condition = json_object_get(program->action, "condition"),
                 *message = json_object_get(program->action, "message");
    bool holds;
    if (!nnrt_later_truth(&program->session->results, condition, &holds, e))
        return false;
    if (holds || program->session->options.dry_run)
        return true;
    char *text = message && !json_is_null(message)
                     ? nnrt_later_text(&program->session->results, message, e)
                     : NULL;
    if (e->status)
        return false;
    nnrt_fail(e, NNRT_ASSERTION, "assertion-failed", "assertion failed%s%s", text ? ": " : "",
              text ? text : "");
    say_sides(program, condition, e->help, sizeof e->help);
    free(text);
    return false;
}
