/* prompt.h: texts to be continued as the tokens that data is made of, and tokens as text. The
 * tokens of a text are its classes. */
#ifndef NNRT_PROMPT_H
#define NNRT_PROMPT_H
#include "data/dataset.h"
#include <stdio.h>

/* Tokens by their numbers. */
typedef struct nnrt_prompt {
    int64_t *number;
    int64_t count;
} nnrt_prompt;

/* The tokens of a text that is to be continued; free() their numbers. At least one, and where a
 * model can't take fewer (`any_length` false), at least `window`. False: e names what is wrong. */
bool nnrt_prompt_read(const nnrt_data *data, const char *text, int64_t window, bool any_length,
                      nnrt_prompt *tokens, nnrt_error *e);
/* Writes a token as it stands behind others. */
void nnrt_prompt_write_token(const nnrt_data *data, int64_t number, FILE *to);
#endif
