/* plan.h: what the passes make of a graph and code generation reads: kernels, their stages and
 * tasks, the phases in which they run, and where values lie.
 *
 * Every tensor is a grid of rows x features, stored in panels of 16 features: element (r, f) is
 * float (f / 16) * rows_max * 16 + r * 16 + f % 16. A node is computed by one kernel, its home, or
 * inlined wherever it is read. Kernels of one phase run side by side; a barrier is between phases.
 *
 * docs/plan.md explains all of this, and states the invariants PLAN-1, PLAN-2, ... that hold of a
 * plan after each pass; plan_verify.c checks them. */
#ifndef NNC_PLAN_H
#define NNC_PLAN_H
#include "ir/graph.h"
#include "passes/machine.h"

/* The grid view of a shape. rows(n) = (batch ? n : 1) * per_sample. */
typedef struct View {
    bool batch;
    int64_t per_sample;
    int64_t features;
} View;

typedef enum StorageKind {
    STORE_NONE, /* never in memory: passed in registers, or inlined */
    /* call->scalar[index]; of a constant too, where plan_read_numbers says so */
    STORE_SCALAR,
    STORE_ARENA, /* arena + offset floats */
    /* arena + offset * 8 bytes: float64 partial sums (or maxima), one a task of the home kernel */
    STORE_PARTIALS,
    STORE_TENSOR, /* call->tensor[index]: weights and states */
    STORE_INPUT   /* like ARENA: the gathered batch */
} StorageKind;

/* Where a value lies. */
typedef struct Storage {
    StorageKind kind;
    int64_t offset;
    int64_t batch_rows; /* this many rows a sample are before it, besides what `offset` says */
    int index;
    View view;
    int64_t rows_max; /* of the panels that it lies in */
} Storage;

typedef enum KernelKind {
    KERNEL_GRID,
    KERNEL_SCALAR, /* nodes in order, float64, on one thread; sums partials */
    /* input or target of the batch: rows call->order[pos..pos+n) of call->x or call->y, into panels
     */
    KERNEL_GATHER,
    /* reshape, concat, slice, pad, permute; and relayout: the same tensor with another feature axis
     */
    KERNEL_MOVE,
    /* a factor's rows into lanes, 16 at a time, for products that skip zeros (Sparse) */
    KERNEL_LANES,
    /* a reduction that is none of the above: out[o] over all matching inputs, in increasing order
     */
    KERNEL_FOLD,
    KERNEL_OUT /* SLOT_OUT: panels to row-major call->out; SLOT_TENSOR: value into
                  call->tensor[index] */
} KernelKind;

typedef enum Axis { AXIS_NONE, AXIS_ROW, AXIS_COL, AXIS_BOTH } Axis;

/* A node at home in a kernel. */
typedef struct Placed {
    NodeId node;
    int stage;
    bool stored;
} Placed;

typedef struct Kernel {
    KernelKind kind;
    /* "forward dense1+batchnorm1+relu1", for --plan and profiles */
    const char *name;
    View view; /* GRID: the range */
    Axis axis;
    /* GRID, AXIS_NONE: it holds sums over the rows of each sample */
    bool by_sample;
    NodeId contract; /* GRID: the product in stage 0, or NO_NODE */
    int stages;
    /* GRID, SCALAR: topological order; ASSIGN and EMIT of scalars among them */
    VEC(Placed) placed;
    NodeId node; /* GATHER, MOVE, FOLD, OUT: what is computed or written */
    /* MOVE that makes a second copy (Relayout) of this node (node == source), else NO_NODE */
    NodeId source;
    int64_t row_block, panel_block; /* rows and panels a task takes (row_block 0: all rows) */
    int phase;
    double flops; /* of a full batch, for thresholds and --plan */
    int layer;    /* index into graph->layers, -1 none */
    /* what kept it from joining the kernel before it, for --plan; NULL nothing did */
    const char *why_not;
} Kernel;

/* A second copy of a matrix, its other axis in panels: products that sum over its features' axis
 * read this one. Made in each step. */
typedef struct Relayout {
    NodeId node;
    int feature_axis;
    Storage storage;
    int home; /* its MOVE kernel */
} Relayout;

/* SPARSE. Where a unit changes no weights, a product of samples by a pruned kernel may skip the
 * kernel's zeros (skip_zeros.c, and sparse.c of code generation and the runtime). SparseWeight:
 * what is not 0, listed unit by unit before the first batch; `lists` has `stride` floats a
 * panel of 16 units. SparseInput: the other factor with its rows in lanes: rows 16 q .. 16 q + 15
 * are float (q * panels * 16 + feature) * 16 + row % 16, and after all of those comes an int32 a
 * block of 16 rows, 1 where it was made and holds neither infinity nor NaN. */
typedef struct SparseWeight {
    int tensor;
    int64_t inputs, units, stride, most;
    Storage lists;
} SparseWeight;

typedef struct SparseInput {
    NodeId node;
    int64_t blocks, floats;
    Storage storage;
    int home; /* its LANES kernel */
} SparseInput;

typedef struct Plan {
    Arena *arena;
    Graph *graph;
    const Machine *machine; /* never NULL */
    VEC(Kernel) kernels;    /* in order of phase */
    int phases;
    int *home;        /* per node: kernel index, -1 inlined or leaf */
    Storage *storage; /* per node */
    /* per node: the axis in panels wherever the node lies in memory or passes through a kernel: the
     * last one, but 0 for what flows into the assign of a dense kernel */
    int *feature_axis;
    int *stage;    /* per node: its stage in its home */
    bool *inlined; /* per node: recomputed where used; or a view */
    /* per node: NO_NODE, or of an inlined slice, reshape or concatenation that lies in place
     * (in_place.c): what it is a view of, a concatenation of itself */
    NodeId *view_of;
    /* per node: the concatenation in whose place it is stored, or NO_NODE */
    NodeId *lies_in;
    VEC(Relayout) relayouts; /* at most one a node */
    int *copy;               /* per node: its relayout's index, or -1 */
    VEC(SparseWeight) sparse_weights;
    VEC(SparseInput) sparse_inputs;
    int64_t arena_bytes;
    int scalar_count;  /* the first HYPER_COUNT are the hypers */
    double flops;      /* of a step with a full batch: multiply-add equivalents */
    const char *error; /* what a pass found to be beyond code generation */
    bool serial;       /* so small that one thread does it all, without barriers */
} Plan;

/* activations: last axis; WEIGHT and ASSIGN: the tensor's feature_axis */
View view_of(const Graph *g, NodeId node);
View view_of_shape(Shape shape, int feature_axis);
int64_t view_rows(View v, int64_t n);
int64_t view_panels(View v);
/* How an operand's row follows from a row of the grid that it broadcasts into: row / div, then %
 * mod unless mod is 0. False: it does not follow so (the panels and fuse passes then materialise
 * the operand, or refuse). An operand has the grid's features, or one. */
bool view_row_map(Shape operand, int operand_feature_axis, Shape grid, int grid_feature_axis,
                  int64_t *div, int64_t *mod);

/* passes.def: PASS(id, name, help), in pipeline order; each is Plan *pass_<name>(Plan *). The
 * verifier runs after each. */
typedef struct PassOptions {
    const Machine *machine; /* what the plan is for; NULL: any CPU */
    FILE *dump;
    const char *dump_pass;
    bool time;
} PassOptions;

/* Runs all passes. NULL and an error text where one finds the graph beyond what code generation can
 * do (never silently wrong). */
Plan *passes_run(Graph *graph, const PassOptions *options, char **error);
bool pass_exists(const char *name);
/* in pipeline order; NULL after the last */
const char *pass_name(size_t index);
const char *pass_help(size_t index);
/* --plan: kernels, what each fused, what it did not and why, memory */
void plan_print(const Plan *plan, FILE *out);
/* Of a kernel that begins with an op on windows: the rows that are made together, an image or a
 * part of the samples; tasks hold whole ones. Else 1. */
int64_t kernel_segment(const Plan *plan, const Kernel *kernel);

/* The factors of a product as its kernel reads them: C's lanes come from `lanes`, laid out along
 * lanes_axis; `rows` comes as it is. */
typedef struct Factors {
    NodeId lanes, rows;
    int lanes_axis;
    bool sound;
    double inner;
} Factors;

Factors contract_factors(const Plan *plan, NodeId id);
/* What a product that may skip zeros reads: indices of sparse_weights and sparse_inputs. False: it
 * is none. */
bool product_skips_zeros(const Plan *plan, NodeId product, int *weight, int *input);

/* Whether one's code serves the other where some of its constants are read at run time: all but the
 * constants' values is equal (alike.c). */
bool plan_alike(const Plan *a, const Plan *b);
/* How many constants there are, and into `value` (or NULL) their values in the order of the nodes.
 */
size_t plan_numbers(const Plan *plan, double *value);
/* Code is to read these of the constants, by their place in that order, from
 * call->scalar[scalar_count + place]: float64, as other scalars. */
void plan_read_numbers(Plan *plan, const bool *read);
/* The number of tasks of a kernel for n samples. */
int64_t kernel_tasks(const Kernel *kernel, int64_t n);
#endif
