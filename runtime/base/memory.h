/* memory.h: memory for tensors, and the error for when there is none. */
#ifndef NNRT_MEMORY_H
#define NNRT_MEMORY_H
#include "base/error.h"
#include <stddef.h>

/* Both fill e with the code "out-of-memory" and return false. `what`: the file or the data whose
 * samples do not fit. */
bool nnrt_no_memory(nnrt_error *e);
bool nnrt_no_memory_for(nnrt_error *e, const char *what);

/* `count` floats, all 0, aligned to NNRT_ALIGN bytes; NULL: out of memory. free() */
float *nnrt_tensor_new(size_t count);
#endif
