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

/* Whether an operand can be used at all; a value that is not of the kind wanted is reported at its
 * place. */
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

static bool is_of(const Value *v, ValueKind kind)
{
    return v->kind == kind || v->kind == VALUE_LATER || v->kind == VALUE_ERROR;
}

static bool want(Sema *sema, const Value *v, ValueKind kind, Span span)
{
    if (is_of(v, kind))
        return true;
    diag_error(sema->diags, DIAG_WRONG_TYPE, span, "%s is needed here, but this is %s",
               kind == VALUE_NUMBER ? "a number" : "true or false", value_kind_name(v));
    return false;
}

Value eval_unary(Sema *sema, const Expr *expr, Value a)
{
    if (!value_usable(sema, &a, expr->a->span))
        return value_error(expr->span);
    if (!want(sema, &a, expr->op == OP_NOT ? VALUE_BOOL : VALUE_NUMBER, expr->a->span))
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
    return value_bool(op == OP_LT   ? x < y
                      : op == OP_LE ? x <= y
                      : op == OP_GT ? x > y
                                    : x >= y,
                      span);
}

Value eval_binary(Sema *sema, const Expr *expr, Value a, Value b)
{
    OpKind op = expr->op;
    bool logical = op == OP_AND || op == OP_OR, equality = op == OP_EQ || op == OP_NE;
    bool fine = value_usable(sema, &a, expr->a->span);
    fine &= value_usable(sema, &b, expr->b->span);
    if (!fine)
        return value_error(expr->span);
    if (!equality) {
        ValueKind kind = logical ? VALUE_BOOL : VALUE_NUMBER;
        if (!want(sema, &a, kind, expr->a->span) || !want(sema, &b, kind, expr->b->span))
            return value_error(expr->span);
    } else if (a.kind != b.kind && a.kind != VALUE_NONE && b.kind != VALUE_NONE &&
               a.kind != VALUE_LATER && b.kind != VALUE_LATER && a.kind != VALUE_ERROR &&
               b.kind != VALUE_ERROR) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, expr->b->span, "%s cannot equal %s",
                   value_kind_name(&b), value_kind_name(&a));
        return value_error(expr->span);
    }
    if (logical && a.kind == VALUE_BOOL && a.boolean == (op == OP_OR))
        return value_bool(a.boolean, expr->span);
    if (a.kind == VALUE_LATER || b.kind == VALUE_LATER) {
        if (a.kind == VALUE_ERROR || b.kind == VALUE_ERROR) {
            report_not_constant(sema, a.kind == VALUE_LATER ? expr->a->span : expr->b->span);
            return value_error(expr->span);
        }
        Later *later = ARENA_NEW(sema->arena, Later);
        *later = (Later){ .kind = LATER_BINARY,
                          .op = op,
                          .a = later_of(sema, &a),
                          .b = later_of(sema, &b),
                          .span = expr->span };
        return later_value(later, expr->span);
    }
    if (a.kind == VALUE_ERROR || b.kind == VALUE_ERROR)
        return value_unknown(expr->span);
    if (logical) {
        return value_bool(op == OP_AND ? a.boolean && b.boolean : a.boolean || b.boolean,
                          expr->span);
    }
    if (equality)
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

/* c1 ? a : c2 ? b : d. A branch that is not taken is looked at for its names only. */
static Value eval_condition(Sema *sema, const Scope *scope, const Expr *expr)
{
    typedef struct Branch {
        const Expr *expr;
        Value condition, value;
    } Branch;

    VEC(Branch) branches = { 0 };
    int dead = sema->dead;
    while (expr->kind == EXPR_COND) {
        Branch branch = { .expr = expr, .condition = eval(sema, scope, expr->a) };
        if (value_usable(sema, &branch.condition, expr->a->span)) {
            if (!want(sema, &branch.condition, VALUE_BOOL, expr->a->span))
                branch.condition = value_error(expr->span);
        } else {
            branch.condition = value_error(expr->span);
        }
        bool known = branch.condition.kind == VALUE_BOOL;
        sema->dead += known && !branch.condition.boolean;
        branch.value = eval(sema, scope, expr->b);
        sema->dead -= known && !branch.condition.boolean;
        sema->dead += known && branch.condition.boolean;
        vec_push(sema->arena, &branches, branch);
        expr = expr->c;
    }
    Value value = eval(sema, scope, expr);
    sema->dead = dead;
    for (size_t i = branches.len; i-- > 0;) {
        Branch *b = &branches.data[i];
        if (value_failed(&b->condition) || value_failed(&b->value) || value_failed(&value)) {
            value = value_error(b->expr->span);
        } else if (b->condition.kind == VALUE_BOOL) {
            value = b->condition.boolean ? b->value : value;
        } else if (b->condition.kind == VALUE_ERROR) {
            value = value_unknown(b->expr->span);
        } else if (!value_usable(sema, &b->value, b->expr->b->span) ||
                   !value_usable(sema, &value, b->expr->c->span)) {
            value = value_error(b->expr->span);
        } else {
            Later *later = ARENA_NEW(sema->arena, Later);
            *later = (Later){ .kind = LATER_COND,
                              .a = later_of(sema, &b->condition),
                              .b = later_of(sema, &b->value),
                              .c = later_of(sema, &value),
                              .span = b->expr->span };
            value = later_value(later, b->expr->span);
        }
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
    return failed ? value_error(expr->span) : unknown ? value_unknown(expr->span) : value;
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
    bool fine = value_usable(sema, &a, expr->a->span);
    fine &= value_usable(sema, &b, expr->b->span);
    if (!fine || (a.kind != VALUE_ERROR && !whole_number(sema, &a, expr->a->span)) ||
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

static Value eval_index(Sema *sema, const Scope *scope, const Expr *expr)
{
    Value a = eval(sema, scope, expr->a), i = eval(sema, scope, expr->b);
    if (value_failed(&a) || !value_usable(sema, &i, expr->b->span))
        return value_error(expr->span);
    if (a.kind == VALUE_LATER && !a.tensor && a.result && a.result->kind == RESULT_LIST) {
        if (!want(sema, &i, VALUE_NUMBER, expr->b->span))
            return value_error(expr->span);
        Later *later = ARENA_NEW(sema->arena, Later);
        *later = (Later){
            .kind = LATER_INDEX, .a = a.later, .b = later_of(sema, &i), .span = expr->span
        };
        Value value = later_value(later, expr->span);
        value.result = a.result->element;
        return value;
    }
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

static Value eval_field(Sema *sema, const Scope *scope, const Expr *expr)
{
    if (expr->a->kind == EXPR_NAME && expr->a->name.text == sema->word.in) {
        const char *field = expr->name.text;
        const char *name = !strcmp(field, "channels")   ? sema->word.in_channels
                           : !strcmp(field, "features") ? sema->word.in_features
                           : !strcmp(field, "shape")    ? sema->word.in_shape
                                                        : NULL;
        static const char *const fields[] = { "channels", "features", "shape" };
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
            diag_unknown(sema->diags, DIAG_UNKNOWN_FIELD, expr->name.span, "size of 'in'", field,
                         fields, 3);
        }
        return value_error(expr->span);
    }
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
    Value value = value_error(expr->span);
    switch (expr->kind) {
    case EXPR_LIST: value = eval_list(sema, scope, expr); break;
    case EXPR_RANGE: value = eval_range(sema, scope, expr); break;
    case EXPR_CALL: value = eval_call(sema, scope, expr); break;
    case EXPR_FIELD: value = eval_field(sema, scope, expr); break;
    case EXPR_INDEX: value = eval_index(sema, scope, expr); break;
    case EXPR_UNARY: value = eval_unary_chain(sema, scope, expr); break;
    case EXPR_BINARY: value = eval_spine(sema, scope, expr, expr->op == OP_POW); break;
    case EXPR_COND: value = eval_condition(sema, scope, expr); break;
    default: break;
    }
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
