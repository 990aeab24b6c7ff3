/* fit.c: means and scales of a training part, and samples prepared by them (fit.h). */
#include "data/fit.h"
#include "data/form.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

/* Sample i as float64, with NAN where a cell is missing. */
static bool raw_sample(const nnrt_preparation *p, const nnrt_samples *s, int64_t i, double *out,
                       nnrt_error *e)
{
    int64_t row = s->row ? s->row[i] : i;
    if (s->encoding)
        return nnrt_encode(s->encoding, row, out, e);

    if (s->wide) {
        memcpy(out, s->wide + (size_t)row * (size_t)p->features, (size_t)p->features * sizeof *out);
        return true;
    }
    const float *x = s->x + (size_t)row * (size_t)p->features;
    for (int64_t f = 0; f < p->features; f++)
        out[f] = x[f];
    return true;
}

static bool filled_sample(const nnrt_preparation *p, const nnrt_samples *s, int64_t i, double *out,
                          nnrt_error *e)
{
    if (!raw_sample(p, s, i, out, e))
        return false;
    for (int64_t f = 0; p->mean && f < p->features; f++)
        if (isnan(out[f]))
            out[f] = p->mean[f];
    return true;
}

/* ---- missing cells ---- */

static bool check_means(const nnrt_preparation *p, const nnrt_samples *training, nnrt_error *e)
{
    for (size_t j = 0; j < p->columns; j++) {
        const nnrt_feature_column *c = &p->column[j];
        if (!c->categorical && isnan(p->mean[c->feature])) {
            return nnrt_fail(e, NNRT_FILES, "missing-cell",
                             "%s: column '%.80s' has no cell in the training part that is not "
                             "missing",
                             training->name, c->name ? c->name : "");
        }
    }
    return true;
}

bool nnrt_fit_means(nnrt_preparation *p, const nnrt_samples *training, nnrt_error *e)
{
    size_t width = (size_t)p->features;
    if (p->missing != NNRT_MISSING_MEAN)
        return true;

    p->mean = calloc(width + 1, sizeof *p->mean);
    double *x = malloc((width + 1) * sizeof *x);
    int64_t *count = calloc(width + 1, sizeof *count);
    bool ok = (p->mean && x && count) || nnrt_no_memory_for(e, training->name);

    for (int64_t i = 0; ok && i < training->count; i++) {
        ok = raw_sample(p, training, i, x, e);
        for (size_t f = 0; ok && f < width; f++) {
            if (!isnan(x[f])) {
                p->mean[f] += x[f];
                count[f]++;
            }
        }
    }
    for (size_t f = 0; ok && f < width; f++)
        p->mean[f] = count[f] ? p->mean[f] / (double)count[f] : NAN;

    free(x);
    free(count);
    return ok && check_means(p, training, e);
}

/* ---- scales ---- */

/* One pass over all values: visit(s, row of `width` values). */
typedef bool each_row(const void *source, int64_t i, double *out, nnrt_error *e);

typedef struct rows {
    each_row *get;
    const void *source;
    int64_t count;
    size_t width;
    nnrt_error *e;
} rows;

static bool fit_range(const rows *r, nnrt_scaling *s, double *x)
{
    for (int64_t i = 0; i < r->count; i++) {
        if (!r->get(r->source, i, x, r->e))
            return false;
        for (size_t f = 0; f < r->width; f++) {
            s->shift[f] = !i || x[f] < s->shift[f] ? x[f] : s->shift[f];
            s->unit[f] = !i || x[f] > s->unit[f] ? x[f] : s->unit[f];
        }
    }
    for (size_t f = 0; f < r->width; f++)
        s->unit[f] -= s->shift[f];
    return true;
}

/* Mean and biased deviation. That a feature is constant is seen by its range, not by a deviation
 * that rounding may have left. */
static bool fit_standard(const rows *r, nnrt_scaling *s, double *x)
{
    nnrt_scaling range;
    bool ok = (nnrt_scaling_new(&range, NNRT_SCALE_MINMAX, r->width) || nnrt_no_memory(r->e)) &&
              fit_range(r, &range, x);

    for (int64_t i = 0; ok && i < r->count; i++) {
        ok = r->get(r->source, i, x, r->e);
        for (size_t f = 0; ok && f < r->width; f++)
            s->shift[f] += x[f];
    }
    for (size_t f = 0; ok && f < r->width; f++)
        s->shift[f] /= (double)r->count;

    for (int64_t i = 0; ok && i < r->count; i++) {
        ok = r->get(r->source, i, x, r->e);
        for (size_t f = 0; ok && f < r->width; f++)
            s->unit[f] += (x[f] - s->shift[f]) * (x[f] - s->shift[f]);
    }
    for (size_t f = 0; ok && f < r->width; f++)
        s->unit[f] = range.unit[f] > 0 ? sqrt(s->unit[f] / (double)r->count) : 0;

    nnrt_scaling_free(&range);
    return ok;
}

static bool fit_rows(const rows *r, nnrt_scale kind, nnrt_scaling *s)
{
    double *x = malloc((r->width + 1) * sizeof *x);
    bool ok = (x && nnrt_scaling_new(s, kind, r->width)) || nnrt_no_memory(r->e);

    if (ok && r->count)
        ok = kind == NNRT_SCALE_MINMAX ? fit_range(r, s, x) : fit_standard(r, s, x);
    free(x);
    return ok;
}

typedef struct training_rows {
    const nnrt_preparation *preparation;
    const nnrt_samples *samples;
} training_rows;

static bool training_row(const void *source, int64_t i, double *out, nnrt_error *e)
{
    const training_rows *t = source;
    return filled_sample(t->preparation, t->samples, i, out, e);
}

static nnrt_scale scale_of(const json_t *form)
{
    const char *word =
        json_is_string(form) ? json_string_value(form) : nnrt_form_text(form, "form", "none");

    if (strcmp(word, "standard") == 0)
        return NNRT_SCALE_STANDARD;
    if (strcmp(word, "minmax") == 0)
        return NNRT_SCALE_MINMAX;
    if (strcmp(word, "scale") == 0)
        return NNRT_SCALE_FACTOR;
    return strcmp(word, "log") == 0 ? NNRT_SCALE_LOG : NNRT_SCALE_NONE;
}

bool nnrt_fit_scaling(nnrt_preparation *p, const json_t *form, const nnrt_samples *training,
                      nnrt_error *e)
{
    nnrt_scale kind = scale_of(form);
    training_rows t = { p, training };
    rows r = { training_row, &t, training->count, (size_t)p->features, e };

    if (kind == NNRT_SCALE_NONE)
        return true;
    if (kind != NNRT_SCALE_FACTOR)
        return fit_rows(&r, kind, &p->samples);
    if (!nnrt_scaling_new(&p->samples, kind, 1))
        return nnrt_no_memory_for(e, training->name);
    p->samples.unit[0] = (float)nnrt_form_number(form, "k", 1);
    return true;
}

/* ---- scales of targets ---- */

typedef struct target_rows {
    double (*value)(const void *, int64_t, size_t);
    const void *context;
    size_t width;
    bool log;
    const char *name;
} target_rows;

static bool target_row(const void *source, int64_t i, double *out, nnrt_error *e)
{
    const target_rows *t = source;

    for (size_t k = 0; k < t->width; k++) {
        out[k] = t->value(t->context, i, k);
        if (t->log && !(out[k] > -1)) {
            return nnrt_fail(e, NNRT_FILES, "bad-target",
                             "%s: a target of %g has no logarithm: `normalize_target = log` takes "
                             "ln(1 + y), so targets lie above -1",
                             t->name, out[k]);
        }
        if (t->log)
            out[k] = log1p(out[k]);
    }
    return true;
}

bool nnrt_fit_target_scaling(nnrt_preparation *p, const json_t *form, int64_t count, size_t width,
                             double (*value)(const void *, int64_t, size_t), const void *context,
                             const char *name, nnrt_error *e)
{
    nnrt_scale kind = scale_of(form);
    target_rows t = { value, context, width, kind == NNRT_SCALE_LOG, name };
    rows r = { target_row, &t, count, width, e };

    return kind == NNRT_SCALE_NONE || fit_rows(&r, kind, &p->target);
}

/* ---- preparing ---- */

/* Into the range of float32; what `scale` takes beyond it is an error, what is far from a training
 * part of small deviation is as far as can be. */
static bool store(const nnrt_preparation *p, const nnrt_samples *s, double value, float *out,
                  nnrt_error *e)
{
    if (fabs(value) <= FLT_MAX) {
        *out = (float)value;
        return true;
    }
    if (p->samples.kind == NNRT_SCALE_FACTOR) {
        return nnrt_fail(e, NNRT_FILES, "nan-cell",
                         "%s: 'scale' takes a sample beyond every finite number", s->name);
    }
    *out = value > 0 ? FLT_MAX : -FLT_MAX;
    return true;
}

bool nnrt_prepare(const nnrt_preparation *p, const nnrt_samples *s, float *out, nnrt_error *e)
{
    size_t width = (size_t)p->features;
    double *x = malloc((width + 1) * sizeof *x);
    bool ok = x || nnrt_no_memory_for(e, s->name);

    for (int64_t i = 0; ok && i < s->count; i++) {
        ok = filled_sample(p, s, i, x, e);
        for (size_t f = 0; ok && f < width; f++) {
            double value = nnrt_scale_value(&p->samples, f, x[f]);
            ok = store(p, s, value, &out[(size_t)i * width + f], e);
        }
    }
    free(x);
    return ok;
}
