/* augment.c: samples changed at random before training sees them (augment.h).
 *
 * Shifts by whole cells, flips, crops and cutouts move values as they are; turns, zooms and shifts
 * by parts of a cell take the bilinear mean of the four cells around the place a value comes from.
 * Cutout: DeVries and Taylor, Improved Regularization of Convolutional Neural Networks with Cutout,
 * 2017. */
#include "data/augment.h"
#include "data/form.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct image {
    int64_t channels, height, width, size;
} image;

typedef struct augment_row {
    /* the argument that says how much; NULL: there is none */
    const char *form, *amount;
    bool needs_image, blends; /* blends: whole numbers do not stay whole */
    void (*apply)(const nnrt_augmentation *a, image im, nnrt_random *random, float *x,
                  float *scratch);
} augment_row;

static double uniform(nnrt_random *random, double reach)
{
    return (2 * nnrt_random_uniform(random) - 1) * reach;
}

static int64_t whole(nnrt_random *random, int64_t reach)
{
    return (int64_t)nnrt_random_below(random, (uint32_t)(2 * reach + 1)) - reach;
}

/* ---- whole cells ---- */
static void move(image im, int64_t down, int64_t right, float *x, float *scratch)
{
    memcpy(scratch, x, (size_t)im.size * sizeof *x);
    memset(x, 0, (size_t)im.size * sizeof *x);
    int64_t from = right < 0 ? -right : 0, columns = im.width - (right < 0 ? -right : right);
    for (int64_t c = 0; columns > 0 && c < im.channels; c++) {
        for (int64_t y = 0; y < im.height; y++) {
            int64_t source = y - down;
            if (source < 0 || source >= im.height)
                continue;
            memcpy(x + (c * im.height + y) * im.width + from + right,
                   scratch + (c * im.height + source) * im.width + from,
                   (size_t)columns * sizeof *x);
        }
    }
}

static void crop(const nnrt_augmentation *a, image im, nnrt_random *random, float *x,
                 float *scratch)
{
    int64_t reach = (int64_t)fmin(a->amount, 1e6), down = whole(random, reach),
            right = whole(random, reach);
    move(im, down, right, x, scratch);
}

static void flip(const nnrt_augmentation *a, image im, nnrt_random *random, float *x,
                 float *scratch)
{
    (void)scratch;
    if (nnrt_random_uniform(random) < 0.5)
        return;
    int64_t lines = a->vertical ? im.channels : im.channels * im.height,
            items = a->vertical ? im.height : im.width, width = a->vertical ? im.width : 1;
    for (int64_t line = 0; line < lines; line++) {
        for (int64_t i = 0; i < items / 2; i++) {
            float *one = x + (line * items + i) * width,
                  *other = x + (line * items + items - 1 - i) * width;
            for (int64_t k = 0; k < width; k++) {
                float held = one[k];
                one[k] = other[k];
                other[k] = held;
            }
        }
    }
}

static void cutout(const nnrt_augmentation *a, image im, nnrt_random *random, float *x,
                   float *scratch)
{
    (void)scratch;
    int64_t size = (int64_t)fmin(a->amount, 1e6);
    int64_t top = (int64_t)nnrt_random_below(random, (uint32_t)im.height) - size / 2,
            left = (int64_t)nnrt_random_below(random, (uint32_t)im.width) - size / 2;
    int64_t bottom = top + size < im.height ? top + size : im.height,
            right = left + size < im.width ? left + size : im.width;
    if (top < 0)
        top = 0;
    if (left < 0)
        left = 0;
    for (int64_t c = 0; c < im.channels; c++) {
        for (int64_t y = top; y < bottom; y++) {
            memset(x + (c * im.height + y) * im.width + left, 0,
                   (size_t)(right - left) * sizeof *x);
        }
    }
}

/* ---- between cells ---- */
/* The new cell (y, x) holds what was at centre + m (y - centre, x - centre) + offset; m is [cos,
 * -sin; sin, cos] by some factor. */
static void resample(image im, double cosine, double sine, double down, double right, float *x,
                     float *scratch)
{
    double cy = (double)(im.height - 1) / 2, cx = (double)(im.width - 1) / 2;
    int64_t plane = im.height * im.width;
    memcpy(scratch, x, (size_t)im.size * sizeof *x);
    for (int64_t i = 0; i < plane; i++) {
        double dy = (double)(i / im.width) - cy, dx = (double)(i % im.width) - cx;
        double sy = cy + cosine * dy - sine * dx + down, sx = cx + sine * dy + cosine * dx + right;
        double fy = floor(sy), fx = floor(sx), ty = sy - fy, tx = sx - fx;
        bool near = fy >= -1 && fy < (double)im.height && fx >= -1 && fx < (double)im.width;
        int64_t y0 = near ? (int64_t)fy : -2, x0 = near ? (int64_t)fx : -2;
        const double share[4] = { (1 - ty) * (1 - tx), (1 - ty) * tx, ty * (1 - tx), ty * tx };
        for (int64_t c = 0; c < im.channels; c++) {
            double sum = 0;
            for (int k = 0; near && k < 4; k++) {
                int64_t yy = y0 + k / 2, xx = x0 + k % 2;
                if (share[k] > 0 && yy >= 0 && yy < im.height && xx >= 0 && xx < im.width)
                    sum += share[k] * (double)scratch[c * plane + yy * im.width + xx];
            }
            x[c * plane + i] = (float)sum;
        }
    }
}

static void shift(const nnrt_augmentation *a, image im, nnrt_random *random, float *x,
                  float *scratch)
{
    double reach = fmin(a->amount, 1e6);
    if (reach == floor(reach)) {
        crop(a, im, random, x, scratch);
        return;
    }
    double down = uniform(random, reach), right = uniform(random, reach);
    resample(im, 1, 0, down, right, x, scratch);
}

static void rotate(const nnrt_augmentation *a, image im, nnrt_random *random, float *x,
                   float *scratch)
{
    double angle = uniform(random, a->amount) * 0.017453292519943295;
    resample(im, cos(angle), sin(angle), 0, 0, x, scratch);
}

static void zoom(const nnrt_augmentation *a, image im, nnrt_random *random, float *x,
                 float *scratch)
{
    double factor = 1 + uniform(random, a->amount);
    resample(im, 1 / fmax(factor, 1e-3), 0, 0, 0, x, scratch);
}

/* Each cell its own: Box and Muller (1958), both numbers of a pair. */
static void noise(const nnrt_augmentation *a, image im, nnrt_random *random, float *x,
                  float *scratch)
{
    (void)scratch;
    for (int64_t i = 0; i < im.size; i += 2) {
        double u = 1 - nnrt_random_uniform(random),
               angle = 6.283185307179586477 * nnrt_random_uniform(random);
        double radius = a->amount * sqrt(-2 * log(u));
        x[i] = (float)((double)x[i] + radius * cos(angle));
        if (i + 1 < im.size)
            x[i + 1] = (float)((double)x[i + 1] + radius * sin(angle));
    }
}

static const augment_row rows[] = {
    { "shift", "pixels", true, false, shift }, { "rotate", "degrees", true, true, rotate },
    { "zoom", "f", true, true, zoom },         { "flip", NULL, true, false, flip },
    { "crop", "pad", true, false, crop },      { "noise", "std", false, true, noise },
    { "cutout", "size", true, false, cutout },
};

static const augment_row *find_row(const char *form)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].form, form))
            return &rows[i];
    return NULL;
}

bool nnrt_augment_needs_image(const char *form)
{
    const augment_row *row = find_row(form);
    return row && row->needs_image;
}

bool nnrt_augment_blends(const char *form, double amount)
{
    const augment_row *row = find_row(form);
    return row && (row->blends || (row->apply == shift && amount != floor(amount)));
}

bool nnrt_augment_read(const json_t *declared, nnrt_augmentation **list, size_t *count,
                       nnrt_error *e)
{
    size_t size = json_array_size(declared);
    *list = NULL;
    *count = 0;
    if (!size)
        return true;
    if (!(*list = calloc(size, sizeof **list)))
        return nnrt_no_memory_for(e, "augment");
    for (size_t i = 0; i < size; i++) {
        const json_t *form = json_array_get(declared, i);
        const augment_row *row = find_row(nnrt_form_text(form, "form", ""));
        if (!row) {
            return nnrt_fail(e, NNRT_SCRIPT, "internal",
                             "the program has an augmentation without a name that is known");
        }
        (*list)[i] =
            (nnrt_augmentation){ row, row->amount ? nnrt_form_number(form, row->amount, 0) : 0,
                                 !strcmp(nnrt_form_text(form, "axis", ""), "vertical") };
    }
    *count = size;
    return true;
}

void nnrt_augment_sample(const nnrt_data *data, nnrt_random *random, float *x, float *scratch)
{
    image im = { 1, 1, data->sample_size, data->sample_size };
    bool is_image = data->rank == 3;
    if (is_image)
        im = (image){ data->shape[0], data->shape[1], data->shape[2], data->sample_size };
    for (size_t i = 0; i < data->augmentation_count; i++) {
        const nnrt_augmentation *a = &data->augmentation[i];
        if (is_image || !a->row->needs_image)
            a->row->apply(a, im, random, x, scratch);
    }
}
