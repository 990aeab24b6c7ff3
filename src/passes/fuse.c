/* fuse.c: which kernel each node is at home in.
 *
 * Requires axes (layout). Nodes are taken in topological order; each joins the kernel of one of its
 * producers, else one that reads the same values, else starts a kernel. A kernel has a level: one
 * more than the levels of those it reads from. A node joins only if nothing it needs comes from the
 * kernel's own level or a later one, or if nobody reads from the kernel yet, so that it can be
 * moved: so no cycle arises, and no kernel is held up for a node that others don't wait for.
 * (Greedy vertical and horizontal fusion, after Niu et al., DNNFusion, PLDI 2021.)
 *
 * What only assigns read (optimizer states, moving statistics) comes last, in kernels that stand
 * behind the loss; an assign that can't join its value's kernel gets one of its own. Kernels' order
 * and splits are schedule.c's. */
#include "passes/passes.h"
#include <string.h>

/* What a kernel is while it grows. */
typedef struct Growing {
    int level;
    bool has_readers; /* it can't be moved to a later level any more */
    /* sums over features, over rows, over the rows of each sample */
    bool rows, columns, samples;
    int reductions;
    double flops;
} Growing;

typedef struct KernelList {
    VEC(int) list;
} KernelList;

typedef struct Fuse {
    Plan *plan;
    Graph *g;
    Uses uses;
    VEC(Growing) growing;       /* per kernel */
    VEC(int) scalar_kernel;     /* per level: kernel + 1, or 0 */
    KernelList *readers;        /* per node: GRID kernels that read it */
    KernelList *tensor_readers; /* per tensor */
    bool *update;               /* per node: only assigns depend on it */
    /* per node: an update of tensors and scalars alone, which goes where its reader goes */
    bool *floating;
    /* per node: the kernel that the gradient of an update comes from, or NONE */
    int *made_in;
    int *made_behind; /* per node: kernel + 1 of what is made anew behind it, or 0 */
    int *behind;      /* per node: update nodes must stand at this level or later */
    /* NONE before the loss has its kernel, or where there is none */
    int loss_level;
} Fuse;

/* MOST_SPREAD: ops that reading one inlined (or floating) value may come to, so that looking
 * through them stays cheap. */
enum { NONE = -1, MOST_SPREAD = 48 };

static View view_at(const Fuse *f, NodeId id)
{
    return view_of(f->g, id);
}

static const Node *node_at(const Fuse *f, NodeId id)
{
    return graph_node(f->g, id);
}

static bool scalar_at(const Fuse *f, NodeId id)
{
    return view_scalar(view_at(f, id));
}

static void list_add(Fuse *f, KernelList *l, int kernel)
{
    if (l->list.len > 0 && l->list.data[l->list.len - 1] == kernel)
        return;
    vec_push(f->plan->arena, &l->list, kernel);
}

/* ---- what is computed wherever it is read ---- */
/* A coordinate along the features is the same in every row, so that a range of more rows can work
 * it out as well. */
bool runs_along_features(const Graph *g, NodeId index, NodeId reader)
{
    const Node *n = graph_node(g, index), *r = graph_node(g, reader);
    return n->op == IR_INDEX && n->as.axis == n->feature_axis &&
           view_of(g, index).features == view_of(g, reader).features &&
           n->shape.rank - n->feature_axis == r->shape.rank - r->feature_axis;
}

static bool used_in_own_range(const Fuse *f, NodeId id)
{
    View v = view_at(f, id);
    for (int i = f->uses.start[id]; i < f->uses.start[id + 1]; i++) {
        NodeId r = f->uses.list[i];
        const Node *n = node_at(f, r);
        if (reads_memory(f->plan, r))
            return false;
        if (op_class(n->op) == CLASS_REDUCE || view_equal(view_at(f, r), v))
            continue;
        if (node_at(f, id)->op == IR_RESHAPE && view_one_row(v) && op_class(n->op) == CLASS_MAP)
            continue;
        if (!runs_along_features(f->g, id, r))
            return false;
    }
    return true;
}

static bool read_by_memory(const Fuse *f, NodeId id)
{
    for (int i = f->uses.start[id]; i < f->uses.start[id + 1]; i++)
        if (reads_memory(f->plan, f->uses.list[i]))
            return true;
    return false;
}

static bool keeps_view(const Fuse *f, NodeId id)
{
    const Node *n = node_at(f, id);
    const Node *u = node_at(f, n->inputs[0]);
    View v = view_at(f, id);
    int64_t outer = 1, from_outer = 1;
    for (int i = 0; i < n->feature_axis; i++)
        outer *= n->shape.dim[i] == DIM_BATCH ? 1 : n->shape.dim[i];
    for (int i = 0; i < u->feature_axis; i++)
        from_outer *= u->shape.dim[i] == DIM_BATCH ? 1 : u->shape.dim[i];
    return view_equal(v, view_at(f, n->inputs[0])) && (v.features == 1 || outer == from_outer);
}

static void find_inlined(Fuse *f)
{
    Plan *plan = f->plan;
    int *spread = ARENA_ARRAY(plan->arena, int, f->g->nodes.len + 1);
    NodeId count = (NodeId)f->g->nodes.len;
    find_views(plan, f->uses.live);
    /* Reshapes first: which of them move anything decides who reads memory. */
    for (NodeId i = count; i-- > 0;) {
        if (f->uses.live[i] && !is_view(plan, i) && node_at(f, i)->op == IR_RESHAPE &&
            keeps_view(f, i)) {
            plan->inlined[i] = true;
            if (!used_in_own_range(f, i))
                plan->inlined[i] = false;
        }
    }
    for (NodeId i = 0; i < count; i++) {
        const Node *n = node_at(f, i);
        double value;
        if (!f->uses.live[i])
            continue;
        if (n->op == IR_CONST || n->op == IR_HYPER) {
            plan->inlined[i] = true;
        } else if (n->op == IR_BROADCAST && node_constant(f->g, i, &value)) {
            plan->inlined[i] = !read_by_memory(f, i);
        } else if (n->op == IR_INDEX || n->op == IR_RANDOM) {
            plan->inlined[i] = used_in_own_range(f, i);
        } else if (op_class(n->op) == CLASS_MAP && !scalar_at(f, i)) {
            bool all = true, any = false;
            spread[i] = 1;
            for (int k = 0; k < n->input_count; k++) {
                spread[i] += spread[n->inputs[k]];
                all = all && plan->inlined[n->inputs[k]] &&
                      node_at(f, n->inputs[k])->op != IR_RESHAPE && !is_view(plan, n->inputs[k]);
                any = any || op_class(node_at(f, n->inputs[k])->op) != CLASS_LEAF ||
                      node_at(f, n->inputs[k])->op == IR_RANDOM ||
                      node_at(f, n->inputs[k])->op == IR_INDEX;
            }
            if (spread[i] > MOST_SPREAD)
                spread[i] = MOST_SPREAD + 1;
            plan->inlined[i] = all && any && spread[i] <= MOST_SPREAD && used_in_own_range(f, i);
        }
    }
}

/* ---- kernels ---- */
static int new_kernel(Fuse *f, KernelKind kind, View view, int level, const char *why_not)
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

typedef struct Needs {
    Fuse *f;
    NodeId reader;
    int kernel, level;
} Needs;

/* The level at which a value can be read from outside its home. */
static int available(const Fuse *f, NodeId u)
{
    int home = f->plan->home[u];
    return home < 0 ? 0 : f->growing.data[home].level + 1;
}

static void need_source(void *context, NodeId u)
{
    Needs *n = context;
    int home = n->f->plan->home[u];
    if (n->f->floating[u] && home < 0)
        visit_sources(n->f->plan, u, need_source, n);
    if (home < 0 || home == n->kernel)
        return;
    int level = available(n->f, u);
    if (level > n->level)
        n->level = level;
}

typedef struct Level {
    const Fuse *f;
    int *level;
} Level;

static void level_of_source(void *context, NodeId u)
{
    const Level *l = context;
    int home = l->f->plan->home[u];
    if (home >= 0 && l->f->growing.data[home].level > *l->level)
        *l->level = l->f->growing.data[home].level;
}

/* No earlier than a node's own kernel. */
static void stand_behind(const Fuse *f, NodeId id, int *level)
{
    Level l = { f, level };
    if (f->plan->inlined[id])
        visit_sources(f->plan, id, level_of_source, &l);
    else
        level_of_source(&l, id);
}

/* The first level at which a node could stand outside, or inside, a kernel. */
static int level_needed(Fuse *f, NodeId id, int kernel)
{
    Needs n = { .f = f, .reader = id, .kernel = kernel };
    visit_sources(f->plan, id, need_source, &n);
    int copy = contract_relayout(f->plan, id);
    if (copy >= 0) {
        int level = f->growing.data[f->plan->relayouts.data[copy].home].level + 1;
        if (level > n.level)
            n.level = level;
    }
    if (node_at(f, id)->behind)
        stand_behind(f, node_at(f, id)->behind - 1, &n.level);
    return f->update[id] && f->behind[id] > n.level ? f->behind[id] : n.level;
}

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

static void place(Fuse *f, NodeId id, int kernel);

static void place_floating(void *context, NodeId u)
{
    Needs *n = context;
    if (n->f->floating[u] && n->f->plan->home[u] < 0)
        place(n->f, u, n->kernel);
}

static void place(Fuse *f, NodeId id, int kernel)
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

/* ---- may a node join a kernel? NULL: yes, else why not ---- */
static bool small(const Fuse *f, const Growing *grow)
{
    return f->plan->serial || grow->flops < f->plan->machine->sums->small_flops;
}

static const char *axes_clash(const Fuse *f, int kernel, bool rows, bool columns, bool samples)
{
    const Kernel *k = &f->plan->kernels.data[kernel];
    const Growing *grow = &f->growing.data[kernel];
    int64_t panels = view_panels(k->view);
    rows = rows || grow->rows;
    columns = columns || grow->columns;
    samples = samples || grow->samples;
    if (samples && (rows || columns))
        return "sums over each sample and other sums want different tasks";
    if (samples && k->contract != NO_NODE && node_at(f, k->contract)->op == IR_CONTRACT)
        return "a product's tiles know no samples";
    if (rows && columns && panels > 1)
        return "it sums over features, the kernel over rows, of more than one panel";
    if (rows && columns && !small(f, grow))
        return "sums over both rows and features would leave the kernel to one thread";
    if (k->contract != NO_NODE && rows && panels > 1)
        return "it needs whole rows, and the product makes panels";
    if (k->contract != NO_NODE && columns && panels < f->plan->machine->sums->wide_panels &&
        !small(f, grow))
        return "sums over rows would leave the product too few panels to share out";
    return NULL;
}

static const char *level_clash(Fuse *f, NodeId id, int kernel)
{
    const Growing *grow = &f->growing.data[kernel];
    if (level_needed(f, id, kernel) > grow->level && grow->has_readers)
        return "it needs values that the kernel's readers come before";
    return NULL;
}

static const char *join_reduce(Fuse *f, NodeId id, int kernel)
{
    const Kernel *k = &f->plan->kernels.data[kernel];
    NodeId from = node_at(f, id)->inputs[0];
    bool inside = f->plan->home[from] == kernel;
    Extent extent = extent_of(view_at(f, from), k->view);
    ReduceKind kind = reduce_kind(f->plan, id);
    if (kind == REDUCE_FOLD)
        return "its sum is over part of the rows";
    if (f->growing.data[kernel].reductions >= f->plan->machine->sums->most_reductions)
        return "the kernel holds enough sums";
    if (extent != EXTENT_FULL && !(inside && kind == REDUCE_TOTAL))
        return "it sums another range";
    return axes_clash(f, kernel, kind == REDUCE_ROWS, kind == REDUCE_COLUMNS,
                      kind == REDUCE_SAMPLES);
}

static const char *join_map(Fuse *f, NodeId id, int kernel)
{
    const Kernel *k = &f->plan->kernels.data[kernel];
    const Growing *grow = &f->growing.data[kernel];
    switch (extent_of(view_at(f, id), k->view)) {
    case EXTENT_FULL: return NULL;
    case EXTENT_COLUMN: return grow->columns ? NULL : "it is one row, the kernel many";
    case EXTENT_ROW: return grow->rows ? NULL : "it is one number a row, the kernel many";
    case EXTENT_SAMPLE: return grow->samples ? NULL : "it is one row a sample, the kernel many";
    default: return "its range is another";
    }
}

static const char *join(Fuse *f, NodeId id, int kernel)
{
    const Kernel *k = &f->plan->kernels.data[kernel];
    if (k->kind != KERNEL_GRID)
        return "it is no elementwise kernel that makes its input";
    if (views_into(f->plan, id, kernel))
        return "it reads a part of what the kernel makes";
    const char *why = op_class(node_at(f, id)->op) == CLASS_REDUCE ? join_reduce(f, id, kernel)
                                                                   : join_map(f, id, kernel);
    return why ? why : level_clash(f, id, kernel);
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
    int *behind = node_at(f, id)->behind ? &f->made_behind[node_at(f, id)->behind - 1] : NULL;
    if (behind && *behind && !join(f, id, *behind - 1)) {
        place(f, id, *behind - 1);
        return;
    }
    if (!heads_kernel(node_at(f, id))) {
        visit_sources(f->plan, id, candidate_producer, &c);
        sort_candidates(&c);
        for (int i = 0; i < c.count; i++) {
            const char *not = join(f, id, c.kernel[i]);
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
            if (!join(f, id, s.kernel[i])) {
                place(f, id, s.kernel[i]);
                return;
            }
        }
    } else {
        why = "a product reads whole rows of it";
    }
    View view = view_at(f, id);
    if (op_class(node_at(f, id)->op) == CLASS_REDUCE)
        view = view_at(f, node_at(f, id)->inputs[0]);
    int kernel = new_kernel(f, KERNEL_GRID, view, 0, why);
    if (behind)
        *behind = kernel + 1;
    place(f, id, kernel);
}

static void place_scalar(Fuse *f, NodeId id, int least)
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
    if (n->op == IR_INPUT || n->op == IR_TARGET) {
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
/* A copy is made as soon as its source is there; products that read it come behind. */
static void place_relayout(Fuse *f, size_t index)
{
    Relayout *r = &f->plan->relayouts.data[index];
    int kernel = r->home = new_kernel(f, KERNEL_MOVE, r->storage.view, available(f, r->node), NULL);
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

/* ---- updates ---- */
static void find_updates(Fuse *f)
{
    for (NodeId i = (NodeId)f->g->nodes.len; i-- > 0;) {
        const Node *n = node_at(f, i);
        if (!f->uses.live[i] || shape_has_batch(n->shape))
            continue;
        if (op_class(n->op) != CLASS_MAP && op_class(n->op) != CLASS_REDUCE)
            continue;
        if (op_class(n->op) == CLASS_REDUCE && shape_has_batch(node_at(f, n->inputs[0])->shape))
            continue;
        bool all = f->uses.start[i] < f->uses.start[i + 1];
        for (int k = f->uses.start[i]; k < f->uses.start[i + 1] && all; k++) {
            NodeId r = f->uses.list[k];
            all = node_at(f, r)->op == IR_ASSIGN || f->update[r];
        }
        f->update[i] = all;
    }
}

/* Of one range with all that they read and all that read them. */
static void find_floating(Fuse *f)
{
    int *spread = ARENA_ARRAY(f->plan->arena, int, f->g->nodes.len + 1);
    for (NodeId i = 0; i < (NodeId)f->g->nodes.len; i++) {
        const Node *n = node_at(f, i);
        if (!f->update[i] || f->plan->inlined[i] || op_class(n->op) != CLASS_MAP ||
            scalar_at(f, i) || moves_alone(f->plan, i)) {
            continue;
        }
        bool all = true;
        spread[i] = 1;
        for (int k = 0; k < n->input_count && all; k++) {
            NodeId u = n->inputs[k];
            spread[i] += f->floating[u] ? spread[u] : 0;
            all = spread[i] <= MOST_SPREAD;
            all = all && (scalar_at(f, u) || (view_equal(view_at(f, u), view_at(f, i)) &&
                                              (node_at(f, u)->op == IR_WEIGHT || f->floating[u] ||
                                               f->plan->inlined[u])));
            if (f->plan->inlined[u] && node_at(f, u)->op == IR_RESHAPE)
                all = false;
        }
        for (int k = f->uses.start[i]; k < f->uses.start[i + 1] && all; k++) {
            all = op_class(node_at(f, f->uses.list[k])->op) == CLASS_MAP &&
                  view_equal(view_at(f, f->uses.list[k]), view_at(f, i)) &&
                  !moves_alone(f->plan, f->uses.list[k]);
        }
        f->floating[i] = all;
    }
}

/* The kernel that an update would like to join: it may read the tensor's old value itself. */
static void find_origins(Fuse *f)
{
    for (NodeId i = 0; i < (NodeId)f->g->nodes.len; i++) {
        const Node *n = node_at(f, i);
        f->made_in[i] = NONE;
        if (!f->update[i] && n->op != IR_ASSIGN)
            continue;
        for (int k = 0; k < n->input_count; k++) {
            NodeId u = n->inputs[k];
            while (f->plan->inlined[u] && node_at(f, u)->op == IR_RESHAPE)
                u = node_at(f, u)->inputs[0];
            int from = f->update[u] ? f->made_in[u] : scalar_at(f, u) ? NONE : f->plan->home[u];
            if (from >= 0 && f->plan->kernels.data[from].kind != KERNEL_GRID)
                from = NONE;
            if (from >= 0 && (f->made_in[i] < 0 ||
                              f->growing.data[from].level > f->growing.data[f->made_in[i]].level)) {
                f->made_in[i] = from;
            }
        }
    }
}

/* Update nodes of more than one element stand behind the loss, and behind whatever else reads the
 * tensors that they flow into. */
static void find_behind(Fuse *f)
{
    for (NodeId i = (NodeId)f->g->nodes.len; i-- > 0;) {
        const Node *n = node_at(f, i);
        if (n->op == IR_ASSIGN) {
            int least = f->loss_level + 1;
            const KernelList *l = &f->tensor_readers[n->as.tensor];
            for (size_t k = 0; k < l->list.len; k++) {
                int level = f->growing.data[l->list.data[k]].level + 1;
                if (level > least && l->list.data[k] != f->made_in[i])
                    least = level;
            }
            f->behind[i] = least;
        }
        if (!f->update[i] || scalar_at(f, i))
            continue;
        for (int k = f->uses.start[i]; k < f->uses.start[i + 1]; k++) {
            NodeId r = f->uses.list[k];
            if (!scalar_at(f, r) && f->behind[r] > f->behind[i])
                f->behind[i] = f->behind[r];
        }
    }
}

static bool contract_reads(const Fuse *f, const Kernel *k, int tensor)
{
    if (k->contract == NO_NODE)
        return false;
    bool windows = op_class(node_at(f, k->contract)->op) == CLASS_WINDOW;
    for (int i = 0; i < node_at(f, k->contract)->input_count; i++) {
        const Node *u = node_at(f, node_at(f, k->contract)->inputs[i]);
        if (windows && u->op == IR_WEIGHT && u->as.tensor == tensor)
            return true;
        if (!windows && u->op == IR_WEIGHT && u->as.tensor == tensor &&
            contract_reads_itself(f->plan, k->contract, node_at(f, k->contract)->inputs[i])) {
            return true;
        }
    }
    return false;
}

static int assign_level(const Fuse *f, NodeId id, int kernel)
{
    int level = f->loss_level + 1;
    const KernelList *l = &f->tensor_readers[node_at(f, id)->as.tensor];
    for (size_t i = 0; i < l->list.len; i++) {
        int r = l->list.data[i];
        if (r != kernel && f->growing.data[r].level + 1 > level)
            level = f->growing.data[r].level + 1;
    }
    return level;
}

static void place_assign(Fuse *f, NodeId id)
{
    NodeId value = node_at(f, id)->inputs[0];
    int home = f->plan->home[value];
    f->update[id] = false;
    if (scalar_at(f, id)) {
        int least = assign_level(f, id, home);
        if (home >= 0 && f->plan->kernels.data[home].kind == KERNEL_SCALAR &&
            f->growing.data[home].level < least) {
            least = assign_level(f, id, NONE);
        }
        place_scalar(f, id, least);
        return;
    }
    const char *why = "its value is at home in no kernel";
    if (home >= 0 && f->plan->kernels.data[home].kind == KERNEL_GRID) {
        const Kernel *k = &f->plan->kernels.data[home];
        Growing *grow = &f->growing.data[home];
        int level = assign_level(f, id, home);
        if (contract_reads(f, k, node_at(f, id)->as.tensor)) {
            why = "the kernel's product reads the old value";
        } else if (level > grow->level && grow->has_readers) {
            why = "the kernel stands before others that read the old value, or before the loss";
        } else {
            if (level > grow->level)
                grow->level = level;
            place(f, id, home);
            return;
        }
    }
    int kernel = new_kernel(f, KERNEL_GRID, view_at(f, id), assign_level(f, id, NONE), why);
    place(f, id, kernel);
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
               .made_behind = ARENA_ARRAY(plan->arena, int, n + 1),
               .behind = ARENA_ARRAY(plan->arena, int, n + 1),
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
    find_behind(&f);
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
        kernel->axis = grow->rows && grow->columns ? AXIS_BOTH
                       : grow->rows                ? AXIS_ROW
                       : grow->columns             ? AXIS_COL
                                                   : AXIS_NONE;
        kernel->by_sample = grow->samples;
        kernel->flops = grow->flops;
        kernel_stages(plan, kernel);
    }
    mark_stored(plan, &f.uses);
    return plan;
}
