/* number.c: decimal numbers in text, whatever the locale. Short ones are computed exactly from a
 * double and a power of ten (Clinger, How to read floating point numbers accurately, 1990); strtod
 * in the C locale does the rest. */
#include "base/number.h"
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MANTISSA_DIGITS = 18, EXACT_POWER = 22 };

static const uint64_t exact_mantissa = (uint64_t)1 << 53;
static const double powers[EXACT_POWER + 1] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static double slow_number(const char *text, size_t length)
{
    char *copy = strndup(text, length);
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = copy && c ? strtod_l(copy, NULL, c) : NAN;
    if (c)
        freelocale(c);
    free(copy);
    return value;
}

static bool is_infinity(const char *text, size_t length)
{
    return (length == 3 && strncasecmp(text, "inf", 3) == 0) ||
           (length == 8 && strncasecmp(text, "infinity", 8) == 0);
}

/* More digits than the mantissa takes: false where an int64_t does not hold them. */
static bool long_integer(const char *text, const char *end, uint64_t *magnitude)
{
    *magnitude = 0;
    for (const char *at = text + (*text == '-' || *text == '+'); at < end; at++) {
        if (__builtin_mul_overflow(*magnitude, 10, magnitude) ||
            __builtin_add_overflow(*magnitude, (uint64_t)(*at - '0'), magnitude)) {
            return false;
        }
    }
    return *magnitude <= INT64_MAX;
}

/* A number's text as its parts: mantissa * 10^exponent, and how it was written. */
typedef struct parts {
    bool negative;
    bool plain; /* without point and exponent */
    bool exact; /* all digits are in the mantissa */
    uint64_t mantissa;
    int significant, digits;
    long exponent;
} parts;

/* False: the mantissa has no room for the digit. */
static bool take_digit(parts *p, char digit)
{
    p->digits++;
    if (p->significant == MANTISSA_DIGITS) {
        p->exact = false;
        return false;
    }
    if (p->mantissa || digit != '0') {
        p->mantissa = p->mantissa * 10 + (uint64_t)(digit - '0');
        p->significant++;
    }
    return true;
}

/* Digits, with a point among them or not; returns what follows. */
static const char *take_digits(parts *p, const char *at, const char *end)
{
    for (; is_digit(at, end); at++)
        take_digit(p, *at);
    if (at < end && *at == '.') {
        p->plain = false;
        for (at++; is_digit(at, end); at++)
            p->exponent -= take_digit(p, *at);
    }
    return at;
}

/* Where there is an exponent, takes it in; returns what follows, NULL: it has no digits. */
static const char *take_exponent(parts *p, const char *at, const char *end)
{
    if (at == end || (*at != 'e' && *at != 'E'))
        return at;
    p->plain = false;
    at++;
    bool down = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (!is_digit(at, end))
        return NULL;
    long written = 0;
    for (; is_digit(at, end); at++)
        if (written < 100000)
            written = written * 10 + (*at - '0');
    p->exponent += down ? -written : written;
    return at;
}

/* Exact where mantissa and power of ten are. */
static double value_of(const parts *p, const char *text, size_t length)
{
    if (!p->exact || p->mantissa > exact_mantissa || labs(p->exponent) > EXACT_POWER)
        return slow_number(text, length);
    double mantissa = (double)p->mantissa;
    double magnitude =
        p->exponent < 0 ? mantissa / powers[-p->exponent] : mantissa * powers[p->exponent];
    return p->negative ? -magnitude : magnitude;
}

nnrt_number nnrt_parse_number(const char *text, size_t length, double *value, int64_t *integer)
{
    const char *at = text, *end = text + length;
    parts p = { .negative = at < end && *at == '-', .plain = true, .exact = true };
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (is_infinity(at, (size_t)(end - at)))
        return NNRT_NUMBER_INFINITE;
    at = take_digits(&p, at, end);
    if (!p.digits || take_exponent(&p, at, end) != end)
        return NNRT_NUMBER_NONE;

    *value = value_of(&p, text, length);
    if (!isfinite(*value))
        return NNRT_NUMBER_INFINITE;
    uint64_t whole = p.mantissa;
    if (!p.plain || (!p.exact && !long_integer(text, end, &whole)))
        return NNRT_NUMBER_REAL;
    *integer = p.negative ? -(int64_t)whole : (int64_t)whole;
    return NNRT_NUMBER_INTEGER;
}
