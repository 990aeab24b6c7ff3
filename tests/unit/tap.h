/* tap.h: the Test Anything Protocol for unit tests in C. Each test program ends with `return
 * done_testing();`. */
#ifndef NNC_TAP_H
#define NNC_TAP_H
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_run, tap_failed, tap_planned;

/* How many checks there will be; optional, done_testing() compares. */
static inline void plan_tests(int n)
{
    tap_planned = n;
}

__attribute__((format(printf, 2, 3))) static inline bool tap_ok(bool condition, const char *format,
                                                                ...)
{
    va_list args;
    tap_run++;
    if (!condition)
        tap_failed++;
    printf("%s %d - ", condition ? "ok" : "not ok", tap_run);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    /* what was checked is known even where the next check crashes */
    fflush(stdout);
    return condition;
}

#define ok(condition, ...) tap_ok((condition), __VA_ARGS__)

static inline int done_testing(void)
{
    if (tap_planned && tap_planned != tap_run) {
        printf("# %d checks ran, %d were planned\n", tap_run, tap_planned);
        tap_failed++;
    }
    printf("1..%d\n", tap_planned ? tap_planned : tap_run);
    return tap_failed != 0;
}
#endif
