/* verify.c: whether a graph is valid: the invariants IR-1, IR-2, ... of docs/ir.md. The answer
 * names the invariant and the node. */
#include "ir/graph.h"

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

static bool fits_hyper(const Graph *g, const Node *n)
{
    return fits_scalar(g, n) && (unsigned)n->as.hyper < HYPER_COUNT;
}

static bool fits_sample(const Graph *g, const Node *n)
{
    return same_elements(n->shape, g->sample);
}

static bool fits_target(const Graph *g, const Node *n)
{
    return same_elements(n->shape, g->target);
}

static bool fits_sample_weight(const Graph *g, const Node *n)
{
    (void)g;
    return same_elements(n->shape, shape_of(2, (int64_t[]){ DIM_BATCH, 1 }));
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

/* Rank, extents and size; n once, as one of the first two dimensions, in units that have a batch.
 */
static bool shape_valid(const Graph *g, Shape s)
{
    if (s.rank < 0 || s.rank > GRAPH_MAX_RANK)
        return false;
    for (int i = 0; i < s.rank; i++) {
        bool batch = s.dim[i] == DIM_BATCH && g->batch > 0 && i < 2 && s.dim[1 - i] != DIM_BATCH;
        if (s.dim[i] < 1 && !batch)
            return false;
    }
    return shape_elements(s) < INT64_MAX / 64;
}

static bool axis_valid(Shape s, int axis)
{
    return axis >= 0 && (axis < s.rank || axis == 0);
}

static char *verify_tensor(const Graph *g, const Tensor *t)
{
    if (!shape_valid(g, t->shape) || shape_has_batch(t->shape))
        return arena_printf(g->arena, "IR-1: tensor \"%s\" has no valid shape", t->name);
    if (!axis_valid(t->shape, t->feature_axis))
        return arena_printf(g->arena, "IR-2: tensor \"%s\" has no axis %d", t->name,
                            t->feature_axis);
    bool weight = t->weight >= 0;
    if (weight &&
        ((size_t)t->weight >= g->tensors.len || g->tensors.data[t->weight].role != TENSOR_WEIGHT)) {
        return arena_printf(g->arena, "IR-3: tensor \"%s\" belongs to no weight", t->name);
    }
    return NULL;
}

static char *verify_inputs(const Graph *g, NodeId id)
{
    const Node *n = graph_node(g, id);
    int arity = op_arity(n->op);
    if (arity >= 0 ? n->input_count != arity : n->input_count < 1) {
        return arena_printf(g->arena, "IR-4: %%%d: %s of %d inputs", (int)id, op_name(n->op),
                            n->input_count);
    }
    for (int k = 0; k < n->input_count; k++) {
        NodeId input = n->inputs[k];
        if (input < 0 || input >= id) {
            return arena_printf(g->arena, "IR-5: %%%d reads %%%d, which does not come before it",
                                (int)id, (int)input);
        }
        if (op_class(graph_node(g, input)->op) == CLASS_EFFECT)
            return arena_printf(g->arena, "IR-6: %%%d reads the effect %%%d", (int)id, (int)input);
    }
    return NULL;
}

static char *verify_node(const Graph *g, NodeId id)
{
    const Node *n = graph_node(g, id);
    if ((unsigned)n->op >= IR_OP_COUNT)
        return arena_printf(g->arena, "IR-4: %%%d: no such op", (int)id);
    char *wrong = verify_inputs(g, id);
    if (wrong)
        return wrong;
    if (!shape_valid(g, n->shape))
        return arena_printf(g->arena, "IR-7: %%%d has no valid shape", (int)id);
    if (!axis_valid(n->shape, n->feature_axis))
        return arena_printf(g->arena, "IR-8: %%%d has no axis %d", (int)id, n->feature_axis);
    if (!rules[n->op](g, n)) {
        return arena_printf(g->arena, "IR-9: %%%d: %s to %s does not fit its inputs", (int)id,
                            op_name(n->op), shape_text(g->arena, n->shape));
    }
    if (n->layer < -1 || n->layer >= (int)g->layers.len)
        return arena_printf(g->arena, "IR-14: %%%d is of no layer", (int)id);
    if ((n->op == IR_WEIGHT || n->op == IR_ASSIGN) &&
        n->feature_axis != g->tensors.data[n->as.tensor].feature_axis)
        return arena_printf(g->arena, "IR-8: %%%d: axis %d, but its tensor has %d", (int)id,
                            n->feature_axis, g->tensors.data[n->as.tensor].feature_axis);
    if (n->not_before < 0 || n->not_before > id) {
        return arena_printf(g->arena, "IR-10: %%%d waits for %%%d, which does not come before it",
                            (int)id, (int)n->not_before - 1);
    }
    return NULL;
}

static char *verify_effects(const Graph *g)
{
    size_t effects = 0;
    unsigned slots = 0;
    bool *assigned = ARENA_ARRAY(g->arena, bool, g->tensors.len + 1);
    for (size_t i = 0; i < g->nodes.len; i++) {
        const Node *n = &g->nodes.data[i];
        effects += op_class(n->op) == CLASS_EFFECT;
        if (n->op == IR_EMIT && n->slot != SLOT_TENSOR && slots & 1u << n->slot)
            return arena_printf(g->arena, "IR-15: %%%zu: %s is emitted twice", i,
                                slot_name(n->slot));
        if (n->op == IR_EMIT)
            slots |= 1u << n->slot;
        if (n->op != IR_ASSIGN)
            continue;
        if (assigned[n->as.tensor]) {
            return arena_printf(g->arena, "IR-11: %%%zu: tensor \"%s\" is assigned twice", i,
                                g->tensors.data[n->as.tensor].name);
        }
        assigned[n->as.tensor] = true;
    }

    if (effects != g->roots.len)
        return arena_printf(g->arena, "IR-12: %zu roots, but %zu effects", g->roots.len, effects);
    for (size_t i = 0; i < g->roots.len; i++)
        if (op_class(graph_node(g, g->roots.data[i])->op) != CLASS_EFFECT)
            return arena_printf(g->arena, "IR-12: root %%%d has no effect", (int)g->roots.data[i]);
    return NULL;
}

char *graph_verify(const Graph *g)
{
    char *wrong = g->error;
    for (size_t i = 0; i < g->tensors.len && !wrong; i++)
        wrong = verify_tensor(g, &g->tensors.data[i]);
    for (NodeId i = 0; i < (NodeId)g->nodes.len && !wrong; i++)
        wrong = verify_node(g, i);
    if (!wrong)
        wrong = verify_effects(g);
    for (size_t i = 0; i < g->layers.len && !wrong; i++) {
        const Layer *l = &g->layers.data[i];
        if (l->output < NO_NODE || l->output >= (NodeId)g->nodes.len)
            wrong = arena_printf(g->arena, "IR-13: layer \"%s\": no such output", l->name);
    }
    return wrong;
}
