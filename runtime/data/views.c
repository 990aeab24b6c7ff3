/* views.c: other training and validation parts of the same samples: folds of a cross-validation
 * (views.h).
 *
 * Folds are dealt like cards: samples are shuffled, laid out class by class, and go to folds 0, 1,
 * 2, ... in turn over the whole row, so sizes differ by one at most and so do the samples of a
 * class. Without shuffle, real targets are cut into runs in file order, as scikit-learn's KFold. */
#include "data/views.h"
#include "data/block.h"
#include "data/form.h"
#include "data/fit.h"
#include "data/opening.h"
#include "data/parts.h"
#include <stdlib.h>
#include <string.h>

/* of random numbers; those below it are of parts that are held out */
enum { FOLD_STREAM = 3 };

json_t *nnrt_whole_declaration(const json_t *declaration)
{
    json_t *whole = json_copy((json_t *)declaration);
    if (!whole)
        return NULL;
    json_object_set_new(whole, "validation", json_null());
    json_object_set_new(whole, "normalize", json_null());
    json_object_set_new(whole, "whole", json_true());
    return whole;
}

static float *take_rows(const float *from, size_t width, const uint32_t *sample, int64_t count,
                        nnrt_error *e)
{
    float *rows = nnrt_floats_new(count * (int64_t)width, e);

    for (int64_t i = 0; rows && i < count; i++)
        memcpy(rows + (size_t)i * width, from + sample[i] * width, width * sizeof *rows);
    return rows;
}

/* The whole's samples as they are before they are prepared; *row: to be freed. */
static bool raw_samples(const nnrt_data *whole, const uint32_t *sample, int64_t count,
                        nnrt_samples *samples, uint32_t **row, nnrt_error *e)
{
    const nnrt_raw *raw = whole->raw;

    *samples = (nnrt_samples){ .count = count,
                               .x = whole->part[NNRT_TRAIN].x,
                               .encoding = raw ? raw->encoding : NULL,
                               .wide = raw ? raw->wide : NULL,
                               .row = sample,
                               .name = whole->name };
    *row = NULL;
    if (!raw)
        return true;

    if (!(*row = malloc(((size_t)(count * raw->width) + 1) * sizeof **row)))
        return nnrt_no_memory_for(e, whole->name);
    for (int64_t i = 0; i < count; i++)
        memcpy(*row + i * raw->width, raw->row + sample[i] * raw->width,
               (size_t)raw->width * sizeof **row);
    samples->row = *row;
    samples->count = count * raw->width;
    return true;
}

typedef struct view_targets {
    const nnrt_data *whole;
    const uint32_t *sample;
} view_targets;

static double target_value(const void *context, int64_t i, size_t k)
{
    const view_targets *t = context;
    return t->whole->part[NNRT_TRAIN].y[t->sample[i] * (size_t)t->whole->target_size + k];
}

static bool fit_view(nnrt_data *view, const json_t *declaration, const uint32_t *sample,
                     int64_t count, nnrt_error *e)
{
    const nnrt_data *whole = view->whole;
    view_targets targets = { whole, sample };
    nnrt_samples training;
    uint32_t *row;

    bool ok = raw_samples(whole, sample, count, &training, &row, e) &&
              nnrt_fit_means(view->preparation, &training, e) &&
              nnrt_fit_scaling(view->preparation, json_object_get(declaration, "normalize"),
                               &training, e) &&
              (whole->classify || whole->multilabel ||
               nnrt_fit_target_scaling(
                   view->preparation, json_object_get(declaration, "normalize_target"), count,
                   (size_t)whole->target_size, target_value, &targets, whole->name, e));
    free(row);
    return ok;
}

static bool make_part(nnrt_data *view, int part, const uint32_t *sample, int64_t count,
                      nnrt_error *e)
{
    const nnrt_data *whole = view->whole;
    const nnrt_part *from = &whole->part[NNRT_TRAIN];
    const nnrt_scaling *scaling = &view->preparation->target;
    size_t target = (size_t)whole->target_size;
    nnrt_samples samples;
    uint32_t *row;

    float *x = nnrt_floats_new(count * whole->sample_size, e),
          *y = x ? take_rows(from->y, target, sample, count, e) : NULL,
          *w = y && from->w ? take_rows(from->w, 1, sample, count, e) : NULL;
    view->storage[3 * part] = x;
    view->storage[3 * part + 1] = y;
    view->storage[3 * part + 2] = w;
    if (!y || (from->w && !w))
        return false;

    bool ok = raw_samples(whole, sample, count, &samples, &row, e) &&
              nnrt_prepare(view->preparation, &samples, x, e);
    free(row);
    for (size_t i = 0; ok && scaling->kind != NNRT_SCALE_NONE && i < (size_t)count * target; i++)
        y[i] = (float)nnrt_scale_value(scaling, i % target, y[i]);

    if (ok && count)
        view->part[part] = (nnrt_part){ .count = count, .x = x, .y = y, .w = w };
    view->total += count;
    return ok;
}

nnrt_data *nnrt_view_new(const nnrt_data *whole, const json_t *declaration, const uint32_t *train,
                         int64_t train_count, const uint32_t *validation, int64_t validation_count,
                         nnrt_error *e)
{
    nnrt_data *view = malloc(sizeof *view);
    nnrt_preparation *own = view ? nnrt_preparation_copy(whole->preparation) : NULL;
    if (!own) {
        free(view);
        nnrt_no_memory_for(e, whole->name);
        return NULL;
    }

    *view = *whole;
    view->whole = whole;
    view->raw = NULL;
    view->preparation = own;
    view->total = 0;
    memset(view->part, 0, sizeof view->part);
    memset(view->storage, 0, sizeof view->storage);

    bool ok = fit_view(view, declaration, train, train_count, e) &&
              make_part(view, NNRT_TRAIN, train, train_count, e) &&
              make_part(view, NNRT_VALIDATION, validation, validation_count, e);
    if (ok)
        return view;
    nnrt_data_free(view);
    return NULL;
}

uint32_t *nnrt_folds(const nnrt_data *data, int64_t folds, uint64_t seed, nnrt_error *e)
{
    int64_t count = data->part[NNRT_TRAIN].count, dealt = 0;
    const float *y = data->part[NNRT_TRAIN].y;
    bool stratified = data->classify && data->target_rank == 0;
    size_t size = (size_t)(count ? count : 1);
    uint32_t *order = malloc(size * sizeof *order), *fold = malloc(size * sizeof *fold);
    if (!order || !fold) {
        nnrt_no_memory_for(e, data->name);
        free(order);
        free(fold);
        return NULL;
    }

    for (int64_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    if (data->shuffle) {
        nnrt_random random = nnrt_random_new(seed ^ data->seed * UINT64_C(0x9E3779B97F4A7C15),
                                             NNRT_DRAW_HOLDOUT, FOLD_STREAM, 0);
        nnrt_shuffle(&random, order, (size_t)count);
    }
    for (int64_t c = 0; stratified && c < data->classes; c++) {
        for (int64_t i = 0; i < count; i++)
            if ((int64_t)y[order[i]] == c)
                fold[order[i]] = (uint32_t)(dealt++ % folds);
    }
    for (int64_t i = 0; !stratified && i < count; i++)
        fold[order[i]] = (uint32_t)(data->shuffle ? i % folds : i * folds / count);
    free(order);
    return fold;
}
