/* sexpr.h: a syntax tree as compact S-expressions, for tests. */
#ifndef NNC_SEXPR_H
#define NNC_SEXPR_H
#include "syntax/ast.h"
#include <stdio.h>

void sexpr_script(FILE *out, const Script *script); /* statements, a space between */
#endif
