/* block.c: aligned memory for samples (block.h). */
#include "data/block.h"
#include "data/dataset.h"
#include <stdlib.h>

float *nnrt_floats_new(int64_t count, nnrt_error *e)
{
    int64_t bytes;
    float *floats = NULL;
    if (!__builtin_mul_overflow(count, (int64_t)sizeof(float), &bytes) &&
        bytes < INT64_MAX - NNRT_PARTS * NNRT_ALIGN) {
        floats = aligned_alloc(NNRT_ALIGN, ((size_t)bytes / NNRT_ALIGN + NNRT_PARTS) * NNRT_ALIGN);
    }
    if (!floats) {
        nnrt_fail(e, NNRT_FILES, "out-of-memory", "not enough memory for %lld numbers of data",
                  (long long)count);
    }
    return floats;
}
