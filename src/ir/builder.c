/* builder.c: the builders g_*: shapes are derived, constants and identities folded (fold.c),
 * equal nodes shared (graph.c).
 *
 * Shape errors of users are found by the lowering; a builder that is given shapes that don't fit
 * notes it in graph->error, which the verifier reports, and returns something harmless. */
#include "ir/fold.h"
#include <string.h>

static NodeId fail(Graph *g, NodeId instead, const char *what, Shape a, Shape b)
{
    if (!g->error) {
        g->error = arena_printf(g->arena, "%s: %s and %s do not fit", what, shape_text(g->arena, a),
                                shape_text(g->arena, b));
    }
    return instead;
}

static Shape shape_at(const Graph *g, NodeId id)
{
    return graph_node(g, id)->shape;
}

/* Zeroed to the last byte: the cons table compares `as` bytewise. */
static void node_start(const Graph *g, Node *n, Op op, Shape shape, int input_count, NodeId *inputs)
{
    memset(n, 0, sizeof *n);
    n->op = op;
    n->shape = shape;
    n->input_count = input_count;
    n->inputs = inputs;
    n->layer = g->current_layer;
    n->feature_axis = (int8_t)(shape.rank > 0 ? shape.rank - 1 : 0);
    n->part = (uint8_t)g->current_part;
}

static NodeId leaf(Graph *g, Op op, Shape shape)
{
    Node n;
    node_start(g, &n, op, shape, 0, NULL);
    return graph_add_node(g, &n, true);
}

NodeId g_const(Graph *g, double value)
{
    Node n;
    node_start(g, &n, IR_CONST, shape_scalar(), 0, NULL);
    n.as.value = value;
    return graph_add_node(g, &n, true);
}

NodeId g_hyper(Graph *g, Hyper hyper)
{
    Node n;
    node_start(g, &n, IR_HYPER, shape_scalar(), 0, NULL);
    n.as.hyper = hyper;
    return graph_add_node(g, &n, true);
}

NodeId g_input(Graph *g)
{
    return leaf(g, IR_INPUT, g->sample);
}

NodeId g_target(Graph *g)
{
    return leaf(g, IR_TARGET, g->target);
}

NodeId g_sample_weight(Graph *g)
{
    return leaf(g, IR_SAMPLE_WEIGHT, shape_of(2, (int64_t[]){ DIM_BATCH, 1 }));
}

NodeId g_weight(Graph *g, int tensor)
{
    Node n;
    node_start(g, &n, IR_WEIGHT, g->tensors.data[tensor].shape, 0, NULL);
    n.as.tensor = tensor;
    n.feature_axis = (int8_t)g->tensors.data[tensor].feature_axis;
    return graph_add_node(g, &n, true);
}

NodeId g_index(Graph *g, Shape shape, int axis)
{
    if (axis < 0 || axis >= shape.rank)
        return fail(g, g_const(g, 0), "index of an axis", shape, shape);
    if (shape.dim[axis] == 1)
        return g_broadcast(g, g_const(g, 0), shape);
    Node n;
    node_start(g, &n, IR_INDEX, shape, 0, NULL);
    n.as.axis = axis;
    return graph_add_node(g, &n, true);
}

NodeId g_random(Graph *g, RandomKind kind, Shape shape)
{
    Node n;
    node_start(g, &n, IR_RANDOM, shape, 0, NULL);
    n.as.random.kind = kind;
    n.as.random.stream = g->streams++;
    return graph_add_node(g, &n, true);
}

NodeId g_broadcast(Graph *g, NodeId a, Shape to)
{
    Shape from = shape_at(g, a), joined;
    if (shape_equal(from, to))
        return a;
    bool one = shape_is_scalar(from) && shape_is_scalar(to);
    if (!one && (!shape_broadcast(from, to, &joined) || !shape_equal(joined, to)))
        return fail(g, a, "broadcast", from, to);
    if (graph_node(g, a)->op == IR_BROADCAST) {
        NodeId source = graph_node(g, a)->inputs[0];
        Shape inner = shape_at(g, source);
        /* one to the same shape was put there on purpose: to give a value a home (simplify.c) */
        if (!shape_equal(inner, from) &&
            ((shape_is_scalar(inner) && shape_is_scalar(to)) ||
             (shape_broadcast(inner, to, &joined) && shape_equal(joined, to)))) {
            return g_broadcast(g, source, to);
        }
    }
    Node n;
    node_start(g, &n, IR_BROADCAST, to, 1, &a);
    return graph_add_node(g, &n, true);
}

NodeId g_map(Graph *g, Op op, int n, const NodeId *in)
{
    if (op == IR_BROADCAST)
        return in[0];
    NodeId inputs[3];
    Shape shape = shape_at(g, in[0]);
    for (int i = 0; i < n && i < 3; i++) {
        inputs[i] = in[i];
        if (i > 0 && !shape_broadcast(shape, shape_at(g, in[i]), &shape))
            return fail(g, in[0], op_name(op), shape, shape_at(g, in[i]));
    }
    if (op_has(op, OP_COMMUTES) && inputs[0] > inputs[1]) {
        inputs[0] = in[1];
        inputs[1] = in[0];
    }
    NodeId folded = fold_map(g, op, n, inputs, shape);
    if (folded != NO_NODE)
        return folded;
    Node node;
    node_start(g, &node, op, shape, n, inputs);
    return graph_add_node(g, &node, true);
}

NodeId g_unary(Graph *g, Op op, NodeId a)
{
    return g_map(g, op, 1, &a);
}

NodeId g_binary(Graph *g, Op op, NodeId a, NodeId b)
{
    return g_map(g, op, 2, (NodeId[]){ a, b });
}

NodeId g_select(Graph *g, NodeId condition, NodeId a, NodeId b)
{
    return g_map(g, IR_SELECT, 3, (NodeId[]){ condition, a, b });
}

NodeId g_stop(Graph *g, NodeId a)
{
    return g_map(g, IR_STOP, 1, &a);
}

/* A sum of equal numbers is one product; of a batch, with the number of its samples. */
static NodeId sum_constant(Graph *g, double value, Shape from, Shape to)
{
    double count = (double)shape_elements(from) / (double)shape_elements(to);
    NodeId sum = g_const(g, value * count);
    if (shape_has_batch(from) && !shape_has_batch(to))
        sum = g_binary(g, IR_MUL, sum, g_hyper(g, HYPER_N));
    return g_broadcast(g, sum, to);
}

NodeId g_reduce(Graph *g, Op op, NodeId a, Shape to)
{
    Shape from = shape_at(g, a), joined;
    if (shape_equal(from, to))
        return a;
    if (!shape_broadcast(to, from, &joined) || !shape_equal(joined, from))
        return fail(g, a, op_name(op), from, to);
    if (shape_is_scalar(from))
        return g_broadcast(g, a, to);
    double value;
    if (node_constant(g, a, &value)) {
        return op == IR_REDUCE_SUM ? sum_constant(g, value, from, to)
                                   : g_broadcast(g, g_const(g, value), to);
    }
    if (shape_elements(from) == shape_elements(to) && shape_has_batch(from) == shape_has_batch(to))
        return g_reshape(g, a, to);
    if (graph_node(g, a)->op == op)
        return g_reduce(g, op, graph_node(g, a)->inputs[0], to);
    Node n;
    node_start(g, &n, op, to, 1, &a);
    return graph_add_node(g, &n, true);
}

/* A shape as a matrix: rows (a batch's samples apart) and columns. */
typedef struct Matrix {
    bool batch;
    int64_t rows, columns;
} Matrix;

static Matrix matrix_of(Shape s)
{
    Matrix m = { shape_has_batch(s), 1, 1 };
    if (s.rank > 0 && !(s.rank == 1 && m.batch)) {
        m.columns = s.dim[s.rank - 1];
        s.rank--;
    }
    m.rows = shape_elements(s);
    return m;
}

bool contract_fits(Shape a, Shape b, bool ta, bool tb, Shape out)
{
    Matrix ma = matrix_of(a), mb = matrix_of(b), mo = matrix_of(out);
    bool inner_batch_a = ta && ma.batch, inner_batch_b = !tb && mb.batch;
    int64_t inner_a = ta ? ma.rows : ma.columns, inner_b = tb ? mb.columns : mb.rows;
    bool row_batch = !ta && ma.batch;
    int64_t rows = ta ? ma.columns : ma.rows, columns = tb ? mb.rows : mb.columns;
    if (tb && mb.batch)
        return false;
    return inner_batch_a == inner_batch_b && inner_a == inner_b && mo.batch == row_batch &&
           mo.rows == rows && mo.columns == columns;
}

NodeId graph_factor(Graph *g, NodeId a)
{
    return g->rounds_products ? g_unary(g, IR_ROUND_BF16, a) : a;
}

NodeId g_contract(Graph *g, NodeId a, NodeId b, bool ta, bool tb, Shape out)
{
    Shape sa = shape_at(g, a), sb = shape_at(g, b);
    if (!contract_fits(sa, sb, ta, tb, out))
        return fail(g, a, "contract", sa, sb);
    a = graph_factor(g, a), b = graph_factor(g, b);
    /* One number that is computed is not in panels; in a product with it nothing is summed. */
    for (int i = 0; i < 2; i++) {
        NodeId one = i ? b : a, other = i ? a : b;
        if (!shape_is_scalar(shape_at(g, one)) || graph_node(g, one)->op == IR_WEIGHT)
            continue;
        return g_reshape(g, g_binary(g, IR_MUL, other, g_reshape(g, one, shape_scalar())), out);
    }
    if (shape_is_scalar(out) && shape_equal(sa, sb)) {
        return g_broadcast(g, g_reduce(g, IR_REDUCE_SUM, g_binary(g, IR_MUL, a, b), shape_scalar()),
                           out);
    }
    Node n;
    node_start(g, &n, IR_CONTRACT, out, 2, (NodeId[]){ a, b });
    n.as.contract.ta = ta;
    n.as.contract.tb = tb;
    return graph_add_node(g, &n, true);
}

NodeId g_reshape(Graph *g, NodeId a, Shape to)
{
    const Node *n = graph_node(g, a);
    Shape from = n->shape;
    if (shape_equal(from, to))
        return a;
    if (shape_has_batch(from) != shape_has_batch(to) || shape_elements(from) != shape_elements(to))
        return fail(g, a, "reshape", from, to);
    if (shape_is_scalar(from))
        return g_broadcast(g, a, to);
    double value;
    if (node_constant(g, a, &value))
        return g_broadcast(g, g_const(g, value), to);
    if (n->op == IR_INPUT || n->op == IR_TARGET || n->op == IR_SAMPLE_WEIGHT)
        return leaf(g, n->op, to);
    if (n->op == IR_RESHAPE)
        return g_reshape(g, n->inputs[0], to);
    Node node;
    node_start(g, &node, IR_RESHAPE, to, 1, &a);
    return graph_add_node(g, &node, true);
}

/* Moves along an axis: static axes only. */
static bool axis_fits(Graph *g, const char *what, Shape s, int axis)
{
    if (axis >= 0 && axis < s.rank && s.dim[axis] != DIM_BATCH)
        return true;
    fail(g, NO_NODE, what, s, s);
    return false;
}

NodeId g_concat(Graph *g, int n, const NodeId *in, int axis)
{
    Shape shape = shape_at(g, in[0]);
    if (!axis_fits(g, "concat", shape, axis))
        return in[0];
    for (int i = 1; i < n; i++) {
        Shape other = shape_at(g, in[i]), first = shape_at(g, in[0]);
        if (axis < other.rank)
            first.dim[axis] = other.dim[axis];
        if (!shape_equal(other, first))
            return fail(g, in[0], "concat", first, other);
        shape.dim[axis] += other.dim[axis];
    }
    if (n == 1)
        return in[0];
    Node node;
    node_start(g, &node, IR_CONCAT, shape, n, arena_dup(g->arena, in, sizeof(NodeId) * (size_t)n));
    node.as.axis = axis;
    return graph_add_node(g, &node, true);
}

NodeId g_slice(Graph *g, NodeId a, int axis, int64_t begin, int64_t end)
{
    Shape shape = shape_at(g, a);
    if (!axis_fits(g, "slice", shape, axis))
        return a;
    if (begin < 0 || end > shape.dim[axis] || begin >= end)
        return fail(g, a, "slice", shape, shape);
    if (begin == 0 && end == shape.dim[axis])
        return a;
    shape.dim[axis] = end - begin;
    double value;
    if (node_constant(g, a, &value))
        return g_broadcast(g, g_const(g, value), shape);
    Node n;
    node_start(g, &n, IR_SLICE, shape, 1, &a);
    n.as.slice.axis = axis;
    n.as.slice.begin = begin;
    n.as.slice.end = end;
    return graph_add_node(g, &n, true);
}

NodeId g_pad(Graph *g, NodeId a, int axis, int64_t before, int64_t after)
{
    Shape shape = shape_at(g, a);
    if (!axis_fits(g, "pad", shape, axis))
        return a;
    if (before < 0 || after < 0)
        return fail(g, a, "pad", shape, shape);
    if (before == 0 && after == 0)
        return a;
    shape.dim[axis] += before + after;
    double value;
    if (node_constant(g, a, &value) && value == 0)
        return g_broadcast(g, g_const(g, 0), shape);
    Node n;
    node_start(g, &n, IR_PAD, shape, 1, &a);
    n.as.pad.axis = axis;
    n.as.pad.before = before;
    n.as.pad.after = after;
    return graph_add_node(g, &n, true);
}

NodeId g_permute(Graph *g, NodeId a, const int8_t *order)
{
    Shape from = shape_at(g, a), shape = from;
    bool same = true, seen[GRAPH_MAX_RANK] = { false };
    for (int i = 0; i < from.rank; i++) {
        int axis = order[i];
        if (axis < 0 || axis >= from.rank || seen[axis] || (from.dim[axis] == DIM_BATCH && i > 1))
            return fail(g, a, "permute", from, from);
        seen[axis] = true;
        same = same && axis == i;
        shape.dim[i] = from.dim[axis];
    }

    if (same || shape_is_scalar(from))
        return a;
    double value;
    if (node_constant(g, a, &value))
        return g_broadcast(g, g_const(g, value), shape);

    const Node *inner = graph_node(g, a);
    if (inner->op == IR_PERMUTE) {
        int8_t both[GRAPH_MAX_RANK] = { 0 };
        for (int i = 0; i < from.rank; i++)
            both[i] = inner->as.permute.order[order[i]];
        return g_permute(g, inner->inputs[0], both);
    }

    Node n;
    node_start(g, &n, IR_PERMUTE, shape, 1, &a);
    memcpy(n.as.permute.order, order, (size_t)from.rank);
    return graph_add_node(g, &n, true);
}

void g_assign(Graph *g, int tensor, NodeId value)
{
    if (g->assigns_if != NO_NODE)
        value = g_select(g, g->assigns_if, value, g_weight(g, tensor));
    value = g_broadcast(g, value, g->tensors.data[tensor].shape);
    const Node *v = graph_node(g, value);
    if (v->op == IR_WEIGHT && v->as.tensor == tensor)
        return;
    Node n;
    node_start(g, &n, IR_ASSIGN, g->tensors.data[tensor].shape, 1, &value);
    n.as.tensor = tensor;
    n.feature_axis = (int8_t)g->tensors.data[tensor].feature_axis;
    graph_add_node(g, &n, false);
}

void g_emit(Graph *g, Slot slot, NodeId value, int tensor)
{
    if (slot == SLOT_TENSOR)
        value = g_broadcast(g, value, g->tensors.data[tensor].shape);
    Node n;
    node_start(g, &n, IR_EMIT, shape_at(g, value), 1, &value);
    n.slot = slot;
    n.slot_tensor = slot == SLOT_TENSOR ? tensor : -1;
    if (slot == SLOT_TENSOR)
        n.feature_axis = (int8_t)g->tensors.data[tensor].feature_axis;
    graph_add_node(g, &n, false);
}
