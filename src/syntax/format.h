/* format.h: a script in the usual layout. */
#ifndef NNC_FORMAT_H
#define NNC_FORMAT_H
#include "syntax/parse.h"

/* The text of a file in the usual layout, in `arena`. NULL: the file is wrong, and `diags` says
 * where. */
char *format_script(Arena *arena, Interner *names, Diagnostics *diags, const SourceFile *file,
                    size_t *length);
#endif
