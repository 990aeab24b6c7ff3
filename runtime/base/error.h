/* error.h: how the runtime's rooms say what went wrong: a status (docs/language.md), a text,
 * and where it helps, the file and row. */
#ifndef NNRT_ERROR_H
#define NNRT_ERROR_H
#include <stdbool.h>

enum {
    NNRT_OK = 0,
    NNRT_SCRIPT = 1,
    NNRT_USAGE = 2,
    NNRT_FILES = 3,
    NNRT_DIVERGED = 4,
    NNRT_ASSERTION = 5,
    NNRT_INTERRUPTED = 130
};

typedef struct nnrt_error {
    int status; /* NNRT_OK: no error */
    /* a short name such as "missing-file", which src/support/diag.def explains */
    char code[32];
    char text[1024];     /* one line, names file, row and column where there are such */
    char help[512];      /* empty: none */
    const char *setting; /* the data's key at fault, a constant; NULL: not known */
} nnrt_error;

/* Fills e, unless it holds an error already; always returns false. */
bool nnrt_fail(nnrt_error *e, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#endif
