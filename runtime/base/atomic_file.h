/* atomic_file.h: files that appear whole or not at all: written beside their place, flushed,
 * fsynced, then renamed.
 *
 * Nothing appears under the path before the commit; a failure or an abort removes what was written
 * beside it. Paths that are not regular files (/dev/stdout, a pipe) are written directly. The
 * caller ignores SIGXFSZ and SIGPIPE. */
#ifndef NNRT_ATOMIC_FILE_H
#define NNRT_ATOMIC_FILE_H
#include "base/error.h"
#include <stdio.h>

typedef struct nnrt_atomic_file {
    FILE *stream;             /* write here; fully buffered */
    char *path;               /* as asked for: what messages name */
    char *target, *temporary; /* links followed; NULL temporary: written directly */
} nnrt_atomic_file;

/* NULL and e filled (status 3, code "write-failed", naming the path) where the file can't be made.
 */
nnrt_atomic_file *nnrt_atomic_open(const char *path, nnrt_error *e);
/* Writes what is buffered, checks that every write before went well, fsyncs and renames. Frees
 * `file` in any case; false: nothing changed under the path. */
bool nnrt_atomic_commit(nnrt_atomic_file *file, nnrt_error *e);
/* Throws away what was written. NULL is fine. */
void nnrt_atomic_abort(nnrt_atomic_file *file);
#endif
