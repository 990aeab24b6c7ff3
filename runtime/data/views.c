/* views.c: other training and validation parts of the same samples: folds of a cross-validation
 * (views.h).
 *
 * Folds are dealt like cards: samples are shuffled, laid out class by class, and go to folds 0, 1,
 * 2, ... in turn over the whole row, so sizes differ by one at most and so do the samples of a
 * class. Without shuffle, real targets are cut into runs in file order, as scikit-learn's KFold. */
#include "data/views.h"
#include "data/block.h"
#include "data/form.h"
#include "data/parts.h"
#include <stdlib.h>
#include <string.h>

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

static bool take_rows(const nnrt_data *whole, nnrt_data *view, int part, const uint32_t *sample,
                      int64_t count, nnrt_error *e)
{
    const nnrt_part *from = &whole->part[NNRT_TRAIN];
    size_t width = (size_t)whole->sample_size, target = (size_t)whole->target_size;
    float *x = nnrt_floats_new(count * whole->sample_size, e),
          *y = x ? nnrt_floats_new(count * whole->target_size, e) : NULL;
    view->storage[2 * part] = x;
    view->storage[2 * part + 1] = y;
    view->part[part] = (nnrt_part){ 0 };
    if (!y)
        return false;
    for (int64_t i = 0; i < count; i++) {
        memcpy(x + (size_t)i * width, from->x + sample[i] * width, width * sizeof *x);
        memcpy(y + (size_t)i * target, from->y + sample[i] * target, target * sizeof *y);
    }
    if (count)
        view->part[part] = (nnrt_part){ .count = count, .x = x, .y = y };
    view->total += count;
    return true;
}

/* Only CSV files have cells that are missing. */
static bool fills_missing(const json_t *declaration)
{
    const json_t *source = json_object_get(declaration, "source");
    if (!json_is_object(source))
        source = json_object_get(declaration, "train");
    return strcmp(nnrt_form_text(source, "missing", ""), "mean") == 0;
}

nnrt_data *nnrt_view_new(const nnrt_data *whole, const json_t *declaration, const uint32_t *train,
                         int64_t train_count, const uint32_t *validation, int64_t validation_count,
                         nnrt_error *e)
{
    nnrt_data *view = malloc(sizeof *view);
    if (!view) {
        nnrt_no_memory_for(e, whole->name);
        return NULL;
    }
    *view = *whole;
    view->whole = whole;
    view->total = 0;
    memset(view->part, 0, sizeof view->part);
    memset(view->storage, 0, sizeof view->storage);
    bool made = take_rows(whole, view, NNRT_TRAIN, train, train_count, e) &&
                take_rows(whole, view, NNRT_VALIDATION, validation, validation_count, e) &&
                (!fills_missing(declaration) || nnrt_fill_missing(view, whole->name, e)) &&
                nnrt_normalize(view, json_object_get(declaration, "normalize"), e);
    if (made)
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
                                             NNRT_DRAW_HOLDOUT, NNRT_PARTS, 0);
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
