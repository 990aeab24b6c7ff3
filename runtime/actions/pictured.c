/* pictured.c: what an evaluation's picture shows beyond its metrics: calibration, decision regions,
 * fits. */
#include "actions/pictured.h"
#include <math.h>
#include <stdlib.h>

enum {
    BINS = 10,
    COLUMNS = 120,
    ROWS = 90,
    FIT_POINTS = 241,
    MOST_POINTS = 600,
    MOST_CLASSES = 10
};

/* ---- calibration ---- */

/* How likely the outputs say class c is, between 0 and 1. */
static double probability(const nnrt_sample_set *set, int64_t row, int64_t c)
{
    const float *out = set->out + row * set->width;
    if (set->width == 1) {
        double p = set->head == NNRT_SIGMOID ? out[0] : 1 / (1 + exp(-(double)out[0]));
        return c ? p : 1 - p;
    }
    if (set->head != NNRT_SCORES)
        return out[c];
    double largest = out[0], sum = 0;
    for (int64_t k = 1; k < set->width; k++)
        largest = fmax(largest, out[k]);
    for (int64_t k = 0; k < set->width; k++)
        sum += exp(out[k] - largest);
    return exp(out[c] - largest) / sum;
}

static void add_calibration(json_t *notes, const nnrt_sample_set *set)
{
    double said[BINS] = { 0 }, truth[BINS] = { 0 }, count[BINS] = { 0 }, error = 0;
    bool two = set->classes == 2 && set->width <= 2;
    for (int64_t r = 0; r < set->rows; r++) {
        int64_t shown = two ? 1 : nnrt_predicted_class(set, r);
        double p = probability(set, r, shown);
        /* no probabilities: linear outputs under another loss */
        if (!(p >= 0 && p <= 1))
            return;
        int bin = p < 1 ? (int)(p * BINS) : BINS - 1;
        said[bin] += p;
        truth[bin] += (int64_t)set->target[r] == shown;
        count[bin]++;
    }
    json_t *bins = json_array();
    for (int i = 0; i < BINS; i++) {
        if (count[i] == 0)
            continue;
        error += fabs(said[i] - truth[i]) / (double)set->rows;
        json_array_append_new(bins, json_pack("{s:f, s:f, s:f}", "said", said[i] / count[i], "true",
                                              truth[i] / count[i], "count", count[i]));
    }
    json_object_set_new(notes, "calibration", bins);
    json_object_set_new(notes, "calibration_error", json_real(error));
    json_object_set_new(notes, "of_second", json_boolean(two));
}

/* ---- samples ---- */

static int64_t stride_of(int64_t count, int64_t most)
{
    return count > most ? (count + most - 1) / most : 1;
}

static json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Samples of a part, at most `most` of them, at even distances: their feature of this number, or
 * their target where it is negative. */
static json_t *sample_values(const nnrt_data *data, const nnrt_part *part, int64_t feature,
                             int64_t most)
{
    json_t *list = json_array();
    for (int64_t i = 0, step = stride_of(part->count, most); i < part->count; i += step) {
        json_array_append_new(list, feature < 0
                                        ? real_or_null(part->y[i * data->target_size])
                                        : real_or_null(part->x[i * data->sample_size + feature]));
    }
    return list;
}

static void add_points(json_t *notes, const nnrt_data *data, const nnrt_sample_set *set,
                       const float *x)
{
    nnrt_part part = { .count = set->rows,
                       .x = (float *)(uintptr_t)x,
                       .y = (float *)(uintptr_t)set->target };
    bool flat = data->sample_size == 2;
    json_t *points = json_pack("{s:o, s:o}", "x", sample_values(data, &part, 0, MOST_POINTS), "y",
                               sample_values(data, &part, flat ? 1 : -1, MOST_POINTS));
    if (flat) {
        json_t *wrong = json_array();
        for (int64_t i = 0, step = stride_of(set->rows, MOST_POINTS); i < set->rows; i += step) {
            json_array_append_new(
                wrong, json_boolean(nnrt_predicted_class(set, i) != (int64_t)set->target[i]));
        }
        json_object_set_new(points, "class", sample_values(data, &part, -1, MOST_POINTS));
        json_object_set_new(points, "wrong", wrong);
    }
    json_object_set_new(notes, "points", points);
}

static void add_axes(json_t *notes, const nnrt_data *data, bool normalized)
{
    json_t *axes = json_array();
    const char *end = normalized ? " (normalised)" : "";
    for (int64_t i = 0; i < data->sample_size && i < 2; i++) {
        json_t *axis;
        if (data->feature_name)
            axis = json_sprintf("%s%s", data->feature_name[i], end);
        else if (data->sample_size > 1)
            axis = json_sprintf("feature %d%s", (int)i + 1, end);
        else
            axis = json_sprintf("x%s", end);
        json_array_append_new(axes, axis);
    }
    json_object_set_new(notes, "axes", axes);
}

/* ---- outputs over the plane, and over a line ---- */

typedef struct range {
    double low, high;
} range;

static range range_of(const float *x, int64_t count, int64_t size, int64_t feature, double room)
{
    range r = { INFINITY, -INFINITY };
    for (int64_t i = 0; i < count; i++) {
        r.low = fmin(r.low, x[i * size + feature]);
        r.high = fmax(r.high, x[i * size + feature]);
    }
    if (!(r.low < r.high))
        r = (range){ r.low - 1, r.low + 1 };
    room *= r.high - r.low;
    return (range){ r.low - room, r.high + room };
}

static json_t *reals(const float *values, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(list, real_or_null(values[i]));
    return list;
}

static bool add_regions(json_t *notes, const nnrt_sample_set *set, const float *x,
                        nnrt_answer *answer, void *context, nnrt_error *e)
{
    range across = range_of(x, set->rows, 2, 0, 0.06), up = range_of(x, set->rows, 2, 1, 0.06);
    float *grid = nnrt_tensor_new(2 * COLUMNS * ROWS);
    if (!grid)
        return nnrt_no_memory(e);
    for (int i = 0; i < COLUMNS * ROWS; i++) {
        grid[2 * i] =
            (float)(across.low + (across.high - across.low) * (i % COLUMNS) / (COLUMNS - 1));
        grid[2 * i + 1] = (float)(up.low + (up.high - up.low) * (i / COLUMNS) / (ROWS - 1));
    }
    float *out = answer(context, grid, COLUMNS * ROWS, e);
    if (out && set->width == 1) /* above 0: the second class */
        for (int i = 0; i < COLUMNS * ROWS; i++)
            out[i] -= set->head == NNRT_SIGMOID ? 0.5f : 0;
    if (out) {
        json_object_set_new(notes, "regions",
                            json_pack("{s:f, s:f, s:f, s:f, s:i, s:i, s:i, s:o}", "x0", across.low,
                                      "x1", across.high, "y0", up.low, "y1", up.high, "columns",
                                      COLUMNS, "rows", ROWS, "width", (int)set->width, "scores",
                                      reals(out, COLUMNS * ROWS * set->width)));
    }
    free(grid);
    free(out);
    return out != NULL;
}

static bool add_fit(json_t *notes, const nnrt_sample_set *set, const float *x, nnrt_answer *answer,
                    void *context, nnrt_error *e)
{
    range across = range_of(x, set->rows, 1, 0, 0.02);
    float *line = nnrt_tensor_new(FIT_POINTS);
    if (!line)
        return nnrt_no_memory(e);
    for (int i = 0; i < FIT_POINTS; i++)
        line[i] = (float)(across.low + (across.high - across.low) * i / (FIT_POINTS - 1));
    float *out = answer(context, line, FIT_POINTS, e);
    if (out) {
        json_object_set_new(
            notes, "fit",
            json_pack("{s:o, s:o}", "x", reals(line, FIT_POINTS), "y", reals(out, FIT_POINTS)));
    }
    free(line);
    free(out);
    return out != NULL;
}

bool nnrt_picture_evaluation(json_t *notes, const nnrt_data *data, bool normalized,
                             const nnrt_sample_set *set, const float *x, nnrt_answer *answer,
                             void *context, nnrt_error *e)
{
    if (set->multilabel && set->rows)
        return nnrt_threshold_curves(notes, set, e);
    if (data->target_size != 1 || !set->rows)
        return true;
    if (set->classify) {
        add_calibration(notes, set);
        if (!nnrt_threshold_curves(notes, set, e))
            return false;
    } else if (set->width == 1 && data->sample_size > 1) {
        nnrt_part part = { .count = set->rows, .y = (float *)(uintptr_t)set->target },
                  said = { .count = set->rows, .y = (float *)(uintptr_t)set->out };
        json_object_set_new(notes, "agreement",
                            json_pack("{s:o, s:o}", "x",
                                      sample_values(data, &part, -1, MOST_POINTS), "y",
                                      sample_values(data, &said, -1, MOST_POINTS)));
    }
    bool plane = set->classify && data->sample_size == 2 && set->width <= MOST_CLASSES,
         line = !set->classify && data->sample_size == 1 && set->width == 1;
    if (!plane && !line)
        return true;
    add_points(notes, data, set, x);
    add_axes(notes, data, normalized);
    return plane ? add_regions(notes, set, x, answer, context, e)
                 : add_fit(notes, set, x, answer, context, e);
}
