/* fold.c: what an elementwise op comes to when constants or equal operands are among its inputs.
 *
 * Only identities that keep every finite value and every NaN that training looks for: x - x and 0 /
 * x stay as they are (x - x is how a value that is not finite is found), and division becomes
 * multiplication only by exact reciprocals. A result keeps the op's own shape. */
#include "ir/fold.h"
#include <math.h>

/* The inputs of the op being folded, each with its constant value where it has one. */
typedef struct Fold {
    Graph *g;
    Op op;
    const NodeId *in;
    Shape shape;
    bool constant[3];
    double value[3];
} Fold;

static bool is(const Fold *f, int i, double value)
{
    return f->constant[i] && f->value[i] == value;
}

static NodeId keep(const Fold *f, NodeId a)
{
    return g_broadcast(f->g, a, f->shape);
}

static NodeId number(const Fold *f, double value)
{
    return keep(f, g_const(f->g, value));
}

static bool op_is(const Fold *f, int i, Op op)
{
    return graph_node(f->g, f->in[i])->op == op;
}

static NodeId inner(const Fold *f, int i, int input)
{
    return graph_node(f->g, f->in[i])->inputs[input];
}

static bool is_truth(const Fold *f, int i)
{
    return op_has(graph_node(f->g, f->in[i])->op, OP_TRUTH);
}

static NodeId fold_neg(const Fold *f)
{
    if (op_is(f, 0, IR_NEG))
        return inner(f, 0, 0);
    return NO_NODE;
}

static NodeId fold_abs(const Fold *f)
{
    if (op_is(f, 0, IR_ABS))
        return f->in[0];
    if (op_is(f, 0, IR_NEG))
        return g_unary(f->g, IR_ABS, inner(f, 0, 0));
    return NO_NODE;
}

static NodeId fold_same(const Fold *f)
{
    return op_is(f, 0, f->op) ? f->in[0] : NO_NODE;
}

/* Only weights and what is made of them have a derivative to stop. */
static NodeId fold_stop(const Fold *f)
{
    Op op = graph_node(f->g, f->in[0])->op;
    bool stopped = op == IR_STOP || (op_class(op) == CLASS_LEAF && op != IR_WEIGHT);
    return stopped ? f->in[0] : NO_NODE;
}

static NodeId fold_add(const Fold *f)
{
    if (is(f, 0, 0))
        return keep(f, f->in[1]);
    if (is(f, 1, 0))
        return keep(f, f->in[0]);
    if (op_is(f, 1, IR_NEG))
        return keep(f, g_binary(f->g, IR_SUB, f->in[0], inner(f, 1, 0)));
    if (op_is(f, 0, IR_NEG))
        return keep(f, g_binary(f->g, IR_SUB, f->in[1], inner(f, 0, 0)));
    return NO_NODE;
}

static NodeId fold_sub(const Fold *f)
{
    if (is(f, 1, 0))
        return keep(f, f->in[0]);
    if (is(f, 0, 0))
        return keep(f, g_unary(f->g, IR_NEG, f->in[1]));
    if (op_is(f, 1, IR_NEG))
        return keep(f, g_binary(f->g, IR_ADD, f->in[0], inner(f, 1, 0)));
    return NO_NODE;
}

static NodeId fold_mul(const Fold *f)
{
    for (int i = 0; i < 2; i++) {
        NodeId other = f->in[1 - i];
        if (is(f, i, 0))
            return number(f, 0);
        if (is(f, i, 1))
            return keep(f, other);
        if (is(f, i, -1))
            return keep(f, g_unary(f->g, IR_NEG, other));
        if (f->constant[i] && op_is(f, 1 - i, IR_NEG))
            return keep(f, g_binary(f->g, IR_MUL, inner(f, 1 - i, 0), g_const(f->g, -f->value[i])));
    }
    if (op_is(f, 0, IR_NEG) && op_is(f, 1, IR_NEG))
        return keep(f, g_binary(f->g, IR_MUL, inner(f, 0, 0), inner(f, 1, 0)));
    return NO_NODE;
}

static NodeId fold_div(const Fold *f)
{
    if (is(f, 1, 1))
        return keep(f, f->in[0]);
    if (f->constant[1] && f->value[1] != 0 && isfinite(f->value[1])) {
        int exponent;
        if (fabs(frexp(f->value[1], &exponent)) == 0.5 && exponent > -100 && exponent < 100)
            return keep(f, g_binary(f->g, IR_MUL, f->in[0], g_const(f->g, 1 / f->value[1])));
    }
    return NO_NODE;
}

static NodeId fold_pow(const Fold *f)
{
    NodeId a = f->in[0];
    if (is(f, 1, 0))
        return number(f, 1);
    if (is(f, 1, 1))
        return keep(f, a);
    if (is(f, 1, 2))
        return keep(f, g_binary(f->g, IR_MUL, a, a));
    if (is(f, 1, 3))
        return keep(f, g_binary(f->g, IR_MUL, g_binary(f->g, IR_MUL, a, a), a));
    if (is(f, 1, 0.5))
        return keep(f, g_unary(f->g, IR_SQRT, a));
    if (is(f, 1, -1))
        return keep(f, g_binary(f->g, IR_DIV, g_const(f->g, 1), a));
    return NO_NODE;
}

static NodeId fold_equal_pair(const Fold *f)
{
    return f->in[0] == f->in[1] ? f->in[0] : NO_NODE;
}

static NodeId fold_and(const Fold *f)
{
    for (int i = 0; i < 2; i++) {
        if (is(f, i, 0))
            return number(f, 0);
        if (f->constant[i] && is_truth(f, 1 - i))
            return keep(f, f->in[1 - i]);
    }
    return f->in[0] == f->in[1] && is_truth(f, 0) ? f->in[0] : NO_NODE;
}

static NodeId fold_or(const Fold *f)
{
    for (int i = 0; i < 2; i++) {
        if (f->constant[i] && f->value[i] != 0)
            return number(f, 1);
        if (is(f, i, 0) && is_truth(f, 1 - i))
            return keep(f, f->in[1 - i]);
    }
    return f->in[0] == f->in[1] && is_truth(f, 0) ? f->in[0] : NO_NODE;
}

static NodeId fold_select(const Fold *f)
{
    if (f->constant[0])
        return keep(f, f->in[f->value[0] != 0 ? 1 : 2]);
    if (f->in[1] == f->in[2])
        return keep(f, f->in[1]);
    return NO_NODE;
}

#define fold_nothing NULL

static NodeId (*const fold_table[IR_OP_COUNT])(const Fold *) = {
#define OP(id, name, inputs, class, rule, carries, derive, fold, cost, traits, value, help)        \
    fold_##fold,
#include "ir/ops.def"
#undef OP
};

NodeId fold_map(Graph *g, Op op, int n, const NodeId *in, Shape shape)
{
    Fold f = { .g = g, .op = op, .in = in, .shape = shape };
    bool all = true;
    for (int i = 0; i < n; i++) {
        f.constant[i] = node_constant(g, in[i], &f.value[i]);
        all = all && f.constant[i];
    }
    if (all)
        return number(&f, op_evaluate(op, f.value));
    return fold_table[op] ? fold_table[op](&f) : NO_NODE;
}
