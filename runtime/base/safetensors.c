/* safetensors.c: reading and writing of weights files (safetensors.h). */
#include "base/safetensors.h"
#include "base/atomic_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors are copied to and from little-endian files");

/* the limit is the reference implementation's */
enum { LENGTH_BYTES = 8, HEADER_LIMIT = 100000000, CHUNK = 16384 };

typedef enum conversion {
    CONVERT_NONE,
    CONVERT_F32,
    CONVERT_F64,
    CONVERT_F16,
    CONVERT_BF16
} conversion;

static const struct {
    const char *name;
    int bytes;
    conversion conversion;
} dtypes[] = {
    { "F32", 4, CONVERT_F32 },   { "F64", 8, CONVERT_F64 },      { "F16", 2, CONVERT_F16 },
    { "BF16", 2, CONVERT_BF16 }, { "I64", 8, CONVERT_NONE },     { "I32", 4, CONVERT_NONE },
    { "I16", 2, CONVERT_NONE },  { "I8", 1, CONVERT_NONE },      { "U64", 8, CONVERT_NONE },
    { "U32", 4, CONVERT_NONE },  { "U16", 2, CONVERT_NONE },     { "U8", 1, CONVERT_NONE },
    { "BOOL", 1, CONVERT_NONE }, { "F8_E4M3", 1, CONVERT_NONE }, { "F8_E5M2", 1, CONVERT_NONE },
};

/* ---- writing ---- */
static json_t *header_of(const nnrt_tensor_out *tensors, size_t count, const json_t *metadata)
{
    json_t *header = json_object();
    uint64_t at = 0;
    if (metadata && json_object_size(metadata))
        json_object_set(header, "__metadata__", (json_t *)metadata);
    for (size_t i = 0; i < count; i++) {
        const nnrt_tensor_out *t = &tensors[i];
        json_t *shape = json_array();
        uint64_t bytes = sizeof(float);
        for (int k = 0; k < t->rank; k++) {
            json_array_append_new(shape, json_integer(t->dims[k]));
            bytes *= (uint64_t)t->dims[k];
        }
        bool twice = json_object_get(header, t->name) != NULL;
        json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape,
                                  "data_offsets", (json_int_t)at, (json_int_t)(at + bytes));
        /* fails where the name is not UTF-8 */
        if (json_object_set_new(header, t->name, entry) != 0 || twice) {
            json_decref(header);
            return NULL;
        }
        at += bytes;
    }
    return header;
}

static bool write_header(FILE *out, const char *text)
{
    size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    uint64_t stored = padded;
    return fwrite(&stored, LENGTH_BYTES, 1, out) == 1 && fwrite(text, 1, length, out) == length &&
           fwrite("       ", 1, padded - length, out) == padded - length;
}

static bool write_tensor(FILE *out, const nnrt_tensor_out *tensor)
{
    size_t elements = 1;
    for (int k = 0; k < tensor->rank; k++)
        elements *= (size_t)tensor->dims[k];
    return elements == 0 || fwrite(tensor->data, sizeof(float), elements, out) == elements;
}

bool nnrt_safetensors_write(const char *path, const nnrt_tensor_out *tensors, size_t count,
                            const json_t *metadata, nnrt_error *e)
{
    json_t *header = header_of(tensors, count, metadata);
    char *text = header ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    if (!text) {
        return nnrt_fail(e, NNRT_FILES, "write-failed",
                         "%s: can't be written: a tensor's name is there twice or is not UTF-8",
                         path);
    }
    nnrt_atomic_file *file = nnrt_atomic_open(path, e);
    if (!file) {
        free(text);
        return false;
    }

    errno = 0;
    bool ok = write_header(file->stream, text);
    free(text);
    for (size_t i = 0; ok && i < count; i++)
        ok = write_tensor(file->stream, &tensors[i]);
    if (ok)
        return nnrt_atomic_commit(file, e);
    nnrt_fail(e, NNRT_FILES, "write-failed", "%s: can't be written: %s", path, strerror(errno));
    nnrt_atomic_abort(file);
    return false;
}

/* ---- reading ---- */
struct nnrt_safetensors {
    int fd;
    char *path;
    uint64_t data;  /* where the tensors' bytes begin in the file */
    json_t *header; /* owns the names */
    nnrt_tensor_in *tensors;
    size_t count;
    size_t *by_name;
    int64_t *dims; /* of all tensors */
};

__attribute__((format(printf, 3, 4))) static bool
fail_weights(const nnrt_safetensors *file, nnrt_error *e, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nnrt_fail(e, NNRT_FILES, "bad-weights", "%s: %s", file->path, text);
}

static bool fail_memory(const char *path, nnrt_error *e)
{
    return nnrt_fail(e, NNRT_FILES, "out-of-memory", "%s: not enough memory to read it", path);
}

static bool read_at(int fd, void *to, size_t bytes, uint64_t offset)
{
    char *at = to;
    while (bytes) {
        ssize_t got = pread(fd, at, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        bytes -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

static int dtype_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return (int)i;
    return -1;
}

static bool is_size(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* The sizes and the number of elements of a shape. A size of 0 makes it 0. */
static bool read_shape(const nnrt_safetensors *file, const json_t *shape, nnrt_tensor_in *tensor,
                       int64_t *dims, nnrt_error *e)
{
    bool overflow = false, empty = false;
    tensor->rank = (int)json_array_size(shape);
    tensor->dims = dims;
    tensor->elements = 1;
    for (int k = 0; k < tensor->rank; k++) {
        if (!is_size(json_array_get(shape, (size_t)k))) {
            return fail_weights(file, e, "tensor '%s' has a size that is not a whole number from 0",
                                tensor->name);
        }
        dims[k] = json_integer_value(json_array_get(shape, (size_t)k));
        empty |= dims[k] == 0;
        overflow |= dims[k] && __builtin_mul_overflow(tensor->elements, dims[k], &tensor->elements);
    }
    if (empty)
        tensor->elements = 0;
    return empty || !overflow ||
           fail_weights(file, e, "tensor '%s' is larger than can be", tensor->name);
}

/* One entry of the header, into `tensor`; its sizes go to `dims`. */
static bool read_entry(const nnrt_safetensors *file, const char *name, const json_t *entry,
                       nnrt_tensor_in *tensor, int64_t *dims, nnrt_error *e)
{
    const json_t *shape = json_object_get(entry, "shape"),
                 *offsets = json_object_get(entry, "data_offsets"),
                 *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    int row = dtype_of(dtype);
    if (!dtype)
        return fail_weights(file, e, "tensor '%s' has no dtype", name);
    if (row < 0)
        return fail_weights(file, e, "tensor '%s' has the unknown type '%s'", name, dtype);
    if (!json_is_array(shape))
        return fail_weights(file, e, "tensor '%s' has no shape", name);
    if (json_array_size(offsets) != 2 || !is_size(begin) || !is_size(end))
        return fail_weights(file, e, "tensor '%s' has no data_offsets of two sizes", name);

    *tensor = (nnrt_tensor_in){ .name = name,
                                .dtype = dtypes[row].name,
                                .real = dtypes[row].conversion != CONVERT_NONE,
                                .begin = (uint64_t)json_integer_value(begin),
                                .end = (uint64_t)json_integer_value(end) };
    if (!read_shape(file, shape, tensor, dims, e))
        return false;
    int64_t bytes;
    if (__builtin_mul_overflow(tensor->elements, (int64_t)dtypes[row].bytes, &bytes))
        return fail_weights(file, e, "tensor '%s' is larger than can be", name);
    if (tensor->end < tensor->begin || tensor->end - tensor->begin != (uint64_t)bytes) {
        return fail_weights(
            file, e, "tensor '%s' of %s needs %lld bytes and its data_offsets are %llu to %llu",
            name, dtypes[row].name, (long long)bytes, (unsigned long long)tensor->begin,
            (unsigned long long)tensor->end);
    }
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    const nnrt_tensor_in *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b, void *tensors)
{
    const nnrt_tensor_in *t = tensors;
    return strcmp(t[*(const size_t *)a].name, t[*(const size_t *)b].name);
}

static bool check_metadata(const nnrt_safetensors *file, const json_t *metadata, nnrt_error *e)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return fail_weights(file, e, "its __metadata__ is not an object");
    json_object_foreach ((json_t *)metadata, key, value) {
        if (!json_is_string(value))
            return fail_weights(file, e, "its __metadata__ '%s' is not a text", key);
    }
    return true;
}

static bool allocate_tensors(nnrt_safetensors *file, nnrt_error *e)
{
    const char *name;
    json_t *entry;
    size_t sizes = 0, most = json_object_size(file->header);
    json_object_foreach (file->header, name, entry) {
        sizes += json_array_size(json_object_get(entry, "shape"));
    }
    file->tensors = calloc(most + 1, sizeof *file->tensors);
    file->by_name = calloc(most + 1, sizeof *file->by_name);
    file->dims = calloc(sizes + 1, sizeof *file->dims);
    return (file->tensors && file->by_name && file->dims) || fail_memory(file->path, e);
}

/* In order of their bytes: no hole, no overlap, nothing left over. */
static bool check_offsets(const nnrt_safetensors *file, uint64_t data_bytes, nnrt_error *e)
{
    uint64_t end = 0;
    for (size_t i = 0; i < file->count; i++) {
        const nnrt_tensor_in *t = &file->tensors[i];
        if (t->begin != end) {
            return fail_weights(file, e, "tensor '%s' begins at byte %llu, where %llu %s", t->name,
                                (unsigned long long)t->begin, (unsigned long long)end,
                                t->begin < end ? "are taken already" : "was to come next");
        }
        if (t->end > data_bytes)
            return fail_weights(file, e, "ends within tensor '%s'", t->name);
        end = t->end;
    }
    return end == data_bytes || fail_weights(file, e, "%llu bytes are left over after its tensors",
                                             (unsigned long long)(data_bytes - end));
}

/* Entries into tensors, in order of their bytes, and their numbers in order of their names. */
static bool read_entries(nnrt_safetensors *file, uint64_t data_bytes, nnrt_error *e)
{
    const char *name;
    json_t *entry;
    size_t at = 0;
    if (!allocate_tensors(file, e))
        return false;
    json_object_foreach (file->header, name, entry) {
        if (strcmp(name, "__metadata__") == 0) {
            if (!check_metadata(file, entry, e))
                return false;
            continue;
        }
        if (!json_is_object(entry))
            return fail_weights(file, e, "tensor '%s' is not described by an object", name);
        nnrt_tensor_in *tensor = &file->tensors[file->count];
        if (!read_entry(file, name, entry, tensor, file->dims + at, e))
            return false;
        at += (size_t)tensor->rank;
        file->count++;
    }

    qsort(file->tensors, file->count, sizeof *file->tensors, by_bytes);
    if (!check_offsets(file, data_bytes, e))
        return false;
    for (size_t i = 0; i < file->count; i++)
        file->by_name[i] = i;
    qsort_r(file->by_name, file->count, sizeof *file->by_name, by_name, file->tensors);
    return true;
}

/* What a file is whose first bytes can't be a length; NULL: not known. */
static const char *other_format(uint64_t first)
{
    static const struct {
        const char *begins, *what;
    } known[] = {
        { "PK\x03\x04",
          "is a PyTorch file (or another zip archive), not safetensors: convert it in "
          "Python by safetensors.torch.save_file(torch.load(\"f.pt\"), "
          "\"f.safetensors\")" },
        { "\x80\x02",
          "is a Python pickle, as old PyTorch files are, not safetensors: convert it in "
          "Python by safetensors.torch.save_file(torch.load(\"f.pt\"), "
          "\"f.safetensors\")" },
        { "\x89HDF", "is an HDF5 file, as Keras has them, not safetensors" },
        { "\x93NUMPY", "is a NumPy array, not safetensors" },
        { "GGUF", "is a GGUF file, not safetensors" },
    };

    char bytes[sizeof first];
    memcpy(bytes, &first, sizeof first);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (first > HEADER_LIMIT && !memcmp(bytes, known[i].begins, strlen(known[i].begins)))
            return known[i].what;
    return NULL;
}

/* The header's length, judged against the file's. */
static bool read_length(const nnrt_safetensors *file, uint64_t size, uint64_t *length,
                        nnrt_error *e)
{
    if (size < LENGTH_BYTES || !read_at(file->fd, length, LENGTH_BYTES, 0)) {
        return fail_weights(file, e, "%llu bytes are not a safetensors file",
                            (unsigned long long)size);
    }
    const char *other = other_format(*length);
    if (other)
        return fail_weights(file, e, "%s", other);
    if (*length > size - LENGTH_BYTES) {
        return fail_weights(
            file, e,
            "is not a whole safetensors file: a header of %llu bytes is announced, %llu follow",
            (unsigned long long)*length, (unsigned long long)(size - LENGTH_BYTES));
    }
    return *length <= HEADER_LIMIT ||
           fail_weights(file, e, "its header of %llu bytes is beyond all measure",
                        (unsigned long long)*length);
}

static bool read_header(nnrt_safetensors *file, nnrt_error *e)
{
    struct stat status;
    uint64_t length;
    if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode))
        return fail_weights(file, e, "is not a regular file");
    uint64_t size = (uint64_t)status.st_size;
    if (!read_length(file, size, &length, e))
        return false;
    char *text = malloc(length + 1);
    if (!text)
        return fail_memory(file->path, e);

    bool read = read_at(file->fd, text, length, LENGTH_BYTES), brace = length && text[0] == '{';
    json_error_t why = { .text = "" };
    if (read && brace)
        file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (!read)
        return fail_weights(file, e, "can't be read: %s", strerror(errno));
    if (!brace)
        return fail_weights(file, e, "its header does not begin with a brace");
    if (!file->header)
        return fail_weights(file, e, "its header is not JSON: %s", why.text);
    file->data = LENGTH_BYTES + length;
    return read_entries(file, size - file->data, e);
}

nnrt_safetensors *nnrt_safetensors_open(const char *path, nnrt_error *e)
{
    nnrt_safetensors *file = calloc(1, sizeof *file);
    struct stat status;
    if (!file || !(file->path = strdup(path))) {
        free(file);
        fail_memory(path, e);
        return NULL;
    }
    file->fd = -1;
    if (stat(path, &status) != 0) {
        nnrt_fail(e, NNRT_FILES,
                  errno == ENOENT || errno == ENOTDIR ? "missing-file" : "bad-weights",
                  "%s: can't be read: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) { /* a pipe would make us wait */
        fail_weights(file, e, "is not a regular file");
    } else if ((file->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        fail_weights(file, e, "can't be read: %s", strerror(errno));
    } else if (read_header(file, e)) {
        return file;
    }
    nnrt_safetensors_close(file);
    return NULL;
}

void nnrt_safetensors_close(nnrt_safetensors *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    json_decref(file->header);
    free(file->tensors);
    free(file->by_name);
    free(file->dims);
    free(file->path);
    free(file);
}

size_t nnrt_safetensors_count(const nnrt_safetensors *file)
{
    return file->count;
}

const nnrt_tensor_in *nnrt_safetensors_at(const nnrt_safetensors *file, size_t i)
{
    return i < file->count ? &file->tensors[i] : NULL;
}

const nnrt_tensor_in *nnrt_safetensors_find(const nnrt_safetensors *file, const char *name)
{
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const nnrt_tensor_in *t = &file->tensors[file->by_name[middle]];
        int order = strcmp(name, t->name);
        if (order == 0)
            return t;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *nnrt_safetensors_metadata(const nnrt_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float from_f16(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
             fraction = half & 1023;
    if (exponent == 31)
        return from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent)
        return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float value = (float)fraction * 0x1p-24f;
    return sign ? -value : value;
}

typedef union chunk {
    double f64[CHUNK / sizeof(double)];
    uint16_t f16[CHUNK / sizeof(uint16_t)];
} chunk;

static void convert(conversion how, const chunk *from, float *to, size_t n)
{
    switch (how) {
    case CONVERT_F64:
        for (size_t i = 0; i < n; i++)
            to[i] = (float)from->f64[i];
        break;
    case CONVERT_F16:
        for (size_t i = 0; i < n; i++)
            to[i] = from_f16(from->f16[i]);
        break;
    default: /* BF16 */
        for (size_t i = 0; i < n; i++)
            to[i] = from_bits((uint32_t)from->f16[i] << 16);
    }
}

bool nnrt_safetensors_read(const nnrt_safetensors *file, const nnrt_tensor_in *tensor, float *out,
                           nnrt_error *e)
{
    int row = dtype_of(tensor->dtype);
    conversion how = dtypes[row].conversion;
    size_t bytes = (size_t)dtypes[row].bytes;
    uint64_t at = file->data + tensor->begin, left = (uint64_t)tensor->elements;
    if (how == CONVERT_NONE) {
        return fail_weights(file, e, "tensor '%s' holds %s, which are not weights", tensor->name,
                            tensor->dtype);
    }
    if (how == CONVERT_F32) {
        return read_at(file->fd, out, left * bytes, at) ||
               fail_weights(file, e, "tensor '%s' can't be read", tensor->name);
    }

    chunk part;
    while (left) {
        size_t n = left < CHUNK / bytes ? (size_t)left : CHUNK / bytes;
        if (!read_at(file->fd, &part, n * bytes, at))
            return fail_weights(file, e, "tensor '%s' can't be read", tensor->name);
        convert(how, &part, out, n);
        out += n;
        left -= n;
        at += n * bytes;
    }
    return true;
}
