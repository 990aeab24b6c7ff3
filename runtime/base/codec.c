/* codec.c: unpacking blocks (codec.h). */
#include "base/codec.h"
#include <string.h>
#include <zlib.h>
#ifdef HAVE_SNAPPY
#include <snappy-c.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

static bool unpack_gzip(const uint8_t *from, size_t length, uint8_t *to, size_t size)
{
    enum { ZLIB_OR_GZIP = MAX_WBITS + 32 };

    z_stream z = { .next_in = (Bytef *)(uintptr_t)from,
                   .avail_in = (uInt)length,
                   .next_out = to,
                   .avail_out = (uInt)size };
    if (length > UINT32_MAX || size > UINT32_MAX || inflateInit2(&z, ZLIB_OR_GZIP) != Z_OK)
        return false;

    int status = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return status == Z_STREAM_END && z.avail_out == 0;
}

#if !defined HAVE_SNAPPY || !defined HAVE_ZSTD
static bool not_built_in(const char *name, const char *what, const char *package, nnrt_error *e)
{
    return nnrt_fail(e, NNRT_FILES, "not-available",
                     "%s: is packed by %s, which this nnc was built without (Debian package: %s)",
                     name, what, package);
}
#endif

bool nnrt_unpack_block(nnrt_codec codec, const uint8_t *from, size_t length, uint8_t *to,
                       size_t size, const char *name, nnrt_error *e)
{
    bool ok = false;

    switch (codec) {
    case NNRT_CODEC_NONE:
        if ((ok = length == size))
            memcpy(to, from, size);
        break;
    case NNRT_CODEC_GZIP: ok = unpack_gzip(from, length, to, size); break;
    case NNRT_CODEC_SNAPPY: {
#ifdef HAVE_SNAPPY
        size_t made = 0, room = size;
        ok = snappy_uncompressed_length((const char *)from, length, &made) == SNAPPY_OK &&
             made == size &&
             snappy_uncompress((const char *)from, length, (char *)to, &room) == SNAPPY_OK;
        break;
#else
        return not_built_in(name, "snappy", "libsnappy-dev", e);
#endif
    }
    case NNRT_CODEC_ZSTD:
#ifdef HAVE_ZSTD
        ok = ZSTD_decompress(to, size, from, length) == size;
        break;
#else
        return not_built_in(name, "Zstandard", "libzstd-dev", e);
#endif
    }

    return ok || nnrt_fail(e, NNRT_FILES, "bad-file",
                           "%s: is damaged: %zu packed bytes do not unpack to the %zu they should",
                           name, length, size);
}
