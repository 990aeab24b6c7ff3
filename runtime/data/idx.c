/* idx.c: the IDX format of the MNIST files: big-endian, the element type and the sizes ahead of
 * them; plain or gzip. */
#include "data/array.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    unsigned char code;
    nnrt_element element;
    size_t bytes;
} elements[] = {
    { 0x08, NNRT_ELEMENT_UNSIGNED, 1 }, { 0x09, NNRT_ELEMENT_SIGNED, 1 },
    { 0x0b, NNRT_ELEMENT_SIGNED, 2 },   { 0x0c, NNRT_ELEMENT_SIGNED, 4 },
    { 0x0d, NNRT_ELEMENT_FLOAT, 4 },    { 0x0e, NNRT_ELEMENT_FLOAT, 8 },
};

bool nnrt_idx_begin(nnrt_stream *stream, nnrt_array *array, nnrt_error *e)
{
    unsigned char magic[4] = { 0 }, size[4];
    int64_t got = nnrt_stream_read(stream, magic, sizeof magic, e);
    if (got < 0)
        return false;
    *array = (nnrt_array){ .stream = stream, .big_endian = true, .rank = magic[3] };
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (elements[i].code == magic[2]) {
            array->element = elements[i].element;
            array->bytes = elements[i].bytes;
        }
    }
    if (got < 4 || magic[0] || magic[1] || !array->bytes || array->rank < 1 ||
        array->rank > NNRT_ARRAY_RANK) {
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: is not an IDX file",
                         nnrt_stream_name(stream));
    }
    for (int i = 0; i < array->rank; i++) {
        if (!nnrt_stream_need(stream, size, sizeof size, e))
            return false;
        array->shape[i] =
            (int64_t)size[0] << 24 | (int64_t)size[1] << 16 | (int64_t)size[2] << 8 | size[3];
    }
    return nnrt_array_measure(array, e);
}

static nnrt_stream *open_idx(const nnrt_source_request *request, const char *argument,
                             const char *name, nnrt_array *array, nnrt_error *e)
{
    char *path = nnrt_form_path(request, argument, e);
    nnrt_stream *stream = path ? nnrt_stream_open(path, name, e) : NULL;
    free(path);
    if (stream && !nnrt_idx_begin(stream, array, e)) {
        nnrt_stream_close(stream);
        return NULL;
    }
    return stream;
}

bool nnrt_read_idx(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    nnrt_array array;
    if (!nnrt_source_name(source, nnrt_form_text(request->form, "images", ""),
                          nnrt_form_text(request->form, "labels", ""), e)) {
        return false;
    }
    nnrt_stream *x = open_idx(request, "images", source->x_name, &array, e);
    bool read = x && nnrt_array_samples(&array, request->wants_wide, source, e);
    nnrt_stream_close(x);
    if (!read)
        return false;
    if (source->rank == 2) { /* grey images: one channel */
        source->shape[2] = source->shape[1];
        source->shape[1] = source->shape[0];
        source->shape[0] = 1;
        source->rank = 3;
    }

    nnrt_stream *y = open_idx(request, "labels", source->y_name, &array, e);
    read = y &&
           (array.rank == 1 ||
            nnrt_fail(e, NNRT_FILES, "bad-file",
                      "%s: holds an array of %d axes, where labels are one a sample",
                      source->y_name, array.rank)) &&
           nnrt_array_targets(&array, source, e);
    nnrt_stream_close(y);
    return read;
}
