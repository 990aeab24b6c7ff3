/* simplify.c: the graph rebuilt, through the builders, from what its roots need.
 *
 * Requires a sound graph; keeps every value (a quotient by a scalar becomes a product with the
 * scalar's float64 reciprocal, which rounds once more). Afterwards: no STOP is left; a GRID node
 * never reads a reduction to a scalar directly, but through a scalar BROADCAST, which a SCALAR
 * kernel works out; products and outputs read the source of a RESHAPE that changes no row; factors
 * that are scalars are multiplied first; a broadcast that no row map says is a BROADCAST
 * node of its own; random numbers and coordinates are read only in their own shape, elsewhere
 * through a BROADCAST. */
#include "passes/passes.h"
#include <string.h>

typedef struct Rebuild {
    const Machine *machine;
    const Graph *from;
    Graph *to;
    NodeId *map;         /* old -> new */
    int *uses;           /* of old nodes, among live ones */
    VEC(NodeId) concats; /* of the new graph */
} Rebuild;

static bool is_scalar(const Graph *g, NodeId id)
{
    return shape_is_scalar(graph_node(g, id)->shape);
}

static bool *live_nodes(const Graph *g, int *uses)
{
    bool *live = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1);
    for (size_t i = 0; i < g->roots.len; i++)
        live[g->roots.data[i]] = true;
    for (size_t i = g->nodes.len; i-- > 0;) {
        if (!live[i])
            continue;
        const Node *n = &g->nodes.data[i];
        for (int k = 0; k < n->input_count; k++) {
            live[n->inputs[k]] = true;
            uses[n->inputs[k]]++;
        }
    }
    return live;
}

NodeId add_shaped(Graph *g, Op op, NodeId a, Shape to)
{
    Node n;
    memset(&n, 0, sizeof n);
    n.op = op;
    n.shape = to;
    n.input_count = 1;
    n.inputs = &a;
    n.layer = g->current_layer;
    n.feature_axis = (int8_t)(to.rank > 0 ? to.rank - 1 : 0);
    n.part = (uint8_t)g->current_part;
    return graph_add_node(g, &n, true);
}

/* A total is summed of partials by a SCALAR kernel; what a GRID node reads is that kernel's result.
 */
static NodeId readable(Graph *g, NodeId id)
{
    const Node *n = graph_node(g, id);
    if (op_class(n->op) != CLASS_REDUCE || !shape_is_scalar(n->shape))
        return id;
    return add_shaped(g, IR_BROADCAST, id, n->shape);
}

/* Random numbers and coordinates are not in memory: what is not an elementwise op of their shape
 * reads a copy. */
static NodeId materialised(Graph *g, NodeId id, const Shape *reader)
{
    const Node *n = graph_node(g, id);
    if (n->op != IR_RANDOM && n->op != IR_INDEX)
        return id;
    if (reader && shape_equal(*reader, n->shape) && !shape_is_scalar(n->shape))
        return id;
    if (reader && n->op == IR_INDEX && shape_has_batch(*reader) && reader->rank > 1 &&
        n->as.axis == n->shape.rank - 1 &&
        reader->dim[reader->rank - 1] == n->shape.dim[n->as.axis]) {
        return id;
    }
    return add_shaped(g, IR_BROADCAST, id, n->shape);
}

static int default_axis(Shape s)
{
    return s.rank > 0 ? s.rank - 1 : 0;
}

static NodeId spread(Graph *g, NodeId id, Shape to)
{
    int64_t div, mod;
    Shape s = graph_node(g, id)->shape;
    if (to.rank < 3 || view_row_map(s, default_axis(s), to, default_axis(to), &div, &mod))
        return id;
    return g_broadcast(g, id, to);
}

/* s * (t * x) with scalars s and t: (s * t) * x. */
static NodeId scale(Rebuild *r, const Node *old, const NodeId *in)
{
    Graph *g = r->to;
    for (int i = 0; i < 2; i++) {
        NodeId s = in[i], product = in[1 - i];
        if (!is_scalar(g, s) || is_scalar(g, product) || graph_node(g, product)->op != IR_MUL ||
            r->uses[old->inputs[1 - i]] > 1) {
            continue;
        }
        for (int k = 0; k < 2; k++) {
            NodeId t = graph_node(g, product)->inputs[k], x = graph_node(g, product)->inputs[1 - k];
            if (is_scalar(g, t))
                return g_binary(g, IR_MUL, g_binary(g, IR_MUL, s, t), x);
        }
    }
    return g_binary(g, IR_MUL, in[0], in[1]);
}

static NodeId rebuild_map(Rebuild *r, const Node *old, NodeId *in)
{
    Graph *g = r->to;
    if (old->op == IR_STOP)
        return in[0];
    if (old->op == IR_BROADCAST && shape_equal(old->shape, graph_node(g, in[0])->shape))
        return add_shaped(g, IR_BROADCAST, in[0], old->shape);
    if (!shape_is_scalar(old->shape))
        for (int i = 0; i < old->input_count; i++)
            in[i] = materialised(g, spread(g, readable(g, in[i]), old->shape), &old->shape);
    else
        for (int i = 0; i < old->input_count; i++)
            in[i] = materialised(g, in[i], NULL);
    if (old->op == IR_BROADCAST)
        return g_broadcast(g, in[0], old->shape);
    double value;
    if (old->op == IR_DIV && is_scalar(g, in[1]) && !is_scalar(g, in[0]) &&
        !node_constant(g, in[1], &value)) {
        return g_binary(g, IR_MUL, in[0], g_binary(g, IR_DIV, g_const(g, 1), in[1]));
    }
    if (old->op == IR_MUL)
        return scale(r, old, in);
    return g_map(g, old->op, old->input_count, in);
}

/* The source of a chain of reshapes that leave rows and features as they are. */
static NodeId unshaped(const Graph *g, NodeId id)
{
    while (graph_node(g, id)->op == IR_RESHAPE) {
        NodeId source = graph_node(g, id)->inputs[0];
        Shape a = graph_node(g, id)->shape, b = graph_node(g, source)->shape;
        if (!view_equal(view_of_shape(a, default_axis(a)), view_of_shape(b, default_axis(b))))
            break;
        id = source;
    }
    return id;
}

/* ---- concatenations ---- */
static NodeId without_reshapes(const Graph *g, NodeId id)
{
    while (graph_node(g, id)->op == IR_RESHAPE)
        id = graph_node(g, id)->inputs[0];
    return id;
}

/* The same value, or one the other's copy. */
static bool same_part(const Graph *g, NodeId a, NodeId b)
{
    if (graph_node(g, a)->op == IR_BROADCAST &&
        shape_equal(graph_node(g, a)->shape, graph_node(g, graph_node(g, a)->inputs[0])->shape)) {
        a = graph_node(g, a)->inputs[0];
    }
    if (graph_node(g, b)->op == IR_BROADCAST &&
        shape_equal(graph_node(g, b)->shape, graph_node(g, graph_node(g, b)->inputs[0])->shape)) {
        b = graph_node(g, b)->inputs[0];
    }
    return a == b;
}

/* A run of the parts of an earlier, longer concatenation is a slice of it. */
static NodeId run_of_other(Rebuild *r, const Node *old, const NodeId *in)
{
    const Graph *g = r->to;
    for (size_t c = r->concats.len; c-- > 0;) {
        const Node *whole = graph_node(g, r->concats.data[c]);
        int64_t at = 0;
        if (whole->as.axis != old->as.axis || whole->input_count <= old->input_count ||
            whole->shape.rank != old->shape.rank) {
            continue;
        }
        for (int i = 0; i + old->input_count <= whole->input_count; i++) {
            int k = 0;
            while (k < old->input_count && same_part(g, whole->inputs[i + k], in[k]))
                k++;
            if (k == old->input_count) {
                return g_slice(r->to, r->concats.data[c], old->as.axis, at,
                               at + old->shape.dim[old->as.axis]);
            }
            at += graph_node(g, whole->inputs[i])->shape.dim[old->as.axis];
        }
    }
    return NO_NODE;
}

/* A part that others read too, or that no elementwise kernel makes, is copied: the copy can be
 * stored in its place (in_place.c), by the kernel that makes it. */
static NodeId concat(Rebuild *r, const Node *old, NodeId *in)
{
    Graph *g = r->to;
    int last = old->shape.rank - 1;
    NodeId run = run_of_other(r, old, in);
    if (run != NO_NODE)
        return run;
    bool places = old->as.axis == 0 || old->as.axis == last;
    for (int i = 0; i < old->input_count && places && old->as.axis == last; i++)
        places = i + 1 == old->input_count || graph_node(g, in[i])->shape.dim[last] % LANES == 0;
    for (int i = 0; i < old->input_count && places && old->shape.rank > 1; i++) {
        NodeId root = without_reshapes(g, in[i]);
        const Node *n = graph_node(g, root);
        if (n->op == IR_CONCAT || (n->op == IR_BROADCAST && root == in[i]))
            continue;
        if (op_class(n->op) == CLASS_MAP && r->uses[old->inputs[i]] == 1 && root == in[i])
            continue;
        in[i] = add_shaped(g, IR_BROADCAST, in[i], graph_node(g, in[i])->shape);
    }
    NodeId made = g_concat(g, old->input_count, in, old->as.axis);
    vec_push(g->arena, &r->concats, made);
    return made;
}

static NodeId rebuild(Rebuild *r, const Node *old)
{
    Graph *g = r->to;
    NodeId few[4],
        *in = old->input_count <= 4 ? few : ARENA_ARRAY(g->arena, NodeId, old->input_count);

    for (int i = 0; i < old->input_count; i++)
        in[i] = r->map[old->inputs[i]];

    switch (op_class(old->op)) {
    case CLASS_LEAF: break;
    case CLASS_MAP: return rebuild_map(r, old, in);
    case CLASS_REDUCE: {
        NodeId from = materialised(g, in[0], NULL),
               apart = old->op == IR_REDUCE_SUM ? sum_by_samples(r->machine, g, from, old->shape)
                                                : NO_NODE;
        return apart != NO_NODE ? apart : g_reduce(g, old->op, from, old->shape);
    }
    case CLASS_CONTRACT: {
        NodeId a = materialised(g, unshaped(g, in[0]), NULL),
               b = materialised(g, unshaped(g, in[1]), NULL);
        return g_contract(g, a, b, old->as.contract.ta, old->as.contract.tb, old->shape);
    }
    case CLASS_WINDOW:
        for (int i = 0; i < old->input_count; i++)
            in[i] = materialised(g, readable(g, in[i]), NULL);
        break;
    case CLASS_MOVE:
        for (int i = 0; i < old->input_count; i++)
            in[i] = materialised(g, readable(g, in[i]), NULL);
        switch (old->op) {
        case IR_RESHAPE: return g_reshape(g, in[0], old->shape);
        case IR_CONCAT: return concat(r, old, in);
        case IR_SLICE:
            return g_slice(g, in[0], old->as.slice.axis, old->as.slice.begin, old->as.slice.end);
        case IR_GATHER_ROWS: return g_gather_rows(g, in[0], in[1]);
        case IR_SCATTER_ROWS: return g_scatter_rows(g, in[0], in[1], old->shape.dim[0]);
        case IR_HEADS_DOT: return g_heads_dot(g, in[0], in[1], old->as.heads.heads);
        case IR_HEADS_MIX: return g_heads_mix(g, in[0], in[1], old->as.heads.transposed);
        case IR_PAD:
            return g_pad(g, in[0], old->as.pad.axis, old->as.pad.before, old->as.pad.after);
        case IR_PERMUTE: return g_permute(g, in[0], old->as.permute.order);
        default: break;
        }
        break;
    case CLASS_EFFECT:
        in[0] = materialised(g, in[0], NULL);
        if (old->op == IR_EMIT && old->slot == SLOT_OUT)
            in[0] = unshaped(g, in[0]);
        if (old->op == IR_ASSIGN && graph_node(g, in[0])->op == IR_WEIGHT &&
            graph_node(g, in[0])->as.tensor == old->as.tensor) {
            return NO_NODE;
        }
        break;
    }

    Node copy;
    memcpy(&copy, old, sizeof copy);
    copy.inputs = in;
    if (old->op == IR_EMIT && old->slot == SLOT_OUT) {
        copy.shape = graph_node(g, in[0])->shape,
        copy.feature_axis = (int8_t)default_axis(copy.shape);
    }
    return graph_add_node(g, &copy, op_class(old->op) != CLASS_EFFECT);
}

static Graph *rebuild_graph(const Machine *machine, const Graph *from)
{
    Graph *to = graph_new(from->arena, from->name, from->batch);
    to->sample = from->sample;
    to->target = from->target;
    to->streams = from->streams;
    to->error = from->error;

    for (size_t i = 0; i < from->tensors.len; i++)
        vec_push(to->arena, &to->tensors, from->tensors.data[i]);

    Rebuild r = { machine,
                  from,
                  to,
                  ARENA_ARRAY(from->arena, NodeId, from->nodes.len + 1),
                  ARENA_ARRAY(from->arena, int, from->nodes.len + 1),
                  { 0 } };

    bool *live = live_nodes(from, r.uses);

    for (size_t i = 0; i < from->nodes.len; i++) {
        r.map[i] = NO_NODE;
        if (!live[i])
            continue;
        const Node *n = &from->nodes.data[i];
        to->current_layer = n->layer;
        to->current_part = n->part;
        r.map[i] = rebuild(&r, n);
    }

    for (size_t i = 0; i < from->layers.len; i++) {
        Layer l = from->layers.data[i];
        l.output = l.output >= 0 && (size_t)l.output < from->nodes.len ? r.map[l.output] : NO_NODE;
        vec_push(to->arena, &to->layers, l);
    }

    return to;
}

Plan *pass_simplify(Plan *plan)
{
    enum { MOST_ROUNDS = 4 };

    for (int i = 0; i < MOST_ROUNDS; i++) {
        size_t before = plan->graph->nodes.len;
        plan->graph = rebuild_graph(plan->machine, plan->graph);
        if (i > 0 && plan->graph->nodes.len == before)
            break;
    }
    return plan;
}
