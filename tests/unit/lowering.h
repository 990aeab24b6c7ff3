/* lowering.h: a script checked and ready to be lowered, for tests. */
#ifndef NNC_TEST_LOWERING_H
#define NNC_TEST_LOWERING_H
#include "lower/lower.h"

typedef struct Bench {
    Arena *arena;
    Diagnostics *diags;
    Sema *sema;
    Lower *lower;
    CheckedScript *script;
} Bench;

Bench bench_new(const char *text);
void bench_free(Bench *b);

/* Prints what was reported, as TAP comments. */
void complain(const Bench *b);

/* The script's first action with this verb, or NULL. */
const CheckedAction *action_of(const Bench *b, Verb verb);

/* A unit of three epochs, one step of 5 samples each. `action` may be NULL. */
UnitSpec unit_spec(UnitKind kind, const ModelInstance *model, const DataInfo *data,
                   const CheckedAction *action);

/* A script that trains model m, with this body, on regression data. `declare` comes first, `recipe`
 * holds further settings of the recipe. */
const char *script_for(Arena *arena, const char *declare, const char *body, const char *recipe);

/* A model's weight by the name that it is saved under; NULL where there is none, or no model. */
const WeightSpec *weight_of(const ModelInstance *m, const char *name);
#endif
