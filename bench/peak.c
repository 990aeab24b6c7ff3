/* peak.c: this machine's float32 multiply-add peak, in GFLOP/s, for one thread and for all that it
 * is given.
 *
 * Enough independent chains of vector FMAs to cover their latency, in registers alone; the best of
 * several short rounds, since a neighbour can only slow one down. Prints "threads gflops" a line.
 * Built with -march=native -ffp-contract=fast. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
enum { LANES = 16, CHAINS = 12 };
#elif defined(__AVX__)
enum { LANES = 8, CHAINS = 12 };
#else
enum { LANES = 4, CHAINS = 12 };
#endif
typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float work(long rounds, float start)
{
    vector chain[CHAINS], a, b;
    for (int i = 0; i < LANES; i++)
        a[i] = 0.999f, b[i] = start;
    for (int c = 0; c < CHAINS; c++)
        chain[c] = a * (float)(c + 1);
    for (long r = 0; r < rounds; r++) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++)
            chain[c] = chain[c] * a + b;
    }
    float sum = 0;
    for (int c = 0; c < CHAINS; c++)
        for (int i = 0; i < LANES; i++)
            sum += chain[c][i];
    return sum;
}

int main(int argc, char **argv)
{
    int most = argc > 1 ? atoi(argv[1]) : 1;
    const long rounds = 4000000;
    float sink = 0;
    for (int threads = 1; threads <= most;
         threads = threads < most && threads * 2 > most ? most : threads * 2) {
        double best = 0;
        for (int round = 0; round < 7; round++) {
            double begin = seconds();
#pragma omp parallel for num_threads(threads) reduction(+ : sink) schedule(static, 1)
            for (int t = 0; t < threads; t++)
                sink += work(rounds, 1e-3f * (float)(t + 1));
            double rate =
                2.0 * LANES * CHAINS * (double)rounds * threads / (seconds() - begin) * 1e-9;
            if (rate > best)
                best = rate;
        }
        printf("%d %.1f\n", threads, best);
        if (threads == most)
            break;
    }
    return sink == 12345.0f;
}
