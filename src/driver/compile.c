/* compile.c: from a source file to checked actions with planned units, phase by phase.
 *
 * What is sound in a script with errors still meets its data and shapes, so that all errors are
 * reported at once; no unit is made then. */
#include "driver/broken_statements.h"
#include "driver/compile_phases.h"
#include <string.h>

/* The syntax tree. What could be read of a script with errors is checked too. */
static bool phase_parse(Compiler *c, Compiled *out)
{
    out->script = parse_file(c->arena, c->names, c->diags, out->file);
    return true;
}

/* ---- check ---- */

int64_t compiler_generation(const Compiler *c, const char *model, size_t length)
{
    for (size_t i = 0; i < c->generations.len; i++) {
        if (strncmp(c->generations.data[i].name, model, length) == 0 &&
            !c->generations.data[i].name[length]) {
            return c->generations.data[i].number;
        }
    }
    return 0;
}

static void forget_model(Compiler *c, const char *name)
{
    lower_forget_model(c->lower, name);
    for (size_t i = 0; i < c->models.len; i++)
        if (strcmp(c->models.data[i].decl->name, name) == 0)
            c->models.data[i] = c->models.data[--c->models.len];
}

static Generation *find_generation(const Compiler *c, const char *name)
{
    for (size_t i = 0; i < c->generations.len; i++)
        if (c->generations.data[i].name == name)
            return &c->generations.data[i];
    return NULL;
}

/* A model declared again is another model: what was known of the old one goes. */
static void note_models(Compiler *c, const Script *script)
{
    for (size_t i = 0; i < script->len; i++) {
        const Stmt *stmt = script->data[i];
        if (stmt->kind != STMT_MODEL || !stmt->name.text)
            continue;
        Generation *known = find_generation(c, stmt->name.text);
        if (known) {
            known->number++;
            forget_model(c, known->name);
        } else {
            vec_push(c->arena, &c->generations, ((Generation){ stmt->name.text, 0 }));
        }
    }
}

/* Values known at run time become JSON, whose readers limit how deep it may be. */
static bool is_shallow(const Later *later, int levels)
{
    return !later || (levels > 0 && is_shallow(later->a, levels - 1) &&
                      is_shallow(later->b, levels - 1) && is_shallow(later->c, levels - 1));
}

static void check_depth(Compiler *c, const CheckedAction *action)
{
    enum { MOST_LEVELS = 1500 };

    for (size_t i = 0; i < action->value_count; i++) {
        if (!is_shallow(action->values[i], MOST_LEVELS)) {
            diag_error(c->diags, DIAG_NESTING_TOO_DEEP, action->values[i]->span,
                       "this value is made of more than %d steps", MOST_LEVELS);
        }
    }
}

/* Names, constants, params and types: all that can be known without data. Where there are errors,
 * the actions that do not depend on them go on, so that their data and shapes are checked too. */
static bool phase_check(Compiler *c, Compiled *out)
{
    bool repl = c->options->command->bit == FOR_REPL;
    out->checked = sema_check(c->sema, out->script);
    if (repl)
        note_models(c, out->script);
    else
        sema_finish_params(c->sema);
    for (size_t i = 0; i < out->checked->count; i++) {
        CompiledAction *a = ARENA_NEW(c->arena, CompiledAction);
        a->action = out->checked->actions[i];
        check_depth(c, a->action);
        vec_push(c->arena, &out->actions, a);
    }
    if (!c->diags->errors)
        return true;

    if (!repl)
        out->broken = broken_statements(c, out->script);
    if (!out->broken)
        return false;
    keep_sound_actions(out);
    return true;
}

/* ---- all of them ---- */

typedef bool Phase(Compiler *c, Compiled *out);

/* Each needs what those before it found. */
static Phase *const phases[] = { phase_parse, phase_check, phase_data, phase_shapes, phase_units };

bool compile(Compiler *c, const SourceFile *file, Compiled *out)
{
    *out = (Compiled){ .file = file };
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        if (!phases[i](c, out))
            return false;
    vec_push(c->arena, &c->inputs, file);
    return true;
}
