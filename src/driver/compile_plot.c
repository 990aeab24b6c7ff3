/* compile_plot.c: the units of functions and of pictures. */
#include "driver/compile_units.h"
#include <string.h>

/* The variables are the weights; schedules count steps, so a step is an epoch. */
bool units_minimize(Compiler *c, Compiled *out, CompiledAction *a)
{
    a->recipe = &a->action->recipe;
    set_length(a, 1);
    a->batch = 0;
    a->epochs = a->steps;
    a->unit = get_unit(c, out, spec_of(UNIT_MINIMIZE, a, 0), a->action->span);
    if (a->unit && a->action->variable_count <= 2 && is_plotted(c, out, a))
        a->eval_unit = get_unit(c, out, spec_of(UNIT_SURFACE, a, 0), a->action->span);
    return a->unit != NULL;
}

/* The last minimisation of that name before an action. */
static const CompiledAction *minimize_of(const Compiled *out, const CompiledAction *before,
                                         const Later *result)
{
    const CompiledAction *found = NULL;
    for (size_t i = 0; i < out->actions.len && out->actions.data[i] != before; i++) {
        const CheckedAction *other = out->actions.data[i]->action;
        if (!result->name && result->result && other->as && strcmp(other->as, result->result) == 0)
            found = other->verb == VERB_MINIMIZE ? out->actions.data[i] : NULL;
    }
    return found;
}

/* As long as its recipe, or 100 epochs of 10 steps where nobody gave it a length. */
static void set_schedule_length(UnitSpec *spec, const Picture *p)
{
    enum { EPOCHS = 100, RECIPE_EPOCHS = 10, STEPS = 10 };

    const Value *epochs = setting(&p->drawn->recipe, "epochs"),
                *steps = setting(&p->drawn->recipe, "steps");
    spec->per_epoch = STEPS;
    spec->epochs = EPOCHS;
    if (p->of_recipe)
        spec->epochs = epochs->kind == VALUE_NUMBER ? (int64_t)epochs->number : RECIPE_EPOCHS;
    spec->steps = spec->epochs * STEPS;
    if (p->of_recipe && steps->kind == VALUE_NUMBER) {
        spec->steps = (int64_t)steps->number;
        spec->epochs = divide_rounding_up(spec->steps, STEPS);
    }
}

static bool units_of_schedule(Compiler *c, Compiled *out, CompiledAction *a, size_t number)
{
    const Picture *p = &a->action->pictures[number];
    UnitSpec spec = { .kind = UNIT_RATE, .action = p->drawn, .recipe = &p->drawn->recipe };
    set_schedule_length(&spec, p);
    a->picture_units[number] = get_unit(c, out, spec, p->span);
    return a->picture_units[number] != NULL;
}

/* A function of one variable is drawn with its slope. */
static bool units_of_function(Compiler *c, Compiled *out, CompiledAction *a, size_t number)
{
    const Picture *p = &a->action->pictures[number];
    UnitSpec spec = { .kind = UNIT_SURFACE, .action = p->drawn, .per_epoch = 10 };
    a->picture_units[number] = get_unit(c, out, spec, p->span);
    if (!a->picture_units[number] || p->drawn->variable_count != 1)
        return a->picture_units[number] != NULL;
    spec.kind = UNIT_GRADIENTS;
    a->slope_units[number] = get_unit(c, out, spec, p->span);
    return a->slope_units[number] != NULL;
}

bool units_plot(Compiler *c, Compiled *out, CompiledAction *a)
{
    a->picture_units = ARENA_ARRAY(c->arena, Unit *, a->action->picture_count);
    a->slope_units = ARENA_ARRAY(c->arena, Unit *, a->action->picture_count);
    for (size_t i = 0; i < a->action->picture_count; i++) {
        const Picture *p = &a->action->pictures[i];
        a->picture_units[i] = a->slope_units[i] = NULL;
        if (p->kind == PICTURE_RESULT && a->action->picture_count > 1 && !a->path_of)
            a->path_of = minimize_of(out, a, p->later);
        if (p->kind == PICTURE_FUNCTION && !units_of_function(c, out, a, i))
            return false;
        if (p->kind == PICTURE_SCHEDULE && !units_of_schedule(c, out, a, i))
            return false;
    }
    return true;
}
