/* next_token.h: which token follows, by the scores of all. */
#ifndef NNRT_NEXT_TOKEN_H
#define NNRT_NEXT_TOKEN_H
#include "base/base.h"

/* How it is chosen. */
typedef struct nnrt_sampling {
    double temperature; /* what scores are divided by; 0: the likeliest, without a draw */
    int64_t top_k;      /* so many of the likeliest remain; 0: all */
    double top_p;       /* then the likeliest whose shares together reach this; 1: all */
} nnrt_sampling;

/* A token with its score, and its share of what remains. */
typedef struct nnrt_candidate {
    int64_t number;
    double score, share;
} nnrt_candidate;

/* The number of the token. Equal scores are in the order of their numbers. `room`: for as many
 * candidates as there are scores. -1: a score is NaN or infinite. */
int64_t nnrt_next_token(const float *score, int64_t count, const nnrt_sampling *sampling,
                        nnrt_random *random, nnrt_candidate *room);
#endif
