/* compile.h: the one compile(): from a source file to checked actions, each with its model, data
 * and planned units.
 *
 * `run`, `build`, `check`, `show` and `repl` share it. A Compiler lives for one script, or for a
 * whole REPL session: declarations, opened data, shaped models and compiled units stay. Machine
 * code is made later still: when a unit is first asked for (compiler_resolve), or for all of them
 * at once (build). */
#ifndef NNC_COMPILE_H
#define NNC_COMPILE_H
#include "driver/shared_code.h"
#include "driver/options.h"
#include "lower/lower.h"
#include "app/app.h"

/* Sums over the samples of a part are made batch by batch, so this number is the same for every
 * part and must not change. */
enum { EVALUATION_BATCH = 256 };

typedef struct DataUse {
    const DataDecl *decl;
    nnrt_preparation *preparation; /* of the model that meets it; NULL: the data's own */
    json_t *json;                  /* the declaration as the runtime knows it */
    const nnrt_data *opened;       /* the session's */
    DataInfo info;
    /* all samples are whole numbers from 0 to below this; 0: not looked at */
    int64_t numbers_below;
    bool targets_are_shares; /* some loss needs them so, and they are */
} DataUse;

typedef struct Unit {
    UnitSpec spec;
    const char *key; /* equal keys, equal units */
    Plan *plan;
    Code *code;
} Unit;

typedef struct CompiledAction {
    const CheckedAction *action;
    ModelInstance *model; /* NULL: the verb has none */
    DataUse *data;        /* likewise */
    Part part;            /* of evaluate and predict; never PART_ANY */
    /* of the action, or for evaluate the one its model was trained with; NULL */
    const Checked *recipe;
    int64_t batch, steps, epochs;
    bool by_steps; /* the recipe says steps, not epochs */
    Unit *unit, *eval_unit, *diagnose_unit, *statistics_unit;
    /* evaluate: outputs with dropout on, for the picture of a fit */
    Unit *passes_unit;
    /* of ensembles: a member's outputs, and the loss of what they come to together */
    Unit *predict_unit, *loss_unit;
    bool pictured; /* evaluate: what it finds is drawn later on */
    bool skipped;  /* its units are not wanted now */
    struct CompiledAction **recipes;
    size_t recipe_count; /* compare: a training each */
    Graph *graph;        /* of export */
    /* plot: of each picture that is a function or a schedule; a function of one variable has a
     * slope too */
    Unit **picture_units, **slope_units;
    /* plot: the minimize whose eval_unit says what lies under all paths; NULL */
    const struct CompiledAction *path_of;
} CompiledAction;

/* What one script, or one input of a REPL, came to. */
typedef struct Compiled {
    const SourceFile *file;
    Script *script;
    CheckedScript *checked;
    /* a flag a statement, where the script has errors; else NULL */
    bool *broken;
    VEC(CompiledAction *) actions;
    VEC(DataUse *) data; /* each once, in order of first use */
    VEC(ModelInstance *) models;
    VEC(Unit *) units;
    VEC(Unit *) predict_units; /* one a model, where asked for */
} Compiled;

typedef struct ModelUse {
    const ModelDecl *decl;
    ModelInstance *instance;
    DataUse *data;
} ModelUse;

/* How often a name was declared as a model: a REPL's later declaration makes new weights under the
 * same keys. */
typedef struct Generation {
    const char *name;
    int64_t number;
} Generation;

/* What a model was last trained with: evaluations measure the same loss. */
typedef struct TrainedWith {
    const ModelInstance *model;
    const CheckedAction *action;
    const DataInfo *data;
} TrainedWith;

typedef struct Compiler {
    const Options *options;
    Arena *arena;
    Interner *names;
    Diagnostics *diags;
    Sema *sema;
    Lower *lower;
    /* where the script's paths start; NULL: the current folder */
    const char *folder;
    /* made when data is first opened or something is run */
    nnrt_session *session;
    const Backend *backend; /* code for which kind of machine */
    Target *target;
    Jit *jit; /* made when code is first compiled */
    VEC(DataUse *) data;
    nnrt_preparations preparations; /* of models, as far as files and trainings so far say */
    VEC(ModelUse) models;
    VEC(Generation) generations;
    VEC(TrainedWith) trained;
    VEC(Unit *) units;
    Codes *codes;
    /* freeze, unfreeze and prune so far: graphs lowered later differ */
    unsigned freezes;
    VEC(const ModelInstance *) pruned;
    VEC(const char *) pruned_files; /* that this script, or session, will have written */
    bool carries_out;               /* run, repl: the session logs and resumes */
    /* check, and build of a library: also models that no action uses */
    bool lists_all;
    bool show_graphs; /* show --graph: printed before the passes */
    PassOptions passes;
    /* Params that change while a script runs (tune_recompile.c). */
    /* compiled without errors: a script, or a REPL's inputs */
    VEC(const SourceFile *) inputs;
    /* whose target, jit, codes and session these are; what was before the params changed */
    struct Compiler *parent, *older;
    VEC(struct Compiler *) trials; /* that made code */
    bool made_code;
    /* whether units of these actions alone are made */
    bool for_trial;
    size_t only_from, only_to;
    Unit *nothing; /* in place of a unit where none is made */
    bool skips;    /* compile_compile_units.c: the action at hand is none of these */
    /* there is a search: its trials' units read at run time what else is built in */
    bool shares_code;
} Compiler;

Compiler *compiler_new(const Options *options);
void compiler_free(Compiler *compiler);
/* False: what was wrong is in compiler->diags. */
bool compile(Compiler *compiler, const SourceFile *file, Compiled *out);
/* Prints what was found and forgets it; gives the exit status, 0 where nothing was an error. */
int compiler_report(Compiler *compiler);
/* What the runtime found wrong, as a diagnostic. */
void compiler_report_runtime(Compiler *compiler, Span span, const nnrt_error *e);
/* Reads the script that the command names and takes its folder. NULL: reported, with *status to
 * exit with. */
const SourceFile *compiler_open(Compiler *compiler, const char *path, int *status);
/* The commands' way through all of this: reads and compiles the script; otherwise false, *status
 * set. Notes have been printed. */
bool compile_script(Compiler *compiler, const char *path, Compiled *out, int *status);

int64_t compiler_generation(const Compiler *compiler, const char *model, size_t length);
/* NULL: reported to diags */
nnrt_session *compiler_session(Compiler *compiler);
/* NULL: an error text */
Target *compiler_target(Compiler *compiler, char **error);
nnrt_unit compiler_resolve(void *compiler, const char *unit_name, double *compile_seconds);

/* summary.c: on standard output. Of the units those of this model tell the peak memory. */
void print_data(Arena *arena, const DataUse *use);
void print_model(Compiler *compiler, Unit *const *units, size_t unit_count,
                 const ModelInstance *model);
char *bytes_text(Arena *arena, double bytes); /* 4.7 kB */

/* repl_undo.c: the compiler as it was before its last input, which is forgotten. False: an earlier
 * input no longer compiles, and nothing is undone. */
bool compiler_undo(Compiler *compiler);
/* tune_recompile.c: nnrt_retune, `compiler` being the one that nnrt_session_run resolves units
 * with. */
json_t *compiler_retune(void *compiler, const json_t *params, size_t action, bool settle,
                        nnrt_error *e);
/* The newer compiler becomes what `compiler` was, which is kept in `older`: its code may be used
 * again. */
void compiler_take_over(Compiler *compiler, Compiler *newer);
/* A compiler of the same session, target and code, that has seen nothing yet. */
Compiler *compiler_beside(Compiler *compiler, const Options *options);
/* Of a program that is built: the same, for the action and all after it. */
json_t *compiler_variant(Compiler *compiler, const json_t *params, size_t action, nnrt_error *e);
/* tune_variants.c: whether a built program can hold all that a tune may try (false: reported), and
 * all of it, as "variants" (false: reported). */
bool variants_can_be_made(Compiler *compiler, const CheckedAction *tune);
bool add_variants(Compiler *compiler, const Compiled *compiled, json_t *program);
#endif
