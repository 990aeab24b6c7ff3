/* next_token.c: the next token: the likeliest, or one drawn from the softmax of scores divided by
 * the temperature, of the likeliest k (Fan, Lewis and Dauphin, Hierarchical Neural Story
 * Generation, 2018), and of the nucleus of share p among those (Holtzman et al., The Curious Case
 * of Neural Text Degeneration, 2020); in this order. */
#include "actions/next_token.h"
#include <math.h>
#include <stdlib.h>

static int by_score(const void *a, const void *b)
{
    const nnrt_candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->number > y->number) - (x->number < y->number);
}

static int64_t likeliest(const float *score, int64_t count)
{
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (score[i] > score[best])
            best = i;
    return best;
}

/* Their shares, not yet divided by the sum, which is what is returned. */
static double weigh(nnrt_candidate *c, int64_t count, double temperature)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += c[i].share = exp((c[i].score - c[0].score) / temperature);
    return sum;
}

/* How many of the first come to the share, at least one; their sum in `sum`. */
static int64_t nucleus(const nnrt_candidate *c, int64_t count, double top_p, double *sum)
{
    double wanted = top_p * *sum, reached = c[0].share;
    int64_t kept = 1;
    while (kept < count && reached < wanted)
        reached += c[kept++].share;
    *sum = reached;
    return kept;
}

static int64_t draw(const nnrt_candidate *c, int64_t count, double sum, nnrt_random *random)
{
    double at = nnrt_random_uniform(random) * sum, passed = 0;
    int64_t i = 0;
    for (; i < count - 1; i++)
        if (at < (passed += c[i].share))
            break;
    return c[i].number;
}

int64_t nnrt_next_token(const float *score, int64_t count, const nnrt_sampling *sampling,
                        nnrt_random *random, nnrt_candidate *room)
{
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(score[i]))
            return -1;
        room[i] = (nnrt_candidate){ .number = i, .score = score[i] };
    }
    if (sampling->temperature == 0)
        return likeliest(score, count);

    qsort(room, (size_t)count, sizeof *room, by_score);
    int64_t kept = sampling->top_k && sampling->top_k < count ? sampling->top_k : count;
    double sum = weigh(room, kept, sampling->temperature);
    if (sampling->top_p < 1)
        kept = nucleus(room, kept, sampling->top_p, &sum);
    return draw(room, kept, sum, random);
}
