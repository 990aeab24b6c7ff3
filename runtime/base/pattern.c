/* pattern.c: patterns of names (pattern.h). */
#include "base/pattern.h"
#include <stddef.h>

bool nnrt_pattern_meets(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }

    while (*pattern == '*')
        pattern++;
    return !*pattern;
}
