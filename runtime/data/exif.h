/* exif.h: which way up a picture is. */
#ifndef NNRT_EXIF_H
#define NNRT_EXIF_H
#include <stddef.h>
#include <stdint.h>

/* The orientation (tag 0x0112) of Exif data, from its TIFF header on: 1 to 8; 1, as it is stored,
 * where the data have none or make no sense. */
int nnrt_exif_orientation(const uint8_t *bytes, size_t length);

/* Where the cell (x, y) of a stored picture of width x height lies once it is the right way up:
 * column *to_x of row *to_y. From 5 on width and height change places. */
void nnrt_exif_turn(int orientation, int64_t width, int64_t height, int64_t x, int64_t y,
                    int64_t *to_x, int64_t *to_y);
#endif
