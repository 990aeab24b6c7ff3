/* program.h: a program that is being carried out: the script as JSON (docs/program.md says what is
 * in it), its models and units as they are first asked for, and the action that it is at. */
#ifndef NNRT_PROGRAM_H
#define NNRT_PROGRAM_H
#include "abi/verbs.h"
#include "model/network.h"
#include "model/session.h"

typedef struct nnrt_resume nnrt_resume; /* a checkpoint that is read (train/) */

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
    json_t *owned;   /* programs that took the place of the first one */
    json_t *settled; /* the params that did: [ { "action", "params" } ] */
    bool quiet_end;  /* the reader of standard output has gone: end without a message */
} nnrt_program;

/* Frees models, units and programs in the first one's place; not the resume. */
void nnrt_program_clear(nnrt_program *program);

/* What the program declares, by name; NULL and e filled where there is none. */
nnrt_model *nnrt_program_model(nnrt_program *program, const char *name, nnrt_error *e);
const nnrt_data *nnrt_program_data(nnrt_program *program, const char *name, nnrt_error *e);
/* Data as a model must see it: prepared as what it was trained on, or as its file says. */
const nnrt_data *nnrt_program_data_for(nnrt_program *program, const nnrt_model *model,
                                       const char *name, nnrt_error *e);
/* The data, which the model is about to be trained on: from now on it has its preparation. */
const nnrt_data *nnrt_program_training_data(nnrt_program *program, const nnrt_model *model,
                                            const char *name, nnrt_error *e);
const json_t *nnrt_program_declaration(nnrt_program *program, const char *data, nnrt_error *e);
/* The program's instance of a unit, freed with it. `compile_seconds` (NULL: not asked) is added
 * to. */
nnrt_instance *nnrt_program_instance(nnrt_program *program, const char *name,
                                     double *compile_seconds, nnrt_error *e);
/* The same with weights of its own. */
nnrt_instance *nnrt_program_instance_apart(nnrt_program *program, const char *name,
                                           double *compile_seconds, nnrt_error *e);
/* A new one each time, the caller's. */
nnrt_instance *nnrt_program_instance_new(nnrt_program *program, const char *name, nnrt_error *e);
/* A call of it by the session's team, or by one thread where it is serial: metrics zeroed, samples
 * and positions left for the caller to fill in. */
nnrt_call nnrt_instance_call(nnrt_program *program, nnrt_instance *instance, uint64_t seed);
/* The call's samples: the part's, as they lie. */
bool nnrt_call_of_part(nnrt_call *call, nnrt_instance *instance, const nnrt_data *data,
                       const nnrt_part *part, nnrt_error *e);
/* from the script's folder; malloc'ed */
char *nnrt_program_path(const nnrt_program *program, const char *path);

/* ---- the action ---- */
/* the "verb" of an action's JSON, or of a checkpoint's; VERB_COUNT: it has none */
Verb nnrt_verb(const json_t *action);
/* the name of its ensemble or model */
const char *nnrt_action_subject(const nnrt_program *program);
/* NULL: absent or null */
const char *nnrt_action_text(const nnrt_program *program, const char *key);
double nnrt_action_number(const nnrt_program *program, const char *key, double fallback);
/* as written, else --seed, else 0 */
uint64_t nnrt_action_seed(const nnrt_program *program);
/* The part that it names; NULL and e filled where that is empty. */
const nnrt_part *nnrt_action_part(const nnrt_program *program, const nnrt_data *data,
                                  nnrt_error *e);
/* Its ensemble; NULL and e filled where its bag or boost was not carried out. */
nnrt_ensemble *nnrt_action_ensemble(nnrt_program *program, const nnrt_model *model, nnrt_error *e);

/* ---- other params ---- */
/* The script with these params: for a trial, or with `settle` for the rest of the run. A new
 * reference. */
json_t *nnrt_program_with(nnrt_program *program, const json_t *params, bool settle, nnrt_error *e);
/* The run goes on with these params: the program's JSON is another from now on. */
bool nnrt_program_settle(nnrt_program *program, const json_t *params, nnrt_error *e);

/* ---- messages (messages.c) ---- */
bool nnrt_interrupted(nnrt_error *e); /* always false */
/* Flushes standard output. Where its reader has gone, the run ends without a message. */
bool nnrt_flush_output(nnrt_program *program, nnrt_error *e);
/* Reports the error, at the current action's place, on standard error and in the log. */
void nnrt_report_error(const nnrt_program *program, const nnrt_error *e);
/* Says something that is no error, likewise at the action's place on standard error, unless nothing
 * is to be said (--quiet). */
void nnrt_note(const nnrt_program *program, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
