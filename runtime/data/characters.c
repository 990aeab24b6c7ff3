/* characters.c: the source `text`: stretches of characters as samples, each character a whole
 * number by the order of its code point, and the character that follows as the target.
 *
 * The characters of the training text are the classes. UTF-8 sorts bytewise as its code points do,
 * so that the labels' order is the numbers'. */
#include "data/reader.h"
#include <stdlib.h>
#include <string.h>

/* A text being read. */
typedef struct reading {
    const nnrt_source_request *request;
    const char *name;
    uint32_t *point; /* the characters as code points */
    int64_t count;
    uint32_t *number; /* of a code point + 1; 0: not a character of the training text */
    nnrt_error *e;
} reading;

/* Where a character is, both from 1. */
typedef struct position {
    int64_t row, column;
} position;

static void pass(position *at, uint32_t point)
{
    at->column = point == '\n' ? 1 : at->column + 1;
    at->row += point == '\n';
}

static bool no_memory(const reading *r)
{
    return nnrt_no_memory_for(r->e, r->name);
}

static bool decode_all(reading *r, const char *text, size_t length)
{
    position at = { 1, 1 };
    r->point = malloc((length + 1) * sizeof *r->point);
    if (!r->point)
        return no_memory(r);
    for (size_t i = 0; i < length;) {
        uint32_t point = 0;
        size_t bytes = nnrt_utf8_decode(text + i, length - i, &point);
        if (!bytes || !point) {
            return nnrt_fail(r->e, NNRT_FILES, "bad-file", "%s: row %lld, column %lld: %s", r->name,
                             (long long)at.row, (long long)at.column,
                             bytes ? "a NUL is not a character of a text"
                                   : "the bytes are not UTF-8");
        }
        r->point[r->count++] = point;
        pass(&at, point);
        i += bytes;
    }
    return true;
}

/* Numbers the characters of a training text; they become the source's texts. */
static bool number_characters(reading *r, nnrt_source *source)
{
    for (int64_t i = 0; i < r->count; i++)
        r->number[r->point[i]] = 1;
    for (uint32_t p = 0; p < NNRT_CODE_POINTS; p++)
        if (r->number[p])
            r->number[p] = (uint32_t)++source->text_count;
    source->texts = calloc(source->text_count + 1, sizeof *source->texts);
    if (!source->texts)
        source->text_count = 0;

    bool ok = source->texts != NULL;
    for (uint32_t p = 0; ok && p < NNRT_CODE_POINTS; p++) {
        char text[NNRT_UTF8_ROOM];
        if (!r->number[p])
            continue;
        nnrt_utf8_encode(p, text);
        ok = (source->texts[r->number[p] - 1] = strdup(text)) != NULL;
    }
    return ok || no_memory(r);
}

/* A further text has the numbers of the training text, and no other characters. */
static bool take_numbers_of(const nnrt_source *like, reading *r, nnrt_source *source)
{
    for (size_t i = 0; i < like->text_count; i++) {
        uint32_t point;
        size_t length = strlen(like->texts[i]);
        if (length && nnrt_utf8_decode(like->texts[i], length, &point) == length)
            r->number[point] = (uint32_t)i + 1;
    }

    position at = { 1, 1 };
    for (int64_t i = 0; i < r->count; i++) {
        if (!r->number[r->point[i]]) {
            char text[NNRT_UTF8_ROOM];
            nnrt_utf8_encode(r->point[i], text);
            return nnrt_fail(r->e, NNRT_FILES, "unknown-class",
                             "%s: row %lld, column %lld: the character '%s' does not occur in %s",
                             r->name, (long long)at.row, (long long)at.column, text, like->x_name);
        }
        pass(&at, r->point[i]);
    }

    source->texts = calloc(like->text_count + 1, sizeof *source->texts);
    for (size_t i = 0; source->texts && i < like->text_count; i++, source->text_count++)
        if (!(source->texts[i] = strdup(like->texts[i])))
            return no_memory(r);
    return source->texts || no_memory(r);
}

/* The target of a sample: the character after it, or, where `each`, that after each of its own. */
static bool shape_samples(const reading *r, nnrt_source *source, int64_t length, bool each)
{
    int64_t targets;
    source->count = r->count - length;
    source->stride = 1;
    source->span = length + 1;
    source->rank = 1;
    source->shape[0] = length;
    source->target_rank = each;
    source->target_shape[0] = length;
    source->target_size = each ? length : 1;
    source->kind = NNRT_LABEL_TEXT;
    if (!nnrt_source_allocate(source, r->e))
        return false;
    if (__builtin_mul_overflow(source->count, source->target_size, &targets) ||
        targets > (int64_t)(SIZE_MAX / 2 / sizeof *source->text) ||
        !(source->text = malloc((size_t)targets * sizeof *source->text))) {
        return no_memory(r);
    }
    return true;
}

/* Each position with `length` characters from it on and one after them starts a sample. */
static bool cut_samples(const reading *r, nnrt_source *source, int64_t length)
{
    bool each = json_is_true(json_object_get(r->request->form, "each"));
    if (!shape_samples(r, source, length, each))
        return false;
    for (int64_t i = 0; i < source->count; i++) {
        for (int64_t t = 0; t < length; t++)
            source->x[i * length + t] = (float)(r->number[r->point[i + t]] - 1);
        for (int64_t t = 0; t < source->target_size; t++) {
            source->text[i * source->target_size + t] =
                r->number[r->point[i + (each ? t + 1 : length)]] - 1;
        }
    }
    return true;
}

static bool read_characters(reading *r)
{
    size_t bytes = 0;
    char *path = nnrt_form_path(r->request, "file", r->e);
    nnrt_stream *stream = path ? nnrt_stream_open(path, r->name, r->e) : NULL;
    char *text = stream ? nnrt_stream_rest(stream, &bytes, r->e) : NULL;
    bool ok = text && decode_all(r, text, bytes);
    free(text);
    nnrt_stream_close(stream);
    free(path);
    return ok;
}

/* Leaves the text to its tokenizer. */
static bool keep_content(reading *r, nnrt_source *source)
{
    char *path = nnrt_form_path(r->request, "file", r->e);
    nnrt_stream *stream = path ? nnrt_stream_open(path, r->name, r->e) : NULL;

    source->content = stream ? nnrt_stream_rest(stream, &source->content_size, r->e) : NULL;
    nnrt_stream_close(stream);
    free(path);
    return source->content != NULL;
}

static bool make_samples(reading *r, nnrt_source *source)
{
    const nnrt_source *like = r->request->like;
    double length = nnrt_form_number(r->request->form, "length", 0);
    if (!(length >= 1 && length < (double)r->count)) {
        return nnrt_fail(
            r->e, NNRT_FILES, "short-file",
            "%s: holds %lld character%s, too few for a sample of %.0f and the one that follows",
            r->name, (long long)r->count, r->count == 1 ? "" : "s", length);
    }
    bool further = like && like->kind == NNRT_LABEL_TEXT;
    if (!(further ? take_numbers_of(like, r, source) : number_characters(r, source)))
        return false;
    return cut_samples(r, source, (int64_t)length);
}

bool nnrt_read_text(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *name = nnrt_form_text(request->form, "file", "");
    reading r = { .request = request, .name = name, .e = e };
    r.number = calloc(NNRT_CODE_POINTS, sizeof *r.number);
    bool ok = r.number ? nnrt_source_name(source, name, name, e) : no_memory(&r);
    bool tokens = nnrt_form_has_tokenizer(request->form);
    ok =
        ok && (tokens ? keep_content(&r, source) : read_characters(&r) && make_samples(&r, source));
    free(r.number);
    free(r.point);
    return ok;
}
