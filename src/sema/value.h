/* value.h: constants of the language, and calls whose arguments have been checked against a table
 * row. */
#ifndef NNC_VALUE_H
#define NNC_VALUE_H
#include "syntax/ast.h"

typedef struct Value Value;
typedef struct Form Form;

typedef enum ValueKind {
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_SHAPE,
    VALUE_LIST,
    VALUE_RANGE,
    VALUE_CALL, /* a checked call or bare word of a form: adam(lr = 1e-3), standard, full */
    /* known only when the script runs (a result's field): `later` says how; or, with `tensor`, a
       value or weight of the body: `expr` names it */
    VALUE_LATER,
    VALUE_ERROR /* already reported: stay silent. With `unknown`: right, but known only once shapes
                   are (statically checked bodies) */
} ValueKind;

/* A bare word that an argument or setting takes (same, full, linear) is a VALUE_STRING with its
 * text. */

/* A call of a table row or of a declaration of the same kind in the language. Arguments are in
 * the order of the signature, defaults filled in. */
typedef struct Call {
    const Form *form;
    Value *args; /* form->arg_count of them */
    bool *given; /* which the script wrote */
    Span *spans; /* of each argument; the call's own where it was not given */
    Span span;
} Call;

struct Value {
    ValueKind kind;
    double number;
    bool is_integer; /* NUMBER: integer-valued and written or computed so */
    bool boolean;
    const char *text;
    size_t length; /* STRING */
    int64_t *dims;
    size_t count;     /* SHAPE: dims, count; RANGE: dims[0]..dims[1] */
    Value *items;     /* LIST: items, count */
    Call *call;       /* CALL */
    const Expr *expr; /* LATER */
    /* LATER that is not a tensor: how to compute it (sema.h) */
    struct Later *later;
    const struct ResultType *result; /* LATER: what it is; NULL a plain value */
    bool tensor, unknown;
    Span span; /* where it was written */
};

/* What a form's argument accepts. The text form is what the tables' signatures say ("units: size").
 */
typedef struct ArgSpec {
    const char *name;
    /* a type of types.c: size, word(same|valid)|count, list(penalty), tensors, ... */
    const char *type;
    /* source text of the default, or NULL: required (forms.def), or by `default_expr`
     * (declarations) */
    const char *fallback;
    const Expr *default_expr; /* declarations: the default as written, or NULL: required */
    Value default_value;
} ArgSpec;

typedef enum FormCategory {

#define CATEGORY(id, noun, plural) FORM_##id,
#include "sema/categories.def"
#undef CATEGORY
    FORM_CATEGORY_COUNT
} FormCategory;

/* One row of forms.def: FORM(CATEGORY, name, "units: size, bias: bool = true", "help"); or a
 * declaration in the language (prelude or script), `decl` then set. */
struct Form {
    FormCategory category;
    const char *name; /* interned */
    ArgSpec *args;
    size_t arg_count;
    /* FN: arguments without default that the caller feeds: 1 an activation, 2 a loss */
    size_t leading;
    const char *help;
    /* FN, OPTIMIZER, SCHEDULE, BLOCK, MODEL declared in the language, else NULL */
    const struct Stmt *decl;
    int row; /* index in forms.def, -1 for declarations */
    /* a declaration with errors in it: what calls it comes to is not told again */
    bool broken;
};

/* The named argument of a checked call; aborts (a compiler bug) where the form has none of that
 * name. */
const Value *call_arg(const Call *call, const char *name);
double call_number(const Call *call, const char *name);
bool call_bool(const Call *call, const char *name);
bool call_given(const Call *call, const char *name);
const char *value_kind_name(const Value *value);
/* As `print` shows it: numbers as %.6g. */
char *value_text(Arena *arena, const Value *value);
#endif
