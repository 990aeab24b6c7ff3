/* tokens.c: kinds of tokens, and what follows from a kind alone. */
#include "syntax/tokens.h"

bool token_opens(int kind)
{
    return kind == TOK_LPAREN || kind == TOK_LBRACKET || kind == TOK_LBRACE;
}

bool token_closes(int kind)
{
    return kind == TOK_RPAREN || kind == TOK_RBRACKET || kind == TOK_RBRACE;
}

int token_partner(int kind)
{
    switch (kind) {
    case TOK_LPAREN: return TOK_RPAREN;
    case TOK_LBRACKET: return TOK_RBRACKET;
    default: return TOK_RBRACE;
    }
}

const char *token_bracket(int kind)
{
    switch (kind) {
    case TOK_LPAREN: return "(";
    case TOK_RPAREN: return ")";
    case TOK_LBRACKET: return "[";
    case TOK_RBRACKET: return "]";
    case TOK_LBRACE: return "{";
    default: return "}";
    }
}

bool token_continues_line(int kind)
{
    switch (kind) {
    case TOK_COMMA:
    case TOK_ARROW:
    case TOK_DOTS:
    case TOK_QUESTION:
    case TOK_COLON:
    case TOK_PLUS:
    case TOK_MINUS:
    case TOK_STAR:
    case TOK_SLASH:
    case TOK_CARET:
    case TOK_LT:
    case TOK_LE:
    case TOK_GT:
    case TOK_GE:
    case TOK_EQ:
    case TOK_NE:
    case TOK_AND:
    case TOK_OR: return true;
    default: return false;
    }
}

bool token_is_word(int kind)
{
    return kind == TOK_NAME || (kind >= TOK_VERB && kind <= TOK_NONE);
}

WordClass token_class(const Token *token)
{
    return token_is_word(token->kind) ? keyword_class(token->text) : WORD_NAME;
}
