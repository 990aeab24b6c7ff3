/* glyphs.c: the letters of pictures: finding them, and how much room texts take. */
#include "draw/drawing.h"
#include <stdlib.h>
#include <string.h>

static const nnrt_glyph glyphs[] = {
#define GLYPH(code, advance, strokes) { code, advance, strokes },
#include "draw/glyphs.def"
#undef GLYPH
};

enum { GLYPHS = sizeof glyphs / sizeof *glyphs, REPLACEMENT = 0xFFFD };

static int compare(const void *code, const void *glyph)
{
    uint32_t a = *(const uint32_t *)code, b = ((const nnrt_glyph *)glyph)->code;
    return (a > b) - (a < b);
}

/* The letters below the accents, from U+00C0 to U+017F. */
static const char bases[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo/ouuuuypy"
                            "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL"
                            "lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

const nnrt_glyph *nnrt_glyph_find(uint32_t code)
{
    const nnrt_glyph *found = bsearch(&code, glyphs, GLYPHS, sizeof *glyphs, compare);
    if (!found && code >= 0xC0 && code < 0xC0 + sizeof bases - 1) {
        code = (uint32_t)bases[code - 0xC0];
        found = bsearch(&code, glyphs, GLYPHS, sizeof *glyphs, compare);
    }
    return found ? found : &glyphs[GLYPHS - 1];
}

size_t nnrt_text_next(const char *text, uint32_t *code)
{
    size_t bytes = nnrt_utf8_decode(text, strnlen(text, 4), code);
    if (!bytes)
        *code = *text ? REPLACEMENT : 0;
    return bytes ? bytes : 1;
}

double nnrt_text_width(const char *text, double size)
{
    double width = 0;
    uint32_t code;
    for (; *text; text += nnrt_text_next(text, &code)) {
        nnrt_text_next(text, &code);
        width += nnrt_glyph_find(code)->advance;
    }
    return width * size / 1000;
}

void nnrt_text_fit(const char *text, double size, double width, char *out, size_t out_size)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    bool whole = nnrt_text_width(text, size) <= width && strlen(text) < out_size;
    double room = whole ? width + size : width - nnrt_text_width(ellipsis, size), used = 0;
    size_t length = 0;
    while (text[length]) {
        uint32_t code;
        size_t next = nnrt_text_next(text + length, &code);
        used += nnrt_glyph_find(code)->advance * size / 1000;
        if ((!whole && used > room) || length + next + sizeof ellipsis > out_size)
            break;
        length += next;
    }
    if (whole)
        length = strlen(text);
    memcpy(out, text, length);
    strcpy(out + length, whole ? "" : ellipsis);
}
