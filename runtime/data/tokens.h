/* tokens.h: texts as numbers: characters, words or byte pairs (LANGUAGE.md, 6a).
 *
 * A text is cut into tokens, which are numbered as they come. Those of the training part then
 * decide which tokens the tokenizer knows, and under which number; byte pairs have the numbers of
 * their file at once. */
#ifndef NNRT_TOKENS_H
#define NNRT_TOKENS_H
#include "base/base.h"
#include <jansson.h>

enum { NNRT_TOKEN_UNKNOWN = 1, NNRT_TOKENS_FIRST = 2, NNRT_TOKENS_MOST = 1 << 24 };

typedef enum nnrt_tokens_kind {
    NNRT_TOKENS_CHARACTERS,
    NNRT_TOKENS_WORDS,
    NNRT_TOKENS_BPE
} nnrt_tokens_kind;

typedef struct nnrt_tokenizer {
    nnrt_tokens_kind kind;
    int64_t size;    /* of the vocabulary; of characters known once it is fitted */
    int64_t padding; /* what stands behind a text that is too short */
    /* Characters and words: those that are known, from NNRT_TOKENS_FIRST up. Byte pairs: all. */
    nnrt_name_map text;
    int64_t *number;      /* of byte pairs: a text's number */
    nnrt_name_map merges; /* of byte pairs: "th e", by rank */
} nnrt_tokenizer;

/* Tokens one behind the other, as they were cut: numbers in `text`, or, of byte pairs, the file's.
 * All zeros: empty. */
typedef struct nnrt_token_list {
    nnrt_name_map text;
    uint32_t *id;
    size_t count, capacity;
} nnrt_token_list;

/* As a script writes it, `characters`, `words(n)` or `bpe("vocab.json", "merges.txt")`, whose paths
 * start at `folder`; NULL: e says why not. */
nnrt_tokenizer *nnrt_tokenizer_new(const json_t *form, const char *folder, nnrt_error *e);
/* As a preparation keeps it. `name`: of the file, for messages. NULL: e says what is damaged. */
nnrt_tokenizer *nnrt_tokenizer_read(const json_t *saved, const char *name, nnrt_error *e);
json_t *nnrt_tokenizer_json(const nnrt_tokenizer *tokenizer); /* NULL: out of memory */
void nnrt_tokenizer_free(nnrt_tokenizer *tokenizer);          /* NULL is fine */

/* Cuts a text and appends its tokens. `place`: of the text, for messages. */
bool nnrt_tokenizer_cut(const nnrt_tokenizer *tokenizer, const char *text, size_t length,
                        const char *place, nnrt_token_list *list, nnrt_error *e);
/* uses[]: how often each of the list's texts occurs in the training part. False: out of memory. */
bool nnrt_tokenizer_fit(nnrt_tokenizer *tokenizer, const nnrt_token_list *list,
                        const int64_t *uses);
/* The number of a token of a list. */
int64_t nnrt_tokenizer_number(const nnrt_tokenizer *tokenizer, const nnrt_token_list *list,
                              uint32_t id);
/* The text of a number: "the", "<padding>", "<unknown>", "<7>" where no token has it; in `buffer`
 * where it must be made. */
const char *nnrt_tokenizer_text(const nnrt_tokenizer *tokenizer, int64_t number, char buffer[24]);

bool nnrt_token_list_add(nnrt_token_list *list, uint32_t id); /* false: out of memory */
void nnrt_token_list_free(nnrt_token_list *list);
#endif
