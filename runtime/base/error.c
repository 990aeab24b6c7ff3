/* error.c: filling the runtime's error record. */
#include "base/error.h"
#include "base/utf8.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Makes one line of valid UTF-8 of whatever a file's cells or names hold: control characters become
 * blanks, bytes that are not UTF-8 question marks. */
static void make_presentable(char *text)
{
    for (size_t left = strlen(text), bytes; left; text += bytes, left -= bytes) {
        uint32_t code = 0;
        bytes = nnrt_utf8_decode(text, left, &code);
        if (!bytes) {
            *text = '?';
            bytes = 1;
        } else if (code < ' ' || code == 127) {
            *text = ' ';
        }
    }
}

bool nnrt_fail(nnrt_error *e, int status, const char *code, const char *format, ...)
{
    if (!e || e->status != NNRT_OK)
        return false;
    e->status = status;
    snprintf(e->code, sizeof e->code, "%s", code);
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    make_presentable(e->text);
    e->help[0] = '\0';
    return false;
}
