/* feed.h: training samples that are not used as they lie: augmented, then mixed with others of
 * their batch.
 *
 * A feed prepares the batches of one call of a unit in memory of its own. What happens to a sample
 * follows from the seed, the epoch and its position in it, so chunks, threads and resumed runs make
 * no difference. A training that needs none of this has no feed and reads the data's own rows. */
#ifndef NNRT_FEED_H
#define NNRT_FEED_H
#include "data/dataset.h"

/* mixup (Zhang and others, 2018) and cutmix (Yun and others, 2019): the a of Beta(a, a), 0 for
 * none; of both, each sample draws which. */
typedef struct nnrt_mix {
    double mixup, cutmix;
} nnrt_mix;

typedef struct nnrt_feed nnrt_feed;
/* *feed NULL, and true, where there is nothing to prepare. */
bool nnrt_feed_new(const nnrt_data *data, nnrt_mix mix, int64_t batch, int32_t threads,
                   uint64_t seed, nnrt_feed **feed, nnrt_error *e);
void nnrt_feed_free(nnrt_feed *feed);
int64_t nnrt_feed_batches(const nnrt_feed *feed); /* as many at once, at most */
/* The call's positions [first, last) of the epoch, which begin a batch, become the positions [0,
 * last - first) of what it reads now. Targets of mixed classes are rows of 2 t + 1 numbers: the
 * classes of the sample, those of its partner, and the sample's share. A mixed sample weighs what
 * the two do, by their shares. `order` NULL: as they lie.
 */
void nnrt_feed_prepare(nnrt_feed *feed, nnrt_call *call, const uint32_t *order, int64_t epoch);
#endif
