/* utf8.h: how many bytes a character has. Broken bytes count as a character each, so that reading
 * always goes on. */
#ifndef NNC_UTF8_H
#define NNC_UTF8_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at the start of `text`: its bytes and, where wanted, its code point. 0 if the bytes
 * are not UTF-8. */
size_t utf8_decode(const char *text, size_t length, uint32_t *code_point);
/* The same, but 1 for a broken byte. */
size_t utf8_length(const char *text, size_t length);
/* Whether the first character is broken or a control character (a tab is none of these), so that it
 * is shown as UTF8_REPLACEMENT. */
bool utf8_is_unprintable(const char *text, size_t length);
#define UTF8_REPLACEMENT "\xEF\xBF\xBD"
bool utf8_has_bom(const char *text, size_t length);
#endif
