/* in_place.c: slices and concatenations that need no copy: they lie in place.
 *
 * A slice is a view where its elements are rows of its source that lie together, or whole panels of
 * it. A concatenation lies in place where each of its parts does so in it and can be stored there
 * at once: a part is stored by its own kernel, or is itself such a concatenation, and lies in no
 * other. Both are inlined: who reads them waits for what they are made of. A reshape of a view that
 * keeps rows and features is a view as well. */
#include "passes/passes.h"

static int last_axis(const Node *n)
{
    return n->shape.rank - 1;
}

static bool features_last(const Node *n)
{
    return n->shape.rank > 0 && n->feature_axis == last_axis(n);
}

/* Where elements [begin, ..) of an axis lie: rows, of which `batch_rows` times n, and features
 * before them. */
typedef struct Place {
    int64_t rows, batch_rows, features;
} Place;

static bool place_of(const Node *whole, const Node *part, int axis, int64_t begin, Place *place)
{
    *place = (Place){ 0 };
    if (!features_last(whole) || !features_last(part) || part->shape.rank < 2)
        return false;
    int last = last_axis(whole);
    if (axis == last) {
        place->features = begin;
        return begin % LANES == 0 &&
               (part->shape.dim[last] % LANES == 0 ||
                begin + part->shape.dim[last] == whole->shape.dim[last]) &&
               part->shape.dim[last] > 1;
    }
    if (axis != 0)
        return false;
    int64_t rows = begin;
    bool batch = false;
    for (int i = 1; i < last; i++)
        if (whole->shape.dim[i] == DIM_BATCH)
            batch = true;
        else
            rows *= whole->shape.dim[i];
    if (batch)
        place->batch_rows = rows;
    else
        place->rows = rows;
    return part->shape.dim[last] > 1;
}

/* The node under reshapes that keep rows and features. */
static NodeId without_reshapes(const Plan *plan, NodeId id)
{
    const Graph *g = plan->graph;
    while (graph_node(g, id)->op == IR_RESHAPE && features_last(graph_node(g, id)) &&
           features_last(graph_node(g, graph_node(g, id)->inputs[0])) &&
           view_equal(view_of(g, id), view_of(g, graph_node(g, id)->inputs[0]))) {
        id = graph_node(g, id)->inputs[0];
    }
    return id;
}

bool is_view(const Plan *plan, NodeId id)
{
    return plan->view_of && plan->view_of[id] != NO_NODE;
}

static bool lies_in_memory(const Plan *plan, NodeId id)
{
    const Node *n = graph_node(plan->graph, id);
    if (is_view(plan, id))
        return true;
    double value;
    if (node_constant(plan->graph, id, &value) || view_scalar(view_of(plan->graph, id)))
        return false;
    if (n->op == IR_INPUT)
        return true;
    return op_class(n->op) == CLASS_MAP || op_class(n->op) == CLASS_CONTRACT ||
           (op_class(n->op) == CLASS_MOVE && n->op != IR_RESHAPE);
}

static bool slice_lies(const Plan *plan, NodeId id)
{
    const Node *n = graph_node(plan->graph, id);
    NodeId source = n->inputs[0];
    Place place;
    return lies_in_memory(plan, source) && place_of(graph_node(plan->graph, source), n,
                                                    n->as.slice.axis, n->as.slice.begin, &place);
}

static bool part_lies(const Plan *plan, NodeId concat, NodeId part, int64_t begin)
{
    const Graph *g = plan->graph;
    const Node *whole = graph_node(g, concat);
    Place place;
    if (!place_of(whole, graph_node(g, part), whole->as.axis, begin, &place))
        return false;
    NodeId root = without_reshapes(plan, part);
    const Node *n = graph_node(g, root);
    if (plan->lies_in[root] != NO_NODE || !features_last(n))
        return false;
    return n->op == IR_CONCAT ? is_view(plan, root)
                              : op_class(n->op) == CLASS_MAP && !view_scalar(view_of(g, root));
}

static bool concat_lies(const Plan *plan, NodeId id)
{
    const Graph *g = plan->graph;
    const Node *n = graph_node(g, id);
    int64_t at = 0;
    bool fits = true;
    int i = 0;
    for (; i < n->input_count && fits; i++) {
        NodeId root = without_reshapes(plan, n->inputs[i]);
        fits = part_lies(plan, id, n->inputs[i], at);
        if (fits)
            plan->lies_in[root] = id;
        at += graph_node(g, n->inputs[i])->shape.dim[n->as.axis];
    }
    if (fits)
        return true;
    for (int k = 0; k + 1 < i; k++)
        plan->lies_in[without_reshapes(plan, n->inputs[k])] = NO_NODE;
    return false;
}

void find_views(Plan *plan, const bool *live)
{
    size_t count = plan->graph->nodes.len;
    plan->view_of = ARENA_ARRAY(plan->arena, NodeId, count + 1);
    plan->lies_in = ARENA_ARRAY(plan->arena, NodeId, count + 1);
    for (size_t i = 0; i < count; i++)
        plan->view_of[i] = plan->lies_in[i] = NO_NODE;
    for (NodeId i = 0; i < (NodeId)count; i++) {
        const Node *n = graph_node(plan->graph, i);
        if (!live[i])
            continue;
        bool view =
            (n->op == IR_SLICE && slice_lies(plan, i)) ||
            (n->op == IR_CONCAT && concat_lies(plan, i)) ||
            (n->op == IR_RESHAPE && is_view(plan, n->inputs[0]) && without_reshapes(plan, i) != i);
        if (!view)
            continue;
        plan->view_of[i] = n->op == IR_CONCAT ? i : n->inputs[0];
        plan->inlined[i] = true;
    }
}

/* ---- storage ---- */
static void move_storage(Storage *s, Place p)
{
    s->offset += p.features / LANES * s->rows_max * LANES + p.rows * LANES;
    s->batch_rows += p.batch_rows;
}

static int64_t begin_of_part(const Plan *plan, NodeId concat, NodeId root)
{
    const Node *n = graph_node(plan->graph, concat);
    int64_t at = 0;
    for (int i = 0; i < n->input_count; i++) {
        if (without_reshapes(plan, n->inputs[i]) == root)
            return at;
        at += graph_node(plan->graph, n->inputs[i])->shape.dim[n->as.axis];
    }
    return at;
}

/* The part as the concatenation names it, before reshapes are looked through. */
static NodeId named_part(const Plan *plan, NodeId concat, NodeId root)
{
    const Node *n = graph_node(plan->graph, concat);
    for (int i = 0; i < n->input_count; i++)
        if (without_reshapes(plan, n->inputs[i]) == root)
            return n->inputs[i];
    return root;
}

/* What lies in a concatenation, from the outermost one inward; then, from sources to views of them.
 */
void place_views(Plan *plan)
{
    const Graph *g = plan->graph;
    NodeId count = (NodeId)g->nodes.len;

    for (NodeId i = count; i-- > 0;) {
        NodeId whole = plan->lies_in[i];
        if (whole == NO_NODE)
            continue;
        Place p;
        Storage *s = &plan->storage[i];
        place_of(graph_node(g, whole), graph_node(g, named_part(plan, whole, i)),
                 graph_node(g, whole)->as.axis, begin_of_part(plan, whole, i), &p);
        View view = s->view;
        *s = plan->storage[whole];
        s->view = view;
        move_storage(s, p);
    }

    for (NodeId i = 0; i < count; i++) {
        const Node *n = graph_node(g, i);
        if (!is_view(plan, i) || n->op == IR_CONCAT)
            continue;
        Storage *s = &plan->storage[i];
        View view = s->view;
        *s = plan->storage[n->inputs[0]];
        s->view = view;
        Place p = { 0 };
        if (n->op == IR_SLICE)
            place_of(graph_node(g, n->inputs[0]), n, n->as.slice.axis, n->as.slice.begin, &p);
        move_storage(s, p);
    }
}

/* The outermost concatenation that a node lies in, or itself. */
NodeId lies_finally_in(const Plan *plan, NodeId id)
{
    while (plan->lies_in && plan->lies_in[id] != NO_NODE)
        id = plan->lies_in[id];
    return id;
}

/* Whether a node looks at a part of what kernel `home` makes: then it must be elsewhere. */
bool views_into(const Plan *plan, NodeId id, int home)
{
    const Node *n = graph_node(plan->graph, id);
    for (int i = 0; i < n->input_count; i++) {
        NodeId u = n->inputs[i];
        if (!plan->inlined[u])
            continue;
        if (!is_view(plan, u)) {
            if (views_into(plan, u, home))
                return true;
            continue;
        }
        const Node *view = graph_node(plan->graph, u);
        for (int k = 0; k < view->input_count; k++)
            if (plan->home[view->inputs[k]] == home && !plan->inlined[view->inputs[k]])
                return true;
        if (views_into(plan, u, home))
            return true;
    }
    return false;
}
