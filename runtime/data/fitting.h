/* fitting.h: pictures of any size brought to one. */
#ifndef NNRT_FITTING_H
#define NNRT_FITTING_H
#include "base/base.h"
#include <stdint.h>

typedef enum nnrt_fitting {
    NNRT_FIT_CROP,   /* scaled until both sides are covered, the middle of it */
    NNRT_FIT_PAD,    /* scaled until both sides fit, black around it */
    NNRT_FIT_STRETCH /* each side by itself */
} nnrt_fitting;

/* from: [channels][height][width], numbers from 0 to 255; to: [channels][to_height][to_width].
 * Antialiased bilinear, bit for bit as Pillow's Image.resize(size, Image.BILINEAR) on pictures of 8
 * bits. Scaled sizes are rounded, offsets rounded down. False: out of memory. */
bool nnrt_fit_picture(nnrt_fitting fitting, int channels, const float *from, int64_t height,
                      int64_t width, float *to, int64_t to_height, int64_t to_width);
#endif
