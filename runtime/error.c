/* error.c: filling the runtime's error record. */
#include "error.h"
#include <stdarg.h>
#include <stdio.h>

bool nnrt_fail(nnrt_error *e, int status, const char *code, const char *format, ...)
{
    if (!e || e->status != NNRT_OK) return false;
    e->status = status;
    snprintf(e->code, sizeof e->code, "%s", code);
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    for (char *c = e->text; *c; c++)          /* one line, whatever a file's cells or names hold */
        if ((unsigned char)*c < ' ' || *c == 127) *c = ' ';
    e->help[0] = '\0';
    return false;
}
