/* record_values.c: numbers out of the records of results (record_values.h). */
#include "charts/record_values.h"
#include <math.h>
#include <string.h>

const json_t *nnrt_chart_dotted(const json_t *record, const char *name)
{
    for (const char *dot; record && (dot = strchr(name, '.')); name = dot + 1)
        record = json_object_getn(record, name, (size_t)(dot - name));
    return record ? json_object_get(record, name) : NULL;
}

double nnrt_chart_number(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

const double *nnrt_chart_column(nnrt_figure *f, const json_t *records, const char *name,
                                size_t *found)
{
    size_t count = json_array_size(records);
    double *column = nnrt_figure_alloc(f, count * sizeof *column);
    *found = 0;
    for (size_t i = 0; column && i < count; i++) {
        const json_t *value = nnrt_chart_dotted(json_array_get(records, i), name);
        column[i] = json_is_number(value) ? json_number_value(value) : NAN;
        *found += json_is_number(value);
    }
    return column;
}

bool nnrt_chart_is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

size_t nnrt_chart_metrics(nnrt_figure *f, const json_t *records, const char **names, size_t most)
{
    static const char *const parts[] = { "train", "validation" };
    size_t count = 0;
    names[count++] = "loss";
    for (size_t r = 0; r < json_array_size(records) && r < 2; r++) {
        for (size_t p = 0; p < 2; p++) {
            const json_t *part = json_object_get(json_array_get(records, r), parts[p]);
            const char *key;
            json_t *value;
            json_object_foreach ((json_t *)part, key, value) {
                bool known = nnrt_chart_is_among(key, names, count);
                if (json_is_number(value) && count < most && !known)
                    names[count++] = nnrt_figure_text(f, "%s", key);
            }
        }
    }
    return count;
}

const char *nnrt_chart_metric_title(nnrt_figure *f, const char *metric)
{
    static const struct {
        const char *name, *title;
    } titles[] = {
        { "loss", "Loss" },
        { "accuracy", "Accuracy" },
        { "auc", "AUC" },
        { "f1", "F1" },
        { "r2", "R\xc2\xb2" },
        { "mae", "Mean absolute error" },
        { "rmse", "Root mean squared error" },
        { "top_k", "Top-k accuracy" },
        { "precision", "Precision" },
        { "recall", "Recall" },
    };

    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (!strcmp(titles[i].name, metric))
            return titles[i].title;
    return nnrt_figure_text(f, "%s", metric);
}

bool nnrt_chart_is_wide(const double *values, size_t count)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; values && i < count; i++) {
        if (!isfinite(values[i]))
            continue;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    return low > 0 && high > 50 * low;
}
