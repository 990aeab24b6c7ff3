/* join.c: whether a node may join a kernel, and if not, why: `nnc show F --plan` prints the reason.
 *
 * Ranges and axes decide, as docs/plan.md has them; then levels. A kernel's level is one more than
 * the levels of those it reads from. */
#include "passes/fuse.h"

typedef struct Needs {
    Fuse *f;
    NodeId reader;
    int kernel, level;
} Needs;

/* The level at which a value can be read from outside its home. */
int level_available(const Fuse *f, NodeId u)
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
    int level = level_available(n->f, u);
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

/* Raises a level to that of a node's own kernel. */
static void raise_to_level_of(const Fuse *f, NodeId id, int *level)
{
    Level l = { f, level };
    if (f->plan->inlined[id])
        visit_sources(f->plan, id, level_of_source, &l);
    else
        level_of_source(&l, id);
}

/* The first level at which a node could be outside, or inside, a kernel. */
int level_needed(Fuse *f, NodeId id, int kernel)
{
    Needs n = { .f = f, .reader = id, .kernel = kernel };
    visit_sources(f->plan, id, need_source, &n);
    int copy = contract_relayout(f->plan, id);
    if (copy >= 0) {
        int level = f->growing.data[f->plan->relayouts.data[copy].home].level + 1;
        if (level > n.level)
            n.level = level;
    }
    if (node_at(f, id)->not_before)
        raise_to_level_of(f, node_at(f, id)->not_before - 1, &n.level);
    return f->update[id] && f->least_level[id] > n.level ? f->least_level[id] : n.level;
}

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
        return "sums over each sample and other sums need different tasks";
    if (samples && k->contract != NO_NODE && node_at(f, k->contract)->op == IR_CONTRACT)
        return "a product's tiles do not end where samples do";
    if (rows && columns && panels > 1)
        return "one sums over features, the other over rows, of many panels";
    if (rows && columns && !small(f, grow))
        return "sums over both rows and features would leave the kernel to one thread";
    if (k->contract != NO_NODE && rows && panels > 1)
        return "it needs whole rows, and the product makes one panel at a time";
    if (k->contract != NO_NODE && columns && panels < f->plan->machine->sums->wide_panels &&
        !small(f, grow))
        return "sums over rows would leave the product too few tasks";
    return NULL;
}

static const char *level_clash(Fuse *f, NodeId id, int kernel)
{
    const Growing *grow = &f->growing.data[kernel];
    if (level_needed(f, id, kernel) > grow->level && grow->has_readers)
        return "it needs a value that is made too late for the kernel's readers";
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
        return "the kernel has as many sums as it can hold";
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
    case EXTENT_COLUMN: return grow->columns ? NULL : "it is one row, and the kernel has many";
    case EXTENT_ROW: return grow->rows ? NULL : "it is one number a row, and the kernel has many";
    case EXTENT_SAMPLE:
        return grow->samples ? NULL : "it is one row a sample, and the kernel has many";
    default: return "its range differs from the kernel's";
    }
}

const char *why_not_join(Fuse *f, NodeId id, int kernel)
{
    const Kernel *k = &f->plan->kernels.data[kernel];
    if (k->kind != KERNEL_GRID)
        return "its input is not made by an elementwise kernel";
    if (views_into(f->plan, id, kernel))
        return "it reads a part of what the kernel makes";
    const char *why = op_class(node_at(f, id)->op) == CLASS_REDUCE ? join_reduce(f, id, kernel)
                                                                   : join_map(f, id, kernel);
    return why ? why : level_clash(f, id, kernel);
}
