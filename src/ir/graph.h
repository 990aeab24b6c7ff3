/* graph.h: the tensor graph of one unit (a whole training step, an evaluation, a prediction).
 *
 * Nodes are in topological order in one array: a node's inputs have smaller ids. Pure nodes are
 * hash-consed by the builder, so equal expressions are one node. Shapes are static but for
 * dimension 0, or 1 of what goes step by step, which may be DIM_BATCH: the n samples of the current
 * batch (1 <= n <= graph->batch; the last batch of an epoch may be smaller). Elementwise ops
 * broadcast as NumPy does. All values are float32; scalars (one element, no batch) are computed in
 * float64.
 *
 * Ops are rows of ops.def. An op that is not there does not exist. */
#ifndef NNC_GRAPH_H
#define NNC_GRAPH_H
#include "support/support.h"
#include <stdio.h>

typedef int32_t NodeId;
#define NO_NODE ((NodeId) - 1)
#define DIM_BATCH ((int64_t)-1)

enum { GRAPH_MAX_RANK = 6 };

typedef struct Shape {
    int rank;
    int64_t dim[GRAPH_MAX_RANK];
} Shape;

Shape shape_scalar(void);
Shape shape_of(int rank, const int64_t *dims);
bool shape_equal(Shape a, Shape b);
bool shape_has_batch(Shape s);
/* one element, no batch: whatever its rank */
bool shape_is_scalar(Shape s);
/* a batch dimension counted as 1; at most INT64_MAX */
int64_t shape_elements(Shape s);
bool shape_broadcast(Shape a, Shape b, Shape *out); /* false where they don't fit */
char *shape_text(Arena *arena, Shape s);            /* "[n, 28, 28]" */

typedef enum OpClass {
    CLASS_LEAF,     /* const hyper input target weight index random */
    CLASS_MAP,      /* elementwise, broadcasting */
    CLASS_REDUCE,   /* to the node's shape, which broadcasts to its input's */
    CLASS_CONTRACT, /* matrix product */
    /* convolution and pooling: images are [n, channels, space...], of 1 to 3 dimensions in space */
    CLASS_WINDOW,
    /* a kernel of its own, from memory to memory: reshape concat slice pad permute, rows by number,
       products a head */
    CLASS_MOVE,
    CLASS_EFFECT /* assign emit: roots */
} OpClass;

typedef enum Op {

#define OP(id, name, inputs, class, rule, carries, derive, fold, cost, traits, value, help) IR_##id,
#include "ir/ops.def"
#undef OP
    IR_OP_COUNT
} Op;

/* Columns of ops.def, which explains them (ops.c). */
typedef enum OpTrait { OP_COMMUTES = 1, OP_TRUTH = 2, OP_CHEAP = 4 } OpTrait;

const char *op_name(Op op);
int op_arity(Op op); /* -1: one or more */
OpClass op_class(Op op);
bool op_has(Op op, OpTrait trait);
double op_cost(Op op); /* of one element, in multiply-adds */
/* Of numbers, as constant folding computes it; NaN where the op is not elementwise. */
double op_evaluate(Op op, const double *in);

/* Scalars that the runtime gives each step: rows of hypers.def, HYPER(id, name, help). */
typedef enum Hyper {

#define HYPER(id, name, help) HYPER_##id,
#include "abi/hypers.def"
#undef HYPER
    HYPER_COUNT
} Hyper;

/* Where an `emit` root goes. */
typedef enum Slot {
    SLOT_OUT, /* [n, ...]: rows of the prediction, row-major into call->out */
    /* scalar: added to call->metric[0]: the batch's summed (not mean) loss; checked for NaN and
       infinity */
    SLOT_LOSS,
    SLOT_HITS,    /* scalar: added to call->metric[1]: predictions that were right */
    SLOT_PENALTY, /* scalar: added to call->metric[2], times the batch's samples */
    SLOT_LR,      /* scalar: stored in call->metric[3]: the rate that this step used */
    SLOT_VALUE,   /* scalar: stored in call->metric[4]: minimize's value */
    SLOT_WEIGHT, /* scalar: added to call->metric[5]: what the batch's loss is divided by; none: one
                    a sample */
    SLOT_TENSOR  /* check_gradients, inspect: stored as tensor `tensor` of the table */
} Slot;

typedef enum TensorRole {
    TENSOR_WEIGHT, /* lives with the model */
    TENSOR_STATE,  /* an optimizer's; lives with the training */
    TENSOR_RESULT, /* written by SLOT_TENSOR; lives with the unit */
    TENSOR_CLASSES /* the weights of classes, which the runtime fills in; lives with the unit */
} TensorRole;

/* A tensor that outlives the step. Memory layout: see plan.h, with `feature_axis` as the axis in
 * panels of 16. */
typedef struct Tensor {
    TensorRole role;
    /* weight: key in the runtime's store; state: "optimizer.<weight>.<state>"; result: its name */
    const char *name;
    Shape shape;      /* logical, as PyTorch has it; no batch dimension */
    int feature_axis; /* kernels [units, inputs]: 0; all others: rank - 1 */
    int weight;       /* STATE: index of its weight's tensor; else -1 */
    double initial;   /* STATE: the value it starts with */
    /* CLASSES: as the script lists them; NULL: balanced, by the data's training part */
    const double *values;
    int64_t value_count;
    /* WEIGHT: many of its elements may be 0, which products skip where that pays */
    bool pruned;
} Tensor;

/* [0, 1), and standard normal */
typedef enum RandomKind { RANDOM_UNIFORM, RANDOM_NORMAL } RandomKind;

/* Where in a step a node was made; for names. graph_gradient makes BACKWARD nodes, and all later
 * ones are UPDATE. */
/* sema.h has a Part of data */
typedef enum StepPart { PART_FORWARD, PART_BACKWARD, PART_UPDATE } StepPart;

/* How windows lie on an image: along each dimension in space, filled up from the left to three
 * (size 1). The image is the larger side: what CONV reads and CONV_TRANSPOSE makes. Window o starts
 * at cell o
 * * stride - before and takes `size` cells, `dilation` apart. */
enum { SPACE_RANK = 3 };

typedef struct Window {
    int32_t size[SPACE_RANK], stride[SPACE_RANK], dilation[SPACE_RANK], before[SPACE_RANK], groups,
        parts;
} Window;

typedef struct Node {
    Op op;
    Shape shape;
    int input_count;
    NodeId *inputs;
    int layer; /* index into graph->layers, -1 none */
    /* the axis in panels (plan.h): the last one, until the panels pass */
    int8_t feature_axis;
    uint8_t part; /* a StepPart */

    union {
        double value; /* CONST */
        Hyper hyper;  /* HYPER */
        /* WEIGHT, ASSIGN (EMIT: slot_tensor, below) */
        int tensor;
        int axis; /* INDEX, CONCAT */

        /* RANDOM: counter = (row, panel, stream, step), see codegen/cpu/philox.c */
        struct {
            RandomKind kind;
            uint32_t stream;
        } random;

        struct {
            bool ta, tb;
        } contract; /* CONTRACT */

        struct {
            int axis;
            int64_t begin, end;
        } slice; /* SLICE */

        struct {
            int axis;
            int64_t before, after;
        } pad; /* PAD with zeros */

        struct {
            int8_t order[GRAPH_MAX_RANK];
        } permute; /* PERMUTE */

        struct {
            int heads;
            bool transposed;
        } heads; /* HEADS_DOT, HEADS_MIX */

        Window window; /* CLASS_WINDOW */
    } as;

    /* 0, or 1 + a node: this one's kernel is in no earlier phase than that one's
     * (passes/rematerialise.c) */
    NodeId not_before;
    Slot slot; /* EMIT */
    int slot_tensor;
} Node;

/* "dense1", "dense"; what it computes in this graph */
typedef struct Layer {
    const char *name, *kind;
    NodeId output;
} Layer;

typedef struct Graph {
    Arena *arena;
    const char *name; /* symbol prefix of the unit */
    /* most samples in a batch; 0: the unit has no batch (minimize) */
    int64_t batch;
    /* of the input and target nodes, with their batch dimension; rank 0 where there is none */
    Shape sample, target;
    VEC(Node) nodes;
    VEC(Tensor) tensors;
    VEC(Layer) layers;
    VEC(NodeId) roots;     /* EFFECT nodes, in the order given */
    void *cons;            /* the builder's hash table */
    int current_layer;     /* given to nodes built from now on */
    StepPart current_part; /* likewise */
    bool rounds_products;  /* builders of products round what they multiply to bfloat16 */
    uint32_t streams;      /* next unused random stream */
    /* NO_NODE, or what an assignment heeds: where it is 0 the tensor stays as it is */
    NodeId assigns_if;
    /* the first thing a builder could not do (a bug of its caller); the verifier reports it */
    char *error;
} Graph;

Graph *graph_new(Arena *arena, const char *name, int64_t batch);
int graph_add_tensor(Graph *g, Tensor tensor);
int graph_find_tensor(const Graph *g, TensorRole role, const char *name); /* -1: none */

/* Builders. Each folds constants and the identities of fold.c (x + 0, x * 1, ...) and
 * shares equal nodes. */
NodeId g_const(Graph *g, double value);
NodeId g_hyper(Graph *g, Hyper hyper);
NodeId g_input(Graph *g); /* shape graph->sample */
/* shape graph->target; classes as whole numbers in float32 */
NodeId g_target(Graph *g);
/* [n, 1]: call->w */
NodeId g_sample_weight(Graph *g);
/* a weight or state, as it was before the step */
NodeId g_weight(Graph *g, int tensor);
/* the coordinate along an axis, as a number */
NodeId g_index(Graph *g, Shape shape, int axis);
/* a stream of its own each time: never shared */
NodeId g_random(Graph *g, RandomKind kind, Shape shape);
NodeId g_unary(Graph *g, Op op, NodeId a);
/* a in a larger shape; elementwise ops broadcast by themselves */
NodeId g_broadcast(Graph *g, NodeId a, Shape to);
NodeId g_binary(Graph *g, Op op, NodeId a, NodeId b);
NodeId g_select(Graph *g, NodeId condition, NodeId a, NodeId b);
NodeId g_map(Graph *g, Op op, int n, const NodeId *in); /* any CLASS_MAP op */
/* REDUCE_SUM, REDUCE_MAX, REDUCE_MIN; `to` broadcasts to a's shape */
NodeId g_reduce(Graph *g, Op op, NodeId a, Shape to);
/* Rows are all axes but the last, flattened. !ta: a[r,k], ta: a[k,r]; !tb: b[k,j], tb: b[j,k];
 * out[r,j] has shape `out`. A sum over the batch (ta) has a static shape. */
/* as a product's builder takes it: rounded where the graph says so */
NodeId graph_factor(Graph *g, NodeId a);
NodeId g_contract(Graph *g, NodeId a, NodeId b, bool ta, bool tb, Shape out);
/* row-major order of the logical elements kept */
NodeId g_reshape(Graph *g, NodeId a, Shape to);
NodeId g_concat(Graph *g, int n, const NodeId *in, int axis);
NodeId g_slice(Graph *g, NodeId a, int axis, int64_t begin, int64_t end);
NodeId g_pad(Graph *g, NodeId a, int axis, int64_t before, int64_t after);
NodeId g_permute(Graph *g, NodeId a, const int8_t *order);
/* Rows of table [v, f] by their numbers index [.., 1]: [.., f]. A number below 0 counts as 0, one
 * beyond v - 1 as v - 1. */
NodeId g_gather_rows(Graph *g, NodeId table, NodeId index);
/* The rows of values [.., f] added up, in their order, in row index [.., 1] of a matrix [v, f]. */
NodeId g_scatter_rows(Graph *g, NodeId values, NodeId index, int64_t v);
/* a [.., t, e], b [.., s, e], e = heads * d: out[.., h, t, s] = sum over d of a[t, h d] b[s, h d].
 */
NodeId g_heads_dot(Graph *g, NodeId a, NodeId b, int heads);
/* p [.., h, t, s], v [.., s, e]: out[.., t, e] = sum over s of p[h, t, s] v[s, e]; transposed: p is
 * [.., h, s, t]. */
NodeId g_heads_mix(Graph *g, NodeId p, NodeId v, bool transposed);
/* window.c: `image` is the shape made, where it does not follow. Filters are [out, in / groups,
 * size...]; g_conv_weight gives [parts, out, in / groups, size...]. */
NodeId g_conv(Graph *g, NodeId image, NodeId filters, const Window *w, Shape out);
NodeId g_conv_transpose(Graph *g, NodeId a, NodeId filters, const Window *w, Shape image);
NodeId g_conv_weight(Graph *g, NodeId image, NodeId adjoint, const Window *w);
NodeId g_pool(Graph *g, Op op, NodeId image, const Window *w, Shape out);
NodeId g_pool_back(Graph *g, Op op, int n, const NodeId *in, const Window *w, Shape image);
/* [out, in / groups, ...] to [in, out / groups, ...] */
NodeId g_swap_filters(Graph *g, NodeId filters, int64_t groups);
bool window_fits(const Graph *g, const Node *n);
Window window_one(void); /* size, stride and dilation 1 */
/* A shape's extents in space, filled up from the left with 1s. */
void space_of(Shape s, int64_t space[SPACE_RANK]);
NodeId g_stop(Graph *g, NodeId a); /* its derivative is zero */
/* at the step's end the tensor holds value; readers see the old one */
void g_assign(Graph *g, int tensor, NodeId value);
/* tensor: SLOT_TENSOR only, else -1 */
void g_emit(Graph *g, Slot slot, NodeId value, int tensor);

/* Whether a node is a constant in every element. */
bool node_constant(const Graph *g, NodeId id, double *value);
bool contract_fits(Shape a, Shape b, bool ta, bool tb, Shape out);
/* Whether the inputs of a CLASS_MOVE op of rows.c fit, and its shape. */
bool rows_fit(const Graph *g, const Node *n, Shape *out);
const char *hyper_name(Hyper hyper);
const char *slot_name(Slot slot);
/* Below the builders: a node as it is, neither folded nor checked; shared with an equal one if
 * `share`. For the reader and passes that rebuild. */
NodeId graph_add_node(Graph *g, const Node *node, bool share);

static inline const Node *graph_node(const Graph *g, NodeId id)
{
    return &g->nodes.data[id];
}

/* Reverse-mode derivatives of a scalar node with respect to each of `wrt` (any nodes), as new nodes
 * of their shapes (Griewank and Walther, Evaluating Derivatives, 2008, chapter 3). A node that the
 * scalar does not depend on gets constant 0 (broadcast to its shape by its users). */
void graph_gradient(Graph *g, NodeId scalar, size_t n, const NodeId *wrt, NodeId *out);

void graph_print(const Graph *g, FILE *out); /* text form */
/* for Graphviz: a box a layer, a node an op (dot.c) */
void graph_print_dot(const Graph *g, FILE *out);
Graph *graph_read(Arena *arena, const char *text, char **error);
/* NULL where the graph is sound, else what is wrong (arena). Run after every pass. */
char *graph_verify(const Graph *g);
#endif
