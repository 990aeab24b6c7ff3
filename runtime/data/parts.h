/* parts.h: samples into training, validation and test parts, and the changes that the training part
 * decides. */
#ifndef NNRT_PARTS_H
#define NNRT_PARTS_H
#include "data/dataset.h"

enum { NNRT_DROPPED = NNRT_PARTS }; /* in no part, since it overlaps the next */

/* Marks round(fraction * what remains) of the samples still in training as `part`'s: at random and
 * in proportion to the classes, or, `last`, the last ones. `label`: classes of the
 * samples, or NULL. part_of[i]: the part of sample i. */
bool nnrt_hold_out(uint8_t *part_of, int64_t count, int part, double fraction,
                   const nnrt_data *data, const float *label, bool last, nnrt_error *e);
/* Of samples that lie one behind the other, sample i covering [i * stride, i * stride + span):
 * drops those that share anything with the part behind theirs. */
void nnrt_drop_overlaps(uint8_t *part_of, int64_t count, int64_t stride, int64_t span);
/* Rows of `width` floats in place into the order of their parts, file order within; part k begins
 * at start[k], aligned to 64 bytes; what is dropped is not kept. The block has room for that
 * (nnrt_floats_new). */
bool nnrt_sort_by_part(float *rows, int64_t count, int64_t width, const uint8_t *part_of,
                       float *start[NNRT_PARTS], nnrt_error *e);
#endif
