/* tokens.h: texts as the tokens that data is made of, and back again. The tokens of a text are its
 * classes. */
#ifndef NNRT_TOKENS_H
#define NNRT_TOKENS_H
#include "data/dataset.h"
#include <stdio.h>

/* Tokens by their numbers. */
typedef struct nnrt_tokens {
    int64_t *number;
    int64_t count;
} nnrt_tokens;

/* The tokens of a text that is to be continued; free() their numbers. At least one, and where a
 * model can't take fewer (`any_length` false), at least `window`. False: e names what is wrong. */
bool nnrt_prompt_tokens(const nnrt_data *data, const char *text, int64_t window, bool any_length,
                        nnrt_tokens *tokens, nnrt_error *e);
/* Writes a token as it stands behind others. */
void nnrt_token_write(const nnrt_data *data, int64_t number, FILE *to);
#endif
