/* keywords.c: the reserved words, looked up: those of keywords.def and the verbs. */
#include "abi/verbs.h"
#include "syntax/parse.h"
#include "syntax/tokens.h"
#include <stdlib.h>
#include <string.h>

typedef struct Keyword {
    const char *text;
    int token;
    WordClass word_class;
} Keyword;

static const Keyword keywords[] = {
#define KEYWORD(token, text, word_class) { text, TOK_##token, WORD_##word_class },
#include "grammar/keywords.def"
#undef KEYWORD
};

const char *const keyword_names[] = {
#define KEYWORD(token, text, word_class) text,
#include "grammar/keywords.def"
#undef KEYWORD
#define VERB(id, name, ...) #name,
#include "abi/verbs.def"
#undef VERB
};
const size_t keyword_count = sizeof keyword_names / sizeof *keyword_names;

static int compare(const void *text, const void *keyword)
{
    return strcmp(text, ((const Keyword *)keyword)->text);
}

static const Keyword *find(const char *text)
{
    return bsearch(text, keywords, sizeof keywords / sizeof *keywords, sizeof *keywords, compare);
}

int keyword_token(const char *text)
{
    const Keyword *found = find(text);
    if (found)
        return found->token;
    return verb_find(text) < VERB_COUNT ? TOK_VERB : TOK_NAME;
}

WordClass keyword_class(const char *text)
{
    const Keyword *found = find(text);
    if (found)
        return found->word_class;
    return verb_find(text) < VERB_COUNT ? WORD_VERB : WORD_NAME;
}
