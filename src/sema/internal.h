/* internal.h: what the files of sema/ share. A Sema holds all declarations met so far; names are
 * interned, so they compare with ==. */
#ifndef NNC_SEMA_INTERNAL_H
#define NNC_SEMA_INTERNAL_H
#include "sema/sema.h"
#include "support/names.h"
#include <string.h>

enum {
    SEMA_MAX_DEPTH = 1500,   /* of nested expressions and bodies */
    SEMA_MAX_CALLS = 2000000 /* evaluations of declared functions in one statement */
};

/* ---- scope.c ---- */
typedef enum ScopeKind {
    SCOPE_PLAIN,
    SCOPE_GLOBAL,
    SCOPE_FN,
    SCOPE_OPTIMIZER,
    SCOPE_SCHEDULE,
    SCOPE_BODY
} ScopeKind;

typedef struct Binding {
    const char *name;
    Value value;
} Binding;

struct Scope {
    Sema *sema;
    const Scope *parent;
    ScopeKind kind;
    VEC(Binding) names;
};

Scope *scope_of_kind(Sema *sema, const Scope *parent, ScopeKind kind);
/* up to the globals; NULL: unknown */
const Value *scope_find(const Scope *scope, const char *name);
/* the nearest of this kind, or NULL */
const Scope *scope_enclosing(const Scope *scope, ScopeKind kind);
/* "a model", "data", "a recipe" or "a value"; NULL: the script declares no such thing */
const char *declared_kind(Sema *sema, const char *name);
/* Reports a name that has no value; says so where it is a model, data, a recipe, ... */
void report_unknown_value(Sema *sema, const Scope *scope, Name name);

/* ---- result_types.c ---- */
typedef enum ResultKind { RESULT_NUMBER, RESULT_RECORD, RESULT_LIST } ResultKind;

typedef struct ResultType {
    ResultKind kind;
    VEC(struct ResultField) fields;   /* RECORD */
    const struct ResultType *element; /* LIST */
    /* RECORD of data without a validation part: its name */
    const char *missing_validation;
} ResultType;

typedef struct ResultField {
    const char *name;
    const ResultType *type;
} ResultField;

/* ---- declarations ---- */
/* maker: of an ensemble */
typedef struct Symbol {
    const char *name;
    Span span;
    Value value;
    bool is_param, is_result, makes_model;
    const CheckedAction *maker;
    const Value *domain;
} Symbol;

typedef struct FormRow {
    Form form;
    const char *signature;
    bool parsed;
} FormRow;

struct Sema {
    Arena *arena;
    Interner *names;
    Diagnostics *diags;
    bool repl, in_prelude, in_import;
    Scope *globals;
    NameMap symbols;                    /* Symbol: constants, params, results */
    NameMap forms[FORM_CATEGORY_COUNT]; /* declarations of the script */
    NameMap prelude[FORM_CATEGORY_COUNT];
    NameMap rows[FORM_CATEGORY_COUNT];
    NameMap models, data, recipes;
    ParamOverride *overrides;
    size_t override_count;
    NameList params;      /* with a domain, for tune */
    NameList param_names; /* all, for --set */
    /* canonical paths of files read or being read */
    VEC(const char *) files;
    VEC(const SourceFile *) broken; /* files with syntax errors */
    const char *declaring;
    FormCategory declaring_category;
    /* of evaluation; inside a branch that is not taken */
    int depth, dead;
    uint64_t calls, searches;
    const Script *script; /* being checked */

    struct {
        const char *in, *in_channels, *in_features, *in_shape, *classes, *vocabulary, *features,
            *shape, *train, *validation, *test;
    } word;
};

/* ---- value.c ---- */
Value value_none(Span span);
Value value_number(double number, bool is_integer, Span span);
Value value_bool(bool boolean, Span span);
Value value_string(const char *text, size_t length, Span span);
Value value_error(Span span);
Value value_unknown(Span span);
Value value_tensor(const Expr *expr);
bool value_failed(const Value *value);   /* an error, reported */
bool value_is_later(const Value *value); /* known only at run time, no tensor */
bool value_equal(const Value *a, const Value *b);

/* ---- tables.c ---- */
void tables_add_rows(Sema *sema);
const Form *form_ready(Sema *sema, const Form *form); /* with its signature parsed */
const char *category_noun(FormCategory category);
const char *category_plural(FormCategory category);
const char *with_article(Sema *sema, const char *noun);
DiagId category_diag(FormCategory category);
/* "optimizer" -> FORM_OPTIMIZER, -1 none */
int category_by_name(const char *text, size_t length);
/* The value of a signature's default. */
Value fallback_value(Sema *sema, const char *text, const char *type, Span span);
/* ranges.def, or NULL */
const char *range_of(FormCategory category, const char *parameter, bool prelude);

/* ---- forms.c: finding forms, binding calls ---- */
const Form *find_form(Sema *sema, FormCategory category, const char *name);
const Form *find_link(Sema *sema, const char *name);
bool find_any_category(Sema *sema, const char *name, FormCategory *category);
void list_forms(Sema *sema, FormCategory category, NameList *out);
void report_unknown_form(Sema *sema, const Scope *scope, FormCategory category, Name name);
/* `skip` leading arguments are fed by the caller. NULL: reported. */
Call *bind_call(Sema *sema, const Scope *scope, const Form *form, size_t skip, const Expr *expr);
/* Which of a form's arguments is meant, or -1 (reported). `next` and `named` go along a call's
 * arguments. */
int argument_place(Sema *sema, const Form *form, size_t skip, const Arg *arg, size_t *next,
                   bool *named);
Call *call_with_defaults(Sema *sema, const Form *form, Span span);
/* call_rules.c: what several arguments must fulfil together */
bool check_call_rules(Sema *sema, const Call *call);

/* ---- types.c ---- */
/* Evaluates an expression for a place of a type; `what` names the place in messages ("'units' of
 * 'dense'"). */
Value eval_as(Sema *sema, const Scope *scope, const Expr *expr, const char *type, const char *what);
bool type_has(const char *type, const char *atom);

/* ---- eval.c ---- */
Value eval(Sema *sema, const Scope *scope, const Expr *expr);
Value eval_unary(Sema *sema, const Expr *expr, Value a);
Value eval_binary(Sema *sema, const Expr *expr, Value a, Value b);
Value eval_call(Sema *sema, const Scope *scope, const Expr *expr); /* functions.c */
bool enter(Sema *sema, Span span);                                 /* false: too deep, reported */
void leave(Sema *sema);
/* Whether a value can be computed with at all; tensors and whole records are reported. */
bool value_usable(Sema *sema, const Value *v, Span span);
void report_not_constant(Sema *sema, Span span);
void report_tensor(Sema *sema, Span span);

/* whether the data has such a part (action_clauses.c) */
bool part_exists(const DataDecl *data, const char *part);

/* ---- pictures.c ---- */
/* What `plot` draws, into out->pictures; what cannot be drawn is reported. */
void take_pictures(Sema *sema, CheckedAction *out, const Expr *expr);

/* ---- walk.c ---- */
typedef struct ExprWalk {
    bool (*visit)(const Expr *expr, void *context);
    void *context;
    int depth;
} ExprWalk;

/* Visits an expression and all its parts; true as soon as a visit is. */
bool walk_expr(ExprWalk *w, const Expr *expr);

/* ---- later.c: what the runtime works out (runtime/model/later.c) ---- */
Later *later_of(Sema *sema, const Value *value);
Value later_value(Later *later, Span span);

/* ---- settings.c ---- */
struct SettingRow {
    const char *key, *type, *fallback, *help;
};

typedef enum SettingTable {
    TABLE_DATA,
    TABLE_RECIPE,
    TABLE_EVALUATE,
    TABLE_PREDICT,
    TABLE_GENERATE,
    TABLE_CROSSVALIDATE,
    TABLE_TUNE,
    TABLE_BAG,
    TABLE_BOOST,
    TABLE_PRUNE,
    TABLE_FREEZE,
    TABLE_MINIMIZE,
    TABLE_LOAD,
    TABLE_NONE
} SettingTable;

/* whose keys they are, for messages */
const char *setting_table_name(SettingTable table);
Checked checked_new(Sema *sema, SettingTable table, Span span); /* defaults */
Checked checked_copy(Sema *sema, const Checked *checked);
int checked_find(const Checked *checked, const char *key);
void list_keys(Sema *sema, const Checked *checked, NameList *out);
/* Takes a setting into a table that has its key; reports what is wrong with the value. */
void checked_set(Sema *sema, const Scope *scope, Checked *checked, int row, const Setting *setting);
bool report_repeated_key(Sema *sema, const Settings *settings, size_t i);
/* Reads epochs and steps of one place: both are an error, and one replaces what the other said
 * elsewhere. */
void recipe_take(Sema *sema, const Scope *scope, Checked *recipe, const Settings *settings,
                 size_t only, bool *seen_length);

/* ---- declare.c and its sisters ---- */
void declare_const(Sema *sema, const Stmt *stmt);
void declare_param(Sema *sema, const Stmt *stmt);    /* params.c */
void declare_function(Sema *sema, const Stmt *stmt); /* formulas.c: fn, schedule, optimizer */
void declare_block(Sema *sema, const Stmt *stmt);    /* check_body.c: block, model */
void declare_data(Sema *sema, const Stmt *stmt);     /* recipes.c */
void declare_recipe(Sema *sema, const Stmt *stmt);
void check_import(Sema *sema, const Stmt *stmt); /* imports.c */
void remember_script(Sema *sema, const SourceFile *file);
void check_statements(Sema *sema, const Script *script, CheckedScript *out);
/* NULL: it has errors, which are reported */
CheckedAction *check_action(Sema *sema, const Stmt *stmt);
/* False where the name is taken by another declaration of its kind (reported). */
bool declare_name(Sema *sema, NameMap *map, Name name, const char *kind, Span earlier);
Form *form_of_declaration(Sema *sema, const Stmt *stmt, FormCategory category, const Scope *scope);
/* recursion.c: through declarations that use the name it replaces; reported */
bool is_recursive(Sema *sema, const Stmt *stmt, FormCategory category);
bool may_be_declared_in_broken_text(Sema *sema, const char *name);
/* diag_unknown for names that a script declares: says so where that happens further down. */
Diagnostic *report_unknown(Sema *sema, DiagId id, Span span, const char *what, const char *name,
                           const char *const *accepted, size_t count);
/* "declared models: m and n", of the declarations that the map holds. */
void help_declared(Sema *sema, Diagnostic *to, const char *kinds, const NameMap *map);
bool symbol_add(Sema *sema, Name name, Value value, Symbol **out);
/* what binds this name in the model's body, or NULL */
const BodyItem *find_model_part(const Form *form, const char *name);

typedef struct ResultContext {
    bool has_validation;
    const char *data;
    const Value *metrics;
    bool classify, regress;
    const char *const *variables;
    size_t variable_count;
    const char *const *recipes;
    size_t recipe_count;
} ResultContext;

const ResultType *result_type(Sema *sema, const char *text, const ResultContext *context);
Value result_field(Sema *sema, const Expr *expr, const Value *base);
bool is_metric_path(Sema *sema, const Expr *expr, const char **text);
#endif
