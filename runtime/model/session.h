/* session.h: the executor's own view of a session and of the program it carries out; not seen
 * outside runtime/.
 *
 * What lives how long: weights, results and opened data with the session (a REPL's later lines use
 * them); models' tables of weights and units with their arenas and optimizer states with one
 * nnrt_session_run. Everything is freed whole with its owner. */
#ifndef NNRT_SESSION_H
#define NNRT_SESSION_H
#include "model/log.h"
#include "model/program.h"
#include <pthread.h>

enum { NNRT_TENSOR_RANK = 6 };

/* A tensor's logical shape and how it lies in panels. A shape of rank 0 is held as [1]; file_rank
 * is the rank as declared, which files have. */
typedef struct nnrt_layout {
    int rank, file_rank;
    int64_t dims[NNRT_TENSOR_RANK];
    int feature_axis;
    int64_t elements;
    size_t packed;
} nnrt_layout;

/* "shape" (absent: one number) and "feature_axis" */
bool nnrt_layout_read(const json_t *declared, nnrt_layout *layout, nnrt_error *e);
/* a number may be [] or [1] */
bool nnrt_layout_is(const nnrt_layout *layout, int rank, const int64_t *dims);
bool nnrt_layout_equal(const nnrt_layout *a, const nnrt_layout *b);
/* "[64, 784]" */
void nnrt_shape_text(int rank, const int64_t *dims, char *text, size_t size);

typedef struct nnrt_weight {
    char *key;
    nnrt_layout layout;
    bool buffer;         /* moving statistics: never averaged */
    bool kernel, pruned; /* pruned: its zeros are to stay; files say so */
    json_t *init;
    int64_t generation;
    float *values; /* packed */
    bool drawn;    /* holds values: drawn, loaded or trained */
} nnrt_weight;

/* Rows of numbers, one an epoch or step, under dotted names: `.history` and `.path`, made into
 * records when asked for. */
/* holders: besides the one that made it; the last one frees it. */
typedef struct nnrt_history {
    int holders;
    char **name;
    bool *whole;
    size_t columns, rows, capacity;
    double *value;
} nnrt_history;

nnrt_history *nnrt_history_new(size_t columns, const char *const *names, const bool *whole);
void nnrt_history_free(nnrt_history *history);
bool nnrt_history_add(nnrt_history *history, const double *row);
json_t *nnrt_history_records(const nnrt_history *history);
/* Puts a number under a dotted name into nested objects; null where it is not finite. */
void nnrt_put_number(json_t *object, const char *name, double value, bool whole);

/* notes: what a picture of the result needs and its fields do not say (charts.h); NULL: nothing. */
typedef struct nnrt_result {
    char *name;
    json_t *value;
    nnrt_history *history;
    const char *history_name;
    json_t *notes;
} nnrt_result;

typedef struct nnrt_opened {
    json_t *declaration;
    char *folder;
    nnrt_data *data;
} nnrt_opened;

struct nnrt_session {
    nnrt_options options;
    /* of a training's own session (several.h): the one whose data and code it uses; NULL: this is
     * itself */
    nnrt_session *root;
    /* held while data is looked up or opened */
    pthread_mutex_t *lock;
    int32_t threads;
    nnrt_barrier *barrier, *alone; /* of all threads; of one, for serial units */
    nnrt_log *log;                 /* NULL: none is asked for */
    json_t *weight_index;          /* key -> number */
    nnrt_weight **weight;
    size_t weight_count, weight_capacity;
    nnrt_result *result;
    size_t result_count;
    nnrt_opened *opened;
    size_t opened_count;
    /* NULL: programs for other params are in the program */
    nnrt_retune retune;
    void *retune_context;
    struct nnrt_ensemble **ensemble;
    size_t ensemble_count; /* ensemble.h */
    bool resumed;          /* --resume has been heeded */
};

/* ---- weights (weights.c) ---- */
bool nnrt_weights_declare(nnrt_session *session, const json_t *weights, nnrt_error *e);
nnrt_weight *nnrt_weight_find(nnrt_session *session, const char *key);
void nnrt_weights_free(nnrt_session *session);

typedef enum nnrt_head { NNRT_SCORES, NNRT_SOFTMAX, NNRT_SIGMOID, NNRT_VALUES } nnrt_head;

typedef struct nnrt_model {
    const char *name;
    int64_t parameters;
    nnrt_head head;
    int output_rank;
    int64_t output[NNRT_TENSOR_RANK], output_size;
    size_t count;
    nnrt_weight **weight;
    const char **weight_name;
} nnrt_model;

/* ---- units (units.c) ---- */
typedef enum nnrt_role { NNRT_WEIGHT, NNRT_STATE, NNRT_RESULT } nnrt_role;

typedef struct nnrt_slot {
    nnrt_role role;
    const char *name; /* a weight's key; a state's or result's name */
    nnrt_layout layout;
    double initial;
    nnrt_weight *weight; /* in the session's store; NULL: `own` */
    float *own;
} nnrt_slot;

/* A unit of this program, with what it needs to be called. */
typedef struct nnrt_instance {
    const char *name;
    nnrt_unit code;
    int64_t batch, out_size, arena_bytes, scalars;
    bool serial;
    size_t count;
    nnrt_slot *slot;
    float **table; /* call->tensor */
    float *arena;
    double *scalar;
    double metric[NNRT_METRICS];
} nnrt_instance;

typedef struct nnrt_resume nnrt_resume; /* checkpoint.h */

typedef struct nnrt_program {
    nnrt_session *session;
    const json_t *json;
    const char *script, *folder;
    nnrt_resolve resolve;
    void *context;
    nnrt_model **model;
    size_t model_count;
    nnrt_instance **instance;
    size_t instance_count;
    const json_t *action;
    size_t action_index;
    nnrt_resume *resume; /* until its action has taken it over */
    /* the first one, which in a built program holds those that may take its place */
    const json_t *built;
    /* programs that took the place of the first one */
    json_t *owned;
    json_t *settled; /* which: [ { "action", "params" } ] */
    /* standard output was closed: end without a word */
    bool quiet_end;
} nnrt_program;

/* A new one; `store`: whose weights it reads (NULL: its own). Freed by the caller. */
nnrt_instance *nnrt_instance_new(nnrt_program *program, nnrt_session *store, const char *name,
                                 double *compile_seconds, nnrt_error *e);
/* The program's one, freed with it. */
nnrt_instance *nnrt_program_instance(nnrt_program *program, const char *name,
                                     double *compile_seconds, nnrt_error *e);
/* its weights are its own */
nnrt_instance *nnrt_program_instance_apart(nnrt_program *program, const char *name,
                                           double *compile_seconds, nnrt_error *e);
void nnrt_instance_reset(nnrt_instance *instance); /* states to their first values */
/* packed; NULL: none of that name */
float *nnrt_instance_values(nnrt_instance *instance, nnrt_role role, const char *name);
void nnrt_instance_free(nnrt_instance *instance);
/* metrics zeroed, all else empty */
nnrt_call nnrt_instance_call(nnrt_program *program, nnrt_instance *instance, uint64_t seed);
void nnrt_set_hypers(nnrt_instance *instance, double lr, int64_t steps, int64_t epoch,
                     int64_t epochs, int64_t per_epoch);
/* Positions [first, last) in calls of about 50 ms. False where `stoppable` and the run was asked to
 * stop. */
bool nnrt_run_batches(nnrt_instance *instance, nnrt_call *call, int64_t first, int64_t last,
                      bool stoppable);

/* ---- what actions share (actions.c) ---- */
/* models and instances (session.c) */
void nnrt_program_clear(nnrt_program *program);
nnrt_model *nnrt_program_model(nnrt_program *program, const char *name, nnrt_error *e);
/* the weights that hold nothing yet */
bool nnrt_model_draw(nnrt_model *model, uint64_t seed, nnrt_error *e);
/* unless it holds something */
bool nnrt_weight_draw(nnrt_weight *weight, const char *name, uint64_t seed, nnrt_error *e);
bool nnrt_model_pruned(const nnrt_model *model);
/* all or nothing (io.c) */
bool nnrt_model_load(nnrt_model *model, const char *path, nnrt_error *e);
const nnrt_data *nnrt_program_data(nnrt_program *program, const char *name, nnrt_error *e);
const json_t *nnrt_program_declaration(nnrt_program *program, const char *data, nnrt_error *e);
/* the name of its ensemble or model */
const char *nnrt_action_subject(const nnrt_program *program);
/* NULL: absent or null */
const char *nnrt_action_text(const nnrt_program *program, const char *key);
double nnrt_action_number(const nnrt_program *program, const char *key, double fallback);
/* as written, else --seed, else 0 */
uint64_t nnrt_action_seed(const nnrt_program *program);
/* from the script's folder; malloc'ed */
char *nnrt_program_path(const nnrt_program *program, const char *path);
/* The part that the action names; NULL and e filled where it is empty (evaluate.c). */
const nnrt_part *nnrt_action_part(const nnrt_program *program, const nnrt_data *data,
                                  nnrt_error *e);
/* { "classes": names }; NULL: it has none (evaluate.c) */
json_t *nnrt_class_notes(const nnrt_data *data);
bool nnrt_interrupted(nnrt_error *e); /* always false */

/* ---- results and runtime expressions (later.c) ---- */
/* Takes value and history over. `name` NULL: drops them. */
bool nnrt_result_set(nnrt_session *session, const char *name, json_t *value, nnrt_history *history,
                     const char *history_name, nnrt_error *e);
/* takes them over; name NULL: drops them */
void nnrt_result_note(nnrt_session *session, const char *name, json_t *notes);
void nnrt_result_free(nnrt_result *result); /* what it holds */
void nnrt_results_free(nnrt_session *session);
/* all of them, whole: for checkpoints */
json_t *nnrt_results_json(nnrt_session *session);
bool nnrt_results_restore(nnrt_session *session, const json_t *results, nnrt_error *e);
/* As `print` shows it (malloc'ed), NULL and e filled where it can't be known. */
char *nnrt_later_text(nnrt_session *session, const json_t *later, nnrt_error *e);
/* A new reference to what it is, and the notes on it, borrowed (NULL: none). */
json_t *nnrt_later_json(nnrt_session *session, const json_t *later, const json_t **notes,
                        nnrt_error *e);
bool nnrt_later_truth(nnrt_session *session, const json_t *later, bool *truth, nnrt_error *e);

/* ---- the actions, by verb; all return false and fill e where they fail ---- */
bool nnrt_do_train(nnrt_program *program, nnrt_error *e);
bool nnrt_do_evaluate(nnrt_program *program, nnrt_error *e);
bool nnrt_do_predict(nnrt_program *program, nnrt_error *e);
bool nnrt_do_save(nnrt_program *program, nnrt_error *e);
bool nnrt_do_load(nnrt_program *program, nnrt_error *e);
bool nnrt_do_prune(nnrt_program *program, nnrt_error *e);
bool nnrt_do_print(nnrt_program *program, nnrt_error *e);
bool nnrt_do_assert(nnrt_program *program, nnrt_error *e);
bool nnrt_do_plot(nnrt_program *program, nnrt_error *e);
bool nnrt_do_export(nnrt_program *program, nnrt_error *e);
bool nnrt_do_minimize(nnrt_program *program, nnrt_error *e);
bool nnrt_do_check_gradients(nnrt_program *program, nnrt_error *e);
bool nnrt_do_crossvalidate(nnrt_program *program, nnrt_error *e);
bool nnrt_do_compare(nnrt_program *program, nnrt_error *e);
bool nnrt_do_inspect(nnrt_program *program, nnrt_error *e);
bool nnrt_do_tune(nnrt_program *program, nnrt_error *e);
bool nnrt_do_bag(nnrt_program *program, nnrt_error *e);
bool nnrt_do_boost(nnrt_program *program, nnrt_error *e);
bool nnrt_do_find_lr(nnrt_program *program, nnrt_error *e);

/* standard output; a closed pipe is no error but ends the run */
bool nnrt_flush_output(nnrt_program *program, nnrt_error *e);
/* Says the error, at the current action's place, on standard error and in the log. */
void nnrt_say_error(const nnrt_program *program, const nnrt_error *e);
#endif
