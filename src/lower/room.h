/* room.h: what the files of this room share: networks as recorded lists of layer uses, and what a
 * layer's function gets.
 *
 * A model's body is walked once (body.c): repeats unrolled, conditions decided, blocks and models
 * entered. What remains is a Network: a flat list of layer uses over numbered values. The walk
 * builds each use into a scratch graph at once, which tells its output's shape; a unit later builds
 * the same list into a graph of its own (network_graph.c). So a layer's function runs both times
 * and is the only place that knows the layer. */
#ifndef NNC_LOWER_ROOM_H
#define NNC_LOWER_ROOM_H
#include "lower/lower.h"
#include "support/names.h"

/* ---- the room's memory ---- */
/* by key, of all models; `frozen` is freeze's last word */
typedef struct WeightKey {
    const char *key;
    Shape shape;
    Span span;
    bool frozen, pruned;
} WeightKey;
typedef struct Network Network;

struct Lower {
    Sema *sema;
    Arena *arena;
    Interner *names;
    Diagnostics *diags;
    NameMap key_numbers;
    VEC(WeightKey) keys;
    VEC(Network *) networks;
    /* models that were declared again, once for each time: their keys differ from then on */
    VEC(const char *) forgotten;
};

/* ---- values and uses ---- */
#define WEIGHT_MOST_ELEMENTS (INT64_C(1) << 36)

typedef struct BodyValue {
    Shape shape; /* of a sample; a weight's own */
    /* false: a weight or number, the same for all samples */
    bool batched;
    /* its first axis is the positions of a text, of which the last may be padding */
    bool positions;
    /* the layer use that makes it; -1: the input, a weight, a number */
    int use;
    int weight; /* index into the network's weights, or -1 */
    double number;
    Span span; /* where it was made, for notes */
} BodyValue;

/* The uses of blocks and models that led to a layer, the innermost first. */
typedef struct UsePlace {
    const struct UsePlace *outer;
    Span span;
} UsePlace;

typedef struct LayerContext LayerContext;
typedef NodeId (*LayerFunction)(LayerContext *c);

/* `init = auto` looks past normalisation and dropout */
typedef enum LayerLook { LOOK_STOP, LOOK_PAST, LOOK_ACTIVATION } LayerLook;

/* what two axes are */
typedef enum LayerAxes { AXES_SEQUENCE = -1, AXES_ANY, AXES_SIGNAL } LayerAxes;

/* what a position of a sequence is made of, in evaluation (layers.def) */
typedef enum LayerReach {
    REACH_ELEMENT,
    REACH_VECTOR,
    REACH_PLACE,
    REACH_STATE,
    REACH_ATTENTION,
    REACH_ALL
} LayerReach;

typedef struct LayerRow {
    const char *name;
    LayerFunction build;
    LayerLook look;
    LayerAxes axes;
    LayerReach reach;
} LayerRow;

/* NULL: not in layers.def */
const LayerRow *layer_row(const char *name);

typedef struct LayerUse {
    const LayerRow *row; /* NULL: an activation, `call` being of a fn */
    const Call *call;
    const char *kind, *name; /* "dense", "residual1.dense1" */
    /* of its weights: "m/residual1.dense1.", and in the file */
    const char *key_prefix, *name_prefix;
    int input, output; /* values */
    /* values: what add, multiply and concat join; of a fn, one for each argument, -1 where it is no
     * value of the body */
    int *args;
    size_t arg_count;
    Span span;
    const UsePlace *place;
    bool bias_dropped;
    VEC(int) weights; /* indices into the network's */
    double operations;
} LayerUse;

/* A model with its shapes. `pub` is what the other rooms see. */
struct Network {
    ModelInstance pub;
    const char *name;
    Lower *lower;
    VEC(BodyValue) values;
    VEC(LayerUse) uses;
    NameMap weight_numbers, layer_names;
    int input, output; /* values */
    bool complete;
    /* weights whose initialiser waits for the next activation, and the uses they belong to */
    VEC(int) auto_init;
    VEC(int) auto_use;
    VEC(double) auto_fans; /* fan-in and fan-out, two a weight */
};

/* ---- network_graph.c: a network built into a graph ---- */
typedef struct Emission {
    Lower *lower;
    Network *network;
    Graph *g;
    /* the walk: weights come into being, errors are reported */
    bool declaring;
    bool random, dropout; /* noise of all kinds; dropout alone in UNIT_PASSES */
    double weight_noise;  /* its deviation */
    bool batch_statistics, update_statistics;
    bool mean_statistics; /* moving statistics become means over the batches */
    /* the output is what comes before a last softmax or sigmoid */
    bool bare;
    /* one position of a sequence: recurrent layers begin with the state that they left */
    bool stepwise;
    bool ok;
    VEC(NodeId) values; /* per value, NO_NODE: not built yet */
    /* per weight: index of its tensor in the graph, -1 not used */
    VEC(int) tensors;
    /* per weight: its value with this step's noise, NO_NODE not used */
    VEC(NodeId) noisy;
    /* per weight: what a buffer will hold after the step, NO_NODE nothing */
    VEC(NodeId) pending;
} Emission;

struct LayerContext {
    Emission *e;
    Graph *g;
    LayerUse *use;
    const Call *call;
    NodeId in;    /* the value it is applied to, [n, sample...] */
    Shape sample; /* its shape without the batch */
    bool batched;
    NodeId *args; /* use->args, built */
};

void emission_start(Emission *e, Lower *lower, Network *network, Graph *g);
NodeId emission_value(Emission *e, int value);
/* in place of what would make it */
void emission_put(Emission *e, int value, NodeId node);
bool emission_use(Emission *e, size_t use);
/* all uses in order */
bool emission_network(Emission *e);
/* adds the tensor where it is not there yet */
int emission_tensor(Emission *e, int weight);
/* the pending value, or the tensor's */
NodeId emission_weight_now(Emission *e, int weight);
bool weight_is_pruned(const Lower *lower, const WeightSpec *spec);
bool weight_is_frozen(const Lower *lower, const WeightSpec *spec);
Shape shape_batched(Shape sample, bool batched);
/* without the batch dimension */
Shape shape_sample(Shape full);
char *sample_text(Arena *arena, Shape sample); /* "4x3x3" */

/* ---- what layer functions call ---- */
/* The weight `suffix` of this layer. `init` NULL: `otherwise`. A kernel's fans follow from its
 * shape. */
NodeId layer_weight(LayerContext *c, const char *suffix, Shape shape, int feature_axis,
                    WeightRole role, const Value *init, WeightInit otherwise);
/* of a weight of this layer made before; -1 */
int layer_weight_number(LayerContext *c, const char *suffix);
bool layer_is_frozen(LayerContext *c);
void layer_error(LayerContext *c, DiagId id, const char *help, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void layer_shape_error(LayerContext *c, int value_a, int value_b, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* a node that may be narrower, as one of the input's shape */
NodeId layer_full(LayerContext *c, NodeId node);
/* A vector of one value a channel, so that it broadcasts over the images or signals that the layer
 * works on. */
NodeId layer_by_channel(LayerContext *c, NodeId vector);
/* What two axes are, by the layer that made them; ANY: nothing says. */
LayerAxes layer_axes(const LayerContext *c);
/* ---- padding.c ---- */
bool input_has_positions(const DataInfo *data, Shape sample);
/* Whether what a use makes of its input still has the positions of a text. */
bool value_has_positions(const Network *network, const LayerUse *use, const BodyValue *out);
/* [n, length]: 1 at the positions of the input that hold a token, 0 at padding, the first always 1.
 * NO_NODE: the input has no positions of a text. */
NodeId layer_positions(LayerContext *c);
void notes_of_uses(Lower *lower, Diagnostic *d, const UsePlace *place);

/* ---- call_values.c: checked calls, read without knowing what is given ---- */
/* NULL: no such argument, or none */
const Value *call_find(const Call *call, const char *name);
double call_number_or(const Call *call, const char *name, double otherwise);
bool call_bool_or(const Call *call, const char *name, bool otherwise);
/* a string or bare word, else NULL */
const char *value_word(const Value *value);
const char *call_name(const Call *call);
const Call *default_call(Lower *lower, FormCategory category, const char *name);
/* NULL: no recipe, no such key, or `none` */
const Value *recipe_value(const Checked *recipe, const char *key);
const Call *value_call(const Value *value);
/* what `features` says of a shape */
int64_t shape_features(Shape sample);

/* ---- weight_init.c ---- */
WeightInit init_constant(double value);
/* False where it waits for the next activation (`auto`). Fans may be 0 where there are none. */
bool init_from_value(const Value *init, double fan_in, double fan_out, WeightInit *out);
WeightInit init_for_activation(const char *activation, double fan_in, double fan_out);
/* as torch.nn.init._calculate_fan_in_and_fan_out */
void init_fans(Shape shape, double *fan_in, double *fan_out);

/* ---- body.c ---- */
enum { BODY_MOST_USES = 1000000, BODY_DEPTH = 2000 };

bool body_record(Lower *lower, Network *network, const ModelDecl *decl, const DataInfo *data,
                 Span use);
bool body_is_too_large(Lower *lower, const Body *body); /* extent.c */

/* ---- reach.c ---- */
/* A copy that takes one position of its sequence; of a network whose lower_memory is a state. */
Network *network_of_one_position(const Network *network);

/* ---- expr.c: expressions of the language to graph nodes ---- */
typedef struct Operand {
    enum { OPERAND_NODE, OPERAND_VALUE, OPERAND_WRONG } kind;

    NodeId node;
    const Value *value;
} Operand;

typedef struct Symbol {
    const char *name;
    Operand operand;
} Symbol;

typedef struct ExprEnv {
    Lower *lower;
    Graph *g;
    Shape element;       /* of what random functions draw */
    bool random;         /* draw; else their means */
    bool reductions;     /* norm, mean and max over a tensor: optimizers */
    VEC(Symbol) symbols; /* later ones hide earlier ones */
    /* asked before the symbols; may be NULL */
    bool (*resolve)(void *context, const char *name, NodeId *node);
    void *context;
    int depth;
    size_t *budget; /* expressions still allowed; shared by nested calls */
} ExprEnv;

ExprEnv expr_env(Lower *lower, Graph *g, Shape element, size_t *budget);

enum { EXPR_BUDGET = 4000000 };

void expr_bind_node(ExprEnv *env, const char *name, NodeId node);
void expr_bind_value(ExprEnv *env, const char *name, Value value);
/* the arguments after the leading ones */
void expr_bind_call(ExprEnv *env, const Call *call, const Params *params, size_t leading,
                    const NodeId *given);
/* NO_NODE: reported */
NodeId expr_lower(ExprEnv *env, const Expr *expr);
/* A fn's body at the leading arguments `in`. `given`: nodes for arguments of the call that are
 * values of a body, else NO_NODE; may be NULL. */
NodeId expr_apply(Lower *lower, Graph *g, const Call *call, const NodeId *in, size_t count,
                  const NodeId *given, bool random);

/* ---- loss.c ---- */
/* Over the batch's samples. hits: NO_NODE for real targets. weight: what the sum is divided by;
 * NO_NODE: the number of samples. */
typedef struct LossNodes {
    NodeId sum, hits, weight;
} LossNodes;

/* reports */
bool loss_fits(Lower *lower, const Network *network, const DataInfo *data,
               const CheckedAction *action);
/* `mixed`: targets are as the recipe's mixing leaves them (graph_set_data was told of the recipe).
 */
bool loss_lower(Emission *e, const DataInfo *data, const Checked *recipe, bool mixed,
                LossNodes *out);
/* The sum divided by the batch's weights; of weights that are all 0 the sum, which then is 0. */
NodeId loss_mean(Graph *g, const LossNodes *loss);
/* The samples' weights in as many axes as a value of shape `of` has; NO_NODE: they have none. */
NodeId loss_sample_weight(Graph *g, const DataInfo *data, Shape of);
/* what comes before a final softmax or sigmoid, else the output */
NodeId loss_scores(Emission *e);
/* recipe NULL: samples are not mixed */
void graph_set_data(Graph *g, const Network *network, const DataInfo *data, const Checked *recipe);

/* ---- distill.c ---- */
/* Adds the teacher's part to the loss's sum. */
bool distill_lower(Emission *student, const DataInfo *data, const Checked *recipe, LossNodes *loss);

/* ---- learning_rate.c ---- */
/* momentum NO_NODE: left alone */
typedef struct ScheduleNodes {
    NodeId lr, momentum;
} ScheduleNodes;

bool schedule_lower(Lower *lower, Graph *g, const Checked *recipe, bool counts_steps,
                    ScheduleNodes *out);

/* ---- optimizer.c ---- */
/* A trainable weight of a unit on its way through a step. */
typedef struct Trained {
    const char *name; /* in the file: names its states */
    WeightRole role;
    int tensor;
    NodeId gradient, value;  /* value: what the tensor will hold */
    double l1, l2, max_norm; /* of its layer alone */
    int64_t transposed_groups;
    bool pruned; /* its zeros stay */
} Trained;

typedef struct TrainedList {
    VEC(Trained) list;
} TrainedList;

/* Penalties, clipping, decay, update, constraints, average: from gradients to assignments.
 * `penalty` is NO_NODE without one. */
bool optimizer_lower(Lower *lower, Graph *g, const Checked *recipe, TrainedList *weights,
                     const ScheduleNodes *schedule, NodeId *penalty);
const Call *recipe_optimizer(Lower *lower, const Checked *recipe);

/* Adds up many nodes, in order. */
NodeId sum_nodes(Graph *g, const NodeId *nodes, size_t count);
#endif
