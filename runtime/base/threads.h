/* threads.h: jobs that do not need each other, side by side. (A unit's team of threads and its
 * barrier are part of the ABI, nnrt.h.) */
#ifndef NNRT_THREADS_H
#define NNRT_THREADS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Calls job(context, i) for each i below count, on `threads` threads, and finish(context, i) one at
 * a time and in order, as soon as the job and all those before it are done. False: a finish
 * returned false; jobs that had not begun by then are left out. */
bool nnrt_side_by_side(int32_t threads, size_t count, void (*job)(void *context, size_t i),
                       bool (*finish)(void *context, size_t i), void *context);
#endif
