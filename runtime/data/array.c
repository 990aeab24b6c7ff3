/* array.c: elements of array files, of any type and either byte order, as samples and targets. */
#include "data/array.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16, REPLACEMENT = 0xfffd };

bool nnrt_array_measure(nnrt_array *array, nnrt_error *e)
{
    const char *name = nnrt_stream_name(array->stream);
    int64_t bytes = 0;
    bool overflow = false, empty = false;
    array->count = 1;
    for (int i = 0; i < array->rank; i++) {
        empty |= array->shape[i] == 0;
        overflow |=
            array->shape[i] && __builtin_mul_overflow(array->count, array->shape[i], &array->count);
    }
    if (array->rank == 0)
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: holds a single value, no samples", name);
    if (empty)
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: holds no samples", name);
    if (overflow || __builtin_mul_overflow(array->count, (int64_t)array->bytes, &bytes) ||
        bytes > nnrt_stream_bound(array->stream)) {
        return nnrt_fail(
            e, NNRT_FILES, "short-file",
            "%s: ends too soon: its header promises %lld samples, which do not fit into its bytes",
            name, (long long)array->shape[0]);
    }
    return true;
}

/* One element's bytes as a number in this machine's order. */
static uint64_t element_bits(const nnrt_array *array, const unsigned char *at)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < array->bytes; i++)
        bits |= (uint64_t)at[array->big_endian ? array->bytes - 1 - i : i] << 8 * i;
    return bits;
}

static int64_t sign_extend(uint64_t bits, size_t bytes)
{
    unsigned shift = 64 - 8 * (unsigned)bytes;
    return (int64_t)(bits << shift) >> shift;
}

static double half_value(uint64_t half)
{
    int exponent = (int)(half >> 10 & 31), fraction = (int)(half & 1023);
    double magnitude;
    if (exponent == 31)
        magnitude = fraction ? NAN : INFINITY;
    else if (exponent)
        magnitude = ldexp(1024 + fraction, exponent - 25);
    else
        magnitude = ldexp(fraction, -24);
    return half & 0x8000 ? -magnitude : magnitude;
}

static double float_value(uint64_t bits, size_t bytes)
{
    if (bytes == 2)
        return half_value(bits);
    if (bytes == 8) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    uint32_t narrow = (uint32_t)bits;
    float value;
    memcpy(&value, &narrow, sizeof value);
    return value;
}

static double element_value(const nnrt_array *array, const unsigned char *at)
{
    uint64_t bits = element_bits(array, at);
    switch (array->element) {
    case NNRT_ELEMENT_FLOAT: return float_value(bits, array->bytes);
    case NNRT_ELEMENT_SIGNED: return (double)sign_extend(bits, array->bytes);
    default: return (double)bits;
    }
}

/* A whole number is rounded once. */
static float element_float(const nnrt_array *array, const unsigned char *at)
{
    uint64_t bits = element_bits(array, at);
    switch (array->element) {
    case NNRT_ELEMENT_FLOAT: return (float)float_value(bits, array->bytes);
    case NNRT_ELEMENT_SIGNED: return (float)sign_extend(bits, array->bytes);
    default: return (float)bits;
    }
}

/* Elements whose numbers a float32 may not hold. */
static bool is_wide(const nnrt_array *array)
{
    switch (array->element) {
    case NNRT_ELEMENT_FLOAT: return array->bytes > 4;
    case NNRT_ELEMENT_SIGNED:
    case NNRT_ELEMENT_UNSIGNED: return array->bytes >= 4;
    default: return false;
    }
}

/* Is every element a finite number? Looks at bit patterns, all of them in one quick sweep, because
 * nearly always the answer is yes. */
static bool all_finite(const float *x, int64_t n)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (bits & 0x7f800000) == 0x7f800000;
    }
    return !bad;
}

static bool check_finite(const nnrt_array *array, const float *x, nnrt_error *e)
{
    if (array->element != NNRT_ELEMENT_FLOAT || all_finite(x, array->count))
        return true;
    int64_t i = 0, each = array->count / array->shape[0];
    while (isfinite(x[i]))
        i++;
    if (each == 1) {
        return nnrt_fail(e, NNRT_FILES, "nan-cell", "%s: sample %lld is %s",
                         nnrt_stream_name(array->stream), (long long)i,
                         isnan(x[i]) ? "NaN" : "infinite");
    }
    return nnrt_fail(e, NNRT_FILES, "nan-cell",
                     "%s: sample %lld has a value that is %s (its value %lld, counted from 0)",
                     nnrt_stream_name(array->stream), (long long)(i / each),
                     isnan(x[i]) ? "NaN" : "infinite", (long long)(i % each));
}

/* Column order into row order, of numbers of so many bytes. */
static bool from_fortran(const nnrt_array *array, void *x, size_t bytes, nnrt_error *e)
{
    char *columns = malloc((size_t)array->count * bytes), *to = x;
    int64_t index[NNRT_ARRAY_RANK] = { 0 }, stride[NNRT_ARRAY_RANK], at = 0;
    if (!columns)
        return nnrt_no_memory_for(e, nnrt_stream_name(array->stream));

    memcpy(columns, x, (size_t)array->count * bytes);
    for (int i = 0; i < array->rank; i++)
        stride[i] = i ? stride[i - 1] * array->shape[i - 1] : 1;
    for (int64_t i = 0; i < array->count; i++) {
        memcpy(to + (size_t)i * bytes, columns + (size_t)at * bytes, bytes);
        for (int k = array->rank - 1; k >= 0; k--) {
            at += stride[k];
            if (++index[k] < array->shape[k])
                break;
            at -= stride[k] * array->shape[k];
            index[k] = 0;
        }
    }
    free(columns);
    return true;
}

/* How many of the elements that are left make up the next chunk. */
static int64_t chunk_elements(const nnrt_array *array, int64_t done)
{
    int64_t most = (int64_t)(CHUNK / array->bytes), left = array->count - done;
    return left < most ? left : most;
}

/* `wide` (NULL: not wanted) gets the same numbers as float64. */
static bool read_converted(nnrt_array *array, float *x, double *wide, nnrt_error *e)
{
    unsigned char chunk[CHUNK];
    bool bytes = array->element == NNRT_ELEMENT_UNSIGNED && array->bytes == 1;
    for (int64_t done = 0, n; done < array->count; done += n) {
        n = chunk_elements(array, done);
        if (!nnrt_stream_need(array->stream, chunk, (size_t)n * array->bytes, e))
            return false;
        if (bytes)
            for (int64_t i = 0; i < n; i++)
                x[done + i] = chunk[i];
        else
            for (int64_t i = 0; i < n; i++)
                x[done + i] = element_float(array, chunk + i * (int64_t)array->bytes);
        for (int64_t i = 0; wide && i < n; i++)
            wide[done + i] = element_value(array, chunk + i * (int64_t)array->bytes);
    }
    return true;
}

static bool read_floats(nnrt_array *array, float *x, double *wide, nnrt_error *e)
{
    bool by_columns = array->fortran && array->rank > 1;
    bool as_here = array->element == NNRT_ELEMENT_FLOAT && array->bytes == sizeof(float) &&
                   array->big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    bool ok = as_here ? nnrt_stream_need(array->stream, x, (size_t)array->count * sizeof *x, e)
                      : read_converted(array, x, wide, e);
    if (!ok || !nnrt_stream_end(array->stream, e))
        return false;
    if (by_columns && (!from_fortran(array, x, sizeof *x, e) ||
                       (wide && !from_fortran(array, wide, sizeof *wide, e)))) {
        return false;
    }
    return check_finite(array, x, e);
}

/* Room for so many float64; true and NULL where the array holds no more digits than float32. */
static bool wide_room(const nnrt_array *array, double **wide, nnrt_error *e)
{
    if (!is_wide(array))
        return true;
    *wide = malloc((size_t)array->count * sizeof **wide);
    return *wide || nnrt_no_memory_for(e, nnrt_stream_name(array->stream));
}

static bool is_text(const nnrt_array *array)
{
    return array->element == NNRT_ELEMENT_BYTES || array->element == NNRT_ELEMENT_UCS4;
}

bool nnrt_array_samples(nnrt_array *array, bool wide, nnrt_source *source, nnrt_error *e)
{
    const char *name = nnrt_stream_name(array->stream);
    if (is_text(array)) {
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: holds texts, where samples are numbers",
                         name);
    }
    if (array->rank - 1 > NNRT_MAX_RANK) {
        return nnrt_fail(e, NNRT_FILES, "bad-file",
                         "%s: its samples have %d axes, and %d are the most", name, array->rank - 1,
                         NNRT_MAX_RANK);
    }
    source->count = array->shape[0];
    source->rank = array->rank > 1 ? array->rank - 1 : 1;
    source->shape[0] = 1;
    for (int i = 1; i < array->rank; i++)
        source->shape[i - 1] = array->shape[i];
    return nnrt_source_allocate(source, e) && (!wide || wide_room(array, &source->wide, e)) &&
           read_floats(array, source->x, source->wide, e);
}

/* A text element (numpy's S or U, padded with zeros) as UTF-8. Returns its length; `to` has room
 * for 4 bytes a character. */
static size_t element_text(const nnrt_array *array, const unsigned char *at, char *to)
{
    size_t length = 0;
    if (array->element == NNRT_ELEMENT_BYTES) {
        while (length < array->bytes && at[length]) {
            to[length] = (char)at[length];
            length++;
        }
        return length;
    }
    for (size_t i = 0; i + 4 <= array->bytes; i += 4) {
        uint32_t c = 0;
        for (int k = 0; k < 4; k++)
            c |= (uint32_t)at[i + (size_t)(array->big_endian ? 3 - k : k)] << 8 * k;
        if (!c)
            break;
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            c = REPLACEMENT;
        length += nnrt_utf8_encode(c, to + length);
    }
    return length;
}

/* Texts as numbers into their sorted list. */
static bool read_texts(nnrt_array *array, nnrt_source *source, nnrt_error *e)
{
    nnrt_name_map names = { 0 };
    unsigned char *element = malloc(array->bytes + 1);
    char *text = malloc(array->bytes + NNRT_UTF8_ROOM);
    source->text = malloc((size_t)array->count * sizeof *source->text);
    bool ok =
        (element && text && source->text) || nnrt_no_memory_for(e, nnrt_stream_name(array->stream));

    for (int64_t i = 0; ok && i < array->count; i++) {
        ok = nnrt_stream_need(array->stream, element, array->bytes, e);
        if (!ok)
            break;
        size_t length = element_text(array, element, text);
        ok = nnrt_name_map_add(&names, text, length, &source->text[i]) ||
             nnrt_no_memory_for(e, nnrt_stream_name(array->stream));
    }
    ok = ok && nnrt_stream_end(array->stream, e) &&
         nnrt_labels_sort(source, &names, array->count, e);

    free(element);
    free(text);
    nnrt_name_map_free(&names);
    return ok;
}

static bool read_integers(nnrt_array *array, int64_t *to, nnrt_error *e)
{
    unsigned char chunk[CHUNK];
    bool is_signed = array->element == NNRT_ELEMENT_SIGNED;
    for (int64_t done = 0, n; done < array->count; done += n) {
        n = chunk_elements(array, done);
        if (!nnrt_stream_need(array->stream, chunk, (size_t)n * array->bytes, e))
            return false;
        for (int64_t i = 0; i < n; i++) {
            uint64_t bits = element_bits(array, chunk + i * (int64_t)array->bytes);
            if (array->element == NNRT_ELEMENT_UNSIGNED && bits > INT64_MAX) {
                return nnrt_fail(
                    e, NNRT_FILES, "bad-target",
                    "%s: sample %lld has the target %llu, a whole number too large to be a class",
                    nnrt_stream_name(array->stream),
                    (long long)((done + i) / (array->count / array->shape[0])),
                    (unsigned long long)bits);
            }
            to[done + i] = is_signed ? sign_extend(bits, array->bytes) : (int64_t)bits;
        }
    }
    return nnrt_stream_end(array->stream, e);
}

static bool check_targets(const nnrt_array *array, const nnrt_source *source, nnrt_error *e)
{
    const char *name = nnrt_stream_name(array->stream);
    if (array->shape[0] != source->count) {
        return nnrt_fail(e, NNRT_FILES, "bad-target", "%s holds %lld samples and %s %lld targets",
                         source->x_name, (long long)source->count, name,
                         (long long)array->shape[0]);
    }
    if (array->rank - 1 > NNRT_MAX_RANK) {
        return nnrt_fail(e, NNRT_FILES, "bad-file",
                         "%s: its targets have %d axes, and %d are the most", name, array->rank - 1,
                         NNRT_MAX_RANK);
    }
    if (array->fortran && array->rank > 1 && array->element != NNRT_ELEMENT_FLOAT) {
        return nnrt_fail(
            e, NNRT_FILES, "bad-file",
            "%s: targets in column order (Fortran's) can be read only for real numbers: "
            "save np.ascontiguousarray(y)",
            name);
    }
    return true;
}

bool nnrt_array_targets(nnrt_array *array, nnrt_source *source, nnrt_error *e)
{
    if (!check_targets(array, source, e))
        return false;
    source->target_rank = array->rank - 1;
    for (int i = 1; i < array->rank; i++)
        source->target_shape[i - 1] = array->shape[i];
    source->target_size = array->count / array->shape[0];

    if (is_text(array)) {
        source->kind = NNRT_LABEL_TEXT;
        return read_texts(array, source, e);
    }
    if (array->element == NNRT_ELEMENT_FLOAT) {
        source->kind = NNRT_LABEL_REAL;
        return (source->real = nnrt_floats_new(array->count, e)) &&
               wide_room(array, &source->exact, e) &&
               read_floats(array, source->real, source->exact, e);
    }
    source->kind = NNRT_LABEL_INTEGER;
    source->integer = malloc((size_t)array->count * sizeof *source->integer);
    if (!source->integer)
        return nnrt_no_memory_for(e, nnrt_stream_name(array->stream));
    return read_integers(array, source->integer, e);
}
