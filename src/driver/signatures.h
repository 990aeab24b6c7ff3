/* signatures.h: checked values as text. */
#ifndef NNC_SIGNATURES_H
#define NNC_SIGNATURES_H
#include "sema/sema.h"

/* The source text of a span, on one line. */
char *span_text(Arena *arena, Span span);
/* The name of a word or a form; the text of a string; the source text of anything else
 * ("validation.loss"). */
const char *value_spelling(Arena *arena, const Value *value);
/* An unambiguous text of settings: equal texts, equal meaning. With `stable` it is the same in
 * every process (the script's own functions and optimizers go by their source); without, it also
 * distinguishes two declarations of one name. */
char *settings_text(Arena *arena, const Checked *settings, bool stable);
char *value_signature(Arena *arena, const Value *value, bool stable);
#endif
