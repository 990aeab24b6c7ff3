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

static void no_picture(Sema *sema, Span span, const char *kind)
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
    take_recipe(sema, out,
                arena_strndup(sema->arena, expr->span.file->text + expr->span.begin,
                              expr->span.end - expr->span.begin),
                recipe, false, expr->span);
}

/* `d` or `d.train`; NULL: it is neither. */
static const DataDecl *data_of(Sema *sema, const Expr *expr, Part *part)
{
    static const char *const parts[] = { "train", "validation", "test" };
    *part = PART_ANY;
    if (expr->kind == EXPR_FIELD && expr->a->kind == EXPR_NAME) {
        for (int i = 0; i < 3; i++)
            if (!strcmp(parts[i], expr->name.text))
                *part = (Part)(PART_TRAIN + i);
    }
    if (expr->kind == EXPR_FIELD && *part == PART_ANY)
        return NULL;
    const Expr *name = expr->kind == EXPR_FIELD ? expr->a : expr;
    return name->kind == EXPR_NAME ? name_map_get(&sema->data, name->name.text) : NULL;
}

static void take_one(Sema *sema, CheckedAction *out, const Expr *expr)
{
    const char *name = expr->kind == EXPR_NAME || expr->kind == EXPR_CALL ? expr->name.text : NULL;
    Part part;
    const DataDecl *data = data_of(sema, expr, &part);
    if (data) {
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
        if (!add(
                sema, out,
                (Picture){
                    .kind = PICTURE_DATA, .name = data->name, .part = part, .span = expr->span })) {
            return;
        }
        out->data = data;
        out->data_span = expr->span;
        return;
    }
    bool known = name && (name_map_get(&sema->symbols, name) || name_map_get(&sema->models, name));
    const RecipeDecl *recipe =
        name && expr->kind == EXPR_NAME ? name_map_get(&sema->recipes, name) : NULL;
    if (recipe && !known) {
        take_recipe(sema, out, recipe->name, recipe->settings, true, expr->span);
        return;
    }
    const Form *fn =
        name && !known && expr->kind == EXPR_NAME ? sema_find_function(sema, name) : NULL;
    if (fn) {
        take_function(sema, out, fn, expr->span);
        return;
    }
    if (name && !known && find_form(sema, FORM_SCHEDULE, name) &&
        (expr->kind == EXPR_NAME || !sema_find_function(sema, name) || !strcmp(name, "step"))) {
        take_schedule(sema, out, expr);
        return;
    }
    const char *kind =
        expr->kind == EXPR_NAME && name_map_get(&sema->models, name) ? "a model" : NULL;
    Value value = kind ? value_none(expr->span) : eval(sema, sema->globals, expr);
    if (value.kind == VALUE_ERROR)
        return;
    if (!kind && value_is_later(&value) && value.result) {
        Later **grown = ARENA_ARRAY(sema->arena, Later *, out->value_count + 1);
        if (out->value_count)
            memcpy(grown, out->values, out->value_count * sizeof *grown);
        grown[out->value_count] = later_of(sema, &value);
        if (!add(sema, out,
                 (Picture){ .kind = PICTURE_RESULT,
                            .name =
                                arena_strndup(sema->arena, expr->span.file->text + expr->span.begin,
                                              expr->span.end - expr->span.begin),
                            .later = grown[out->value_count],
                            .span = expr->span })) {
            return;
        }
        out->values = grown;
        out->value_count++;
        return;
    }
    no_picture(sema, expr->span, kind ? kind : value_kind_name(&value));
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
