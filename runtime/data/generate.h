/* generate.h: what the generators share: sizes, names, and classes in a drawn order. */
#ifndef NNRT_GENERATE_H
#define NNRT_GENERATE_H
#include "data/reader.h"

/* Sets count and names from the form's `n`; x for samples of the shape already set; `classes` > 0:
 * integer targets, as many of each class as can be, in an order drawn from `random`; else real
 * targets, one a sample. */
bool nnrt_generate_begin(const nnrt_source_request *request, nnrt_source *source, int64_t classes,
                         nnrt_random *random, nnrt_error *e);
#endif
