/* fuse.h: what the files of the fuse pass share: fuse.c places nodes, inline.c finds those that
 * have no home, join.c says whether a node may join a kernel, updates.c is about weights and
 * states. */
#ifndef NNC_FUSE_H
#define NNC_FUSE_H
#include "passes/passes.h"

/* What a kernel is while it grows. */
typedef struct Growing {
    int level;
    bool has_readers; /* it can't move to a later level any more */
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
    int *remade_in;   /* per node: kernel + 1 of what is not to run before it, or 0 */
    int *least_level; /* per node: an update may be at this level or a later one */
    /* NONE before the loss has its kernel, or where there is none */
    int loss_level;
} Fuse;

/* MOST_SPREAD: ops that reading one inlined (or floating) value may come to, so that looking
 * through them stays cheap. */
enum { NONE = -1, MOST_SPREAD = 48 };

static inline View view_at(const Fuse *f, NodeId id)
{
    return view_of(f->g, id);
}

static inline const Node *node_at(const Fuse *f, NodeId id)
{
    return graph_node(f->g, id);
}

static inline bool scalar_at(const Fuse *f, NodeId id)
{
    return view_scalar(view_at(f, id));
}

/* inline.c: sets Plan.inlined. */
void find_inlined(Fuse *f);

/* join.c: NULL where a node may join a kernel, else why not, for Kernel.why_not. */
const char *why_not_join(Fuse *f, NodeId id, int kernel);
/* The first level at which a node could be outside of a kernel (or inside). */
int level_needed(Fuse *f, NodeId id, int kernel);
/* The level at which a value can be read from outside its home. */
int level_available(const Fuse *f, NodeId id);

/* fuse.c */
int new_kernel(Fuse *f, KernelKind kind, View view, int level, const char *why_not);
void place(Fuse *f, NodeId id, int kernel);
void place_scalar(Fuse *f, NodeId id, int least_level);

/* updates.c, in the order in which they are called */
void find_updates(Fuse *f);
void find_floating(Fuse *f);
void find_origins(Fuse *f);
void find_least_levels(Fuse *f);
void place_assign(Fuse *f, NodeId id);
#endif
