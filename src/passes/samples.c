/* samples.c: sums over samples and space, taken sample by sample first.
 *
 * A sum of images [n, c, space...] to one number a channel is at most as many chains as there are
 * panels of channels: too few to share out. It becomes a sum over space, [n, c, 1...], which joins
 * the kernel that makes the images, and one over samples, of which hardly anything is left. Squared
 * distances from a vector of one number a channel (a variance) need no sweep of their own: with m_i
 * the mean of image i, r_i the sum of x - m_i over it, q_i that of (x - m_i)^2 and d_i = m_i - m,
 * they come to the sum of q_i + d_i (2 r_i + s d_i) over the samples, s being the pixels of an
 * image (Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American
 * Statistician 37, 1983; r_i takes up what rounding left in m_i). Distances from their own mean sum
 * to zero, so that the derivative of a normalisation, a linear combination of them and of the
 * adjoint, has a sum that follows from the adjoint's. */
#include "passes/passes.h"
#include <string.h>

/* Pixels a sample where `to` keeps the channels of images alone, else 0. */
static int64_t pixels_summed(Shape from, Shape to)
{
    int64_t pixels = 1;
    if (from.rank < 3 || from.dim[0] != DIM_BATCH || shape_has_batch(to) || to.rank < from.rank - 1)
        return 0;
    for (int i = 0; i < to.rank; i++) {
        int axis = from.rank - to.rank + i;
        if (to.dim[i] != (axis == 1 ? from.dim[1] : 1))
            return 0;
    }
    for (int i = 2; i < from.rank; i++)
        pixels *= from.dim[i];
    return from.dim[1] > 1 ? pixels : 0;
}

static NodeId over_space(Graph *g, NodeId a)
{
    Shape to = graph_node(g, a)->shape;
    for (int i = 2; i < to.rank; i++)
        to.dim[i] = 1;
    return g_reduce(g, IR_REDUCE_SUM, a, to);
}

static NodeId plain_sum(Graph *g, NodeId a, Shape to)
{
    return add_shaped(g, IR_REDUCE_SUM, over_space(g, a), to);
}

/* Whether a is x - m, m being the mean of x over all samples and pixels. */
static bool is_centred(Graph *g, NodeId a, Shape to, int64_t pixels)
{
    if (graph_node(g, a)->op != IR_SUB)
        return false;
    NodeId x = graph_node(g, a)->inputs[0], m = graph_node(g, a)->inputs[1];
    if (graph_node(g, m)->op != IR_MUL || !shape_equal(graph_node(g, m)->shape, to))
        return false;
    NodeId count = g_binary(g, IR_DIV, g_const(g, 1),
                            g_binary(g, IR_MUL, g_const(g, (double)pixels), g_hyper(g, HYPER_N)));
    NodeId sum = plain_sum(g, x, to);
    const NodeId *in = graph_node(g, m)->inputs;
    return (in[0] == sum && in[1] == count) || (in[1] == sum && in[0] == count);
}

/* The sum of a as a linear combination; *centred: one of its terms sums to zero. */
static NodeId linear_sum(Graph *g, NodeId a, Shape to, int64_t pixels, int depth, bool *centred)
{
    enum { MOST_DEPTH = 6 };

    const Node *n = graph_node(g, a);
    if (depth < MOST_DEPTH && n->op == IR_NEG)
        return g_unary(g, IR_NEG, linear_sum(g, n->inputs[0], to, pixels, depth + 1, centred));
    if (depth < MOST_DEPTH && n->op == IR_ADD &&
        shape_equal(graph_node(g, n->inputs[0])->shape, n->shape) &&
        shape_equal(graph_node(g, n->inputs[1])->shape, n->shape)) {
        NodeId right = n->inputs[1],
               left = linear_sum(g, n->inputs[0], to, pixels, depth + 1, centred);
        return g_binary(g, IR_ADD, left, linear_sum(g, right, to, pixels, depth + 1, centred));
    }
    for (int i = 0; i < 2 && depth < MOST_DEPTH && n->op == IR_MUL; i++) {
        Shape factor = graph_node(g, n->inputs[i])->shape;
        if (shape_has_batch(factor) || (!shape_is_scalar(factor) && !shape_equal(factor, to)))
            continue;
        NodeId by = n->inputs[i];
        return g_binary(g, IR_MUL, by,
                        linear_sum(g, n->inputs[1 - i], to, pixels, depth + 1, centred));
    }
    if (!is_centred(g, a, to, pixels))
        return plain_sum(g, a, to);
    *centred = true;
    return g_const(g, 0);
}

NodeId sum_by_samples(const Machine *machine, Graph *g, NodeId a, Shape to)
{
    if (graph_node(g, a)->op == IR_REDUCE_SUM)
        a = graph_node(g, a)->inputs[0];
    double constant;
    int64_t pixels = pixels_summed(graph_node(g, a)->shape, to);
    if (pixels < machine->sums->least_pixels || node_constant(g, a, &constant))
        return NO_NODE;
    const Node *n = graph_node(g, a), *d = n->op == IR_MUL && n->inputs[0] == n->inputs[1]
                                               ? graph_node(g, n->inputs[0])
                                               : n;
    if (d == n || d->op != IR_SUB || !shape_equal(graph_node(g, d->inputs[1])->shape, to)) {
        bool centred = false;
        NodeId sum = linear_sum(g, a, to, pixels, 0, &centred);
        return centred && shape_equal(graph_node(g, sum)->shape, to) ? sum : plain_sum(g, a, to);
    }
    NodeId x = d->inputs[0], centre = d->inputs[1];
    NodeId mean = g_binary(g, IR_MUL, over_space(g, x), g_const(g, 1.0 / (double)pixels)),
           distance = g_binary(g, IR_SUB, x, mean);
    NodeId left = over_space(g, distance),
           squares = over_space(g, g_binary(g, IR_MUL, distance, distance)),
           apart = g_binary(g, IR_SUB, mean, centre);
    NodeId most = g_binary(g, IR_ADD, g_binary(g, IR_MUL, left, g_const(g, 2)),
                           g_binary(g, IR_MUL, apart, g_const(g, (double)pixels)));
    return add_shaped(g, IR_REDUCE_SUM,
                      g_binary(g, IR_ADD, squares, g_binary(g, IR_MUL, apart, most)), to);
}
