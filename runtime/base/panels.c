/* panels.c: weights between their logical shape and the panels of 16 lanes that generated code
 * reads (nnrt.h, "panels"). */
#include "abi/nnrt.h"
#include <string.h>

/* A tensor seen as [outer][features][inner]; a row is a pair (outer, inner). A scalar is one
 * feature. */
typedef struct axes {
    size_t outer, features, inner;
} axes;

static axes axes_of(const int64_t *dims, int rank, int feature)
{
    axes a = { 1, 1, 1 };
    for (int i = 0; i < rank; i++)
        if (i < feature)
            a.outer *= (size_t)dims[i];
        else if (i == feature)
            a.features *= (size_t)dims[i];
        else
            a.inner *= (size_t)dims[i];
    return a;
}

size_t nnrt_packed_floats(const int64_t *dims, int rank, int feature)
{
    axes a = axes_of(dims, rank, feature);
    return (a.features + NNRT_LANES - 1) / NNRT_LANES * NNRT_LANES * a.outer * a.inner;
}

void nnrt_pack(const float *logical, float *packed, const int64_t *dims, int rank, int feature)
{
    axes a = axes_of(dims, rank, feature);
    for (size_t first = 0; first < a.features; first += NNRT_LANES) {
        size_t lanes = a.features - first < NNRT_LANES ? a.features - first : NNRT_LANES;
        for (size_t o = 0; o < a.outer; o++) {
            const float *from = logical + (o * a.features + first) * a.inner;
            for (size_t i = 0; i < a.inner; i++, packed += NNRT_LANES) {
                for (size_t lane = 0; lane < lanes; lane++)
                    packed[lane] = from[lane * a.inner + i];
                memset(packed + lanes, 0, (NNRT_LANES - lanes) * sizeof *packed);
            }
        }
    }
}

void nnrt_unpack(const float *packed, float *logical, const int64_t *dims, int rank, int feature)
{
    axes a = axes_of(dims, rank, feature);
    for (size_t first = 0; first < a.features; first += NNRT_LANES) {
        size_t lanes = a.features - first < NNRT_LANES ? a.features - first : NNRT_LANES;
        for (size_t o = 0; o < a.outer; o++) {
            float *to = logical + (o * a.features + first) * a.inner;
            for (size_t i = 0; i < a.inner; i++, packed += NNRT_LANES)
                for (size_t lane = 0; lane < lanes; lane++)
                    to[lane * a.inner + i] = packed[lane];
        }
    }
}
