/* differentiate.c: reverse-mode derivatives of a scalar, as new nodes of the same graph.
 *
 * Requires a graph whose nodes are in topological order; keeps it. Adjoints are gathered from the
 * scalar back to its inputs (Griewank and Walther, Evaluating Derivatives, 2008, chapter 3). The
 * adjoint of a node may have extent 1 along an axis on which it does not depend: it is enlarged
 * only where a product or a move needs it whole. What slices of one value and products with one
 * matrix give back is gathered first: slices that lie side by side join into one value, and the
 * products of a recurrent kernel into one product over all steps. What each op gives its inputs is
 * in derivatives.c. */
#include "passes/derive.h"
#include <stdlib.h>
#include <string.h>

/* A value of shape `whole`, of which `value` holds one of each run of equal ones, summed to shape
 * `to`. */
static NodeId sum_to(Graph *g, NodeId value, Shape whole, Shape to)
{
    Shape have = shape_at(g, value), target = to;
    double repeats = 1;
    bool batch = false;

    for (int i = 0; i < whole.rank; i++) {
        int h = i - (whole.rank - have.rank), k = i - (whole.rank - to.rank);
        int64_t full = whole.dim[i], has = h < 0 ? 1 : have.dim[h], wants = k < 0 ? 1 : to.dim[k];
        if (full == 1 || has == full)
            continue;
        if (wants == full)
            continue; /* still constant along this axis */
        if (full == DIM_BATCH)
            batch = true;
        else
            repeats *= (double)full;
    }

    /* Axes along which `value` is constant and stays so keep extent 1. */
    for (int k = 0; k < to.rank; k++) {
        int h = k + have.rank - to.rank;
        if (h < 0 || have.dim[h] == 1)
            target.dim[k] = 1;
    }

    while (target.rank > 0 && target.rank > have.rank && target.dim[0] == 1) {
        memmove(target.dim, target.dim + 1, sizeof target.dim[0] * (size_t)(target.rank - 1));
        target.rank--;
    }

    value = g_reduce(g, IR_REDUCE_SUM, value, target);
    if (repeats != 1)
        value = g_binary(g, IR_MUL, value, g_const(g, repeats));
    if (batch)
        value = g_binary(g, IR_MUL, value, g_hyper(g, HYPER_N));
    return value;
}

void give(const Turn *t, int i, NodeId part)
{
    double value;
    if (node_constant(t->g, part, &value) && value == 0)
        return;
    NodeId input = t->node.inputs[i], *sum = &t->tape->adjoint[input];
    part = branches_guard(t, i, part);
    part = sum_to(t->g, part, t->node.shape, shape_at(t->g, input));
    *sum = *sum == NO_NODE ? part : g_binary(t->g, IR_ADD, *sum, part);
}

void give_whole(const Turn *t, int i, NodeId part)
{
    NodeId *sum = &t->tape->adjoint[t->node.inputs[i]];
    *sum = *sum == NO_NODE ? part : g_binary(t->g, IR_ADD, *sum, part);
}

static void tape_add(Tape *tape, NodeId id, NodeId part)
{
    NodeId *sum = &tape->adjoint[id];
    *sum = *sum == NO_NODE ? part : g_binary(tape->g, IR_ADD, *sum, part);
}

static int by_begin(const void *a, const void *b)
{
    const Piece *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static NodeId zeros(Graph *g, Shape s, int axis, int64_t extent)
{
    s.dim[axis] = extent;
    return g_broadcast(g, g_const(g, 0), s);
}

/* Pieces of one axis that do not overlap, and leave no large gaps, are concatenated; else each is
 * padded. */
static void settle_pieces(Tape *tape, NodeId id)
{
    Graph *g = tape->g;
    Given *given = &tape->given[id];
    size_t n = given->pieces.len;
    Piece *piece = given->pieces.data;
    Shape shape = shape_at(g, id);
    if (n == 0)
        return;

    qsort(piece, n, sizeof *piece, by_begin);
    bool joins = n > 1;
    int64_t covered = 0;
    for (size_t i = 0; i < n; i++) {
        joins = joins && piece[i].axis == piece[0].axis &&
                (i == 0 || piece[i].begin >= piece[i - 1].end);
        covered += piece[i].end - piece[i].begin;
    }

    int axis = piece[0].axis;
    int64_t extent = shape.dim[axis], at = 0;
    if (joins && covered * 2 >= extent) {
        VEC(NodeId) parts = { 0 };
        for (size_t i = 0; i < n; i++) {
            if (piece[i].begin > at)
                vec_push(g->arena, &parts, zeros(g, shape, axis, piece[i].begin - at));
            vec_push(g->arena, &parts, piece[i].value);
            at = piece[i].end;
        }
        if (at < extent)
            vec_push(g->arena, &parts, zeros(g, shape, axis, extent - at));
        tape_add(tape, id, g_concat(g, (int)parts.len, parts.data, axis));
    } else {
        for (size_t i = 0; i < n; i++) {
            tape_add(tape, id,
                     g_pad(g, piece[i].value, piece[i].axis, piece[i].begin,
                           shape.dim[piece[i].axis] - piece[i].end));
        }
    }

    given->pieces.len = 0;
}

/* [n, f] as one of several steps, [1, n, f]. */
static NodeId as_step(Graph *g, NodeId id)
{
    Shape s = shape_at(g, id);
    return g_reshape(g, id, shape_of(3, (int64_t[]){ 1, s.dim[0], s.dim[1] }));
}

static bool is_step(Shape s)
{
    return s.rank == 2 && s.dim[0] == DIM_BATCH;
}

static void settle_pairs(Tape *tape, NodeId id)
{
    Graph *g = tape->g;
    Given *given = &tape->given[id];
    size_t n = given->pairs.len;
    Pair *pair = given->pairs.data;
    Shape shape = shape_at(g, id);
    if (n == 0)
        return;
    bool joins = n > 1;
    for (size_t i = 0; i < n; i++)
        joins = joins && is_step(shape_at(g, pair[i].a)) && is_step(shape_at(g, pair[i].d));
    if (joins) {
        NodeId *a = ARENA_ARRAY(g->arena, NodeId, n), *d = ARENA_ARRAY(g->arena, NodeId, n);
        /* the tape runs backward: in the order of the steps */
        for (size_t i = 0; i < n; i++) {
            a[i] = as_step(g, pair[n - 1 - i].a);
            d[i] = as_step(g, pair[n - 1 - i].d);
        }
        tape_add(tape, id,
                 g_contract(g, g_concat(g, (int)n, d, 0), g_concat(g, (int)n, a, 0), true, false,
                            shape));
    } else {
        for (size_t i = 0; i < n; i++)
            tape_add(tape, id, g_contract(g, pair[i].d, pair[i].a, true, false, shape));
    }
    given->pairs.len = 0;
}

static void settle(Tape *tape, NodeId id)
{
    settle_pieces(tape, id);
    settle_pairs(tape, id);
}

/* Marks what depends on one of `wrt`, up to the scalar. */
static void mark_active(Tape *tape, NodeId scalar, size_t n, const NodeId *wrt)
{
    for (size_t i = 0; i < n; i++)
        if (wrt[i] <= scalar)
            tape->active[wrt[i]] = true;

    for (NodeId i = 0; i <= scalar; i++) {
        const Node *node = graph_node(tape->g, i);
        if (!derive_of(node->op))
            continue;
        for (int k = 0; k < node->input_count; k++)
            tape->active[i] = tape->active[i] || tape->active[node->inputs[k]];
    }
}

static bool any_input_active(const Tape *tape, const Node *node)
{
    for (int k = 0; k < node->input_count; k++)
        if (tape->active[node->inputs[k]])
            return true;
    return false;
}

/* Passes the adjoint of a node on to its inputs. */
static void turn_of(Tape *tape, NodeId y)
{
    Graph *g = tape->g;
    settle(tape, y);
    const Node *node = graph_node(g, y);
    Derive derive = derive_of(node->op);
    if (tape->adjoint[y] == NO_NODE || !derive || !any_input_active(tape, node))
        return;

    g->current_layer = node->layer;
    Turn turn = { .tape = tape, .g = g, .y = y, .adjoint = tape->adjoint[y] };
    memcpy(&turn.node, node, sizeof turn.node);
    derive(&turn);
}

void graph_gradient(Graph *g, NodeId scalar, size_t n, const NodeId *wrt, NodeId *out)
{
    size_t count = (size_t)scalar + 1;
    Tape tape = { .g = g,
                  .adjoint = ARENA_ARRAY(g->arena, NodeId, count),
                  .given = ARENA_ARRAY(g->arena, Given, count),
                  .active = ARENA_ARRAY(g->arena, bool, count) };
    int layer = g->current_layer;
    g->current_part = PART_BACKWARD;
    for (size_t i = 0; i < count; i++)
        tape.adjoint[i] = NO_NODE;

    mark_active(&tape, scalar, n, wrt);
    tape.in_branch = branches_find(g, scalar);
    if (tape.active[scalar])
        tape.adjoint[scalar] = g_const(g, 1);
    for (NodeId y = scalar; y >= 0; y--)
        if (tape.active[y])
            turn_of(&tape, y);

    for (size_t i = 0; i < n; i++) {
        NodeId d = wrt[i] <= scalar ? tape.adjoint[wrt[i]] : NO_NODE;
        double value;
        if (d == NO_NODE || (node_constant(g, d, &value) && value == 0))
            out[i] = g_const(g, 0);
        else
            out[i] = g_broadcast(g, d, shape_at(g, wrt[i]));
    }
    g->current_layer = layer;
    g->current_part = PART_UPDATE;
}
