/* memory.c: aligned memory for tensors (memory.h). */
#include "base/memory.h"
#include "abi/nnrt.h"
#include <stdlib.h>
#include <string.h>

bool nnrt_no_memory(nnrt_error *e)
{
    return nnrt_fail(e, NNRT_FILES, "out-of-memory", "out of memory");
}

bool nnrt_no_memory_for(nnrt_error *e, const char *what)
{
    return nnrt_fail(e, NNRT_FILES, "out-of-memory", "%s: not enough memory for its samples", what);
}

float *nnrt_tensor_new(size_t count)
{
    if (count > SIZE_MAX / sizeof(float) - NNRT_ALIGN)
        return NULL;
    size_t bytes = (count * sizeof(float) + NNRT_ALIGN - 1) / NNRT_ALIGN * NNRT_ALIGN;
    float *floats = aligned_alloc(NNRT_ALIGN, bytes ? bytes : NNRT_ALIGN);
    if (floats)
        memset(floats, 0, bytes ? bytes : NNRT_ALIGN);
    return floats;
}
