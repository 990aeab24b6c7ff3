/* eval.c: the value of an expression in a scope.
 *
 * Long chains are walked in loops, never by recursion: a + b + c + ... down their left side, a ^ b
 * ^ c and c ? a : d ? b : ... down their right, and
 * - - - x through its operands; other nesting is limited. What depends on a result of the running
 * script becomes a tree of Later nodes, folded as far as it can be. Unknown values (sizes, in
 * bodies checked without data) pass through silently. */
#include "sema/internal.h"
#include <math.h>

bool enter(Sema *sema, Span span)
{
    if (sema->depth++ < SEMA_MAX_DEPTH)
        return true;
    sema->depth--;
    diag_error(sema->diags, DIAG_NESTING_TOO_DEEP, span, "this is nested more than %d levels deep",
               SEMA_MAX_DEPTH);
    return false;
}

void leave(Sema *sema)
{
    sema->depth--;
}

void report_not_constant(Sema *sema, Span span)
{
    Diagnostic *d = diag_error(
        sema->diags, DIAG_NOT_CONSTANT, span,
        "this is known only when the script runs, but must be known when it is compiled");
    diag_help(sema->diags, d, "use a constant or a param here");
}

void report_tensor(Sema *sema, Span span)
{
    Diagnostic *d = diag_error(sema->diags, DIAG_NOT_CONSTANT, span,
                               "this is a value of the network, but a constant is needed here");
    diag_help(sema->diags, d,
              "values of the network flow through chains, add(...), multiply(...) and concat(...)");
}

bool value_usable(Sema *sema, const Value *v, Span span)
{
    if (v->kind == VALUE_LATER && v->tensor) {
        report_tensor(sema, span);
        return false;
    }
    if (v->kind == VALUE_LATER && v->result) {
        const ResultType *type = v->result;
        Diagnostic *d = diag_error(sema->diags, DIAG_WRONG_TYPE, span,
                                   "this is a %s, but a single value is needed",
                                   type->kind == RESULT_LIST ? "list" : "record of several values");
        NameList names = { 0 };
        for (size_t i = 0; i < type->fields.len; i++)
            name_list_add(sema->arena, &names, type->fields.data[i].name);
        if (names.len) {
            diag_help(sema->diags, d, "name one of its fields: %s",
                      name_list_text(sema->arena, names.data, names.len));
        }
        return false;
    }
    return !value_failed(v);
}

/* Of this kind, or not known yet. */
static bool may_be(const Value *v, ValueKind kind)
{
    return v->kind == kind || v->kind == VALUE_LATER || v->kind == VALUE_ERROR;
}

/* Reports a value of another kind. */
static bool check_kind(Sema *sema, const Value *v, ValueKind kind, Span span)
{
    if (may_be(v, kind))
        return true;
    diag_error(sema->diags, DIAG_WRONG_TYPE, span, "%s is needed here, but this is %s",
               kind == VALUE_NUMBER ? "a number" : "true or false", value_kind_name(v));
    return false;
}

Value eval_unary(Sema *sema, const Expr *expr, Value a)
{
    if (!value_usable(sema, &a, expr->a->span))
        return value_error(expr->span);
    if (!check_kind(sema, &a, expr->op == OP_NOT ? VALUE_BOOL : VALUE_NUMBER, expr->a->span))
        return value_error(expr->span);
    if (a.kind == VALUE_ERROR)
        return value_unknown(expr->span);
    if (a.kind == VALUE_LATER) {
        Later *later = ARENA_NEW(sema->arena, Later);
        *later = (Later){
            .kind = LATER_UNARY, .op = expr->op, .a = later_of(sema, &a), .span = expr->span
        };
        return later_value(later, expr->span);
    }
    return expr->op == OP_NOT ? value_bool(!a.boolean, expr->span)
                              : value_number(-a.number, a.is_integer, expr->span);
}

static Value arithmetic(OpKind op, const Value *a, const Value *b, Span span)
{
    double x = a->number, y = b->number, r;
    bool whole = a->is_integer && b->is_integer;
    switch (op) {
    case OP_ADD: r = x + y; break;
    case OP_SUB: r = x - y; break;
    case OP_MUL: r = x * y; break;
    case OP_DIV: r = x / y; break;
    default: r = pow(x, y); break;
    }
    return value_number(r, whole && r == floor(r), span);
}

static Value comparison(OpKind op, const Value *a, const Value *b, Span span)
{
    double x = a->number, y = b->number;
    switch (op) {
    case OP_LT: return value_bool(x < y, span);
    case OP_LE: return value_bool(x <= y, span);
    case OP_GT: return value_bool(x > y, span);
    default: return value_bool(x >= y, span);
    }
}

static bool is_known(const Value *v)
{
    return v->kind != VALUE_LATER && v->kind != VALUE_ERROR;
}

/* Reports operands that the operator cannot work on. */
static bool operands_ok(Sema *sema, const Expr *expr, const Value *a, const Value *b)
{
    bool ok = value_usable(sema, a, expr->a->span);
    ok &= value_usable(sema, b, expr->b->span);
    if (!ok)
        return false;

    bool logical = expr->op == OP_AND || expr->op == OP_OR;
    if (expr->op != OP_EQ && expr->op != OP_NE) {
        ValueKind kind = logical ? VALUE_BOOL : VALUE_NUMBER;
        return check_kind(sema, a, kind, expr->a->span) && check_kind(sema, b, kind, expr->b->span);
    }
    if (a->kind == b->kind || a->kind == VALUE_NONE || b->kind == VALUE_NONE || !is_known(a) ||
        !is_known(b)) {
        return true;
    }
    diag_error(sema->diags, DIAG_WRONG_TYPE, expr->b->span, "%s cannot equal %s",
               value_kind_name(b), value_kind_name(a));
    return false;
}

/* Of two operands one of which is known only when the script runs. */
static Value binary_later(Sema *sema, const Expr *expr, const Value *a, const Value *b)
{
    if (a->kind == VALUE_ERROR || b->kind == VALUE_ERROR) {
        report_not_constant(sema, a->kind == VALUE_LATER ? expr->a->span : expr->b->span);
        return value_error(expr->span);
    }
    Later *later = ARENA_NEW(sema->arena, Later);
    *later = (Later){ .kind = LATER_BINARY,
                      .op = expr->op,
                      .a = later_of(sema, a),
                      .b = later_of(sema, b),
                      .span = expr->span };
    return later_value(later, expr->span);
}

Value eval_binary(Sema *sema, const Expr *expr, Value a, Value b)
{
    OpKind op = expr->op;
    if (!operands_ok(sema, expr, &a, &b))
        return value_error(expr->span);

    bool logical = op == OP_AND || op == OP_OR;
    if (logical && a.kind == VALUE_BOOL && a.boolean == (op == OP_OR))
        return value_bool(a.boolean, expr->span);
    if (a.kind == VALUE_LATER || b.kind == VALUE_LATER)
        return binary_later(sema, expr, &a, &b);
    if (a.kind == VALUE_ERROR || b.kind == VALUE_ERROR)
        return value_unknown(expr->span);

    if (logical) /* a did not decide */
        return value_bool(b.boolean, expr->span);
    if (op == OP_EQ || op == OP_NE)
        return value_bool(value_equal(&a, &b) == (op == OP_EQ), expr->span);
    return op <= OP_POW ? arithmetic(op, &a, &b, expr->span) : comparison(op, &a, &b, expr->span);
}

typedef VEC(const Expr *) Spine;

/* Long sums lean to the left, towers of powers to the right: both are walked in a loop, so that
 * their length costs no stack. */
static Value eval_spine(Sema *sema, const Scope *scope, const Expr *expr, bool powers)
{
    Spine spine = { 0 };
    while (expr->kind == EXPR_BINARY && (expr->op == OP_POW) == powers) {
        vec_push(sema->arena, &spine, expr);
        expr = powers ? expr->b : expr->a;
    }
    Value value = eval(sema, scope, expr);
    while (spine.len) {
        const Expr *node = spine.data[--spine.len];
        Value other = eval(sema, scope, powers ? node->a : node->b);
        value =
            powers ? eval_binary(sema, node, other, value) : eval_binary(sema, node, value, other);
    }
    return value;
}

static Value eval_unary_chain(Sema *sema, const Scope *scope, const Expr *expr)
{
    Spine spine = { 0 };
    while (expr->kind == EXPR_UNARY) {
        vec_push(sema->arena, &spine, expr);
        expr = expr->a;
    }
    Value value = eval(sema, scope, expr);
    while (spine.len)
        value = eval_unary(sema, spine.data[--spine.len], value);
    return value;
}

typedef struct Branch {
    const Expr *expr;
    Value condition, value;
} Branch;

/* A branch that is not taken is looked at for its names only. */
static Branch eval_branch(Sema *sema, const Scope *scope, const Expr *expr)
{
    Branch branch = { .expr = expr, .condition = eval(sema, scope, expr->a) };
    if (!value_usable(sema, &branch.condition, expr->a->span) ||
        !check_kind(sema, &branch.condition, VALUE_BOOL, expr->a->span)) {
        branch.condition = value_error(expr->span);
    }
    bool dead = branch.condition.kind == VALUE_BOOL && !branch.condition.boolean;
    sema->dead += dead;
    branch.value = eval(sema, scope, expr->b);
    sema->dead -= dead;
    return branch;
}

/* What `condition ? value : other` comes to. */
static Value choose(Sema *sema, const Branch *b, Value other)
{
    Span span = b->expr->span;
    if (value_failed(&b->condition) || value_failed(&b->value) || value_failed(&other))
        return value_error(span);
    if (b->condition.kind == VALUE_BOOL)
        return b->condition.boolean ? b->value : other;
    if (b->condition.kind == VALUE_ERROR)
        return value_unknown(span);
    if (!value_usable(sema, &b->value, b->expr->b->span) ||
        !value_usable(sema, &other, b->expr->c->span)) {
        return value_error(span);
    }

    Later *later = ARENA_NEW(sema->arena, Later);
    *later = (Later){ .kind = LATER_COND,
                      .a = later_of(sema, &b->condition),
                      .b = later_of(sema, &b->value),
                      .c = later_of(sema, &other),
                      .span = span };
    return later_value(later, span);
}

/* c1 ? a : c2 ? b : d */
static Value eval_condition(Sema *sema, const Scope *scope, const Expr *expr)
{
    VEC(Branch) branches = { 0 };
    int dead = sema->dead;
    for (; expr->kind == EXPR_COND; expr = expr->c) {
        Branch branch = eval_branch(sema, scope, expr);
        vec_push(sema->arena, &branches, branch);
        sema->dead += branch.condition.kind == VALUE_BOOL && branch.condition.boolean;
    }
    Value value = eval(sema, scope, expr);
    sema->dead = dead;

    while (branches.len) {
        const Branch *b = &branches.data[--branches.len];
        value = choose(sema, b, value);
        value.span = b->expr->span;
    }
    return value;
}

static Value eval_list(Sema *sema, const Scope *scope, const Expr *expr)
{
    Value value = { .kind = VALUE_LIST,
                    .count = expr->item_count,
                    .items = ARENA_ARRAY(sema->arena, Value, expr->item_count),
                    .span = expr->span };
    bool failed = false, unknown = false;
    for (size_t i = 0; i < expr->item_count; i++) {
        value.items[i] = eval(sema, scope, expr->items[i]);
        if (!value_usable(sema, &value.items[i], expr->items[i]->span)) {
            failed = true;
        } else if (value.items[i].kind == VALUE_LATER) {
            report_not_constant(sema, expr->items[i]->span);
            failed = true;
        }
        unknown |= value.items[i].kind == VALUE_ERROR;
    }
    if (failed)
        return value_error(expr->span);
    return unknown ? value_unknown(expr->span) : value;
}

static bool whole_number(Sema *sema, const Value *v, Span span)
{
    if (v->kind == VALUE_LATER) {
        report_not_constant(sema, span);
        return false;
    }
    if (v->kind == VALUE_NUMBER && v->number == floor(v->number) && fabs(v->number) < 9e15)
        return true;
    diag_error(sema->diags, DIAG_WRONG_TYPE, span, "a whole number is needed here, but this is %s",
               v->kind == VALUE_NUMBER ? "a fraction" : value_kind_name(v));
    return false;
}

static Value eval_range(Sema *sema, const Scope *scope, const Expr *expr)
{
    Value a = eval(sema, scope, expr->a), b = eval(sema, scope, expr->b);
    bool ok = value_usable(sema, &a, expr->a->span);
    ok &= value_usable(sema, &b, expr->b->span);
    if (!ok || (a.kind != VALUE_ERROR && !whole_number(sema, &a, expr->a->span)) ||
        (b.kind != VALUE_ERROR && !whole_number(sema, &b, expr->b->span))) {
        return value_error(expr->span);
    }
    if (a.kind == VALUE_ERROR || b.kind == VALUE_ERROR)
        return value_unknown(expr->span);
    Value value = { .kind = VALUE_RANGE,
                    .count = 2,
                    .dims = ARENA_ARRAY(sema->arena, int64_t, 2),
                    .span = expr->span };
    value.dims[0] = (int64_t)a.number;
    value.dims[1] = (int64_t)b.number;
    return value;
}

/* An element of a list that is known only when the script runs. */
static Value index_later(Sema *sema, const Expr *expr, const Value *list, const Value *index)
{
    if (!check_kind(sema, index, VALUE_NUMBER, expr->b->span))
        return value_error(expr->span);
    Later *later = ARENA_NEW(sema->arena, Later);
    *later = (Later){
        .kind = LATER_INDEX, .a = list->later, .b = later_of(sema, index), .span = expr->span
    };
    Value value = later_value(later, expr->span);
    value.result = list->result->element;
    return value;
}

static Value eval_index(Sema *sema, const Scope *scope, const Expr *expr)
{
    Value a = eval(sema, scope, expr->a), i = eval(sema, scope, expr->b);
    if (value_failed(&a) || !value_usable(sema, &i, expr->b->span))
        return value_error(expr->span);
    if (a.kind == VALUE_LATER && !a.tensor && a.result && a.result->kind == RESULT_LIST)
        return index_later(sema, expr, &a, &i);

    if (a.kind == VALUE_ERROR)
        return value_unknown(expr->span);
    if (a.kind != VALUE_LIST && a.kind != VALUE_SHAPE) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, expr->a->span,
                   "a list is needed before [ ], but this is %s", value_kind_name(&a));
        return value_error(expr->span);
    }
    if (i.kind == VALUE_ERROR)
        return value_unknown(expr->span);
    if (!whole_number(sema, &i, expr->b->span))
        return value_error(expr->span);
    if (i.number < 0 || i.number >= (double)a.count) {
        if (sema->dead)
            return value_unknown(expr->span);
        diag_error(sema->diags, DIAG_OUT_OF_RANGE, expr->b->span,
                   "there is no element %.0f: the list has %zu, counted from 0", i.number, a.count);
        return value_error(expr->span);
    }

    size_t at = (size_t)i.number;
    Value value =
        a.kind == VALUE_LIST ? a.items[at] : value_number((double)a.dims[at], true, expr->span);
    value.span = expr->span;
    return value;
}

/* in.channels, in.features, in.shape */
static Value eval_size_of_in(Sema *sema, const Scope *scope, const Expr *expr)
{
    static const char *const fields[] = { "channels", "features", "shape" };
    const char *const names[] = { sema->word.in_channels, sema->word.in_features,
                                  sema->word.in_shape };
    const char *name = NULL;
    for (int i = 0; i < 3; i++)
        if (!strcmp(expr->name.text, fields[i]))
            name = names[i];

    const Value *found = name ? scope_find(scope, name) : NULL;
    if (found) {
        Value value = *found;
        value.span = expr->span;
        return value;
    }
    if (name) {
        diag_error(
            sema->diags, DIAG_UNKNOWN_NAME, expr->a->span,
            "'in' is the input of a block or model, and can be used only in the body of one");
    } else {
        diag_unknown(sema->diags, DIAG_UNKNOWN_FIELD, expr->name.span, "size of 'in'",
                     expr->name.text, fields, 3);
    }
    return value_error(expr->span);
}

static Value eval_field(Sema *sema, const Scope *scope, const Expr *expr)
{
    if (expr->a->kind == EXPR_NAME && expr->a->name.text == sema->word.in)
        return eval_size_of_in(sema, scope, expr);
    Value base = eval(sema, scope, expr->a);
    if (base.kind == VALUE_ERROR)
        return base;
    return result_field(sema, expr, &base);
}

static Value eval_name(Sema *sema, const Scope *scope, const Expr *expr)
{
    const Value *found = scope_find(scope, expr->name.text);
    if (!found) {
        if (expr->name.text == sema->word.in) {
            diag_error(sema->diags, DIAG_WRONG_KIND, expr->span,
                       "'in' is the input of a block or model; its sizes are in.channels, "
                       "in.features and in.shape");
        } else {
            report_unknown_value(sema, scope, expr->name);
        }
        return value_error(expr->span);
    }
    Value value = *found;
    value.span = expr->span;
    if (value.kind == VALUE_LATER && value.tensor)
        value.expr = expr;
    if (value.kind == VALUE_CALL && scope_enclosing(scope, SCOPE_BODY)) {
        diag_error(sema->diags, DIAG_WRONG_KIND, expr->span,
                   "'%s' is a layer, but a value is needed here", expr->name.text);
        return value_error(expr->span);
    }
    return value;
}

/* Of what has parts that are values themselves. */
static Value eval_parts(Sema *sema, const Scope *scope, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_LIST: return eval_list(sema, scope, expr);
    case EXPR_RANGE: return eval_range(sema, scope, expr);
    case EXPR_CALL: return eval_call(sema, scope, expr);
    case EXPR_FIELD: return eval_field(sema, scope, expr);
    case EXPR_INDEX: return eval_index(sema, scope, expr);
    case EXPR_UNARY: return eval_unary_chain(sema, scope, expr);
    case EXPR_BINARY: return eval_spine(sema, scope, expr, expr->op == OP_POW);
    case EXPR_COND: return eval_condition(sema, scope, expr);
    default: return value_error(expr->span);
    }
}

Value eval(Sema *sema, const Scope *scope, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_NUMBER: return value_number(expr->number, expr->is_integer, expr->span);
    case EXPR_STRING: return value_string(expr->text, expr->length, expr->span);
    case EXPR_BOOL: return value_bool(expr->boolean, expr->span);
    case EXPR_NONE: return value_none(expr->span);
    case EXPR_SHAPE:
        return (Value){
            .kind = VALUE_SHAPE, .dims = expr->dims, .count = expr->dim_count, .span = expr->span
        };
    case EXPR_NAME: return eval_name(sema, scope, expr);
    default: break;
    }

    if (!enter(sema, expr->span))
        return value_error(expr->span);
    Value value = eval_parts(sema, scope, expr);
    leave(sema);
    return value;
}

Value sema_eval(Sema *sema, const Scope *scope, const Expr *expr)
{
    if (!scope)
        scope = sema->globals;
    Value value = eval(sema, scope, expr);
    if (value_is_later(&value)) {
        report_not_constant(sema, expr->span);
        return value_error(expr->span);
    }
    return value;
}
