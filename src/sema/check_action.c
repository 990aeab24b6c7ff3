/* check_action.c: actions: their clauses against verbs.def, what they work on, their settings, and
 * the fields of their results. */
#include "sema/verbs.h"

/* One action under check. */
typedef struct Check {
    Sema *sema;
    const Stmt *stmt;
    const Action *action;
    const VerbRow *verb;
    CheckedAction *out;
    bool unknown_model;
} Check;

static Diagnostic *clause_error(Check *c, DiagId id, Span span, const char *text)
{
    Diagnostic *d = diag_error(c->sema->diags, id, span, "'%s' %s", c->verb->name, text);
    diag_help(c->sema->diags, d, "it is written: %s", c->verb->form);
    return d;
}

/* ---- what ---- */
static void take_ensemble(Check *c, const Expr *expr, const Symbol *symbol)
{
    c->out->model = symbol->maker->model;
    c->out->ensemble = symbol->name;
    c->out->ensemble_maker = symbol->maker;
    if (c->verb->ensemble)
        return;
    Diagnostic *d = clause_error(c, DIAG_WRONG_KIND, expr->span,
                                 arena_printf(c->sema->arena,
                                              "works on a single network, but '%s' is an ensemble",
                                              symbol->name));
    diag_help(
        c->sema->diags, d,
        "an ensemble can be evaluated, used to predict, saved and loaded; its network is '%s'",
        symbol->maker->model->name);
}

static void take_model(Check *c, const Expr *expr)
{
    Sema *sema = c->sema;
    c->out->model_span = expr->span;
    const Symbol *symbol =
        expr->kind == EXPR_NAME ? name_map_get(&sema->symbols, expr->name.text) : NULL;
    Value value = eval_as(sema, sema->globals, expr, "model", "the model");
    if (value.kind != VALUE_CALL) {
        if (symbol && symbol->maker)
            take_ensemble(c, expr, symbol);
        else
            c->unknown_model = symbol && symbol->makes_model;
        return;
    }
    c->out->model = name_map_get(&sema->models, value.call->form->name);
    for (size_t i = 0; i < value.call->form->arg_count; i++) {
        const ArgSpec *spec = &value.call->form->args[i];
        if (!spec->default_expr) {
            diag_error(sema->diags, DIAG_MISSING_ARGUMENT, expr->span,
                       "model '%s' needs '%s', so it can only be used inside other models",
                       value.call->form->name, spec->name);
        }
    }
}

static const Form *find_fn(Sema *sema, const char *name)
{
    const Form *form = name_map_get(&sema->forms[FORM_FN], name);
    return form ? form : name_map_get(&sema->prelude[FORM_FN], name);
}

static void take_function(Check *c, const Expr *expr)
{
    Sema *sema = c->sema;
    const Form *form = expr->kind == EXPR_NAME ? find_fn(sema, expr->name.text) : NULL;
    if (form) {
        c->out->function = form->decl;
        c->out->function_form = form;
        return;
    }
    if (expr->kind != EXPR_NAME) {
        clause_error(c, DIAG_WRONG_KIND, expr->span, "needs the name of a function");
    } else if (name_map_get(&sema->models, expr->name.text) ||
               name_map_get(&sema->data, expr->name.text)) {
        clause_error(c, DIAG_WRONG_KIND, expr->span, "needs a function of numbers");
    } else if (!may_be_declared_in_broken_text(sema, expr->name.text)) {
        NameList names = { 0 };
        name_list_add_map(sema->arena, &names, &sema->forms[FORM_FN]);
        name_list_add_map(sema->arena, &names, &sema->prelude[FORM_FN]);
        report_unknown(sema, DIAG_UNKNOWN_FUNCTION, expr->span, "function", expr->name.text,
                       names.data, names.len);
    }
}

static void take_what(Check *c)
{
    const Expr *expr = c->action->operand_count ? c->action->operands[0] : NULL;
    if (!expr) {
        clause_error(c, DIAG_MISSING_CLAUSE, c->action->verb_span, "needs something to work on");
        return;
    }
    if (c->action->operand_count > 1)
        clause_error(c, DIAG_EXTRA_CLAUSE, c->action->operands[1]->span, "works on one thing only");
    bool function = c->verb->what == WHAT_FN;
    if (c->verb->what == WHAT_MODEL_OR_FN) {
        function = expr->kind == EXPR_NAME && !name_map_get(&c->sema->models, expr->name.text) &&
                   !c->action->on && find_fn(c->sema, expr->name.text);
    }
    if (c->verb->what == WHAT_ANY)
        take_pictures(c->sema, c->out, expr);
    else if (function)
        take_function(c, expr);
    else
        take_model(c, expr);
}

/* ---- on ---- */
bool part_exists(const DataDecl *data, const char *part)
{
    if (!strcmp(part, "train"))
        return true;
    const Value *v = setting(&data->settings, part);
    return setting_given(&data->settings, part) && v->kind != VALUE_NONE &&
           !(v->kind == VALUE_NUMBER && v->number == 0);
}

static bool has_validation(const Check *c)
{
    return !c->out->data || part_exists(c->out->data, "validation");
}

static const DataDecl *find_data(Check *c, const Expr *expr)
{
    Sema *sema = c->sema;
    const DataDecl *data =
        expr->kind == EXPR_NAME ? name_map_get(&sema->data, expr->name.text) : NULL;
    if (data)
        return data;
    if (expr->kind != EXPR_NAME) {
        clause_error(c, DIAG_WRONG_KIND, expr->span, "needs the name of data after 'on'");
        return NULL;
    }
    const char *kind = name_map_get(&sema->models, expr->name.text)    ? "a model"
                       : name_map_get(&sema->recipes, expr->name.text) ? "a recipe"
                       : name_map_get(&sema->symbols, expr->name.text) ? "a value"
                                                                       : NULL;
    if (kind) {
        help_declared(sema,
                      diag_error(sema->diags, DIAG_WRONG_KIND, expr->span, "'%s' is %s, not data",
                                 expr->name.text, kind),
                      "data", &sema->data);
    } else if (!may_be_declared_in_broken_text(sema, expr->name.text)) {
        NameList names = { 0 };
        name_list_add_map(sema->arena, &names, &sema->data);
        report_unknown(sema, DIAG_UNKNOWN_DATA, expr->span, "data", expr->name.text, names.data,
                       names.len);
    }
    return NULL;
}

static void take_part(Check *c, const Expr *expr)
{
    static const char *const parts[] = { "train", "validation", "test" };
    static const Part values[] = { PART_TRAIN, PART_VALIDATION, PART_TEST };
    Sema *sema = c->sema;
    int found = -1;
    for (int i = 0; i < 3; i++)
        if (!strcmp(parts[i], expr->name.text))
            found = i;
    if (found < 0) {
        diag_unknown(sema->diags, DIAG_UNKNOWN_PART, expr->name.span, "part of the data",
                     expr->name.text, parts, 3);
    } else if (c->verb->recipe && found) {
        Diagnostic *d = clause_error(c, DIAG_WRONG_KIND, expr->name.span,
                                     "takes the data as a whole and trains on its training part");
        diag_help(sema->diags, d, "write 'on %s'", c->out->data->name);
    } else if (!part_exists(c->out->data, parts[found])) {
        Diagnostic *d = diag_error(sema->diags, DIAG_NO_PART, expr->name.span,
                                   "data '%s' has no %s part", c->out->data->name, parts[found]);
        diag_help(sema->diags, d, "hold one out with '%s = 20%%' in data %s", parts[found],
                  c->out->data->name);
        diag_note(sema->diags, d, c->out->data->name_span, "declared here");
    } else {
        c->out->part = values[found];
    }
}

static void take_on(Check *c)
{
    const Expr *on = c->action->on;
    bool needed = c->verb->on == CLAUSE_MUST || c->verb->on == CLAUSE_PART ||
                  (c->verb->on == CLAUSE_FOR_MODEL && !c->out->function);
    if (!on) {
        if (needed)
            clause_error(c, DIAG_MISSING_CLAUSE, c->action->verb_span, "needs 'on' and data");
        return;
    }
    if (c->verb->on == CLAUSE_NO || (c->verb->on == CLAUSE_FOR_MODEL && c->out->function)) {
        clause_error(c, DIAG_EXTRA_CLAUSE, on->span, "takes no 'on'");
        return;
    }
    /* Model and data swapped is one mistake. */
    if (!c->out->model && !c->unknown_model && on->kind == EXPR_NAME &&
        name_map_get(&c->sema->models, on->name.text)) {
        return;
    }
    c->out->data_span = on->span;
    c->out->data = find_data(c, on->kind == EXPR_FIELD ? on->a : on);
    if (!c->out->data)
        return;
    if (on->kind == EXPR_FIELD) {
        take_part(c, on);
    } else if (c->verb->on == CLAUSE_PART) {
        if (!part_exists(c->out->data, "validation") && !part_exists(c->out->data, "test")) {
            c->out->part = PART_TRAIN;
            return;
        }
        Diagnostic *d = clause_error(c, DIAG_NO_PART, on->span, "needs a part of the data");
        diag_help(c->sema->diags, d, "write %s.train%s%s", c->out->data->name,
                  part_exists(c->out->data, "validation")
                      ? arena_printf(c->sema->arena, ", %s.validation", c->out->data->name)
                      : "",
                  part_exists(c->out->data, "test")
                      ? arena_printf(c->sema->arena, " or %s.test", c->out->data->name)
                      : "");
    }
}

/* ---- with ---- */
static const RecipeDecl *find_recipe(Check *c, const Expr *expr)
{
    Sema *sema = c->sema;
    const RecipeDecl *recipe =
        expr->kind == EXPR_NAME ? name_map_get(&sema->recipes, expr->name.text) : NULL;
    if (recipe)
        return recipe;
    if (expr->kind != EXPR_NAME) {
        clause_error(c, DIAG_WRONG_KIND, expr->span,
                     expr->kind == EXPR_LIST ? "takes one recipe"
                                             : "needs the name of a recipe after 'with'");
    } else if (name_map_get(&sema->models, expr->name.text) ||
               name_map_get(&sema->data, expr->name.text)) {
        Diagnostic *d = diag_error(
            sema->diags, DIAG_WRONG_KIND, expr->span, "'%s' is %s, not a recipe", expr->name.text,
            name_map_get(&sema->models, expr->name.text) ? "a model" : "data");
        help_declared(sema, d, "recipes", &sema->recipes);
    } else if (!may_be_declared_in_broken_text(sema, expr->name.text)) {
        NameList names = { 0 };
        name_list_add_map(sema->arena, &names, &sema->recipes);
        report_unknown(sema, DIAG_UNKNOWN_RECIPE, expr->span, "recipe", expr->name.text, names.data,
                       names.len);
    }
    return NULL;
}

static void take_recipes(Check *c, const Expr *list)
{
    Sema *sema = c->sema;
    if (list->kind != EXPR_LIST) {
        clause_error(c, DIAG_WRONG_TYPE, list->span, "needs a list of recipes");
        return;
    }
    if (!list->item_count) {
        clause_error(c, DIAG_WRONG_TYPE, list->span,
                     "needs recipes to compare, but this list is empty");
        return;
    }
    Checked *recipes = ARENA_ARRAY(sema->arena, Checked, list->item_count);
    const char **names = ARENA_ARRAY(sema->arena, const char *, list->item_count);
    size_t count = 0;
    for (size_t i = 0; i < list->item_count; i++) {
        const RecipeDecl *recipe = find_recipe(c, list->items[i]);
        if (!recipe)
            continue;
        for (size_t j = 0; j < count; j++) {
            if (names[j] == recipe->name) {
                diag_error(sema->diags, DIAG_REPEATED_NAME, list->items[i]->span,
                           "recipe '%s' appears twice in this list", recipe->name);
            }
        }
        names[count] = recipe->name;
        recipes[count++] = checked_copy(sema, &recipe->settings);
    }
    c->out->recipes = recipes;
    c->out->recipe_names = names;
    c->out->recipe_count = count;
}

static void take_with(Check *c)
{
    const Expr *with = c->action->with;
    bool recipe = c->verb->recipe || c->verb->with != CLAUSE_NO;
    if (recipe)
        c->out->recipe = checked_new(c->sema, TABLE_RECIPE, c->stmt->span);
    if (with && c->verb->with == CLAUSE_NO) {
        clause_error(c, DIAG_EXTRA_CLAUSE, with->span, "takes no 'with'");
    } else if (c->verb->with == CLAUSE_LIST) {
        if (with) {
            take_recipes(c, with);
        } else {
            clause_error(c, DIAG_MISSING_CLAUSE, c->action->verb_span,
                         "needs 'with' and a list of recipes");
        }
    } else if (with) {
        const RecipeDecl *decl = find_recipe(c, with);
        if (!decl)
            return;
        c->out->recipe = checked_copy(c->sema, &decl->settings);
        c->out->recipe_name = decl->name;
    }
}

/* ---- to and from ---- */
static bool ends_in(const char *text, const char *ending, size_t length)
{
    size_t whole = strlen(text);
    return whole > length && !memcmp(text + whole - length, ending, length);
}

static void check_ending(Check *c)
{
    char *wanted = arena_printf(c->sema->arena, "%s", "");
    for (const char *at = c->verb->files; *at;) {
        size_t length = strcspn(at, " ");
        if (ends_in(c->out->path, at, length))
            return;
        wanted = arena_printf(c->sema->arena, "%s%s%.*s", wanted, *wanted ? " or " : "",
                              (int)length, at);
        at += length + (at[length] == ' ');
    }
    if (*wanted) {
        diag_error(c->sema->diags, DIAG_OUT_OF_RANGE, c->out->path_span,
                   "'%s' writes files that end in %s", c->verb->name, wanted);
    }
}

static void take_path(Check *c)
{
    const Expr *to = c->action->to, *from = c->action->from;
    const Expr *path = c->verb->path == CLAUSE_FROM ? from : to, *other = path == from ? to : from;
    if (c->verb->path == CLAUSE_NO) {
        if (to || from) {
            clause_error(c, DIAG_EXTRA_CLAUSE, to ? to->span : from->span,
                         to ? "takes no 'to'" : "takes no 'from'");
        }
        return;
    }
    if (other && other != path) {
        clause_error(c, DIAG_EXTRA_CLAUSE, other->span,
                     c->verb->path == CLAUSE_FROM ? "takes 'from', not 'to'"
                                                  : "takes 'to', not 'from'");
    } else if (!path) {
        clause_error(c, DIAG_MISSING_CLAUSE, c->action->verb_span,
                     c->verb->path == CLAUSE_FROM ? "needs 'from' and a file"
                                                  : "needs 'to' and a file");
    }
    if (!path)
        return;
    Value value = eval_as(c->sema, c->sema->globals, path, "string", "the name of the file");
    c->out->path_span = path->span;
    if (value.kind != VALUE_STRING)
        return;
    c->out->path = arena_strndup(c->sema->arena, value.text, value.length);
    if (!value.length)
        clause_error(c, DIAG_OUT_OF_RANGE, path->span, "needs the name of a file");
    else
        check_ending(c);
}

/* ---- { settings } ---- */
static int variable_index(const Check *c, const char *name)
{
    const Form *form = c->verb->what == WHAT_FN ? c->out->function_form : NULL;
    for (size_t i = 0; form && i < form->arg_count; i++)
        if (form->args[i].name == name)
            return (int)i;
    return -1;
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
    for (size_t i = 0;
         c->verb->what == WHAT_FN && c->out->function_form && i < c->out->function_form->arg_count;
         i++) {
        name_list_add(c->sema->arena, &names, c->out->function_form->args[i].name);
    }
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

static void take_settings(Check *c)
{
    const Settings *settings = &c->action->settings;
    bool seen_length = false, failed_function = c->verb->what == WHAT_FN && !c->out->function;
    c->out->settings =
        checked_new(c->sema, c->verb->table, settings->present ? settings->span : c->stmt->span);
    c->out->variables =
        arena_alloc(c->sema->arena, (settings->len + 1) * sizeof *c->out->variables);
    for (size_t i = 0; i < settings->len; i++) {
        const Setting *one = &settings->data[i];
        if (report_repeated_key(c->sema, settings, i))
            continue;
        int row = checked_find(&c->out->settings, one->key.text);
        if (variable_index(c, one->key.text) >= 0) {
            take_variable(c, one);
        } else if (row >= 0) {
            checked_set(c->sema, c->sema->globals, &c->out->settings, row, one);
        } else if (c->verb->recipe && checked_find(&c->out->recipe, one->key.text) >= 0) {
            recipe_take(c->sema, c->sema->globals, &c->out->recipe, settings, i, &seen_length);
            for (size_t r = 0; r < c->out->recipe_count; r++) {
                bool again = seen_length && r > 0;
                recipe_take(c->sema, c->sema->globals, (Checked *)&c->out->recipes[r], settings, i,
                            &again);
            }
        } else if (!failed_function) {
            unknown_setting(c, one);
        }
    }
    for (size_t i = 0;
         c->verb->what == WHAT_FN && c->out->function_form && i < c->out->function_form->arg_count;
         i++) {
        const ArgSpec *spec = &c->out->function_form->args[i];
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

/* ---- what the parts must fulfil together ---- */
static bool watches_validation(const Value *rule)
{
    if (rule->kind != VALUE_CALL)
        return false;
    for (size_t i = 0; i < rule->call->form->arg_count; i++) {
        const Value *v = &rule->call->args[i];
        if (!strcmp(rule->call->form->args[i].type, "monitor") && v->kind == VALUE_STRING &&
            !strncmp(v->text, "validation.", 11)) {
            return true;
        }
        if (v->kind == VALUE_CALL && watches_validation(v))
            return true;
    }
    return false;
}

static void check_monitors(Check *c, const Checked *recipe)
{
    static const char *const keys[] = { "stop", "schedule" };
    for (size_t i = 0; i < 2; i++) {
        const Value *rule = setting(recipe, keys[i]);
        if (has_validation(c) || !watches_validation(rule))
            continue;
        Diagnostic *d = diag_error(c->sema->diags, DIAG_NO_PART, rule->span,
                                   "'%s' watches the validation part, but data '%s' has none",
                                   rule->call->form->name, c->out->data->name);
        diag_help(
            c->sema->diags, d,
            "add 'validation = 10%%' to data %s, or watch the training loss with 'monitor = loss'",
            c->out->data->name);
        diag_note(c->sema->diags, d, c->stmt->span, "in this action");
    }
}

static void resolve_steps(Check *c)
{
    enum { DEFAULT_STEPS = 100 };

    const Value *own = setting(&c->out->settings, "steps");
    int steps = checked_find(&c->out->recipe, "steps"),
        epochs = checked_find(&c->out->recipe, "epochs");
    if (own->kind == VALUE_NUMBER)
        c->out->recipe.values[steps] = *own;
    else if (!c->out->recipe.given[steps])
        c->out->recipe.values[steps] = value_number(DEFAULT_STEPS, true, c->stmt->span);
    c->out->recipe.given[steps] = true;
    c->out->recipe.given[epochs] = false;
    c->out->recipe.values[epochs] = value_none(c->stmt->span);
}

static void check_together(Check *c)
{
    Sema *sema = c->sema;
    bool folds = c->verb->table == TABLE_CROSSVALIDATE;
    if (c->verb->recipe && c->out->data && !folds) {
        check_monitors(c, &c->out->recipe);
        for (size_t i = 0; i < c->out->recipe_count; i++)
            check_monitors(c, &c->out->recipes[i]);
    }
    if (c->verb->table == TABLE_MINIMIZE)
        resolve_steps(c);
    if (c->out->verb == VERB_FIND_LR) { /* it sets the rate itself */
        int row = checked_find(&c->out->recipe, "schedule");
        c->out->recipe.values[row] = checked_new(sema, TABLE_RECIPE, c->stmt->span).values[row];
    }
    if (c->verb->table != TABLE_TUNE)
        return;
    const Value *objective = setting(&c->out->settings, "objective");
    if (!sema->params.len) {
        Diagnostic *d =
            diag_error(sema->diags, DIAG_NO_PARAMS, c->action->verb_span,
                       "there is nothing to tune: the script declares no param with a domain");
        diag_help(sema->diags, d,
                  "declare one above, such as 'param width = 32 in choice(16, 32, 64)'");
    } else if (!has_validation(c) &&
               (objective->kind == VALUE_NONE || watches_validation(objective))) {
        Span span = objective->kind == VALUE_NONE ? c->out->data_span : objective->span;
        Diagnostic *d =
            diag_error(sema->diags, DIAG_NO_PART, span,
                       "the objective is measured on the validation part, but data '%s' has none",
                       c->out->data->name);
        diag_help(sema->diags, d, "add 'validation = 10%%' to data %s", c->out->data->name);
    } else {
        c->out->params = arena_alloc(sema->arena, sema->params.len * sizeof *c->out->params);
        for (size_t i = 0; i < sema->params.len; i++) {
            const Symbol *symbol = name_map_get(&sema->symbols, sema->params.data[i]);
            if (!symbol || !symbol->domain)
                continue;
            c->out->params[c->out->param_count].name = symbol->name;
            c->out->params[c->out->param_count++].domain = symbol->domain->call;
        }
    }
}

/* ---- as ---- */
static void tasks_of(const DataDecl *data, ResultContext *context)
{
    static const char *const of_classes[] = { "digits", "moons", "circles", "spirals",
                                              "blobs",  "xor",   "images",  "text" },
                             *const of_reals[] = { "sine", "regression" };
    context->classify = context->regress = true;
    if (!data)
        return;
    const Value *task = setting(&data->settings, "task"),
                *source = setting(&data->settings,
                                  setting_given(&data->settings, "source") ? "source" : "train");
    if (task->kind == VALUE_STRING) {
        context->classify = !strcmp(task->text, "classify");
        context->regress = !context->classify;
        return;
    }
    for (size_t i = 0; source->kind == VALUE_CALL && i < sizeof of_classes / sizeof of_classes[0];
         i++) {
        if (!strcmp(of_classes[i], source->call->form->name))
            context->regress = false;
    }
    for (size_t i = 0; source->kind == VALUE_CALL && i < sizeof of_reals / sizeof of_reals[0]; i++)
        if (!strcmp(of_reals[i], source->call->form->name))
            context->classify = false;
}

static void take_as(Check *c, bool failed)
{
    Sema *sema = c->sema;
    Name as = c->action->as;
    if (!as.text)
        return;
    if (c->verb->as == CLAUSE_NO) {
        clause_error(c, DIAG_EXTRA_CLAUSE, as.span, "has no result to name");
        return;
    }
    if (failed && sema->repl)
        return;
    c->out->as = as.text;
    c->out->as_span = as.span;
    Value value = value_error(as.span);
    if (!failed) {
        ResultContext context = { .has_validation = has_validation(c),
                                  .data = c->out->data ? c->out->data->name : NULL };
        bool own = c->verb->table == TABLE_EVALUATE;
        tasks_of(c->out->data, &context);
        if (own)
            context.metrics = setting(&c->out->settings, "metrics");
        else if (c->verb->recipe)
            context.metrics = setting(&c->out->recipe, "metrics");
        /* those asked for replace the task's; training always counts hits */
        if (context.metrics && context.metrics->kind == VALUE_LIST) {
            context.classify = context.classify && !own;
            context.regress = false;
        }
        const char **variables = ARENA_ARRAY(sema->arena, const char *, c->out->variable_count + 1);
        for (size_t i = 0; i < c->out->variable_count; i++)
            variables[i] = c->out->variables[i].name;
        context.variables = variables;
        context.variable_count = c->out->variable_count;
        context.recipes = c->out->recipe_names;
        context.recipe_count = c->out->recipe_count;
        Later *later = ARENA_NEW(sema->arena, Later);
        *later = (Later){ .kind = LATER_FIELD, .result = as.text, .span = as.span };
        value = later_value(later, as.span);
        value.result = result_type(sema, c->verb->result, &context);
    }
    Symbol *symbol;
    if (!symbol_add(sema, as, value, &symbol))
        return;
    symbol->is_result = true;
    symbol->makes_model = c->verb->makes;
    symbol->maker = c->verb->makes && !failed ? c->out : NULL;
}

/* ---- print and assert ---- */
static void no_clauses(Check *c)
{
    const Action *a = c->action;
    Span span = a->on        ? a->on->span
                : a->with    ? a->with->span
                : a->to      ? a->to->span
                : a->from    ? a->from->span
                : a->as.text ? a->as.span
                             : a->settings.span;
    if (a->on || a->with || a->to || a->from || a->as.text || a->settings.present)
        clause_error(c, DIAG_EXTRA_CLAUSE, span, "takes only values");
}

static void take_values(Check *c)
{
    Sema *sema = c->sema;
    no_clauses(c);
    bool condition = c->verb->what == WHAT_CONDITION;
    if (!c->action->operand_count) {
        clause_error(c, DIAG_MISSING_CLAUSE, c->action->verb_span,
                     condition ? "needs a condition" : "needs a value");
    }
    if (condition && c->action->operand_count > 2) {
        clause_error(c, DIAG_EXTRA_CLAUSE, c->action->operands[2]->span,
                     "takes only a condition and a text");
    }
    c->out->values = ARENA_ARRAY(sema->arena, Later *, c->action->operand_count + 1);
    for (size_t i = 0; i < c->action->operand_count; i++) {
        const Expr *expr = c->action->operands[i];
        Value value = eval(sema, sema->globals, expr);
        /* a record or list: printed as it is */
        bool whole = !condition && value_is_later(&value) && value.result;
        if (!whole && !value_usable(sema, &value, expr->span))
            continue;
        if (condition && i == 0 && value.kind != VALUE_BOOL && value.kind != VALUE_LATER) {
            diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span,
                       "a condition must be true or false, but this is %s",
                       value_kind_name(&value));
        } else if (condition && i == 1 && value.kind != VALUE_STRING && value.kind != VALUE_LATER) {
            diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span,
                       "the message of 'assert' must be a text, but this is %s",
                       value_kind_name(&value));
        } else {
            c->out->values[c->out->value_count++] = later_of(sema, &value);
        }
    }
}

CheckedAction *check_action(Sema *sema, const Stmt *stmt)
{
    const Action *action = &stmt->action;
    const VerbRow *verb = verb_row(action->verb);
    CheckedAction *out = ARENA_NEW(sema->arena, CheckedAction);
    *out =
        (CheckedAction){ .verb = action->verb, .span = stmt->span, .verb_span = action->verb_span };
    Check check = { sema, stmt, action, verb, out, false };
    size_t errors = sema->diags->errors;
    if (verb->what == WHAT_VALUES || verb->what == WHAT_CONDITION) {
        take_values(&check);
        return sema->diags->errors > errors ? NULL : out;
    }
    take_what(&check);
    take_on(&check);
    take_with(&check);
    take_path(&check);
    take_settings(&check);
    if (sema->diags->errors == errors)
        check_together(&check);
    /* A model that was itself in error was reported where it is declared; here nothing is wrong
     * with it. */
    bool failed = sema->diags->errors > errors ||
                  (verb->what == WHAT_MODEL && !out->model && !check.unknown_model);
    take_as(&check, failed);
    if (check.unknown_model)
        return NULL;
    return failed || sema->diags->errors > errors ? NULL : out;
}
