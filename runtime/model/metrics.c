/* metrics.c: each metric is a function of a sample set; sums run in the samples' order, so results
 * have the same bits everywhere. */
#include "model/metrics.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { CLASSES, REALS } kind;

typedef bool compute(const nnrt_sample_set *set, int64_t k, double *value);

static bool one_output(const nnrt_sample_set *set)
{
    return set->width == 1;
}

int64_t nnrt_predicted_class(const nnrt_sample_set *set, int64_t row)
{
    const float *out = set->out + row * set->width;
    if (one_output(set))
        return out[0] > (set->head == NNRT_SIGMOID ? 0.5f : 0.0f);
    int64_t best = 0;
    for (int64_t c = 1; c < set->width; c++)
        if (out[c] > out[best])
            best = c;
    return best;
}

static int64_t truth(const nnrt_sample_set *set, int64_t row)
{
    return (int64_t)set->target[row];
}

static bool accuracy(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    int64_t right = 0;
    for (int64_t r = 0; r < set->rows; r++)
        right += nnrt_predicted_class(set, r) == truth(set, r);
    *value = (double)right / (double)set->rows;
    return true;
}

/* The target is among the k largest; of equals the first ones count as larger. */
static bool top_k(const nnrt_sample_set *set, int64_t k, double *value)
{
    if (one_output(set)) {
        if (k < 2)
            return accuracy(set, k, value);
        *value = 1;
        return true;
    }
    int64_t right = 0;
    for (int64_t r = 0; r < set->rows; r++) {
        const float *out = set->out + r * set->width;
        int64_t t = truth(set, r), above = 0;
        if (t >= set->width)
            continue;
        for (int64_t c = 0; c < set->width; c++)
            above += out[c] > out[t] || (out[c] == out[t] && c < t);
        right += above < k;
    }
    *value = (double)right / (double)set->rows;
    return true;
}

typedef struct counts {
    int64_t hits, said, are;
} counts;

static counts *count_classes(const nnrt_sample_set *set)
{
    counts *of = calloc((size_t)set->classes + 1, sizeof *of);
    if (!of)
        return NULL;
    for (int64_t r = 0; r < set->rows; r++) {
        int64_t s = nnrt_predicted_class(set, r), t = truth(set, r);
        if (s < set->classes)
            of[s].said++;
        if (t < set->classes)
            of[t].are++;
        if (s == t && t < set->classes)
            of[t].hits++;
    }
    return of;
}

static double quotient(double a, double b)
{
    return b != 0 ? a / b : 0;
}

static double precision_of(counts c)
{
    return quotient((double)c.hits, (double)c.said);
}

static double recall_of(counts c)
{
    return quotient((double)c.hits, (double)c.are);
}

static double f1_of(counts c)
{
    return quotient(2 * (double)c.hits, (double)(c.said + c.are));
}

/* Of two classes the second's, of more the mean over classes. */
static bool over_classes(const nnrt_sample_set *set, double (*of_class)(counts), double *value)
{
    counts *of = count_classes(set);
    if (!of)
        return false;
    double sum = 0;
    for (int64_t c = set->classes == 2 ? 1 : 0; c < set->classes; c++)
        sum += of_class(of[c]);
    *value = quotient(sum, set->classes == 2 ? 1 : (double)set->classes);
    free(of);
    return true;
}

static bool precision(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    return over_classes(set, precision_of, value);
}

static bool recall(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    return over_classes(set, recall_of, value);
}

static bool f1(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    return over_classes(set, f1_of, value);
}

typedef struct scored {
    double score;
    bool positive;
} scored;

static int by_score(const void *a, const void *b)
{
    double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

/* How sure the outputs are of class c: comparable from row to row. */
static double score_of(const nnrt_sample_set *set, int64_t row, int64_t c)
{
    const float *out = set->out + row * set->width;
    if (one_output(set))
        return c ? out[0] : -out[0];
    if (c >= set->width)
        return 0;
    if (set->head != NNRT_SCORES)
        return out[c];
    double largest = out[0], sum = 0;
    for (int64_t i = 1; i < set->width; i++)
        largest = fmax(largest, out[i]);
    for (int64_t i = 0; i < set->width; i++)
        sum += exp(out[i] - largest);
    return out[c] - largest - log(sum);
}

/* The share of pairs of one sample in the class and one outside it that are ranked rightly, ties
 * counting half (Mann and Whitney's U). */
static double auc_of(const nnrt_sample_set *set, int64_t c, scored *sorted)
{
    double rank_sum = 0;
    int64_t positives = 0;
    for (int64_t r = 0; r < set->rows; r++) {
        sorted[r] = (scored){ score_of(set, r, c), truth(set, r) == c };
        positives += sorted[r].positive;
    }
    qsort(sorted, (size_t)set->rows, sizeof *sorted, by_score);
    for (int64_t r = 0, end; r < set->rows; r = end) {
        int64_t among = 0;
        for (end = r; end < set->rows && sorted[end].score == sorted[r].score; end++)
            among += sorted[end].positive;
        /* NaN equals nothing, not even itself */
        if (end == r)
            end = r + 1;
        rank_sum += (double)among * ((double)(r + 1 + end) / 2);
    }
    double p = (double)positives, n = (double)(set->rows - positives);
    return quotient(rank_sum - p * (p + 1) / 2, p * n);
}

static bool auc(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    scored *sorted = malloc((size_t)(set->rows + 1) * sizeof *sorted);
    if (!sorted)
        return false;
    double sum = 0;
    for (int64_t c = set->classes == 2 ? 1 : 0; c < set->classes; c++)
        sum += auc_of(set, c, sorted);
    *value = quotient(sum, set->classes == 2 ? 1 : (double)set->classes);
    free(sorted);
    return true;
}

static bool mae(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    double sum = 0;
    int64_t n = set->rows * set->width;
    for (int64_t i = 0; i < n; i++)
        sum += fabs((double)set->out[i] - set->target[i]);
    *value = sum / (double)n;
    return true;
}

static bool rmse(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    double sum = 0;
    int64_t n = set->rows * set->width;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)set->out[i] - set->target[i];
        sum += d * d;
    }
    *value = sqrt(sum / (double)n);
    return true;
}

/* The mean over outputs of 1 - (squares left) / (squares about the mean); a constant target gives 1
 * where it is met, else 0. */
static bool r2(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    double total = 0;
    for (int64_t c = 0; c < set->width; c++) {
        double mean = 0, left = 0, about = 0;
        for (int64_t r = 0; r < set->rows; r++)
            mean += set->target[r * set->width + c];
        mean /= (double)set->rows;
        for (int64_t r = 0; r < set->rows; r++) {
            double t = set->target[r * set->width + c], d = set->out[r * set->width + c] - t;
            left += d * d;
            about += (t - mean) * (t - mean);
        }
        total += about > 0 ? 1 - left / about : left == 0;
    }
    *value = total / (double)set->width;
    return true;
}

static const struct row {
    const char *name;
    kind kind;
    bool rises;
    compute *compute;
} rows[] = {

#define METRIC(name, kind, rises, function) { #name, kind, rises, function },
#include "model/metrics.def"
#undef METRIC
};

static const struct row *find(const char *name)
{
    for (size_t i = 0; name && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

const char *nnrt_metric_name(size_t i)
{
    return i < sizeof rows / sizeof *rows ? rows[i].name : NULL;
}

bool nnrt_metric_suits(const char *name, bool classify)
{
    const struct row *row = find(name);
    return !row || (row->kind == CLASSES) == classify;
}

nnrt_sample_set nnrt_samples_of(const nnrt_data *data, const nnrt_model *model, int64_t count,
                                const float *out, const float *target)
{
    nnrt_sample_set set = { .out = out,
                            .target = target,
                            .classify = data->classify,
                            .classes = data->classes,
                            .head = model->head };
    set.rows = count;
    set.width = model->output_size;
    if (data->classify) {
        set.rows *= data->target_size;
        set.width /= data->target_size ? data->target_size : 1;
    }
    return set;
}

bool nnrt_metric_read(const json_t *declared, const nnrt_data *data, nnrt_metric *metric,
                      nnrt_error *e)
{
    const char *name = json_string_value(json_object_get(declared, "name"));
    const struct row *row = find(name);
    if (!row) {
        return nnrt_fail(e, NNRT_SCRIPT, "unknown-metric", "there is no metric '%s'",
                         name ? name : "");
    }
    if (!nnrt_metric_suits(name, data->classify)) {
        return nnrt_fail(e, NNRT_SCRIPT, "wrong-target",
                         "metric '%s' measures %s, but the targets of data '%s' are %s", name,
                         row->kind == CLASSES ? "classes" : "real values", data->name,
                         data->classify ? "classes" : "real values");
    }
    *metric =
        (nnrt_metric){ row->name, (int64_t)json_number_value(json_object_get(declared, "k")) };
    if (metric->k < 1)
        metric->k = 1;
    return true;
}

bool nnrt_metric_is_number(const nnrt_metric *metric)
{
    return find(metric->name)->compute != NULL;
}

bool nnrt_metric_rises(const char *name)
{
    const struct row *row = find(name);
    return row && row->rises;
}

bool nnrt_metric_compute(const nnrt_metric *metric, const nnrt_sample_set *set, double *value,
                         nnrt_error *e)
{
    *value = 0;
    if (set->rows == 0)
        return true;
    return find(metric->name)->compute(set, metric->k, value) || nnrt_no_memory(e);
}

json_t *nnrt_confusion(const nnrt_sample_set *set)
{
    int64_t columns = set->width > set->classes ? set->width : set->classes;
    int64_t *count = calloc((size_t)(set->classes * columns) + 1, sizeof *count);
    json_t *matrix = json_array();
    for (int64_t r = 0; count && r < set->rows; r++) {
        int64_t t = truth(set, r);
        if (t >= 0 && t < set->classes)
            count[t * columns + nnrt_predicted_class(set, r)]++;
    }
    for (int64_t t = 0; count && t < set->classes; t++) {
        json_t *row = json_array();
        for (int64_t s = 0; s < columns; s++)
            json_array_append_new(row, json_integer(count[t * columns + s]));
        json_array_append_new(matrix, row);
    }
    free(count);
    return matrix;
}
