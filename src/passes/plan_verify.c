/* plan_verify.c: whether a plan is sound: what each kernel reads is there when it runs, nothing
 * that lives at the same time shares memory, and tensors are assigned after their readers and after
 * the loss. Each check starts when the pass that makes it true has run. */
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

static void say(Check *c, const char *what, NodeId id)
{
    if (!c->wrong) {
        c->wrong = arena_printf(c->plan->arena, "%%%d (%s), read by %%%d in kernel %d: %s", (int)id,
                                op_name(graph_node(c->plan->graph, id)->op), (int)c->reader,
                                c->kernel, what);
    }
}

static bool in_memory(const Plan *plan, NodeId id)
{
    StorageKind kind = plan->storage[id].kind;
    return kind == STORE_ARENA || kind == STORE_TENSOR || kind == STORE_INPUT ||
           kind == STORE_SCALAR;
}

static void check_source(void *context, NodeId u)
{
    Check *c = context;
    const Plan *plan = c->plan;
    const Node *n = graph_node(plan->graph, u), *reader = graph_node(plan->graph, c->reader);
    const Kernel *k = &plan->kernels.data[c->kernel];
    if (n->op == IR_WEIGHT) {
        if (reader->op == IR_CONTRACT && !contract_reads_itself(plan, c->reader, u))
            return;
        int phase = k->phase;
        if (c->assign_home[n->as.tensor] != c->kernel && phase > c->tensor_phase[n->as.tensor])
            c->tensor_phase[n->as.tensor] = phase;
        return;
    }
    int home = plan->home[u];
    if (home < 0) {
        say(c, "has no home", u);
        return;
    }
    if (home == c->kernel) {
        if (reads_memory(plan, c->reader) && plan->storage && !in_memory(plan, u))
            say(c, "lies in no memory", u);
        return;
    }
    if (!plan->phases)
        return;
    if (plan->kernels.data[home].phase >= k->phase)
        say(c, "comes from no earlier phase", u);
    if (!plan->storage)
        return;
    bool partial = plan->storage[u].kind == STORE_PARTIALS && k->kind == KERNEL_SCALAR;
    if (!partial && !in_memory(plan, u))
        say(c, "lies in no memory", u);
}

static void check_inlined(Check *c, NodeId id)
{
    const Graph *g = c->plan->graph;
    const Node *n = graph_node(g, id);
    for (int i = 0; i < n->input_count; i++) {
        NodeId u = n->inputs[i];
        if (!c->plan->inlined[u] || is_view(c->plan, u))
            continue;
        double value;
        if (reads_memory(c->plan, id))
            say(c, "is inlined, but must lie in memory", u);
        if (!node_constant(g, u, &value) && graph_node(g, u)->op != IR_HYPER &&
            op_class(n->op) == CLASS_MAP && !view_equal(view_of(g, u), view_of(g, id)) &&
            !(graph_node(g, u)->op == IR_RESHAPE && view_one_row(view_of(g, u))) &&
            !runs_along_features(g, u, id)) {
            say(c, "is inlined into another range", u);
        }
        check_inlined(c, u);
    }
}

static void check_extent(Check *c, const Kernel *k, NodeId id)
{
    const Graph *g = c->plan->graph;
    const Node *n = graph_node(g, id);
    if (op_class(n->op) == CLASS_LEAF || op_class(n->op) == CLASS_MOVE) {
        say(c, "can be at home in no kernel", id);
        return;
    }
    if (k->kind == KERNEL_SCALAR) {
        if (!view_scalar(view_of(g, id)) ||
            (op_class(n->op) != CLASS_MAP && op_class(n->op) != CLASS_EFFECT)) {
            say(c, "is no scalar", id);
        }
        return;
    }
    Extent e = extent_of(view_of(g, id), k->view);
    bool rows = k->axis == AXIS_ROW || k->axis == AXIS_BOTH,
         columns = k->axis == AXIS_COL || k->axis == AXIS_BOTH;
    if (heads_kernel(n) && (id != k->contract || e != EXTENT_FULL))
        say(c, "is not its kernel's product", id);
    if (e == EXTENT_OTHER || (e == EXTENT_ROW && !rows) || (e == EXTENT_COLUMN && !columns) ||
        (e == EXTENT_SAMPLE && !k->by_sample)) {
        say(c, "does not fit its kernel's range", id);
    }
    if (e == EXTENT_SCALAR && op_class(n->op) != CLASS_REDUCE)
        say(c, "is a scalar in a grid", id);
    if (k->by_sample && k->axis != AXIS_NONE)
        say(c, "is in a kernel that sums over samples as well as each sample", id);
    if (op_class(n->op) != CLASS_REDUCE)
        return;
    Extent from = extent_of(view_of(g, n->inputs[0]), k->view);
    ReduceKind kind = reduce_kind(c->plan, id);
    if (kind == REDUCE_FOLD || (kind != REDUCE_TOTAL && from != EXTENT_FULL) ||
        from == EXTENT_OTHER || from == EXTENT_SCALAR) {
        say(c, "sums another range than its kernel's", id);
    }
}

static void check_kernel(Check *c, int index)
{
    const Plan *plan = c->plan;
    const Kernel *k = &plan->kernels.data[index];
    c->kernel = index;
    if (k->source != NO_NODE) {
        c->reader = k->source;
        const Node *n = graph_node(plan->graph, k->source);
        if (n->op != IR_WEIGHT)
            check_source(c, k->source);
        else if (k->phase > c->tensor_phase[n->as.tensor])
            c->tensor_phase[n->as.tensor] = k->phase;
        return;
    }
    if (k->node != NO_NODE) {
        c->reader = k->node;
        visit_sources(plan, k->node, check_source, c);
        check_inlined(c, k->node);
        return;
    }
    for (size_t i = 0; i < k->placed.len; i++) {
        c->reader = k->placed.data[i].node;
        check_extent(c, k, c->reader);
        check_inlined(c, c->reader);
        visit_sources(plan, c->reader, check_source, c);
        if (plan->home[c->reader] != index)
            say(c, "has another home", c->reader);
        int copy = contract_relayout(plan, c->reader);
        if (copy >= 0 && plan->phases &&
            plan->kernels.data[plan->relayouts.data[copy].home].phase >= k->phase) {
            say(c, "is copied too late", plan->relayouts.data[copy].node);
        }
    }
}

static void check_assigns(Check *c)
{
    const Plan *plan = c->plan;
    const Graph *g = plan->graph;
    int loss = -1;
    for (size_t i = 0; i < g->roots.len; i++) {
        const Node *n = graph_node(g, g->roots.data[i]);
        if (n->op == IR_EMIT && n->slot == SLOT_LOSS)
            loss = plan->kernels.data[plan->home[g->roots.data[i]]].phase;
    }
    for (size_t i = 0; i < g->roots.len; i++) {
        NodeId id = g->roots.data[i];
        const Node *n = graph_node(g, id);
        if (n->op != IR_ASSIGN)
            continue;
        const Kernel *k = &plan->kernels.data[plan->home[id]];
        c->reader = id;
        c->kernel = plan->home[id];
        if (k->phase <= loss)
            say(c, "is assigned before the loss is known", id);
        if (k->phase <= c->tensor_phase[n->as.tensor])
            say(c, "is assigned before its last reader", id);
    }
}

/* A stored value's stretch of the arena, and the phases in which it lives. */
typedef struct Stretch {
    int64_t begin, end;
    int first, last;
    NodeId node;
} Stretch;

typedef struct Reads {
    const Plan *plan;
    int phase;
    int *last;
} Reads;

static void note_read(void *context, NodeId u)
{
    Reads *r = context;
    if (r->phase > r->last[u])
        r->last[u] = r->phase;
}

static void check_memory(Check *c)
{
    /* pairs are compared: larger plans would take longer to check than to make */
    enum { MOST_COMPARED = 4000 };

    const Plan *plan = c->plan;
    Reads r = { plan, 0, ARENA_ARRAY(plan->arena, int, plan->graph->nodes.len + 1) };
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        r.phase = kernel->phase;
        if (kernel->source != NO_NODE)
            note_read(&r, kernel->source);
        else if (kernel->node != NO_NODE)
            visit_sources(plan, kernel->node, note_read, &r);
        for (size_t i = 0; i < kernel->placed.len; i++)
            visit_sources(plan, kernel->placed.data[i].node, note_read, &r);
    }
    VEC(Stretch) list = { 0 };
    for (NodeId i = 0; i < (NodeId)plan->graph->nodes.len; i++) {
        const Storage *s = &plan->storage[i];
        if (plan->lies_in[i] != NO_NODE || plan->home[i] < 0 ||
            (s->kind != STORE_ARENA && s->kind != STORE_INPUT && s->kind != STORE_PARTIALS)) {
            continue;
        }
        const Kernel *k = &plan->kernels.data[plan->home[i]];
        int64_t unit = s->kind == STORE_PARTIALS ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
        int64_t count = s->kind == STORE_PARTIALS
                            ? kernel_tasks(plan, k, plan->graph->batch > 0 ? plan->graph->batch : 1)
                            : s->rows_max * view_panels(s->view) * LANES;
        Stretch stretch = { s->offset * unit, (s->offset + count) * unit, k->phase,
                            r.last[i] > k->phase ? r.last[i] : k->phase, i };
        vec_push(plan->arena, &list, stretch);
        if (stretch.end > plan->arena_bytes)
            c->wrong = arena_printf(plan->arena, "%%%d lies outside the arena", (int)i);
    }
    for (size_t a = 0; a < list.len && list.len <= MOST_COMPARED; a++) {
        for (size_t b = 0; b < a; b++) {
            const Stretch *x = &list.data[a], *y = &list.data[b];
            if (x->begin < y->end && y->begin < x->end && x->first <= y->last &&
                y->first <= x->last) {
                c->wrong = arena_printf(plan->arena, "%%%d and %%%d share memory while both live",
                                        (int)x->node, (int)y->node);
            }
        }
    }
}

char *plan_verify(const Plan *plan)
{
    if (!plan->home)
        return NULL;
    const Graph *g = plan->graph;
    Uses uses = uses_of(plan);
    Check c = { .plan = plan,
                .tensor_phase = ARENA_ARRAY(plan->arena, int, g->tensors.len + 1),
                .assign_home = ARENA_ARRAY(plan->arena, int, g->tensors.len + 1) };
    for (size_t i = 0; i < g->tensors.len; i++)
        c.assign_home[i] = c.tensor_phase[i] = -1;
    for (NodeId i = 0; i < (NodeId)g->nodes.len; i++) {
        if (!uses.live[i] || plan->inlined[i] || graph_node(g, i)->op == IR_WEIGHT)
            continue;
        if (plan->home[i] < 0 || plan->home[i] >= (int)plan->kernels.len) {
            return arena_printf(plan->arena, "%%%d (%s) has no home", (int)i,
                                op_name(graph_node(g, i)->op));
        }
        if (graph_node(g, i)->op == IR_ASSIGN)
            c.assign_home[graph_node(g, i)->as.tensor] = plan->home[i];
    }
    for (size_t k = 0; k < plan->kernels.len && !c.wrong; k++)
        check_kernel(&c, (int)k);
    if (!c.wrong && plan->phases)
        check_assigns(&c);
    if (!c.wrong && plan->storage)
        check_memory(&c);
    return c.wrong;
}
