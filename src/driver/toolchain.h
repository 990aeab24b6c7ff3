/* toolchain.h: the machine's own tools, for `nnc build`: linking a program, making a library. */
#ifndef NNC_TOOLCHAIN_H
#define NNC_TOOLCHAIN_H
#include "support/support.h"

/* A fresh folder for intermediate files; NULL and an error text where there can be none. */
char *toolchain_temporary(Arena *arena, char **error);
void toolchain_remove(const char *folder); /* with the files in it */

/* Links an object and the runtime to a program; libraries are taken statically where they are there
 * that way. */
bool toolchain_link(Arena *arena, const char *object, const char *program, char **error);
/* One archive of an object, the runtime, and the libraries that the runtime needs, so that -lm
 * -lpthread is all that is left to say. */
bool toolchain_archive(Arena *arena, const char *folder, const char *object, const char *library,
                       char **error);

/* Results are written beside their place, then moved there. */
char *toolchain_beside(Arena *arena, const char *path);
bool toolchain_publish(Arena *arena, const char *beside, const char *path, char **error);
#endif
