/* exif.c: the orientation in Exif data, which is a TIFF file without pictures (exif.h). */
#include "data/exif.h"
#include <stdbool.h>
#include <string.h>

enum { ORIENTATION = 0x0112, SHORT = 3, ENTRY = 12 };

typedef struct tiff {
    const uint8_t *bytes;
    size_t length;
    bool big_endian;
} tiff;

static uint32_t number(const tiff *t, size_t at, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) {
        int place = t->big_endian ? bytes - 1 - i : i;
        value |= (uint32_t)t->bytes[at + (size_t)i] << (8 * place);
    }
    return value;
}

int nnrt_exif_orientation(const uint8_t *bytes, size_t length)
{
    tiff t = { bytes, length, length > 0 && bytes[0] == 'M' };
    if (length < 8 || (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0))
        return 1;

    size_t directory = number(&t, 4, 4);
    if (directory > length - 2)
        return 1;

    size_t entries = number(&t, directory, 2);
    for (size_t i = 0; i < entries; i++) {
        size_t at = directory + 2 + i * ENTRY;
        if (at + ENTRY > length)
            break;
        if (number(&t, at, 2) != ORIENTATION || number(&t, at + 2, 2) != SHORT)
            continue;
        uint32_t value = number(&t, at + 8, 2);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

void nnrt_exif_turn(int orientation, int64_t width, int64_t height, int64_t x, int64_t y,
                    int64_t *to_x, int64_t *to_y)
{
    bool mirrored_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool mirrored_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int64_t across = mirrored_x ? width - 1 - x : x, down = mirrored_y ? height - 1 - y : y;

    *to_x = orientation >= 5 ? down : across;
    *to_y = orientation >= 5 ? across : down;
}
