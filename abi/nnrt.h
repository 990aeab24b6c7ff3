/* nnrt.h: what generated code and the runtime say to each other (the ABI), usable from C without
 * the compiler.
 *
 * A unit is one compiled function: a run of training steps, an evaluation, a prediction. All
 * threads of a team call it with the same nnrt_call and their number; it walks positions [first,
 * last) of `order` in batches and returns. The runtime's rooms never include src/. */
#ifndef NNRT_H
#define NNRT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NNRT_ABI 1

enum { NNRT_LANES = 16, NNRT_METRICS = 8, NNRT_ALIGN = 64 };

enum {
    NNRT_METRIC_LOSS,
    NNRT_METRIC_HITS,
    NNRT_METRIC_PENALTY,
    NNRT_METRIC_LR,
    NNRT_METRIC_VALUE,
    NNRT_METRIC_WEIGHT
};

/* call->scalar[0 .. ): set by the runtime before the call, but STEP and N, which the generated loop
 * sets: rows of hypers.def. */
enum {

#define HYPER(id, name, help) NNRT_HYPER_##id,
#include "hypers.def"
#undef HYPER
    NNRT_HYPERS
};

typedef struct nnrt_barrier nnrt_barrier;

/* Generated code reads fields by position: change them only together with codegen/cpu/abi.c, which
 * checks the size. */
typedef struct nnrt_call {
    /* 0: weights, states and results in the unit's order, each packed in panels of 16 (below),
     * 64-byte aligned */
    float *const *tensor;
    /* 1: arena_bytes, 64-byte aligned; contents are the unit's own */
    float *arena;
    double *scalar; /* 2: scalar_count; the first NNRT_HYPERS as above */
    const float *x; /* 3: samples, row-major, sample_size floats each */
    /* 4: targets, row-major, target_size floats each; NULL where the unit reads none */
    const float *y;
    const float *w;        /* 5: the samples' weights; NULL where the unit reads none */
    const uint32_t *order; /* 6: position -> sample; NULL: the same number */
    /* 7, 8: positions to process; steps of `batch`, counted from `first`, the last one smaller */
    int64_t first, last;
    int64_t step; /* 9: steps done before this call */
    /* 10: predictions, row-major, out_size floats a POSITION (out + position * out_size); NULL: not
     * wanted */
    float *out;
    /* 11: NNRT_METRICS sums, see NNRT_METRIC_; the caller zeroes them */
    double *metric;
    uint64_t seed;         /* 12: key of the random numbers */
    nnrt_barrier *barrier; /* 13: of `threads` threads */
    int32_t threads;       /* 14 */
    /* 15: 0; the generated code sets 1 where a batch's loss is not finite, having changed no weight
     * in that step */
    int32_t halt;
    int64_t halt_step; /* 16: that step's number, from 0 over the whole training */
} nnrt_call;

typedef void (*nnrt_unit)(nnrt_call *call, int32_t thread);

/* ---- teams of threads ---- */
/* Waits for the other threads of the call. Sense-reversing; spins a while, then yields the
 * processor. Generated code calls it, by its name (nnrt.def). */
void nnrt_barrier_wait(nnrt_barrier *barrier);
/* NULL: out of memory */
nnrt_barrier *nnrt_barrier_new(int32_t threads);
void nnrt_barrier_free(nnrt_barrier *barrier);
/* Runs a unit on call->threads threads in one parallel region (the only `#pragma omp` in the
 * project is in base/threads.c). */
void nnrt_parallel(nnrt_unit unit, nnrt_call *call);
int32_t nnrt_default_threads(void); /* processors this process may run on */

/* ---- panels ---- A tensor of logical shape dims, axis `feature` in panels of 16, the other axes
 * flattened in order as rows: element (r, f) is float (f / 16) * rows * 16 + r * 16 + f % 16. Lanes
 * beyond the last feature are written 0. */
size_t nnrt_packed_floats(const int64_t *dims, int rank, int feature);
void nnrt_pack(const float *logical, float *packed, const int64_t *dims, int rank, int feature);
void nnrt_unpack(const float *packed, float *logical, const int64_t *dims, int rank, int feature);

/* The weights of one panel of `units` <= 16 units that are not 0, for products that skip zeros.
 * `list` is, in 4-byte words: at unit u the number of its first entry, at 16 that after the last;
 * at 17 1, or 0 where more than `most` are not 0; from 32 two words an entry, unit by unit and
 * inputs in order: 16 times the input's number, and the weight. There is room for most + inputs + 1
 * entries. */
enum { NNRT_LIST_MADE = 17, NNRT_LIST_ENTRIES = 32 };

typedef struct nnrt_list_entry {
    int32_t at;
    float weight;
} nnrt_list_entry;

void nnrt_sparse_list(const float *panel, int64_t inputs, int64_t units, int64_t most,
                      int32_t *list);

/* ---- random numbers ---- Philox 4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2,
 * 3, SC 2011), checked against Random123's vectors. In generated code element (row, feature) of
 * stream s in step t takes word (f % 16) / 4 of counter {row, (f / 16) * 4 + f % 4, s, t mod 2^32}
 * under key {seed, seed >> 32}: 4-lane blocks give the 16 lanes of a panel's row. */
void nnrt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
#endif
