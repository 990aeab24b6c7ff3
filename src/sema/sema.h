/* sema.h: names, constants, params and types: from raw syntax to a checked script.
 *
 * Everything here is driven by tables (forms.def: what can be called; settings.def: what data,
 * recipes and verbs take). sema reports every mistake that can be found without data: unknown,
 * repeated or wrongly typed names, keys and arguments, values out of range, scopes, recursion;
 * inside model bodies too. What depends on shapes is found by lower/. */
#ifndef NNC_SEMA_H
#define NNC_SEMA_H
#include "abi/verbs.h"
#include "sema/value.h"
#include "syntax/parse.h"
#include <stdio.h>

typedef struct Sema Sema; /* lives across the lines of a REPL */
/* constants, params, loop variables, block arguments, inner names; chained */
typedef struct Scope Scope;

/* Settings checked against a table: every key of the table, given or default, or absent (VALUE_NONE
 * and not given). */
typedef struct SettingRow SettingRow; /* a row of settings.def */

typedef struct Checked {
    const SettingRow *rows;
    Value *values;
    bool *given;
    Span *key_spans;
    size_t count;
    Span span;
} Checked;

/* never NULL; aborts on a key that the table does not have */
const Value *setting(const Checked *checked, const char *key);
/* whether its table has such a key */
bool checked_has(const Checked *checked, const char *key);
bool setting_given(const Checked *checked, const char *key);
/* of key and value, or of the whole where not given */
Span setting_span(const Checked *checked, const char *key);

typedef struct DataDecl {
    const char *name;
    Span span, name_span;
    Checked settings;
} DataDecl;

/* `from` already merged */
typedef struct RecipeDecl {
    const char *name;
    Span span;
    Checked settings;
} RecipeDecl;

typedef struct ModelDecl {
    const char *name;
    Span span, name_span;
    /* scope in which the body is read */
    const Stmt *stmt;
    const Form *form;
    Scope *scope;
    /* has an `input(...)` layer: needs no data for its shape */
    bool states_input;
} ModelDecl;

/* A value that is known only when the script runs: folded as far as it can be. */
typedef enum LaterKind {
    LATER_CONST,
    LATER_FIELD,
    LATER_INDEX,
    LATER_UNARY,
    LATER_BINARY,
    LATER_COND,
    LATER_CALL
} LaterKind;

typedef struct Later {
    LaterKind kind;
    Value constant; /* CONST */
    /* FIELD with no base: the result's name, then path */
    const char *result;
    /* FIELD: field; CALL: a function of numbers (floor, abs, ...) */
    const char *name;
    OpKind op;
    /* FIELD: base a (NULL: `result`); INDEX a[b]; CALL args a, b, c */
    struct Later *a, *b, *c;
    Span span;
} Later;

typedef enum Part { PART_ANY, PART_TRAIN, PART_VALIDATION, PART_TEST, PART_NEW } Part;

/* One thing that `plot` draws; a function or a schedule has an action of its own, as
 * minimize or train would make it. */
typedef enum PictureKind {
    PICTURE_RESULT,
    PICTURE_DATA,
    PICTURE_FUNCTION,
    PICTURE_SCHEDULE
} PictureKind;

typedef struct Picture {
    PictureKind kind;
    const char *name;
    Span span;    /* as written */
    Later *later; /* RESULT */
    Part part;    /* DATA: of the action's data; PART_ANY: all of it */
    /* FUNCTION: function and variables; SCHEDULE: recipe */
    struct CheckedAction *drawn;
    /* SCHEDULE: of a recipe, whose rate and length hold */
    bool of_recipe;
} Picture;

/* One action, checked. Which fields are set follows from the verb's row (verbs.def). */
typedef struct CheckedAction {
    Verb verb;
    Span span, verb_span;
    const ModelDecl *model;
    Span model_span;
    const Stmt *function; /* minimize, check_gradients of a fn */
    const Form *function_form;
    const DataDecl *data;
    Part part;
    Span data_span;
    /* verbs that train or minimize: the recipe merged with the action's own keys */
    Checked recipe;
    const char *recipe_name; /* or NULL */
    Checked settings;        /* the verb's own settings */

    /* minimize's starts */
    struct {
        const char *name;
        double value;
        Span span;
    } *variables;

    size_t variable_count;
    const char *as;
    Span as_span;
    const char *path;
    Span path_span; /* to or from */
    Later **values;
    size_t value_count; /* print; assert: condition, then message if any */
    /* plot: all of one kind; the whole as written */
    Picture *pictures;
    size_t picture_count;
    Span operand_span;
    /* the name of an earlier bag's or boost's result, `model` being that of its members; NULL */
    const char *ensemble;
    const struct CheckedAction *ensemble_maker;
    /* compare */
    const Checked *recipes;
    const char *const *recipe_names;
    size_t recipe_count;

    /* tune: those it searches */
    struct {
        const char *name;
        const Call *domain;
    } *params;

    size_t param_count;
} CheckedAction;

typedef struct CheckedScript {
    CheckedAction **actions;
    size_t count;
} CheckedScript;

/* One --set NAME=VALUE. */
typedef struct ParamOverride {
    const char *name, *value;
    bool used;
} ParamOverride;

Sema *sema_new(Arena *arena, Interner *names, Diagnostics *diags);
/* Reads the embedded prelude; an error in it is a compiler bug. */
void sema_load_prelude(Sema *sema);
/* Overrides for params declared from now on; wrong ones are reported as usage errors (exit status
 * 2) by sema_check. */
void sema_set_params(Sema *sema, ParamOverride *overrides, size_t count);
/* later declarations replace earlier ones */
void sema_set_repl(Sema *sema, bool repl);
/* Checks a script (or one REPL input) and adds its declarations. Imports are read relative to the
 * importing file. */
CheckedScript *sema_check(Sema *sema, const Script *script);
/* After all input: overrides that no param took (usage errors). */
void sema_finish_params(Sema *sema);

/* --- for lower/ : evaluation inside bodies --- */
Scope *scope_new(Sema *sema, const Scope *parent);
void scope_bind(Scope *scope, const char *name, Value value);
/* Evaluates; reports what is wrong, and gives VALUE_ERROR. `in.features`, `classes` and the like
 * are bound by the caller: "in" is looked up as the names "in.channels", "in.features", "in.shape".
 */
Value sema_eval(Sema *sema, const Scope *scope, const Expr *expr);
/* Finds and checks a call against the forms of a category (declarations of the scope first, then
 * prelude, then forms.def). NULL where it was wrong (reported). `leading` positional values are fed
 * by the caller and not part of the call. */
Call *sema_call(Sema *sema, const Scope *scope, FormCategory category, const Expr *expr);
/* In a chain: a layer, fn, block, model, layer declared in the body, or a bound value? The first
 * four give a Call (form->category tells). Bound values (names that the scope has, with `tensor`
 * set, and `in`) and body layers give NULL without a report; `m.h` gives m's Call, whatever h. A
 * tensor in an argument (add(h), swish(beta = scale), a block's argument) is VALUE_LATER with
 * `tensor`, `expr` being its name; the form's argument `values` of add, multiply and concat is a
 * VALUE_LIST of such values and numbers. */
Call *sema_link(Sema *sema, const Scope *scope, const Expr *link);
/* The script's declaration, else the prelude's, else the row of forms.def. */
const Form *sema_find_form(Sema *sema, FormCategory category, const char *name);
/* What a call inside an expression means: the script's `fn`, a primitive (decl NULL: exp, max,
 * ...), or the prelude's `fn`. NULL: none. */
const Form *sema_find_function(Sema *sema, const char *name);
/* The scope of constants and params; scope_new(sema, NULL) has it as its parent. */
const Scope *sema_globals(Sema *sema);
/* Binds the parameters of a declared form (fn, block, model, optimizer, schedule) to a checked
 * call's arguments. */
void scope_bind_call(Scope *scope, const Call *call);
const ModelDecl *sema_find_model(Sema *sema, const char *name);
const DataDecl *sema_find_data(Sema *sema, const char *name);
/* Visits all names that can be written somewhere, for the completion of the REPL. */
void sema_each_name(Sema *sema, void (*visit)(void *context, const char *name, const char *help),
                    void *context);
/* The arguments that a form of this name takes, in any category, each with its type as help. */
void sema_each_argument(Sema *sema, const char *form,
                        void (*visit)(void *context, const char *name, const char *help),
                        void *context);
/* Prints what a name means wherever it can be used: forms, declarations, actions, keys, constants.
 * False: it is unknown, and nothing was printed. */
bool sema_help(Sema *sema, const char *name, FILE *out);
/* Lists the script's own constants, params, recipes and forms, a line each kind, and of the results
 * those that are there. False: there are none. */
bool sema_list_declared(Sema *sema, bool (*is_there)(void *context, const char *result),
                        void *context, FILE *out);
Arena *sema_arena(Sema *sema);
Diagnostics *sema_diagnostics(Sema *sema);
Interner *sema_names(Sema *sema);
#endif
