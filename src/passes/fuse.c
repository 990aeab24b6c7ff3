/* fuse.c: which kernel each node is at home in.
 *
 * Requires axes (panels). Nodes are taken in topological order; each joins the kernel of one of its
 * producers, else one that reads the same values, else starts a kernel. A kernel has a level: one
 * more than the levels of those it reads from. A node joins only if nothing it needs comes from the
 * kernel's own level or a later one, or if nobody reads from the kernel yet, so that it can be
 * moved: so no cycle arises, and no kernel is held up for a node that others don't wait for.
 * (Greedy vertical and horizontal fusion, after Niu et al., DNNFusion, PLDI 2021.)
 *
 * Kernels' order and tasks are decided by later passes. */
#include "passes/fuse.h"

static void list_add(Fuse *f, KernelList *l, int kernel)
{
    if (l->list.len > 0 && l->list.data[l->list.len - 1] == kernel)
        return;
    vec_push(f->plan->arena, &l->list, kernel);
}

int new_kernel(Fuse *f, KernelKind kind, View view, int level, const char *why_not)
{
    Kernel k = { .kind = kind,
                 .view = view,
                 .contract = NO_NODE,
                 .node = NO_NODE,
                 .source = NO_NODE,
                 .stages = 1,
                 .layer = -1,
                 .why_not = why_not };
    vec_push(f->plan->arena, &f->plan->kernels, k);
    Growing grow = { .level = level };
    vec_push(f->plan->arena, &f->growing, grow);
    return (int)f->plan->kernels.len - 1;
}

/* A node that is placed, or a value that it reads. */
typedef struct Needs {
    Fuse *f;
    NodeId reader;
    int kernel;
} Needs;

static void note_source(void *context, NodeId u)
{
    Needs *n = context;
    Fuse *f = n->f;
    const Node *node = node_at(f, u);
    int home = f->plan->home[u];
    if (home >= 0 && home != n->kernel)
        f->growing.data[home].has_readers = true;
    if (node->op == IR_WEIGHT && (node_at(f, n->reader)->op != IR_CONTRACT ||
                                  contract_reads_itself(f->plan, n->reader, u))) {
        list_add(f, &f->tensor_readers[node->as.tensor], n->kernel);
    }
    list_add(f, &f->readers[u], n->kernel);
}

static void place_floating(void *context, NodeId u)
{
    Needs *n = context;
    if (n->f->floating[u] && n->f->plan->home[u] < 0)
        place(n->f, u, n->kernel);
}

void place(Fuse *f, NodeId id, int kernel)
{
    Plan *plan = f->plan;
    Needs floats = { .f = f, .reader = id, .kernel = kernel };
    visit_sources(plan, id, place_floating, &floats);

    Growing *grow = &f->growing.data[kernel];
    int level = level_needed(f, id, kernel);
    if (level > grow->level)
        grow->level = level;

    plan->home[id] = kernel;
    Kernel *k = &plan->kernels.data[kernel];
    if (k->kind == KERNEL_GRID || k->kind == KERNEL_SCALAR) {
        Placed p = { id, 0, false };
        vec_push(plan->arena, &k->placed, p);
    } else {
        k->node = id;
    }

    const Node *n = node_at(f, id);
    if (heads_kernel(n) && k->kind == KERNEL_GRID)
        k->contract = id;
    if (k->kind == KERNEL_GRID && op_class(n->op) == CLASS_REDUCE) {
        ReduceKind kind = reduce_kind(plan, id);
        grow->reductions++;
        grow->rows = grow->rows || kind == REDUCE_ROWS;
        grow->columns = grow->columns || kind == REDUCE_COLUMNS;
        grow->samples = grow->samples || kind == REDUCE_SAMPLES;
    }

    if (k->layer < 0)
        k->layer = n->layer;
    grow->flops += node_flops(plan, id);

    Needs needs = { .f = f, .reader = id, .kernel = kernel };
    visit_sources(plan, id, note_source, &needs);
}

typedef struct Candidates {
    Fuse *f;
    int kernel[16];
    int count;
} Candidates;

static void candidate_add(Candidates *c, int kernel)
{
    if (kernel < 0 || c->f->plan->kernels.data[kernel].kind != KERNEL_GRID)
        return;
    for (int i = 0; i < c->count; i++)
        if (c->kernel[i] == kernel)
            return;
    int most = (int)(sizeof c->kernel / sizeof *c->kernel);
    if (c->count < most)
        c->kernel[c->count++] = kernel;
}

static void candidate_producer(void *context, NodeId u)
{
    Candidates *c = context;
    candidate_add(c, c->f->plan->home[u]);
}

static void candidate_sibling(void *context, NodeId u)
{
    Candidates *c = context;
    const KernelList *l = &c->f->readers[u];

    enum { LATEST = 4 };

    for (size_t i = l->list.len; i > 0 && i + LATEST > l->list.len; i--)
        candidate_add(c, l->list.data[i - 1]);
}

/* Later levels first, and among equals those that were started later. */
static void sort_candidates(Candidates *c)
{
    for (int i = 1; i < c->count; i++) {
        for (int j = i; j > 0; j--) {
            int a = c->kernel[j - 1], b = c->kernel[j], la = c->f->growing.data[a].level,
                lb = c->f->growing.data[b].level;
            if (la > lb || (la == lb && a > b))
                break;
            c->kernel[j - 1] = b;
            c->kernel[j] = a;
        }
    }
}

static void place_grid(Fuse *f, NodeId id)
{
    const char *why = NULL;
    Candidates c = { .f = f };
    int *remade = node_at(f, id)->not_before ? &f->remade_in[node_at(f, id)->not_before - 1] : NULL;

    if (remade && *remade && !why_not_join(f, id, *remade - 1)) {
        place(f, id, *remade - 1);
        return;
    }

    if (!heads_kernel(node_at(f, id))) {
        visit_sources(f->plan, id, candidate_producer, &c);
        sort_candidates(&c);
        for (int i = 0; i < c.count; i++) {
            const char *not = why_not_join(f, id, c.kernel[i]);
            if (!not) {
                place(f, id, c.kernel[i]);
                return;
            }
            if (!why)
                why = not;
        }
        Candidates s = { .f = f };
        visit_sources(f->plan, id, candidate_sibling, &s);
        sort_candidates(&s);
        for (int i = 0; i < s.count; i++) {
            if (!why_not_join(f, id, s.kernel[i])) {
                place(f, id, s.kernel[i]);
                return;
            }
        }
    } else {
        why = "a product reads whole rows of its inputs";
    }

    View view = view_at(f, id);
    if (op_class(node_at(f, id)->op) == CLASS_REDUCE)
        view = view_at(f, node_at(f, id)->inputs[0]);

    int kernel = new_kernel(f, KERNEL_GRID, view, 0, why);
    if (remade)
        *remade = kernel + 1;
    place(f, id, kernel);
}

void place_scalar(Fuse *f, NodeId id, int least)
{
    /* What a scalar kernel of the same level has is at hand there. */
    int level = least;
    const Node *node = node_at(f, id);
    for (int i = 0; i < node->input_count; i++) {
        NodeId u = node->inputs[i];
        int home = f->plan->home[u];
        if (home < 0)
            continue;
        int l = f->growing.data[home].level +
                (f->plan->kernels.data[home].kind == KERNEL_SCALAR ? 0 : 1);
        if (l > level)
            level = l;
    }
    while ((int)f->scalar_kernel.len <= level)
        vec_push(f->plan->arena, &f->scalar_kernel, 0);
    if (f->scalar_kernel.data[level] == 0) {
        int kernel =
            new_kernel(f, KERNEL_SCALAR, (View){ .per_sample = 1, .features = 1 }, level, NULL);
        f->growing.data[kernel].has_readers = true;
        f->scalar_kernel.data[level] = kernel + 1;
    }
    place(f, id, f->scalar_kernel.data[level] - 1);
}

static void place_alone(Fuse *f, NodeId id, KernelKind kind)
{
    place(f, id, new_kernel(f, kind, view_at(f, id), level_needed(f, id, NONE), NULL));
}

static void place_node(Fuse *f, NodeId id)
{
    const Node *n = node_at(f, id);
    if (f->plan->inlined[id] || n->op == IR_WEIGHT || n->op == IR_ASSIGN)
        return;
    if (n->op == IR_INPUT || n->op == IR_TARGET || n->op == IR_SAMPLE_WEIGHT) {
        place_alone(f, id, KERNEL_GATHER);
    } else if (n->op == IR_EMIT) {
        if (scalar_at(f, id))
            place_scalar(f, id, 0);
        else
            place_alone(f, id, KERNEL_OUT);
        if (n->slot == SLOT_LOSS)
            f->loss_level = f->growing.data[f->plan->home[id]].level;
    } else if (moves_alone(f->plan, id)) {
        place_alone(f, id, KERNEL_MOVE);
    } else if (op_class(n->op) == CLASS_REDUCE && reduce_kind(f->plan, id) == REDUCE_FOLD) {
        place_alone(f, id, KERNEL_FOLD);
    } else if (op_class(n->op) == CLASS_MAP && scalar_at(f, id) &&
               node_at(f, n->inputs[0])->op != IR_RANDOM) {
        place_scalar(f, id, 0);
    } else {
        place_grid(f, id);
    }
}

/* ---- second copies ---- */
/* A copy is made as soon as its source is there; products that read it come later. */
static void place_relayout(Fuse *f, size_t index)
{
    Relayout *r = &f->plan->relayouts.data[index];
    int kernel = r->home =
        new_kernel(f, KERNEL_MOVE, r->storage.view, level_available(f, r->node), NULL);
    Kernel *k = &f->plan->kernels.data[kernel];
    k->node = k->source = r->node;
    const Node *n = node_at(f, r->node);
    k->layer = n->layer;
    int home = f->plan->home[r->node];
    if (home >= 0)
        f->growing.data[home].has_readers = true;
    if (n->op == IR_WEIGHT)
        list_add(f, &f->tensor_readers[n->as.tensor], kernel);
    f->growing.data[kernel].has_readers = true;
}

static Axis axis_of(const Growing *grow)
{
    if (grow->rows)
        return grow->columns ? AXIS_BOTH : AXIS_ROW;
    return grow->columns ? AXIS_COL : AXIS_NONE;
}

Plan *pass_fuse(Plan *plan)
{
    Graph *g = plan->graph;
    size_t n = g->nodes.len;
    plan->home = ARENA_ARRAY(plan->arena, int, n + 1);
    plan->stage = ARENA_ARRAY(plan->arena, int, n + 1);
    plan->inlined = ARENA_ARRAY(plan->arena, bool, n + 1);
    for (size_t i = 0; i < n; i++)
        plan->home[i] = NONE;

    Fuse f = { .plan = plan,
               .g = g,
               .uses = uses_of(plan),
               .readers = ARENA_ARRAY(plan->arena, KernelList, n + 1),
               .tensor_readers = ARENA_ARRAY(plan->arena, KernelList, g->tensors.len + 1),
               .update = ARENA_ARRAY(plan->arena, bool, n + 1),
               .floating = ARENA_ARRAY(plan->arena, bool, n + 1),
               .made_in = ARENA_ARRAY(plan->arena, int, n + 1),
               .remade_in = ARENA_ARRAY(plan->arena, int, n + 1),
               .least_level = ARENA_ARRAY(plan->arena, int, n + 1),
               .loss_level = NONE };

    find_inlined(&f);
    find_updates(&f);
    find_floating(&f);

    for (NodeId i = 0; i < (NodeId)n; i++) {
        if (!f.uses.live[i] || f.update[i])
            continue;
        place_node(&f, i);
        if (plan->copy[i] >= 0)
            place_relayout(&f, (size_t)plan->copy[i]);
    }

    find_origins(&f);
    find_least_levels(&f);
    for (NodeId i = 0; i < (NodeId)n; i++)
        if (f.uses.live[i] && f.update[i] && !f.floating[i])
            place_node(&f, i);
    for (NodeId i = 0; i < (NodeId)n; i++)
        if (f.uses.live[i] && node_at(&f, i)->op == IR_ASSIGN)
            place_assign(&f, i);

    for (size_t k = 0; k < plan->kernels.len; k++) {
        Kernel *kernel = &plan->kernels.data[k];
        const Growing *grow = &f.growing.data[k];
        kernel->phase = grow->level;
        kernel->axis = axis_of(grow);
        kernel->by_sample = grow->samples;
        kernel->flops = grow->flops;
        kernel_stages(plan, kernel);
    }

    mark_stored(plan, &f.uses);
    return plan;
}
