/* utf8.h: characters of UTF-8 (RFC 3629). */
#ifndef NNRT_UTF8_H
#define NNRT_UTF8_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NNRT_CODE_POINTS = 0x110000, NNRT_UTF8_ROOM = 5 };

/* How many bytes the first character of text[0 .. length) has, and its code point. 0: the bytes
 * are not UTF-8, or there are none. */
size_t nnrt_utf8_decode(const char *text, size_t length, uint32_t *code);
/* Whether all of text[0 .. length) is UTF-8, without a NUL. */
bool nnrt_utf8_is_text(const char *text, size_t length);
/* Writes the character and a NUL to to[0 .. NNRT_UTF8_ROOM); returns its bytes without the NUL. */
size_t nnrt_utf8_encode(uint32_t code, char *to);
#endif
