/* chart_trainings.c: the curves of a training, of several side by side, and of a learning rate
 * test.
 */
#include "charts/axis.h"
#include "charts/kinds.h"
#include <math.h>
#include <string.h>

enum { METRICS = 12 };

/* ---- one training ---- */

/* Most of the curve would lie on the axis. */
static bool lies_low(const double *values, size_t count)
{
    size_t low = 0;
    double high = 0;
    for (size_t i = 0; i < count; i++)
        high = fmax(high, values[i]);
    for (size_t i = 0; i < count; i++)
        low += values[i] < 0.02 * high;
    return 2 * low > count;
}

static void add_rate(nnrt_figure *f, const json_t *history, const double *x, size_t count)
{
    size_t found;
    const double *rate = nnrt_chart_column(f, history, "lr", &found);
    bool varies = false;
    for (size_t i = 1; rate && found == count && i < count; i++)
        varies |= rate[i] != rate[0];
    nnrt_panel *panel = varies ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Learning rate") : NULL;
    if (!panel)
        return;
    panel->x_label = "epoch";
    panel->x_whole = true;
    panel->y_label = "rate";
    panel->y_log = lies_low(rate, count);
    panel->y_from_zero = true;
    nnrt_panel_series(f, panel, "", nnrt_series_ink(2), NNRT_CURVE, count, x, rate);
}

/* A rule at the epoch whose weights were kept, where it is not simply the last one. */
static void mark_best_epoch(nnrt_figure *f, nnrt_panel *panel, const json_t *value)
{
    double best = nnrt_chart_number(value, "best_epoch", NAN);
    bool stopped = json_is_true(json_object_get(value, "stopped"));
    if (isfinite(best) && (stopped || best < nnrt_chart_number(value, "epochs", best))) {
        panel->rule = best;
        panel->rule_text = nnrt_figure_text(
            f, stopped ? "best: epoch %.0f, then stopped early" : "best: epoch %.0f", best);
    }
}

static void add_metric(nnrt_figure *f, const json_t *value, const json_t *history,
                       const char *metric, const double *x, size_t count)
{
    size_t trained, validated;
    const double *train =
        nnrt_chart_column(f, history, nnrt_figure_text(f, "train.%s", metric), &trained);
    if (!trained)
        train = nnrt_chart_column(f, history, metric, &trained);
    const double *validation =
        nnrt_chart_column(f, history, nnrt_figure_text(f, "validation.%s", metric), &validated);
    if (!trained && !validated)
        return;

    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, nnrt_chart_metric_title(f, metric));
    if (!panel)
        return;
    panel->x_label = "epoch";
    panel->x_whole = true;
    panel->y_label = metric;
    if (!strcmp(metric, "loss")) {
        panel->y_log = nnrt_chart_is_wide(train, count) &&
                       (!validated || nnrt_chart_is_wide(validation, count));
    }
    if (trained)
        nnrt_panel_series(f, panel, "training", nnrt_series_ink(0), NNRT_CURVE, count, x, train);
    if (validated) {
        nnrt_panel_series(f, panel, "validation", nnrt_series_ink(1), NNRT_CURVE, count, x,
                          validation);
    }
    mark_best_epoch(f, panel, value);
}

void nnrt_chart_training(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    const json_t *history = json_object_get(value, "history");
    const char *metrics[METRICS];
    size_t count = json_array_size(history), found,
           metric_count = nnrt_chart_metrics(f, history, metrics, METRICS);
    const double *x = nnrt_chart_column(f, history, "epoch", &found);
    for (size_t i = 0; i < metric_count; i++)
        add_metric(f, value, history, metrics[i], x, count);
    add_rate(f, history, x, count);
    const json_t *confusion = nnrt_chart_dotted(value, "validation.confusion");
    if (json_is_array(confusion))
        nnrt_chart_matrix(f, confusion, notes, "Confusion (validation)");
}

/* ---- several side by side ---- */

/* The metrics of the first training that has a history. */
static size_t compared_metrics(nnrt_figure *f, const json_t *trainings, const char **metrics)
{
    const char *key;
    json_t *item;
    json_object_foreach ((json_t *)trainings, key, item) {
        const json_t *history = json_object_get(item, "history");
        if (json_is_array(history))
            return nnrt_chart_metrics(f, history, metrics, METRICS);
    }
    return 0;
}

/* A panel of one metric in one part, if any training has it; `title` comes after the metric. */
static void compare_metric(nnrt_figure *f, const json_t *trainings, const char *metric,
                           const char *part, const char *title)
{
    nnrt_panel *panel = NULL;
    size_t number = 0;
    const char *key;
    json_t *item;
    json_object_foreach ((json_t *)trainings, key, item) {
        const json_t *history = json_object_get(item, "history");
        size_t found, count = json_array_size(history);
        const double *x = nnrt_chart_column(f, history, "epoch", &found),
                     *y = nnrt_chart_column(f, history, nnrt_figure_text(f, "%s.%s", part, metric),
                                            &found);
        nnrt_ink ink = nnrt_series_ink(number++);
        if (!found)
            continue;

        if (!panel) {
            panel = nnrt_figure_panel(
                f, NNRT_PANEL_CURVES,
                nnrt_figure_text(f, "%s (%s)", nnrt_chart_metric_title(f, metric), title));
        }
        if (!panel)
            return;
        panel->x_label = "epoch";
        panel->y_label = metric;
        panel->x_whole = true;
        if (!strcmp(metric, "loss"))
            panel->y_log |= nnrt_chart_is_wide(y, count);
        nnrt_panel_series(f, panel, nnrt_figure_text(f, "%s", key), ink, NNRT_CURVE, count, x, y);
    }
}

void nnrt_chart_comparison(nnrt_figure *f, const json_t *trainings)
{
    const char *metrics[METRICS];
    size_t metric_count = compared_metrics(f, trainings, metrics);
    for (size_t m = 0; m < metric_count; m++) {
        compare_metric(f, trainings, metrics[m], "validation", "validation");
        compare_metric(f, trainings, metrics[m], "train", "training");
    }
}

/* ---- learning rate tests ---- */

void nnrt_chart_rate_test(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    (void)notes;
    const json_t *curve = json_object_get(value, "curve");
    size_t found;
    const double *x = nnrt_chart_column(f, curve, "lr", &found),
                 *y = nnrt_chart_column(f, curve, "loss", &found);
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Learning rate test");
    if (!panel)
        return;
    panel->x_label = "learning rate";
    panel->y_label = "loss";
    panel->x_log = true;
    panel->y_log = nnrt_chart_is_wide(y, json_array_size(curve));
    nnrt_panel_series(f, panel, "", nnrt_series_ink(0), NNRT_CURVE, json_array_size(curve), x, y);

    double best = nnrt_chart_number(value, "best", NAN);
    if (!(best > 0))
        return;
    char text[40];
    nnrt_number_text(text, sizeof text, best);
    panel->rule = best;
    panel->rule_text = nnrt_figure_text(f, "best: %s", text);
}
