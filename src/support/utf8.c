/* utf8.c: decoding by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "support/utf8.h"

static bool continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* By its first byte; 0: none begins so. */
static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >> 5 == 6)
        return 2;
    if (first >> 4 == 14)
        return 3;
    return first >> 3 == 30 ? 4 : 0;
}

size_t utf8_decode(const char *text, size_t length, uint32_t *code_point)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (!length)
        return 0;
    unsigned char first = (unsigned char)text[0];
    size_t bytes = sequence_length(first);
    if (!bytes || bytes > length)
        return 0;

    uint32_t code = bytes == 1 ? first : first & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (!continues(text[i]))
            return 0;
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    }
    if (code < least[bytes] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    if (code_point)
        *code_point = code;
    return bytes;
}

size_t utf8_length(const char *text, size_t length)
{
    size_t bytes = utf8_decode(text, length, NULL);
    return bytes ? bytes : 1;
}

bool utf8_is_unprintable(const char *text, size_t length)
{
    uint32_t code = 0;
    if (!utf8_decode(text, length, &code))
        return true;
    return (code < 0x20 && code != '\t') || (code >= 0x7F && code < 0xA0) ||
           (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2066 &&
            code <= 0x2069); /* those that turn the direction of writing would hide what is there */
}

bool utf8_has_bom(const char *text, size_t length)
{
    return length >= 3 && (unsigned char)text[0] == 0xEF && (unsigned char)text[1] == 0xBB &&
           (unsigned char)text[2] == 0xBF;
}
