/* body_walk.h: what the files that walk through bodies share; others see body_record. */
#ifndef NNC_LOWER_BODY_WALK_H
#define NNC_LOWER_BODY_WALK_H
#include "lower/room.h"

/* a value, or a layer declared with `layer` */
typedef struct Bound {
    const char *name;
    int value;
    const Expr *layer;
    int weight;
} Bound;

typedef struct KindCount {
    const char *kind;
    int count;
} KindCount;

typedef struct Frame {
    const char *key_prefix, *name_prefix;
    const UsePlace *place;
    int input, current; /* values; -1: not known yet */
    VEC(Bound) bound;
    VEC(KindCount) counts;
    /* a body whose layers share their weights with an earlier use */
    bool again;
    /* `m.name`: what is bound to this name is wanted, nothing after it */
    const char *stop_at;
    bool stopped;
} Frame;

typedef struct Walk {
    Lower *lower;
    Network *network;
    Emission *e;
    const DataInfo *data;
    size_t turns;
    /* how often the enclosing repeats, all together, come round */
    double times;
    int depth;
} Walk;

/* ---- body.c ---- */
bool walk_body(Walk *w, Frame *frame, Scope *scope, const Body *body);
/* Reports, with the uses that led there. Always false. */
bool walk_fail(Walk *w, const UsePlace *place, DiagId id, Span span, const char *text);
/* What sema finds wrong in a body only where it is used is reported with the uses that led there:
 * notes to all diagnostics after the first `before`. */
void walk_tell_uses(Walk *w, const Frame *frame, size_t before);
Value walk_eval(Walk *w, const Frame *frame, const Scope *scope, const Expr *expr);
int walk_add_value(Walk *w, BodyValue value);
void walk_bind_value(Walk *w, Frame *frame, Scope *scope, const char *name, int value);
void walk_bind_input(Walk *w, Frame *frame, Scope *scope);
/* what a body knows of data: `classes`, `features` and `shape` */
void walk_bind_data(Walk *w, Scope *scope);
/* NULL: the body binds no such name */
Bound *find_bound(Frame *frame, const char *name);
/* The prefix of a model's keys: a model that is declared again has keys of its own. */
const char *model_prefix(Lower *lower, const char *model);
/* Takes a name in a body; false (reported) where another layer or weight of it has it already. */
bool walk_take_name(Walk *w, Frame *frame, const char *local, bool shared, Span span);

/* ---- body_layers.c: one use of a layer, a block, a model. Each gives the value that it makes; -1:
 * reported. `declared`: the name of a body layer whose uses share their weights, or NULL. ---- */
int apply_layer(Walk *w, Frame *frame, const Call *call, Span span, int value,
                const char *declared);
int apply_block(Walk *w, Frame *frame, const Call *call, Span span, int value,
                const char *declared);
/* A model used as a layer, or its part up to the value `part`: with the weights of its own. */
int apply_model(Walk *w, Frame *frame, const Call *call, Span span, int value, const char *part);
#endif
