/* utf8.c: code points from bytes and back (utf8.h). */
#include "base/utf8.h"
#include <stdbool.h>

enum { SURROGATES = 0xd800, AFTER_SURROGATES = 0xe000 };

static size_t bytes_with_lead(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2)
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0)
        return 3;
    return lead < 0xf5 ? 4 : 0;
}

size_t nnrt_utf8_decode(const char *text, size_t length, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *at = (const unsigned char *)text;
    size_t bytes = length ? bytes_with_lead(at[0]) : 0;
    if (!bytes || bytes > length)
        return 0;

    uint32_t value = bytes == 1 ? at[0] : at[0] & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3f);
    }

    bool surrogate = value >= SURROGATES && value < AFTER_SURROGATES;
    if (value < least[bytes] || value >= NNRT_CODE_POINTS || surrogate)
        return 0;
    *code = value;
    return bytes;
}

size_t nnrt_utf8_encode(uint32_t code, char *to)
{
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t bytes = 1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);
    for (size_t i = bytes; i-- > 1; code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)(lead[bytes] | code);
    to[bytes] = '\0';
    return bytes;
}

bool nnrt_utf8_is_text(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint32_t code;
        size_t bytes = nnrt_utf8_decode(text + at, length - at, &code);
        if (!bytes || !code)
            return false;
        at += bytes;
    }
    return true;
}
