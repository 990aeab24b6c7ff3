/* lower.h: from checked syntax to tensor graphs: models with shapes, losses, optimizers, schedules,
 * whole training steps.
 *
 * Shape errors are found here; each says both shapes and where they came from, and, inside blocks,
 * which uses led there. */
#ifndef NNC_LOWER_H
#define NNC_LOWER_H
#include "ir/graph.h"
#include "sema/sema.h"

/* What a model must know of data. Shapes have no batch dimension; a target of rank 0 is one value,
 * or one class, a sample. */
typedef struct DataInfo {
    const char *name;
    Span span; /* of the declaration, for notes */
    bool classify;
    bool multilabel; /* several targets of 0 and 1, each told by itself; not `classify` */
    bool weighted;   /* samples have weights */
    bool targetless; /* its source has no targets */
    int64_t classes;
    int64_t vocabulary; /* of tokens; 0: samples are no texts */
    bool padded;        /* a text ends where only `padding` follows */
    int64_t padding;
    bool sequence; /* samples are rows in time order, length x features */
    Shape sample, target;
    int64_t count[4]; /* train, validation, test, new */
} DataInfo;

static inline bool has_accuracy(const DataInfo *data)
{
    return data->classify || data->multilabel;
}

typedef enum InitKind {
    INIT_UNIFORM,
    INIT_NORMAL,
    INIT_TRUNCATED_NORMAL,
    INIT_ORTHOGONAL,
    INIT_CONSTANT
} InitKind;

/* UNIFORM a..b; NORMAL mean a, std b; TRUNCATED std a; ORTHOGONAL gain a; CONSTANT a */
typedef struct WeightInit {
    InitKind kind;
    double a, b;
} WeightInit;

typedef enum WeightRole { ROLE_KERNEL, ROLE_BIAS, ROLE_NORM, ROLE_BUFFER, ROLE_OTHER } WeightRole;

const char *weight_role_name(WeightRole role);

typedef struct WeightSpec {
    /* unique in the session: "m/dense1.weight"; a shared part keeps its owner's key */
    const char *key;
    const char *name;  /* in this model's weights file: "dense1.weight" */
    const char *layer; /* "dense1" */
    Shape shape;
    int feature_axis;
    WeightRole role;
    WeightInit init;
    bool frozen;             /* declared so */
    double l1, l2, max_norm; /* of the layer alone; 0 none */
    /* of a transposed convolution's kernel, [in, out / groups, ...]; 0: its first axis counts units
     */
    int64_t transposed_groups;
    Span span;
} WeightSpec;

/* the last layer, for metrics and fused losses */
typedef enum Head { HEAD_SCORES, HEAD_SOFTMAX, HEAD_SIGMOID, HEAD_VALUES } Head;

const char *head_name(Head head);

typedef struct LayerSummary {
    const char *name, *kind;
    bool activation;
    Shape output;
    int64_t parameters, operations;
} LayerSummary;

typedef struct ModelInstance {
    const ModelDecl *decl;
    const DataInfo *data; /* NULL: it states its input itself */
    Shape input, output;  /* of a sample */
    Head head;
    VEC(WeightSpec) weights;
    VEC(LayerSummary) layers; /* for `check` */
    int64_t parameters;       /* trainable */
    /* a batchnorm has one value a sample and feature: of a batch of one sample nothing is left */
    bool normalises_samples;
    /* the input's values are whole numbers from 0 to below this; 0: any */
    int64_t numbers_below;
    /* for `check` and `show --plan`: what was decided for the user, such as a bias that a batchnorm
     * cancels */
    VEC(const char *) remarks;
} ModelInstance;

/* What a network of a sequence of numbers keeps of the positions behind it. */
typedef enum Memory {
    MEMORY_WINDOW, /* nothing: it sees a whole window at once */
    /* the same, but no position's output depends on the positions that follow it */
    MEMORY_CAUSAL,
    /* the states of recurrent layers, if anything: it can take one position after another */
    MEMORY_STATE
} Memory;

typedef struct Lower Lower;
Lower *lower_new(Sema *sema);
/* The model with its shapes; made at its first use and the same one afterwards. A later use with
 * data of another shape is an error. NULL: reported. */
ModelInstance *lower_model(Lower *lower, const ModelDecl *decl, const DataInfo *data, Span use);
/* Whether the loss, metrics and head of an action fit its data: fewer outputs than classes, cross
 * entropy of real targets, ... Reports. */
bool lower_check_fit(Lower *lower, const ModelInstance *model, const DataInfo *data,
                     const CheckedAction *action);
Memory lower_memory(const ModelInstance *model);
/* freeze and unfreeze: from now on, for graphs lowered later. `patterns` as fnmatch's, NULL: all.
 */
void lower_set_frozen(Lower *lower, const ModelInstance *model, const Value *patterns, bool frozen);
/* From now on graphs lowered for training leave the zeros of the model's kernels as they are.
 * False: it has no kernel. */
bool lower_set_pruned(Lower *lower, const ModelInstance *model);
/* Whether any of its kernels is pruned, be it by way of another model that shares them. */
bool lower_is_pruned(const Lower *lower, const ModelInstance *model);
/* REPL: a model is declared again. */
void lower_forget_model(Lower *lower, const char *name);

typedef enum UnitKind {
    /* forward, loss, penalties, backward, clipping, update, constraints; LOSS, HITS, PENALTY, LR */
    UNIT_TRAIN,
    UNIT_EVALUATE, /* forward in evaluation; OUT, LOSS */
    UNIT_PREDICT,  /* forward in evaluation; OUT */
    /* forward with dropout on and moving statistics; OUT (Monte Carlo dropout) */
    UNIT_PASSES,
    /* forward as in training; for each layer a result "nonfinite.<layer>": sum of (y - y), NaN
       where y is not finite */
    UNIT_DIAGNOSE,
    /* LOSS, and results "gradient.<key>" for each trainable weight; evaluation mode but batch
       statistics; no random layers */
    UNIT_GRADIENTS,
    /* OUT: a row of all layers' outputs and then of the loss's derivatives by them, in the order of
       the model's `layers` */
    UNIT_INSPECT,
    /* the loss of outputs that come as the samples: LOSS; of raw scores also OUT, its derivative by
       them (ensembles) */
    UNIT_LOSS,
    /* weights are the variables of a fn: VALUE (of the variables after the update), LR, and the
       update */
    UNIT_MINIMIZE,
    UNIT_SURFACE, /* the same weights: VALUE alone, where they are; for pictures */
    /* of a model whose memory is MEMORY_STATE, one position of one sample: OUT; the states of
       recurrent layers are the unit's */
    UNIT_STEP,
    UNIT_RATE, /* LR of the call's step, of a recipe's schedule; for pictures */
    /* forward with the batch's statistics; moving statistics become means over the call's batches
     */
    UNIT_STATISTICS
} UnitKind;

/* UNIT_DIAGNOSE also has a result "nonfinite.loss", the last one.
 * The gradients of UNIT_GRADIENTS are those of what SLOT_LOSS says, a sum over the batch's samples.
 * check_gradients of a fn: spec->model is NULL and spec->action->function set. The unit has no
 * batch; each leading argument of the fn is a weight with its name ("x", or "y" and "t"), of shape
 * [64]: the points at which the derivative is checked. The program should draw them with { "kind":
 * "uniform", "a": -3, "b": 3 }. SLOT_LOSS is the sum of the fn over the points, and the results are
 * "gradient.x", ... UNIT_MINIMIZE: the weights are scalars (rank 0) named as the variables. */
enum { LOWER_CHECK_POINTS = 64 };

/* What UNIT_LOSS is given: outputs as the model's last layer makes them, shares of classes, or what
 * comes before a last softmax or sigmoid. */
typedef enum LossGiven { GIVEN_OUTPUTS, GIVEN_SHARES, GIVEN_SCORES } LossGiven;

typedef struct UnitSpec {
    UnitKind kind;
    LossGiven given; /* UNIT_LOSS */
    /* without a last softmax or sigmoid: what gradient boosting adds up */
    bool bare;
    /* "u0_train_m": the graph's name is the symbol nnc_u0_train_m */
    const char *name;
    const ModelInstance *model; /* NULL for MINIMIZE and the gradients of a fn */
    const DataInfo *data;
    const CheckedAction *action;      /* its recipe; NULL or without: defaults by task */
    const Checked *recipe;            /* NULL: the task's defaults */
    int64_t batch;                    /* most samples at once */
    int64_t steps, epochs, per_epoch; /* of the whole training */
} UnitSpec;

/* The teacher of a recipe's `distill`, or NULL. */
const ModelDecl *distill_teacher(Lower *lower, const Checked *recipe);
/* NULL: reported. */
Graph *lower_unit(Lower *lower, const UnitSpec *spec);
/* What the executor must know of a recipe beyond the graph. */
double lower_optimizer_lr(Lower *lower, const Checked *recipe);
/* Whether the loss takes targets from 0 to 1 alone. */
bool lower_takes_shares(Lower *lower, const Checked *recipe, const DataInfo *data,
                        const ModelInstance *model);
const char *lower_loss_name(Lower *lower, const Checked *recipe, const DataInfo *data,
                            const ModelInstance *model);

/* Layers: layers.def names them, room.h says what the function of one gets. Adding a layer is a row
 * of sema's forms.def, one of layers.def and a function. */
#endif
