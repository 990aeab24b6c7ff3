/* number.h: numbers in text, as data files have them. */
#ifndef NNRT_NUMBER_H
#define NNRT_NUMBER_H
#include <stddef.h>
#include <stdint.h>

typedef enum nnrt_number {
    NNRT_NUMBER_NONE,
    NNRT_NUMBER_INTEGER,
    NNRT_NUMBER_REAL,
    NNRT_NUMBER_INFINITE
} nnrt_number;

/* Reads all of text[0 .. length) as one number in the C locale: digits, a point, an exponent; no
 * hexadecimal and no blanks. Sets *value for NNRT_NUMBER_REAL and NNRT_NUMBER_INTEGER, *integer for
 * the latter. NNRT_NUMBER_INFINITE: an infinity, or too large for a double. */
nnrt_number nnrt_parse_number(const char *text, size_t length, double *value, int64_t *integer);
#endif
