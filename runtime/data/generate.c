/* generate.c: points in the plane, regression problems and noise, drawn from the data's seed: small
 * things to learn that need no file. `noise` is the deviation of normal noise on each coordinate,
 * or on the target. */
#include "data/generate.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* As many of each class as can be, in a random order. */
static bool draw_classes(nnrt_source *source, int64_t classes, nnrt_random *random, nnrt_error *e)
{
    source->kind = NNRT_LABEL_INTEGER;
    source->integer = malloc((size_t)source->count * sizeof *source->integer);
    uint32_t *order = malloc((size_t)source->count * sizeof *order);
    bool ok = source->integer && order;
    if (ok) {
        for (int64_t i = 0; i < source->count; i++)
            order[i] = (uint32_t)(i % classes);
        nnrt_shuffle(random, order, (size_t)source->count);
        for (int64_t i = 0; i < source->count; i++)
            source->integer[i] = order[i];
    }
    free(order);
    return ok || nnrt_no_memory_for(e, source->y_name);
}

/* Names and room for as many samples of the source's shape as the form says. */
static bool begin_samples(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *form = nnrt_form_text(request->form, "form", "");
    double n = nnrt_form_number(request->form, "n", 0);
    if (!(n >= 1 && n <= INT32_MAX) || n != floor(n)) {
        return nnrt_fail(e, NNRT_SCRIPT, "out-of-range",
                         "%s(n): n is a number of samples, at least 1, not %g", form, n);
    }

    source->count = (int64_t)n;
    source->target_size = 1;
    return nnrt_source_name(source, form, form, e) && nnrt_source_allocate(source, e);
}

bool nnrt_generate_begin(const nnrt_source_request *request, nnrt_source *source, int64_t classes,
                         nnrt_random *random, nnrt_error *e)
{
    if (!begin_samples(request, source, e))
        return false;
    if (classes)
        return draw_classes(source, classes, random, e);
    source->kind = NNRT_LABEL_REAL;
    return (source->real = nnrt_floats_new(source->count, e)) != NULL;
}

static bool noise_shape(const json_t *form, nnrt_source *source, nnrt_error *e)
{
    const json_t *shape = json_object_get(form, "shape");
    size_t rank = json_is_array(shape) ? json_array_size(shape) : 1;

    for (size_t i = 0; i < rank && i < NNRT_MAX_RANK; i++) {
        const json_t *size = json_is_array(shape) ? json_array_get(shape, i) : shape;
        source->shape[i] = json_is_number(size) ? (int64_t)json_number_value(size) : 0;
        if (source->shape[i] < 1)
            rank = 0;
    }
    source->rank = (int)rank;
    return (rank >= 1 && rank <= NNRT_MAX_RANK) ||
           nnrt_fail(e, NNRT_SCRIPT, "wrong-shape",
                     "noise(n, shape): a shape has 1 to %d sizes of at least 1", NNRT_MAX_RANK);
}

bool nnrt_generate_noise(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    nnrt_random random = nnrt_random_new(request->seed, NNRT_DRAW_GENERATE, nnrt_hash("noise"), 0);
    if (!noise_shape(request->form, source, e) || !begin_samples(request, source, e))
        return false;

    for (int64_t i = 0; i < source->count * source->sample_size; i++)
        source->x[i] = (float)nnrt_random_normal(&random);
    return true;
}

/* One sample's coordinates, without noise, for its class; or its coordinates and its target. */
typedef struct drawing {
    nnrt_random random;
    int64_t classes, features;
    double std;        /* of blobs */
    double *parameter; /* centres, or regression's weights */
} drawing;

static double between(drawing *d, double a, double b)
{
    return a + (b - a) * nnrt_random_uniform(&d->random);
}

static void draw_moons(drawing *d, int64_t class, double *x)
{
    double t = between(d, 0, pi);
    x[0] = class ? 1 - cos(t) : cos(t);
    x[1] = class ? 0.5 - sin(t) : sin(t);
}

static void draw_circles(drawing *d, int64_t class, double *x)
{
    double t = between(d, 0, 2 * pi), radius = class ? 0.5 : 1;
    x[0] = radius * cos(t);
    x[1] = radius * sin(t);
}

/* Arms of three quarters of a turn, as dense outside as inside. */
static void draw_spirals(drawing *d, int64_t class, double *x)
{
    double way = sqrt(nnrt_random_uniform(&d->random)),
           t = 2 * pi * (0.75 * way + (double)class / (double)d->classes);
    x[0] = 2 * way * cos(t);
    x[1] = 2 * way * sin(t);
}

static void draw_blobs(drawing *d, int64_t class, double *x)
{
    for (int k = 0; k < 2; k++)
        x[k] = d->parameter[2 * class + k] + d->std * nnrt_random_normal(&d->random);
}

/* Opposite quadrants are one class; a gap along the axes keeps small noise from crossing them. */
static void draw_xor(drawing *d, int64_t class, double *x)
{
    bool right = nnrt_random_u32(&d->random) & 1, up = right ^ (class == 1);
    x[0] = between(d, 0.1, 1) * (right ? 1 : -1);
    x[1] = between(d, 0.1, 1) * (up ? 1 : -1);
}

static double draw_sine(drawing *d, double *x)
{
    x[0] = between(d, -pi, pi);
    return sin(x[0]);
}

static double draw_regression(drawing *d, double *x)
{
    double y = 0;
    for (int64_t f = 0; f < d->features; f++) {
        x[f] = nnrt_random_normal(&d->random);
        y += d->parameter[f] * x[f];
    }
    return y;
}

/* Each centre is the one of several candidates that lies farthest from those before (Mitchell's
 * best candidate, 1991). */
static void draw_centres(drawing *d)
{
    enum { CANDIDATES = 16 };

    for (int64_t c = 0; c < d->classes; c++) {
        double best = -1;
        for (int k = 0; k < CANDIDATES; k++) {
            double x = between(d, -10, 10), y = between(d, -10, 10), nearest = INFINITY;
            for (int64_t i = 0; i < c; i++) {
                nearest =
                    fmin(nearest, hypot(x - d->parameter[2 * i], y - d->parameter[2 * i + 1]));
            }
            if (nearest <= best)
                continue;
            best = nearest;
            d->parameter[2 * c] = x;
            d->parameter[2 * c + 1] = y;
        }
    }
}

static const struct generator {
    const char *form;
    void (*point)(drawing *d, int64_t class, double *x); /* classes */
    double (*value)(drawing *d, double *x);              /* or real targets */
    int64_t classes, features;                           /* 0: the argument below */
    const char *classes_argument, *features_argument;
} generators[] = {
    { "moons", draw_moons, NULL, 2, 2, NULL, NULL },
    { "circles", draw_circles, NULL, 2, 2, NULL, NULL },
    { "spirals", draw_spirals, NULL, 0, 2, "classes", NULL },
    { "blobs", draw_blobs, NULL, 0, 2, "centers", NULL },
    { "xor", draw_xor, NULL, 2, 2, NULL, NULL },
    { "sine", NULL, draw_sine, 0, 1, NULL, NULL },
    { "regression", NULL, draw_regression, 0, 0, NULL, "features" },
};

static bool take_count(const json_t *form, const char *argument, int64_t fallback, int64_t *count,
                       nnrt_error *e)
{
    if (!argument)
        return true;
    double given = nnrt_form_number(form, argument, (double)fallback);
    *count = (int64_t)(given >= 1 && given <= INT32_MAX ? given : 0);
    return (double)*count == given ||
           nnrt_fail(e, NNRT_SCRIPT, "out-of-range", "%s: '%s' is a whole number from 1, not %g",
                     nnrt_form_text(form, "form", ""), argument, given);
}

static void draw_sample(drawing *d, const struct generator *g, double noise, nnrt_source *source,
                        int64_t i, double *x)
{
    double y = 0;
    float *sample = source->x + i * d->features;
    if (g->point)
        g->point(d, source->integer[i], x);
    else
        y = g->value(d, x);
    for (int64_t f = 0; f < d->features; f++)
        sample[f] = (float)(x[f] + (g->point ? noise * nnrt_random_normal(&d->random) : 0));
    if (!g->point)
        source->real[i] = (float)(y + noise * nnrt_random_normal(&d->random));
}

/* The centres of classes, or the weights of a regression. */
static void draw_parameters(drawing *d)
{
    if (d->classes) {
        draw_centres(d);
        return;
    }
    for (int64_t f = 0; f < d->features; f++)
        d->parameter[f] = nnrt_random_normal(&d->random) / sqrt((double)d->features);
}

bool nnrt_generate_points(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const json_t *form = request->form;
    const char *name = nnrt_form_text(form, "form", "");
    double noise = nnrt_form_number(form, "noise", 0);
    const struct generator *g = generators;
    while (strcmp(g->form, name) != 0)
        g++;
    drawing d = { .random = nnrt_random_new(request->seed, NNRT_DRAW_GENERATE, nnrt_hash(name), 0),
                  .classes = g->classes,
                  .features = g->features,
                  .std = nnrt_form_number(form, "std", 1) };
    if (!take_count(form, g->classes_argument, 3, &d.classes, e) ||
        !take_count(form, g->features_argument, 1, &d.features, e)) {
        return false;
    }
    source->rank = 1;
    source->shape[0] = d.features;
    if (!nnrt_generate_begin(request, source, d.classes, &d.random, e))
        return false;

    double *x = malloc((size_t)d.features * sizeof *x);
    d.parameter = malloc((size_t)(2 * d.classes + d.features) * sizeof *d.parameter);
    bool ok = x && d.parameter;
    if (ok) {
        draw_parameters(&d);
        for (int64_t i = 0; i < source->count; i++)
            draw_sample(&d, g, noise, source, i, x);
    }
    free(x);
    free(d.parameter);
    return ok || nnrt_no_memory_for(e, name);
}
