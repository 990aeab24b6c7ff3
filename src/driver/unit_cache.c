/* unit_cache.c: the units of a session; equal ones are made once. */
#include "driver/compile_units.h"
#include "driver/signatures.h"
#include <string.h>

static const char *const kind_name[] = {
    [UNIT_TRAIN] = "train",       [UNIT_EVALUATE] = "evaluate", [UNIT_PREDICT] = "predict",
    [UNIT_PASSES] = "passes",     [UNIT_DIAGNOSE] = "diagnose", [UNIT_GRADIENTS] = "gradients",
    [UNIT_MINIMIZE] = "minimize", [UNIT_LOSS] = "loss",         [UNIT_INSPECT] = "inspect",
    [UNIT_SURFACE] = "surface",   [UNIT_RATE] = "rate",         [UNIT_STATISTICS] = "statistics",
    [UNIT_STEP] = "step"
};

static bool sees_recipe(UnitKind kind) /* all of it, the way of training included */
{
    return kind == UNIT_TRAIN || kind == UNIT_MINIMIZE || kind == UNIT_RATE;
}

/* What the graph of a unit depends on of its recipe. */
static const char *recipe_key(Compiler *c, const UnitSpec *s)
{
    /* of a training step, what changes how it looks forward */
    static const char *const forward[] = { "mixup", "cutmix", "weight_noise", "precision" };
    const char *key = "";
    if (s->recipe && sees_recipe(s->kind))
        key = settings_text(c->arena, s->recipe, false);
    else if (s->recipe && s->kind != UNIT_PREDICT && s->kind != UNIT_PASSES && s->kind != UNIT_STEP)
        key = value_signature(c->arena, setting(s->recipe, "loss"), false);

    if (!s->model)
        for (size_t i = 0; i < s->action->variable_count; i++)
            key = arena_printf(c->arena, "%s %s", key, s->action->variables[i].name);
    if (s->kind == UNIT_DIAGNOSE && s->recipe) {
        for (size_t i = 0; i < sizeof forward / sizeof *forward; i++) {
            const Value *value = setting(s->recipe, forward[i]);
            key = arena_printf(c->arena, "%s%s", key, value_signature(c->arena, value, false));
        }
    }
    return key;
}

/* Everything that the graph of a unit depends on. Model and function are told by address: a REPL
 * may declare a name again. */
static const char *unit_key(Compiler *c, const UnitSpec *s)
{
    const DataInfo *d = s->data;
    bool trains = sees_recipe(s->kind), follows_freezes = s->kind != UNIT_EVALUATE &&
                                                          s->kind != UNIT_PREDICT &&
                                                          s->kind != UNIT_STEP;
    const char *recipe = recipe_key(c, s);
    return arena_printf(
        c->arena, "%d.%d.%d %p %p %s/%s/%d%d%d/%lld b%lld f%u %lld %lld %lld %s", (int)s->kind,
        (int)s->given, s->bare, (const void *)s->model,
        (const void *)(s->model ? NULL : s->action->function),
        d ? shape_text(c->arena, d->sample) : "", d ? shape_text(c->arena, d->target) : "",
        d && d->classify, d && d->multilabel, d && d->weighted, d ? (long long)d->classes : 0LL,
        (long long)s->batch, follows_freezes ? c->freezes : 0, trains ? (long long)s->steps : 0LL,
        trains ? (long long)s->epochs : 0LL, trains ? (long long)s->per_epoch : 0LL, recipe);
}

static Unit *find_unit(const Compiler *c, const char *key)
{
    for (size_t i = 0; i < c->units.len; i++)
        if (strcmp(c->units.data[i]->key, key) == 0)
            return c->units.data[i];
    return NULL;
}

/* What the unit is of, for its name and for messages. */
static const char *subject_of(const UnitSpec *spec)
{
    if (spec->model)
        return spec->model->decl->name;
    return spec->action->function ? spec->action->function->name.text : "schedule";
}

static Unit *make_unit(Compiler *c, const char *key, UnitSpec spec, Span span)
{
    const char *of = subject_of(&spec);
    spec.name = arena_printf(c->arena, "u%zu_%s_%s", c->codes->units++, kind_name[spec.kind], of);
    Graph *graph = lower_unit(c->lower, &spec);
    if (!graph)
        return NULL;
    if (c->show_graphs)
        (c->options->dot ? graph_print_dot : graph_print)(graph, stdout);
    char *error = NULL;
    Plan *plan = passes_run(graph, &c->passes, &error);
    if (!plan) {
        diag_error(c->diags, DIAG_INTERNAL, span, "the compiler cannot compile model '%s': %s", of,
                   error ? error : "the reason is unknown");
        return NULL;
    }
    Unit *unit = ARENA_NEW(c->arena, Unit);
    bool made;
    *unit = (Unit){ .spec = spec,
                    .key = key,
                    .plan = plan,
                    .code = codes_of_plan(c->codes, plan, spec.name, c->shares_code, &made) };
    c->made_code |= made;
    vec_push(c->arena, &c->units, unit);
    return unit;
}

Unit *get_unit(Compiler *c, Compiled *out, UnitSpec spec, Span span)
{
    if (c->skips)
        return c->nothing;
    const char *key = unit_key(c, &spec);
    Unit *unit = find_unit(c, key);
    if (!unit)
        unit = make_unit(c, key, spec, span);
    for (size_t i = 0; unit && i < out->units.len; i++)
        if (out->units.data[i] == unit)
            return unit;
    if (unit)
        vec_push(c->arena, &out->units, unit);
    return unit;
}
