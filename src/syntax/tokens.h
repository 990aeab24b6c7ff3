/* tokens.h: the array of tokens on its way from the scanner (grammar/nn.l) to the grammar
 * (grammar/nn.y): brackets.c and newlines.c put it in order, parse.c feeds it. */
#ifndef NNC_TOKENS_H
#define NNC_TOKENS_H
#include "grammar/nn.tab.h"
#include "syntax/ast.h"

enum { TOK_COUNT = TOK_NE + 1, NO_TOKEN = UINT32_MAX };

typedef struct Token {
    Span span;

    union {
        const char *text;
        Expr *expr;
    }; /* a word's, interned; a value's */

    /* the innermost bracket around it as an index of tokens, or NO_TOKEN
     */
    uint32_t parent;
    /* how many brackets, never closed, end before it; until newlines.c has put closing ones there
     */
    uint32_t closes;
    uint16_t kind; /* TOK_… */
    /* an error is reported about it, so that what follows from it is none */
    bool reported;
    /* a string without its end, which may have swallowed closing brackets */
    bool cut;
} Token;

typedef VEC(Token) Tokens;

struct Parser {
    Arena *arena;   /* of the tree */
    Arena *scratch; /* of the tokens: gone when the script is read */
    Interner *names;
    Diagnostics *diags;
    const SourceFile *file;
    Tokens tokens;

    /* the statement that is read; `end` is the newline after it, fed as END */
    uint32_t begin, end;
    uint32_t next, current; /* the token to be fed next, and the last one fed */
    bool resume;            /* say RESUME first */
    bool broken;            /* an error was reported in this statement */
    bool too_deep;          /* it nests too deeply and is dropped */
    bool unfinished;        /* the text ends inside brackets (for parse_is_unfinished) */
    /* a whole statement ends before this token, with which nothing can be done, or NO_TOKEN */
    uint32_t cut_at;
    Stmt *statement; /* what the grammar made of it */
    VEC(Name) lost;  /* see Script */
};

/* The tokens of the whole file, newlines included, END last; bad numbers, strings, characters and
 * bytes are reported. (nn.l) */
void scan_file(Parser *parser);

/* Gives every bracket a partner; reports those that had none. (brackets.c) */
void balance_brackets(Parser *parser);

/* Then: drops the newlines that end nothing, and makes names of reserved words that are used as
 * names. (newlines.c) */
void settle_newlines(Parser *parser);

typedef enum WordClass { WORD_NAME, WORD_WORD, WORD_DECLARATION, WORD_VERB } WordClass;

/* The token of a reserved word, or TOK_NAME; the class of one. (keywords.c) */
int keyword_token(const char *text);
WordClass keyword_class(const char *text);

/* By kind. (tokens.c) */
bool token_opens(int kind);          /* ( [ { */
bool token_closes(int kind);         /* ) ] } */
int token_partner(int kind);         /* the closing bracket of an opening one */
const char *token_bracket(int kind); /* as it is written */
bool token_continues_line(int kind); /* a statement does not end after it */
bool token_is_word(int kind);        /* a name, or a reserved word */
WordClass token_class(const Token *token);

/* Called by the grammar at an error: `expected[token]` is the name of each token that could come
 * there, else NULL. (parse.c) */
void parser_report_unexpected(Parser *parser, const char *const *expected);
void parser_report_depth(Parser *parser, Span span);
#endif
