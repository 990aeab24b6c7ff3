/* ast.h: the raw syntax tree. Grammar actions only build these nodes: no lookups, no folding, no
 * meaning (PostgreSQL's gram.y). All nodes live in the parse's arena; names are interned. Every
 * node has the span of its source text. */
#ifndef NNC_AST_H
#define NNC_AST_H
#include "abi/verbs.h"
#include "support/diag.h"

typedef struct Expr Expr;
typedef struct Stmt Stmt;
typedef struct BodyItem BodyItem;

typedef struct Name {
    const char *text;
    Span span;
} Name; /* text NULL: absent */

/* f(x, key = value): positional arguments have key.text NULL. */
typedef struct Arg {
    Name key;
    Expr *value;
    Span span;
} Arg;

typedef struct Args {
    Arg *data;
    size_t len;
} Args;

typedef enum ExprKind {
    EXPR_NUMBER, /* number, is_integer (written without point, exponent, %) */
    EXPR_STRING, /* text, decoded; length */
    EXPR_BOOL,
    EXPR_NONE,
    EXPR_NAME,   /* name; `in` and `norm` too */
    EXPR_SHAPE,  /* 1x28x28: dims */
    EXPR_LIST,   /* items */
    EXPR_RANGE,  /* a..b: a, b */
    EXPR_CALL,   /* name(args) */
    EXPR_FIELD,  /* a.name */
    EXPR_INDEX,  /* a[b] */
    EXPR_UNARY,  /* op a */
    EXPR_BINARY, /* a op b */
    EXPR_COND    /* a ? b : c */
} ExprKind;

typedef enum OpKind {
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_POW,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_EQ,
    OP_NE,
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_NEG
} OpKind;

struct Expr {
    ExprKind kind;
    Span span;
    double number;
    bool is_integer, boolean, is_percent;
    OpKind op;
    Name name; /* NAME, CALL (callee), FIELD (field) */
    const char *text;
    size_t length; /* STRING */
    int64_t *dims;
    size_t dim_count; /* SHAPE */
    Expr *a, *b, *c;
    Expr **items;
    size_t item_count; /* LIST */
    Args args;         /* CALL */
    Span op_span;      /* of the operator, for messages */
    /* levels of nodes below it, the left operands of BINARY not counted; at most NESTING_LIMIT */
    uint32_t depth;
};

/* A walker may recurse this deep; what is nested deeper is an error (nesting-too-deep) and never
 * reaches the tree. */
enum { NESTING_LIMIT = 12000 };

/* Long sums are left-deep: walkers of `a + b + c + ...` must loop down `a`, not recurse (a megabyte
 * of them is legal). */

/* `key = value`, in data, recipe and action bodies. */
typedef struct Setting {
    Name key;
    Expr *value;
    Span span;
} Setting;

typedef struct Settings {
    Setting *data;
    size_t len;
    Span span;
    bool present;
} Settings;

/* One link of a chain: `dense(4)`, `relu`, a bound name, `in`, or `a.h` (a part of model a). Always
 * an EXPR_NAME, EXPR_CALL or EXPR_FIELD. */
typedef struct Chain {
    Expr **links;
    size_t len;
    Span span;
} Chain;

typedef enum BodyKind {
    BODY_CHAIN,  /* [name =] chain */
    BODY_REPEAT, /* repeat count { body }   or   repeat name in range { body } */
    /* if condition { body } [else { other } | else if ...] (an else-if is one BODY_IF in other) */
    BODY_IF,
    BODY_LAYER, /* layer name = link */
    BODY_WEIGHT /* weight name[dims] = init; dims none: a scalar */
} BodyKind;

typedef struct Body {
    BodyItem **data;
    size_t len;
    Span span;
} Body;

struct BodyItem {
    BodyKind kind;
    Span span;
    Name name;   /* binding, loop variable, layer or weight */
    Chain chain; /* CHAIN; LAYER (one link) */
    Expr *expr;  /* REPEAT count or range; IF condition; WEIGHT init */
    Expr **dims;
    size_t dim_count; /* WEIGHT */
    Body body, other;
    uint32_t depth; /* levels of bodies below it; at most NESTING_LIMIT */
};

/* fallback NULL: required */
typedef struct Param {
    Name name;
    Expr *fallback;
    Span span;
} Param;

typedef struct Params {
    Param *data;
    size_t len;
} Params;

/* Lines of an optimizer's or a braced schedule's body. */
typedef struct UpdateLine {
    bool is_state;
    Name name;
    Expr *value;
    Span span;
} UpdateLine;

typedef struct UpdateBody {
    UpdateLine *data;
    size_t len;
} UpdateBody;

typedef enum StmtKind {
    STMT_CONST, /* name = value */
    STMT_PARAM, /* param name = value [in domain] */
    STMT_FN,    /* fn name(params) = value */
    /* schedule name(params) = value, or { lines } that assign lr and may assign momentum */
    STMT_SCHEDULE,
    STMT_OPTIMIZER, /* optimizer name(params) { lines } */
    STMT_DATA,      /* data name { settings } */
    STMT_RECIPE,    /* recipe name [from base] { settings } */
    STMT_BLOCK,
    STMT_MODEL,  /* params, body */
    STMT_IMPORT, /* text: the path as written */
    STMT_ACTION
} StmtKind;

typedef struct Action {
    Verb verb;
    Span verb_span;
    /* what: `train m`; `print a, b`; `assert c, "why"` */
    Expr **operands;
    size_t operand_count;
    Expr *on, *with, *to, *from; /* NULL: absent */
    Name as;
    Settings settings;
} Action;

struct Stmt {
    StmtKind kind;
    /* a syntax error was reported inside its braces, and some settings or items are missing */
    bool broken;
    Span span;
    Name name;
    Expr *value;       /* CONST, PARAM, FN, SCHEDULE */
    Expr *domain;      /* PARAM: the call after `in`, or NULL */
    Params params;     /* FN, SCHEDULE, OPTIMIZER, BLOCK, MODEL */
    UpdateBody lines;  /* OPTIMIZER, SCHEDULE in braces */
    Name base;         /* RECIPE from */
    Settings settings; /* DATA, RECIPE */
    Body body;         /* BLOCK, MODEL */
    const char *text;  /* IMPORT */
    Action action;
};

/* `lost`: the names that statements and body items would have declared which could not be read. An
 * error of syntax is reported for each already, so a use of such a name is not another mistake.
 */
typedef struct Script {
    Stmt **data;
    size_t len;
    const SourceFile *file;
    Name *lost;
    size_t lost_count;
} Script;
#endif
