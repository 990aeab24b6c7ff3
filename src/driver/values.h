/* values.h: checked values as JSON, for the program that the runtime carries out
 * (runtime/program.h). */
#ifndef NNC_VALUES_H
#define NNC_VALUES_H
#include "sema/sema.h"
#include <jansson.h>

/* Numbers, truth, text, shapes and lists as JSON has them; a bare word of a fixed few as text; any
 * other call as { "form": name, its arguments by name }. */
json_t *value_json(Arena *arena, const Value *value);
/* { "name": ..., arguments }: what the program calls a METRIC. */
json_t *metric_json(Arena *arena, const Value *value);
/* A value that is known only when the script runs: LATER. */
json_t *later_json(Arena *arena, const Later *later);
/* A data declaration. `seed`: stands where none was written, or NULL. */
json_t *data_json(Arena *arena, const DataDecl *decl, const uint64_t *seed);
/* The name of a word or a form; the text of a string; the source text of anything else
 * ("validation.loss"). */
const char *value_spelling(Arena *arena, const Value *value);
/* An unambiguous text of settings: equal texts, equal meaning. With `stable` it is the same in
 * every process (functions and optimizers of the script are told by their source), else it also
 * tells apart two declarations of one name. */
char *settings_text(Arena *arena, const Checked *settings, bool stable);
char *value_signature(Arena *arena, const Value *value, bool stable);
/* The source text of a span, on one line. */
char *span_text(Arena *arena, Span span);
#endif
