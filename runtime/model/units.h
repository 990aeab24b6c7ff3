/* units.h: units of machine code with what they are called with: tensors, arena, scalars. */
#ifndef NNRT_UNITS_H
#define NNRT_UNITS_H
#include "base/base.h"
#include "data/data.h"
#include "model/weights.h"

/* The threads that carry out a unit together. */
typedef struct nnrt_team {
    int32_t threads;
    nnrt_barrier *barrier, *alone; /* of all threads; of one, for serial units */
} nnrt_team;

bool nnrt_team_init(nnrt_team *team, int32_t threads, nnrt_error *e);
void nnrt_team_clear(nnrt_team *team);

/* Finds a unit's code: compiled now (run), or linked in (build). NULL: there is none (a bug).
 * `compile_seconds` is added to. Several threads may ask at once. */
typedef nnrt_unit (*nnrt_resolve)(void *context, const char *unit_name, double *compile_seconds);

typedef enum nnrt_role { NNRT_WEIGHT, NNRT_STATE, NNRT_RESULT, NNRT_CLASSES } nnrt_role;

/* One tensor of a unit. */
typedef struct nnrt_slot {
    nnrt_role role;
    const char *name; /* a weight's key; a state's or result's name */
    nnrt_layout layout;
    double initial;       /* of a state */
    const json_t *values; /* of classes: as the script lists them; NULL: balanced */
    nnrt_weight *weight;  /* in the session's store; NULL: `own` */
    float *own;
} nnrt_slot;

/* A unit of this program, ready to be called. */
typedef struct nnrt_instance {
    const char *name;
    nnrt_unit code;
    int64_t batch, out_size, arena_bytes, scalars;
    bool weighted; /* its loss is divided by NNRT_METRIC_WEIGHT */
    bool serial;   /* one thread does it */
    size_t count;
    nnrt_slot *slot;
    float **table; /* call->tensor */
    float *arena;
    double *scalar;
    double metric[NNRT_METRICS];
} nnrt_instance;

/* From its declaration; `weights` NULL: those that it reads are its own. NULL: e says why. */
nnrt_instance *nnrt_instance_new(const json_t *declared, nnrt_unit code,
                                 const nnrt_weights *weights, nnrt_error *e);
void nnrt_instance_free(nnrt_instance *instance);
/* Sets its states to their first values. */
void nnrt_instance_reset(nnrt_instance *instance);
/* Fills in the weights of classes: those of the script, or balanced by the training part, where a
 * class without samples weighs 0. */
bool nnrt_instance_weigh_classes(nnrt_instance *instance, const nnrt_data *data, nnrt_error *e);
/* packed; NULL: none of that name */
float *nnrt_instance_values(nnrt_instance *instance, nnrt_role role, const char *name);
void nnrt_set_hypers(nnrt_instance *instance, double lr, int64_t steps, int64_t epoch,
                     int64_t epochs, int64_t per_epoch);

/* The mean of what a call of `count` samples has summed up; of weights that are all 0, 0. */
double nnrt_mean_loss(const nnrt_instance *instance, const double *metric, int64_t count);

/* Carries a call of it out (nnrt_instance_call, program.h). Every call of a unit goes through
 * here. */
void nnrt_launch(nnrt_instance *instance, nnrt_call *call);
/* Positions [first, last) in launches of about 50 ms. False where `stoppable` and the run was asked
 * to stop. */
bool nnrt_launch_batches(nnrt_instance *instance, nnrt_call *call, int64_t first, int64_t last,
                         bool stoppable);
#endif
