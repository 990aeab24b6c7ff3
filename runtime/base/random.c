/* random.c: Philox 4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011),
 * and sequential draws from its streams.
 *
 * A stream is named by its key (the seed) and three words of the counter (purpose, a, b); the
 * fourth counts blocks. The key is marked, so that no stream meets the numbers which generated code
 * draws under the bare seed. */
#include "base/random.h"
#include "abi/nnrt.h"
#include <math.h>

enum { ROUNDS = 10 };

static const uint32_t stream_mark = 0x6e6e7274;

void nnrt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0],
             k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t a = (uint64_t)0xd2511f53u * c0, b = (uint64_t)0xcd9e8d57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

nnrt_random nnrt_random_new(uint64_t seed, uint32_t purpose, uint32_t a, uint32_t b)
{
    return (nnrt_random){ .key = { (uint32_t)seed, (uint32_t)(seed >> 32) ^ stream_mark },
                          .counter = { 0, purpose, a, b },
                          .used = 4 };
}

uint32_t nnrt_random_u32(nnrt_random *r)
{
    if (r->used == 4) {
        nnrt_philox(r->counter, r->key, r->block);
        r->counter[0]++;
        r->used = 0;
    }
    return r->block[r->used++];
}

double nnrt_random_uniform(nnrt_random *r)
{
    return nnrt_random_u32(r) * 0x1p-32;
}

double nnrt_random_normal(nnrt_random *r)
{
    if (r->has_spare) {
        r->has_spare = false;
        return r->spare;
    }
    double u = 1 - nnrt_random_uniform(r), v = nnrt_random_uniform(r), sine, cosine;
    double radius = sqrt(-2 * log(u));
    sincos(6.283185307179586477 * v, &sine, &cosine);
    r->spare = radius * sine;
    r->has_spare = true;
    return radius * cosine;
}

/* Lemire, Fast random integer generation in an interval (2019). */
uint32_t nnrt_random_below(nnrt_random *r, uint32_t n)
{
    if (n == 0)
        return 0;
    uint64_t product = (uint64_t)nnrt_random_u32(r) * n;
    if ((uint32_t)product < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)product < threshold)
            product = (uint64_t)nnrt_random_u32(r) * n;
    }
    return (uint32_t)(product >> 32);
}

void nnrt_shuffle(nnrt_random *r, uint32_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        uint32_t j = nnrt_random_below(r, (uint32_t)i), item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}

uint32_t nnrt_hash(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}
