/* test_random.c: Philox against Random123's vectors, draws, panels, initialisers, and the barrier
 * under more threads than processors. */
#include "model/initializers.h"
#include "base/base.h"
#include "tap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void known_answers(void)
{
    /* Random123's kat_vectors, philox4x32 10. */
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } vectors[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };

    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint32_t out[4];
        nnrt_philox(vectors[i].counter, vectors[i].key, out);
        ok(memcmp(out, vectors[i].out, sizeof out) == 0, "philox/known-answer-%zu", i);
    }
}

static void draws(void)
{
    enum { N = 200000 };

    nnrt_random a = nnrt_random_new(7, NNRT_DRAW_OTHER, 1, 2),
                b = nnrt_random_new(7, NNRT_DRAW_OTHER, 1, 2),
                c = nnrt_random_new(8, NNRT_DRAW_OTHER, 1, 2);
    bool same = true, other = false;
    for (int i = 0; i < 100; i++) {
        uint32_t x = nnrt_random_u32(&a);
        same &= x == nnrt_random_u32(&b);
        other |= x != nnrt_random_u32(&c);
    }
    ok(same && other, "random/a-stream-follows-from-its-name");
    double sum = 0, squares = 0;
    bool inside = true;
    for (int i = 0; i < N; i++) {
        double u = nnrt_random_uniform(&a);
        inside &= u >= 0 && u < 1;
        sum += u;
    }
    ok(inside && fabs(sum / N - 0.5) < 0.005, "random/uniform");
    sum = 0;
    for (int i = 0; i < N; i++) {
        double z = nnrt_random_normal(&a);
        sum += z;
        squares += z * z;
    }
    ok(fabs(sum / N) < 0.01 && fabs(squares / N - 1) < 0.02, "random/normal");
    int count[6] = { 0 };
    for (int i = 0; i < N; i++)
        count[nnrt_random_below(&a, 6)]++;
    bool even = true;
    for (int i = 0; i < 6; i++)
        even &= abs(count[i] - N / 6) < N / 60;
    ok(even, "random/below");
    uint32_t items[50];
    int seen[50] = { 0 };
    for (uint32_t i = 0; i < 50; i++)
        items[i] = i;
    nnrt_shuffle(&a, items, 50);
    int moved = 0, once = 0;
    for (uint32_t i = 0; i < 50; i++)
        moved += items[i] != i, seen[items[i]]++;
    for (int i = 0; i < 50; i++)
        once += seen[i] == 1;
    ok(once == 50 && moved > 40, "random/shuffle-is-a-permutation");
    ok(nnrt_hash("a") == 0xe40c292c && nnrt_hash("") == 0x811c9dc5, "hash/fnv-1a");
}

static void panels(void)
{
    static const struct {
        int64_t dims[4];
        int rank, feature;
        size_t floats;
    } cases[] = {
        { { 1 }, 0, -1, 16 },           { { 10 }, 1, 0, 16 },    { { 16 }, 1, 0, 16 },
        { { 17, 3 }, 2, 0, 96 },        { { 3, 17 }, 2, 1, 96 }, { { 2, 5, 3 }, 3, 1, 96 },
        { { 4, 3, 2, 20 }, 4, 3, 768 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float logical[1000], packed[1000], back[1000];
        size_t n = 1;
        for (int k = 0; k < cases[i].rank; k++)
            n *= (size_t)cases[i].dims[k];
        for (size_t k = 0; k < n; k++)
            logical[k] = (float)k + 1;
        size_t floats = nnrt_packed_floats(cases[i].dims, cases[i].rank, cases[i].feature);
        nnrt_pack(logical, packed, cases[i].dims, cases[i].rank, cases[i].feature);
        nnrt_unpack(packed, back, cases[i].dims, cases[i].rank, cases[i].feature);
        double sum = 0;
        for (size_t k = 0; k < floats; k++)
            sum += packed[k];
        ok(floats == cases[i].floats && memcmp(logical, back, n * sizeof *back) == 0 &&
               sum == (double)n * (double)(n + 1) / 2,
           "panels/there-and-back-%zu", i);
    }
    float kernel[17 * 3], packed[96];
    for (int k = 0; k < 17 * 3; k++)
        kernel[k] = (float)k;
    nnrt_pack(kernel, packed, (int64_t[]){ 17, 3 }, 2, 0);
    ok(packed[2 * 16 + 5] == kernel[5 * 3 + 2] && packed[48 + 16] == kernel[16 * 3 + 1] &&
           packed[48 + 17] == 0,
       "panels/element-r-f");
}

static bool draw(const char *init, const int64_t *dims, int rank, float *out)
{
    json_t *json = json_loads(init, 0, NULL);
    nnrt_error e = { 0 };
    bool drawn = nnrt_init_weight(json, 3, "m/dense1.weight", dims, rank, out, &e);
    json_decref(json);
    return drawn;
}

static double moment(const float *x, int n, int power)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += pow(x[i], power);
    return sum / n;
}

static double worst_angle(const float *w, int vectors, int length, int step, int stride,
                          double gain)
{
    double worst = 0;
    for (int i = 0; i < vectors; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int k = 0; k < length; k++)
                sum += (double)w[i * step + k * stride] * w[j * step + k * stride];
            worst = fmax(worst, fabs(sum - (i == j ? gain * gain : 0)));
        }
    }
    return worst;
}

static void initialisers(void)
{
    static float w[20000], again[20000];
    const int64_t dims[] = { 200, 100 };
    const int n = 20000;
    ok(draw("{\"kind\": \"constant\", \"value\": 2.5}", dims, 2, w) && w[0] == 2.5f &&
           w[n - 1] == 2.5f,
       "init/constant");
    ok(draw("{\"kind\": \"uniform\", \"a\": -0.1, \"b\": 0.3}", dims, 2, w) &&
           fabs(moment(w, n, 1) - 0.1) < 0.003,
       "init/uniform");
    draw("{\"kind\": \"uniform\", \"a\": -0.1, \"b\": 0.3}", dims, 2, again);
    ok(memcmp(w, again, sizeof w) == 0, "init/the-same-each-time");
    ok(draw("{\"kind\": \"normal\", \"mean\": 1, \"std\": 0.5}", dims, 2, w) &&
           fabs(moment(w, n, 1) - 1) < 0.02 && fabs(moment(w, n, 2) - 1.25) < 0.04,
       "init/normal");
    bool within = draw("{\"kind\": \"truncated_normal\", \"std\": 0.1}", dims, 2, w);
    for (int i = 0; i < n; i++)
        within &= fabsf(w[i]) <= 0.2f;
    ok(within && fabs(sqrt(moment(w, n, 2)) - 0.088) < 0.002, "init/truncated-normal");
    ok(draw("{\"kind\": \"orthogonal\", \"gain\": 2}", dims, 2, w) &&
           worst_angle(w, 100, 200, 1, 100, 2) < 1e-5,
       "init/orthogonal-columns");
    ok(draw("{\"kind\": \"orthogonal\", \"gain\": 1}", (int64_t[]){ 30, 4, 5, 5 }, 4, w) &&
           worst_angle(w, 30, 100, 100, 1, 1) < 1e-5,
       "init/orthogonal-filters");
    ok(!draw("{\"kind\": \"magic\"}", dims, 2, w), "init/unknown-kind");
}

enum { THREADS = 5, ROUNDS = 400 };

static int64_t slots[THREADS];
static int32_t team_threads;

/* Each thread reads what the others wrote in the round before: wrong where the barrier lets one
 * pass too early. */
static void count_rounds(nnrt_call *call, int32_t thread)
{
    int64_t *slot = (int64_t *)(void *)call->arena;
    for (int64_t round = 1; round <= ROUNDS; round++) {
        slot[thread] = round;
        nnrt_barrier_wait(call->barrier);
        for (int32_t other = 0; other < call->threads; other++)
            if (slot[other] != round)
                call->halt = 1;
        nnrt_barrier_wait(call->barrier);
    }
    if (thread == 0)
        team_threads = call->threads;
}

static void threads(void)
{
    nnrt_call call = { .arena = (float *)(void *)slots,
                       .threads = THREADS,
                       .barrier = nnrt_barrier_new(THREADS) };
    nnrt_parallel(count_rounds, &call);
    ok(!call.halt && team_threads == THREADS, "threads/no-one-passes-the-barrier-early");
    nnrt_barrier_free(call.barrier);
    call.threads = 1;
    call.barrier = NULL;
    nnrt_parallel(count_rounds, &call);
    ok(!call.halt && team_threads == 1 && slots[0] == ROUNDS, "threads/one-thread-needs-no-team");
    ok(nnrt_default_threads() >= 1, "threads/default");
}

int main(void)
{
    known_answers();
    draws();
    panels();
    initialisers();
    threads();
    return done_testing();
}
