/* feed.c: batches prepared by the team of threads, sample by sample: augmented into one block,
 * mixed from there into another (feed.h). */
#include "data/feed.h"
#include "data/augment.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEED_BYTES = 8 << 20, WITHIN_SAMPLE = 0x40000000 };

struct nnrt_feed {
    const nnrt_data *data;
    nnrt_mix mix;
    bool mixes;
    int64_t batch, batches, target_size;
    uint64_t seed;
    /* `batches` batches; mixed and scratch (a sample a thread) where they are needed */
    float *x, *mixed, *y, *w, *scratch;
    uint32_t *partner; /* a position's, within its batch */
};

int64_t nnrt_feed_batches(const nnrt_feed *feed)
{
    return feed->batches;
}

void nnrt_feed_free(nnrt_feed *feed)
{
    if (!feed)
        return;
    free(feed->x);
    free(feed->mixed);
    free(feed->y);
    free(feed->w);
    free(feed->scratch);
    free(feed->partner);
    free(feed);
}

/* How many batches to prepare at once: about FEED_BYTES of samples, but no more than an epoch. */
static int64_t batches_at_once(const nnrt_data *data, int64_t batch)
{
    double bytes = (double)batch * (double)data->sample_size * sizeof(float);
    int64_t batches = bytes < FEED_BYTES ? (int64_t)(FEED_BYTES / bytes) : 1;
    int64_t most = (data->part[NNRT_TRAIN].count + batch - 1) / batch;
    return batches < most ? batches : most;
}

static bool allocate(nnrt_feed *feed, int32_t threads)
{
    size_t rows = (size_t)(feed->batches * feed->batch), size = (size_t)feed->data->sample_size;
    feed->x = nnrt_tensor_new(rows * size);
    feed->y = nnrt_tensor_new(rows * (size_t)feed->target_size);
    feed->w = feed->data->weighted ? nnrt_tensor_new(rows) : NULL;
    feed->scratch = nnrt_tensor_new((size_t)(threads < 1 ? 1 : threads) * size);
    if (feed->mixes) {
        feed->mixed = nnrt_tensor_new(rows * size);
        feed->partner = malloc(rows * sizeof *feed->partner);
    }
    bool has_samples = feed->x && feed->y && (feed->w || !feed->data->weighted);
    return has_samples && feed->scratch && (!feed->mixes || (feed->mixed && feed->partner));
}

bool nnrt_feed_new(const nnrt_data *data, nnrt_mix mix, int64_t batch, int32_t threads,
                   uint64_t seed, nnrt_feed **made, nnrt_error *e)
{
    *made = NULL;
    bool mixes = mix.mixup > 0 || mix.cutmix > 0;
    if (!mixes && !data->augmentation_count)
        return true;
    nnrt_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return nnrt_no_memory(e);
    *feed = (nnrt_feed){ .data = data,
                         .mix = mix,
                         .mixes = mixes,
                         .batch = batch,
                         .batches = batches_at_once(data, batch),
                         .seed = seed,
                         .target_size = data->target_size };
    if (mixes && data->classify)
        feed->target_size = 2 * data->target_size + 1;

    if (!allocate(feed, threads)) {
        nnrt_feed_free(feed);
        return nnrt_no_memory(e);
    }
    *made = feed;
    return true;
}

/* ---- mixing ---- */
/* The logarithm of a gamma variate: Marsaglia and Tsang, A simple method for generating gamma
 * variables, 2000; shapes below 1 by u^(1/a). */
static double log_gamma(nnrt_random *random, double a)
{
    double boost = a < 1 ? log(1 - nnrt_random_uniform(random)) / a : 0,
           d = (a < 1 ? a + 1 : a) - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double normal = nnrt_random_normal(random), v = 1 + c * normal,
               u = 1 - nnrt_random_uniform(random);
        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(u) < normal * normal / 2 + d - d * v + d * log(v))
            return log(d) + log(v) + boost;
    }
}

static double beta(nnrt_random *random, double a)
{
    double one = log_gamma(random, a), other = log_gamma(random, a);
    return 1 / (1 + exp(other - one));
}

/* A rectangle of the partner's, 1 - share of the area, around a cell anywhere in the image; gives
 * the share that is left where it is cut by the border. */
static double paste(const nnrt_data *data, nnrt_random *random, double share, const float *partner,
                    float *out)
{
    int64_t channels = data->shape[0], height = data->shape[1], width = data->shape[2];
    double side = sqrt(1 - share);
    int64_t high = (int64_t)(side * (double)height), wide = (int64_t)(side * (double)width);
    int64_t y = nnrt_random_below(random, (uint32_t)height),
            x = nnrt_random_below(random, (uint32_t)width);
    int64_t top = y - high / 2, left = x - wide / 2, bottom = top + high, right = left + wide;
    if (top < 0)
        top = 0;
    if (left < 0)
        left = 0;
    if (bottom > height)
        bottom = height;
    if (right > width)
        right = width;
    for (int64_t c = 0; c < channels; c++) {
        for (int64_t row = top; row < bottom; row++) {
            int64_t at = (c * height + row) * width + left;
            memcpy(out + at, partner + at, (size_t)(right - left) * sizeof *out);
        }
    }
    return 1 - (double)((bottom - top) * (right - left)) / (double)(height * width);
}

typedef struct preparation {
    nnrt_call call;
    nnrt_feed *feed;
    const uint32_t *order;
    int64_t epoch;
} preparation;

/* A row of the data. */
typedef struct sample {
    const float *x, *y;
    double w;
} sample;

static void mix_targets(const nnrt_feed *feed, const float *y, const float *partner, double share,
                        float *to)
{
    int64_t targets = feed->data->target_size;
    if (feed->data->classify) {
        memcpy(to, y, (size_t)targets * sizeof *to);
        memcpy(to + targets, partner, (size_t)targets * sizeof *to);
        to[2 * targets] = (float)share;
    } else {
        for (int64_t k = 0; k < targets; k++)
            to[k] = (float)(share * (double)y[k] + (1 - share) * (double)partner[k]);
    }
}

/* Mixes the i-th sample of the call with its partner. */
static void mix_sample(const preparation *p, int64_t i, sample own, sample partner)
{
    nnrt_feed *feed = p->feed;
    const nnrt_mix *mix = &feed->mix;
    int64_t size = feed->data->sample_size, position = p->call.first + i;
    float *out = feed->mixed + i * size;
    nnrt_random random = nnrt_random_new(feed->seed, NNRT_DRAW_MIX,
                                         (uint32_t)p->epoch | WITHIN_SAMPLE, (uint32_t)position);
    bool cuts = mix->cutmix > 0 && (mix->mixup <= 0 || nnrt_random_uniform(&random) < 0.5);
    double share = beta(&random, cuts ? mix->cutmix : mix->mixup);
    if (cuts) {
        memcpy(out, own.x, (size_t)size * sizeof *out);
        share = feed->data->rank == 3 ? paste(feed->data, &random, share, partner.x, out) : 1;
    } else {
        float a = (float)share, b = (float)(1 - share);
        for (int64_t k = 0; k < size; k++)
            out[k] = a * own.x[k] + b * partner.x[k];
    }
    if (feed->w)
        feed->w[i] = (float)(share * own.w + (1 - share) * partner.w);
    mix_targets(feed, own.y, partner.y, share, feed->y + i * feed->target_size);
}

/* ---- the team ---- */
static int64_t row_of(const preparation *p, int64_t i)
{
    int64_t position = p->call.first + i;
    return p->order ? (int64_t)p->order[position] : position;
}

/* This thread's samples of the call, copied and augmented. */
static void augment_samples(const preparation *p, int32_t thread, int64_t count)
{
    nnrt_feed *feed = p->feed;
    const nnrt_part *part = &feed->data->part[NNRT_TRAIN];
    int64_t size = feed->data->sample_size, targets = feed->data->target_size;
    for (int64_t i = thread; i < count; i += p->call.threads) {
        int64_t row = row_of(p, i);
        memcpy(feed->x + i * size, part->x + row * size, (size_t)size * sizeof(float));
        nnrt_random random = nnrt_random_new(feed->seed, NNRT_DRAW_AUGMENT, (uint32_t)p->epoch,
                                             (uint32_t)(p->call.first + i));
        nnrt_augment_sample(feed->data, &random, feed->x + i * size, feed->scratch + thread * size);
        if (feed->w)
            feed->w[i] = part->w[row];
        if (!feed->mixes)
            memcpy(feed->y + i * targets, part->y + row * targets, (size_t)targets * sizeof(float));
    }
}

/* The i-th of the call, augmented. */
static sample prepared_sample(const preparation *p, int64_t i)
{
    const nnrt_data *data = p->feed->data;
    const nnrt_part *part = &data->part[NNRT_TRAIN];
    int64_t row = row_of(p, i);
    return (sample){ p->feed->x + i * data->sample_size, part->y + row * data->target_size,
                     part->w ? part->w[row] : 1 };
}

/* A permutation of each batch: whom its samples are mixed with. */
static void draw_partners(const preparation *p, int32_t thread, int64_t count)
{
    nnrt_feed *feed = p->feed;
    for (int64_t b = thread; b * feed->batch < count; b += p->call.threads) {
        int64_t first = b * feed->batch,
                n = count - first < feed->batch ? count - first : feed->batch;
        nnrt_random random = nnrt_random_new(feed->seed, NNRT_DRAW_MIX, (uint32_t)p->epoch,
                                             (uint32_t)((p->call.first + first) / feed->batch));
        for (int64_t i = 0; i < n; i++)
            feed->partner[first + i] = (uint32_t)i;
        nnrt_shuffle(&random, feed->partner + first, (size_t)n);
    }
}

/* Called by all threads, as a unit is. */
static void prepare(nnrt_call *call, int32_t thread)
{
    preparation *p = (preparation *)(void *)call;
    nnrt_feed *feed = p->feed;
    int64_t count = call->last - call->first;
    augment_samples(p, thread, count);
    if (!feed->mixes)
        return;

    draw_partners(p, thread, count);
    nnrt_barrier_wait(call->barrier);
    for (int64_t i = thread; i < count; i += call->threads) {
        int64_t other = i - i % feed->batch + feed->partner[i];
        mix_sample(p, i, prepared_sample(p, i), prepared_sample(p, other));
    }
}

void nnrt_feed_prepare(nnrt_feed *feed, nnrt_call *call, const uint32_t *order, int64_t epoch)
{
    preparation p = { .call = *call, .feed = feed, .order = order, .epoch = epoch };
    nnrt_parallel(prepare, &p.call);
    call->last -= call->first;
    call->first = 0;
    call->x = feed->mixes ? feed->mixed : feed->x;
    call->y = feed->y;
    call->w = feed->w;
    call->order = NULL;
}
