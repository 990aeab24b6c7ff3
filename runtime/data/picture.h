/* picture.h: one PNG or JPEG file as numbers from 0 to 255.
 *
 * Grey pictures have one channel, all others three; palettes become colours, transparency is left
 * out, as PIL's convert("RGB") does. Pictures of 16 bits keep what lies between two whole numbers.
 * All errors name the file: status 3, "missing-file", "unreadable-file", "bad-file". */
#ifndef NNRT_PICTURE_H
#define NNRT_PICTURE_H
#include "base/base.h"
#include <stdint.h>

typedef struct nnrt_picture {
    int64_t width, height; /* the right way up, as Exif data say it lies */
    int channels;
    int orientation; /* exif.h */
} nnrt_picture;

/* `name` is what messages call the file. `out` NULL: only its size is read; else `picture` says
 * what it must be, and out gets channels x height x width with `channels` channels: a grey one
 * fills three alike. */
bool nnrt_picture_read(const char *path, const char *name, nnrt_picture *picture, int channels,
                       float *out, nnrt_error *e);
#endif
