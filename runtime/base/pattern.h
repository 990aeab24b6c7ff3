/* pattern.h: patterns of names, in which `*` is any characters, none included. */
#ifndef NNRT_PATTERN_H
#define NNRT_PATTERN_H
#include <stdbool.h>

/* Whether the pattern meets the whole name. */
bool nnrt_pattern_meets(const char *pattern, const char *name);
#endif
