/* pictures.c: what `plot` is given: results, data, functions, schedules and recipes, or a list of
 * some of one kind. */
#include "sema/internal.h"

static bool add(Sema *sema, CheckedAction *out, Picture picture)
{
    size_t count = out->picture_count;
    if (count && out->pictures[0].kind != picture.kind) {
        static const char *const kinds[] = { [PICTURE_RESULT] = "a result",
                                             [PICTURE_DATA] = "data",
                                             [PICTURE_FUNCTION] = "a function",
                                             [PICTURE_SCHEDULE] = "a schedule" };
        Diagnostic *d = diag_error(sema->diags, DIAG_NO_PICTURE, picture.span,
                                   "%s and %s cannot be drawn together",
                                   kinds[out->pictures[0].kind], kinds[picture.kind]);
        diag_help(sema->diags, d,
                  "things of one kind can be drawn over each other: plot [a, b] to \"both.svg\"");
        return false;
    }
    Picture *grown = ARENA_ARRAY(sema->arena, Picture, count + 1);
    if (count)
        memcpy(grown, out->pictures, count * sizeof *grown);
    grown[count] = picture;
    out->pictures = grown;
    out->picture_count = count + 1;
    return true;
}

/* The text of a place. */
static char *written(Sema *sema, Span span)
{
    return arena_strndup(sema->arena, span.file->text + span.begin, span.end - span.begin);
}

static void report_undrawable(Sema *sema, Span span, const char *kind)
{
    Diagnostic *d =
        diag_error(sema->diags, DIAG_NO_PICTURE, span, "this is %s, which cannot be drawn", kind);
    diag_help(sema->diags, d,
              "name the result of an action and plot that: train m on d as run, then plot run to "
              "\"run.svg\"");
}

/* A primitive has no declaration that could be lowered: fn tanh(x) = tanh(x) is made for it. */
static const Stmt *primitive_declaration(Sema *sema, const Form *form, Span span)
{
    static const char *const names[] = { "x", "y" };
    size_t count = form->arg_count < 2 ? form->arg_count : 2;
    Stmt *decl = ARENA_NEW(sema->arena, Stmt);
    Expr *call = ARENA_NEW(sema->arena, Expr);
    Arg *args = ARENA_ARRAY(sema->arena, Arg, count);
    Param *params = ARENA_ARRAY(sema->arena, Param, count);
    for (size_t i = 0; i < count; i++) {
        Expr *name = ARENA_NEW(sema->arena, Expr);
        *name = (Expr){ .kind = EXPR_NAME,
                        .span = span,
                        .name = { intern_cstr(sema->names, names[i]), span } };
        args[i] = (Arg){ .value = name, .span = span };
        params[i] = (Param){ .name = name->name };
    }
    *call = (Expr){
        .kind = EXPR_CALL, .span = span, .name = { form->name, span }, .args = { args, count }
    };
    *decl = (Stmt){ .kind = STMT_FN,
                    .span = span,
                    .name = call->name,
                    .value = call,
                    .params = { .data = params, .len = count } };
    return decl;
}

/* Its leading arguments are variables, all others keep their defaults. */
static void take_function(Sema *sema, CheckedAction *out, const Form *form, Span span)
{
    const Stmt *decl = form->decl ? form->decl : primitive_declaration(sema, form, span);
    CheckedAction *drawn = ARENA_NEW(sema->arena, CheckedAction);
    *drawn = (CheckedAction){
        .verb = out->verb, .span = span, .verb_span = span, .function = decl, .function_form = form
    };
    drawn->variables = arena_alloc(sema->arena, (decl->params.len + 1) * sizeof *drawn->variables);
    for (size_t i = 0; i < decl->params.len; i++)
        if (!decl->params.data[i].fallback)
            drawn->variables[drawn->variable_count++].name = decl->params.data[i].name.text;
    if (drawn->variable_count < 1 || drawn->variable_count > 2) {
        Diagnostic *d = diag_error(sema->diags, DIAG_NO_PICTURE, span,
                                   "function '%s' has %zu arguments without a default, but a "
                                   "picture has room for one or two",
                                   form->name, drawn->variable_count);
        diag_help(sema->diags, d, "give the others defaults: fn f(x, y, k = 3) = ...");
        return;
    }
    add(sema, out,
        (Picture){ .kind = PICTURE_FUNCTION, .name = form->name, .drawn = drawn, .span = span });
}

static void take_recipe(Sema *sema, CheckedAction *out, const char *name, Checked recipe,
                        bool of_recipe, Span span)
{
    CheckedAction *drawn = ARENA_NEW(sema->arena, CheckedAction);
    *drawn =
        (CheckedAction){ .verb = out->verb, .span = span, .verb_span = span, .recipe = recipe };
    const Value *schedule = setting(&recipe, "schedule");
    if (schedule->kind == VALUE_CALL && !strcmp(schedule->call->form->name, "plateau")) {
        Diagnostic *d = diag_error(
            sema->diags, DIAG_NO_PICTURE, span,
            "'plateau' depends on how training goes, so it cannot be drawn before a training");
        diag_help(sema->diags, d, "train with it and plot the training: its rates are drawn too");
        return;
    }
    add(sema, out,
        (Picture){ .kind = PICTURE_SCHEDULE,
                   .name = name,
                   .drawn = drawn,
                   .of_recipe = of_recipe,
                   .span = span });
}

/* A schedule, with or without its arguments. */
static void take_schedule(Sema *sema, CheckedAction *out, const Expr *expr)
{
    Checked recipe = checked_new(sema, TABLE_RECIPE, expr->span);
    Value value = eval_as(sema, sema->globals, expr, "schedule", "the schedule");
    if (value.kind == VALUE_ERROR)
        return;
    recipe.values[checked_find(&recipe, "schedule")] = value;
    take_recipe(sema, out, written(sema, expr->span), recipe, false, expr->span);
}

/* `d` or `d.train`; NULL: it is neither. */
static const DataDecl *data_of(Sema *sema, const Expr *expr, Part *part)
{
    static const char *const parts[] = { "train", "validation", "test", "new" };
    *part = PART_ANY;
    if (expr->kind == EXPR_FIELD && expr->a->kind == EXPR_NAME) {
        for (int i = 0; i < 4; i++)
            if (!strcmp(parts[i], expr->name.text))
                *part = (Part)(PART_TRAIN + i);
    }
    if (expr->kind == EXPR_FIELD && *part == PART_ANY)
        return NULL;
    const Expr *name = expr->kind == EXPR_FIELD ? expr->a : expr;
    return name->kind == EXPR_NAME ? name_map_get(&sema->data, name->name.text) : NULL;
}

static void take_data(Sema *sema, CheckedAction *out, const DataDecl *data, Part part,
                      const Expr *expr)
{
    if (out->data && out->data != data) {
        diag_error(sema->diags, DIAG_NO_PICTURE, expr->span,
                   "data '%s' and '%s' cannot be drawn together", out->data->name, data->name);
        return;
    }
    if (part != PART_ANY && !part_exists(data, expr->name.text)) {
        Diagnostic *d = diag_error(sema->diags, DIAG_NO_PART, expr->name.span,
                                   "data '%s' has no %s part", data->name, expr->name.text);
        diag_help(sema->diags, d, "hold one out with '%s = 20%%' in data %s", expr->name.text,
                  data->name);
        return;
    }

    Picture picture = {
        .kind = PICTURE_DATA, .name = data->name, .part = part, .span = expr->span
    };
    if (add(sema, out, picture)) {
        out->data = data;
        out->data_span = expr->span;
    }
}

static void take_result(Sema *sema, CheckedAction *out, const Expr *expr, const Value *value)
{
    Later **grown = ARENA_ARRAY(sema->arena, Later *, out->value_count + 1);
    if (out->value_count)
        memcpy(grown, out->values, out->value_count * sizeof *grown);
    grown[out->value_count] = later_of(sema, value);

    Picture picture = { .kind = PICTURE_RESULT,
                        .name = written(sema, expr->span),
                        .later = grown[out->value_count],
                        .span = expr->span };
    if (add(sema, out, picture)) {
        out->values = grown;
        out->value_count++;
    }
}

/* A name or call of something declared that is not a value: a recipe, a function or a schedule. */
static bool take_declared(Sema *sema, CheckedAction *out, const Expr *expr)
{
    if (expr->kind != EXPR_NAME && expr->kind != EXPR_CALL)
        return false;
    bool bare = expr->kind == EXPR_NAME;
    const char *name = expr->name.text;
    if (name_map_get(&sema->symbols, name) || name_map_get(&sema->models, name))
        return false;

    const RecipeDecl *recipe = bare ? name_map_get(&sema->recipes, name) : NULL;
    const Form *function = sema_find_function(sema, name);
    if (recipe)
        take_recipe(sema, out, recipe->name, recipe->settings, true, expr->span);
    else if (function && bare)
        take_function(sema, out, function, expr->span);
    else if (find_form(sema, FORM_SCHEDULE, name) && (bare || !function || !strcmp(name, "step")))
        take_schedule(sema, out, expr);
    else
        return false;
    return true;
}

static void take_one(Sema *sema, CheckedAction *out, const Expr *expr)
{
    Part part;
    const DataDecl *data = data_of(sema, expr, &part);
    if (data) {
        take_data(sema, out, data, part, expr);
        return;
    }
    if (take_declared(sema, out, expr))
        return;
    if (expr->kind == EXPR_NAME && name_map_get(&sema->models, expr->name.text)) {
        report_undrawable(sema, expr->span, "a model");
        return;
    }

    Value value = eval(sema, sema->globals, expr);
    if (value.kind == VALUE_ERROR)
        return;
    bool matrix = expr->kind == EXPR_FIELD && !strcmp(expr->name.text, "confusion");
    if (value_is_later(&value) && (value.result || matrix))
        take_result(sema, out, expr, &value);
    else
        report_undrawable(sema, expr->span, value_kind_name(&value));
}

void take_pictures(Sema *sema, CheckedAction *out, const Expr *expr)
{
    out->operand_span = expr->span;
    if (expr->kind != EXPR_LIST || !expr->item_count) {
        take_one(sema, out, expr);
        return;
    }
    for (size_t i = 0; i < expr->item_count; i++)
        take_one(sema, out, expr->items[i]);
}
