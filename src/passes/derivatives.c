/* derivatives.c: the derivative of each op, derive_<derive> of ops.def: what a node gives the
 * adjoints of its inputs. It builds ordinary nodes, which are simplified and fused like any others.
 */
#include "passes/derive.h"
#include "passes/machine.h"
#include <string.h>

static NodeId num(const Turn *t, double v)
{
    return g_const(t->g, v);
}

static NodeId mul(const Turn *t, NodeId a, NodeId b)
{
    return g_binary(t->g, IR_MUL, a, b);
}

static NodeId add(const Turn *t, NodeId a, NodeId b)
{
    return g_binary(t->g, IR_ADD, a, b);
}

static NodeId sub(const Turn *t, NodeId a, NodeId b)
{
    return g_binary(t->g, IR_SUB, a, b);
}

static NodeId quotient(const Turn *t, NodeId a, NodeId b)
{
    return g_binary(t->g, IR_DIV, a, b);
}

static NodeId in(const Turn *t, int i)
{
    return t->node.inputs[i];
}

static bool wanted(const Turn *t, int i)
{
    return t->tape->active[t->node.inputs[i]];
}

static NodeId whole_adjoint(const Turn *t)
{
    return g_broadcast(t->g, t->adjoint, t->node.shape);
}

/* ---- elementwise ops and reductions ---- */
static void derive_neg(const Turn *t)
{
    give(t, 0, g_unary(t->g, IR_NEG, t->adjoint));
}

static void derive_round(const Turn *t)
{
    give(t, 0, t->adjoint);
}

/* Whether x is known never to be above 0, as in the prelude, so that e^x cannot overflow. */
static bool is_never_positive(const Turn *t, NodeId x)
{
    const Graph *g = t->g;
    const Node *n = graph_node(g, x);
    double value;
    if (n->op == IR_NEG)
        return graph_node(g, n->inputs[0])->op == IR_ABS;
    if (n->op == IR_SUB) {
        const Node *top = graph_node(g, n->inputs[1]);
        return top->op == IR_STOP && graph_node(g, top->inputs[0])->op == IR_REDUCE_MAX;
    }
    if (n->op != IR_SELECT)
        return false;
    const Node *c = graph_node(g, n->inputs[0]);
    bool above = c->op == IR_LT && node_constant(g, c->inputs[0], &value) && value == 0,
         under = c->op == IR_LE && node_constant(g, c->inputs[1], &value) && value == 0;
    NodeId tested = above ? c->inputs[1] : c->inputs[0];
    if ((!above && !under) || n->inputs[above ? 2 : 1] != tested)
        return false;
    NodeId other = n->inputs[above ? 1 : 2];
    const Node *o = graph_node(g, other);
    return (o->op == IR_NEG && o->inputs[0] == tested) ||
           (node_constant(g, other, &value) && value <= 0);
}

/* Where e^x overflows, what reads it often has slope 0: x / (1 + e^-x) far below 0. */
static void derive_exp(const Turn *t)
{
    NodeId part = mul(t, t->adjoint, t->y);
    give(t, 0, is_never_positive(t, in(t, 0)) ? part : nothing_of_nothing(t, part));
}

static void derive_ln(const Turn *t)
{
    give(t, 0, quotient(t, t->adjoint, in(t, 0)));
}

static void derive_sqrt(const Turn *t)
{
    give(t, 0, quotient(t, mul(t, t->adjoint, num(t, 0.5)), t->y));
}

static void derive_abs(const Turn *t)
{
    give(t, 0, mul(t, t->adjoint, g_unary(t->g, IR_SIGN, in(t, 0))));
}

static void derive_tanh(const Turn *t)
{
    give(t, 0, mul(t, t->adjoint, sub(t, num(t, 1), mul(t, t->y, t->y))));
}

static void derive_sin(const Turn *t)
{
    give(t, 0, mul(t, t->adjoint, g_unary(t->g, IR_COS, in(t, 0))));
}

static void derive_cos(const Turn *t)
{
    give(t, 0, g_unary(t->g, IR_NEG, mul(t, t->adjoint, g_unary(t->g, IR_SIN, in(t, 0)))));
}

static void derive_sigmoid(const Turn *t)
{
    give(t, 0, mul(t, t->adjoint, mul(t, t->y, sub(t, num(t, 1), t->y))));
}

static void derive_erf(const Turn *t)
{
    NodeId x = in(t, 0), bell = g_unary(t->g, IR_EXP, g_unary(t->g, IR_NEG, mul(t, x, x)));
    give(t, 0, mul(t, t->adjoint, mul(t, bell, num(t, 1.1283791670955126))));
}

static void derive_add(const Turn *t)
{
    if (wanted(t, 0))
        give(t, 0, t->adjoint);
    if (wanted(t, 1))
        give(t, 1, t->adjoint);
}

static void derive_sub(const Turn *t)
{
    if (wanted(t, 0))
        give(t, 0, t->adjoint);
    if (wanted(t, 1))
        give(t, 1, g_unary(t->g, IR_NEG, t->adjoint));
}

static void derive_mul(const Turn *t)
{
    if (in(t, 0) == in(t, 1)) {
        give(t, 0, mul(t, t->adjoint, mul(t, num(t, 2), in(t, 0))));
        return;
    }
    if (wanted(t, 0))
        give(t, 0, mul(t, t->adjoint, in(t, 1)));
    if (wanted(t, 1))
        give(t, 1, mul(t, t->adjoint, in(t, 0)));
}

static void derive_div(const Turn *t)
{
    if (wanted(t, 0))
        give(t, 0, quotient(t, t->adjoint, in(t, 1)));
    if (wanted(t, 1))
        give(t, 1, g_unary(t->g, IR_NEG, quotient(t, mul(t, t->adjoint, t->y), in(t, 1))));
}

/* At 0: a power that does not depend on its base there has slope 0, and a base of 0 does not move
 * with the exponent (as PyTorch has it). */
static void derive_pow(const Turn *t)
{
    NodeId a = in(t, 0), b = in(t, 1);
    double c;
    if (wanted(t, 0)) {
        NodeId slope = mul(t, b, g_binary(t->g, IR_POW, a, sub(t, b, num(t, 1))));
        if (!node_constant(t->g, b, &c))
            slope = g_select(t->g, g_binary(t->g, IR_EQ, b, num(t, 0)), num(t, 0), slope);
        give(t, 0, mul(t, t->adjoint, slope));
    }
    if (wanted(t, 1)) {
        NodeId slope = g_select(t->g, g_binary(t->g, IR_EQ, a, num(t, 0)), num(t, 0),
                                mul(t, t->y, g_unary(t->g, IR_LN, a)));
        give(t, 1, mul(t, t->adjoint, slope));
    }
}

/* Each of two equal ones gets half. */
static void derive_extreme(const Turn *t)
{
    NodeId a = in(t, 0), b = in(t, 1);
    bool max = t->node.op == IR_MAX;
    NodeId tie = mul(t, num(t, 0.5), g_binary(t->g, IR_EQ, a, b));
    NodeId a_wins = max ? g_binary(t->g, IR_LT, b, a) : g_binary(t->g, IR_LT, a, b);
    NodeId b_wins = max ? g_binary(t->g, IR_LT, a, b) : g_binary(t->g, IR_LT, b, a);
    if (wanted(t, 0))
        give(t, 0, mul(t, t->adjoint, add(t, a_wins, tie)));
    if (wanted(t, 1))
        give(t, 1, mul(t, t->adjoint, add(t, b_wins, tie)));
}

/* y = 0 < x ? x : b(x), or x <= 0 ? b(x) : x, with b(x) <= 0 for all x <= 0: y is above 0 exactly
 * where x is, so the mask can be made of y alone, and the forward pass need keep neither x nor a
 * mask. True of relu (b = 0) and leaky relu (b = slope x, slope >= 0). */
static NodeId mask_of_result(const Turn *t, NodeId condition)
{
    const Graph *g = t->g;
    const Node *c = graph_node(g, condition);
    double zero, value;
    bool above = c->op == IR_LT && node_constant(g, c->inputs[0], &zero) && zero == 0 &&
                 c->inputs[1] == in(t, 1);
    bool under = c->op == IR_LE && node_constant(g, c->inputs[1], &zero) && zero == 0 &&
                 c->inputs[0] == in(t, 2);
    if (!above && !under)
        return condition;
    NodeId x = in(t, above ? 1 : 2), other = in(t, above ? 2 : 1);
    const Node *b = graph_node(g, other);
    bool below = node_constant(g, other, &value) && value <= 0;
    if (b->op == IR_MUL) {
        for (int i = 0; i < 2; i++)
            if (b->inputs[i] == x && node_constant(g, b->inputs[1 - i], &value) && value >= 0)
                below = true;
    }
    if (!below || !shape_equal(t->node.shape, shape_at(g, x)))
        return condition;
    return above ? g_binary(t->g, IR_LT, g_const(t->g, 0), t->y)
                 : g_binary(t->g, IR_LE, t->y, g_const(t->g, 0));
}

static void derive_select(const Turn *t)
{
    NodeId condition = mask_of_result(t, in(t, 0));
    if (wanted(t, 1))
        give(t, 1, g_select(t->g, condition, t->adjoint, num(t, 0)));
    if (wanted(t, 2))
        give(t, 2, g_select(t->g, condition, num(t, 0), t->adjoint));
}

/* Its own shape broadcasts to the input's, so the adjoint needs nothing but to be taken for a value
 * of that shape. */
static void derive_sum(const Turn *t)
{
    give_whole(t, 0, t->adjoint);
}

/* Equal extremes share. */
static void derive_extreme_over(const Turn *t)
{
    NodeId mask = g_binary(t->g, IR_EQ, in(t, 0), t->y);
    NodeId count = g_reduce(t->g, IR_REDUCE_SUM, mask, t->node.shape);
    give_whole(t, 0, mul(t, mask, quotient(t, t->adjoint, count)));
}

/* ---- products and moves ---- */
/* y[r,j] = sum over k of A[r,k] B[k,j], each factor stored so or transposed. */
static void derive_contract(const Turn *t)
{
    NodeId a = in(t, 0), b = in(t, 1), d = whole_adjoint(t);
    bool ta = t->node.as.contract.ta, tb = t->node.as.contract.tb;
    Shape sa = shape_at(t->g, a), sb = shape_at(t->g, b);
    if (wanted(t, 0)) {
        give_whole(t, 0,
                   ta ? g_contract(t->g, b, d, tb, true, sa)
                      : g_contract(t->g, d, b, false, !tb, sa));
    }
    if (wanted(t, 1) && tb && !ta) {
        vec_push(t->g->arena, &t->tape->given[b].pairs, ((Pair){ a, d }));
    } else if (wanted(t, 1)) {
        give_whole(t, 1,
                   tb ? g_contract(t->g, d, a, true, ta, sb)
                      : g_contract(t->g, a, d, !ta, false, sb));
    }
}

static void derive_reshape(const Turn *t)
{
    give_whole(t, 0, g_reshape(t->g, whole_adjoint(t), shape_at(t->g, in(t, 0))));
}

static void derive_concat(const Turn *t)
{
    NodeId d = whole_adjoint(t);
    int axis = t->node.as.axis;
    int64_t at = 0;
    for (int i = 0; i < t->node.input_count; i++) {
        int64_t extent = shape_at(t->g, in(t, i)).dim[axis];
        if (wanted(t, i))
            give_whole(t, i, g_slice(t->g, d, axis, at, at + extent));
        at += extent;
    }
}

static void derive_slice(const Turn *t)
{
    Piece piece = { t->node.as.slice.axis, t->node.as.slice.begin, t->node.as.slice.end,
                    whole_adjoint(t) };
    vec_push(t->g->arena, &t->tape->given[in(t, 0)].pieces, piece);
}

static void derive_pad(const Turn *t)
{
    int axis = t->node.as.pad.axis;
    int64_t extent = shape_at(t->g, in(t, 0)).dim[axis];
    give_whole(t, 0,
               g_slice(t->g, whole_adjoint(t), axis, t->node.as.pad.before,
                       t->node.as.pad.before + extent));
}

static void derive_permute(const Turn *t)
{
    int8_t inverse[GRAPH_MAX_RANK] = { 0 };
    for (int i = 0; i < t->node.shape.rank; i++)
        inverse[t->node.as.permute.order[i]] = (int8_t)i;
    give_whole(t, 0, g_permute(t->g, whole_adjoint(t), inverse));
}

static void derive_gather_rows(const Turn *t)
{
    give_whole(t, 0,
               g_scatter_rows(t->g, whole_adjoint(t), in(t, 1), shape_at(t->g, in(t, 0)).dim[0]));
}

static void derive_scatter_rows(const Turn *t)
{
    if (wanted(t, 0))
        give_whole(t, 0, g_gather_rows(t->g, whole_adjoint(t), in(t, 1)));
}

static void derive_heads_dot(const Turn *t)
{
    NodeId d = whole_adjoint(t);
    if (wanted(t, 0))
        give_whole(t, 0, g_heads_mix(t->g, d, in(t, 1), false));
    if (wanted(t, 1))
        give_whole(t, 1, g_heads_mix(t->g, d, in(t, 0), true));
}

static void derive_heads_mix(const Turn *t)
{
    NodeId d = whole_adjoint(t), p = in(t, 0), v = in(t, 1);
    bool transposed = t->node.as.heads.transposed;
    int heads = t->node.as.heads.heads;
    if (wanted(t, 0)) {
        give_whole(t, 0,
                   transposed ? g_heads_dot(t->g, v, d, heads) : g_heads_dot(t->g, d, v, heads));
    }
    if (wanted(t, 1))
        give_whole(t, 1, g_heads_mix(t->g, p, d, !transposed));
}

static void derive_broadcast(const Turn *t)
{
    if (shape_is_scalar(t->node.shape))
        give_whole(t, 0, g_broadcast(t->g, t->adjoint, shape_at(t->g, in(t, 0))));
    else
        give(t, 0, t->adjoint);
}

/* ---- windows ---- */
/* The sum over the batch is split into parts that can be summed side by side: so many that there
 * are enough tasks. */
static Window in_parts(const Turn *t, int64_t filters)
{
    /* Graphs are made before there is a plan, and so a machine: this rule is common to all. */
    int64_t tasks = machine_cpu(false)->sums->filter_tasks;
    Window w = t->node.as.window;
    int64_t panels = (filters + LANES - 1) / LANES, parts = tasks / panels;
    if (parts < 1)
        parts = 1;
    else if (parts > t->g->batch)
        parts = t->g->batch;
    w.parts = (int32_t)parts;
    return w;
}

static NodeId filters_adjoint(const Turn *t, NodeId image, NodeId adjoint, Shape filters)
{
    Window w = in_parts(t, shape_at(t->g, adjoint).dim[1]);
    NodeId parts = g_conv_weight(t->g, image, adjoint, &w);
    return w.parts == 1 ? g_reshape(t->g, parts, filters)
                        : g_reduce(t->g, IR_REDUCE_SUM, parts, filters);
}

static void derive_conv(const Turn *t)
{
    NodeId x = in(t, 0), filters = in(t, 1), d = whole_adjoint(t);
    const Window *w = &t->node.as.window;
    if (wanted(t, 0)) {
        give_whole(t, 0,
                   g_conv_transpose(t->g, d, g_swap_filters(t->g, filters, w->groups), w,
                                    shape_at(t->g, x)));
    }
    if (wanted(t, 1))
        give_whole(t, 1, filters_adjoint(t, x, d, shape_at(t->g, filters)));
}

static void derive_conv_transpose(const Turn *t)
{
    NodeId a = in(t, 0), filters = in(t, 1), d = whole_adjoint(t),
           swapped = g_swap_filters(t->g, filters, t->node.as.window.groups);
    const Window *w = &t->node.as.window;
    if (wanted(t, 0))
        give_whole(t, 0, g_conv(t->g, d, swapped, w, shape_at(t->g, a)));
    if (wanted(t, 1)) {
        give_whole(
            t, 1,
            g_swap_filters(t->g, filters_adjoint(t, d, a, shape_at(t->g, swapped)), w->groups));
    }
}

/* All parts have the same derivative: that of the convolution whose filters the adjoint would be. A
 * part's own is not needed by anything. */
static void derive_conv_weight(const Turn *t)
{
    const Window *w = &t->node.as.window;
    Shape x = shape_at(t->g, in(t, 0)), d = shape_at(t->g, in(t, 1)), filters = { .rank = x.rank };
    memcpy(filters.dim, t->node.shape.dim + 1, sizeof *filters.dim * (size_t)x.rank);
    NodeId adjoint = g_broadcast(t->g, t->adjoint, t->node.shape);
    NodeId first = g_reshape(t->g, g_slice(t->g, adjoint, 0, 0, 1), filters);
    if (wanted(t, 0)) {
        give_whole(t, 0,
                   g_conv_transpose(t->g, in(t, 1), g_swap_filters(t->g, first, w->groups), w, x));
    }
    if (wanted(t, 1))
        give_whole(t, 1, g_conv(t->g, in(t, 0), first, w, d));
}

static void derive_pool_max(const Turn *t)
{
    give_whole(t, 0,
               g_pool_back(t->g, IR_POOL_MAX_BACK, 3,
                           (NodeId[]){ in(t, 0), t->y, whole_adjoint(t) }, &t->node.as.window,
                           shape_at(t->g, in(t, 0))));
}

static void derive_pool_sum(const Turn *t)
{
    NodeId d = whole_adjoint(t);
    give_whole(
        t, 0,
        g_pool_back(t->g, IR_POOL_SUM_BACK, 1, &d, &t->node.as.window, shape_at(t->g, in(t, 0))));
}

static void derive_pool_sum_back(const Turn *t)
{
    give_whole(
        t, 0,
        g_pool(t->g, IR_POOL_SUM, whole_adjoint(t), &t->node.as.window, shape_at(t->g, in(t, 0))));
}

#define derive_zero NULL

static const Derive derive_table[IR_OP_COUNT] = {
#define OP(id, name, inputs, class, rule, carries, derive, fold, cost, traits, value, help)        \
    derive_##derive,
#include "ir/ops.def"
#undef OP
};

Derive derive_of(Op op)
{
    return derive_table[op];
}
