/* initializers.c: the first values of weights. */
#include "model/initializers.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct drawing {
    nnrt_random random;
    const json_t *init;
    float *out;
    size_t count;
    size_t rows, columns; /* the weight as a matrix: dims[0] by the rest */
} drawing;

static double number_of(const drawing *d, const char *key, double fallback)
{
    const json_t *value = json_object_get(d->init, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

static bool draw_constant(drawing *d)
{
    float value = (float)number_of(d, "value", 0);
    for (size_t i = 0; i < d->count; i++)
        d->out[i] = value;
    return true;
}

static bool draw_uniform(drawing *d)
{
    double a = number_of(d, "a", 0), width = number_of(d, "b", 1) - a;
    for (size_t i = 0; i < d->count; i++)
        d->out[i] = (float)(a + width * nnrt_random_uniform(&d->random));
    return true;
}

static bool draw_normal(drawing *d)
{
    double mean = number_of(d, "mean", 0), std = number_of(d, "std", 1);
    for (size_t i = 0; i < d->count; i++)
        d->out[i] = (float)(mean + std * nnrt_random_normal(&d->random));
    return true;
}

static bool draw_truncated_normal(drawing *d)
{
    double mean = number_of(d, "mean", 0), std = number_of(d, "std", 1);
    for (size_t i = 0; i < d->count; i++) {
        double z;
        do {
            z = nnrt_random_normal(&d->random);
        } while (fabs(z) > 2);
        d->out[i] = (float)(mean + std * z);
    }
    return true;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum[4] = { 0 };
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Saxe, McClelland and Ganguli (2013): the orthonormal factor of a normal matrix. Gram-Schmidt
 * keeps R's diagonal positive, so the factor is uniformly distributed; a second sweep removes what
 * rounding left (Kahan's "twice is enough"). */
static bool draw_orthogonal(drawing *d)
{
    bool wide = d->rows <= d->columns;
    size_t vectors = wide ? d->rows : d->columns, length = wide ? d->columns : d->rows;
    double gain = number_of(d, "gain", 1), *q = d->count ? malloc(d->count * sizeof *q) : NULL;
    if (d->count == 0)
        return true;
    if (!q)
        return false;

    for (size_t i = 0; i < vectors; i++) {
        double *v = q + i * length, norm;
        do {
            for (size_t k = 0; k < length; k++)
                v[k] = nnrt_random_normal(&d->random);
            for (int sweep = 0; sweep < 2; sweep++) {
                for (size_t j = 0; j < i; j++) {
                    const double *u = q + j * length;
                    double along = dot(u, v, length);
                    for (size_t k = 0; k < length; k++)
                        v[k] -= along * u[k];
                }
            }
            norm = sqrt(dot(v, v, length));
        } while (norm < 1e-9);
        for (size_t k = 0; k < length; k++) {
            v[k] /= norm;
            d->out[wide ? i * d->columns + k : k * d->columns + i] = (float)(gain * v[k]);
        }
    }

    free(q);
    return true;
}

static const struct {
    const char *kind;
    bool (*draw)(drawing *d);
} kinds[] = {
    { "constant", draw_constant },     { "uniform", draw_uniform },
    { "normal", draw_normal },         { "truncated_normal", draw_truncated_normal },
    { "orthogonal", draw_orthogonal },
};

bool nnrt_init_weight(const json_t *init, uint64_t seed, const char *key, const int64_t *dims,
                      int rank, float *out, nnrt_error *e)
{
    drawing d = { .random = nnrt_random_new(seed, NNRT_DRAW_INIT, nnrt_hash(key), 0),
                  .init = init,
                  .out = out,
                  .count = 1 };
    for (int i = 0; i < rank; i++)
        d.count *= (size_t)dims[i];
    d.rows = rank > 0 ? (size_t)dims[0] : 1;
    d.columns = d.rows ? d.count / d.rows : 0;
    const char *kind = json_string_value(json_object_get(init, "kind"));
    for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return kinds[i].draw(&d) ||
                   nnrt_fail(e, NNRT_FILES, "out-of-memory", "out of memory: can't draw %s", key);
        }
    }
    return nnrt_fail(e, NNRT_SCRIPT, "internal", "%s has an unknown initializer '%s'", key,
                     kind ? kind : "");
}
