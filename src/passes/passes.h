/* passes.h: what the passes share with one another and with nobody else. */
#ifndef NNC_PASSES_H
#define NNC_PASSES_H
#include "passes/plan.h"

#define PASS(id, name, help) Plan *pass_##name(Plan *plan);
#include "passes/passes.def"
#undef PASS

/* Notes the first thing that a pass finds beyond what code generation can do. Returns the plan. */
Plan *plan_fail(Plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* NULL where the plan is sound, as far as passes have made it (storage is checked once it is
 * there). */
char *plan_verify(const Plan *plan);

/* kernel_name.c: gives a kernel its name. */
void name_kernel(Plan *plan, Kernel *kernel);

bool view_equal(View a, View b);
bool view_one_row(View v);
bool view_scalar(View v);
int64_t view_rows_max(const Plan *plan, View v);
/* What a node costs for a full batch, in multiply-add equivalents. */
double node_flops(const Plan *plan, NodeId id);

/* A kernel begins with it: a product, a convolution, pooling. It reads memory, and makes the values
 * of whole panels. */
static inline bool heads_kernel(const Node *n)
{
    return n->op == IR_CONTRACT || op_class(n->op) == CLASS_WINDOW;
}

/* A node's range within a kernel's. */
typedef enum Extent {
    EXTENT_FULL,
    EXTENT_COLUMN /* one row */,
    EXTENT_ROW /* one feature */,
    EXTENT_SAMPLE /* one row a sample */,
    EXTENT_SCALAR,
    EXTENT_OTHER
} Extent;

Extent extent_of(View node, View kernel);

/* What a reduction is in the grid of its input. */
typedef enum ReduceKind {
    REDUCE_TOTAL,
    REDUCE_COLUMNS,
    REDUCE_ROWS,
    REDUCE_SAMPLES,
    REDUCE_FOLD
} ReduceKind;

ReduceKind reduce_kind(const Plan *plan, NodeId id);

/* The second copy that a product reads its lanes from, an index of plan->relayouts, or -1; of other
 * nodes -1. */
int contract_relayout(const Plan *plan, NodeId id);
/* Whether a product reads an input where it lies, not (only) a second copy of it. */
bool contract_reads_itself(const Plan *plan, NodeId id, NodeId input);

/* Consumers of each node among the live ones: list[start[id] .. start[id + 1]). */
typedef struct Uses {
    int *start;
    NodeId *list;
    bool *live;
} Uses;

Uses uses_of(const Plan *plan);

/* Calls `visit` for each node whose value is needed to compute `id`, looking through inlined ones:
 * tensors, scalars, and nodes with a home. */
typedef void (*VisitSource)(void *context, NodeId source);
void visit_sources(const Plan *plan, NodeId id, VisitSource visit, void *context);
/* Whether a reader takes its inputs from memory (products, moves, folds, outputs): they must be
 * stored whole. */
bool reads_memory(const Plan *plan, NodeId id);
/* Gives each placed node its stage and puts placed nodes in order; ASSIGNs come last. */
void kernel_stages(Plan *plan, Kernel *kernel);
/* Sets Placed.stored of all kernels. */
void mark_stored(Plan *plan, const Uses *uses);
/* MOVE ops that need a kernel, and broadcasts beyond a row map */
bool moves_alone(const Plan *plan, NodeId id);
/* samples.c: the sum of images to one number a channel, over space and then over samples; NO_NODE:
 * it is none, or too small. */
NodeId sum_by_samples(const Machine *machine, Graph *g, NodeId a, Shape to);
/* in_place.c */
void find_views(Plan *plan, const bool *live);
bool is_view(const Plan *plan, NodeId id);
void place_views(Plan *plan);
NodeId lies_finally_in(const Plan *plan, NodeId id);
bool views_into(const Plan *plan, NodeId id, int home);
/* Whether `index` is a coordinate along the features of what reads it. */
bool runs_along_features(const Graph *g, NodeId index, NodeId reader);
/* A node of one operand that gives it another shape: a broadcast or a reduction; of the layer and
 * part that the graph is at. */
NodeId add_shaped(Graph *graph, Op op, NodeId a, Shape to);
#endif
