/* test_search.c: where `tune` looks: points within their domains, from the seed alone; and searches
 * that learn against random ones, by the median of 20 seeds, on functions with known minima.
 * `test_search -v` prints the medians. */
#include "experiments/search.h"
#include "tap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 20, TRIALS = 30 };

static bool verbose;

typedef struct problem {
    const char *name, *params;
    double (*value)(const json_t *params, bool *fails);
} problem;

static double of(const json_t *params, const char *name)
{
    return json_number_value(json_object_get(params, name));
}

/* The least value is at lr = 3e-3, decay = 1e-4. */
static double valley(const json_t *p, bool *fails)
{
    (void)fails;
    double a = log10(of(p, "lr")) + 2.5229, b = log10(of(p, "decay")) + 4;
    return a * a + 0.3 * b * b + 0.2 * a * b;
}

/* Dixon and Szegö, 1978. */
static double branin(const json_t *p, bool *fails)
{
    (void)fails;
    const double pi = 3.14159265358979323846;
    double x = of(p, "x"), y = of(p, "y"), a = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
    return a * a + 10 * (1 - 1 / (8 * pi)) * cos(x) + 10 - 0.397887;
}

static double hartmann(const json_t *p, bool *fails)
{
    (void)fails;
    static const double weight[4] = { 1, 1.2, 3, 3.2 }, a[4][3] = {
        { 3, 10, 30 }, { 0.1, 10, 35 }, { 3, 10, 30 }, { 0.1, 10, 35 }
    };
    static const double at[4][3] = { { 0.3689, 0.117, 0.2673 },
                                     { 0.4699, 0.4387, 0.747 },
                                     { 0.1091, 0.8732, 0.5547 },
                                     { 0.0382, 0.5743, 0.8828 } };
    double x[3] = { of(p, "x"), of(p, "y"), of(p, "z") }, sum = 3.86278;
    for (int i = 0; i < 4; i++) {
        double d = 0;
        for (int k = 0; k < 3; k++)
            d += a[i][k] * (x[k] - at[i][k]) * (x[k] - at[i][k]);
        sum -= weight[i] * exp(-d);
    }
    return sum;
}

/* A rate, a width and an activation; too high a rate diverges. */
static double network(const json_t *p, bool *fails)
{
    double rate = log10(of(p, "lr")), width = of(p, "width");
    const char *act = json_string_value(json_object_get(p, "act"));
    double offset = strcmp(act, "relu") ? 0.6 : 0.1;
    if (!strcmp(act, "gelu"))
        offset = 0;
    *fails = rate > -0.8;
    return (rate + 1.5) * (rate + 1.5) + (width - 41) * (width - 41) / 400 + offset;
}

static const problem problems[] = {
    { "a valley of two rates",
      "[{\"name\":\"lr\",\"domain\":\"log_uniform\",\"a\":1e-5,\"b\":1},{\"name\":\"decay\","
      "\"domain\":\"log_uniform\",\"a\":1e-6,\"b\":0.1}]",
      valley },
    { "Branin",
      "[{\"name\":\"x\",\"domain\":\"uniform\",\"a\":-5,\"b\":10},{\"name\":\"y\",\"domain\":"
      "\"uniform\",\"a\":0,\"b\":15}]",
      branin },
    { "Hartmann of three",
      "[{\"name\":\"x\",\"domain\":\"uniform\",\"a\":0,\"b\":1},{\"name\":\"y\",\"domain\":"
      "\"uniform\",\"a\":0,\"b\":1},{\"name\":\"z\",\"domain\":\"uniform\",\"a\":0,\"b\":1}]",
      hartmann },
    { "rate, width and activation, with failures",
      "[{\"name\":\"lr\",\"domain\":\"log_uniform\",\"a\":1e-5,\"b\":1},{\"name\":\"width\","
      "\"domain\":\"integer\",\"a\":4,\"b\":64},"
      "{\"name\":\"act\",\"domain\":\"choice\",\"values\":[\"tanh\",\"relu\",\"gelu\"]}]",
      network },
};

/* The best value that a search of TRIALS finds, in its own batches. */
static double search(const problem *p, const char *method, uint64_t seed)
{
    json_t *action = json_pack("{s:o, s:s, s:i, s:b}", "params", json_loads(p->params, 0, NULL),
                               "method", method, "trials", TRIALS, "trials_given", true);
    nnrt_search s;
    nnrt_error e = { 0 };
    double best = INFINITY;
    if (!nnrt_search_new(&s, action, seed, &e))
        return NAN;

    while (s.done < s.trials) {
        size_t count = nnrt_search_batch(&s);
        for (s.drawn = s.done; s.drawn < s.done + count; s.drawn++)
            if (!nnrt_search_next(&s, &e))
                return NAN;
        for (size_t i = s.done; i < s.drawn; i++) {
            json_t *params = nnrt_search_params(&s, &s.point[i]);
            bool fails = false;
            double value = p->value(params, &fails);
            s.point[i].known = !fails;
            s.point[i].value = -value;
            if (!fails)
                best = fmin(best, value);
            json_decref(params);
        }
        s.done = s.drawn;
    }

    nnrt_search_clear(&s);
    json_decref(action);
    return best;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(const problem *p, const char *method)
{
    double best[SEEDS];
    for (int i = 0; i < SEEDS; i++)
        best[i] = search(p, method, (uint64_t)i);
    qsort(best, SEEDS, sizeof *best, ascending);
    double middle = (best[SEEDS / 2 - 1] + best[SEEDS / 2]) / 2;
    if (verbose)
        printf("# %-44s %-7s median %.5f  worst %.5f\n", p->name, method, middle, best[SEEDS - 1]);
    return middle;
}

static void test_domains(void)
{
    json_t *action =
        json_pack("{s:o, s:s, s:i, s:b}", "params", json_loads(problems[3].params, 0, NULL),
                  "method", "random", "trials", 400, "trials_given", true);
    nnrt_search s;
    nnrt_error e = { 0 };
    bool within = true, whole = true;
    size_t low = 0, first = 0;

    ok(nnrt_search_new(&s, action, 7, &e) && nnrt_search_batch(&s) >= 16,
       "a random search has many points at once");

    for (; s.drawn < s.trials; s.drawn++) {
        nnrt_search_next(&s, &e);
        json_t *params = nnrt_search_params(&s, &s.point[s.drawn]);
        const json_t *width = json_object_get(params, "width");
        within &= of(params, "lr") >= 1e-5 && of(params, "lr") <= 1 && of(params, "width") >= 4 &&
                  of(params, "width") <= 64;
        whole &= json_is_integer(width);
        low += of(params, "lr") < 3.16e-3;
        first += !strcmp(json_string_value(json_object_get(params, "act")), "tanh");
        json_decref(params);
    }

    ok(within && whole, "points lie in their domains");
    ok(low > 160 && low < 240,
       "a log scale spreads over the decades: %zu of 400 below the middle one", low);
    ok(first > 100 && first < 170, "choices come up alike: %zu of 400", first);
    nnrt_search_clear(&s);
    json_decref(action);
}

int main(int argc, char **argv)
{
    verbose = argc > 1 && !strcmp(argv[1], "-v") && argv[0];
    test_domains();
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        double random = median(&problems[i], "random"), bayes = median(&problems[i], "bayes"),
               narrow = median(&problems[i], "narrow");
        ok(bayes < random / 2, "%s: bayes comes to less than half of what random does",
           problems[i].name);
        ok(narrow < random, "%s: narrow comes to less than random does", problems[i].name);
        ok(search(&problems[i], "bayes", 3) == search(&problems[i], "bayes", 3),
           "%s: the same again from the same seed", problems[i].name);
    }
    return done_testing();
}
