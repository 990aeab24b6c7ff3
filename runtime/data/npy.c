/* npy.c: numpy's array files, .npy (versions 1 to 3) and .npz archives of them.
 * The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#include "data/array.h"
#include <stdlib.h>
#include <string.h>

enum { HEADER_LIMIT = 1 << 20 };

/* The header is a Python dictionary; `at` walks along it. */
typedef struct header {
    const char *at;
    nnrt_array *array;
    bool descr, order, shape;
} header;

static void skip_blanks(header *h)
{
    while (*h->at == ' ' || *h->at == '\t' || *h->at == '\n' || *h->at == '\r')
        h->at++;
}

static bool take(header *h, char c)
{
    skip_blanks(h);
    if (*h->at != c)
        return false;
    h->at++;
    return true;
}

static bool take_word(header *h, const char *word)
{
    skip_blanks(h);
    size_t length = strlen(word);
    if (strncmp(h->at, word, length) != 0)
        return false;
    h->at += length;
    return true;
}

static bool take_string(header *h, char *to, size_t size)
{
    skip_blanks(h);
    char quote = *h->at;
    if (quote != '\'' && quote != '"')
        return false;
    const char *end = strchr(h->at + 1, quote);
    if (!end || (size_t)(end - h->at) > size)
        return false;
    memcpy(to, h->at + 1, (size_t)(end - h->at - 1));
    to[end - h->at - 1] = '\0';
    h->at = end + 1;
    return true;
}

static bool take_shape(header *h)
{
    if (!take(h, '('))
        return false;
    h->array->rank = 0;
    while (!take(h, ')')) {
        int64_t size = 0;
        if (*h->at < '0' || *h->at > '9' || h->array->rank == NNRT_ARRAY_RANK)
            return false;
        for (; *h->at >= '0' && *h->at <= '9'; h->at++) {
            if (__builtin_mul_overflow(size, 10, &size) ||
                __builtin_add_overflow(size, *h->at - '0', &size)) {
                return false;
            }
        }
        if (*h->at == 'L')
            h->at++; /* as Python 2 wrote it */
        h->array->shape[h->array->rank++] = size;
        skip_blanks(h);
        if (*h->at != ')' && !take(h, ','))
            return false;
    }
    return true;
}

static const struct {
    char kind;
    nnrt_element element;
    const char *bytes;
} elements[] = {
    { 'b', NNRT_ELEMENT_BOOL, "1" },        { 'i', NNRT_ELEMENT_SIGNED, "1248" },
    { 'u', NNRT_ELEMENT_UNSIGNED, "1248" }, { 'f', NNRT_ELEMENT_FLOAT, "248" },
    { 'S', NNRT_ELEMENT_BYTES, NULL },      { 'U', NNRT_ELEMENT_UCS4, NULL },
};

/* "<f4", "|u1", "<U7". */
static bool take_descr(header *h)
{
    char descr[32];
    if (!take_string(h, descr, sizeof descr) || !strchr("<>|=", descr[0]))
        return false;
    h->array->big_endian = descr[0] == '>';
    char *end;
    unsigned long size = descr[0] && descr[1] >= ' ' ? strtoul(descr + 2, &end, 10) : 0;
    if (size == 0 || *end || size > 1 << 24)
        return false;
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (elements[i].kind != descr[1])
            continue;
        h->array->element = elements[i].element;
        h->array->bytes = descr[1] == 'U' ? size * 4 : size;
        return !elements[i].bytes || (size < 10 && strchr(elements[i].bytes, (char)('0' + size)));
    }
    return false;
}

/* Of a type's description, to be quoted: '<c8', or [('a', '<f4'), ... */
static int descr_length(const char *descr)
{
    enum { MOST = 24 };

    size_t quoted = *descr == '\'' ? strcspn(descr + 1, "'") + 2 : strlen(descr);
    return quoted < MOST ? (int)quoted : MOST;
}

/* One entry of the header. */
static bool take_entry(header *h, const char *key, bool *unreadable)
{
    if (strcmp(key, "descr") == 0) {
        skip_blanks(h);
        const char *descr = h->at;
        h->descr = take_descr(h);
        *unreadable = !h->descr;
        if (*unreadable)
            h->at = descr;
        return h->descr;
    }
    if (strcmp(key, "fortran_order") == 0) {
        h->array->fortran = take_word(h, "True");
        h->order = h->array->fortran || take_word(h, "False");
        return h->order;
    }
    if (strcmp(key, "shape") == 0) {
        h->shape = take_shape(h);
        return h->shape;
    }
    return false;
}

static bool read_header(header *h, const char *name, nnrt_error *e)
{
    char key[32];
    bool ok = take(h, '{'), unreadable = false;
    while (ok && !take(h, '}')) {
        ok = take_string(h, key, sizeof key) && take(h, ':') && take_entry(h, key, &unreadable);
        if (unreadable) {
            return nnrt_fail(e, NNRT_FILES, "bad-file",
                             "%s: its elements are of a type that can't be read, %.*s: numbers, "
                             "truth values and texts can",
                             name, descr_length(h->at), h->at);
        }
        skip_blanks(h);
        if (ok && *h->at != '}')
            ok = take(h, ',');
    }

    return (ok && h->descr && h->order && h->shape) ||
           nnrt_fail(e, NNRT_FILES, "bad-file", "%s: its header is not that of a .npy file", name);
}

bool nnrt_npy_begin(nnrt_stream *stream, nnrt_array *array, nnrt_error *e)
{
    const char *name = nnrt_stream_name(stream);
    unsigned char start[8] = { 0 }, length[4] = { 0 };
    *array = (nnrt_array){ .stream = stream };
    int64_t got = nnrt_stream_read(stream, start, sizeof start, e);
    if (got < 0)
        return false;

    if (got < 8 || memcmp(start, "\x93NUMPY", 6) != 0 || start[6] < 1 || start[6] > 3)
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: is not a .npy file", name);
    if (!nnrt_stream_need(stream, length, start[6] == 1 ? 2 : 4, e))
        return false;
    size_t bytes =
        length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
    if (bytes > HEADER_LIMIT) {
        return nnrt_fail(e, NNRT_FILES, "bad-file",
                         "%s: its header of %zu bytes is beyond all measure", name, bytes);
    }

    char *text = malloc(bytes + 1);
    if (!text)
        return nnrt_no_memory_for(e, name);
    bool read = nnrt_stream_need(stream, text, bytes, e);
    text[read ? bytes : 0] = '\0';
    header h = { .at = text, .array = array };
    read = read && read_header(&h, name, e) && nnrt_array_measure(array, e);
    free(text);
    return read;
}

/* ---- the two forms ---- */
static nnrt_stream *open_array(const nnrt_source_request *request, const char *file_argument,
                               const char *member, const char *name, nnrt_array *array,
                               nnrt_error *e)
{
    char *path = nnrt_form_path(request, file_argument, e);
    if (!path)
        return NULL;
    nnrt_stream *stream =
        member ? nnrt_stream_open_member(path, name, member, e) : nnrt_stream_open(path, name, e);
    free(path);
    if (stream && !nnrt_npy_begin(stream, array, e)) {
        nnrt_stream_close(stream);
        return NULL;
    }
    return stream;
}

static bool read_pair(const nnrt_source_request *request, const char *x_file, const char *y_file,
                      const char *x_member, const char *y_member, nnrt_source *source,
                      nnrt_error *e)
{
    nnrt_array array;
    if (!nnrt_source_name(source, nnrt_form_text(request->form, x_file, ""),
                          nnrt_form_text(request->form, y_file, ""), e)) {
        return false;
    }
    nnrt_stream *x = open_array(request, x_file, x_member, source->x_name, &array, e);
    bool read = x && nnrt_array_samples(&array, request->wants_wide, source, e);
    nnrt_stream_close(x);
    if (!read)
        return false;
    nnrt_stream *y = open_array(request, y_file, y_member, source->y_name, &array, e);
    read = y && nnrt_array_targets(&array, source, e);
    nnrt_stream_close(y);
    return read;
}

bool nnrt_read_npy(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    return read_pair(request, "x", "y", NULL, NULL, source, e);
}

bool nnrt_read_npz(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    char *x = NULL, *y = NULL;
    bool named = asprintf(&x, "%s.npy", nnrt_form_text(request->form, "x", "x")) >= 0 &&
                 asprintf(&y, "%s.npy", nnrt_form_text(request->form, "y", "y")) >= 0;
    bool read = named ? read_pair(request, "file", "file", x, y, source, e) : nnrt_no_memory(e);
    free(x);
    free(y);
    return read;
}
