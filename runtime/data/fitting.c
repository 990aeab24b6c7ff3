/* fitting.c: scaling by a triangle filter, first along rows, then along columns (fitting.h).
 *
 * The filter's half width is one pixel of the larger grid, so that shrinking takes means. Sums are
 * of whole numbers, rounded to 8 bits after each pass, as in Pillow's src/libImaging/Resample.c. */
#include "data/fitting.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 22 }; /* of a weight's fraction */

/* What makes the cells of one axis: cell i is the sum of `weight[i * most ..]` times the cells from
 * first[i] on, count[i] of them. */
typedef struct axis_filter {
    int64_t cells, most;
    int64_t *first, *count;
    int32_t *weight;
} axis_filter;

static void filter_free(axis_filter *f)
{
    free(f->first);
    free(f->count);
    free(f->weight);
}

/* The weights of one cell, whose centre is there in the grid that is read. */
static void weigh(axis_filter *f, int64_t i, double centre, double scale, int64_t from,
                  double *weight)
{
    int64_t first = (int64_t)(centre - scale + 0.5), last = (int64_t)(centre + scale + 0.5);
    double sum = 0;
    if (centre - scale + 0.5 < 0)
        first = 0;
    if (last > from)
        last = from;

    f->first[i] = first;
    f->count[i] = last - first;
    for (int64_t k = 0; k < last - first; k++) {
        double distance = fabs(((double)(k + first) - centre + 0.5) / scale);
        weight[k] = distance < 1 ? 1 - distance : 0;
        sum += weight[k];
    }

    for (int64_t k = 0; k < last - first; k++)
        f->weight[i * f->most + k] = (int32_t)(0.5 + weight[k] / sum * (1 << BITS));
}

static bool filter_new(axis_filter *f, int64_t from, int64_t to)
{
    double step = (double)from / (double)to, scale = step > 1 ? step : 1;
    int64_t most = 2 * (int64_t)ceil(scale) + 1;

    *f = (axis_filter){ .cells = to,
                        .most = most,
                        .first = calloc((size_t)to, sizeof *f->first),
                        .count = calloc((size_t)to, sizeof *f->count),
                        .weight = calloc((size_t)(to * most), sizeof *f->weight) };
    double *weight = calloc((size_t)most, sizeof *weight);
    bool ok = f->first && f->count && f->weight && weight;

    for (int64_t i = 0; ok && i < to; i++)
        weigh(f, i, ((double)i + 0.5) * step, scale, from, weight);
    free(weight);
    return ok;
}

/* Cell i of a line whose cells lie `stride` apart. */
static float filtered(const axis_filter *f, int64_t i, const float *line, int64_t stride)
{
    const int32_t *weight = f->weight + i * f->most;
    int64_t sum = INT64_C(1) << (BITS - 1);

    for (int64_t k = 0; k < f->count[i]; k++)
        sum += (int64_t)weight[k] * lrintf(line[(f->first[i] + k) * stride]);
    sum >>= BITS;
    return (float)(sum > 255 ? 255 : sum);
}

/* rows x columns to rows x f->cells. */
static void filter_rows(const axis_filter *f, const float *from, int64_t rows, int64_t columns,
                        float *to)
{
    for (int64_t y = 0; y < rows; y++)
        for (int64_t x = 0; x < f->cells; x++)
            to[y * f->cells + x] = filtered(f, x, from + y * columns, 1);
}

/* rows x columns to f->cells x columns. */
static void filter_columns(const axis_filter *f, const float *from, int64_t columns, float *to)
{
    for (int64_t y = 0; y < f->cells; y++)
        for (int64_t x = 0; x < columns; x++)
            to[y * columns + x] = filtered(f, y, from + x, columns);
}

/* One channel to another size: [height][width] to [to_height][to_width]. */
static bool scale_channel(const float *from, int64_t height, int64_t width, float *to,
                          int64_t to_height, int64_t to_width)
{
    axis_filter across = { 0 }, down = { 0 };
    float *between = NULL;
    bool ok = true;

    if (width != to_width) {
        between = malloc((size_t)(height * to_width) * sizeof *between);
        ok = between && filter_new(&across, width, to_width);
        if (ok)
            filter_rows(&across, from, height, width, between);
        from = between;
    }

    if (ok && height != to_height) {
        if ((ok = filter_new(&down, height, to_height)))
            filter_columns(&down, from, to_width, to);
    } else if (ok) {
        memcpy(to, from, (size_t)(height * to_width) * sizeof *to);
    }

    filter_free(&across);
    filter_free(&down);
    free(between);
    return ok;
}

/* ---- sizes ---- */

/* The size that a picture is scaled to before it is cut or framed. */
static void scaled_size(nnrt_fitting fitting, int64_t height, int64_t width, int64_t *to_height,
                        int64_t *to_width)
{
    double across = (double)*to_width / (double)width, down = (double)*to_height / (double)height;
    double scale = fitting == NNRT_FIT_CROP ? fmax(across, down) : fmin(across, down);

    if (fitting == NNRT_FIT_STRETCH)
        return;
    *to_width = llrint((double)width * scale);
    *to_height = llrint((double)height * scale);
    if (*to_width < 1)
        *to_width = 1;
    if (*to_height < 1)
        *to_height = 1;
}

/* Half of what is over, rounded down, of a negative number too. */
static int64_t half(int64_t n)
{
    return (n - (n & 1)) / 2;
}

/* The middle of [height][width], or all of it in the middle, black around. A picture scaled by
 * `crop` is never the smaller one, by `pad` never the larger. */
static void centre(const float *from, int64_t height, int64_t width, float *to, int64_t to_height,
                   int64_t to_width)
{
    int64_t top = height > to_height ? half(height - to_height) : -half(to_height - height);
    int64_t left = width > to_width ? half(width - to_width) : -half(to_width - width);

    for (int64_t y = 0; y < to_height; y++) {
        for (int64_t x = 0; x < to_width; x++) {
            int64_t from_y = y + top, from_x = x + left;
            bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
            to[y * to_width + x] = inside ? from[from_y * width + from_x] : 0;
        }
    }
}

bool nnrt_fit_picture(nnrt_fitting fitting, int channels, const float *from, int64_t height,
                      int64_t width, float *to, int64_t to_height, int64_t to_width)
{
    int64_t middle_height = to_height, middle_width = to_width;
    scaled_size(fitting, height, width, &middle_height, &middle_width);

    bool exact = middle_height == to_height && middle_width == to_width;
    float *middle = exact ? NULL : malloc((size_t)(middle_height * middle_width) * sizeof *middle);
    bool ok = exact || middle;

    for (int c = 0; ok && c < channels; c++) {
        float *channel = to + c * to_height * to_width;
        ok = scale_channel(from + c * height * width, height, width, exact ? channel : middle,
                           middle_height, middle_width);
        if (ok && !exact)
            centre(middle, middle_height, middle_width, channel, to_height, to_width);
    }
    free(middle);
    return ok;
}
