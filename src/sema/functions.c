/* functions.c: calls inside expressions: the primitives, functions declared in the language
 * evaluated with numbers, shape(...), and what only some bodies have: uniform and normal in a `fn`,
 * norm, mean and max of one tensor in an optimizer. */
#include "sema/internal.h"
#include <math.h>

static double f_sign(double x)
{
    return (x > 0) - (x < 0);
}

static double f_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

typedef struct Primitive {
    const char *name;
    double (*one)(double);
    double (*two)(double, double);
    bool keeps_whole;
} Primitive;

static const Primitive primitives[] = {
    { "exp", exp, NULL, false },     { "ln", log, NULL, false },
    { "log10", log10, NULL, false }, { "sqrt", sqrt, NULL, false },
    { "abs", fabs, NULL, true },     { "sign", f_sign, NULL, true },
    { "min", NULL, fmin, true },     { "max", NULL, fmax, true },
    { "floor", floor, NULL, true },  { "tanh", tanh, NULL, false },
    { "sin", sin, NULL, false },     { "cos", cos, NULL, false },
    { "erf", erf, NULL, false },     { "sigmoid", f_sigmoid, NULL, false },
};

static const Primitive *find_primitive(const char *name)
{
    for (size_t i = 0; i < sizeof primitives / sizeof primitives[0]; i++)
        if (!strcmp(primitives[i].name, name))
            return &primitives[i];
    return NULL;
}

/* What the arguments of a call are altogether. */
typedef enum Knowledge { ALL_KNOWN, SOME_LATER, SOME_UNKNOWN, SOME_WRONG } Knowledge;

static Knowledge knowledge(const Value *args, size_t count)
{
    Knowledge k = ALL_KNOWN;
    for (size_t i = 0; i < count; i++) {
        if (value_failed(&args[i]))
            return SOME_WRONG;
        if (args[i].kind == VALUE_ERROR)
            k = SOME_UNKNOWN;
        else if (args[i].kind == VALUE_LATER && k == ALL_KNOWN)
            k = SOME_LATER;
    }
    return k;
}

/* A number (or a truth, for declared functions) for an argument. */
static Value argument(Sema *sema, const Scope *scope, const Expr *expr, const char *type,
                      const char *function)
{
    Value value = eval(sema, scope, expr);
    bool any = !strncmp(type, "list", 4) || !strncmp(type, "word", 4);
    if (value.kind == VALUE_LATER && value.tensor) {
        report_tensor(sema, expr->span);
        return value_error(expr->span);
    }
    if (value.kind == VALUE_LATER && value.result) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span,
                   "'%s' needs a single number, but this is several", function);
        return value_error(expr->span);
    }
    if (value.kind == VALUE_NUMBER || value.kind == VALUE_LATER || value.kind == VALUE_ERROR ||
        any || (value.kind == VALUE_BOOL && !strcmp(type, "bool"))) {
        return value;
    }
    diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span, "'%s' needs %s, but this is %s", function,
               strcmp(type, "bool") ? "a number" : "true or false", value_kind_name(&value));
    return value_error(expr->span);
}

static Later *later_node(Sema *sema, LaterKind kind, Span span)
{
    Later *later = ARENA_NEW(sema->arena, Later);
    later->kind = kind;
    later->span = span;
    return later;
}

static Later *later_constant(Sema *sema, double number, Span span)
{
    Later *later = later_node(sema, LATER_CONST, span);
    later->constant = value_number(number, true, span);
    return later;
}

static Later *later_binary(Sema *sema, OpKind op, Later *a, Later *b)
{
    Later *later = later_node(sema, LATER_BINARY, a->span);
    later->op = op;
    later->a = a;
    later->b = b;
    return later;
}

static Value later_call(Sema *sema, const Primitive *primitive, const Value *args, const Expr *expr)
{
    Later *later = later_node(sema, LATER_CALL, expr->span);
    later->name = primitive->name;
    later->a = later_of(sema, &args[0]);
    if (primitive->two)
        later->b = later_of(sema, &args[1]);
    /* 1 / (1 + exp(-x)), since the runtime has no sigmoid */
    if (primitive->one == f_sigmoid) {
        Later *negative = later_node(sema, LATER_UNARY, expr->span);
        negative->op = OP_NEG;
        negative->a = later->a;
        later->name = "exp";
        later->a = negative;
        later =
            later_binary(sema, OP_DIV, later_constant(sema, 1, expr->span),
                         later_binary(sema, OP_ADD, later_constant(sema, 1, expr->span), later));
    }
    return later_value(later, expr->span);
}

/* Arguments of a function, in its order. False: reported. */
static bool bind_function(Sema *sema, const Scope *scope, const Form *form, const Expr *expr,
                          Value *args)
{
    bool named = false, failed = false;
    bool *given = ARENA_ARRAY(sema->arena, bool, form->arg_count);
    size_t next = 0;

    for (size_t i = 0; i < expr->args.len; i++) {
        const Arg *arg = &expr->args.data[i];
        int at = argument_place(sema, form, 0, arg, &next, &named);
        if (at < 0)
            return false;
        if (given[at]) {
            diag_error(sema->diags, DIAG_REPEATED_ARGUMENT,
                       arg->key.text ? arg->key.span : arg->value->span,
                       "'%s' of '%s' is given twice", form->args[at].name, form->name);
            return false;
        }
        given[at] = true;
        args[at] = argument(sema, scope, arg->value, form->args[at].type, form->name);
        failed |= value_failed(&args[at]);
    }

    for (size_t i = 0; i < form->arg_count; i++) {
        if (given[i])
            continue;
        if (!form->args[i].fallback && !form->args[i].default_expr) {
            diag_error(sema->diags, DIAG_MISSING_ARGUMENT, expr->span, "'%s' needs '%s'",
                       form->name, form->args[i].name);
            return false;
        }
        args[i] = form->args[i].default_value;
    }
    return !failed;
}

static Value call_declared(Sema *sema, const Form *form, const Value *args, const Expr *expr)
{
    if (++sema->calls > SEMA_MAX_CALLS) {
        diag_error(sema->diags, DIAG_TOO_LARGE, expr->span,
                   "evaluating '%s' takes more than %d calls", form->name, SEMA_MAX_CALLS);
        return value_error(expr->span);
    }
    Scope *scope = scope_of_kind(sema, NULL, SCOPE_FN);
    for (size_t i = 0; i < form->arg_count; i++)
        scope_bind(scope, form->args[i].name, args[i]);
    Value value = eval(sema, scope, form->decl->value);
    value.span = expr->span;
    return value;
}

static Value call_function(Sema *sema, const Scope *scope, const Form *form, const Expr *expr)
{
    Value *args = ARENA_ARRAY(sema->arena, Value, form->arg_count);
    if (!bind_function(sema, scope, form, expr, args))
        return value_error(expr->span);
    Knowledge k = knowledge(args, form->arg_count);
    if (k == SOME_WRONG)
        return value_error(expr->span);
    if (k == SOME_UNKNOWN)
        return value_unknown(expr->span);
    if (form->broken)
        return value_error(expr->span);
    if (form->decl)
        return call_declared(sema, form, args, expr);
    const Primitive *primitive = find_primitive(form->name);
    if (k == SOME_LATER)
        return later_call(sema, primitive, args, expr);
    double r = primitive->one ? primitive->one(args[0].number)
                              : primitive->two(args[0].number, args[1].number);
    bool whole = !strcmp(form->name, "floor") ||
                 (args[0].is_integer && (!primitive->two || args[1].is_integer));
    return value_number(r, primitive->keeps_whole && whole && isfinite(r), expr->span);
}

static Value call_shape(Sema *sema, const Scope *scope, const Expr *expr)
{
    Value value = { .kind = VALUE_SHAPE,
                    .count = expr->args.len,
                    .dims = ARENA_ARRAY(sema->arena, int64_t, expr->args.len),
                    .span = expr->span };
    bool failed = !expr->args.len, unknown = false;
    if (failed) {
        diag_error(sema->diags, DIAG_MISSING_ARGUMENT, expr->span,
                   "'shape' needs its sides: shape(c, h, w)");
    }
    for (size_t i = 0; i < expr->args.len; i++) {
        const Arg *arg = &expr->args.data[i];
        if (arg->key.text) {
            diag_error(sema->diags, DIAG_UNKNOWN_ARGUMENT, arg->key.span,
                       "unknown argument of shape '%s'", arg->key.text);
            failed = true;
            continue;
        }
        Value side = eval_as(sema, scope, arg->value, "size", "a side of 'shape'");
        failed |= value_failed(&side);
        unknown |= side.kind == VALUE_ERROR;
        value.dims[i] = side.kind == VALUE_NUMBER ? (int64_t)side.number : 0;
    }
    if (failed)
        return value_error(expr->span);
    return unknown ? value_unknown(expr->span) : value;
}

/* Positional numbers alone; their count is checked. */
static bool plain_arguments(Sema *sema, const Scope *scope, const Expr *expr, size_t count,
                            Value *args)
{
    if (expr->args.len != count) {
        bool more = expr->args.len > count;
        diag_error(sema->diags, more ? DIAG_TOO_MANY_ARGUMENTS : DIAG_MISSING_ARGUMENT, expr->span,
                   "'%s' takes %zu argument%s here, not %zu", expr->name.text, count,
                   count == 1 ? "" : "s", expr->args.len);
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        const Arg *arg = &expr->args.data[i];
        if (arg->key.text) {
            diag_error(sema->diags, DIAG_UNKNOWN_ARGUMENT, arg->key.span,
                       "unknown argument of %s '%s'", expr->name.text, arg->key.text);
            ok = false;
            continue;
        }
        args[i] = argument(sema, scope, arg->value, "number", expr->name.text);
        ok &= !value_failed(&args[i]);
    }
    return ok;
}

/* Random draws of a `fn`: their mean, where nothing is drawn. */
static Value call_random(Sema *sema, const Scope *scope, const Expr *expr)
{
    Value args[2] = { { .kind = VALUE_NONE }, { .kind = VALUE_NONE } };
    if (!plain_arguments(sema, scope, expr, 2, args))
        return value_error(expr->span);
    bool uniform = !strcmp(expr->name.text, "uniform");
    if (knowledge(args, 2) == SOME_UNKNOWN)
        return value_unknown(expr->span);
    if (!uniform) {
        args[0].span = expr->span;
        return args[0];
    }
    Later *sum = later_binary(sema, OP_ADD, later_of(sema, &args[0]), later_of(sema, &args[1]));
    if (knowledge(args, 2) == SOME_LATER) {
        return later_value(later_binary(sema, OP_DIV, sum, later_constant(sema, 2, expr->span)),
                           expr->span);
    }
    return value_number((args[0].number + args[1].number) / 2, false, expr->span);
}

/* The functions that can be called in this scope. */
static NameList function_names(Sema *sema, const Scope *scope)
{
    NameList names = { 0 };
    name_list_add_map(sema->arena, &names, &sema->rows[FORM_FN]);
    if (scope_enclosing(scope, SCOPE_OPTIMIZER)) {
        name_list_add(sema->arena, &names, "norm");
        name_list_add(sema->arena, &names, "mean");
    }
    if (scope_enclosing(scope, SCOPE_FN)) {
        name_list_add(sema->arena, &names, "uniform");
        name_list_add(sema->arena, &names, "normal");
    }
    name_list_add_map(sema->arena, &names, &sema->prelude[FORM_FN]);
    name_list_add_map(sema->arena, &names, &sema->forms[FORM_FN]);
    return names;
}

static void report_unknown_function(Sema *sema, const Scope *scope, Name name)
{
    FormCategory category;
    if (name.text == sema->declaring) {
        diag_error(sema->diags, DIAG_RECURSION, name.span, "'%s' calls itself", name.text);
    } else if (may_be_declared_in_broken_text(sema, name.text)) {
        return;
    } else if (find_any_category(sema, name.text, &category)) {
        diag_error(sema->diags, DIAG_WRONG_KIND, name.span, "'%s' is %s, not a function of numbers",
                   name.text, with_article(sema, category_noun(category)));
    } else if (scope_find(scope, name.text)) {
        diag_error(sema->diags, DIAG_WRONG_KIND, name.span, "'%s' is a value, not a function",
                   name.text);
    } else {
        NameList names = function_names(sema, scope);
        report_unknown(sema, DIAG_UNKNOWN_FUNCTION, name.span, "function", name.text, names.data,
                       names.len);
    }
}

/* norm, mean and max of one tensor, in an optimizer */
static bool is_reduction(const Scope *scope, const Expr *call)
{
    const char *name = call->name.text;
    return scope_enclosing(scope, SCOPE_OPTIMIZER) &&
           (!strcmp(name, "norm") || !strcmp(name, "mean") ||
            (!strcmp(name, "max") && call->args.len == 1));
}

/* uniform and normal, in a fn */
static bool is_random(const Scope *scope, const Expr *call)
{
    return scope_enclosing(scope, SCOPE_FN) &&
           (!strcmp(call->name.text, "uniform") || !strcmp(call->name.text, "normal"));
}

Value eval_call(Sema *sema, const Scope *scope, const Expr *expr)
{
    const char *name = expr->name.text;
    const Form *form = sema_find_function(sema, name);
    if (form && form->decl && name_map_get(&sema->forms[FORM_FN], name) == form)
        return call_function(sema, scope, form, expr);

    if (name == sema->word.shape)
        return call_shape(sema, scope, expr);
    if (is_reduction(scope, expr)) {
        Value arg = { .kind = VALUE_NONE };
        return plain_arguments(sema, scope, expr, 1, &arg) ? value_unknown(expr->span)
                                                           : value_error(expr->span);
    }
    if (is_random(scope, expr))
        return call_random(sema, scope, expr);
    if (form)
        return call_function(sema, scope, form, expr);
    report_unknown_function(sema, scope, expr->name);
    return value_error(expr->span);
}
