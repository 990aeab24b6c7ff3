/* recompute.c: cheap elementwise values that other kernels or stages read are computed
 * again there, from values that are in memory anyway.
 *
 * Requires kernels (fuse). So the backward pass makes relu's mask of the stored activation, and a
 * normalised value of the product it came from, instead of reading back a third array. Nothing that
 * reads a tensor which the step assigns is recomputed: its old value may be gone. Kernels that
 * nothing is left in are dropped. */
#include "passes/passes.h"

typedef struct Recompute {
    Plan *plan;
    Uses uses;
    bool *stored;   /* per node */
    bool *assigned; /* per tensor */
} Recompute;

enum { TOO_MUCH = 1000, MOST_DEPTH = 8 };

static bool has_kernel(const Plan *plan, NodeId id)
{
    return plan->home[id] >= 0 && plan->kernels.data[plan->home[id]].kind == KERNEL_GRID;
}

static bool whole(const Plan *plan, NodeId id)
{
    return has_kernel(plan, id) &&
           extent_of(view_of(plan->graph, id), plan->kernels.data[plan->home[id]].view) ==
               EXTENT_FULL;
}

/* Ops that reading `id` without its being stored would cost; arrays: those of the whole range that
 * it would load. */
static int cost(const Recompute *r, NodeId id, int depth, int *arrays)
{
    const Plan *plan = r->plan;
    const Node *n = graph_node(plan->graph, id);
    if (depth > MOST_DEPTH || !op_has(n->op, OP_CHEAP))
        return TOO_MUCH;

    int ops = 1;

    for (int i = 0; i < n->input_count && ops < TOO_MUCH; i++) {
        NodeId u = n->inputs[i];
        const Node *un = graph_node(plan->graph, u);
        View v = view_of(plan->graph, u);
        if (view_scalar(v) || un->op == IR_CONST || un->op == IR_RANDOM || un->op == IR_INDEX)
            continue;
        if (un->op == IR_WEIGHT) {
            if (r->assigned[un->as.tensor])
                return TOO_MUCH;
            *arrays += 1;
        } else if (plan->inlined[u]) {
            if (un->op == IR_RESHAPE && view_one_row(v) && !is_view(plan, u))
                continue;
            if (un->op == IR_RESHAPE && !is_view(plan, u))
                return TOO_MUCH;
            if (is_view(plan, u)) {
                *arrays += 1;
                continue;
            }
            double value;
            if (!node_constant(plan->graph, u, &value))
                ops += cost(r, u, depth + 1, arrays);
        } else if (r->stored[u] || !has_kernel(plan, u)) {
            *arrays += !view_one_row(v) && v.features > 1;
        } else if (whole(plan, u) && op_class(un->op) == CLASS_MAP) {
            ops += cost(r, u, depth + 1, arrays);
        } else if (!whole(plan, u)) {
            continue; /* a vector: storing it costs next to nothing */
        } else {
            return TOO_MUCH;
        }
    }

    return ops;
}

/* Only elementwise readers of the same range, and sums over it, can work a value out for
 * themselves. */
static bool readers_can(const Recompute *r, NodeId id)
{
    const Plan *plan = r->plan;
    View v = view_of(plan->graph, id);
    for (int i = r->uses.start[id]; i < r->uses.start[id + 1]; i++) {
        NodeId u = r->uses.list[i];
        const Node *n = graph_node(plan->graph, u);
        if (reads_memory(plan, u) || op_class(n->op) == CLASS_EFFECT || n->op == IR_RESHAPE)
            return false;
        if (op_class(n->op) != CLASS_REDUCE && !view_equal(view_of(plan->graph, u), v))
            return false;
    }
    return true;
}

static void inline_node(Recompute *r, NodeId id)
{
    Plan *plan = r->plan;
    const Node *n = graph_node(plan->graph, id);
    plan->inlined[id] = true;
    for (int i = 0; i < n->input_count; i++) {
        NodeId u = n->inputs[i];
        if (!plan->inlined[u] && !r->stored[u] && whole(plan, u) &&
            op_class(graph_node(plan->graph, u)->op) == CLASS_MAP &&
            !view_scalar(view_of(plan->graph, u))) {
            inline_node(r, u);
        }
    }
}

/* A node that turned inline because a later one needs it must itself have readers that can do that.
 */
static bool chain_can(const Recompute *r, NodeId id, int depth)
{
    const Plan *plan = r->plan;
    if (depth > MOST_DEPTH || !readers_can(r, id))
        return false;
    const Node *n = graph_node(plan->graph, id);
    for (int i = 0; i < n->input_count; i++) {
        NodeId u = n->inputs[i];
        if (plan->inlined[u] || r->stored[u] || !whole(plan, u) ||
            view_scalar(view_of(plan->graph, u)) ||
            op_class(graph_node(plan->graph, u)->op) != CLASS_MAP) {
            continue;
        }
        if (!view_equal(view_of(plan->graph, u), view_of(plan->graph, id)) ||
            !chain_can(r, u, depth + 1)) {
            return false;
        }
    }
    return true;
}

static void drop_inlined(Plan *plan)
{
    size_t kept = 0;
    int *moved = ARENA_ARRAY(plan->arena, int, plan->kernels.len + 1);
    for (size_t k = 0; k < plan->kernels.len; k++) {
        Kernel *kernel = &plan->kernels.data[k];
        size_t n = 0;
        for (size_t i = 0; i < kernel->placed.len; i++)
            if (!plan->inlined[kernel->placed.data[i].node])
                kernel->placed.data[n++] = kernel->placed.data[i];
        bool grid = kernel->kind == KERNEL_GRID || kernel->kind == KERNEL_SCALAR;
        kernel->placed.len = n;
        moved[k] = -1;
        if (grid && n == 0)
            continue;
        moved[k] = (int)kept;
        plan->kernels.data[kept++] = *kernel;
    }
    plan->kernels.len = kept;
    for (size_t i = 0; i < plan->graph->nodes.len; i++)
        if (plan->inlined[i])
            plan->home[i] = -1;
        else if (plan->home[i] >= 0)
            plan->home[i] = moved[plan->home[i]];
    for (size_t i = 0; i < plan->relayouts.len; i++)
        plan->relayouts.data[i].home = moved[plan->relayouts.data[i].home];
}

Plan *pass_recompute(Plan *plan)
{
    const Graph *g = plan->graph;
    const SumRules *rules = plan->machine->sums;
    Recompute r = { plan, uses_of(plan), ARENA_ARRAY(plan->arena, bool, g->nodes.len + 1),
                    ARENA_ARRAY(plan->arena, bool, g->tensors.len + 1) };

    for (size_t i = 0; i < g->roots.len; i++) {
        const Node *n = graph_node(g, g->roots.data[i]);
        if (n->op == IR_ASSIGN)
            r.assigned[n->as.tensor] = true;
    }

    for (size_t k = 0; k < plan->kernels.len; k++) {
        for (size_t i = 0; i < plan->kernels.data[k].placed.len; i++) {
            r.stored[plan->kernels.data[k].placed.data[i].node] =
                plan->kernels.data[k].placed.data[i].stored;
        }
    }

    for (NodeId i = 0; i < (NodeId)g->nodes.len; i++) {
        if (!r.stored[i] || !whole(plan, i) || op_class(graph_node(g, i)->op) != CLASS_MAP ||
            view_scalar(view_of(g, i))) {
            continue;
        }
        int arrays = 0;
        if (cost(&r, i, 0, &arrays) > rules->recompute_ops || arrays > rules->recompute_arrays ||
            !chain_can(&r, i, 0)) {
            continue;
        }
        inline_node(&r, i);
        r.stored[i] = false;
    }

    drop_inlined(plan);
    for (size_t k = 0; k < plan->kernels.len; k++)
        kernel_stages(plan, &plan->kernels.data[k]);
    mark_stored(plan, &r.uses);
    return plan;
}
