/* stream.c: the bytes of plain files, of gzip files (RFC 1952), Zstandard files (RFC 8878) and zip
 * members through one door
 * (stream.h). */
#include "base/stream.h"
#include "base/zip.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

/* deflate never shrinks by more (zlib's technical note) */
enum { BUFFER = 1 << 16, DEFLATE_RATIO = 1032 };

/* Zstandard may shrink far more; beyond this, a file that packs tighter than deflate can is taken
 * for one made to fill the memory. */
static const int64_t zstd_allowed = INT64_C(1) << 30;

struct nnrt_stream {
    int fd;
    const char *name;
    int64_t left;  /* compressed (or plain) bytes not yet read from the file */
    int64_t bound; /* uncompressed bytes that may yet come */
    bool inflating, gzip, ended;
    bool checked; /* a zip member: its CRC and length are known */
    uint32_t crc, expected_crc;
    z_stream z;
#ifdef HAVE_ZSTD
    ZSTD_DStream *zstd;
    ZSTD_inBuffer packed; /* in the buffer */
    bool in_frame;
#endif
    unsigned char buffer[BUFFER];
};

static bool fail_read(const char *name, int why, nnrt_error *e)
{
    bool missing = why == ENOENT || why == ENOTDIR;
    return nnrt_fail(e, NNRT_FILES, missing ? "missing-file" : "unreadable-file", "%s: %s", name,
                     missing ? "there is no such file" : strerror(why));
}

static int64_t read_some(int fd, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = read(fd, (char *)to + done, bytes - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

static nnrt_stream *open_plain(const char *path, const char *name, nnrt_error *e)
{
    struct stat status;
    nnrt_stream *stream = NULL;
    int fd = -1;
    if (stat(path, &status) != 0)
        fail_read(name, errno, e);
    else if (S_ISDIR(status.st_mode))
        fail_read(name, EISDIR, e);
    else if (!S_ISREG(status.st_mode))
        nnrt_fail(e, NNRT_FILES, "unreadable-file", "%s: is not a regular file", name);
    else if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        fail_read(name, errno, e);
    else if (!(stream = calloc(1, sizeof *stream)))
        nnrt_fail(e, NNRT_FILES, "out-of-memory", "%s: not enough memory to read it", name);
    if (!stream) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    stream->fd = fd;
    stream->name = name;
    stream->left = stream->bound = status.st_size;
    return stream;
}

static bool start_inflating(nnrt_stream *stream, int window, nnrt_error *e)
{
    if (inflateInit2(&stream->z, window) != Z_OK) {
        return nnrt_fail(e, NNRT_FILES, "out-of-memory", "%s: not enough memory to unpack it",
                         stream->name);
    }
    stream->inflating = true;
    if (__builtin_mul_overflow(stream->left, (int64_t)DEFLATE_RATIO, &stream->bound))
        stream->bound = INT64_MAX;
    return true;
}

static bool start_zstd(nnrt_stream *stream, nnrt_error *e)
{
#ifdef HAVE_ZSTD
    int64_t most;
    if (!(stream->zstd = ZSTD_createDStream())) {
        return nnrt_fail(e, NNRT_FILES, "out-of-memory", "%s: not enough memory to unpack it",
                         stream->name);
    }
    if (__builtin_mul_overflow(stream->left, (int64_t)DEFLATE_RATIO, &most))
        most = INT64_MAX;
    stream->bound = most < zstd_allowed ? zstd_allowed : most;
    return true;
#else
    return nnrt_fail(e, NNRT_FILES, "not-available",
                     "%s: is packed by Zstandard, which this nnc was built without (Debian "
                     "package: libzstd-dev)",
                     stream->name);
#endif
}

/* How a file is packed is told by its first bytes. */
static bool start_unpacking(nnrt_stream *stream, nnrt_error *e)
{
    static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
    unsigned char magic[4] = { 0 };
    ssize_t got = pread(stream->fd, magic, sizeof magic, 0);

    if (got >= 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
        stream->gzip = true;
        return start_inflating(stream, 15 + 16, e);
    }
    return got < 4 || memcmp(magic, zstd, sizeof zstd) != 0 || start_zstd(stream, e);
}

nnrt_stream *nnrt_stream_open(const char *path, const char *name, nnrt_error *e)
{
    nnrt_stream *stream = open_plain(path, name, e);

    if (stream && !start_unpacking(stream, e)) {
        nnrt_stream_close(stream);
        return NULL;
    }
    return stream;
}

void nnrt_stream_close(nnrt_stream *stream)
{
    if (!stream)
        return;
    if (stream->inflating)
        inflateEnd(&stream->z);
#ifdef HAVE_ZSTD
    ZSTD_freeDStream(stream->zstd);
#endif
    close(stream->fd);
    free(stream);
}

static bool is_packed(const nnrt_stream *stream)
{
#ifdef HAVE_ZSTD
    if (stream->zstd)
        return true;
#endif
    return stream->inflating;
}

/* Compressed bytes into the buffer; false: an error. At the end z.avail_in stays 0. */
static bool refill(nnrt_stream *stream, nnrt_error *e)
{
    int64_t want = stream->left < BUFFER ? stream->left : BUFFER,
            got = read_some(stream->fd, stream->buffer, (size_t)want);
    if (got < 0)
        return fail_read(stream->name, errno, e);
    stream->left = got < want ? 0 : stream->left - got;
    stream->z.next_in = stream->buffer;
    stream->z.avail_in = (uInt)got;
    return true;
}

/* A gzip file may be several, one after another. False: an error. */
static bool end_of_deflated(nnrt_stream *stream, nnrt_error *e)
{
    if (stream->gzip && !stream->z.avail_in && stream->left && !refill(stream, e))
        return false;
    if (stream->gzip && stream->z.avail_in)
        inflateReset(&stream->z);
    else
        stream->ended = true;
    return true;
}

/* What inflate() says went wrong, unless it is only that more bytes are needed. */
static bool check_inflate(const nnrt_stream *stream, int status, nnrt_error *e)
{
    if (status == Z_BUF_ERROR && !stream->z.avail_in && !stream->left) {
        return nnrt_fail(e, NNRT_FILES, "short-file", "%s: the compressed data ends too soon",
                         stream->name);
    }
    if (status != Z_OK && status != Z_BUF_ERROR) {
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: the compressed data is damaged: %s",
                         stream->name, stream->z.msg ? stream->z.msg : "its checksum differs");
    }
    return true;
}

static int64_t read_inflated(nnrt_stream *stream, unsigned char *to, size_t bytes, nnrt_error *e)
{
    size_t done = 0;
    while (done < bytes && !stream->ended) {
        if (!stream->z.avail_in && !refill(stream, e))
            return -1;
        size_t room = bytes - done < BUFFER * 16 ? bytes - done : BUFFER * 16;
        stream->z.next_out = to + done;
        stream->z.avail_out = (uInt)room;
        int status = inflate(&stream->z, Z_NO_FLUSH);
        done += room - stream->z.avail_out;
        bool ok =
            status == Z_STREAM_END ? end_of_deflated(stream, e) : check_inflate(stream, status, e);
        if (!ok)
            return -1;
    }
    return (int64_t)done;
}

#ifdef HAVE_ZSTD
/* Packed bytes into the buffer; at the end, an unfinished frame is an error. */
static bool refill_zstd(nnrt_stream *stream, nnrt_error *e)
{
    int64_t want = stream->left < BUFFER ? stream->left : BUFFER,
            got = read_some(stream->fd, stream->buffer, (size_t)want);
    if (got < 0)
        return fail_read(stream->name, errno, e);

    stream->left = got < want ? 0 : stream->left - got;
    stream->packed = (ZSTD_inBuffer){ stream->buffer, (size_t)got, 0 };
    stream->ended = got == 0;
    return got || !stream->in_frame ||
           nnrt_fail(e, NNRT_FILES, "short-file", "%s: the compressed data ends too soon",
                     stream->name);
}

static int64_t read_zstd(nnrt_stream *stream, void *to, size_t bytes, nnrt_error *e)
{
    ZSTD_outBuffer out = { to, bytes, 0 };

    while (out.pos < bytes && !stream->ended) {
        size_t before = out.pos, at = stream->packed.pos;
        size_t left = ZSTD_decompressStream(stream->zstd, &out, &stream->packed);
        if (ZSTD_isError(left)) {
            nnrt_fail(e, NNRT_FILES, "bad-file", "%s: the compressed data is damaged: %s",
                      stream->name, ZSTD_getErrorName(left));
            return -1;
        }
        if (out.pos > before || stream->packed.pos > at)
            stream->in_frame = left > 0;
        if (stream->packed.pos == stream->packed.size && out.pos == before &&
            !refill_zstd(stream, e)) {
            return -1;
        }
    }
    if ((int64_t)out.pos > stream->bound) {
        nnrt_fail(e, NNRT_FILES, "bad-file",
                  "%s: unpacks to more than a thousand times its size: it is not a table",
                  stream->name);
        snprintf(e->help, sizeof e->help, "where it is one, unpack it with `zstd -d` first");
        return -1;
    }
    return (int64_t)out.pos;
}
#endif

static int64_t read_plain(nnrt_stream *stream, void *to, size_t bytes, nnrt_error *e)
{
    size_t want = stream->left < (int64_t)bytes ? (size_t)stream->left : bytes;
    int64_t got = read_some(stream->fd, to, want);
    if (got < 0)
        fail_read(stream->name, errno, e);
    else
        stream->left = got < (int64_t)want ? 0 : stream->left - got;
    return got;
}

/* Adds bytes that were read to a zip member's checksum, and compares it at the end. */
static bool check_bytes(nnrt_stream *stream, const unsigned char *bytes, int64_t count,
                        nnrt_error *e)
{
    const int64_t piece = 1 << 30;
    for (int64_t at = 0; at < count; at += piece) {
        stream->crc = (uint32_t)crc32(stream->crc, bytes + at,
                                      (uInt)(count - at < piece ? count - at : piece));
    }
    bool whole = stream->inflating ? stream->ended : stream->left == 0;
    return !whole || stream->crc == stream->expected_crc ||
           nnrt_fail(e, NNRT_FILES, "bad-file", "%s: its checksum differs: the file is damaged",
                     stream->name);
}

static int64_t read_any(nnrt_stream *stream, void *to, size_t bytes, nnrt_error *e)
{
#ifdef HAVE_ZSTD
    if (stream->zstd)
        return read_zstd(stream, to, bytes, e);
#endif
    return stream->inflating ? read_inflated(stream, to, bytes, e)
                             : read_plain(stream, to, bytes, e);
}

int64_t nnrt_stream_read(nnrt_stream *stream, void *to, size_t bytes, nnrt_error *e)
{
    if (bytes == 0)
        return 0;
    int64_t got = read_any(stream, to, bytes, e);
    if (got < 0)
        return -1;
    if (stream->bound != INT64_MAX)
        stream->bound -= got < stream->bound ? got : stream->bound;
    if (stream->checked && !check_bytes(stream, to, got, e))
        return -1;
    return got;
}

bool nnrt_stream_need(nnrt_stream *stream, void *to, size_t bytes, nnrt_error *e)
{
    int64_t got = nnrt_stream_read(stream, to, bytes, e);
    if (got < 0)
        return false;
    return got == (int64_t)bytes ||
           nnrt_fail(e, NNRT_FILES, "short-file",
                     "%s: ends too soon: %lld of the next %lld bytes are there", stream->name,
                     (long long)got, (long long)bytes);
}

int64_t nnrt_stream_bound(const nnrt_stream *stream)
{
    return stream->bound;
}

bool nnrt_stream_end(nnrt_stream *stream, nnrt_error *e)
{
    char more;
    int64_t got = nnrt_stream_read(stream, &more, 1, e);
    if (got < 0)
        return false;
    return got == 0 || nnrt_fail(e, NNRT_FILES, "bad-file",
                                 "%s: holds more bytes than its header says", stream->name);
}

char *nnrt_stream_rest(nnrt_stream *stream, size_t *length, nnrt_error *e)
{
    size_t capacity = is_packed(stream) ? BUFFER : (size_t)stream->left + 1, used = 0;
    char *text = malloc(capacity + 1);
    while (text) {
        int64_t got = nnrt_stream_read(stream, text + used, capacity - used, e);
        if (got < 0) {
            free(text);
            return NULL;
        }
        used += (size_t)got;
        if (used < capacity)
            break;
        char *grown = capacity > SIZE_MAX / 4 ? NULL : realloc(text, capacity * 2 + 1);
        if (!grown)
            free(text);
        text = grown;
        capacity *= 2;
    }
    if (!text) {
        nnrt_fail(e, NNRT_FILES, "out-of-memory", "%s: not enough memory to read it", stream->name);
        return NULL;
    }
    text[used] = '\0';
    *length = used;
    return text;
}

const char *nnrt_stream_name(const nnrt_stream *stream)
{
    return stream->name;
}

nnrt_stream *nnrt_stream_open_member(const char *path, const char *name, const char *wanted,
                                     nnrt_error *e)
{
    nnrt_stream *stream = open_plain(path, name, e);
    nnrt_zip_member m;
    if (!stream)
        return NULL;
    bool ok = nnrt_zip_find(stream->fd, (uint64_t)stream->left, name, wanted, &m, e);
    if (ok && lseek(stream->fd, (off_t)m.offset, SEEK_SET) < 0)
        ok = fail_read(name, errno, e);
    if (ok) {
        stream->left = (int64_t)m.packed;
        ok = !m.deflated || start_inflating(stream, -15, e);
    }
    if (!ok) {
        nnrt_stream_close(stream);
        return NULL;
    }

    int64_t most = m.deflated ? stream->bound : stream->left;
    stream->bound = m.size < (uint64_t)most ? (int64_t)m.size : most;
    stream->checked = true;
    stream->expected_crc = m.crc;
    return stream;
}
