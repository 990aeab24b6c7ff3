/* relations.c: who reads whom in a plan, looking through inlined nodes; stages and what must be
 * stored follow from it. */
#include "passes/passes.h"
#include <stdlib.h>

Uses uses_of(const Plan *plan)
{
    const Graph *g = plan->graph;
    size_t n = g->nodes.len;
    Uses u = { ARENA_ARRAY(plan->arena, int, n + 2), NULL, ARENA_ARRAY(plan->arena, bool, n + 1) };

    for (size_t i = 0; i < g->roots.len; i++)
        u.live[g->roots.data[i]] = true;
    size_t total = 0;

    for (size_t i = n; i-- > 0;) {
        const Node *node = &g->nodes.data[i];
        if (!u.live[i])
            continue;
        for (int k = 0; k < node->input_count; k++) {
            u.live[node->inputs[k]] = true;
            u.start[node->inputs[k] + 2]++;
            total++;
        }
    }

    for (size_t i = 0; i < n; i++)
        u.start[i + 1] += u.start[i];
    u.list = ARENA_ARRAY(plan->arena, NodeId, total + 1);

    for (size_t i = 0; i < n; i++) {
        const Node *node = &g->nodes.data[i];
        if (!u.live[i])
            continue;
        for (int k = 0; k < node->input_count; k++)
            u.list[u.start[node->inputs[k] + 1]++] = (NodeId)i;
    }

    return u;
}

bool moves_alone(const Plan *plan, NodeId id)
{
    const Graph *g = plan->graph;
    const Node *n = graph_node(g, id);
    int64_t div, mod;
    if (n->op == IR_BROADCAST) {
        const Node *u = graph_node(g, n->inputs[0]);
        return !shape_is_scalar(u->shape) &&
               !view_row_map(u->shape, u->feature_axis, n->shape, n->feature_axis, &div, &mod);
    }
    if (n->op == IR_RESHAPE)
        return !plan->inlined[id];
    return op_class(n->op) == CLASS_MOVE;
}

bool reads_memory(const Plan *plan, NodeId id)
{
    const Node *n = graph_node(plan->graph, id);
    if (heads_kernel(n) || moves_alone(plan, id))
        return true;
    if (op_class(n->op) == CLASS_REDUCE)
        return !shape_is_scalar(n->shape) && reduce_kind(plan, id) == REDUCE_FOLD;
    return n->op == IR_EMIT && !shape_is_scalar(n->shape);
}

void visit_sources(const Plan *plan, NodeId id, VisitSource visit, void *context)
{
    const Node *n = graph_node(plan->graph, id);
    for (int i = 0; i < n->input_count; i++) {
        NodeId u = n->inputs[i];
        if (plan->inlined[u])
            visit_sources(plan, u, visit, context);
        else
            visit(context, u);
    }
}

int contract_relayout(const Plan *plan, NodeId id)
{
    if (graph_node(plan->graph, id)->op != IR_CONTRACT)
        return -1;
    Factors f = contract_factors(plan, id);
    return graph_node(plan->graph, f.lanes)->feature_axis != f.lanes_axis ? plan->copy[f.lanes]
                                                                          : -1;
}

bool contract_reads_itself(const Plan *plan, NodeId id, NodeId input)
{
    Factors f = contract_factors(plan, id);
    return input == f.rows || (input == f.lanes && contract_relayout(plan, id) < 0);
}

/* ---- stages ---- */
typedef struct StageWalk {
    const Plan *plan;
    int index, result, tensor;
    bool found;
} StageWalk;

/* Worked out once a panel or row, not in every cell. */
static bool is_vector(const Plan *plan, const Kernel *k, NodeId id)
{
    Extent e = extent_of(view_of(plan->graph, id), k->view);
    return e == EXTENT_COLUMN || (e == EXTENT_SAMPLE && k->by_sample) ||
           (e == EXTENT_ROW && k->axis == AXIS_ROW && view_panels(k->view) > 1);
}

static bool ends_sweep(const Plan *plan, const Kernel *k, NodeId id)
{
    const Node *n = graph_node(plan->graph, id);
    return op_class(n->op) == CLASS_REDUCE && is_vector(plan, k, id) &&
           !is_vector(plan, k, n->inputs[0]);
}

static void stage_of_source(void *context, NodeId u)
{
    StageWalk *w = context;
    if (w->plan->home[u] == w->index && w->plan->stage[u] > w->result)
        w->result = w->plan->stage[u];
}

static void source_is_tensor(void *context, NodeId u)
{
    StageWalk *w = context;
    const Node *n = graph_node(w->plan->graph, u);
    if (n->op == IR_WEIGHT && n->as.tensor == w->tensor)
        w->found = true;
}

static int by_order(const void *a, const void *b, void *context)
{
    const Placed *x = a, *y = b;
    const Graph *g = context;
    bool ax = graph_node(g, x->node)->op == IR_ASSIGN, ay = graph_node(g, y->node)->op == IR_ASSIGN;
    return ax != ay ? ax - ay : (x->node > y->node) - (x->node < y->node);
}

void kernel_stages(Plan *plan, Kernel *k)
{
    const Graph *g = plan->graph;
    if (k->placed.len == 0)
        return;

    qsort_r(k->placed.data, k->placed.len, sizeof *k->placed.data, by_order, (void *)g);
    StageWalk w = { .plan = plan, .index = plan->home[k->placed.data[0].node] };
    k->stages = 1;

    for (size_t i = 0; i < k->placed.len; i++) {
        Placed *p = &k->placed.data[i];
        w.result = 0;
        if (k->kind == KERNEL_GRID)
            visit_sources(plan, p->node, stage_of_source, &w);
        if (k->kind == KERNEL_GRID && ends_sweep(plan, k, p->node))
            w.result++;
        if (graph_node(g, p->node)->op == IR_ASSIGN) {
            w.tensor = graph_node(g, p->node)->as.tensor;
            for (size_t j = 0; j < i; j++) {
                w.found = false;
                visit_sources(plan, k->placed.data[j].node, source_is_tensor, &w);
                if (w.found && k->placed.data[j].stage > w.result)
                    w.result = k->placed.data[j].stage;
            }
        }
        p->stage = plan->stage[p->node] = w.result;
        if (p->stage + 1 > k->stages)
            k->stages = p->stage + 1;
    }
}

/* ---- what must be stored ---- */
typedef struct StoreWalk {
    const Plan *plan;
    const Uses *uses;
    NodeId node;
} StoreWalk;

static bool read_from_memory(const StoreWalk *w, NodeId id)
{
    const Plan *plan = w->plan;
    for (int i = w->uses->start[id]; i < w->uses->start[id + 1]; i++) {
        NodeId r = w->uses->list[i];
        if (plan->inlined[r]) {
            if (is_view(plan, r) || read_from_memory(w, r))
                return true;
            continue;
        }
        if (reads_memory(plan, r) || plan->home[r] != plan->home[w->node])
            return true;
        const Kernel *k = &plan->kernels.data[plan->home[r]];
        if (k->kind != KERNEL_GRID || w->node == k->contract || is_vector(plan, k, w->node))
            continue;
        if (plan->stage[r] - ends_sweep(plan, k, r) != plan->stage[w->node])
            return true;
    }
    return false;
}

void mark_stored(Plan *plan, const Uses *uses)
{
    for (size_t k = 0; k < plan->kernels.len; k++) {
        Kernel *kernel = &plan->kernels.data[k];
        for (size_t i = 0; i < kernel->placed.len; i++) {
            Placed *p = &kernel->placed.data[i];
            StoreWalk w = { plan, uses, p->node };
            p->stored = op_class(graph_node(plan->graph, p->node)->op) != CLASS_EFFECT &&
                        read_from_memory(&w, p->node);

            /* Code generation keeps a product's panel on the stack where it is not stored, of as
             * many rows as a task has. */
            bool all_rows = kernel->axis == AXIS_COL || kernel->axis == AXIS_BOTH;
            if (p->node == kernel->contract &&
                (all_rows ? view_rows_max(plan, kernel->view) : kernel_segment(plan, kernel)) >
                    plan->machine->stack_rows) {
                p->stored = true;
            }
        }
    }
}
