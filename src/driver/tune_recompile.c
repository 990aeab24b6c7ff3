/* tune_recompile.c: a script that is running, checked and compiled again with other params, for
 * `tune`.
 *
 * A trial has a compiler of its own, so nothing of one trial is left in another; they share
 * session, target and machine code (shared_code.h): a trial that differs in numbers alone compiles
 * nothing. When the best trial is known its compiler takes the first one's place, so later
 * statements, of a REPL too, see the params in force. */
#include "driver/compile.h"
#include "driver/program_json.h"
#include <string.h>

static const char *text_of_value(Arena *arena, const json_t *value)
{
    if (json_is_string(value))
        return arena_printf(arena, "%s", json_string_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    const char *text = arena_printf(arena, "%.17g", json_number_value(value));
    return strpbrk(text, ".en") ? text : arena_printf(arena, "%s.0", text);
}

/* The command's options, with the params set. */
static const Options *options_with(Arena *arena, const Options *options, const json_t *params)
{
    Options *with = ARENA_NEW(arena, Options);
    *with = *options;
    memset(&with->sets, 0, sizeof with->sets);
    const char *name;
    json_t *value;
    for (size_t i = 0; i < options->sets.len; i++)
        if (!json_object_get(params, options->sets.data[i].name))
            vec_push(arena, &with->sets, options->sets.data[i]);
    json_object_foreach ((json_t *)params, name, value) {
        vec_push(arena, &with->sets,
                 ((ParamOverride){ arena_printf(arena, "%s", name), text_of_value(arena, value),
                                   false }));
    }
    return with;
}

Compiler *compiler_beside(Compiler *c, const Options *options)
{
    Compiler *trial = compiler_new(options);
    trial->folder = c->folder;
    codes_free(trial->codes);
    trial->codes = c->codes;
    trial->session = c->session;
    trial->target = c->target;
    trial->jit = c->jit;
    trial->carries_out = c->carries_out;
    trial->passes = c->passes;
    trial->parent = c;
    trial->for_trial = trial->shares_code = true;
    sema_set_repl(trial->sema, c->options->command->bit == FOR_REPL);
    return trial;
}

/* All inputs so far; of the last one `out`, with the units of the actions from `first` to
 * `last_action`. */
static bool compile_inputs(Compiler *c, const Compiler *like, size_t first, size_t last_action,
                           Compiled *out)
{
    for (size_t i = 0; i < like->inputs.len; i++) {
        bool last = i + 1 == like->inputs.len;
        c->only_from = last ? first : SIZE_MAX;
        c->only_to = last ? last_action : 0;
        if (!compile(c, like->inputs.data[i], out))
            return false;
    }
    return true;
}

static void failed(Compiler *trial, const json_t *params, nnrt_error *e)
{
    const Diagnostic *first = NULL;
    for (size_t i = 0; i < trial->diags->list.len && !first; i++)
        if (trial->diags->list.data[i]->severity == SEVERITY_ERROR)
            first = trial->diags->list.data[i];
    char *values = json_dumps(params, JSON_REAL_PRECISION(6));
    uint32_t line = 0, column = 0;
    if (first && first->span.file)
        source_position(first->span.file, first->span.begin, &line, &column);
    nnrt_fail(e, NNRT_SCRIPT, "out-of-range",
              "with the params %.300s the script has an error%s: %.600s", values ? values : "",
              line ? arena_printf(trial->arena, " in line %u, column %u", line, column) : "",
              first ? first->message : "the reason is unknown");
    snprintf(e->help, sizeof e->help, "leave values that do not fit out of the params' domains");
    free(values);
}

void compiler_take_over(Compiler *c, Compiler *trial)
{
    Compiler *older = ARENA_NEW(trial->arena, Compiler);
    *older = *c;
    trial->parent = NULL;
    trial->older = older;
    trial->jit = c->jit;
    trial->target = c->target;
    trial->for_trial = false;
    /* no longer the owner of session, jit, codes and target */
    older->parent = c;
    *c = *trial;
}

/* Code that it made may serve others. */
static void put_aside(Compiler *c, Compiler *trial)
{
    if (trial->made_code)
        vec_push(c->arena, &c->trials, trial);
    else
        compiler_free(trial);
}

/* The program, and the compiler that made it, still to be freed; NULL: both are dealt with. */
static json_t *program_with(Compiler *c, const json_t *params, size_t first, size_t last,
                            Compiler **trial, nnrt_error *e)
{
    Compiled compiled;
    *trial = compiler_beside(c, options_with(c->arena, c->options, params));
    if (compile_inputs(*trial, c, first, last, &compiled))
        return program_json(*trial, &compiled, c->options->command->bit != FOR_BUILD);
    failed(*trial, params, e);
    put_aside(c, *trial);
    return NULL;
}

json_t *compiler_retune(void *context, const json_t *params, size_t action, bool settle,
                        nnrt_error *e)
{
    Compiler *c = context, *trial;
    json_t *program = program_with(c, params, settle ? action + 1 : action,
                                   settle ? SIZE_MAX : action, &trial, e);
    if (program && settle)
        compiler_take_over(c, trial);
    else if (program)
        put_aside(c, trial);
    return program;
}

json_t *compiler_variant(Compiler *c, const json_t *params, size_t action, nnrt_error *e)
{
    Compiler *trial;
    json_t *program = program_with(c, params, action, SIZE_MAX, &trial, e);
    if (program)
        put_aside(c, trial);
    return program;
}
