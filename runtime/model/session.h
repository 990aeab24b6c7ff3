/* session.h: what lives through a run, or through a REPL's lines: opened data, weights, results,
 * ensembles. Programs are carried out in it, one after another (program.h). */
#ifndef NNRT_SESSION_H
#define NNRT_SESSION_H
#include "data/data.h"
#include "model/ensemble.h"
#include "model/log.h"
#include "model/preparations.h"
#include "model/results.h"
#include "model/units.h"

typedef struct nnrt_options {
    int32_t threads; /* 0: nnrt_default_threads() */
    bool seed_given;
    uint64_t seed;
    bool dry_run, quiet, color;
    const char *log_path;    /* NULL: no log */
    const char *resume_path; /* NULL: from the start */
    const char *cpu;         /* for the log's start event */
    bool repl;               /* errors end the action, not the session */
    bool diagnostics_json;   /* errors as JSON lines (--diagnostics json) */
} nnrt_options;

/* Checks and compiles the script again with other params (a JSON object) for `tune`, the action of
 * this number: the program for a trial of that action, or, with `settle`, for all actions after it.
 * A new reference; NULL: e says why. */
typedef json_t *(*nnrt_retune)(void *context, const json_t *params, size_t action, bool settle,
                               nnrt_error *e);

typedef struct nnrt_session {
    nnrt_options options;
    nnrt_team team;
    nnrt_log *log;       /* NULL: none is asked for */
    nnrt_opened *opened; /* data; shared by the sessions of one run */
    nnrt_weights weights;
    nnrt_results results;
    nnrt_ensembles ensembles;
    nnrt_preparations preparations; /* of models */
    nnrt_retune retune;             /* NULL: programs for other params are in the program */
    void *retune_context;
    bool resumed; /* --resume has been carried out */
} nnrt_session;

/* Opens a declaration, or gives what was opened for it before. Owned by the session. */
const nnrt_data *nnrt_session_data(nnrt_session *session, const json_t *declaration,
                                   const char *folder, nnrt_error *e);
/* The same, prepared by this preparation (NULL: as the declaration says). */
const nnrt_data *nnrt_session_prepared(nnrt_session *session, const json_t *declaration,
                                       const char *folder, nnrt_preparation *preparation,
                                       nnrt_error *e);
#endif
