/* initializers.h: the first values of weights, drawn from (seed, key) alone: not from the order in
 * which models are met, nor from threads. */
#ifndef NNRT_INITIALIZERS_H
#define NNRT_INITIALIZERS_H
#include "base/base.h"
#include <jansson.h>
#include <stdint.h>

/* Fills out[product of dims], logical row-major order, as `init` says (a program's "weights":
 * "init"). Orthogonal: of the matrix [dims[0], the rest]. Status 1, code "internal", where `init`
 * is none of the known kinds. */
bool nnrt_init_weight(const json_t *init, uint64_t seed, const char *key, const int64_t *dims,
                      int rank, float *out, nnrt_error *e);
#endif
