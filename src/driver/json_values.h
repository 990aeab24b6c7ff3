/* json_values.h: checked values as JSON, for the program that the runtime carries out
 * (abi/program.def). */
#ifndef NNC_JSON_VALUES_H
#define NNC_JSON_VALUES_H
#include "abi/program.h"
#include "sema/sema.h"

/* Numbers, truth values, text, shapes and lists as JSON has them; a word of a fixed few as text;
 * any other call as a `form`. */
json_t *value_json(Arena *arena, const Value *value);
/* a `metric` */
json_t *metric_json(Arena *arena, const Value *value);
/* A value that is known only when the script runs: an `expression`. */
json_t *later_json(Arena *arena, const Later *later);
/* A declaration of data. `seed`: used where the script has none, or NULL. */
json_t *data_json(Arena *arena, const DataDecl *decl, const uint64_t *seed);
/* The arguments of a call that are fields of this type. */
void put_arguments(Arena *arena, json_t *object, ProgramType type, const Call *call);
/* All arguments of a call, in an object that is OPEN. */
void put_open_arguments(Arena *arena, json_t *object, const Call *call);
#endif
