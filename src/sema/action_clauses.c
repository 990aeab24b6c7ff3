/* action_clauses.c: the clauses of an action: what it works on, `on`, `with`, `to` and `from`, each
 * held against the verb's row. */
#include "sema/action.h"

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

void take_operand(Check *c)
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

bool has_validation(const Check *c)
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

    const char *kind = declared_kind(sema, expr->name.text);
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

/* Lists those that the data have. */
static void report_unknown_part_of_data(Sema *sema, const DataDecl *data, Name part,
                                        const char *const *all, size_t count)
{
    NameList names = { 0 };
    for (size_t i = 0; i < count; i++)
        if (part_exists(data, all[i]))
            name_list_add(sema->arena, &names, all[i]);
    diag_unknown(sema->diags, DIAG_UNKNOWN_PART, part.span,
                 arena_printf(sema->arena, "part of data '%s'", data->name), part.text, names.data,
                 names.len);
}

static void take_part(Check *c, const Expr *expr)
{
    static const char *const parts[] = { "train", "validation", "test", "new" };
    static const Part values[] = { PART_TRAIN, PART_VALIDATION, PART_TEST, PART_NEW };
    Sema *sema = c->sema;
    int found = -1;
    for (int i = 0; i < 4; i++)
        if (!strcmp(parts[i], expr->name.text))
            found = i;

    if (found < 0) {
        report_unknown_part_of_data(sema, c->out->data, expr->name, parts,
                                    sizeof parts / sizeof *parts);
    } else if (c->verb->recipe && found) {
        Diagnostic *d = clause_error(c, DIAG_WRONG_KIND, expr->name.span,
                                     "takes the data as a whole and trains on its training part");
        diag_help(sema->diags, d, "write 'on %s'", c->out->data->name);
    } else if (!part_exists(c->out->data, parts[found])) {
        Diagnostic *d = diag_error(sema->diags, DIAG_NO_PART, expr->name.span,
                                   "data '%s' has no %s part", c->out->data->name, parts[found]);
        diag_help(sema->diags, d,
                  values[found] == PART_NEW
                      ? "say where such samples come from with '%s = csv(..)' "
                        "in data %s"
                      : "hold one out with '%s = 20%%' in data %s",
                  parts[found], c->out->data->name);
        diag_note(sema->diags, d, c->out->data->name_span, "declared here");
    } else {
        c->out->part = values[found];
    }
}

/* The data as a whole, where a part is needed: data without other parts is its training part. */
static void take_only_part(Check *c, Span span)
{
    const DataDecl *data = c->out->data;
    bool validation = part_exists(data, "validation"), test = part_exists(data, "test");
    if (!validation && !test) {
        c->out->part = PART_TRAIN;
        return;
    }

    Arena *arena = c->sema->arena;
    Diagnostic *d = clause_error(c, DIAG_NO_PART, span, "needs a part of the data");
    diag_help(c->sema->diags, d, "write %s.train%s%s", data->name,
              validation ? arena_printf(arena, ", %s.validation", data->name) : "",
              test ? arena_printf(arena, " or %s.test", data->name) : "");
}

void take_on(Check *c)
{
    const Expr *on = c->action->on;
    VerbClause clause = c->verb->on;
    if (clause == CLAUSE_FOR_MODEL)
        clause = c->out->function ? CLAUSE_NO : CLAUSE_MUST;

    if (!on) {
        if (clause == CLAUSE_MUST || clause == CLAUSE_PART)
            clause_error(c, DIAG_MISSING_CLAUSE, c->action->verb_span, "needs 'on' and data");
        return;
    }
    if (clause == CLAUSE_NO) {
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
    if (on->kind == EXPR_FIELD)
        take_part(c, on);
    else if (clause == CLAUSE_PART)
        take_only_part(c, on->span);
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

void take_with(Check *c)
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

void take_path(Check *c)
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
    } else if (!path && c->verb->path != CLAUSE_MAY) {
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
