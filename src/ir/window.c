/* window.c: builders and checks of the ops that read windows of images: convolutions of any rank,
 * pooling, and their derivatives.
 *
 * A convolution is bilinear, and its derivatives are of the same family (Dumoulin and Visin, A
 * guide to convolution arithmetic for deep learning, 2016): by the image it is the transposed
 * convolution with the filters' two channel axes swapped, by the filters a sum over samples. */
#include "ir/graph.h"
#include <string.h>

Window window_one(void)
{
    Window w = { .groups = 1, .parts = 1 };
    for (int i = 0; i < SPACE_RANK; i++)
        w.size[i] = w.stride[i] = w.dilation[i] = 1;
    return w;
}

void space_of(Shape s, int64_t space[SPACE_RANK])
{
    int rank = s.rank - 2;
    for (int i = 0; i < SPACE_RANK; i++) {
        int axis = 2 + i - (SPACE_RANK - rank);
        space[i] = axis < 2 ? 1 : s.dim[axis];
    }
}

/* Whether the sizes make sense together. Windows may lie in the padding alone: they see zeros. */
static bool space_fits(Shape image, Shape windows, const Window *w)
{
    int64_t a[SPACE_RANK], b[SPACE_RANK];
    if (image.rank != windows.rank || image.rank < 3 || image.rank > 2 + SPACE_RANK ||
        !shape_has_batch(image) || !shape_has_batch(windows)) {
        return false;
    }
    space_of(image, a);
    space_of(windows, b);
    for (int i = 0; i < SPACE_RANK; i++) {
        if (w->size[i] < 1 || w->stride[i] < 1 || w->dilation[i] < 1 || w->before[i] < 0)
            return false;
        if (a[i] < 1 || b[i] < 1)
            return false;
    }
    return true;
}

static bool filters_fit(Shape filters, int64_t out, int64_t in, const Window *w)
{
    if (w->groups < 1 || in % w->groups || out % w->groups || filters.dim[0] != out ||
        filters.dim[1] != in / w->groups) {
        return false;
    }
    int64_t size[SPACE_RANK];
    space_of(filters, size);
    for (int i = 0; i < SPACE_RANK; i++)
        if (size[i] != w->size[i])
            return false;
    return true;
}

bool window_fits(const Graph *g, const Node *n)
{
    const Window *w = &n->as.window;
    Shape a = graph_node(g, n->inputs[0])->shape,
          b = n->input_count > 1 ? graph_node(g, n->inputs[1])->shape : a, out = n->shape;
    switch (n->op) {
    case IR_CONV:
        return space_fits(a, out, w) && b.rank == a.rank && filters_fit(b, out.dim[1], a.dim[1], w);
    case IR_CONV_TRANSPOSE:
        return space_fits(out, a, w) && b.rank == a.rank && filters_fit(b, out.dim[1], a.dim[1], w);
    case IR_CONV_WEIGHT: {
        if (!space_fits(a, b, w) || out.rank != a.rank + 1 || w->parts < 1 ||
            out.dim[0] != w->parts) {
            return false;
        }
        Shape filters = { .rank = a.rank };
        memcpy(filters.dim, out.dim + 1, sizeof *out.dim * (size_t)a.rank);
        return filters_fit(filters, b.dim[1], a.dim[1], w);
    }
    case IR_POOL_MAX:
    case IR_POOL_SUM: return space_fits(a, out, w) && a.dim[1] == out.dim[1];
    case IR_POOL_SUM_BACK: return space_fits(out, a, w) && a.dim[1] == out.dim[1];
    case IR_POOL_MAX_BACK:
        return space_fits(out, b, w) && b.dim[1] == out.dim[1] && shape_equal(a, out) &&
               shape_equal(b, graph_node(g, n->inputs[2])->shape);
    default: return false;
    }
}

static NodeId window_node(Graph *g, Op op, int count, const NodeId *in, const Window *w, Shape out)
{
    Node n;
    memset(&n, 0, sizeof n);
    n.op = op;
    n.shape = out;
    n.input_count = count;
    n.inputs = (NodeId *)(uintptr_t)(const void *)in;
    n.layer = g->current_layer;
    n.feature_axis = (int8_t)(out.rank - 1);
    n.part = (uint8_t)g->current_part;
    n.as.window = *w;
    if (window_fits(g, &n))
        return graph_add_node(g, &n, true);
    if (!g->error) {
        g->error = arena_printf(g->arena, "%s: %s does not fit %s", op_name(op),
                                shape_text(g->arena, graph_node(g, in[0])->shape),
                                shape_text(g->arena, out));
    }
    return in[0];
}

/* A filter of one number that is computed is not in panels: it multiplies what windows of one
 * cell find, or leave where they were found. */
static NodeId convolve(Graph *g, Op op, Op find, NodeId image, NodeId filters, const Window *w,
                       Shape out)
{
    NodeId in[] = { graph_factor(g, image), graph_factor(g, filters) };
    if (!shape_is_scalar(graph_node(g, in[1])->shape) || graph_node(g, in[1])->op == IR_WEIGHT)
        return window_node(g, op, 2, in, w, out);
    NodeId found =
        shape_equal(graph_node(g, in[0])->shape, out) ? in[0] : window_node(g, find, 1, in, w, out);
    return g_binary(g, IR_MUL, found, g_reshape(g, in[1], shape_scalar()));
}

NodeId g_conv(Graph *g, NodeId image, NodeId filters, const Window *w, Shape out)
{
    return convolve(g, IR_CONV, IR_POOL_SUM, image, filters, w, out);
}

NodeId g_conv_transpose(Graph *g, NodeId a, NodeId filters, const Window *w, Shape image)
{
    return convolve(g, IR_CONV_TRANSPOSE, IR_POOL_SUM_BACK, a, filters, w, image);
}

NodeId g_conv_weight(Graph *g, NodeId image, NodeId adjoint, const Window *w)
{
    Shape a = graph_node(g, image)->shape, b = graph_node(g, adjoint)->shape;
    Shape out = { .rank = a.rank + 1 };
    out.dim[0] = w->parts;
    out.dim[1] = b.dim[1];
    out.dim[2] = a.dim[1] / w->groups;
    for (int i = 2; i < a.rank; i++)
        out.dim[i + 1] = w->size[i + SPACE_RANK - a.rank];
    return window_node(g, IR_CONV_WEIGHT, 2,
                       (NodeId[]){ graph_factor(g, image), graph_factor(g, adjoint) }, w, out);
}

NodeId g_pool(Graph *g, Op op, NodeId image, const Window *w, Shape out)
{
    return window_node(g, op, 1, &image, w, out);
}

NodeId g_pool_back(Graph *g, Op op, int n, const NodeId *in, const Window *w, Shape image)
{
    return window_node(g, op, n, in, w, image);
}

NodeId g_swap_filters(Graph *g, NodeId filters, int64_t groups)
{
    Shape from = graph_node(g, filters)->shape;
    int8_t order[GRAPH_MAX_RANK] = { 1, 0, 2, 3, 4, 5 };
    if (groups == 1)
        return g_permute(g, filters, order);
    int64_t out = from.dim[0], in = from.dim[1] * groups, field = 1;
    for (int i = 2; i < from.rank; i++)
        field *= from.dim[i];
    NodeId split =
        g_reshape(g, filters, shape_of(4, (int64_t[]){ groups, out / groups, in / groups, field }));
    NodeId swapped = g_permute(g, split, (int8_t[GRAPH_MAX_RANK]){ 0, 2, 1, 3 });
    Shape to = from;
    to.dim[0] = in;
    to.dim[1] = out / groups;
    return g_reshape(g, swapped, to);
}
