/* test_next_token.c: which token follows: shares of drawn tokens against softmax, temperature,
 * top_k and top_p worked out by hand. */
#include "actions/next_token.h"
#include "tap.h"
#include <math.h>

enum { TOKENS = 5, DRAWS = 200000 };

/* Softmax: 0.5, 0.1, 0.25, 0.05, 0.1. */
static const double share[TOKENS] = { 0.5, 0.1, 0.25, 0.05, 0.1 };

static void score(float *out)
{
    for (int i = 0; i < TOKENS; i++)
        out[i] = (float)(log(share[i]) + 3);
}

/* Whether tokens are drawn by these shares, within five deviations. */
static bool draws_by(nnrt_sampling sampling, const double *expected)
{
    float scores[TOKENS];
    nnrt_candidate room[TOKENS];
    int64_t drawn[TOKENS] = { 0 };
    nnrt_random random = nnrt_random_new(3, NNRT_DRAW_TOKENS, 0, 0);
    bool fits = true;
    score(scores);
    for (int i = 0; i < DRAWS; i++)
        drawn[nnrt_next_token(scores, TOKENS, &sampling, &random, room)]++;
    for (int i = 0; i < TOKENS; i++) {
        double p = expected[i], deviation = sqrt(p * (1 - p) / DRAWS);
        fits &= fabs((double)drawn[i] / DRAWS - p) <= 5 * deviation;
    }
    return fits;
}

static void shares(void)
{
    ok(draws_by((nnrt_sampling){ 1, 0, 1 }, share), "softmax");
    ok(draws_by((nnrt_sampling){ 1, 99, 1 }, share), "top_k above the vocabulary");

    double sum = 0, squares[TOKENS];
    for (int i = 0; i < TOKENS; i++)
        sum += squares[i] = share[i] * share[i];
    for (int i = 0; i < TOKENS; i++)
        squares[i] /= sum;
    ok(draws_by((nnrt_sampling){ 0.5, 0, 1 }, squares), "temperature 1/2 squares the shares");

    ok(draws_by((nnrt_sampling){ 1, 3, 1 }, (double[]){ 10 / 17.0, 2 / 17.0, 5 / 17.0, 0, 0 }),
       "top_k = 3, of equals the first");
    ok(draws_by((nnrt_sampling){ 1, 0, 0.7 }, (double[]){ 2 / 3.0, 0, 1 / 3.0, 0, 0 }),
       "top_p = 0.7");
    /* of the first three 10/17 and 5/17 come to more than 0.8; of all they come to 0.75 */
    ok(draws_by((nnrt_sampling){ 1, 3, 0.8 }, (double[]){ 2 / 3.0, 0, 1 / 3.0, 0, 0 }),
       "top_p is of what top_k left");
    ok(draws_by((nnrt_sampling){ 1, 0, 0 }, (double[]){ 1, 0, 0, 0, 0 }), "top_p = 0 leaves one");
}

static void likeliest(void)
{
    nnrt_candidate room[TOKENS];
    nnrt_random random = nnrt_random_new(1, NNRT_DRAW_TOKENS, 0, 0), before = random;
    nnrt_sampling sampling = { 0, 0, 1 };
    ok(nnrt_next_token((float[]){ 1, 2, 2, -1, 0 }, TOKENS, &sampling, &random, room) == 1,
       "temperature 0: the first of equals");
    ok(random.used == before.used && random.counter[0] == before.counter[0], "draws nothing");

    sampling.temperature = 1e-300;
    ok(nnrt_next_token((float[]){ 1, 3, 2, -1, 0 }, TOKENS, &sampling, &random, room) == 1,
       "a temperature of almost 0");
    ok(nnrt_next_token((float[]){ 1, NAN, 2, 0, 0 }, TOKENS, &sampling, &random, room) == -1,
       "a NaN");
    ok(nnrt_next_token((float[]){ 1, INFINITY, 2, 0, 0 }, TOKENS, &sampling, &random, room) == -1,
       "an infinity");
}

int main(void)
{
    shares();
    likeliest();
    return done_testing();
}
