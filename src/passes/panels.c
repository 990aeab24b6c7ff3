/* panels.c: the axis of each value that lies in panels.
 *
 * Requires a simplified graph. Values have their last axis in panels, but images have their
 * channels, and what is made of a dense kernel [units, inputs] or of filters, or flows into one,
 * has the tensor's own: the axis is carried along elementwise ops, reductions and moves in both
 * directions until nothing changes. Products choose nothing: they read C's lanes from a factor
 * whose rows are the summed axis; where that factor lies in the other order, a second copy
 * (Relayout) is asked for. Where else a reader wants another axis than its operand has, a copy is
 * put between them: a BROADCAST to the same elements, which is a kernel that moves. */
#include "passes/passes.h"
#include <string.h>

enum { UNKNOWN = -1 };

/* per node: its axis in panels, counted from the last */
typedef struct Layout {
    Plan *plan;
    Graph *g;
    int *from_end;
} Layout;

/* Moves that find their elements wherever they lie; the others want last axes in panels. */
static bool moves_freely(Op op)
{
    return op == IR_RESHAPE || op == IR_CONCAT || op == IR_SLICE || op == IR_PAD ||
           op == IR_PERMUTE;
}

static bool carries(const Node *n)
{
    OpClass class = op_class(n->op);
    if (class == CLASS_MOVE && !moves_freely(n->op))
        return false;
    if (n->shape.rank < (shape_has_batch(n->shape) ? 3 : 2))
        return false;
    if (class == CLASS_MAP || class == CLASS_REDUCE || class == CLASS_MOVE || n->op == IR_INDEX ||
        n->op == IR_RANDOM) {
        return true;
    }
    return shape_has_batch(n->shape) ? n->op == IR_INPUT || n->op == IR_TARGET
                                     : class == CLASS_CONTRACT;
}

static bool set(Layout *l, NodeId id, int from_end)
{
    const Node *n = graph_node(l->g, id);
    if (l->from_end[id] != UNKNOWN || !carries(n) ||
        n->shape.rank - shape_has_batch(n->shape) <= from_end) {
        return false;
    }
    if (n->op == IR_CONTRACT && n->shape.rank != 2)
        return false;
    l->from_end[id] = from_end;
    return true;
}

/* The axis of `to` that holds the same elements, in the same places, as one of `from`; UNKNOWN:
 * there is none. From the end, both. */
static int reshaped_axis(Shape from, int from_end, Shape to)
{
    int axis = from.rank - 1 - from_end;
    int64_t outer = 1, extent = 1;
    for (int i = 0; i < axis; i++)
        if (from.dim[i] != DIM_BATCH)
            outer *= from.dim[i];
    for (int i = 0; i < to.rank; i++) {
        if (to.dim[i] == DIM_BATCH)
            continue;
        if (extent == outer && to.dim[i] == from.dim[axis])
            return to.rank - 1 - i;
        extent *= to.dim[i];
    }
    return UNKNOWN;
}

/* Moves that keep every axis what it is. */
static bool keeps_axes(const Node *n)
{
    OpClass class = op_class(n->op);
    return class == CLASS_MAP || class == CLASS_REDUCE || n->op == IR_CONCAT || n->op == IR_SLICE ||
           n->op == IR_PAD;
}

static bool forward(Layout *l, NodeId id)
{
    const Node *n = graph_node(l->g, id);
    if (n->op == IR_RESHAPE && l->from_end[n->inputs[0]] != UNKNOWN) {
        int e = reshaped_axis(graph_node(l->g, n->inputs[0])->shape, l->from_end[n->inputs[0]],
                              n->shape);
        return e > 0 && set(l, id, e);
    }
    if (!keeps_axes(n))
        return false;
    for (int i = 0; i < n->input_count; i++) {
        int e = l->from_end[n->inputs[i]];
        if (e > 0 && set(l, id, e))
            return true;
    }
    return false;
}

static bool backward(Layout *l, NodeId id)
{
    const Node *n = graph_node(l->g, id);
    if (l->from_end[id] <= 0)
        return false;
    if (n->op == IR_RESHAPE) {
        int e = reshaped_axis(n->shape, l->from_end[id], graph_node(l->g, n->inputs[0])->shape);
        return e > 0 && set(l, n->inputs[0], e);
    }
    if (!keeps_axes(n) && op_class(n->op) != CLASS_EFFECT)
        return false;
    bool changed = false;
    for (int i = 0; i < n->input_count; i++)
        changed = set(l, n->inputs[i], l->from_end[id]) || changed;
    return changed;
}

/* What an op on windows reads and makes: images with their channels, filters with their first axis.
 */
static int window_axis(const Graph *g, const Node *n, int input)
{
    bool filters = input == 1 && (n->op == IR_CONV || n->op == IR_CONV_TRANSPOSE);
    return graph_node(g, n->inputs[input])->shape.rank - (filters ? 1 : 2);
}

static void infer(Layout *l)
{
    NodeId count = (NodeId)l->g->nodes.len;
    for (NodeId i = 0; i < count; i++)
        l->from_end[i] = UNKNOWN;
    for (NodeId i = 0; i < count; i++) {
        const Node *n = graph_node(l->g, i);
        if (n->op == IR_WEIGHT || n->op == IR_ASSIGN ||
            (n->op == IR_EMIT && n->slot == SLOT_TENSOR)) {
            l->from_end[i] = n->shape.rank > 0 ? n->shape.rank - 1 - n->feature_axis : 0;
        }
        if (op_class(n->op) != CLASS_WINDOW)
            continue;
        l->from_end[i] = n->shape.rank - 2;
        for (int k = 0; k < n->input_count; k++)
            set(l, n->inputs[k], window_axis(l->g, n, k));
    }

    enum { MOST_ROUNDS = 16 };

    bool changed = true;
    for (int round = 0; changed && round < MOST_ROUNDS; round++) {
        changed = false;
        for (NodeId i = 0; i < count; i++)
            changed = forward(l, i) || changed;
        for (NodeId i = count; i-- > 0;)
            changed = backward(l, i) || changed;
    }
    for (NodeId i = 0; i < count; i++) {
        Node *n = &l->g->nodes.data[i];
        int e = l->from_end[i] > 0 && l->from_end[i] < n->shape.rank ? l->from_end[i] : 0;
        n->feature_axis = (int8_t)(n->shape.rank > 0 ? n->shape.rank - 1 - e : 0);
    }
}

/* ---- copies between those that disagree ---- */
/* The axis, from the end, that a reader wants an operand to have in panels; UNKNOWN: it takes it as
 * it is. */
static int wanted(const Graph *g, const Node *n, int input)
{
    const Node *u = graph_node(g, n->inputs[input]);
    double constant;
    int64_t div, mod;
    if (shape_is_scalar(u->shape) || node_constant(g, n->inputs[input], &constant))
        return UNKNOWN;
    int has = u->shape.rank - 1 - u->feature_axis, own = n->shape.rank - 1 - n->feature_axis;
    switch (op_class(n->op)) {
    case CLASS_MAP:
        return n->op == IR_BROADCAST || view_row_map(u->shape, u->feature_axis, n->shape,
                                                     n->feature_axis, &div, &mod)
                   ? UNKNOWN
                   : own;
    case CLASS_WINDOW: return has == window_axis(g, n, input) ? UNKNOWN : window_axis(g, n, input);
    case CLASS_CONTRACT: return u->shape.rank > 2 && has != 0 ? 0 : UNKNOWN;
    case CLASS_MOVE: return !moves_freely(n->op) && has != 0 ? 0 : UNKNOWN;
    case CLASS_EFFECT:
        if (n->op == IR_EMIT && n->slot != SLOT_TENSOR)
            return has != 0 ? 0 : UNKNOWN;
        return has == own ? UNKNOWN : own;
    default: return UNKNOWN;
    }
}

static NodeId copy_to(Graph *g, NodeId id, int from_end)
{
    const Node *u = graph_node(g, id);
    Node n;
    memset(&n, 0, sizeof n);
    n.op = IR_BROADCAST;
    n.shape = u->shape;
    while (n.shape.rank <= from_end) {
        memmove(n.shape.dim + 1, n.shape.dim, sizeof *n.shape.dim * (size_t)n.shape.rank++);
        n.shape.dim[0] = 1;
    }
    n.input_count = 1;
    n.inputs = &id;
    n.layer = u->layer;
    n.part = u->part;
    n.feature_axis = (int8_t)(n.shape.rank - 1 - from_end);
    return graph_add_node(g, &n, false);
}

static bool disagree(const Graph *g)
{
    for (NodeId i = 0; i < (NodeId)g->nodes.len; i++) {
        const Node *n = graph_node(g, i);
        for (int k = 0; k < n->input_count; k++)
            if (wanted(g, n, k) != UNKNOWN)
                return true;
    }
    return false;
}

static Graph *with_copies(const Graph *from)
{
    Graph *g = graph_new(from->arena, from->name, from->batch);
    g->sample = from->sample;
    g->target = from->target;
    g->streams = from->streams;
    g->error = from->error;
    for (size_t i = 0; i < from->tensors.len; i++)
        vec_push(g->arena, &g->tensors, from->tensors.data[i]);
    NodeId *map = ARENA_ARRAY(g->arena, NodeId, from->nodes.len + 1);

    typedef struct Copy {
        NodeId node;
        int from_end;
        NodeId copy;
    } Copy;

    VEC(Copy) copies = { 0 };
    for (size_t i = 0; i < from->nodes.len; i++) {
        const Node *n = &from->nodes.data[i];
        Node made;
        memcpy(&made, n, sizeof made);
        made.inputs = n->input_count ? ARENA_ARRAY(g->arena, NodeId, n->input_count) : NULL;
        for (int k = 0; k < n->input_count; k++) {
            int e = wanted(from, n, k);
            made.inputs[k] = map[n->inputs[k]];
            if (e == UNKNOWN)
                continue;
            size_t c = 0;
            while (c < copies.len &&
                   !(copies.data[c].node == n->inputs[k] && copies.data[c].from_end == e)) {
                c++;
            }
            if (c == copies.len) {
                vec_push(g->arena, &copies,
                         ((Copy){ n->inputs[k], e, copy_to(g, map[n->inputs[k]], e) }));
            }
            made.inputs[k] = copies.data[c].copy;
        }
        if (made.not_before)
            made.not_before = 1 + map[made.not_before - 1];
        map[i] = graph_add_node(g, &made, false);
    }
    for (size_t i = 0; i < from->layers.len; i++) {
        Layer l = from->layers.data[i];
        if (l.output != NO_NODE)
            l.output = map[l.output];
        vec_push(g->arena, &g->layers, l);
    }
    return g;
}

static void ask_relayout(Plan *plan, NodeId id, int axis)
{
    if (plan->copy[id] >= 0)
        return;
    plan->copy[id] = (int)plan->relayouts.len;
    Relayout r = { .node = id, .feature_axis = axis };
    r.storage.view = view_of_shape(graph_node(plan->graph, id)->shape, axis);
    r.storage.rows_max = view_rows_max(plan, r.storage.view);
    vec_push(plan->arena, &plan->relayouts, r);
}

static Plan *check_operands(Plan *plan, NodeId id)
{
    const Graph *g = plan->graph;
    const Node *n = graph_node(g, id);
    int64_t div, mod;
    for (int i = 0; i < n->input_count; i++) {
        const Node *u = graph_node(g, n->inputs[i]);
        double constant;
        if (n->op == IR_BROADCAST || node_constant(g, n->inputs[i], &constant))
            continue;
        if (!view_row_map(u->shape, u->feature_axis, n->shape, n->feature_axis, &div, &mod)) {
            return plan_fail(plan,
                             "%%%d: operand %%%d %s lies in another order than %s and can't be "
                             "broadcast into it",
                             (int)id, (int)n->inputs[i], shape_text(plan->arena, u->shape),
                             shape_text(plan->arena, n->shape));
        }
    }
    return plan;
}

Plan *pass_panels(Plan *plan)
{
    Layout l = { plan, plan->graph, ARENA_ARRAY(plan->arena, int, plan->graph->nodes.len + 1) };
    infer(&l);
    if (disagree(plan->graph))
        plan->graph = with_copies(plan->graph);

    Graph *g = plan->graph;
    plan->feature_axis = ARENA_ARRAY(plan->arena, int, g->nodes.len + 1);
    plan->copy = ARENA_ARRAY(plan->arena, int, g->nodes.len + 1);
    for (size_t i = 0; i < g->nodes.len; i++) {
        plan->copy[i] = -1;
        plan->feature_axis[i] = graph_node(g, (NodeId)i)->feature_axis;
    }

    for (NodeId i = 0; i < (NodeId)g->nodes.len && !plan->error; i++) {
        const Node *n = graph_node(g, i);
        plan->flops += node_flops(plan, i);
        if (op_class(n->op) == CLASS_MAP)
            check_operands(plan, i);
        double constant;
        if (n->op == IR_ASSIGN && !node_constant(g, n->inputs[0], &constant) &&
            graph_node(g, n->inputs[0])->feature_axis != n->feature_axis &&
            !shape_is_scalar(n->shape)) {
            return plan_fail(plan, "%%%d: what tensor \"%s\" is given lies in another order",
                             (int)i, g->tensors.data[n->as.tensor].name);
        }

        if (n->op != IR_CONTRACT)
            continue;
        Factors f = contract_factors(plan, i);
        if (!f.sound) {
            return plan_fail(plan, "%%%d: a product of %s and %s in an order that has no kernel",
                             (int)i, shape_text(plan->arena, graph_node(g, n->inputs[0])->shape),
                             shape_text(plan->arena, graph_node(g, n->inputs[1])->shape));
        }
        if (graph_node(g, f.lanes)->feature_axis != f.lanes_axis)
            ask_relayout(plan, f.lanes, f.lanes_axis);
    }

    plan->serial = plan->flops < plan->machine->sums->serial_flops;
    return plan;
}
