/* scale.c: missing cells and normalisation, both decided by the training part alone and carried
 * into every part (parts.h). */
#include "data/parts.h"
#include "data/form.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool nnrt_fill_missing(nnrt_data *data, const char *file, nnrt_error *e)
{
    const nnrt_part *train = &data->part[NNRT_TRAIN];
    size_t width = (size_t)data->sample_size;
    double *mean = calloc(width, sizeof *mean);
    int64_t *count = calloc(width, sizeof *count);
    bool filled = (mean && count) || nnrt_no_memory_for(e, file);
    for (int64_t i = 0; filled && i < train->count; i++) {
        for (size_t f = 0; f < width; f++) {
            float x = train->x[(size_t)i * width + f];
            if (!isnan(x))
                mean[f] += x, count[f]++;
        }
    }
    for (size_t f = 0; filled && f < width; f++)
        mean[f] = count[f] ? mean[f] / (double)count[f] : NAN;
    for (int part = 0; filled && part < NNRT_PARTS; part++) {
        for (int64_t i = 0; filled && i < data->part[part].count; i++) {
            for (size_t f = 0; f < width; f++) {
                float *x = &data->part[part].x[(size_t)i * width + f];
                if (isnan(*x))
                    *x = (float)mean[f];
                if (isnan(*x)) {
                    filled = nnrt_fail(
                        e, NNRT_FILES, "missing-cell",
                        "%s: column '%s' has no cell in the training part that is not missing",
                        file,
                        data->feature_name && data->feature_name[f] ? data->feature_name[f] : "");
                }
            }
        }
    }
    free(mean);
    free(count);
    return filled;
}

/* x becomes (x - shift) / unit; a unit of 0 makes 0 of everything. */
typedef struct scaling {
    double *shift, *unit;
    size_t width;
} scaling;

static void fit_range(const nnrt_part *train, scaling *s)
{
    for (size_t f = 0; f < s->width; f++)
        s->shift[f] = s->unit[f] = train->x[f];
    for (int64_t i = 1; i < train->count; i++) {
        for (size_t f = 0; f < s->width; f++) {
            double x = train->x[(size_t)i * s->width + f];
            s->shift[f] = x < s->shift[f] ? x : s->shift[f];
            s->unit[f] = x > s->unit[f] ? x : s->unit[f];
        }
    }
    for (size_t f = 0; f < s->width; f++)
        s->unit[f] -= s->shift[f];
}

/* Mean and biased deviation. That a feature is constant is seen by its range, not by a deviation
 * that rounding may have left. */
static bool fit_standard(const nnrt_part *train, scaling *s)
{
    double *range = malloc(2 * s->width * sizeof *range);
    scaling extremes = { range, range + s->width, s->width };
    if (!range)
        return false;
    fit_range(train, &extremes);
    memset(s->shift, 0, s->width * sizeof *s->shift);
    memset(s->unit, 0, s->width * sizeof *s->unit);
    for (int64_t i = 0; i < train->count; i++)
        for (size_t f = 0; f < s->width; f++)
            s->shift[f] += train->x[(size_t)i * s->width + f];
    for (size_t f = 0; f < s->width; f++)
        s->shift[f] /= (double)train->count;
    for (int64_t i = 0; i < train->count; i++) {
        for (size_t f = 0; f < s->width; f++) {
            double d = train->x[(size_t)i * s->width + f] - s->shift[f];
            s->unit[f] += d * d;
        }
    }
    for (size_t f = 0; f < s->width; f++)
        s->unit[f] = extremes.unit[f] > 0 ? sqrt(s->unit[f] / (double)train->count) : 0;
    free(range);
    return true;
}

static void apply(nnrt_data *data, const scaling *s)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        for (int64_t i = 0; i < data->part[part].count; i++) {
            float *x = data->part[part].x + (size_t)i * s->width;
            for (size_t f = 0; f < s->width; f++) {
                double value = s->unit[f] > 0 ? (x[f] - s->shift[f]) / s->unit[f] : 0;
                x[f] = value > FLT_MAX ? FLT_MAX : value < -FLT_MAX ? -FLT_MAX : (float)value;
            }
        }
    }
}

static bool check_finite(const nnrt_data *data, nnrt_error *e)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        for (int64_t i = 0, n = data->part[part].count * data->sample_size; i < n; i++) {
            if (!isfinite(data->part[part].x[i])) {
                return nnrt_fail(e, NNRT_FILES, "nan-cell",
                                 "data '%s': 'scale' takes a sample beyond every finite number",
                                 data->name);
            }
        }
    }
    return true;
}

bool nnrt_normalize(nnrt_data *data, const json_t *form, nnrt_error *e)
{
    const char *how =
        json_is_string(form) ? json_string_value(form) : nnrt_form_text(form, "form", "none");
    if (strcmp(how, "none") == 0)
        return true;
    if (strcmp(how, "scale") == 0) {
        float k = (float)nnrt_form_number(form, "k", 1);
        for (int part = 0; part < NNRT_PARTS; part++)
            for (int64_t i = 0, n = data->part[part].count * data->sample_size; i < n; i++)
                data->part[part].x[i] *= k;
        return check_finite(data, e);
    }
    bool standard = strcmp(how, "standard") == 0;
    if (!standard && strcmp(how, "minmax") != 0) {
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "data '%s': unknown normalisation '%s'",
                         data->name, how);
    }
    size_t width = (size_t)data->sample_size;
    double *both = malloc(2 * width * sizeof *both);
    scaling s = { both, both + width, width };
    bool fitted = both != NULL;
    if (fitted && standard)
        fitted = fit_standard(&data->part[NNRT_TRAIN], &s);
    else if (fitted)
        fit_range(&data->part[NNRT_TRAIN], &s);
    if (fitted)
        apply(data, &s);
    free(both);
    return fitted || nnrt_no_memory_for(e, data->name);
}
