/* expr.c: expressions of the language to graph nodes: the bodies of fns, optimizers and schedules.
 *
 * Names stand for nodes, or for constants of any kind; what is constant is folded by the graph's
 * builder, and a condition that is constant chooses its branch here, so that arguments such as
 * `nesterov = false` leave no nodes. Words compare as texts. */
#include "lower/room.h"
#include <math.h>
#include <string.h>

enum { EXPR_DEPTH = 2000 };

typedef struct Primitive {
    const char *name;
    Op op;
    int arity;
} Primitive;

static const Primitive primitives[] = {
    { "exp", IR_EXP, 1 },   { "ln", IR_LN, 1 },           { "sqrt", IR_SQRT, 1 },
    { "abs", IR_ABS, 1 },   { "sign", IR_SIGN, 1 },       { "floor", IR_FLOOR, 1 },
    { "tanh", IR_TANH, 1 }, { "sin", IR_SIN, 1 },         { "cos", IR_COS, 1 },
    { "erf", IR_ERF, 1 },   { "sigmoid", IR_SIGMOID, 1 }, { "min", IR_MIN, 2 },
    { "max", IR_MAX, 2 },
};

ExprEnv expr_env(Lower *lower, Graph *g, Shape element, size_t *budget)
{
    return (ExprEnv){ .lower = lower, .g = g, .element = element, .budget = budget };
}

static Operand wrong(void)
{
    return (Operand){ .kind = OPERAND_WRONG, .node = NO_NODE };
}

static Operand of_node(NodeId node)
{
    return (Operand){ .kind = OPERAND_NODE, .node = node };
}

static Operand of_value(ExprEnv *env, Value v)
{
    if (v.kind == VALUE_NUMBER)
        return of_node(g_const(env->g, v.number));
    if (v.kind == VALUE_BOOL)
        return of_node(g_const(env->g, v.boolean));
    if (v.kind == VALUE_ERROR)
        return wrong();
    return (Operand){ .kind = OPERAND_VALUE,
                      .node = NO_NODE,
                      .value = arena_dup(env->lower->arena, &v, sizeof v) };
}

void expr_bind_node(ExprEnv *env, const char *name, NodeId node)
{
    Symbol s = { name, of_node(node) };
    vec_push(env->lower->arena, &env->symbols, s);
}

void expr_bind_value(ExprEnv *env, const char *name, Value value)
{
    Symbol s = { name, of_value(env, value) };
    vec_push(env->lower->arena, &env->symbols, s);
}

static Operand eval(ExprEnv *env, const Expr *expr);

void expr_bind_call(ExprEnv *env, const Call *call, const Params *params, size_t leading,
                    const NodeId *given)
{
    for (size_t i = leading; i < params->len; i++) {
        const Param *p = &params->data[i];
        bool found = false;
        for (size_t k = 0; k < call->form->arg_count && !found; k++) {
            if (!strcmp(call->form->args[k].name, p->name.text)) {
                if (given && given[k] != NO_NODE)
                    expr_bind_node(env, p->name.text, given[k]);
                else
                    expr_bind_value(env, p->name.text, call->args[k]);
                found = true;
            }
        }
        if (!found && p->fallback) {
            Symbol s = { p->name.text, eval(env, p->fallback) };
            vec_push(env->lower->arena, &env->symbols, s);
        }
    }
}

static Operand fault(ExprEnv *env, DiagId id, Span span, const char *what, const char *name)
{
    if (name)
        diag_error(env->lower->diags, id, span, "%s '%s'", what, name);
    else
        diag_error(env->lower->diags, id, span, "%s", what);
    return wrong();
}

static NodeId number(ExprEnv *env, const Expr *expr)
{
    Operand o = eval(env, expr);
    if (o.kind == OPERAND_VALUE)
        o = fault(env, DIAG_WRONG_TYPE, expr->span, "a number is needed here", NULL);
    return o.kind == OPERAND_NODE ? o.node : NO_NODE;
}

NodeId expr_lower(ExprEnv *env, const Expr *expr)
{
    return number(env, expr);
}

/* x^n for whole n by repeated squaring: exact for negative x, and cheaper. */
static NodeId power(Graph *g, NodeId base, NodeId exponent)
{
    double n;
    if (!node_constant(g, exponent, &n))
        return g_binary(g, IR_POW, base, exponent);
    if (n == 0.5)
        return g_unary(g, IR_SQRT, base);
    if (n != floor(n) || fabs(n) > 64 || n == 0)
        return g_binary(g, IR_POW, base, exponent);
    NodeId result = NO_NODE, square = base;
    for (int left = (int)fabs(n); left; left >>= 1) {
        if (left & 1)
            result = result == NO_NODE ? square : g_binary(g, IR_MUL, result, square);
        if (left > 1)
            square = g_binary(g, IR_MUL, square, square);
    }
    return n < 0 ? g_binary(g, IR_DIV, g_const(g, 1), result) : result;
}

/* Words are compared for equality only; NULL: it is a number. */
static Operand compare_words(ExprEnv *env, const Expr *expr, const Value *a, const Value *b)
{
    const char *left = a ? value_word(a) : NULL, *right = b ? value_word(b) : NULL;
    if ((expr->op != OP_EQ && expr->op != OP_NE) || !left || !right) {
        return fault(env, DIAG_WRONG_TYPE, expr->op_span,
                     "numbers are needed on both sides of this operator", NULL);
    }
    return of_node(g_const(env->g, !strcmp(left, right) == (expr->op == OP_EQ)));
}

static Operand binary(ExprEnv *env, const Expr *expr, Operand a, Operand b)
{
    Graph *g = env->g;
    NodeId x = a.node, y = b.node;
    if (a.kind == OPERAND_WRONG || b.kind == OPERAND_WRONG)
        return wrong();
    if (a.kind == OPERAND_VALUE || b.kind == OPERAND_VALUE) {
        return compare_words(env, expr, a.kind == OPERAND_VALUE ? a.value : NULL,
                             b.kind == OPERAND_VALUE ? b.value : NULL);
    }

    switch (expr->op) {
    case OP_ADD: return of_node(g_binary(g, IR_ADD, x, y));
    case OP_SUB: return of_node(g_binary(g, IR_SUB, x, y));
    case OP_MUL: return of_node(g_binary(g, IR_MUL, x, y));
    case OP_DIV: return of_node(g_binary(g, IR_DIV, x, y));
    case OP_POW: return of_node(power(g, x, y));
    case OP_LT: return of_node(g_binary(g, IR_LT, x, y));
    case OP_GT: return of_node(g_binary(g, IR_LT, y, x));
    case OP_LE: return of_node(g_binary(g, IR_LE, x, y));
    case OP_GE: return of_node(g_binary(g, IR_LE, y, x));
    case OP_EQ: return of_node(g_binary(g, IR_EQ, x, y));
    case OP_NE: return of_node(g_unary(g, IR_NOT, g_binary(g, IR_EQ, x, y)));
    case OP_AND: return of_node(g_binary(g, IR_AND, x, y));
    case OP_OR: return of_node(g_binary(g, IR_OR, x, y));
    case OP_NOT:
    case OP_NEG: break;
    }
    return wrong();
}

/* Chains may be a megabyte long, so they are walked in loops: a + b + c + ... leans to the left, a
 * ^ b ^ c to the right. */
static Operand spine(ExprEnv *env, const Expr *expr)
{
    VEC(const Expr *) operators = { 0 };
    bool power = expr->op == OP_POW;
    while (expr->kind == EXPR_BINARY && (expr->op == OP_POW) == power) {
        vec_push(env->lower->arena, &operators, expr);
        expr = power ? expr->b : expr->a;
    }
    Operand value = eval(env, expr);
    for (size_t i = operators.len; i-- > 0 && value.kind != OPERAND_WRONG;) {
        const Expr *operator= operators.data[i];
        Operand other = eval(env, power ? operator->a : operator->b);
        value = power ? binary(env, operator, other, value) : binary(env, operator, value, other);
    }
    return value;
}

static Operand signs(ExprEnv *env, const Expr *expr)
{
    VEC(const Expr *) operators = { 0 };
    for (; expr->kind == EXPR_UNARY; expr = expr->a)
        vec_push(env->lower->arena, &operators, expr);
    NodeId value = number(env, expr);
    for (size_t i = operators.len; i-- > 0 && value != NO_NODE;)
        value = g_unary(env->g, operators.data[i]->op == OP_NOT ? IR_NOT : IR_NEG, value);
    return value == NO_NODE ? wrong() : of_node(value);
}

static Operand symbol(ExprEnv *env, const Expr *expr)
{
    NodeId node;
    if (env->resolve && env->resolve(env->context, expr->name.text, &node))
        return of_node(node);
    for (size_t i = env->symbols.len; i-- > 0;)
        if (env->symbols.data[i].name == expr->name.text)
            return env->symbols.data[i].operand;
    return of_value(env, sema_eval(env->lower->sema, sema_globals(env->lower->sema), expr));
}

static Operand element_at(ExprEnv *env, const Expr *expr)
{
    Operand list = eval(env, expr->a);
    NodeId at = number(env, expr->b);
    double i;
    if (list.kind == OPERAND_WRONG || at == NO_NODE)
        return wrong();
    if (list.kind != OPERAND_VALUE || list.value->kind != VALUE_LIST ||
        !node_constant(env->g, at, &i)) {
        return fault(env, DIAG_WRONG_TYPE, expr->span,
                     "only a list has elements, and their indices must be constants", NULL);
    }
    if (!(i >= 0 && i < (double)list.value->count))
        return fault(env, DIAG_OUT_OF_RANGE, expr->b->span, "the list has no such element", NULL);
    return of_value(env, list.value->items[(size_t)i]);
}

/* uniform(a, b) and normal(mean, std): drawn for each element and each step, or their means. */
static Operand drawn(ExprEnv *env, bool uniform, NodeId a, NodeId b)
{
    Graph *g = env->g;
    if (!env->random) {
        return of_node(uniform ? g_binary(g, IR_MUL, g_binary(g, IR_ADD, a, b), g_const(g, 0.5))
                               : a);
    }
    NodeId draw = g_random(g, uniform ? RANDOM_UNIFORM : RANDOM_NORMAL, env->element);
    return of_node(
        g_binary(g, IR_ADD, a, g_binary(g, IR_MUL, uniform ? g_binary(g, IR_SUB, b, a) : b, draw)));
}

static Operand reduction(ExprEnv *env, const char *name, NodeId x)
{
    Graph *g = env->g;
    x = g_broadcast(g, x, env->element);
    if (!strcmp(name, "max"))
        return of_node(g_reduce(g, IR_REDUCE_MAX, x, shape_scalar()));
    if (!strcmp(name, "mean")) {
        return of_node(g_binary(g, IR_DIV, g_reduce(g, IR_REDUCE_SUM, x, shape_scalar()),
                                g_const(g, (double)shape_elements(env->element))));
    }
    return of_node(
        g_unary(g, IR_SQRT, g_reduce(g, IR_REDUCE_SUM, g_binary(g, IR_MUL, x, x), shape_scalar())));
}

static Operand inlined(ExprEnv *env, const Form *form, const Expr *expr)
{
    const Params *params = &form->decl->params;
    ExprEnv inner = expr_env(env->lower, env->g, env->element, env->budget);
    inner.random = env->random;
    inner.depth = env->depth + 1;
    for (size_t i = 0; i < params->len; i++) {
        const Param *p = &params->data[i];
        const Expr *given =
            i < expr->args.len && !expr->args.data[i].key.text ? expr->args.data[i].value : NULL;
        for (size_t k = 0; k < expr->args.len; k++)
            if (expr->args.data[k].key.text == p->name.text)
                given = expr->args.data[k].value;
        if (!given && !p->fallback)
            return fault(env, DIAG_MISSING_ARGUMENT, expr->span, "missing argument", p->name.text);
        Symbol s = { p->name.text, given ? eval(env, given) : eval(&inner, p->fallback) };
        if (s.operand.kind == OPERAND_WRONG)
            return wrong();
        vec_push(env->lower->arena, &inner.symbols, s);
    }
    return eval(&inner, form->decl->value);
}

/* ln x / ln 10 */
static NodeId log10_of(Graph *g, NodeId x)
{
    return g_binary(g, IR_MUL, g_unary(g, IR_LN, x), g_const(g, 0.43429448190325182));
}

/* NULL: there is none of that name and so many arguments. */
static const Primitive *find_primitive(const char *name, size_t count)
{
    for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
        if (!strcmp(name, primitives[i].name) && (size_t)primitives[i].arity == count)
            return &primitives[i];
    return NULL;
}

static Operand call(ExprEnv *env, const Expr *expr)
{
    const char *name = expr->name.text;
    size_t count = expr->args.len;
    if (env->reductions && count == 1 &&
        (!strcmp(name, "norm") || !strcmp(name, "mean") || !strcmp(name, "max"))) {
        NodeId x = number(env, expr->args.data[0].value);
        return x == NO_NODE ? wrong() : reduction(env, name, x);
    }
    const Form *form = sema_find_function(env->lower->sema, name);
    if (form && form->decl)
        return inlined(env, form, expr);

    NodeId in[2] = { NO_NODE, NO_NODE };
    for (size_t i = 0; i < count && i < 2; i++) {
        in[i] = number(env, expr->args.data[i].value);
        if (in[i] == NO_NODE)
            return wrong();
    }
    if (count == 2 && (!strcmp(name, "uniform") || !strcmp(name, "normal")))
        return drawn(env, name[0] == 'u', in[0], in[1]);
    if (count == 1 && !strcmp(name, "log10"))
        return of_node(log10_of(env->g, in[0]));
    const Primitive *primitive = find_primitive(name, count);
    if (primitive)
        return of_node(g_map(env->g, primitive->op, (int)count, in));
    return fault(env, DIAG_UNKNOWN_FUNCTION, expr->span, "no function of these arguments is called",
                 name);
}

/* a ? b : c ? d : ...; a condition that is constant chooses its branch here. */
static Operand choice(ExprEnv *env, const Expr *expr)
{
    VEC(NodeId) conditions = { 0 }, values = { 0 };
    Operand last;
    for (;;) {
        if (expr->kind != EXPR_COND) {
            last = eval(env, expr);
            break;
        }
        NodeId condition = number(env, expr->a), value;
        double known;
        if (condition == NO_NODE)
            return wrong();
        if (node_constant(env->g, condition, &known)) {
            expr = known != 0 ? expr->b : expr->c;
            continue;
        }
        if ((value = number(env, expr->b)) == NO_NODE)
            return wrong();
        vec_push(env->lower->arena, &conditions, condition);
        vec_push(env->lower->arena, &values, value);
        expr = expr->c;
    }

    if (!conditions.len)
        return last;
    if (last.kind == OPERAND_VALUE)
        last = fault(env, DIAG_WRONG_TYPE, expr->span, "a number is needed here", NULL);
    for (size_t i = conditions.len; i-- > 0 && last.kind == OPERAND_NODE;)
        last = of_node(g_select(env->g, conditions.data[i], values.data[i], last.node));
    return last;
}

static Operand eval(ExprEnv *env, const Expr *expr)
{
    if (env->depth >= EXPR_DEPTH)
        return fault(env, DIAG_NESTING_TOO_DEEP, expr->span, "this is nested too deeply", NULL);
    if (*env->budget == 0) {
        return fault(env, DIAG_TOO_LARGE, expr->span,
                     "this expression unfolds to more than can be compiled", NULL);
    }
    --*env->budget;
    env->depth++;

    Operand result = wrong();
    switch (expr->kind) {
    case EXPR_NUMBER: result = of_node(g_const(env->g, expr->number)); break;
    case EXPR_BOOL: result = of_node(g_const(env->g, expr->boolean)); break;
    case EXPR_STRING:
        result = of_value(env, (Value){ .kind = VALUE_STRING,
                                        .text = expr->text,
                                        .length = expr->length,
                                        .span = expr->span });
        break;
    case EXPR_NAME: result = symbol(env, expr); break;
    case EXPR_CALL: result = call(env, expr); break;
    case EXPR_INDEX: result = element_at(env, expr); break;
    case EXPR_COND: result = choice(env, expr); break;
    case EXPR_BINARY: result = spine(env, expr); break;
    case EXPR_UNARY: result = signs(env, expr); break;
    case EXPR_NONE:
    case EXPR_SHAPE:
    case EXPR_LIST:
    case EXPR_RANGE:
    case EXPR_FIELD:
        result = of_value(env, sema_eval(env->lower->sema, sema_globals(env->lower->sema), expr));
        break;
    }

    env->depth--;
    return result;
}

NodeId expr_apply(Lower *lower, Graph *g, const Call *fn, const NodeId *in, size_t count,
                  const NodeId *given, bool random)
{
    size_t budget = EXPR_BUDGET;
    const Stmt *decl = fn->form->decl;
    if (!decl) {
        const Primitive *primitive = find_primitive(fn->form->name, count);
        if (primitive)
            return g_map(g, primitive->op, (int)count, in);
        if (!strcmp(fn->form->name, "log10") && count == 1)
            return log10_of(g, in[0]);
        diag_error(lower->diags, DIAG_WRONG_KIND, fn->span, "'%s' is not a function of %zu value%s",
                   fn->form->name, count, count == 1 ? "" : "s");
        return NO_NODE;
    }
    ExprEnv env = expr_env(lower, g, graph_node(g, in[0])->shape, &budget);
    env.random = random;
    for (size_t i = 0; i < count && i < decl->params.len; i++)
        expr_bind_node(&env, decl->params.data[i].name.text, in[i]);
    expr_bind_call(&env, fn, &decl->params, count, given);
    return expr_lower(&env, decl->value);
}
