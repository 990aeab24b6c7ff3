/* characters.c: a text as samples: stretches of characters, each a whole number by the order of its
 * code point, and the character that follows.
 *
 * The characters of the training text are the classes. UTF-8 sorts bytewise as its code points do,
 * so that the labels' order is the numbers'. */
#include "data/source.h"
#include "base/base.h"
#include <stdlib.h>
#include <string.h>

enum { CODE_POINTS = 0x110000, NO_CHARACTER = 0 };

/* The length of the character at `at` and its code point; 0 where the bytes are no UTF-8. */
static size_t decode(const unsigned char *at, size_t left, uint32_t *point)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t bytes = at[0] < 0x80   ? 1
                   : at[0] < 0xC2 ? 0
                   : at[0] < 0xE0 ? 2
                   : at[0] < 0xF0 ? 3
                   : at[0] < 0xF5 ? 4
                                  : 0;
    if (!bytes || bytes > left)
        return 0;
    *point = bytes == 1 ? at[0] : at[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        *point = *point << 6 | (at[i] & 0x3F);
    }
    return *point < least[bytes] || *point >= CODE_POINTS || (*point >= 0xD800 && *point < 0xE000)
               ? 0
               : bytes;
}

static size_t encode(uint32_t point, char *to)
{
    size_t bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = bytes; i-- > 1; point >>= 6)
        to[i] = (char)(0x80 | (point & 0x3F));
    to[0] = (char)(lead[bytes] | point);
    to[bytes] = '\0';
    return bytes;
}

/* The text's characters as code points; row and column, from 1, of what is wrong. */
typedef struct reading {
    const char *name;
    uint32_t *point;
    int64_t count;
} reading;

static bool decode_all(reading *r, const char *text, size_t length, nnrt_error *e)
{
    int64_t row = 1, column = 1;
    r->point = malloc((length + 1) * sizeof *r->point);
    if (!r->point)
        return nnrt_no_memory_for(e, r->name);
    for (size_t i = 0; i < length;) {
        uint32_t point = 0;
        size_t bytes = decode((const unsigned char *)text + i, length - i, &point);
        if (!bytes || !point) {
            return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: row %lld, column %lld: %s", r->name,
                             (long long)row, (long long)column,
                             bytes ? "a NUL is no character of a text" : "the bytes are no UTF-8");
        }
        r->point[r->count++] = point;
        column = point == '\n' ? 1 : column + 1;
        row += point == '\n';
        i += bytes;
    }
    return true;
}

/* number[code point]: its number + 1, or NO_CHARACTER; the characters as the source's texts. */
static bool number_characters(const reading *r, nnrt_source *source, uint32_t *number,
                              nnrt_error *e)
{
    for (int64_t i = 0; i < r->count; i++)
        number[r->point[i]] = 1;
    for (uint32_t p = 0; p < CODE_POINTS; p++)
        if (number[p])
            number[p] = (uint32_t)++source->text_count;
    source->texts = calloc(source->text_count + 1, sizeof *source->texts);
    if (!source->texts)
        source->text_count = 0;
    bool made = source->texts != NULL;
    for (uint32_t p = 0; made && p < CODE_POINTS; p++) {
        char text[8];
        if (!number[p])
            continue;
        encode(p, text);
        made = (source->texts[number[p] - 1] = strdup(text)) != NULL;
    }
    return made || nnrt_no_memory_for(e, r->name);
}

/* A further text has the numbers of the training text, and no other characters. */
static bool numbers_of(const nnrt_source *like, const reading *r, nnrt_source *source,
                       uint32_t *number, nnrt_error *e)
{
    for (size_t i = 0; i < like->text_count; i++) {
        uint32_t point;
        size_t length = strlen(like->texts[i]);
        if (length && decode((const unsigned char *)like->texts[i], length, &point) == length)
            number[point] = (uint32_t)i + 1;
    }
    int64_t row = 1, column = 1;
    for (int64_t i = 0; i < r->count; i++) {
        char text[8];
        encode(r->point[i], text);
        if (!number[r->point[i]]) {
            return nnrt_fail(e, NNRT_FILES, "unknown-class",
                             "%s: row %lld, column %lld: the character '%s' is none that %s has",
                             r->name, (long long)row, (long long)column, text, like->x_name);
        }
        column = r->point[i] == '\n' ? 1 : column + 1;
        row += r->point[i] == '\n';
    }
    source->texts = calloc(like->text_count + 1, sizeof *source->texts);
    for (size_t i = 0; source->texts && i < like->text_count; i++, source->text_count++)
        if (!(source->texts[i] = strdup(like->texts[i])))
            return nnrt_no_memory_for(e, r->name);
    return source->texts || nnrt_no_memory_for(e, r->name);
}

/* Each position that has `length` characters from it on and one behind them starts a sample. */
static bool cut(const reading *r, nnrt_source *source, const uint32_t *number, int64_t length,
                bool each, nnrt_error *e)
{
    int64_t targets;
    source->count = r->count - length;
    source->rank = 1;
    source->shape[0] = length;
    source->target_rank = each;
    source->target_shape[0] = length;
    source->target_size = each ? length : 1;
    source->kind = NNRT_LABEL_TEXT;
    if (!nnrt_source_allocate(source, e))
        return false;
    if (__builtin_mul_overflow(source->count, source->target_size, &targets) ||
        targets > (int64_t)(SIZE_MAX / 2 / sizeof *source->text) ||
        !(source->text = malloc((size_t)targets * sizeof *source->text))) {
        return nnrt_no_memory_for(e, r->name);
    }
    for (int64_t i = 0; i < source->count; i++) {
        for (int64_t t = 0; t < length; t++)
            source->x[i * length + t] = (float)(number[r->point[i + t]] - 1);
        for (int64_t t = 0; t < source->target_size; t++) {
            source->text[i * source->target_size + t] =
                number[r->point[i + (each ? t + 1 : length)]] - 1;
        }
    }
    return true;
}

bool nnrt_read_text(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *name = nnrt_form_text(request->form, "file", "");
    double wanted = nnrt_form_number(request->form, "length", 0);
    reading r = { .name = name };
    size_t bytes = 0;
    source->x_name = strdup(name);
    source->y_name = strdup(name);
    char *path = nnrt_form_path(request, "file", e);
    nnrt_stream *stream = path ? nnrt_stream_open(path, name, e) : NULL;
    char *text = stream ? nnrt_stream_rest(stream, &bytes, e) : NULL;
    uint32_t *number = calloc(CODE_POINTS, sizeof *number);
    bool read = text && (source->x_name && source->y_name && number ? decode_all(&r, text, bytes, e)
                                                                    : nnrt_no_memory_for(e, name));
    free(text);
    if (read && !(wanted >= 1 && wanted < (double)r.count)) {
        read = nnrt_fail(
            e, NNRT_FILES, "short-file",
            "%s: holds %lld character%s, too few for a sample of %.0f and the one that follows",
            name, (long long)r.count, r.count == 1 ? "" : "s", wanted);
    }
    bool alike = request->like && request->like->kind == NNRT_LABEL_TEXT;
    if (read) {
        read = alike ? numbers_of(request->like, &r, source, number, e)
                     : number_characters(&r, source, number, e);
    }
    read = read && cut(&r, source, number, (int64_t)wanted,
                       json_is_true(json_object_get(request->form, "each")), e);
    free(number);
    free(r.point);
    nnrt_stream_close(stream);
    free(path);
    return read;
}
