/* rematerialise.c: large images that the backward pass reads are computed again for it, where they
 * follow cheaply from what it keeps anyway.
 *
 * Requires a simplified graph. A convolution's output that a normalisation's derivative reads stays
 * in memory until then; what lies between it and the next convolution (scale, shift, activation,
 * residual sums of a few of these) is read by that one's filters' derivative, and would lie beside
 * it all the while. Such nodes get a second copy, made where the backward pass has come to
 * (Node.not_before). The batch's images are gathered a second time. (After Chen, Xu, Zhang and
 * Guestrin, Training deep nets with sublinear memory cost, 2016; no product is computed twice.) */
#include "passes/passes.h"
#include <string.h>

enum { MOST_VISITED = 48 };

typedef struct Remat {
    Plan *plan;
    Graph *from, *to;
    Uses uses;
    /* per node: lies in memory until the backward pass has read it */
    bool *saved;
    /* per node: it is computed again, not before this one; NO_NODE: it is not */
    NodeId *not_before;
    NodeId *map, *again; /* per node: itself, and its second copy, in the new graph */
} Remat;

static const Node *at(const Remat *l, NodeId id)
{
    return graph_node(l->from, id);
}

static bool is_vector(const Remat *l, NodeId id)
{
    return !shape_has_batch(at(l, id)->shape);
}

static bool is_image(const Remat *l, NodeId id)
{
    Shape s = at(l, id)->shape;
    return s.rank > 2 && s.dim[0] == DIM_BATCH &&
           shape_elements(s) * l->plan->graph->batch >= l->plan->machine->sums->remake_floats;
}

static bool read_backward(const Remat *l, NodeId id)
{
    for (int i = l->uses.start[id]; i < l->uses.start[id + 1]; i++)
        if (at(l, l->uses.list[i])->part == PART_BACKWARD)
            return true;
    return false;
}

/* A convolution's output that the backward pass reads, as it is or at some distance from a vector.
 */
static bool is_saved(const Remat *l, NodeId id)
{
    if (op_class(at(l, id)->op) != CLASS_WINDOW || at(l, id)->part != PART_FORWARD)
        return false;
    if (read_backward(l, id))
        return true;
    for (int i = l->uses.start[id]; i < l->uses.start[id + 1]; i++) {
        NodeId r = l->uses.list[i];
        const Node *n = at(l, r);
        if (n->op != IR_SUB && n->op != IR_ADD && n->op != IR_MUL)
            continue;
        if (is_vector(l, n->inputs[n->inputs[0] == id]) && read_backward(l, r))
            return true;
    }
    return false;
}

typedef struct Visited {
    NodeId node[MOST_VISITED];
    int count, arrays;
} Visited;

/* Whether a node follows from saved arrays and vectors by cheap elementwise ops alone. */
static bool follows(const Remat *l, NodeId id, Visited *v)
{
    const Node *n = at(l, id);
    if (is_vector(l, id))
        return true;
    for (int i = 0; i < v->count; i++)
        if (v->node[i] == id)
            return true;
    if (v->count == MOST_VISITED)
        return false;
    v->node[v->count++] = id;
    if (l->saved[id])
        return ++v->arrays <= l->plan->machine->sums->remake_arrays;
    if (op_class(n->op) != CLASS_MAP || !op_has(n->op, OP_CHEAP))
        return false;
    for (int i = 0; i < n->input_count; i++)
        if (!follows(l, n->inputs[i], v))
            return false;
    return true;
}

static void decide(Remat *l, NodeId id)
{
    const Node *n = at(l, id);
    if (n->part != PART_FORWARD || !is_image(l, id) ||
        (n->op != IR_INPUT && op_class(n->op) != CLASS_MAP)) {
        return;
    }

    NodeId first = NO_NODE, adjoint = NO_NODE;
    bool forward = false;

    for (int i = l->uses.start[id]; i < l->uses.start[id + 1]; i++) {
        NodeId r = l->uses.list[i];
        const Node *reader = at(l, r);
        forward = forward || reader->part == PART_FORWARD;
        if (reader->part != PART_BACKWARD)
            continue;
        if (first == NO_NODE || r < first)
            first = r;
        if (reader->op == IR_CONV_WEIGHT && reader->inputs[0] == id &&
            (adjoint == NO_NODE || reader->inputs[1] < adjoint)) {
            adjoint = reader->inputs[1];
        }
    }

    Visited v = { 0 };
    if (first == NO_NODE || !forward)
        return;

    if (adjoint != NO_NODE && adjoint < first && (n->op == IR_INPUT || follows(l, id, &v)))
        l->not_before[id] = adjoint;
    else if (n->op != IR_INPUT && read_backward(l, id) && !op_has(n->op, OP_CHEAP))
        l->saved[id] = true;
}

static NodeId copy_node(Remat *l, NodeId id, const NodeId *in, NodeId not_before)
{
    Node made;
    memcpy(&made, at(l, id), sizeof made);
    made.inputs = made.input_count
                      ? arena_dup(l->to->arena, in, sizeof *in * (size_t)made.input_count)
                      : NULL;
    if (not_before != NO_NODE)
        made.not_before = 1 + not_before, made.part = PART_BACKWARD;
    return graph_add_node(l->to, &made, false);
}

typedef struct Copy {
    Remat *l;
    NodeId not_before, node[MOST_VISITED], made[MOST_VISITED];
    int count;
} Copy;

static NodeId copy_with_inputs(Copy *a, NodeId id)
{
    Remat *l = a->l;
    const Node *n = at(l, id);
    if (is_vector(l, id) || (l->saved[id] && n->op != IR_INPUT))
        return l->map[id];
    for (int i = 0; i < a->count; i++)
        if (a->node[i] == id)
            return a->made[i];
    NodeId in[3] = { 0 };
    for (int i = 0; i < n->input_count; i++)
        in[i] = copy_with_inputs(a, n->inputs[i]);
    NodeId made = copy_node(l, id, in, a->not_before);
    a->node[a->count] = id;
    a->made[a->count++] = made;
    return made;
}

static NodeId second_copy(Remat *l, NodeId id)
{
    if (l->again[id] == NO_NODE) {
        Copy a = { .l = l, .not_before = l->map[l->not_before[id]] };
        l->again[id] = copy_with_inputs(&a, id);
    }
    return l->again[id];
}

static void rebuild(Remat *l)
{
    const Graph *from = l->from;
    Graph *g = l->to;
    for (NodeId i = 0; i < (NodeId)from->nodes.len; i++) {
        const Node *n = at(l, i);
        NodeId *in = n->input_count ? ARENA_ARRAY(g->arena, NodeId, n->input_count) : NULL;
        for (int k = 0; k < n->input_count; k++) {
            NodeId u = n->inputs[k];
            in[k] = n->part == PART_BACKWARD && l->not_before[u] != NO_NODE ? second_copy(l, u)
                                                                            : l->map[u];
        }
        l->map[i] = copy_node(l, i, in, NO_NODE);
    }
    for (size_t i = 0; i < from->layers.len; i++) {
        Layer layer = from->layers.data[i];
        if (layer.output != NO_NODE)
            layer.output = l->map[layer.output];
        vec_push(g->arena, &g->layers, layer);
    }
}

Plan *pass_rematerialise(Plan *plan)
{
    Graph *from = plan->graph;
    size_t count = from->nodes.len;
    Remat l = { .plan = plan,
                .from = from,
                .uses = uses_of(plan),
                .saved = ARENA_ARRAY(plan->arena, bool, count + 1),
                .not_before = ARENA_ARRAY(plan->arena, NodeId, count + 1),
                .map = ARENA_ARRAY(plan->arena, NodeId, count + 1),
                .again = ARENA_ARRAY(plan->arena, NodeId, count + 1) };

    for (size_t i = 0; i < count; i++)
        l.not_before[i] = l.again[i] = NO_NODE;
    bool any = false;

    for (NodeId i = 0; i < (NodeId)count; i++) {
        if (!l.uses.live[i])
            continue;
        l.saved[i] = is_saved(&l, i);
        decide(&l, i);
        any = any || l.not_before[i] != NO_NODE;
    }

    if (!any)
        return plan;

    l.to = graph_new(from->arena, from->name, from->batch);
    l.to->sample = from->sample;
    l.to->target = from->target;
    l.to->streams = from->streams;
    l.to->error = from->error;
    for (size_t i = 0; i < from->tensors.len; i++)
        vec_push(l.to->arena, &l.to->tensors, from->tensors.data[i]);

    rebuild(&l);
    plan->graph = l.to;
    return plan;
}
