/* search.c: random, grid and narrowing search over the unit cube (search.h).
 *
 * Random search: Bergstra and Bengio, Random search for hyper-parameter optimization, 2012.
 * `narrow` goes in four rounds, each drawn from the box around the best quarter of what is known so
 * far. `halving` draws at random; its rounds are tune.c's. */
#include "experiments/search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 4, MOST_GRID = 10000 };

static nnrt_axis read_axis(const json_t *declared)
{
    static const char *const names[] = { "choice", "uniform", "log_uniform", "integer" };
    const char *kind = json_string_value(json_object_get(declared, "domain"));
    nnrt_axis axis = { .name = json_string_value(json_object_get(declared, "name")),
                       .values = json_object_get(declared, "values"),
                       .a = json_number_value(json_object_get(declared, "a")),
                       .b = json_number_value(json_object_get(declared, "b")) };
    for (int i = 0; kind && i < 4; i++)
        if (!strcmp(kind, names[i]))
            axis.domain = (nnrt_domain)i;
    if (axis.domain == NNRT_CHOICE)
        axis.count = (int64_t)json_array_size(axis.values);
    if (axis.domain == NNRT_INTEGER)
        axis.count = (int64_t)(axis.b - axis.a) + 1;
    return axis;
}

/* Axes that can be counted have all their values, if these are few; the others share what trials
 * are left evenly. */
static bool lay_grid(nnrt_search *s, nnrt_error *e)
{
    enum { FEW = 16 };

    double points = 1;
    size_t open = 0;
    for (size_t k = 0; k < s->axes; k++) {
        bool counted =
            s->axis[k].domain == NNRT_CHOICE || (s->axis[k].count && s->axis[k].count <= FEW);
        s->level[k] = counted ? s->axis[k].count : 0;
        if (counted)
            points *= (double)s->level[k];
        else
            open++;
    }
    double each =
        open ? floor(pow(fmax(1, (double)s->trials / points), 1 / (double)open) + 1e-9) : 1;
    for (size_t k = 0; k < s->axes; k++) {
        if (s->level[k])
            continue;
        s->level[k] = each < 2 ? 2 : (int64_t)each;
        if (s->axis[k].count && s->level[k] > s->axis[k].count)
            s->level[k] = s->axis[k].count;
        points *= (double)s->level[k];
    }
    if (points > MOST_GRID) {
        return nnrt_fail(e, NNRT_SCRIPT, "out-of-range",
                         "a grid over these params has %.0f points: too many to try", points);
    }
    size_t count = (size_t)points, wanted = s->limited && s->trials < count ? s->trials : count;
    if (!(s->order = malloc(count * sizeof *s->order)))
        return nnrt_no_memory(e);
    for (size_t i = 0; i < count; i++)
        s->order[i] = (uint32_t)i;
    nnrt_random random = nnrt_random_new(s->seed, NNRT_DRAW_TUNE, 1, 0);
    if (wanted < count)
        nnrt_shuffle(&random, s->order, count);
    s->trials = wanted;
    return true;
}

bool nnrt_search_new(nnrt_search *s, const json_t *action, uint64_t seed, nnrt_error *e)
{
    static const char *const methods[] = { "random", "grid", "narrow", "bayes", "halving" };
    const json_t *params = json_object_get(action, "params");
    const char *method = json_string_value(json_object_get(action, "method"));
    *s = (nnrt_search){ .seed = seed,
                        .axes = json_array_size(params),
                        .trials = (size_t)json_integer_value(json_object_get(action, "trials")),
                        .limited = json_is_true(json_object_get(action, "trials_given")) };
    if (s->axes > NNRT_MOST_AXES) {
        return nnrt_fail(e, NNRT_SCRIPT, "out-of-range", "tune searches at most %d params at once",
                         NNRT_MOST_AXES);
    }
    for (size_t k = 0; k < s->axes; k++)
        s->axis[k] = read_axis(json_array_get(params, k));
    for (int i = 0; method && i < 5; i++)
        if (!strcmp(method, methods[i]))
            s->method = (nnrt_method)i;
    if (s->method == NNRT_GRID && !lay_grid(s, e))
        return false;
    s->point = calloc(s->trials + 1, sizeof *s->point);
    return s->point || nnrt_no_memory(e);
}

void nnrt_search_clear(nnrt_search *s)
{
    free(s->point);
    free(s->order);
}

static double between(double value, double low, double high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

double nnrt_axis_snap(const nnrt_axis *axis, double at)
{
    if (!axis->count)
        return between(at, 0, 1);
    double values = (double)axis->count, number = between(floor(at * values), 0, values - 1);
    return (number + 0.5) / values;
}

static json_t *value_at(const nnrt_axis *axis, double at)
{
    double number = floor(nnrt_axis_snap(axis, at) * (double)axis->count), value;
    if (axis->domain == NNRT_CHOICE)
        return json_incref(json_array_get(axis->values, (size_t)number));
    if (axis->domain == NNRT_INTEGER)
        return json_integer((json_int_t)(axis->a + number));
    if (axis->domain == NNRT_UNIFORM)
        value = axis->a + at * (axis->b - axis->a);
    else
        value = exp(log(axis->a) + at * (log(axis->b) - log(axis->a)));
    return json_real(between(value, axis->a, axis->b));
}

json_t *nnrt_search_params(const nnrt_search *s, const nnrt_point *point)
{
    json_t *params = json_object();
    for (size_t k = 0; k < s->axes; k++)
        json_object_set_new(params, s->axis[k].name, value_at(&s->axis[k], point->at[k]));
    return params;
}

/* Of the i-th of so many points along an axis: the middle of a value, or evenly from end to end. */
static double grid_coordinate(const nnrt_axis *axis, int64_t i, int64_t points)
{
    if (axis->count == points)
        return ((double)i + 0.5) / (double)points;
    return points > 1 ? (double)i / (double)(points - 1) : 0.5;
}

static void grid_point(const nnrt_search *s, double *at)
{
    int64_t number = s->order[s->drawn];
    for (size_t k = s->axes; k-- > 0;) { /* the last param changes fastest */
        at[k] = grid_coordinate(&s->axis[k], number % s->level[k], s->level[k]);
        number /= s->level[k];
    }
}

static int better_first(const void *a, const void *b)
{
    const nnrt_point *x = *(const nnrt_point *const *)a, *y = *(const nnrt_point *const *)b;
    if (x->known != y->known)
        return x->known ? -1 : 1;
    if (x->known && x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The points that the box is drawn around: a quarter of those known, at least 3, at most 6. */
static size_t box_points(size_t known)
{
    size_t best = (known + 3) / 4;
    if (best < 3)
        best = known < 3 ? known : 3;
    return best > 6 ? 6 : best;
}

/* Along one axis: the box around the best points, half a gap wider. A choice is mostly taken from
 * one of them. */
static double narrow_coordinate(const nnrt_search *s, size_t k, const nnrt_point *const *sorted,
                                size_t best, size_t round, nnrt_random *random)
{
    const nnrt_axis *axis = &s->axis[k];
    double low = 0, high = 1, margin = 0, u = nnrt_random_uniform(random);
    if (best)
        low = high = sorted[0]->at[k];
    for (size_t i = 1; i < best; i++) {
        low = fmin(low, sorted[i]->at[k]);
        high = fmax(high, sorted[i]->at[k]);
    }
    if (best && round)
        margin = 0.5 * (high - low) / (double)best + 0.5 / pow(4, (double)round + 1);

    if (axis->domain == NNRT_CHOICE) {
        bool reuse = best && round && nnrt_random_uniform(random) < 0.8;
        return reuse ? sorted[(size_t)(u * (double)best)]->at[k] : nnrt_axis_snap(axis, u);
    }
    return nnrt_axis_snap(axis, fmax(0, low - margin) +
                                    u * (fmin(1, high + margin) - fmax(0, low - margin)));
}

static bool narrow_point(const nnrt_search *s, nnrt_random *random, double *at, nnrt_error *e)
{
    size_t round = s->drawn * ROUNDS / s->trials, known = 0,
           first = (round * s->trials + ROUNDS - 1) / ROUNDS;
    const nnrt_point **sorted = malloc((first + 1) * sizeof *sorted);
    if (!sorted)
        return nnrt_no_memory(e);
    for (size_t i = 0; i < first; i++) {
        sorted[i] = &s->point[i];
        known += s->point[i].known;
    }
    qsort(sorted, first, sizeof *sorted, better_first);

    size_t best = box_points(known);
    for (size_t k = 0; k < s->axes; k++)
        at[k] = narrow_coordinate(s, k, sorted, best, round, random);
    free(sorted);
    return true;
}

/* A Gaussian process begins with as many random points as tell something about each axis. */
static size_t least_known(const nnrt_search *s)
{
    if (s->axes < 3)
        return 5;
    return s->axes < 8 ? s->axes + 3 : 10;
}

static size_t known_points(const nnrt_search *s)
{
    size_t known = 0;
    for (size_t i = 0; i < s->done; i++)
        known += s->point[i].known;
    return known;
}

size_t nnrt_search_batch(const nnrt_search *s)
{
    enum { MOST = 64, BAYES = 4 };

    size_t left = s->trials - s->done, most = MOST, known;
    if (s->method == NNRT_NARROW) {
        size_t round = s->done * ROUNDS / s->trials,
               next = ((round + 1) * s->trials + ROUNDS - 1) / ROUNDS;
        most = next > s->done && next - s->done < MOST ? next - s->done : MOST;
    }
    if (s->method == NNRT_BAYES)
        most = (known = known_points(s)) < least_known(s) ? least_known(s) - known : BAYES;
    return most < left ? most : left;
}

bool nnrt_search_next(nnrt_search *s, nnrt_error *e)
{
    nnrt_random random = nnrt_random_new(s->seed, NNRT_DRAW_TUNE, 0, (uint32_t)s->drawn);
    double *at = s->point[s->drawn].at;
    if (s->method == NNRT_GRID)
        grid_point(s, at);
    else if (s->method == NNRT_NARROW)
        return narrow_point(s, &random, at, e);
    else if (s->method == NNRT_BAYES && known_points(s) >= least_known(s))
        return nnrt_expect_improvement(s, &random, at, e);
    else
        for (size_t k = 0; k < s->axes; k++)
            at[k] = nnrt_axis_snap(&s->axis[k], nnrt_random_uniform(&random));
    return true;
}
