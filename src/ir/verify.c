/* verify.c: whether a graph is sound: order, arity, shapes, tensors and roots. Its answer names the
 * node. */
#include "ir/graph.h"
#include <inttypes.h>
#include <string.h>

static Shape input_shape(const Graph *g, const Node *n, int i)
{
    return graph_node(g, n->inputs[i])->shape;
}

static bool enlarges(Shape from, Shape to)
{
    Shape joined;
    return shape_broadcast(from, to, &joined) && shape_equal(joined, to);
}

static bool same_elements(Shape a, Shape b)
{
    return shape_has_batch(a) == shape_has_batch(b) && shape_elements(a) == shape_elements(b);
}

static bool static_axis(Shape s, int axis)
{
    return axis >= 0 && axis < s.rank && s.dim[axis] != DIM_BATCH;
}

static bool tensor_fits(const Graph *g, int tensor, Shape shape)
{
    return tensor >= 0 && (size_t)tensor < g->tensors.len &&
           shape_equal(g->tensors.data[tensor].shape, shape);
}

/* ---- rules: the column of ops.def, fits_<rule> ---- */
static bool fits_scalar(const Graph *g, const Node *n)
{
    (void)g;
    return n->shape.rank == 0;
}

static bool fits_sample(const Graph *g, const Node *n)
{
    return same_elements(n->shape, g->sample);
}

static bool fits_target(const Graph *g, const Node *n)
{
    return same_elements(n->shape, g->target);
}

static bool fits_tensor(const Graph *g, const Node *n)
{
    return tensor_fits(g, n->as.tensor, n->shape);
}

static bool fits_assign(const Graph *g, const Node *n)
{
    return fits_tensor(g, n) && shape_equal(input_shape(g, n, 0), n->shape);
}

static bool fits_axis(const Graph *g, const Node *n)
{
    (void)g;
    return n->as.axis >= 0 && n->as.axis < n->shape.rank;
}

static bool fits_stream(const Graph *g, const Node *n)
{
    return n->as.random.stream < g->streams;
}

static bool fits_map(const Graph *g, const Node *n)
{
    Shape s = input_shape(g, n, 0);
    for (int i = 1; i < n->input_count; i++)
        if (!shape_broadcast(s, input_shape(g, n, i), &s))
            return false;
    return shape_equal(s, n->shape);
}

static bool fits_broadcast(const Graph *g, const Node *n)
{
    Shape from = input_shape(g, n, 0);
    return enlarges(from, n->shape) || (shape_is_scalar(from) && shape_is_scalar(n->shape));
}

static bool fits_reduce(const Graph *g, const Node *n)
{
    return enlarges(n->shape, input_shape(g, n, 0));
}

static bool fits_contract(const Graph *g, const Node *n)
{
    return contract_fits(input_shape(g, n, 0), input_shape(g, n, 1), n->as.contract.ta,
                         n->as.contract.tb, n->shape);
}

static bool fits_window(const Graph *g, const Node *n)
{
    return window_fits(g, n);
}

static bool fits_reshape(const Graph *g, const Node *n)
{
    return same_elements(input_shape(g, n, 0), n->shape);
}

static bool fits_concat(const Graph *g, const Node *n)
{
    int axis = n->as.axis;
    if (!static_axis(n->shape, axis))
        return false;

    int64_t sum = 0;
    for (int i = 0; i < n->input_count; i++) {
        Shape s = input_shape(g, n, i), expected = n->shape;
        if (s.rank != expected.rank)
            return false;
        expected.dim[axis] = s.dim[axis];
        if (!shape_equal(s, expected))
            return false;
        sum += s.dim[axis];
    }
    return sum == n->shape.dim[axis];
}

static bool fits_slice(const Graph *g, const Node *n)
{
    Shape from = input_shape(g, n, 0);
    int axis = n->as.slice.axis;
    int64_t begin = n->as.slice.begin, end = n->as.slice.end;
    if (!static_axis(from, axis) || begin < 0 || end > from.dim[axis] || begin >= end)
        return false;
    from.dim[axis] = end - begin;
    return shape_equal(from, n->shape);
}

static bool fits_pad(const Graph *g, const Node *n)
{
    Shape from = input_shape(g, n, 0);
    if (!static_axis(from, n->as.pad.axis) || n->as.pad.before < 0 || n->as.pad.after < 0)
        return false;
    from.dim[n->as.pad.axis] += n->as.pad.before + n->as.pad.after;
    return shape_equal(from, n->shape);
}

static bool fits_permute(const Graph *g, const Node *n)
{
    Shape from = input_shape(g, n, 0);
    if (from.rank != n->shape.rank)
        return false;

    bool seen[GRAPH_MAX_RANK] = { false };
    for (int i = 0; i < from.rank; i++) {
        int axis = n->as.permute.order[i];
        if (axis < 0 || axis >= from.rank || seen[axis] || from.dim[axis] != n->shape.dim[i])
            return false;
        seen[axis] = true;
    }
    return true;
}

static bool fits_rows(const Graph *g, const Node *n)
{
    Shape fitting;
    return rows_fit(g, n, &fitting) && shape_equal(fitting, n->shape);
}

static bool fits_emit(const Graph *g, const Node *n)
{
    if (n->slot == SLOT_TENSOR)
        return tensor_fits(g, n->slot_tensor, n->shape);
    if (n->slot == SLOT_OUT)
        return n->shape.rank > 0 && n->shape.dim[0] == DIM_BATCH;
    return shape_is_scalar(n->shape);
}

static bool (*const rules[IR_OP_COUNT])(const Graph *, const Node *) = {
#define OP(id, name, inputs, class, rule, carries, derive, fold, cost, traits, value, help)        \
    fits_##rule,
#include "ir/ops.def"
#undef OP
};

static bool shape_sound(const Graph *g, Shape s)
{
    if (s.rank < 0 || s.rank > GRAPH_MAX_RANK)
        return false;
    for (int i = 0; i < s.rank; i++) {
        if (s.dim[i] < 1 &&
            !(i < 2 && s.dim[1 - i] != DIM_BATCH && s.dim[i] == DIM_BATCH && g->batch > 0)) {
            return false;
        }
    }
    return shape_elements(s) < INT64_MAX / 64;
}

char *graph_verify(const Graph *g)
{
    if (g->error)
        return g->error;
    size_t effects = 0;
    bool *assigned = ARENA_ARRAY(g->arena, bool, g->tensors.len + 1);
    for (size_t i = 0; i < g->tensors.len; i++) {
        const Tensor *t = &g->tensors.data[i];
        if (!shape_sound(g, t->shape) || shape_has_batch(t->shape))
            return arena_printf(g->arena, "tensor \"%s\" has no sound shape", t->name);
        if (t->feature_axis < 0 || (t->feature_axis > 0 && t->feature_axis >= t->shape.rank))
            return arena_printf(g->arena, "tensor \"%s\" has no such axis", t->name);
    }
    for (size_t i = 0; i < g->nodes.len; i++) {
        const Node *n = &g->nodes.data[i];
        if ((unsigned)n->op >= IR_OP_COUNT)
            return arena_printf(g->arena, "%%%zu: no such op", i);
        if (op_arity(n->op) >= 0 ? n->input_count != op_arity(n->op) : n->input_count < 1) {
            return arena_printf(g->arena, "%%%zu: %s of %d inputs", i, op_name(n->op),
                                n->input_count);
        }
        for (int k = 0; k < n->input_count; k++) {
            if (n->inputs[k] < 0 || (size_t)n->inputs[k] >= i) {
                return arena_printf(g->arena,
                                    "%%%zu: reads %%%" PRId32 ", which does not stand before it", i,
                                    n->inputs[k]);
            }
            if (op_class(graph_node(g, n->inputs[k])->op) == CLASS_EFFECT)
                return arena_printf(g->arena, "%%%zu: reads a root", i);
        }
        if (!shape_sound(g, n->shape))
            return arena_printf(g->arena, "%%%zu: no sound shape", i);
        if (!rules[n->op](g, n)) {
            return arena_printf(g->arena, "%%%zu: %s to %s does not fit its inputs", i,
                                op_name(n->op), shape_text(g->arena, n->shape));
        }
        effects += op_class(n->op) == CLASS_EFFECT;
        if (n->op == IR_ASSIGN) {
            if (assigned[n->as.tensor]) {
                return arena_printf(g->arena, "%%%zu: tensor \"%s\" is assigned twice", i,
                                    g->tensors.data[n->as.tensor].name);
            }
            assigned[n->as.tensor] = true;
        }
    }
    if (effects != g->roots.len)
        return arena_printf(g->arena, "%zu roots, but %zu effects", g->roots.len, effects);
    for (size_t i = 0; i < g->roots.len; i++)
        if (op_class(graph_node(g, g->roots.data[i])->op) != CLASS_EFFECT)
            return arena_printf(g->arena, "root %%%" PRId32 " has no effect", g->roots.data[i]);
    for (size_t i = 0; i < g->layers.len; i++)
        if (g->layers.data[i].output >= (NodeId)g->nodes.len)
            return arena_printf(g->arena, "layer \"%s\": no such output", g->layers.data[i].name);
    return NULL;
}
