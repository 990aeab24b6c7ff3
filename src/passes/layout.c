/* layout.c: the axis of each value that lies in panels.
 *
 * Requires a simplified graph. Values have their last axis in panels, but what is made of a dense kernel [units, inputs], or flows into one, has the
 * tensor's own: it is carried along elementwise ops in both directions until nothing changes. Products choose nothing: they read C's lanes from a
 * factor whose rows are the summed axis; where that factor lies in the other order, a second copy (Relayout) is asked for. */
#include "passes/passes.h"

enum { UNKNOWN = -1 };

typedef struct Layout { Plan *plan; Graph *g; int *from_end; } Layout;     /* per node: its axis in panels, counted from the last */

static bool carries(const Node *n) {
    return !shape_has_batch(n->shape) && n->shape.rank >= 2 &&
           (op_class(n->op) == CLASS_MAP || op_class(n->op) == CLASS_REDUCE || op_class(n->op) == CLASS_CONTRACT ||
            op_class(n->op) == CLASS_MOVE || n->op == IR_INDEX || n->op == IR_RANDOM);
}

static bool set(Layout *l, NodeId id, int from_end) {
    const Node *n = graph_node(l->g, id);
    if (l->from_end[id] != UNKNOWN || !carries(n) || n->shape.rank <= from_end) return false;
    if (n->op == IR_CONTRACT && n->shape.rank != 2) return false;
    l->from_end[id] = from_end;
    return true;
}

static bool forward(Layout *l, NodeId id) {
    const Node *n = graph_node(l->g, id);
    if (op_class(n->op) != CLASS_MAP && op_class(n->op) != CLASS_REDUCE) return false;
    for (int i = 0; i < n->input_count; i++) {
        int e = l->from_end[n->inputs[i]];
        if (e > 0 && set(l, id, e)) return true;
    }
    return false;
}

static bool backward(Layout *l, NodeId id) {
    const Node *n = graph_node(l->g, id);
    OpClass class = op_class(n->op);
    if (l->from_end[id] <= 0 || (class != CLASS_MAP && class != CLASS_REDUCE && class != CLASS_EFFECT)) return false;
    bool changed = false;
    for (int i = 0; i < n->input_count; i++) changed = set(l, n->inputs[i], l->from_end[id]) || changed;
    return changed;
}

static void infer(Layout *l) {
    NodeId count = (NodeId)l->g->nodes.len;
    for (NodeId i = 0; i < count; i++) {
        const Node *n = graph_node(l->g, i);
        l->from_end[i] = UNKNOWN;
        if (n->op == IR_WEIGHT || n->op == IR_ASSIGN || (n->op == IR_EMIT && n->slot == SLOT_TENSOR))
            l->from_end[i] = n->shape.rank > 0 ? n->shape.rank - 1 - n->feature_axis : 0;
    }
    enum { MOST_ROUNDS = 16 };
    bool changed = true;
    for (int round = 0; changed && round < MOST_ROUNDS; round++) {
        changed = false;
        for (NodeId i = 0; i < count; i++) changed = forward(l, i) || changed;
        for (NodeId i = count; i-- > 0;) changed = backward(l, i) || changed;
    }
    for (NodeId i = 0; i < count; i++) {
        Node *n = &l->g->nodes.data[i];
        int e = l->from_end[i] > 0 && l->from_end[i] < n->shape.rank ? l->from_end[i] : 0;
        n->feature_axis = (int8_t)(n->shape.rank > 0 ? n->shape.rank - 1 - e : 0);
        l->plan->feature_axis[i] = n->feature_axis;
    }
}

static void ask_relayout(Plan *plan, NodeId id, int axis) {
    if (plan->copy[id] >= 0) return;
    plan->copy[id] = (int)plan->relayouts.len;
    Relayout r = {.node = id, .feature_axis = axis};
    r.storage.view = view_of_shape(graph_node(plan->graph, id)->shape, axis);
    r.storage.rows_max = view_rows_max(plan, r.storage.view);
    vec_push(plan->arena, &plan->relayouts, r);
}

static Plan *check_operands(Plan *plan, NodeId id) {
    const Graph *g = plan->graph;
    const Node *n = graph_node(g, id);
    int64_t div, mod;
    for (int i = 0; i < n->input_count; i++) {
        const Node *u = graph_node(g, n->inputs[i]);
        double constant;
        if (n->op == IR_BROADCAST || node_constant(g, n->inputs[i], &constant)) continue;
        if (!view_row_map(u->shape, u->feature_axis, n->shape, n->feature_axis, &div, &mod))
            return plan_fail(plan, "%%%d: operand %%%d %s lies in another order than %s and can't be broadcast into it", (int)id, (int)n->inputs[i],
                             shape_text(plan->arena, u->shape), shape_text(plan->arena, n->shape));
    }
    return plan;
}

Plan *pass_layout(Plan *plan) {
    Graph *g = plan->graph;
    plan->feature_axis = ARENA_ARRAY(plan->arena, int, g->nodes.len + 1);
    Layout l = {plan, g, ARENA_ARRAY(plan->arena, int, g->nodes.len + 1)};
    plan->copy = ARENA_ARRAY(plan->arena, int, g->nodes.len + 1);
    for (size_t i = 0; i < g->nodes.len; i++) plan->copy[i] = -1;
    infer(&l);
    for (NodeId i = 0; i < (NodeId)g->nodes.len && !plan->error; i++) {
        const Node *n = graph_node(g, i);
        plan->flops += node_flops(plan, i);
        if (op_class(n->op) == CLASS_MAP) check_operands(plan, i);
        double constant;
        if (n->op == IR_ASSIGN && !node_constant(g, n->inputs[0], &constant) && graph_node(g, n->inputs[0])->feature_axis != n->feature_axis && !shape_is_scalar(n->shape))
            return plan_fail(plan, "%%%d: what tensor \"%s\" is given lies in another order", (int)i, g->tensors.data[n->as.tensor].name);
        if (n->op != IR_CONTRACT) continue;
        Factors f = contract_factors(plan, i);
        if (!f.sound) return plan_fail(plan, "%%%d: a product of %s and %s in an order that has no kernel", (int)i,
                                       shape_text(plan->arena, graph_node(g, n->inputs[0])->shape), shape_text(plan->arena, graph_node(g, n->inputs[1])->shape));
        if (graph_node(g, f.lanes)->feature_axis != f.lanes_axis) ask_relayout(plan, f.lanes, f.lanes_axis);
    }
    const double serial_below = 0.3e6;
    plan->serial = plan->flops < serial_below;
    return plan;
}
