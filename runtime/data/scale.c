/* scale.c: missing cells and normalisation, both decided by the training part alone and carried
 * into every part (parts.h). */
#include "data/parts.h"
#include "data/form.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The mean of each feature over the cells that are not missing; NAN where all are. */
static void mean_of_known(const nnrt_part *part, size_t width, double *mean, int64_t *count)
{
    for (int64_t i = 0; i < part->count; i++) {
        for (size_t f = 0; f < width; f++) {
            float x = part->x[(size_t)i * width + f];
            if (!isnan(x)) {
                mean[f] += x;
                count[f]++;
            }
        }
    }
    for (size_t f = 0; f < width; f++)
        mean[f] = count[f] ? mean[f] / (double)count[f] : NAN;
}

static bool fill_sample(const nnrt_data *data, float *x, const double *mean, const char *file,
                        nnrt_error *e)
{
    for (size_t f = 0; f < (size_t)data->sample_size; f++) {
        if (!isnan(x[f]))
            continue;
        x[f] = (float)mean[f];
        if (isnan(x[f])) {
            const char *name = data->feature_name ? data->feature_name[f] : NULL;
            return nnrt_fail(e, NNRT_FILES, "missing-cell",
                             "%s: in the training part, all cells of column '%s' are missing", file,
                             name ? name : "");
        }
    }
    return true;
}

bool nnrt_fill_missing(nnrt_data *data, const char *file, nnrt_error *e)
{
    size_t width = (size_t)data->sample_size;
    double *mean = calloc(width, sizeof *mean);
    int64_t *count = calloc(width, sizeof *count);
    bool ok = (mean && count) || nnrt_no_memory_for(e, file);
    if (ok)
        mean_of_known(&data->part[NNRT_TRAIN], width, mean, count);
    for (int part = 0; ok && part < NNRT_PARTS; part++) {
        float *x = data->part[part].x;
        for (int64_t i = 0; ok && i < data->part[part].count; i++)
            ok = fill_sample(data, x + (size_t)i * width, mean, file, e);
    }
    free(mean);
    free(count);
    return ok;
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
                if (value > FLT_MAX)
                    value = FLT_MAX;
                else if (value < -FLT_MAX)
                    value = -FLT_MAX;
                x[f] = (float)value;
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

static void multiply(nnrt_data *data, float factor)
{
    for (int part = 0; part < NNRT_PARTS; part++)
        for (int64_t i = 0, n = data->part[part].count * data->sample_size; i < n; i++)
            data->part[part].x[i] *= factor;
}

bool nnrt_normalize(nnrt_data *data, const json_t *form, nnrt_error *e)
{
    const char *how =
        json_is_string(form) ? json_string_value(form) : nnrt_form_text(form, "form", "none");
    if (strcmp(how, "none") == 0)
        return true;
    if (strcmp(how, "scale") == 0) {
        multiply(data, (float)nnrt_form_number(form, "k", 1));
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
    bool ok = both != NULL;
    if (ok && standard)
        ok = fit_standard(&data->part[NNRT_TRAIN], &s);
    else if (ok)
        fit_range(&data->part[NNRT_TRAIN], &s);
    if (ok)
        apply(data, &s);
    free(both);
    return ok || nnrt_no_memory_for(e, data->name);
}
