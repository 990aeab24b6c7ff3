/* parse.h: the entry points of the front end's first room. */
#ifndef NNC_PARSE_H
#define NNC_PARSE_H
#include "syntax/ast.h"

/* Parses a whole file. Always returns a script (what could be read); errors are in `diags`, reading
 * having gone on at the next statement. */
Script *parse_file(Arena *arena, Interner *names, Diagnostics *diags, const SourceFile *file);

/* For the REPL: whether the text ends inside a statement (open bracket, brace or string, trailing
 * operator, comma or `->`), so that more lines should be asked for. */
bool parse_is_unfinished(const char *text, size_t length);

/* The reserved words and verbs (keywords.def, abi/verbs.def), for completion and for messages. */
extern const char *const keyword_names[];
extern const size_t keyword_count;
#endif
