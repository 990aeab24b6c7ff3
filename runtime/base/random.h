/* random.h: sequential random numbers for everything that the runtime draws itself: weights, orders
 * of samples, splits, generated data.
 *
 * The numbers are Philox's (nnrt.h). A stream is named by words, so that no two uses meet: a
 * purpose, and two numbers whose meaning is the purpose's own. */
#ifndef NNRT_RANDOM_H
#define NNRT_RANDOM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Purposes. Files and scripts depend on these numbers: only add to the end. */
enum {
    NNRT_DRAW_INIT = 1,
    NNRT_DRAW_ORDER,
    NNRT_DRAW_HOLDOUT,
    NNRT_DRAW_GENERATE,
    NNRT_DRAW_AUGMENT,
    NNRT_DRAW_MIX,
    NNRT_DRAW_BOOTSTRAP,
    NNRT_DRAW_TUNE,
    NNRT_DRAW_OTHER,
    NNRT_DRAW_TOKENS
};

typedef struct nnrt_random {
    uint32_t key[2], counter[4];
    uint32_t block[4]; /* the words of the last counter, of which `used` are spent */
    int used;
    bool has_spare; /* normal numbers are made in pairs */
    double spare;
} nnrt_random;

nnrt_random nnrt_random_new(uint64_t seed, uint32_t purpose, uint32_t a, uint32_t b);
uint32_t nnrt_random_u32(nnrt_random *r);
double nnrt_random_uniform(nnrt_random *r); /* [0, 1), 32 bits */
double nnrt_random_normal(nnrt_random *r);  /* Box and Muller (1958) */
/* 0 .. n - 1, without bias (Lemire, 2019); 0 where n is 0 */
uint32_t nnrt_random_below(nnrt_random *r, uint32_t n);
void nnrt_shuffle(nnrt_random *r, uint32_t *items, size_t n); /* Fisher and Yates */

uint32_t nnrt_hash(const char *text); /* FNV-1a: turns names into words of a stream */
#endif
