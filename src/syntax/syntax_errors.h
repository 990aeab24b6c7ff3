/* syntax_errors.h: an error of syntax, put into words. */
#ifndef NNC_SYNTAX_ERRORS_H
#define NNC_SYNTAX_ERRORS_H
#include "syntax/tokens.h"

/* The tokens [begin, end) of the setting, the line of a body, or the statement that a token stands
 * in. */
typedef struct Item {
    uint32_t brace; /* in which it is an item, or NO_TOKEN for a statement */
    uint32_t begin, end;
    bool reported; /* it holds a token about which an error is reported already */
} Item;

Item item_around(const Parser *parser, uint32_t at);

/* Reports that the token last fed cannot be where it is in its item. */
void syntax_error_report(Parser *parser, Item item, const char *const *expected);
#endif
