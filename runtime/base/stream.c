/* stream.c: plain, gzip and zip-member bytes through one door (stream.h). The formats: RFC 1952,
 * and PKWARE's APPNOTE.TXT for zip. */
#include "base/stream.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* deflate never shrinks by more (zlib's technical note) */
enum { BUFFER = 1 << 16, DEFLATE_RATIO = 1032 };

struct nnrt_stream {
    int fd;
    const char *name;
    int64_t left;  /* compressed (or plain) bytes not yet read from the file */
    int64_t bound; /* uncompressed bytes that may yet come */
    bool inflating, gzip, ended;
    bool checked; /* a zip member: its CRC and length are known */
    uint32_t crc, want_crc;
    z_stream z;
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
        nnrt_fail(e, NNRT_FILES, "unreadable-file", "%s: is no regular file", name);
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

nnrt_stream *nnrt_stream_open(const char *path, const char *name, nnrt_error *e)
{
    nnrt_stream *stream = open_plain(path, name, e);
    if (!stream)
        return NULL;
    unsigned char magic[2] = { 0 };
    if (pread(stream->fd, magic, sizeof magic, 0) == sizeof magic && magic[0] == 0x1f &&
        magic[1] == 0x8b) {
        stream->gzip = true;
        if (!start_inflating(stream, 15 + 16, e)) {
            nnrt_stream_close(stream);
            return NULL;
        }
    }
    return stream;
}

void nnrt_stream_close(nnrt_stream *stream)
{
    if (!stream)
        return;
    if (stream->inflating)
        inflateEnd(&stream->z);
    close(stream->fd);
    free(stream);
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

static int64_t read_inflated(nnrt_stream *stream, unsigned char *to, size_t bytes, nnrt_error *e)
{
    size_t done = 0;
    while (done < bytes && !stream->ended) {
        if (!stream->z.avail_in && !refill(stream, e))
            return -1;
        size_t room = bytes - done < BUFFER * 16 ? bytes - done : BUFFER * 16;
        stream->z.next_out = to + done;
        stream->z.avail_out = (uInt)room;
        int got = inflate(&stream->z, Z_NO_FLUSH);
        done += room - stream->z.avail_out;
        if (got == Z_STREAM_END) {
            /* A gzip file may be several, one behind another. */
            if (stream->gzip && !stream->z.avail_in && stream->left && !refill(stream, e))
                return -1;
            if (stream->gzip && stream->z.avail_in)
                inflateReset(&stream->z);
            else
                stream->ended = true;
        } else if (got == Z_BUF_ERROR && !stream->z.avail_in && !stream->left) {
            nnrt_fail(e, NNRT_FILES, "short-file", "%s: the compressed data ends too soon",
                      stream->name);
            return -1;
        } else if (got != Z_OK && got != Z_BUF_ERROR) {
            nnrt_fail(e, NNRT_FILES, "bad-file", "%s: the compressed data is damaged: %s",
                      stream->name, stream->z.msg ? stream->z.msg : "its checksum differs");
            return -1;
        }
    }
    return (int64_t)done;
}

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

int64_t nnrt_stream_read(nnrt_stream *stream, void *to, size_t bytes, nnrt_error *e)
{
    if (bytes == 0)
        return 0;
    int64_t got =
        stream->inflating ? read_inflated(stream, to, bytes, e) : read_plain(stream, to, bytes, e);
    if (got < 0)
        return -1;
    if (stream->bound != INT64_MAX)
        stream->bound -= got < stream->bound ? got : stream->bound;
    if (stream->checked) {
        for (int64_t at = 0; at < got; at += 1 << 30) {
            stream->crc = (uint32_t)crc32(stream->crc, (const unsigned char *)to + at,
                                          (uInt)(got - at < 1 << 30 ? got - at : 1 << 30));
        }
        bool whole = stream->inflating ? stream->ended : stream->left == 0;
        if (whole && stream->crc != stream->want_crc) {
            nnrt_fail(e, NNRT_FILES, "bad-file", "%s: its checksum differs: the file is damaged",
                      stream->name);
            return -1;
        }
    }
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
    size_t capacity = stream->inflating ? BUFFER : (size_t)stream->left + 1, used = 0;
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

/* ---- zip ---- */
enum {
    END_SIGNATURE = 0x06054b50,
    END_SIZE = 22,
    END_COMMENT = 65535,
    LOCATOR_SIGNATURE = 0x07064b50,
    LOCATOR_SIZE = 20,
    END64_SIGNATURE = 0x06064b50,
    END64_SIZE = 56,
    ENTRY_SIGNATURE = 0x02014b50,
    ENTRY_SIZE = 46,
    LOCAL_SIGNATURE = 0x04034b50,
    LOCAL_SIZE = 30,
    EXTRA_ZIP64 = 1,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
    FLAG_ENCRYPTED = 1
};

static uint64_t little(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static bool no_archive(const char *name, nnrt_error *e)
{
    return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: is no whole .npz file (a zip archive)", name);
}

static bool pread_whole(int fd, void *to, size_t bytes, uint64_t offset)
{
    return offset <= INT64_MAX && pread(fd, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

/* Where the central directory lies, from the record at the archive's end. NULL: an error. free() */
static unsigned char *read_directory(nnrt_stream *stream, size_t *length, uint64_t *entries,
                                     nnrt_error *e)
{
    int64_t size = stream->left,
            tail = size < END_SIZE + END_COMMENT ? size : END_SIZE + END_COMMENT;
    unsigned char *end = malloc((size_t)tail + 1), *directory = NULL, more[END64_SIZE];
    uint64_t at = 0, bytes = 0;
    bool found = false;
    if (end && pread_whole(stream->fd, end, (size_t)tail, (uint64_t)(size - tail))) {
        for (int64_t i = tail - END_SIZE; i >= 0 && !found; i--) {
            if (little(end + i, 4) != END_SIGNATURE)
                continue;
            found = true;
            *entries = little(end + i + 10, 2), bytes = little(end + i + 12, 4),
            at = little(end + i + 16, 4);
            int64_t locator = size - tail + i - LOCATOR_SIZE;
            if ((*entries == 0xffff || bytes == 0xffffffff || at == 0xffffffff) && locator >= 0 &&
                pread_whole(stream->fd, more, LOCATOR_SIZE, (uint64_t)locator) &&
                little(more, 4) == LOCATOR_SIGNATURE &&
                pread_whole(stream->fd, more, END64_SIZE, little(more + 8, 8)) &&
                little(more, 4) == END64_SIGNATURE) {
                *entries = little(more + 32, 8), bytes = little(more + 40, 8),
                at = little(more + 48, 8);
            }
        }
    }
    free(end);
    found = found && at <= (uint64_t)size && bytes <= (uint64_t)size - at &&
            (directory = malloc(bytes + 1)) && pread_whole(stream->fd, directory, bytes, at);
    if (!found) {
        free(directory);
        no_archive(stream->name, e);
        return NULL;
    }
    *length = bytes;
    return directory;
}

typedef struct member {
    uint64_t packed, size, offset;
    uint32_t crc;
    unsigned method, flags;
} member;

/* Sizes of 2^32 - 1 stand in the entry's extra field, in this order. */
static bool read_zip64(member *m, const unsigned char *extra, size_t length)
{
    uint64_t *wide[] = { &m->size, &m->packed, &m->offset };
    for (size_t at = 0; at + 4 <= length;) {
        size_t id = little(extra + at, 2), bytes = little(extra + at + 2, 2), used = 0;
        if (bytes > length - at - 4)
            return false;
        for (size_t i = 0; id == EXTRA_ZIP64 && i < 3; i++) {
            if (*wide[i] != 0xffffffff)
                continue;
            if (used + 8 > bytes)
                return false;
            *wide[i] = little(extra + at + 4 + used, 8);
            used += 8;
        }
        at += 4 + bytes;
    }
    return true;
}

static bool find_member(nnrt_stream *stream, const char *wanted, member *m, nnrt_error *e)
{
    size_t length, at = 0;
    uint64_t entries;
    unsigned char *directory = read_directory(stream, &length, &entries, e);
    char there[256] = "";
    bool found = false, broken = false;
    if (!directory)
        return false;
    for (uint64_t i = 0; i < entries && !found && !broken; i++) {
        const unsigned char *entry = directory + at;
        if (length - at < ENTRY_SIZE || little(entry, 4) != ENTRY_SIGNATURE) {
            broken = true;
            break;
        }
        size_t name = little(entry + 28, 2), extra = little(entry + 30, 2),
               comment = little(entry + 32, 2);
        if (name + extra + comment > length - at - ENTRY_SIZE) {
            broken = true;
            break;
        }
        if (name == strlen(wanted) && memcmp(entry + ENTRY_SIZE, wanted, name) == 0) {
            *m = (member){ .flags = (unsigned)little(entry + 8, 2),
                           .method = (unsigned)little(entry + 10, 2),
                           .crc = (uint32_t)little(entry + 16, 4),
                           .packed = little(entry + 20, 4),
                           .size = little(entry + 24, 4),
                           .offset = little(entry + 42, 4) };
            found = read_zip64(m, entry + ENTRY_SIZE + name, extra);
            broken = !found;
        } else if (strlen(there) + name + 3 < sizeof there) {
            snprintf(there + strlen(there), sizeof there - strlen(there), "%s%.*s",
                     *there ? ", " : "", (int)name, (const char *)entry + ENTRY_SIZE);
        }
        at += ENTRY_SIZE + name + extra + comment;
    }
    free(directory);
    if (broken)
        return no_archive(stream->name, e);
    return found || nnrt_fail(e, NNRT_FILES, "bad-file", "%s: holds no %s; it holds: %s",
                              stream->name, wanted, *there ? there : "nothing");
}

nnrt_stream *nnrt_stream_open_member(const char *path, const char *name, const char *wanted,
                                     nnrt_error *e)
{
    nnrt_stream *stream = open_plain(path, name, e);
    member m = { 0 };
    unsigned char local[LOCAL_SIZE];
    if (!stream)
        return NULL;
    uint64_t size = (uint64_t)stream->left;
    if (!find_member(stream, wanted, &m, e))
        goto failed;
    if (m.flags & FLAG_ENCRYPTED || (m.method != METHOD_STORED && m.method != METHOD_DEFLATED)) {
        nnrt_fail(e, NNRT_FILES, "bad-file",
                  "%s: %s is encrypted or compressed in another way than deflate", name, wanted);
        goto failed;
    }
    uint64_t data = m.offset + LOCAL_SIZE;
    if (m.offset > size || size - m.offset < LOCAL_SIZE ||
        !pread_whole(stream->fd, local, LOCAL_SIZE, m.offset) ||
        little(local, 4) != LOCAL_SIGNATURE) {
        no_archive(name, e);
        goto failed;
    }
    data += little(local + 26, 2) + little(local + 28, 2);
    if (data > size || m.packed > size - data || lseek(stream->fd, (off_t)data, SEEK_SET) < 0) {
        no_archive(name, e);
        goto failed;
    }
    stream->left = (int64_t)m.packed;
    if (m.method == METHOD_DEFLATED && !start_inflating(stream, -15, e))
        goto failed;
    int64_t most = m.method == METHOD_DEFLATED ? stream->bound : stream->left;
    stream->bound = m.size < (uint64_t)most ? (int64_t)m.size : most;
    stream->checked = true;
    stream->want_crc = m.crc;
    return stream;
failed:
    nnrt_stream_close(stream);
    return NULL;
}
