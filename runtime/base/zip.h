/* zip.h: where the members of a zip archive lie (PKWARE's APPNOTE.TXT), ZIP64 included. */
#ifndef NNRT_ZIP_H
#define NNRT_ZIP_H
#include "base/error.h"
#include <stdint.h>

typedef struct nnrt_zip_member {
    uint64_t offset; /* of its bytes in the file */
    uint64_t packed, size;
    uint32_t crc;
    bool deflated; /* else stored as it is */
} nnrt_zip_member;

/* Finds a member of the archive that is open as fd and has `bytes` bytes. `name` is what messages
 * call the file. Errors: "bad-file"; where there is no such member, one that lists those that there
 * are. */
bool nnrt_zip_find(int fd, uint64_t bytes, const char *name, const char *wanted,
                   nnrt_zip_member *member, nnrt_error *e);
#endif
