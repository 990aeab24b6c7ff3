/* schedule.c: kernels into phases, and each into tasks.
 *
 * Requires kernels (fuse, recompute). A kernel's phase is the longest path to it through what it
 * reads, through the readers of the tensors it assigns, and, where it assigns a weight or a state,
 * through the loss: as few barriers as there can be (Hu, Parallel sequencing and assembly line
 * problems, 1961). Where assigns and readers wait for each other in a circle, an assign is taken
 * out into a copying kernel of its own. Tasks follow from shapes alone. */
#include "passes/passes.h"
#include <stdlib.h>
#include <string.h>

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

/* What must stand behind a node waits for what its kernel waits for. */
static void edges_behind(Schedule *s)
{
    Plan *plan = s->plan;
    size_t edges = s->edges.len;
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int last = -1;
        for (size_t i = 0; i < kernel->placed.len + (kernel->node != NO_NODE); i++) {
            const Node *n = graph_node(
                plan->graph, i < kernel->placed.len ? kernel->placed.data[i].node : kernel->node);
            int home = n->behind ? plan->home[n->behind - 1] : -1;
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
        Kernel copy = { .kind = k->kind,
                        .view =
                            k->kind == KERNEL_SCALAR ? k->view : view_of(plan->graph, e->assign),
                        .contract = NO_NODE,
                        .node = NO_NODE,
                        .source = NO_NODE,
                        .stages = 1,
                        .layer = k->layer,
                        .why_not =
                            "its tensor's old value is read between the value's making and this" };
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
        edges_behind(&s);
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

/* ---- tasks ---- */
static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t round_up(int64_t a, int64_t to)
{
    return ceil_div(a, to) * to;
}

/* A product's block of the row factor should stay in a second-level cache while panels go by; tiles
 * are 4 to 14 rows, or 16 of a transposed factor's panel. */
static void split_product(Plan *plan, Kernel *k, int64_t most)
{
    const SumRules *rules = plan->machine->sums;
    int64_t rows = view_rows_max(plan, k->view), panels = view_panels(k->view);
    const Node *n = graph_node(plan->graph, k->contract);
    Factors f = contract_factors(plan, k->contract);
    int weight, input;
    int64_t unit = rules->product_rows, step = rules->row_step;
    if (n->as.contract.ta || n->feature_axis != n->shape.rank - 1)
        unit = rules->product_transposed_rows, step = LANES;
    else if (product_skips_zeros(plan, k->contract, &weight, &input))
        unit = step = SPARSE_ROWS;

    int64_t fitting = (int64_t)((double)rules->product_cache_floats / (f.inner + 1));
    int64_t block = at_most(rules->most_row_block, at_least(unit, fitting / unit * unit));
    int64_t least = at_most(rules->least_product_tasks, most);
    if (panels < least)
        block = at_most(block, round_up(ceil_div(rows, ceil_div(least, panels)), unit));
    int64_t row_blocks = ceil_div(rows, block);
    /* near-equal ones */
    k->row_block = round_up(ceil_div(rows, row_blocks), step);
    k->panel_block = at_least(1, ceil_div(panels * row_blocks, at_least(most, row_blocks)));
}

/* Whole images a task, and all panels of one where there are images enough. */
static void split_windows(Plan *plan, Kernel *k, int64_t most)
{
    int64_t segment = kernel_segment(plan, k), segments = view_rows_max(plan, k->view) / segment;
    int64_t each = at_most(ceil_div(segments, most),
                           at_least(1, plan->machine->sums->most_row_block / segment)),
            blocks = ceil_div(segments, each);
    k->row_block = each * segment;
    k->panel_block = at_least(1, ceil_div(view_panels(k->view), at_least(1, most / blocks)));
}

static void split_grid(Plan *plan, Kernel *k)
{
    const SumRules *rules = plan->machine->sums;
    int64_t rows = view_rows_max(plan, k->view), panels = view_panels(k->view);
    int64_t most = at_most(rules->most_tasks, at_least(1, (int64_t)(k->flops / rules->task_flops)));
    bool windows = k->contract != NO_NODE &&
                   op_class(graph_node(plan->graph, k->contract)->op) == CLASS_WINDOW;
    if (k->by_sample || (windows && (k->axis == AXIS_NONE || k->axis == AXIS_ROW))) {
        split_windows(plan, k, most);
        return;
    }
    int weight, input;
    int64_t step = k->contract == NO_NODE ? rules->row_step : rules->product_rows;
    switch (k->axis) {
    case AXIS_BOTH: return;
    case AXIS_COL: k->panel_block = at_least(1, ceil_div(panels, most)); return;
    case AXIS_ROW:
        if (k->contract != NO_NODE && product_skips_zeros(plan, k->contract, &weight, &input))
            step = SPARSE_ROWS;
        k->row_block = round_up(ceil_div(rows, most), step);
        return;
    case AXIS_NONE:
        if (k->contract != NO_NODE) {
            split_product(plan, k, most);
            return;
        }
        k->panel_block = at_least(1, ceil_div(panels, most));
        if (panels < most)
            k->row_block = round_up(ceil_div(rows, ceil_div(most, panels)), LANES);
        return;
    }
}

static void split(Plan *plan, Kernel *k)
{
    if (k->kind == KERNEL_SCALAR)
        return;
    if (k->kind == KERNEL_GRID) {
        split_grid(plan, k);
        if (k->axis == AXIS_ROW && kernel_segment(plan, k) == 1)
            k->row_block = at_most(k->row_block, plan->machine->sums->most_row_block);
        return;
    }

    const Machine *m = plan->machine;
    int64_t rows = view_rows_max(plan, k->view), elements = rows * view_panels(k->view) * LANES;
    int64_t tasks = at_most(m->most_moves, at_least(1, elements / m->move_floats));
    k->row_block = round_up(ceil_div(rows, tasks), LANES);
}

/* ---- names ---- */
static const char *part_of(const Plan *plan, const Kernel *k)
{
    static const char *const names[] = { "forward", "backward", "update" };
    NodeId first = k->node != NO_NODE       ? k->node
                   : k->contract != NO_NODE ? k->contract
                                            : k->placed.data[0].node;
    for (size_t i = 0; i < k->placed.len; i++)
        if (graph_node(plan->graph, k->placed.data[i].node)->op == IR_ASSIGN)
            return names[PART_UPDATE];
    return names[graph_node(plan->graph, first)->part];
}

static void name_kernel(Plan *plan, Kernel *k)
{
    enum { MOST_NAMED = 4 };

    const Graph *g = plan->graph;
    static const char *const kinds[] = {
        "", "scalars", "gather", "move", "lanes", "fold", "output"
    };
    const char *names[MOST_NAMED];
    int count = 0, more = 0;
    const char *part = part_of(plan, k);
    for (size_t i = 0; i < k->placed.len + (k->node != NO_NODE); i++) {
        NodeId id = i < k->placed.len ? k->placed.data[i].node : k->node;
        const Node *n = graph_node(g, id);
        const char *name = NULL;
        if (n->op == IR_ASSIGN && g->tensors.data[n->as.tensor].role == TENSOR_WEIGHT)
            name = g->tensors.data[n->as.tensor].name;
        else if (k->source != NO_NODE && n->op == IR_WEIGHT)
            name = g->tensors.data[n->as.tensor].name;
        else if (n->layer >= 0 && (size_t)n->layer < g->layers.len && k->kind != KERNEL_SCALAR)
            name = g->layers.data[n->layer].name;
        if (!name)
            continue;
        bool seen = false;
        for (int j = 0; j < count; j++)
            seen = seen || strcmp(names[j], name) == 0;
        if (seen)
            continue;
        if (count < MOST_NAMED)
            names[count++] = name;
        else
            more++;
    }
    char *text = k->kind == KERNEL_GRID ? arena_printf(plan->arena, "%s", part)
                 : k->source != NO_NODE ? arena_printf(plan->arena, "relayout")
                                        : arena_printf(plan->arena, "%s %s", part, kinds[k->kind]);
    for (int j = 0; j < count; j++)
        text = arena_printf(plan->arena, "%s%s%s", text, j == 0 ? " " : "+", names[j]);
    if (k->kind == KERNEL_GATHER)
        text = arena_printf(plan->arena, "gather %s", op_name(graph_node(g, k->node)->op));
    k->name = more > 0 ? arena_printf(plan->arena, "%s+%d more", text, more) : text;
}

Plan *pass_schedule(Plan *plan)
{
    bool changed = find_phases(plan);
    if (plan->error)
        return plan;
    sort_kernels(plan);
    for (size_t k = 0; k < plan->kernels.len; k++) {
        split(plan, &plan->kernels.data[k]);
        name_kernel(plan, &plan->kernels.data[k]);
        if (changed)
            kernel_stages(plan, &plan->kernels.data[k]);
    }
    if (changed) {
        Uses uses = uses_of(plan);
        mark_stored(plan, &uses);
    }
    return plan;
}
