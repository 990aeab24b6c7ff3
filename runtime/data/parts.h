/* parts.h: samples into training, validation and test parts, and the changes that the training part
 * decides. */
#ifndef NNRT_PARTS_H
#define NNRT_PARTS_H
#include "data/dataset.h"

/* Marks round(fraction * what remains) of the samples still in training as `part`'s: at random and
 * in proportion to the classes, or, without shuffle, the last ones. `label`: classes of the
 * samples, or NULL. part_of[i]: the part of sample i. */
bool nnrt_hold_out(uint8_t *part_of, int64_t count, int part, double fraction,
                   const nnrt_data *data, const float *label, nnrt_error *e);
/* Rows of `width` floats in place into the order of their parts, file order within; part k begins
 * at start[k], aligned to 64 bytes. The block has room for that (nnrt_floats_new). */
bool nnrt_sort_by_part(float *rows, int64_t count, int64_t width, const uint8_t *part_of,
                       float *start[NNRT_PARTS], nnrt_error *e);
#endif
