/* record_values.h: numbers out of results, which are JSON: objects of numbers, and lists of
 * records. */
#ifndef NNRT_RECORD_VALUES_H
#define NNRT_RECORD_VALUES_H
#include "charts/figure.h"
#include <jansson.h>

/* What lies under a dotted name, "validation.loss"; NULL: nothing. */
const json_t *nnrt_chart_dotted(const json_t *record, const char *name);
double nnrt_chart_number(const json_t *object, const char *key, double fallback);
/* The numbers under a dotted name, one a record, NAN where there is none; *found tells how many
 * there are. NULL: out of memory */
const double *nnrt_chart_column(nnrt_figure *figure, const json_t *records, const char *name,
                                size_t *found);
bool nnrt_chart_is_among(const char *name, const char *const *names, size_t count);
/* The names of the metrics that the records' parts have, loss first; each once. */
size_t nnrt_chart_metrics(nnrt_figure *figure, const json_t *records, const char **names,
                          size_t most);
const char *nnrt_chart_metric_title(nnrt_figure *figure, const char *metric);
/* Whether a loss is better seen on a logarithmic axis: all above 0 and far apart. */
bool nnrt_chart_is_wide(const double *values, size_t count);
#endif
