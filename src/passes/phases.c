/* phases.c: kernels into phases.
 *
 * Requires kernels (fuse, recompute). A kernel's phase is the longest path to it through what it
 * reads, through the readers of the tensors it assigns, and, where it assigns a weight or a state,
 * through the loss: as few barriers as possible (Hu, Parallel sequencing and assembly line
 * problems, 1961). Where assigns and readers wait for each other in a circle, an assign moves to a
 * copying kernel of its own. */
#include "passes/passes.h"
#include <stdlib.h>

/* assign: the node that asks for the edge, or NO_NODE */
typedef struct Edge {
    int from, to;
    NodeId assign;
} Edge;

typedef struct Schedule {
    Plan *plan;
    VEC(Edge) edges;
    int reader;
} Schedule;

static void edge_add(Schedule *s, int from, int to, NodeId assign)
{
    if (from < 0 || to < 0 || from == to)
        return;
    vec_push(s->plan->arena, &s->edges, ((Edge){ from, to, assign }));
}

static void source_edge(void *context, NodeId u)
{
    Schedule *s = context;
    edge_add(s, s->plan->home[u], s->reader, NO_NODE);
}

typedef struct Readers {
    VEC(int) list;
} Readers;

typedef struct TensorWalk {
    const Plan *plan;
    Readers *readers;
    NodeId node;
    int kernel;
} TensorWalk;

static void tensor_source(void *context, NodeId u)
{
    TensorWalk *w = context;
    const Node *n = graph_node(w->plan->graph, u), *reader = graph_node(w->plan->graph, w->node);
    if (n->op != IR_WEIGHT)
        return;
    if (reader->op == IR_CONTRACT && !contract_reads_itself(w->plan, w->node, u))
        return;
    Readers *r = &w->readers[n->as.tensor];
    if (r->list.len > 0 && r->list.data[r->list.len - 1] == w->kernel)
        return;
    vec_push(w->plan->arena, &r->list, w->kernel);
}

static void data_edges(Schedule *s, Readers *readers)
{
    Plan *plan = s->plan;
    TensorWalk w = { plan, readers, NO_NODE, 0 };
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        w.kernel = s->reader = (int)k;
        if (kernel->source != NO_NODE) {
            const Node *n = graph_node(plan->graph, kernel->source);
            edge_add(s, plan->home[kernel->source], (int)k, NO_NODE);
            if (n->op == IR_WEIGHT)
                vec_push(plan->arena, &readers[n->as.tensor].list, (int)k);
            continue;
        }
        size_t count = kernel->node != NO_NODE ? 1 : kernel->placed.len;
        for (size_t i = 0; i < count; i++) {
            w.node = kernel->node != NO_NODE ? kernel->node : kernel->placed.data[i].node;
            visit_sources(plan, w.node, source_edge, s);
            visit_sources(plan, w.node, tensor_source, &w);
            int copy = contract_relayout(plan, w.node);
            if (copy >= 0)
                edge_add(s, plan->relayouts.data[copy].home, (int)k, NO_NODE);
            int weight, input;
            if (kernel->node == NO_NODE && product_skips_zeros(plan, w.node, &weight, &input))
                edge_add(s, plan->sparse_inputs.data[input].home, (int)k, NO_NODE);
        }
    }
}

/* What is not to run before a node waits for what the node's kernel waits for. */
static void edges_not_before(Schedule *s)
{
    Plan *plan = s->plan;
    size_t edges = s->edges.len;
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int last = -1;
        for (size_t i = 0; i < kernel->placed.len + (kernel->node != NO_NODE); i++) {
            const Node *n = graph_node(
                plan->graph, i < kernel->placed.len ? kernel->placed.data[i].node : kernel->node);
            int home = n->not_before ? plan->home[n->not_before - 1] : -1;
            if (home < 0 || home == (int)k || home == last || kernel->source != NO_NODE)
                continue;
            last = home;
            for (size_t e = 0; e < edges; e++)
                if (s->edges.data[e].to == home && s->edges.data[e].from != (int)k)
                    edge_add(s, s->edges.data[e].from, (int)k, NO_NODE);
        }
    }
}

static int loss_kernel(const Plan *plan)
{
    for (size_t i = 0; i < plan->graph->roots.len; i++) {
        const Node *n = graph_node(plan->graph, plan->graph->roots.data[i]);
        if (n->op == IR_EMIT && n->slot == SLOT_LOSS)
            return plan->home[plan->graph->roots.data[i]];
    }
    return -1;
}

static void assign_edges(Schedule *s, const Readers *readers)
{
    Plan *plan = s->plan;
    int loss = loss_kernel(plan);
    for (size_t i = 0; i < plan->graph->roots.len; i++) {
        NodeId id = plan->graph->roots.data[i];
        const Node *n = graph_node(plan->graph, id);
        if (n->op != IR_ASSIGN)
            continue;
        edge_add(s, loss, plan->home[id], id);
        const Readers *r = &readers[n->as.tensor];
        for (size_t k = 0; k < r->list.len; k++)
            edge_add(s, r->list.data[k], plan->home[id], id);
    }
}

/* Phases by longest paths. False where edges run in a circle: those kernels keep `unfinished` above
 * 0. */
static bool longest_paths(Schedule *s, int *unfinished)
{
    Plan *plan = s->plan;
    size_t n = plan->kernels.len, done = 0;
    int *first = ARENA_ARRAY(plan->arena, int, n + 2),
        *queue = ARENA_ARRAY(plan->arena, int, n + 1),
        *order = ARENA_ARRAY(plan->arena, int, s->edges.len + 1);

    for (size_t i = 0; i < s->edges.len; i++) {
        first[s->edges.data[i].from + 2]++;
        unfinished[s->edges.data[i].to]++;
    }
    for (size_t i = 0; i < n; i++)
        first[i + 1] += first[i];
    for (size_t i = 0; i < s->edges.len; i++)
        order[first[s->edges.data[i].from + 1]++] = (int)i;

    size_t head = 0, tail = 0;
    for (size_t k = 0; k < n; k++) {
        plan->kernels.data[k].phase = 0;
        if (unfinished[k] == 0)
            queue[tail++] = (int)k;
    }

    while (head < tail) {
        int k = queue[head++];
        done++;
        for (int i = first[k]; i < first[k + 1]; i++) {
            int to = s->edges.data[order[i]].to, phase = plan->kernels.data[k].phase + 1;
            if (phase > plan->kernels.data[to].phase)
                plan->kernels.data[to].phase = phase;
            if (--unfinished[to] == 0)
                queue[tail++] = to;
        }
    }

    return done == n;
}

/* Takes an assign that is part of the circle out of its kernel. */
static bool break_circle(Schedule *s, const int *unfinished)
{
    Plan *plan = s->plan;

    for (size_t i = 0; i < s->edges.len; i++) {
        const Edge *e = &s->edges.data[i];
        if (e->assign == NO_NODE || unfinished[e->from] == 0 || unfinished[e->to] == 0)
            continue;
        Kernel *k = &plan->kernels.data[e->to];
        if (k->placed.len < 2)
            continue;

        size_t n = 0;
        for (size_t p = 0; p < k->placed.len; p++)
            if (k->placed.data[p].node != e->assign)
                k->placed.data[n++] = k->placed.data[p];
        k->placed.len = n;

        Kernel copy = {
            .kind = k->kind,
            .view = k->kind == KERNEL_SCALAR ? k->view : view_of(plan->graph, e->assign),
            .contract = NO_NODE,
            .node = NO_NODE,
            .source = NO_NODE,
            .stages = 1,
            .layer = k->layer,
            .why_not = "another kernel reads the tensor's old value after the new one is computed"
        };

        vec_push(plan->arena, &copy.placed, ((Placed){ e->assign, 0, false }));
        plan->home[e->assign] = (int)plan->kernels.len;
        vec_push(plan->arena, &plan->kernels, copy);
        return true;
    }
    return false;
}

static bool find_phases(Plan *plan)
{
    bool changed = false;
    for (;;) {
        Schedule s = { .plan = plan };
        Readers *readers = ARENA_ARRAY(plan->arena, Readers, plan->graph->tensors.len + 1);
        data_edges(&s, readers);
        edges_not_before(&s);
        assign_edges(&s, readers);
        int *unfinished = ARENA_ARRAY(plan->arena, int, plan->kernels.len + 1);
        if (longest_paths(&s, unfinished))
            break;
        if (!break_circle(&s, unfinished)) {
            plan_fail(plan, "kernels wait for each other in a circle");
            return changed;
        }
        changed = true;
    }
    return changed;
}

typedef struct Key {
    int phase, number;
} Key;

static int by_phase(const void *a, const void *b)
{
    const Key *x = a, *y = b;
    return x->phase != y->phase ? (x->phase > y->phase) - (x->phase < y->phase)
                                : x->number - y->number;
}

static void sort_kernels(Plan *plan)
{
    size_t n = plan->kernels.len;
    Key *keys = ARENA_ARRAY(plan->arena, Key, n + 1);
    Kernel *old = arena_dup(plan->arena, plan->kernels.data, sizeof(Kernel) * (n + !n));
    int *moved = ARENA_ARRAY(plan->arena, int, n + 1);
    for (size_t k = 0; k < n; k++)
        keys[k] = (Key){ old[k].phase, (int)k };
    qsort(keys, n, sizeof *keys, by_phase);
    for (size_t k = 0; k < n; k++) {
        plan->kernels.data[k] = old[keys[k].number];
        moved[keys[k].number] = (int)k;
        if (plan->kernels.data[k].phase + 1 > plan->phases)
            plan->phases = plan->kernels.data[k].phase + 1;
    }
    for (size_t i = 0; i < plan->graph->nodes.len; i++)
        if (plan->home[i] >= 0)
            plan->home[i] = moved[plan->home[i]];
    for (size_t i = 0; i < plan->relayouts.len; i++)
        plan->relayouts.data[i].home = moved[plan->relayouts.data[i].home];
    for (size_t i = 0; i < plan->sparse_inputs.len; i++)
        plan->sparse_inputs.data[i].home = moved[plan->sparse_inputs.data[i].home];
}

Plan *pass_phases(Plan *plan)
{
    bool changed = find_phases(plan);
    if (plan->error)
        return plan;
    sort_kernels(plan);
    if (!changed)
        return plan;

    for (size_t k = 0; k < plan->kernels.len; k++)
        kernel_stages(plan, &plan->kernels.data[k]);
    Uses uses = uses_of(plan);
    mark_stored(plan, &uses);
    return plan;
}
