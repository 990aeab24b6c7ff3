/* action_settings.c: the braces of an action: keys of its own, keys of a recipe, and the starting
 * values of the variables of a function. */
#include "sema/action.h"

/* The function whose arguments can be set, or NULL. */
static const Form *function_of(const Check *c)
{
    return c->verb->what == WHAT_FN ? c->out->function_form : NULL;
}

static bool is_variable(const Check *c, const char *name)
{
    const Form *form = function_of(c);
    for (size_t i = 0; form && i < form->arg_count; i++)
        if (form->args[i].name == name)
            return true;
    return false;
}

static void take_variable(Check *c, const Setting *one)
{
    Value value =
        eval_as(c->sema, c->sema->globals, one->value, "number",
                arena_printf(c->sema->arena, "the starting value of '%s'", one->key.text));
    size_t n = c->out->variable_count++;
    c->out->variables[n].name = one->key.text;
    c->out->variables[n].value = value.number;
    c->out->variables[n].span = one->span;
}

static void unknown_setting(Check *c, const Setting *one)
{
    NameList names = { 0 };
    const Form *form = function_of(c);
    for (size_t i = 0; form && i < form->arg_count; i++)
        name_list_add(c->sema->arena, &names, form->args[i].name);
    list_keys(c->sema, &c->out->settings, &names);
    for (size_t i = 0; c->verb->recipe && i < c->out->recipe.count; i++)
        if (checked_find(&c->out->settings, c->out->recipe.rows[i].key) < 0)
            name_list_add(c->sema->arena, &names, c->out->recipe.rows[i].key);
    Diagnostic *d = diag_unknown(c->sema->diags, DIAG_UNKNOWN_KEY, one->key.span,
                                 arena_printf(c->sema->arena, "setting of %s", c->verb->name),
                                 one->key.text, names.data, names.len);
    if (!names.len)
        diag_help(c->sema->diags, d, "'%s' takes no settings", c->verb->name);
}

static void take_recipe_key(Check *c, size_t which, bool *seen_length)
{
    const Settings *settings = &c->action->settings;
    Scope *scope = c->sema->globals;
    recipe_take(c->sema, scope, &c->out->recipe, settings, which, seen_length);
    for (size_t r = 0; r < c->out->recipe_count; r++) {
        bool again = *seen_length && r > 0;
        recipe_take(c->sema, scope, (Checked *)&c->out->recipes[r], settings, which, &again);
    }
}

static void check_starts(Check *c)
{
    const Settings *settings = &c->action->settings;
    const Form *form = function_of(c);
    for (size_t i = 0; form && i < form->arg_count; i++) {
        const ArgSpec *spec = &form->args[i];
        bool given = spec->default_expr != NULL;
        for (size_t j = 0; j < c->out->variable_count; j++)
            given |= c->out->variables[j].name == spec->name;
        if (!given) {
            clause_error(
                c, DIAG_MISSING_ARGUMENT, settings->present ? settings->span : c->action->verb_span,
                arena_printf(c->sema->arena, "needs a starting value for '%s'", spec->name));
        }
    }
}

void take_action_settings(Check *c)
{
    const Settings *settings = &c->action->settings;
    bool failed_function = c->verb->what == WHAT_FN && !c->out->function;
    bool seen_length = false;
    c->out->settings =
        checked_new(c->sema, c->verb->table, settings->present ? settings->span : c->stmt->span);
    c->out->variables =
        arena_alloc(c->sema->arena, (settings->len + 1) * sizeof *c->out->variables);

    for (size_t i = 0; i < settings->len; i++) {
        const Setting *one = &settings->data[i];
        if (report_repeated_key(c->sema, settings, i))
            continue;
        int row = checked_find(&c->out->settings, one->key.text);
        if (is_variable(c, one->key.text))
            take_variable(c, one);
        else if (row >= 0)
            checked_set(c->sema, c->sema->globals, &c->out->settings, row, one);
        else if (c->verb->recipe && checked_find(&c->out->recipe, one->key.text) >= 0)
            take_recipe_key(c, i, &seen_length);
        else if (!failed_function)
            unknown_setting(c, one);
    }
    check_starts(c);
}
