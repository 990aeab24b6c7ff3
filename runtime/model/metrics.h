/* metrics.h: what `metrics = [...]` measures (LANGUAGE.md, section 8), in float64 from a part's
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
    bool classify;
    int64_t classes;
    nnrt_head head;
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
bool nnrt_metric_suits(const char *name, bool classify);
/* better when higher */
bool nnrt_metric_rises(const char *name);
bool nnrt_metric_compute(const nnrt_metric *metric, const nnrt_sample_set *set, double *value,
                         nnrt_error *e);
/* True classes in rows; as many columns as there are classes or outputs. */
json_t *nnrt_confusion(const nnrt_sample_set *set);
/* The class that a row of outputs predicts; the first of equals. */
int64_t nnrt_predicted_class(const nnrt_sample_set *set, int64_t row);
#endif
