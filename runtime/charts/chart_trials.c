/* chart_trials.c: the trials of a tuning, and the folds of a cross-validation. */
#include "charts/kinds.h"
#include <math.h>

enum { METRICS = 12, MOST_PARAMS = 6 };

/* ---- trials ---- */

/* The best objective up to each trial; whether high or low ones are good shows in which end of
 * them the best trial's `target` lies at. */
static const double *best_so_far(nnrt_figure *f, const double *objective, size_t count,
                                 double target)
{
    double low = INFINITY, high = -INFINITY, *best = nnrt_figure_alloc(f, count * sizeof *best);
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, objective[i]);
        high = fmax(high, objective[i]);
    }
    bool rises = isfinite(target) && fabs(target - high) <= fabs(target - low);
    for (size_t i = 0; best && i < count; i++)
        if (!i || !isfinite(best[i - 1]))
            best[i] = objective[i];
        else if (rises)
            best[i] = fmax(best[i - 1], objective[i]);
        else
            best[i] = fmin(best[i - 1], objective[i]);
    return best;
}

static bool add_objective(nnrt_figure *f, const json_t *value, const json_t *trials,
                          const double *objective)
{
    size_t count = json_array_size(trials), found;
    const double *trial = nnrt_chart_column(f, trials, "trial", &found);
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Objective by trial");
    if (!panel || !objective)
        return false;
    if (found < count)
        trial = NULL;
    panel->x_label = "trial";
    panel->y_label = "objective";
    panel->x_whole = true;
    nnrt_panel_series(f, panel, "trial", nnrt_series_ink(0), NNRT_DOTS, count, trial, objective);

    const json_t *best = nnrt_chart_dotted(value, "best.value");
    double target = best ? json_number_value(best) : NAN;
    if (isfinite(target)) {
        nnrt_panel_series(f, panel, "best so far", nnrt_series_ink(1), NNRT_CURVE, count, trial,
                          best_so_far(f, objective, count, target));
    }
    return true;
}

/* The objective by one param; false: out of memory. */
static bool add_param(nnrt_figure *f, const json_t *value, const char *key, const double *param,
                      const double *objective, size_t count)
{
    nnrt_panel *panel =
        nnrt_figure_panel(f, NNRT_PANEL_CURVES, nnrt_figure_text(f, "Objective by %s", key));
    if (!panel)
        return false;
    panel->x_label = nnrt_figure_text(f, "%s", key);
    panel->y_label = "objective";
    panel->x_log = nnrt_chart_is_wide(param, count);
    nnrt_panel_series(f, panel, "", nnrt_series_ink(0), NNRT_DOTS, count, param, objective);
    const json_t *best = nnrt_chart_dotted(value, nnrt_figure_text(f, "best.%s", key));
    if (json_is_number(best)) {
        panel->rule = json_number_value(best);
        panel->rule_text = "best";
    }
    return true;
}

void nnrt_chart_trials(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    (void)notes;
    const json_t *trials = json_object_get(value, "trials");
    size_t count = json_array_size(trials), found, chosen = 0;
    const double *objective = nnrt_chart_column(f, trials, "value", &found);
    if (!add_objective(f, value, trials, objective))
        return;

    const char *key;
    json_t *item;
    json_object_foreach (json_object_get(json_array_get(trials, 0), "params"), key, item) {
        const double *param =
            nnrt_chart_column(f, trials, nnrt_figure_text(f, "params.%s", key), &found);
        if (!found || chosen++ == MOST_PARAMS)
            continue;
        if (!add_param(f, value, key, param, objective, count))
            return;
    }
}

/* ---- folds ---- */

void nnrt_chart_folds(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    (void)notes;
    const json_t *folds = json_object_get(value, "folds");
    const char *metrics[METRICS];
    size_t count = json_array_size(folds), found,
           metric_count = nnrt_chart_metrics(f, folds, metrics, METRICS);
    const char **names = nnrt_figure_alloc(f, (count + 1) * sizeof *names);
    double *place = nnrt_figure_alloc(f, count * sizeof *place);
    if (!names || !place)
        return;
    for (size_t i = 0; i < count; i++) {
        names[i] = nnrt_figure_text(f, "fold %zu", i + 1);
        place[i] = (double)i;
    }

    for (size_t i = 0; i < metric_count; i++) {
        const double *validation =
            nnrt_chart_column(f, folds, nnrt_figure_text(f, "validation.%s", metrics[i]), &found);
        if (!found)
            continue;
        nnrt_panel *panel =
            nnrt_figure_panel(f, NNRT_PANEL_CURVES, nnrt_chart_metric_title(f, metrics[i]));
        if (!panel)
            continue;
        panel->x_names = names;
        panel->x_name_count = count;
        panel->y_label = metrics[i];
        panel->y_from_zero = true;
        const double *train =
            nnrt_chart_column(f, folds, nnrt_figure_text(f, "train.%s", metrics[i]), &found);
        if (found) {
            nnrt_panel_series(f, panel, "training", nnrt_series_ink(0), NNRT_BARS, count, place,
                              train);
        }
        nnrt_panel_series(f, panel, "validation", nnrt_series_ink(1), NNRT_BARS, count, place,
                          validation);
    }
}
