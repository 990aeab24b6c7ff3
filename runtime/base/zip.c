/* zip.c: finding a member of a zip archive by its central directory (zip.h). */
#include "base/zip.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* An archive, and its central directory. */
typedef struct archive {
    int fd;
    const char *name;
    uint64_t size;
    unsigned char *directory;
    size_t length;
    uint64_t entries;
} archive;

/* An entry of the central directory. */
typedef struct entry {
    uint64_t packed, size, offset;
    uint32_t crc;
    unsigned method, flags;
    const char *name; /* not terminated */
    size_t name_length;
    size_t bytes; /* of the entry itself */
} entry;

static uint64_t little(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static bool fail_archive(const char *name, nnrt_error *e)
{
    return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: is not a whole .npz file (a zip archive)",
                     name);
}

static bool pread_whole(int fd, void *to, size_t bytes, uint64_t offset)
{
    return offset <= INT64_MAX && pread(fd, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

/* ---- the central directory ---- */
/* Where the central directory is, by the record at the archive's end. `tail`: the file's last
 * bytes, from `begin` on. */
static bool find_directory(archive *a, const unsigned char *tail, int64_t length, uint64_t begin,
                           uint64_t *at, uint64_t *bytes)
{
    int64_t i = length - END_SIZE;
    while (i >= 0 && little(tail + i, 4) != END_SIGNATURE)
        i--;
    if (i < 0)
        return false;
    a->entries = little(tail + i + 10, 2);
    *bytes = little(tail + i + 12, 4);
    *at = little(tail + i + 16, 4);

    /* numbers that do not fit are in a larger record, to which a locator points */
    unsigned char more[END64_SIZE];
    int64_t locator = (int64_t)begin + i - LOCATOR_SIZE;
    bool wide = a->entries == 0xffff || *bytes == 0xffffffff || *at == 0xffffffff;
    if (wide && locator >= 0 && pread_whole(a->fd, more, LOCATOR_SIZE, (uint64_t)locator) &&
        little(more, 4) == LOCATOR_SIGNATURE &&
        pread_whole(a->fd, more, END64_SIZE, little(more + 8, 8)) &&
        little(more, 4) == END64_SIGNATURE) {
        a->entries = little(more + 32, 8);
        *bytes = little(more + 40, 8);
        *at = little(more + 48, 8);
    }
    return true;
}

static bool read_directory(archive *a, nnrt_error *e)
{
    uint64_t most = END_SIZE + END_COMMENT, length = a->size < most ? a->size : most,
             begin = a->size - length, at = 0, bytes = 0;
    unsigned char *tail = malloc(length + 1);
    bool ok = tail && pread_whole(a->fd, tail, length, begin) &&
              find_directory(a, tail, (int64_t)length, begin, &at, &bytes);
    free(tail);

    ok = ok && at <= a->size && bytes <= a->size - at && (a->directory = malloc(bytes + 1)) &&
         pread_whole(a->fd, a->directory, bytes, at);
    a->length = bytes;
    return ok || fail_archive(a->name, e);
}

/* ---- entries ---- */
/* Sizes of 2^32 - 1 are in the entry's extra field, in this order. */
static bool read_zip64(entry *m, const unsigned char *extra, size_t length)
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

static bool read_entry(const archive *a, size_t at, entry *m)
{
    const unsigned char *start = a->directory + at;
    if (a->length - at < ENTRY_SIZE || little(start, 4) != ENTRY_SIGNATURE)
        return false;
    size_t name = little(start + 28, 2), extra = little(start + 30, 2),
           comment = little(start + 32, 2);
    if (name + extra + comment > a->length - at - ENTRY_SIZE)
        return false;

    *m = (entry){ .flags = (unsigned)little(start + 8, 2),
                  .method = (unsigned)little(start + 10, 2),
                  .crc = (uint32_t)little(start + 16, 4),
                  .packed = little(start + 20, 4),
                  .size = little(start + 24, 4),
                  .offset = little(start + 42, 4),
                  .name = (const char *)start + ENTRY_SIZE,
                  .name_length = name,
                  .bytes = ENTRY_SIZE + name + extra + comment };
    return true;
}

static bool find_entry(const archive *a, const char *wanted, entry *m, nnrt_error *e)
{
    char there[256] = "";
    size_t at = 0;
    for (uint64_t i = 0; i < a->entries; i++, at += m->bytes) {
        if (!read_entry(a, at, m))
            return fail_archive(a->name, e);
        if (m->name_length == strlen(wanted) && !memcmp(m->name, wanted, m->name_length)) {
            const unsigned char *extra = (const unsigned char *)m->name + m->name_length;
            return read_zip64(m, extra, little(a->directory + at + 30, 2)) ||
                   fail_archive(a->name, e);
        }
        size_t used = strlen(there);
        if (used + m->name_length + 3 < sizeof there) {
            snprintf(there + used, sizeof there - used, "%s%.*s", used ? ", " : "",
                     (int)m->name_length, m->name);
        }
    }
    return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: holds no %s; it holds: %s", a->name, wanted,
                     *there ? there : "nothing");
}

/* The member's bytes follow its local header, which has a name and an extra field of its own. */
static bool find_bytes(const archive *a, const entry *m, uint64_t *offset, nnrt_error *e)
{
    unsigned char local[LOCAL_SIZE];
    if (m->offset > a->size || a->size - m->offset < LOCAL_SIZE ||
        !pread_whole(a->fd, local, LOCAL_SIZE, m->offset) || little(local, 4) != LOCAL_SIGNATURE) {
        return fail_archive(a->name, e);
    }
    *offset = m->offset + LOCAL_SIZE + little(local + 26, 2) + little(local + 28, 2);
    return (*offset <= a->size && m->packed <= a->size - *offset) || fail_archive(a->name, e);
}

bool nnrt_zip_find(int fd, uint64_t bytes, const char *name, const char *wanted,
                   nnrt_zip_member *member, nnrt_error *e)
{
    archive a = { .fd = fd, .name = name, .size = bytes };
    entry m = { 0 };
    bool ok = read_directory(&a, e) && find_entry(&a, wanted, &m, e);
    free(a.directory);
    if (!ok)
        return false;
    if (m.flags & FLAG_ENCRYPTED || (m.method != METHOD_STORED && m.method != METHOD_DEFLATED)) {
        return nnrt_fail(e, NNRT_FILES, "bad-file",
                         "%s: %s is encrypted or compressed in another way than deflate", name,
                         wanted);
    }
    *member = (nnrt_zip_member){
        .packed = m.packed, .size = m.size, .crc = m.crc, .deflated = m.method == METHOD_DEFLATED
    };
    return find_bytes(&a, &m, &member->offset, e);
}
