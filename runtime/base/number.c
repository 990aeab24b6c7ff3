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

nnrt_number nnrt_parse_number(const char *text, size_t length, double *value, int64_t *integer)
{
    const char *at = text, *end = text + length;
    bool negative = at < end && *at == '-', plain = true, exact = true;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (is_infinity(at, (size_t)(end - at)))
        return NNRT_NUMBER_INFINITE;
    uint64_t mantissa = 0;
    int digits = 0, significant = 0;
    long exponent = 0;
    for (; is_digit(at, end); at++, digits++)
        if (significant == MANTISSA_DIGITS)
            exact = false;
        else if (mantissa || *at != '0')
            mantissa = mantissa * 10 + (uint64_t)(*at - '0'), significant++;
    if (at < end && *at == '.') {
        plain = false;
        for (at++; is_digit(at, end); at++, digits++) {
            if (significant == MANTISSA_DIGITS) {
                exact = false;
                continue;
            }
            if (mantissa || *at != '0')
                mantissa = mantissa * 10 + (uint64_t)(*at - '0'), significant++;
            exponent--;
        }
    }
    if (!digits)
        return NNRT_NUMBER_NONE;
    if (at < end && (*at == 'e' || *at == 'E')) {
        plain = false;
        at++;
        bool down = at < end && *at == '-';
        if (at < end && (*at == '-' || *at == '+'))
            at++;
        if (!is_digit(at, end))
            return NNRT_NUMBER_NONE;
        long written = 0;
        for (; is_digit(at, end); at++)
            if (written < 100000)
                written = written * 10 + (*at - '0');
        exponent += down ? -written : written;
    }
    if (at != end)
        return NNRT_NUMBER_NONE;
    if (exact && mantissa <= exact_mantissa && exponent >= -EXACT_POWER &&
        exponent <= EXACT_POWER) {
        double magnitude = exponent < 0 ? (double)mantissa / powers[-exponent]
                                        : (double)mantissa * powers[exponent];
        *value = negative ? -magnitude : magnitude;
    } else {
        *value = slow_number(text, length);
    }
    if (!isfinite(*value))
        return NNRT_NUMBER_INFINITE;
    if (!plain || (!exact && !long_integer(text, end, &mantissa)))
        return NNRT_NUMBER_REAL;
    *integer = negative ? -(int64_t)mantissa : (int64_t)mantissa;
    return NNRT_NUMBER_INTEGER;
}
