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

/* Outputs beyond the classes are never what is predicted. */
static int64_t told_apart(const nnrt_sample_set *set)
{
    return set->classes > 0 && set->classes < set->width ? set->classes : set->width;
}

/* Of several labels, whether this one is said to be there. */
static bool label_said(const nnrt_sample_set *set, int64_t row, int64_t label)
{
    return set->out[row * set->width + label] > (set->head == NNRT_SIGMOID ? 0.5f : 0.0f);
}

static bool label_true(const nnrt_sample_set *set, int64_t row, int64_t label)
{
    return set->target[row * set->width + label] > 0.5f;
}

int64_t nnrt_predicted_class(const nnrt_sample_set *set, int64_t row)
{
    const float *out = set->out + row * set->width;
    if (set->classes == 1)
        return 0;
    if (one_output(set))
        return out[0] > (set->head == NNRT_SIGMOID ? 0.5f : 0.0f);
    int64_t best = 0, count = told_apart(set);
    for (int64_t c = 1; c < count; c++)
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
    int64_t right = 0, labels = set->multilabel ? set->width : 1;
    for (int64_t r = 0; r < set->rows && !set->multilabel; r++)
        right += nnrt_predicted_class(set, r) == truth(set, r);
    for (int64_t i = 0; i < set->rows * labels && set->multilabel; i++)
        right += label_said(set, i / labels, i % labels) == label_true(set, i / labels, i % labels);
    *value = (double)right / (double)(set->rows * labels);
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
        for (int64_t c = 0; c < told_apart(set); c++)
            above += out[c] > out[t] || (out[c] == out[t] && c < t);
        right += above < k;
    }
    *value = (double)right / (double)set->rows;
    return true;
}

/* As many as there are classes or labels. */
static int64_t columns_of(const nnrt_sample_set *set)
{
    return set->multilabel ? set->width : set->classes;
}

static void count_labels(const nnrt_sample_set *set, nnrt_counts *of)
{
    for (int64_t r = 0; r < set->rows; r++) {
        for (int64_t k = 0; k < set->width; k++) {
            bool said = label_said(set, r, k), is = label_true(set, r, k);
            of[k].said += said;
            of[k].are += is;
            of[k].hits += said && is;
        }
    }
}

nnrt_counts *nnrt_count_classes(const nnrt_sample_set *set)
{
    nnrt_counts *of = calloc((size_t)columns_of(set) + 1, sizeof *of);
    if (!of)
        return NULL;
    if (set->multilabel) {
        count_labels(set, of);
        return of;
    }
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

double nnrt_precision(nnrt_counts c)
{
    return quotient((double)c.hits, (double)c.said);
}

double nnrt_recall(nnrt_counts c)
{
    return quotient((double)c.hits, (double)c.are);
}

double nnrt_f1(nnrt_counts c)
{
    return quotient(2 * (double)c.hits, (double)(c.said + c.are));
}

/* Of two classes the second alone is measured. */
static int64_t first_column(const nnrt_sample_set *set)
{
    return !set->multilabel && set->classes == 2 ? 1 : 0;
}

/* Of two classes the second's, of more the mean over classes; of labels the mean over them. */
static bool over_classes(const nnrt_sample_set *set, double (*of_class)(nnrt_counts), double *value)
{
    nnrt_counts *of = nnrt_count_classes(set);
    if (!of)
        return false;
    double sum = 0;
    int64_t count = columns_of(set), first = first_column(set);
    for (int64_t c = first; c < count; c++)
        sum += of_class(of[c]);
    *value = quotient(sum, (double)(count - first));
    free(of);
    return true;
}

static bool precision(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    return over_classes(set, nnrt_precision, value);
}

static bool recall(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    return over_classes(set, nnrt_recall, value);
}

static bool f1(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    return over_classes(set, nnrt_f1, value);
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
double nnrt_score(const nnrt_sample_set *set, int64_t row, int64_t c)
{
    const float *out = set->out + row * set->width;
    if (set->multilabel)
        return out[c];
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

bool nnrt_is_of(const nnrt_sample_set *set, int64_t row, int64_t c)
{
    return set->multilabel ? label_true(set, row, c) : truth(set, row) == c;
}

/* The share of pairs of one sample in the class and one outside it that are ranked rightly, ties
 * counting half (Mann and Whitney's U). */
static double auc_of(const nnrt_sample_set *set, int64_t c, scored *sorted)
{
    double rank_sum = 0;
    int64_t positives = 0;
    for (int64_t r = 0; r < set->rows; r++) {
        sorted[r] = (scored){ nnrt_score(set, r, c), nnrt_is_of(set, r, c) };
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
    int64_t count = columns_of(set), first = first_column(set);
    for (int64_t c = first; c < count; c++)
        sum += auc_of(set, c, sorted);
    *value = quotient(sum, (double)(count - first));
    free(sorted);
    return true;
}

/* A real target or output in the file's units. */
static double in_units(const nnrt_sample_set *set, const float *values, int64_t i)
{
    const nnrt_scaling *s = set->scaling;
    if (!s || !s->width)
        return values[i];
    return nnrt_unscale_value(s, (size_t)i % s->width, values[i]);
}

static bool mae(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    double sum = 0;
    int64_t n = set->rows * set->width;
    for (int64_t i = 0; i < n; i++)
        sum += fabs(in_units(set, set->out, i) - in_units(set, set->target, i));
    *value = sum / (double)n;
    return true;
}

static bool rmse(const nnrt_sample_set *set, int64_t k, double *value)
{
    (void)k;
    double sum = 0;
    int64_t n = set->rows * set->width;
    for (int64_t i = 0; i < n; i++) {
        double d = in_units(set, set->out, i) - in_units(set, set->target, i);
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
            mean += in_units(set, set->target, r * set->width + c);
        mean /= (double)set->rows;
        for (int64_t r = 0; r < set->rows; r++) {
            double t = in_units(set, set->target, r * set->width + c),
                   d = in_units(set, set->out, r * set->width + c) - t;
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

const char *nnrt_targets_text(bool classify, bool multilabel)
{
    if (multilabel)
        return "several labels";
    return classify ? "classes" : "real values";
}

bool nnrt_metric_suits(const char *name, bool classify, bool multilabel)
{
    const struct row *row = find(name);
    if (!row)
        return true;
    bool one_class = !strcmp(name, "confusion") || !strcmp(name, "top_k");
    return (row->kind == CLASSES) == (classify || (multilabel && !one_class));
}

nnrt_sample_set nnrt_samples_of(const nnrt_data *data, const nnrt_model *model, int64_t count,
                                const float *out, const float *target)
{
    nnrt_sample_set set = { .out = out,
                            .target = target,
                            .classify = data->classify,
                            .multilabel = data->multilabel,
                            .classes = data->classes,
                            .head = model->head,
                            .scaling = data->preparation ? &data->preparation->target : NULL };
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
    if (!nnrt_metric_suits(name, data->classify, data->multilabel)) {
        return nnrt_fail(e, NNRT_SCRIPT, "wrong-target",
                         "metric '%s' measures %s, but the targets of data '%s' are %s", name,
                         row->kind == CLASSES ? "classes" : "real values", data->name,
                         nnrt_targets_text(data->classify, data->multilabel));
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
    int64_t columns = set->classes;
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
