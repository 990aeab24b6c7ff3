/* plan_verify.c: whether a plan is valid: the invariants PLAN-1, PLAN-2, ... of docs/plan.md. Each
 * is checked from the pass on that makes it true; the answer names the invariant and the node. */
#include "passes/passes.h"

typedef struct Check {
    const Plan *plan;
    int kernel;
    NodeId reader;
    char *wrong;
    /* per tensor: the last phase that reads it elsewhere than in its assign's kernel */
    int *tensor_phase;
    int *assign_home; /* per tensor: the kernel that assigns it, or -1 */
} Check;

static void say(Check *c, const char *invariant, NodeId id, const char *what)
{
    if (!c->wrong) {
        c->wrong = arena_printf(c->plan->arena, "%s: %%%d (%s), read by %%%d in kernel %d, %s",
                                invariant, (int)id, op_name(graph_node(c->plan->graph, id)->op),
                                (int)c->reader, c->kernel, what);
    }
}

static bool in_memory(const Plan *plan, NodeId id)
{
    StorageKind kind = plan->storage[id].kind;
    return kind == STORE_ARENA || kind == STORE_TENSOR || kind == STORE_INPUT ||
           kind == STORE_SCALAR;
}

/* ---- what a kernel reads ---- */
static void note_tensor_read(Check *c, int tensor)
{
    int phase = c->plan->kernels.data[c->kernel].phase;
    if (c->assign_home[tensor] != c->kernel && phase > c->tensor_phase[tensor])
        c->tensor_phase[tensor] = phase;
}

/* What the same kernel makes: it passes in registers, unless the reader takes it from memory. */
static void check_own_source(Check *c, NodeId u)
{
    const Plan *plan = c->plan;
    const Kernel *k = &plan->kernels.data[c->kernel];
    if (k->kind == KERNEL_GRID && plan->stage[u] > plan->stage[c->reader])
        say(c, "PLAN-13", u, "is made in a later stage");
    if (reads_memory(plan, c->reader) && plan->storage && !in_memory(plan, u))
        say(c, "PLAN-20", u, "is not in memory");
}

static void check_source(void *context, NodeId u)
{
    Check *c = context;
    const Plan *plan = c->plan;
    const Node *n = graph_node(plan->graph, u), *reader = graph_node(plan->graph, c->reader);
    const Kernel *k = &plan->kernels.data[c->kernel];
    if (n->op == IR_WEIGHT) {
        if (reader->op != IR_CONTRACT || contract_reads_itself(plan, c->reader, u))
            note_tensor_read(c, n->as.tensor);
        return;
    }

    int home = plan->home[u];
    if (home < 0) {
        say(c, "PLAN-1", u, "has no home");
        return;
    }
    if (home == c->kernel) {
        check_own_source(c, u);
        return;
    }
    if (plan->phases && plan->kernels.data[home].phase >= k->phase)
        say(c, "PLAN-14", u, "does not come from an earlier phase");
    if (!plan->phases || !plan->storage)
        return;
    bool partial = plan->storage[u].kind == STORE_PARTIALS && k->kind == KERNEL_SCALAR;
    if (!partial && !in_memory(plan, u))
        say(c, "PLAN-20", u, "is not in memory");
}

/* Whether an inlined value can be computed in the range of its reader. */
static bool inlined_in_range(const Graph *g, NodeId u, NodeId reader)
{
    double value;
    if (node_constant(g, u, &value) || graph_node(g, u)->op == IR_HYPER)
        return true;
    if (op_class(graph_node(g, reader)->op) != CLASS_MAP ||
        view_equal(view_of(g, u), view_of(g, reader))) {
        return true;
    }
    if (graph_node(g, u)->op == IR_RESHAPE && view_one_row(view_of(g, u)))
        return true;
    return runs_along_features(g, u, reader);
}

static void check_inlined(Check *c, NodeId id)
{
    const Graph *g = c->plan->graph;
    const Node *n = graph_node(g, id);
    for (int i = 0; i < n->input_count; i++) {
        NodeId u = n->inputs[i];
        if (!c->plan->inlined[u] || is_view(c->plan, u))
            continue;
        if (reads_memory(c->plan, id))
            say(c, "PLAN-3", u, "is inlined, but is read from memory");
        if (!inlined_in_range(g, u, id))
            say(c, "PLAN-4", u, "is inlined in another range");
        check_inlined(c, u);
    }
}

/* ---- what a kernel holds ---- */
static void check_scalar(Check *c, NodeId id)
{
    const Graph *g = c->plan->graph;
    OpClass class = op_class(graph_node(g, id)->op);
    if (!view_scalar(view_of(g, id)) || (class != CLASS_MAP && class != CLASS_EFFECT))
        say(c, "PLAN-6", id, "is not a scalar");
}

/* The range that a reduction in a GRID kernel sums. */
static void check_reduction(Check *c, const Kernel *k, NodeId id)
{
    const Graph *g = c->plan->graph;
    Extent from = extent_of(view_of(g, graph_node(g, id)->inputs[0]), k->view);
    ReduceKind kind = reduce_kind(c->plan, id);
    if (kind == REDUCE_FOLD || (kind != REDUCE_TOTAL && from != EXTENT_FULL) ||
        from == EXTENT_OTHER || from == EXTENT_SCALAR) {
        say(c, "PLAN-9", id, "sums another range than its kernel's");
    }
}

static void check_extent(Check *c, const Kernel *k, NodeId id)
{
    const Graph *g = c->plan->graph;
    const Node *n = graph_node(g, id);
    OpClass class = op_class(n->op);
    if (class == CLASS_LEAF || class == CLASS_MOVE) {
        say(c, "PLAN-5", id, "is a leaf or a move, which no such kernel computes");
        return;
    }
    if (k->kind == KERNEL_SCALAR) {
        check_scalar(c, id);
        return;
    }

    Extent e = extent_of(view_of(g, id), k->view);
    bool rows = k->axis == AXIS_ROW || k->axis == AXIS_BOTH,
         columns = k->axis == AXIS_COL || k->axis == AXIS_BOTH;
    if (heads_kernel(n) && (id != k->contract || e != EXTENT_FULL))
        say(c, "PLAN-7", id, "is not its kernel's product");
    if (e == EXTENT_OTHER || (e == EXTENT_ROW && !rows) || (e == EXTENT_COLUMN && !columns) ||
        (e == EXTENT_SAMPLE && !k->by_sample)) {
        say(c, "PLAN-8", id, "does not fit its kernel's range");
    }
    if (e == EXTENT_SCALAR && class != CLASS_REDUCE)
        say(c, "PLAN-8", id, "is a scalar in a grid");
    if (class == CLASS_REDUCE)
        check_reduction(c, k, id);
}

static void check_axis(Check *c, const Kernel *k)
{
    NodeId first = k->placed.data[0].node;
    bool one_panel = view_panels(k->view) == 1;
    if (k->by_sample && k->axis != AXIS_NONE)
        say(c, "PLAN-10", first, "is in a kernel that sums over each sample and over samples");
    if (k->axis == AXIS_BOTH && !one_panel)
        say(c, "PLAN-11", first, "is in a kernel that sums over rows and features of many panels");
    if (k->axis == AXIS_ROW && k->contract != NO_NODE && !one_panel)
        say(c, "PLAN-11", first,
            "is in a kernel that sums over the features of many panels' product");
}

/* Known once the tasks pass has named the kernel. */
static void check_tasks(Check *c, const Kernel *k)
{
    const Plan *plan = c->plan;
    NodeId first = k->placed.data[0].node;
    int weight, input;
    int64_t unit = kernel_segment(plan, k);
    if (k->contract != NO_NODE && product_skips_zeros(plan, k->contract, &weight, &input))
        unit = SPARSE_ROWS;
    if (k->row_block % unit != 0)
        say(c, "PLAN-18", first, "is in a kernel whose tasks hold parts of images or samples");
    bool all_rows = k->row_block == 0,
         all_panels = k->panel_block == 0 || k->panel_block >= view_panels(k->view);
    if ((!all_rows && (k->axis == AXIS_COL || k->axis == AXIS_BOTH)) ||
        (!all_panels && (k->axis == AXIS_ROW || k->axis == AXIS_BOTH))) {
        say(c, "PLAN-19", first, "is in a kernel whose tasks split what it sums over");
    }
}

/* A second copy of a matrix: it reads one node or tensor. */
static void check_relayout(Check *c, const Kernel *k)
{
    const Node *n = graph_node(c->plan->graph, k->source);
    c->reader = k->source;
    if (n->op == IR_WEIGHT)
        note_tensor_read(c, n->as.tensor);
    else
        check_source(c, k->source);
}

static void check_placed(Check *c, const Kernel *k, const Placed *p)
{
    const Plan *plan = c->plan;
    c->reader = p->node;
    check_extent(c, k, p->node);
    check_inlined(c, p->node);
    visit_sources(plan, p->node, check_source, c);
    if (plan->home[p->node] != c->kernel)
        say(c, "PLAN-2", p->node, "has another home");
    if (p->stage < 0 || p->stage >= k->stages)
        say(c, "PLAN-12", p->node, "is in a stage that its kernel does not have");

    int copy = contract_relayout(plan, p->node);
    if (copy >= 0 && plan->phases &&
        plan->kernels.data[plan->relayouts.data[copy].home].phase >= k->phase) {
        say(c, "PLAN-15", plan->relayouts.data[copy].node, "is copied too late");
    }
}

static void check_kernel(Check *c, int index)
{
    const Plan *plan = c->plan;
    const Kernel *k = &plan->kernels.data[index];
    c->kernel = index;
    if (k->source != NO_NODE) {
        check_relayout(c, k);
        return;
    }
    if (k->node != NO_NODE) {
        c->reader = k->node;
        visit_sources(plan, k->node, check_source, c);
        check_inlined(c, k->node);
        return;
    }
    for (size_t i = 0; i < k->placed.len; i++)
        check_placed(c, k, &k->placed.data[i]);
    if (k->kind == KERNEL_GRID && k->placed.len > 0) {
        check_axis(c, k);
        if (k->name)
            check_tasks(c, k);
    }
}

/* ---- assigns ---- */
static int loss_phase(const Plan *plan)
{
    const Graph *g = plan->graph;
    for (size_t i = 0; i < g->roots.len; i++) {
        const Node *n = graph_node(g, g->roots.data[i]);
        if (n->op == IR_EMIT && n->slot == SLOT_LOSS)
            return plan->kernels.data[plan->home[g->roots.data[i]]].phase;
    }
    return -1;
}

static void check_assigns(Check *c)
{
    const Plan *plan = c->plan;
    const Graph *g = plan->graph;
    int loss = loss_phase(plan);
    for (size_t i = 0; i < g->roots.len; i++) {
        NodeId id = g->roots.data[i];
        const Node *n = graph_node(g, id);
        if (n->op != IR_ASSIGN)
            continue;
        const Kernel *k = &plan->kernels.data[plan->home[id]];
        c->reader = id;
        c->kernel = plan->home[id];
        if (k->phase <= c->tensor_phase[n->as.tensor])
            say(c, "PLAN-16", id, "is assigned before its last reader");
        if (k->phase <= loss)
            say(c, "PLAN-17", id, "is assigned before the loss is known");
    }
}

/* ---- memory ---- */
/* A stored value's stretch of the arena, in bytes, and the phases in which it lives. */
typedef struct Stretch {
    int64_t begin, end;
    int first, last;
    const char *what; /* NULL: the node itself */
    NodeId node;
} Stretch;

typedef struct Stretches {
    const Plan *plan;
    VEC(Stretch) list;
    int phase;
    int *last; /* per node: the last phase that reads it */
} Stretches;

static void note_read(void *context, NodeId u)
{
    Stretches *s = context;
    if (s->phase > s->last[u])
        s->last[u] = s->phase;
}

static void note_reads(Stretches *s)
{
    const Plan *plan = s->plan;
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        s->phase = kernel->phase;
        if (kernel->source != NO_NODE)
            note_read(s, kernel->source);
        else if (kernel->node != NO_NODE)
            visit_sources(plan, kernel->node, note_read, s);
        for (size_t i = 0; i < kernel->placed.len; i++)
            visit_sources(plan, kernel->placed.data[i].node, note_read, s);
    }
}

static void add_stretch(Stretches *s, Stretch stretch)
{
    if (stretch.last < stretch.first)
        stretch.last = stretch.first;
    vec_push(s->plan->arena, &s->list, stretch);
}

static void node_stretches(Stretches *s)
{
    const Plan *plan = s->plan;
    for (NodeId i = 0; i < (NodeId)plan->graph->nodes.len; i++) {
        const Storage *st = &plan->storage[i];
        if (plan->home[i] < 0 ||
            (st->kind != STORE_ARENA && st->kind != STORE_INPUT && st->kind != STORE_PARTIALS)) {
            continue;
        }
        const Kernel *k = &plan->kernels.data[plan->home[i]];
        int64_t unit = (int64_t)sizeof(float), count = st->rows_max * view_panels(st->view) * LANES;
        if (st->kind == STORE_PARTIALS) {
            unit = (int64_t)sizeof(double);
            count = kernel_tasks(k, plan->graph->batch > 0 ? plan->graph->batch : 1);
        }
        if (plan->lies_in[i] == NO_NODE) {
            add_stretch(s, (Stretch){ st->offset * unit, (st->offset + count) * unit, k->phase,
                                      s->last[i], NULL, i });
        }
    }
}

/* The outermost concatenations, which hold what lies in them. */
static void concat_stretches(Stretches *s)
{
    const Plan *plan = s->plan;
    NodeId count = (NodeId)plan->graph->nodes.len;
    int *first = ARENA_ARRAY(plan->arena, int, count + 1),
        *last = ARENA_ARRAY(plan->arena, int, count + 1);
    bool *holds = ARENA_ARRAY(plan->arena, bool, count + 1);

    for (NodeId i = 0; i < count; i++) {
        if (plan->home[i] < 0 || plan->lies_in[i] == NO_NODE)
            continue;
        NodeId whole = lies_finally_in(plan, i);
        int phase = plan->kernels.data[plan->home[i]].phase;
        if (!holds[whole] || phase < first[whole])
            first[whole] = phase;
        if (phase > last[whole])
            last[whole] = phase;
        if (s->last[i] > last[whole])
            last[whole] = s->last[i];
        holds[whole] = true;
    }

    for (NodeId i = 0; i < count; i++) {
        const Storage *st = &plan->storage[i];
        int64_t floats = st->rows_max * view_panels(st->view) * LANES;
        if (holds[i]) {
            add_stretch(s, (Stretch){ st->offset * (int64_t)sizeof(float),
                                      (st->offset + floats) * (int64_t)sizeof(float), first[i],
                                      last[i], "the concatenation", i });
        }
    }
}

/* Second copies, and factors in lanes: until the last product that may read them. */
static void copy_stretches(Stretches *s)
{
    const Plan *plan = s->plan;
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int copy = kernel->contract != NO_NODE ? contract_relayout(plan, kernel->contract) : -1,
            weight, input;
        if (copy >= 0) {
            const Relayout *r = &plan->relayouts.data[copy];
            int64_t floats =
                view_rows_max(plan, r->storage.view) * view_panels(r->storage.view) * LANES;
            add_stretch(s, (Stretch){ r->storage.offset * (int64_t)sizeof(float),
                                      (r->storage.offset + floats) * (int64_t)sizeof(float),
                                      plan->kernels.data[r->home].phase, kernel->phase,
                                      "the copy of", r->node });
        }
        if (kernel->contract != NO_NODE &&
            product_skips_zeros(plan, kernel->contract, &weight, &input)) {
            const SparseInput *in = &plan->sparse_inputs.data[input];
            add_stretch(s, (Stretch){ in->storage.offset * (int64_t)sizeof(float),
                                      (in->storage.offset + in->floats) * (int64_t)sizeof(float),
                                      plan->kernels.data[in->home].phase, kernel->phase,
                                      "the lanes of", in->node });
        }
    }
}

static bool overlap(const Stretch *x, const Stretch *y)
{
    bool itself = x->node == y->node && x->what == y->what; /* a copy that two products read */
    return !itself && x->begin < y->end && y->begin < x->end && x->first <= y->last &&
           y->first <= x->last;
}

static void check_memory(Check *c)
{
    /* pairs are compared: larger plans would take longer to check than to make */
    enum { MOST_COMPARED = 4000 };

    const Plan *plan = c->plan;
    Stretches s = { .plan = plan,
                    .last = ARENA_ARRAY(plan->arena, int, plan->graph->nodes.len + 1) };
    note_reads(&s);
    node_stretches(&s);
    concat_stretches(&s);
    copy_stretches(&s);

    for (size_t a = 0; a < s.list.len && !c->wrong; a++) {
        const Stretch *x = &s.list.data[a];
        if (x->begin < 0 || x->end > plan->arena_bytes) {
            c->wrong = arena_printf(plan->arena, "PLAN-21: %s %%%d is outside the arena",
                                    x->what ? x->what : "node", (int)x->node);
        }
        for (size_t b = 0; b < a && s.list.len <= MOST_COMPARED; b++) {
            const Stretch *y = &s.list.data[b];
            if (overlap(x, y)) {
                c->wrong = arena_printf(plan->arena,
                                        "PLAN-22: %s %%%d and %s %%%d share memory while both live",
                                        x->what ? x->what : "node", (int)x->node,
                                        y->what ? y->what : "node", (int)y->node);
            }
        }
    }
}

/* PLAN-1; notes which kernel assigns each tensor. */
static void check_homes(Check *c)
{
    const Plan *plan = c->plan;
    const Graph *g = plan->graph;
    Uses uses = uses_of(plan);
    for (NodeId i = 0; i < (NodeId)g->nodes.len && !c->wrong; i++) {
        const Node *n = graph_node(g, i);
        if (!uses.live[i] || plan->inlined[i] || n->op == IR_WEIGHT)
            continue;
        if (plan->home[i] < 0 || plan->home[i] >= (int)plan->kernels.len) {
            c->wrong =
                arena_printf(plan->arena, "PLAN-1: %%%d (%s) has no home", (int)i, op_name(n->op));
        } else if (n->op == IR_ASSIGN) {
            c->assign_home[n->as.tensor] = plan->home[i];
        }
    }
}

char *plan_verify(const Plan *plan)
{
    if (!plan->home)
        return NULL;
    size_t tensors = plan->graph->tensors.len;
    Check c = { .plan = plan,
                .tensor_phase = ARENA_ARRAY(plan->arena, int, tensors + 1),
                .assign_home = ARENA_ARRAY(plan->arena, int, tensors + 1) };
    for (size_t i = 0; i < tensors; i++)
        c.assign_home[i] = c.tensor_phase[i] = -1;

    check_homes(&c);
    for (size_t k = 0; k < plan->kernels.len && !c.wrong; k++)
        check_kernel(&c, (int)k);
    if (!c.wrong && plan->phases)
        check_assigns(&c);
    if (!c.wrong && plan->storage)
        check_memory(&c);
    return c.wrong;
}
