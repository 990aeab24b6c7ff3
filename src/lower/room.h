/* room.h: what the files of this room share: networks as recorded lists of layer uses, and what a layer's function gets.
 *
 * A model's body is walked once (body.c): repeats unrolled, conditions decided, blocks and models entered. What remains is a Network: a flat
 * list of layer uses over numbered values. The walk builds each use into a scratch graph at once, which tells its output's shape; a unit later
 * builds the same list into a graph of its own (network.c). So a layer's function runs both times and is the only place that knows the layer. */
#ifndef NNC_LOWER_ROOM_H
#define NNC_LOWER_ROOM_H
#include "lower/lower.h"

/* ---- name_map.c: interned strings to numbers ---- */
typedef struct NameMap { const char **name; int *number; size_t used, size; } NameMap;
int name_map_find(const NameMap *map, const char *name);                  /* -1: absent */
void name_map_put(Arena *arena, NameMap *map, const char *name, int number);

/* ---- the room's memory ---- */
typedef struct WeightKey { const char *key; Shape shape; Span span; bool frozen, pruned; } WeightKey;   /* by key, of all models; `frozen` is freeze's last word */
typedef struct Network Network;
struct Lower {
    Sema *sema;
    Arena *arena;
    Interner *names;
    Diagnostics *diags;
    NameMap key_numbers;
    VEC(WeightKey) keys;
    VEC(Network *) networks;
    VEC(const char *) forgotten;         /* models declared anew, once a time: their keys differ from then on */
};

/* ---- values and uses ---- */
#define WEIGHT_MOST_ELEMENTS (INT64_C(1) << 36)

typedef struct BodyValue {
    Shape shape;                         /* of a sample; a weight's own */
    bool batched;                        /* false: a weight or number, the same for all samples */
    int use;                             /* the layer use that makes it; -1: the input, a weight, a number */
    int weight;                          /* index into the network's weights, or -1 */
    double number;
    Span span;                           /* where it was made, for notes */
} BodyValue;

/* The uses of blocks and models that led to a layer, the innermost first. */
typedef struct UsePlace { const struct UsePlace *outer; Span span; } UsePlace;

typedef struct LayerContext LayerContext;
typedef NodeId (*LayerFunction)(LayerContext *c);
typedef enum LayerLook { LOOK_STOP, LOOK_PAST, LOOK_ACTIVATION } LayerLook;   /* `init = auto` looks past normalisation and dropout */
typedef enum LayerAxes { AXES_SEQUENCE = -1, AXES_ANY, AXES_SIGNAL } LayerAxes;                  /* what two axes are */
typedef struct LayerRow { const char *name; LayerFunction build; LayerLook look; LayerAxes axes; } LayerRow;
const LayerRow *layer_row(const char *name);                              /* NULL: not in layers.def */

typedef struct LayerUse {
    const LayerRow *row;                 /* NULL: an activation, `call` being of a fn */
    const Call *call;
    const char *kind, *name;             /* "dense", "residual1.dense1" */
    const char *key_prefix, *name_prefix;/* of its weights: "m/residual1.dense1.", and in the file */
    int input, output;                   /* values */
    int *args; size_t arg_count;         /* values: what add, multiply and concat join; of a fn, one for each argument, -1 where it is no value of the body */
    Span span;
    const UsePlace *place;
    bool bias_dropped;
    VEC(int) weights;                    /* indices into the network's */
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
    int input, output;                   /* values */
    bool complete;
    VEC(int) auto_init;                  /* weights whose initialiser waits for the next activation, and the uses they belong to */
    VEC(int) auto_use;
    VEC(double) auto_fans;               /* fan-in and fan-out, two a weight */
};

/* ---- network.c: a network built into a graph ---- */
typedef struct Emission {
    Lower *lower;
    Network *network;
    Graph *g;
    bool declaring;                      /* the walk: weights come into being, errors are reported */
    bool random, dropout;                /* noise of all kinds; dropout alone in UNIT_PASSES */
    double weight_noise;                 /* its deviation */
    bool batch_statistics, update_statistics;
    bool bare;                           /* the output is what stands before a last softmax or sigmoid */
    bool ok;
    VEC(NodeId) values;                  /* per value, NO_NODE: not built yet */
    VEC(int) tensors;                    /* per weight: index of its tensor in the graph, -1 not used */
    VEC(NodeId) noisy;                   /* per weight: its value with this step's noise, NO_NODE not used */
    VEC(NodeId) pending;                 /* per weight: what a buffer will hold behind the step, NO_NODE nothing */
} Emission;

struct LayerContext {
    Emission *e;
    Graph *g;
    LayerUse *use;
    const Call *call;
    NodeId in;                           /* the value it is applied to, [n, sample...] */
    Shape sample;                        /* its shape without the batch */
    bool batched;
    NodeId *args;                        /* use->args, built */
};

void emission_start(Emission *e, Lower *lower, Network *network, Graph *g);
NodeId emission_value(Emission *e, int value);
void emission_put(Emission *e, int value, NodeId node);                    /* in place of what would make it */
bool emission_use(Emission *e, size_t use);
bool emission_network(Emission *e);                                        /* all uses in order */
int emission_tensor(Emission *e, int weight);                              /* adds the tensor where it is not there yet */
NodeId emission_weight_now(Emission *e, int weight);                       /* the pending value, or the tensor's */
bool weight_is_pruned(const Lower *lower, const WeightSpec *spec);
bool weight_is_frozen(const Lower *lower, const WeightSpec *spec);
Shape shape_batched(Shape sample, bool batched);
Shape shape_sample(Shape full);                                            /* without the batch dimension */
char *sample_text(Arena *arena, Shape sample);                             /* "4x3x3" */

/* ---- what layer functions call ---- */
/* The weight `suffix` of this layer. `init` NULL: `otherwise`. A kernel's fans follow from its shape. */
NodeId layer_weight(LayerContext *c, const char *suffix, Shape shape, int feature_axis, WeightRole role, const Value *init, WeightInit otherwise);
int layer_weight_number(LayerContext *c, const char *suffix);              /* of a weight of this layer made before; -1 */
bool layer_is_frozen(LayerContext *c);
void layer_error(LayerContext *c, DiagId id, const char *help, const char *format, ...) __attribute__((format(printf, 4, 5)));
void layer_shape_error(LayerContext *c, int value_a, int value_b, const char *format, ...) __attribute__((format(printf, 4, 5)));
NodeId layer_full(LayerContext *c, NodeId node);                           /* a node that may be narrower, as one of the input's shape */
/* A vector of one value a channel, so that it broadcasts over the images or signals that the layer works on. */
NodeId layer_by_channel(LayerContext *c, NodeId vector);
/* What two axes are, by the layer that made them; ANY: nothing tells. */
LayerAxes layer_axes(const LayerContext *c);
void notes_of_uses(Lower *lower, Diagnostic *d, const UsePlace *place);

/* ---- values.c: checked calls, read without knowing what is given ---- */
const Value *call_find(const Call *call, const char *name);                /* NULL: no such argument, or none */
double call_number_or(const Call *call, const char *name, double otherwise);
bool call_bool_or(const Call *call, const char *name, bool otherwise);
const char *value_word(const Value *value);                                /* a string or bare word, else NULL */
const char *call_name(const Call *call);
const Call *default_call(Lower *lower, FormCategory category, const char *name);
const Value *recipe_value(const Checked *recipe, const char *key);         /* NULL: no recipe, no such key, or `none` */
const Call *value_call(const Value *value);
int64_t shape_features(Shape sample);                                      /* what `features` says of a shape */

/* ---- init.c ---- */
WeightInit init_constant(double value);
/* False where it waits for the next activation (`auto`). Fans may be 0 where there are none. */
bool init_from_value(const Value *init, double fan_in, double fan_out, WeightInit *out);
WeightInit init_for_activation(const char *activation, double fan_in, double fan_out);
void init_fans(Shape shape, double *fan_in, double *fan_out);              /* as torch.nn.init._calculate_fan_in_and_fan_out */

/* ---- body.c ---- */
enum { BODY_MOST_USES = 1000000, BODY_DEPTH = 2000 };
bool body_record(Lower *lower, Network *network, const ModelDecl *decl, const DataInfo *data, Span use);
bool body_is_too_large(Lower *lower, const Body *body);                    /* extent.c */

/* ---- expr.c: expressions of the language to graph nodes ---- */
typedef struct Operand { enum { OPERAND_NODE, OPERAND_VALUE, OPERAND_WRONG } kind; NodeId node; const Value *value; } Operand;
typedef struct Symbol { const char *name; Operand operand; } Symbol;
typedef struct ExprEnv {
    Lower *lower;
    Graph *g;
    Shape element;               /* of what random functions draw */
    bool random;                 /* draw; else their means */
    bool reductions;             /* norm, mean and max over a tensor: optimizers */
    VEC(Symbol) symbols;         /* later ones hide earlier ones */
    bool (*resolve)(void *context, const char *name, NodeId *node);        /* asked before the symbols; may be NULL */
    void *context;
    int depth;
    size_t *budget;              /* expressions still allowed; shared by nested calls */
} ExprEnv;
ExprEnv expr_env(Lower *lower, Graph *g, Shape element, size_t *budget);
enum { EXPR_BUDGET = 4000000 };
void expr_bind_node(ExprEnv *env, const char *name, NodeId node);
void expr_bind_value(ExprEnv *env, const char *name, Value value);
void expr_bind_call(ExprEnv *env, const Call *call, const Params *params, size_t leading, const NodeId *given);   /* arguments behind the leading ones */
NodeId expr_lower(ExprEnv *env, const Expr *expr);                         /* NO_NODE: reported */
/* A fn's body at the leading arguments `in`. `given`: nodes for arguments of the call that are values of a body, else NO_NODE; may be NULL. */
NodeId expr_apply(Lower *lower, Graph *g, const Call *call, const NodeId *in, size_t count, const NodeId *given, bool random);

/* ---- loss.c ---- */
typedef struct LossNodes { NodeId sum, hits; } LossNodes;                  /* over the batch's samples; hits NO_NODE for real targets */
bool loss_fits(Lower *lower, const Network *network, const DataInfo *data, const CheckedAction *action);   /* reports */
/* `mixed`: targets are as the recipe's mixing leaves them (graph_set_data was told of the recipe). */
bool loss_lower(Emission *e, const DataInfo *data, const Checked *recipe, bool mixed, LossNodes *out);
NodeId loss_scores(Emission *e);                                           /* what stands before a final softmax or sigmoid, else the output */
void graph_set_data(Graph *g, const Network *network, const DataInfo *data, const Checked *recipe);   /* recipe NULL: samples are not mixed */

/* ---- distill.c ---- */
/* Adds the teacher's part to the loss, a sum over the batch's samples. */
bool distill_lower(Emission *student, const DataInfo *data, const Checked *recipe, NodeId *loss);

/* ---- schedule.c ---- */
typedef struct ScheduleNodes { NodeId lr, momentum; } ScheduleNodes;       /* momentum NO_NODE: left alone */
bool schedule_lower(Lower *lower, Graph *g, const Checked *recipe, bool counts_steps, ScheduleNodes *out);

/* ---- optimizer.c ---- */
/* A trainable weight of a unit on its way through a step. */
typedef struct Trained {
    const char *name;                    /* in the file: names its states */
    WeightRole role;
    int tensor;
    NodeId gradient, value;              /* value: what the tensor will hold */
    double l1, l2, max_norm;             /* of its layer alone */
    bool pruned;                         /* its zeros stay */
} Trained;
typedef struct TrainedList { VEC(Trained) list; } TrainedList;
/* Penalties, clipping, decay, update, constraints, average: from gradients to assignments. `penalty` is NO_NODE without one. */
bool optimizer_lower(Lower *lower, Graph *g, const Checked *recipe, TrainedList *weights, const ScheduleNodes *schedule, NodeId *penalty);
const Call *recipe_optimizer(Lower *lower, const Checked *recipe);

/* Adds up many nodes, in order. */
NodeId sum_nodes(Graph *g, const NodeId *nodes, size_t count);
#endif
