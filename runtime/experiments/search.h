/* search.h: where `tune` looks next. Params are points of the unit cube, each axis on its own
 * scale; what is random is drawn from the seed. */
#ifndef NNRT_SEARCH_H
#define NNRT_SEARCH_H
#include "base/base.h"
#include <jansson.h>

enum { NNRT_MOST_AXES = 64 };

typedef enum nnrt_domain { NNRT_CHOICE, NNRT_UNIFORM, NNRT_LOG_UNIFORM, NNRT_INTEGER } nnrt_domain;

typedef enum nnrt_method {
    NNRT_RANDOM,
    NNRT_GRID,
    NNRT_NARROW,
    NNRT_BAYES,
    NNRT_HALVING
} nnrt_method;

/* count: of values, 0: without end */
typedef struct nnrt_axis {
    const char *name;
    nnrt_domain domain;
    double a, b;
    const json_t *values;
    int64_t count;
} nnrt_axis;

/* value: higher is better; not known: the trial failed */
typedef struct nnrt_point {
    double at[NNRT_MOST_AXES];
    double value;
    bool known;
} nnrt_point;

typedef struct nnrt_search {
    nnrt_method method;
    uint64_t seed;
    size_t axes;
    nnrt_axis axis[NNRT_MOST_AXES];
    size_t trials; /* in all */
    bool limited;  /* trials were asked for: a grid of more is thinned out */
    /* [trials]; those done are known to the search, those drawn are decided */
    size_t done, drawn;
    nnrt_point *point;
    uint32_t *order;               /* grid: numbers of its points */
    int64_t level[NNRT_MOST_AXES]; /* grid: points along each axis */
} nnrt_search;

/* From a tune action: "params", "method", "trials", "trials_given". */
bool nnrt_search_new(nnrt_search *search, const json_t *action, uint64_t seed, nnrt_error *e);
void nnrt_search_clear(nnrt_search *search);
/* How many of the next points may be measured side by side: that follows from the method and the
 * points done alone. */
size_t nnrt_search_batch(const nnrt_search *search);
/* The next point into point[drawn]; the caller counts it. */
bool nnrt_search_next(nnrt_search *search, nnrt_error *e);
/* The params at a point. */
json_t *nnrt_search_params(const nnrt_search *search, const nnrt_point *point);
/* bayes.c: the point in [0, 1]^d where a Gaussian process expects the largest improvement. */
bool nnrt_expect_improvement(const nnrt_search *search, nnrt_random *random, double *at,
                             nnrt_error *e);
/* Snaps a coordinate to the middle of the value that it stands for, where values can be counted. */
double nnrt_axis_snap(const nnrt_axis *axis, double at);
#endif
