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

bool nnrt_png_write(FILE *out, const nnrt_drawing *drawing, double scale, nnrt_error *e)
{
    static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    size_t width, height;
    uint8_t *pixels = drawing->failed ? NULL : nnrt_paint(drawing, scale, &width, &height);
    uint8_t *rows = NULL, *packed = NULL;
    bool well = false;
    if (pixels) {
        uLongf size = compressBound((uLong)((3 * width + 1) * height));
        rows = malloc((3 * width + 1) * height);
        packed = malloc(size);
        for (size_t y = 0; rows && y < height; y++) {
            rows[y * (3 * width + 1)] = 0;
            memcpy(rows + y * (3 * width + 1) + 1, pixels + 3 * y * width, 3 * width);
        }
        if (rows && packed &&
            compress2(packed, &size, rows, (uLong)((3 * width + 1) * height), 6) == Z_OK) {
            uint8_t header[13] = { [8] = 8, [9] = 2 }, density[9] = { [8] = 1 };
            put_be32(header, (uint32_t)width);
            put_be32(header + 4, (uint32_t)height);
            put_be32(density, (uint32_t)(96 * scale / 0.0254));
            put_be32(density + 4, (uint32_t)(96 * scale / 0.0254));
            fwrite(signature, 1, sizeof signature, out);
            write_chunk(out, "IHDR", header, sizeof header);
            write_chunk(out, "pHYs", density, sizeof density);
            write_chunk(out, "IDAT", packed, size);
            write_chunk(out, "IEND", NULL, 0);
            well = true;
        }
    }
    free(packed);
    free(rows);
    free(pixels);
    return well || nnrt_fail(e, NNRT_FILES, "out-of-memory", "out of memory");
}
