/* metrics.h: what `metrics = [...]` measures (docs/language.md), in float64 from a part's
 * outputs and targets. metrics.def has a row for each: METRIC(name, direction, kind). */
#ifndef NNRT_METRICS_H
#define NNRT_METRICS_H
#include "data/data.h"
#include "model/network.h"

/* What is measured. For classes, outputs are rows of `width` scores, one row for each target of
 * each sample; for real values, rows of target_size numbers. */
typedef struct nnrt_sample_set {
    const float *out, *target;
    int64_t rows, width;
    bool classify, multilabel; /* of labels, `width` targets a row too */
    int64_t classes;
    nnrt_head head;
    const nnrt_scaling *scaling; /* of real targets and outputs; NULL: they are in their units */
} nnrt_sample_set;

typedef struct nnrt_metric {
    const char *name;
    int64_t k;
} nnrt_metric; /* k: of top_k */

nnrt_sample_set nnrt_samples_of(const nnrt_data *data, const nnrt_model *model, int64_t count,
                                const float *out, const float *target);
/* From { "name": "top_k", "k": 2 }; e filled where there is no such metric or it does not fit the
 * data. */
bool nnrt_metric_read(const json_t *declared, const nnrt_data *data, nnrt_metric *metric,
                      nnrt_error *e);
/* all but confusion */
bool nnrt_metric_is_number(const nnrt_metric *metric);
/* those of metrics.def in their order; NULL after the last */
const char *nnrt_metric_name(size_t i);
/* whether it measures such targets; true for a name that is not a metric */
bool nnrt_metric_suits(const char *name, bool classify, bool multilabel);
const char *nnrt_targets_text(bool classify, bool multilabel); /* "classes", "real values", ... */
/* better when higher */
bool nnrt_metric_rises(const char *name);
bool nnrt_metric_compute(const nnrt_metric *metric, const nnrt_sample_set *set, double *value,
                         nnrt_error *e);

/* Of a class or label: how often it was said rightly, said, and true. */
typedef struct nnrt_counts {
    int64_t hits, said, are;
} nnrt_counts;

/* Of each class, or each label; free() */
nnrt_counts *nnrt_count_classes(const nnrt_sample_set *set);
double nnrt_precision(nnrt_counts c); /* 0 where undefined, as the others */
double nnrt_recall(nnrt_counts c);
double nnrt_f1(nnrt_counts c);
/* How sure a row's outputs are of a class or label: comparable from row to row. */
double nnrt_score(const nnrt_sample_set *set, int64_t row, int64_t c);
/* whether that is what the row is */
bool nnrt_is_of(const nnrt_sample_set *set, int64_t row, int64_t c);
/* True classes in rows; as many columns as rows. */
json_t *nnrt_confusion(const nnrt_sample_set *set);
/* The class that a row of outputs predicts, among those that the data has; the first of equals. */
int64_t nnrt_predicted_class(const nnrt_sample_set *set, int64_t row);
#endif
