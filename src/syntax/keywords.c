/* keywords.c: the reserved words, looked up. */
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
    return found ? found->token : TOK_NAME;
}

WordClass keyword_class(const char *text)
{
    const Keyword *found = find(text);
    return found ? found->word_class : WORD_NAME;
}
