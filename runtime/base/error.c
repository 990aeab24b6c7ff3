/* error.c: filling the runtime's error record. */
#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>

/* One line of UTF-8, whatever a file's cells or names hold: other bytes become question marks or
 * blanks. */
static void make_presentable(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c;) {
        int more = *c >= 0xc2 && *c < 0xe0   ? 1
                   : *c >= 0xe0 && *c < 0xf0 ? 2
                   : *c >= 0xf0 && *c < 0xf5 ? 3
                                             : 0,
            found = 0;
        while (found < more && (c[found + 1] & 0xc0) == 0x80)
            found++;
        if (*c < ' ' || *c == 127)
            *c = ' ';
        else if (*c >= 0x80 && (!more || found < more))
            *c = '?', found = 0;
        c += found + 1;
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
