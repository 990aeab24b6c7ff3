/* bayes.c: Bayesian optimisation: a Gaussian process over the trials so far, and the point of the
 * largest expected improvement (Jones, Schonlau and Welch, Efficient global optimization, 1998;
 * Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1; Snoek,
 * Larochelle and Adams, Practical Bayesian optimization, 2012).
 *
 * Values are standardised; the kernel is Matern 5/2 with a length an axis, a choice counting as 0
 * or 1 apart. Noise and lengths are those of the largest marginal likelihood, under a log-normal
 * prior on the lengths, found on a grid, axis by axis. Failed trials count as the worst that was
 * seen, so that their neighbourhood is avoided. Candidates are drawn at random and about the best
 * points; the best candidate is then refined. Points that are being measured count as if they came
 * out at their mean (Ginsbourger, Le Riche and Carraro, Kriging is ok-suited to parallelize
 * optimization, 2010: kriging believer). */
#include "experiments/search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 1500, NEAR = 4, REFINED = 300, MOST_POINTS = 200 };

static const double lengths[] = { 0.06, 0.12, 0.25, 0.5, 1, 2, 4 },
                    noises[] = { 1e-6, 1e-4, 1e-2, 1e-1 };

enum { LENGTHS = sizeof lengths / sizeof *lengths, NOISES = sizeof noises / sizeof *noises };

typedef struct process {
    size_t n;
    const nnrt_search *search;
    const nnrt_point **point;
    double *y, *lower, *alpha, *work;
    double length[NNRT_MOST_AXES], noise;
} process;

static double kernel(const process *p, const double *a, const double *b)
{
    double square = 0;
    for (size_t k = 0; k < p->search->axes; k++) {
        double d =
            (p->search->axis[k].domain == NNRT_CHOICE ? fabs(a[k] - b[k]) > 1e-12 : a[k] - b[k]) /
            p->length[k];
        square += d * d;
    }
    double r = sqrt(5 * square);
    return (1 + r + r * r / 3) * exp(-r);
}

static double log_prior(const process *p)
{
    double sum = 0;
    for (size_t k = 0; k < p->search->axes; k++)
        sum -= 0.5 * pow(log(p->length[k] / 0.5), 2);
    return sum;
}

/* Cholesky, then alpha = K^-1 y. The logarithm of the marginal likelihood times the prior,
 * -infinity where K is not positive. */
static double fit(process *p)
{
    size_t n = p->n;
    double likelihood = log_prior(p);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = kernel(p, p->point[i]->at, p->point[j]->at) + (i == j ? p->noise : 0);
            for (size_t k = 0; k < j; k++)
                sum -= p->lower[i * n + k] * p->lower[j * n + k];
            if (i == j && !(sum > 1e-14))
                return -INFINITY;
            p->lower[i * n + j] = i == j ? sqrt(sum) : sum / p->lower[j * n + j];
        }
    }

    for (size_t i = 0; i < n; i++) {
        double sum = p->y[i];
        for (size_t k = 0; k < i; k++)
            sum -= p->lower[i * n + k] * p->alpha[k];
        p->alpha[i] = sum / p->lower[i * n + i];
    }

    for (size_t i = 0; i < n; i++)
        likelihood -= 0.5 * p->alpha[i] * p->alpha[i] + log(p->lower[i * n + i]);
    for (size_t i = n; i-- > 0;) {
        double sum = p->alpha[i];
        for (size_t k = i + 1; k < n; k++)
            sum -= p->lower[k * n + i] * p->alpha[k];
        p->alpha[i] = sum / p->lower[i * n + i];
    }
    return likelihood;
}

/* One length and the noise together, then each axis by itself. */
static void choose_kernel(process *p)
{
    size_t axes = p->search->axes;
    double best = -INFINITY, length = 0.5, noise = 1e-1;
    for (int i = 0; i < LENGTHS; i++) {
        for (int k = 0; k < NOISES; k++) {
            for (size_t a = 0; a < axes; a++)
                p->length[a] = lengths[i];
            p->noise = noises[k];
            double likelihood = fit(p);
            if (likelihood > best) {
                best = likelihood;
                length = lengths[i];
                noise = noises[k];
            }
        }
    }
    for (size_t a = 0; a < axes; a++)
        p->length[a] = length;
    p->noise = noise;

    for (size_t a = 0; axes > 1 && a < axes; a++) {
        double chosen = p->length[a];
        for (int i = 0; i < LENGTHS; i++) {
            p->length[a] = lengths[i];
            double likelihood = fit(p);
            if (likelihood > best) {
                best = likelihood;
                chosen = lengths[i];
            }
        }
        p->length[a] = chosen;
    }
    fit(p);
}

/* Leaves the covariances with the points, solved by the lower triangle, in p->work. */
static double mean_at(process *p, const double *at, double *variance)
{
    size_t n = p->n;
    double mean = 0;
    *variance = 1;
    for (size_t i = 0; i < n; i++) {
        double k = kernel(p, at, p->point[i]->at), sum = k;
        mean += k * p->alpha[i];
        for (size_t j = 0; j < i; j++)
            sum -= p->lower[i * n + j] * p->work[j];
        p->work[i] = sum / p->lower[i * n + i];
        *variance -= p->work[i] * p->work[i];
    }
    return mean;
}

static double improvement(process *p, const double *at, double best)
{
    double variance, mean = mean_at(p, at, &variance);
    double deviation = sqrt(variance > 1e-12 ? variance : 1e-12), z = (mean - best) / deviation;
    return deviation *
           (z * 0.5 * erfc(-z / sqrt(2)) + exp(-0.5 * z * z) / sqrt(2 * 3.14159265358979323846));
}

/* Mean 0 and deviation 1; a failed one is as bad as the worst. Gives the number of the best point.
 */
static size_t standardise(process *p)
{
    size_t best = 0, known = 0;
    double mean = 0, square = 0, worst = INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->point[i]->known)
            continue;
        worst = fmin(worst, p->point[i]->value);
        if (!known++ || p->point[i]->value > p->point[best]->value)
            best = i;
    }
    for (size_t i = 0; i < p->n; i++)
        mean += (p->y[i] = p->point[i]->known ? p->point[i]->value : worst) / (double)p->n;
    for (size_t i = 0; i < p->n; i++)
        square += (p->y[i] - mean) * (p->y[i] - mean);
    double scale = sqrt(square / (double)p->n);
    for (size_t i = 0; i < p->n; i++)
        p->y[i] = (p->y[i] - mean) / (scale > 0 ? scale : 1);
    return best;
}

static void offer(process *p, const double *candidate, double best, double *most, double *at)
{
    double expected = improvement(p, candidate, best);
    if (!(expected > *most))
        return;
    *most = expected;
    memcpy(at, candidate, p->search->axes * sizeof *at);
}

static void search_cube(process *p, size_t best, nnrt_random *random, double *at)
{
    const nnrt_search *s = p->search;
    double most = -1, candidate[NNRT_MOST_AXES];
    for (int c = 0; c < CANDIDATES; c++) {
        /* 0: anywhere */
        double reach = c % 2 ? pow(10, -1 - (double)(c / 2 % NEAR) / 2) : 0;
        for (size_t k = 0; k < s->axes; k++) {
            double u = nnrt_random_uniform(random);
            bool near = reach > 0 &&
                        (s->axis[k].domain != NNRT_CHOICE || nnrt_random_uniform(random) < 0.7);
            if (near && s->axis[k].domain == NNRT_CHOICE)
                u = p->point[best]->at[k];
            else if (near)
                u = p->point[best]->at[k] + reach * nnrt_random_normal(random);
            candidate[k] = nnrt_axis_snap(&s->axis[k], u);
        }
        offer(p, candidate, p->y[best], &most, at);
    }

    for (int c = 0; c < REFINED; c++) {
        double reach = 0.1 * pow(1e-2, (double)c / REFINED);
        for (size_t k = 0; k < s->axes; k++) {
            candidate[k] =
                s->axis[k].domain == NNRT_CHOICE
                    ? at[k]
                    : nnrt_axis_snap(&s->axis[k], at[k] + reach * nnrt_random_normal(random));
        }
        offer(p, candidate, p->y[best], &most, at);
    }
}

/* Those done; of very many the best half and the latest, so that the time stays bounded. */
static void gather(process *p)
{
    const nnrt_search *s = p->search;
    for (size_t i = 0; i < s->done; i++) {
        size_t rank = 0;
        for (size_t k = 0; s->done > MOST_POINTS && s->point[i].known && k < s->done; k++) {
            rank += s->point[k].known && (s->point[k].value > s->point[i].value ||
                                          (s->point[k].value == s->point[i].value && k < i));
        }
        bool good = s->point[i].known && rank < MOST_POINTS / 2,
             late = i + MOST_POINTS / 2 >= s->done;
        if (s->done <= MOST_POINTS || good || late)
            p->point[p->n++] = &s->point[i];
    }
}

bool nnrt_expect_improvement(const nnrt_search *search, nnrt_random *random, double *at,
                             nnrt_error *e)
{
    size_t room = (search->done < MOST_POINTS ? search->done : MOST_POINTS) + search->drawn -
                  search->done + 1;
    process p = { .search = search,
                  .point = malloc(room * sizeof *p.point),
                  .y = malloc((3 * room + room * room) * sizeof *p.y) };
    bool ok = p.point && p.y;
    if (ok) {
        p.alpha = p.y + room;
        p.work = p.alpha + room;
        p.lower = p.work + room;
        gather(&p);
        size_t best = standardise(&p);
        choose_kernel(&p);
        for (size_t i = search->done; i < search->drawn; i++) {
            double variance;
            p.y[p.n] = mean_at(&p, search->point[i].at, &variance);
            p.point[p.n++] = &search->point[i];
            fit(&p);
        }
        search_cube(&p, best, random, at);
    }
    free(p.point);
    free(p.y);
    return ok || nnrt_no_memory(e);
}
