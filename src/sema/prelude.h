/* prelude.h: the standard library in the language, embedded at build time (prelude/local.mk makes
 * <builddir>/prelude/prelude.c). */
#ifndef NNC_SEMA_PRELUDE_H
#define NNC_SEMA_PRELUDE_H
#include <stddef.h>

typedef struct PreludeFile {
    const char *path, *text;
} PreludeFile;

extern const PreludeFile prelude_files[];
extern const size_t prelude_file_count;
#endif
