/* tune_variants.c: what a built program needs for its searches: the script as it is with each set
 * of params that a `tune` may ask for.
 *
 * Random points, a grid and halving follow from the seed alone, so their trials are known now.
 * Where the points follow from results, all that there can be are made, if they can be counted.
 * Programs that differ in numbers share their code (shared_code.h). */
#include "driver/compile.h"
#include "driver/program_fields.h"
#include "experiments/experiments.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VARIANTS = 1000 };

static bool follows_results(const CheckedAction *tune)
{
    const char *method = setting(&tune->settings, "method")->text;
    return strcmp(method, "bayes") == 0 || strcmp(method, "narrow") == 0;
}

static const Value *bound(const Call *domain, const char *name)
{
    for (size_t i = 0; i < domain->form->arg_count; i++)
        if (strcmp(domain->form->args[i].name, name) == 0)
            return &domain->args[i];
    return NULL;
}

/* Of one param; infinite: they can't be counted. */
static double values_of(const Call *domain)
{
    if (strcmp(domain->form->name, "choice") == 0)
        return (double)bound(domain, "values")->count;
    return strcmp(domain->form->name, "integer") == 0
               ? bound(domain, "b")->number - bound(domain, "a")->number + 1
               : HUGE_VAL;
}

/* How many sets of params there can be. *endless: a param whose values cannot be counted. */
static double sets_of_params(const CheckedAction *tune, const char **endless)
{
    double count = 1;
    *endless = NULL;
    for (size_t i = 0; i < tune->param_count; i++) {
        double values = values_of(tune->params[i].domain);
        if (isinf(values) && !*endless)
            *endless = tune->params[i].name;
        count *= values;
    }
    return count;
}

/* Of a search that follows results: all that it may try must be there. */
static bool can_hold_all(Compiler *c, const CheckedAction *tune)
{
    const char *endless, *which;
    double count = sets_of_params(tune, &endless);
    if (count <= MOST_VARIANTS)
        return true;
    if (endless) {
        which = arena_printf(c->arena, "; param '%s' has infinitely many values", endless);
    } else {
        which = arena_printf(c->arena, ": %.0f sets of params, of %d at most", count,
                             (int)MOST_VARIANTS);
    }
    Diagnostic *d =
        diag_error(c->diags, DIAG_NOT_AVAILABLE, setting_span(&tune->settings, "method"),
                   "what this search tries depends on its results, and a built program "
                   "must hold all that it may try%s",
                   which);
    diag_help(c->diags, d,
              "method = random, grid or halving can be built, since their trials follow from "
              "the seed; so can choice(...) and integer(...) of few values; or search with "
              "`nnc run` and build with --set NAME=VALUE");
    return false;
}

bool variants_can_be_made(Compiler *c, const CheckedAction *tune)
{
    if (follows_results(tune))
        return can_hold_all(c, tune);
    if (setting(&tune->settings, "trials")->number <= MOST_VARIANTS)
        return true;
    Diagnostic *d = diag_error(
        c->diags, DIAG_NOT_AVAILABLE, setting_span(&tune->settings, "trials"),
        "a built program holds the script once for each trial: %d at most", (int)MOST_VARIANTS);
    diag_help(c->diags, d,
              "search with `nnc run`, then build with the params it finds: --set NAME=VALUE");
    return false;
}

typedef struct Variants {
    Compiler *c;
    size_t action;
    json_t *list, *seen;
    nnrt_error *e;
} Variants;

/* Takes the program over. */
static json_t *variant_json(size_t action, json_t *params, json_t *program)
{
    json_t *object = json_object();
    put_integer(object, FIELD_variant_action, (int64_t)action);
    put(object, FIELD_variant_params, json_incref(params));
    put(object, FIELD_variant_program, program);
    return object;
}

static bool add(Variants *v, json_t *params)
{
    char *key = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
    bool known = key && json_object_get(v->seen, key), made = known;
    if (key && !known) {
        json_object_set_new(v->seen, key, json_true());
        json_t *program = compiler_variant(v->c, params, v->action, v->e);
        made = program != NULL;
        if (made)
            json_array_append_new(v->list, variant_json(v->action, params, program));
    }
    free(key);
    json_decref(params);
    return made;
}

static bool add_all(Variants *v, nnrt_search *s, size_t axis, nnrt_point *point)
{
    if (axis == s->axes)
        return add(v, nnrt_search_params(s, point));
    for (int64_t i = 0; i < s->axis[axis].count; i++) {
        point->at[axis] = ((double)i + 0.5) / (double)s->axis[axis].count;
        if (!add_all(v, s, axis + 1, point))
            return false;
    }
    return true;
}

static bool add_drawn(Variants *v, nnrt_search *s)
{
    for (; s->drawn < s->trials; s->drawn++)
        if (!nnrt_search_next(s, v->e) || !add(v, nnrt_search_params(s, &s->point[s->drawn])))
            return false;
    return true;
}

static uint64_t seed_of(const Options *options, const json_t *tune)
{
    const json_t *written = json_object_get(tune, "seed");
    if (json_is_integer(written))
        return (uint64_t)json_integer_value(written);
    return options->seed_given ? options->seed : 0;
}

static bool add_tune(Variants *v, const json_t *action, const CheckedAction *tune)
{
    nnrt_search search;
    nnrt_point point = { 0 };
    v->seen = json_object();
    bool ok = nnrt_search_new(&search, action, seed_of(v->c->options, action), v->e);
    if (ok)
        ok = follows_results(tune) ? add_all(v, &search, 0, &point) : add_drawn(v, &search);
    nnrt_search_clear(&search);
    json_decref(v->seen);
    return ok;
}

bool add_variants(Compiler *c, const Compiled *compiled, json_t *program)
{
    nnrt_error e = { 0 };
    Variants v = { .c = c, .list = json_array(), .e = &e };
    bool ok = true;
    for (size_t i = 0; ok && i < compiled->actions.len; i++) {
        const CheckedAction *action = compiled->actions.data[i]->action;
        v.action = i;
        if (action->verb != VERB_TUNE)
            continue;
        ok = add_tune(&v, json_array_get(json_object_get(program, "actions"), i), action);
        if (!ok)
            compiler_report_runtime(c, action->verb_span, &e);
    }
    if (ok && json_array_size(v.list))
        put(program, FIELD_program_variants, json_incref(v.list));
    json_decref(v.list);
    return ok;
}
