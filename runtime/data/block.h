/* block.h: the blocks of memory that samples and targets lie in. */
#ifndef NNRT_BLOCK_H
#define NNRT_BLOCK_H
#include "base/base.h"

/* `count` floats, not zeroed, aligned to NNRT_ALIGN bytes, with room for each part of a data set
 * to be aligned as well (nnrt_sort_by_part). NULL and e filled: out of memory. free() */
float *nnrt_floats_new(int64_t count, nnrt_error *e);
#endif
