/* tokens_bpe.h: GPT-2's byte pairs, for tokens.c. */
#ifndef NNRT_TOKENS_BPE_H
#define NNRT_TOKENS_BPE_H
#include "data/tokens.h"

/* From the form's files, or what a preparation keeps. False: e says what is wrong with them. */
bool nnrt_bpe_open(nnrt_tokenizer *tokenizer, const json_t *form, const char *folder,
                   nnrt_error *e);
bool nnrt_bpe_take(nnrt_tokenizer *tokenizer, const json_t *vocabulary, const json_t *merges,
                   const char *name, nnrt_error *e);
bool nnrt_bpe_cut(const nnrt_tokenizer *tokenizer, const char *text, size_t length,
                  const char *place, nnrt_token_list *list, nnrt_error *e);
#endif
