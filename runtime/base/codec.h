/* codec.h: blocks of bytes packed by snappy, gzip or Zstandard, unpacked to a size known before.
 *
 * zlib is always there. libsnappy and libzstd are found by configure; without them a block is an
 * error that names the Debian package to build nnc with. */
#ifndef NNRT_CODEC_H
#define NNRT_CODEC_H
#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

typedef enum nnrt_codec {
    NNRT_CODEC_NONE,
    NNRT_CODEC_SNAPPY,
    NNRT_CODEC_GZIP,
    NNRT_CODEC_ZSTD
} nnrt_codec;

/* Unpacks `from` into exactly `size` bytes at `to`. False: e says "NAME: ..." ("bad-file", or
 * "not-available" where nnc was built without the library); what `to` holds is then undefined. */
bool nnrt_unpack_block(nnrt_codec codec, const uint8_t *from, size_t length, uint8_t *to,
                       size_t size, const char *name, nnrt_error *e);
#endif
