/* bayes.c: Bayesian optimisation: a Gaussian process over the trials so far, and the point of the largest expected improvement
 * (Jones, Schonlau and Welch, Efficient global optimization, 1998; Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006,
 * algorithm 2.1; Snoek, Larochelle and Adams, Practical Bayesian optimization, 2012).
 *
 * Values are standardised; the kernel is Matern 5/2 of one length, a choice counting as 0 or 1 apart; length and noise are those of the largest
 * marginal likelihood on a small grid. Candidates are drawn at random, half of them near the best points. */
#include "search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 1500, NEAR = 4 };

typedef struct process { size_t n; const nnrt_search *search; const nnrt_point **point; double *y, *lower, *alpha, *work; double length, noise; } process;

static double kernel(const process *p, const double *a, const double *b)
{
    double square = 0;
    for (size_t k = 0; k < p->search->axes; k++) {
        double d = p->search->axis[k].domain == NNRT_CHOICE ? fabs(a[k] - b[k]) > 1e-12 : a[k] - b[k];
        square += d * d;
    }
    double r = sqrt(5 * square) / p->length;
    return (1 + r + r * r / 3) * exp(-r);
}

/* Cholesky, then alpha = K^-1 y. The logarithm of the marginal likelihood, -infinity where K is not positive. */
static double fit(process *p)
{
    size_t n = p->n;
    double likelihood = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = kernel(p, p->point[i]->at, p->point[j]->at) + (i == j ? p->noise : 0);
            for (size_t k = 0; k < j; k++) sum -= p->lower[i * n + k] * p->lower[j * n + k];
            if (i == j && !(sum > 1e-14)) return -INFINITY;
            p->lower[i * n + j] = i == j ? sqrt(sum) : sum / p->lower[j * n + j];
        }
    for (size_t i = 0; i < n; i++) {
        double sum = p->y[i];
        for (size_t k = 0; k < i; k++) sum -= p->lower[i * n + k] * p->alpha[k];
        p->alpha[i] = sum / p->lower[i * n + i];
    }
    for (size_t i = 0; i < n; i++) likelihood -= 0.5 * p->alpha[i] * p->alpha[i] + log(p->lower[i * n + i]);
    for (size_t i = n; i-- > 0;) {
        double sum = p->alpha[i];
        for (size_t k = i + 1; k < n; k++) sum -= p->lower[k * n + i] * p->alpha[k];
        p->alpha[i] = sum / p->lower[i * n + i];
    }
    return likelihood;
}

static void choose_kernel(process *p)
{
    static const double lengths[] = { 0.05, 0.1, 0.2, 0.4, 0.8, 1.6 }, noises[] = { 1e-6, 1e-4, 1e-2, 1e-1 };
    double best = -INFINITY, length = 0.4, noise = 1e-1;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t k = 0; k < sizeof noises / sizeof *noises; k++) {
            p->length = lengths[i];
            p->noise = noises[k];
            double likelihood = fit(p);
            if (likelihood > best) best = likelihood, length = lengths[i], noise = noises[k];
        }
    p->length = length;
    p->noise = noise;
    fit(p);
}

static double improvement(process *p, const double *at, double best)
{
    size_t n = p->n;
    double mean = 0, variance = 1;
    for (size_t i = 0; i < n; i++) {
        double k = kernel(p, at, p->point[i]->at), sum = k;
        mean += k * p->alpha[i];
        for (size_t j = 0; j < i; j++) sum -= p->lower[i * n + j] * p->work[j];
        p->work[i] = sum / p->lower[i * n + i];
        variance -= p->work[i] * p->work[i];
    }
    double deviation = sqrt(variance > 1e-12 ? variance : 1e-12), z = (mean - best) / deviation;
    return deviation * (z * 0.5 * erfc(-z / sqrt(2)) + exp(-0.5 * z * z) / sqrt(2 * 3.14159265358979323846));
}

/* Standardises the values; gives the number of the best point. */
static size_t standardise(process *p)
{
    size_t best = 0;
    double mean = 0, square = 0;
    for (size_t i = 0; i < p->n; i++) {
        mean += p->point[i]->value / (double)p->n;
        if (p->point[i]->value > p->point[best]->value) best = i;
    }
    for (size_t i = 0; i < p->n; i++) square += (p->point[i]->value - mean) * (p->point[i]->value - mean);
    double scale = sqrt(square / (double)p->n);
    for (size_t i = 0; i < p->n; i++) p->y[i] = (p->point[i]->value - mean) / (scale > 0 ? scale : 1);
    return best;
}

static void search_cube(process *p, size_t best, nnrt_random *random, double *at)
{
    const nnrt_search *s = p->search;
    double most = -1, candidate[NNRT_MOST_AXES];
    for (int c = 0; c < CANDIDATES; c++) {
        double reach = c % 2 ? pow(10, -1 - (double)(c / 2 % NEAR) / 2) : 0;     /* 0: anywhere */
        for (size_t k = 0; k < s->axes; k++) {
            double u = nnrt_random_uniform(random);
            bool near = reach > 0 && (s->axis[k].domain != NNRT_CHOICE || nnrt_random_uniform(random) < 0.7);
            if (near && s->axis[k].domain == NNRT_CHOICE) u = p->point[best]->at[k];
            else if (near) u = p->point[best]->at[k] + reach * nnrt_random_normal(random);
            candidate[k] = nnrt_axis_snap(&s->axis[k], u);
        }
        double expected = improvement(p, candidate, p->y[best]);
        if (expected > most) {
            most = expected;
            memcpy(at, candidate, s->axes * sizeof *at);
        }
    }
}

bool nnrt_expect_improvement(const nnrt_search *search, nnrt_random *random, double *at, nnrt_error *e)
{
    size_t n = 0, room = search->done + 1;
    process p = { .search = search, .point = malloc(room * sizeof *p.point), .y = malloc((3 * room + room * room) * sizeof *p.y) };
    bool well = p.point && p.y;
    if (well) {
        for (size_t i = 0; i < search->done; i++)
            if (search->point[i].known) p.point[n++] = &search->point[i];
        p.n = n;
        p.alpha = p.y + room;
        p.work = p.alpha + room;
        p.lower = p.work + room;
        size_t best = standardise(&p);
        choose_kernel(&p);
        search_cube(&p, best, random, at);
    }
    free(p.point);
    free(p.y);
    return well || nnrt_fail(e, NNRT_FILES, "out-of-memory", "out of memory");
}
