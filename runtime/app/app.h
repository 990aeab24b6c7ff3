/* app.h: the door of app/: what others do with the runtime as a whole: sessions that carry out
 * programs (the compiler), the main function of a built program and the functions of a library
 * (generated code).
 *
 * A program is a compiled script: JSON that says what there is and what to do (abi/program.def),
 * and units by name. `nnc run` hands it over in memory and compiles a unit when it is first asked
 * for; `nnc build` embeds the same text beside the units' code. Both run this one executor, so they
 * do the same. A REPL hands over one program after another to one session. */
#ifndef NNRT_APP_H
#define NNRT_APP_H
#include "app/session_undo.h"
#include "model/model.h"

/* NULL: e says why. */
nnrt_session *nnrt_session_new(const nnrt_options *options, nnrt_error *e);
void nnrt_session_free(nnrt_session *session);
/* Without one, programs for other params are looked for in the program's "variants". */
void nnrt_session_set_retune(nnrt_session *session, nnrt_retune retune, void *context);
/* Carries out a program's actions. Returns the exit status; messages have been printed, on standard
 * error, as `file:line:column: error: ... [code]` where a line is known. */
int nnrt_session_run(nnrt_session *session, const json_t *program, nnrt_resolve resolve,
                     void *context);

/* Units that are linked in. */
typedef struct nnrt_embedded {
    const char *name;
    nnrt_unit unit;
} nnrt_embedded;

/* The main function of a built program: its options, then the embedded text. `cpu_features`: those
 * that its code needs, separated by commas. Returns the exit status. */
int nnrt_main(int argc, char **argv, const char *program_json, const nnrt_embedded *units,
              size_t unit_count, const char *cpu_features);

/* A library made by `nnc build --emit=lib`: models that predict. Weights are embedded in the
 * program's text or loaded. */
typedef struct nnrt_library nnrt_library;
/* Made once in a process; NULL: out of memory or damaged. */
nnrt_library *nnrt_library_get(const char *program_json, const nnrt_embedded *units,
                               size_t unit_count);
/* x: n samples; out: n rows of the model's outputs. 0, or 1 while the model has no weights. May be
 * called from several threads at once. */
int nnrt_library_predict(nnrt_library *library, int model, const float *x, size_t n, float *out);
/* 0, or 3 where the file can't be read or does not fit */
int nnrt_library_load(nnrt_library *library, int model, const char *path);
#endif
