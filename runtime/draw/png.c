/* png.c: a painted drawing as a PNG file: 8 bits of red, green and blue, rows unfiltered, deflated
 * by zlib (ISO/IEC 15948). */
#include "draw/drawing.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void put_be32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void write_chunk(FILE *out, const char *kind, const uint8_t *data, size_t size)
{
    uint8_t head[8], tail[4];
    put_be32(head, (uint32_t)size);
    memcpy(head + 4, kind, 4);
    uLong crc = crc32(crc32(0, NULL, 0), head + 4, 4);
    if (size)
        crc = crc32(crc, data, (uInt)size);
    put_be32(tail, (uint32_t)crc);
    fwrite(head, 1, sizeof head, out);
    if (size)
        fwrite(data, 1, size, out);
    fwrite(tail, 1, sizeof tail, out);
}

/* The pixels as deflated rows, each with the number of its filter, none, ahead of it. *size: of the
 * result. NULL: out of memory. free() */
static uint8_t *pack_rows(const uint8_t *pixels, size_t width, size_t height, uLongf *size)
{
    size_t row = 3 * width + 1;
    uint8_t *rows = malloc(row * height);
    *size = compressBound((uLong)(row * height));
    uint8_t *packed = rows ? malloc(*size) : NULL;
    for (size_t y = 0; packed && y < height; y++) {
        rows[y * row] = 0;
        memcpy(rows + y * row + 1, pixels + 3 * y * width, 3 * width);
    }
    bool ok = packed && compress2(packed, size, rows, (uLong)(row * height), 6) == Z_OK;
    free(rows);
    if (ok)
        return packed;
    free(packed);
    return NULL;
}

bool nnrt_png_write(FILE *out, const nnrt_drawing *drawing, double scale, nnrt_error *e)
{
    static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    size_t width, height;
    uLongf size;
    uint8_t *pixels = drawing->failed ? NULL : nnrt_paint(drawing, scale, &width, &height);
    uint8_t *packed = pixels ? pack_rows(pixels, width, height, &size) : NULL;
    free(pixels);
    if (!packed)
        return nnrt_no_memory(e);

    uint8_t header[13] = { [8] = 8, [9] = 2 }, density[9] = { [8] = 1 };
    put_be32(header, (uint32_t)width);
    put_be32(header + 4, (uint32_t)height);
    put_be32(density, (uint32_t)(96 * scale / 0.0254)); /* pixels a metre */
    put_be32(density + 4, (uint32_t)(96 * scale / 0.0254));
    fwrite(signature, 1, sizeof signature, out);
    write_chunk(out, "IHDR", header, sizeof header);
    write_chunk(out, "pHYs", density, sizeof density);
    write_chunk(out, "IDAT", packed, size);
    write_chunk(out, "IEND", NULL, 0);
    free(packed);
    return true;
}
