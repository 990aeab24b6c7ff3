/* charts_evaluation.c: pictures of an evaluation beyond its metrics: reliability diagram, decision
 * regions, fits (pictured.h says what notes hold). */
#include "charts/charts.h"
#include <math.h>

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const double *list_of(nnrt_figure *f, const json_t *list)
{
    size_t count = json_array_size(list);
    double *values = nnrt_figure_alloc(f, count * sizeof *values);
    for (size_t i = 0; values && i < count; i++) {
        values[i] = json_is_number(json_array_get(list, i))
                        ? json_number_value(json_array_get(list, i))
                        : NAN;
    }
    return values;
}

static const double *pair(nnrt_figure *f, double a, double b)
{
    double *values = nnrt_figure_alloc(f, 2 * sizeof *values);
    if (values)
        values[0] = a, values[1] = b;
    return values;
}

static void chart_calibration(nnrt_figure *f, const json_t *notes)
{
    const json_t *bins = json_object_get(notes, "calibration");
    size_t count = json_array_size(bins), found;
    const double *said = nnrt_chart_column(f, bins, "said", &found),
                 *truth = nnrt_chart_column(f, bins, "true", &found);
    bool second = json_is_true(json_object_get(notes, "of_second"));
    const char *class_name =
        json_string_value(json_array_get(json_object_get(notes, "classes"), 1));
    char error[40];
    nnrt_number_text(error, sizeof error, round(1e4 * number(notes, "calibration_error")) / 1e4);
    nnrt_panel *panel =
        count ? nnrt_figure_panel(f, NNRT_PANEL_CURVES,
                                  nnrt_figure_text(f, "Calibration (error %s)", error))
              : NULL;
    if (!panel || !said || !truth)
        return;
    panel->x_label = second ? nnrt_figure_text(f, "predicted probability of class %s",
                                               class_name && *class_name ? class_name : "1")
                            : "confidence";
    panel->y_label = second ? "share of that class" : "accuracy";
    panel->height = 400;
    panel->unit_square = true;
    nnrt_panel_series(f, panel, "perfect", NNRT_INK_AXIS, NNRT_CURVE_DASHED, 2, pair(f, 0, 1),
                      pair(f, 0, 1));
    nnrt_panel_series(f, panel, "model", nnrt_series_ink(0), NNRT_CURVE, count, said, truth);
}

/* One series of dots a class, and rings about those that the model takes for another. */
static void add_samples(nnrt_figure *f, nnrt_panel *panel, const json_t *notes)
{
    const json_t *points = json_object_get(notes, "points"),
                 *names = json_object_get(notes, "classes");
    size_t count = json_array_size(json_object_get(points, "x")), classes = json_array_size(names),
           missed = 0;
    const double *x = list_of(f, json_object_get(points, "x")),
                 *y = list_of(f, json_object_get(points, "y")),
                 *class_of = list_of(f, json_object_get(points, "class"));
    double *wrong = nnrt_figure_alloc(f, count * sizeof *wrong);
    if (!x || !y || !class_of || !wrong)
        return;
    for (size_t i = 0; i < count; i++) {
        bool is = json_is_true(json_array_get(json_object_get(points, "wrong"), i));
        missed += is;
        wrong[i] = is ? y[i] : NAN;
    }
    if (missed)
        nnrt_panel_series(f, panel, "misclassified", NNRT_INK_TEXT, NNRT_RINGS, count, x, wrong);
    for (size_t c = 0; c < classes; c++) {
        double *mine = nnrt_figure_alloc(f, count * sizeof *mine);
        const char *name = json_string_value(json_array_get(names, c));
        for (size_t i = 0; mine && i < count; i++)
            mine[i] = (size_t)class_of[i] == c ? y[i] : NAN;
        nnrt_panel_series(
            f, panel,
            nnrt_figure_text(f, "class %s", name && *name ? name : nnrt_figure_text(f, "%zu", c)),
            nnrt_series_ink(c), NNRT_DOTS, count, x, mine);
    }
}

static const char *axis_name(nnrt_figure *f, const json_t *notes, size_t number_of)
{
    const char *name = json_string_value(json_array_get(json_object_get(notes, "axes"), number_of));
    return name ? nnrt_figure_text(f, "%s", name) : "";
}

static void chart_regions(nnrt_figure *f, const json_t *notes)
{
    const json_t *g = json_object_get(notes, "regions");
    nnrt_regions *regions = g ? nnrt_figure_alloc(f, sizeof *regions) : NULL;
    const double *score = g ? list_of(f, json_object_get(g, "scores")) : NULL;
    if (!regions || !score)
        return;
    *regions = (nnrt_regions){ number(g, "x0"),
                               number(g, "x1"),
                               number(g, "y0"),
                               number(g, "y1"),
                               (size_t)number(g, "columns"),
                               (size_t)number(g, "rows"),
                               (size_t)number(g, "width"),
                               score };
    if (regions->columns * regions->rows * regions->width !=
        json_array_size(json_object_get(g, "scores"))) {
        return;
    }
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Decision regions");
    if (!panel)
        return;
    panel->regions = regions;
    panel->height = 460;
    panel->x_label = axis_name(f, notes, 0);
    panel->y_label = axis_name(f, notes, 1);
    add_samples(f, panel, notes);
}

static void chart_fit(nnrt_figure *f, const json_t *notes)
{
    const json_t *fit = json_object_get(notes, "fit"), *points = json_object_get(notes, "points"),
                 *agreement = json_object_get(notes, "agreement");
    nnrt_panel *panel = fit || agreement ? nnrt_figure_panel(f, NNRT_PANEL_CURVES,
                                                             fit ? "Fit" : "Prediction by target")
                                         : NULL;
    if (!panel)
        return;
    panel->height = 400;
    if (fit) {
        panel->x_label = axis_name(f, notes, 0);
        panel->y_label = "target";
        nnrt_panel_series(f, panel, "samples", nnrt_series_ink(0), NNRT_DOTS,
                          json_array_size(json_object_get(points, "x")),
                          list_of(f, json_object_get(points, "x")),
                          list_of(f, json_object_get(points, "y")));
        nnrt_panel_series(f, panel, "prediction", nnrt_series_ink(1), NNRT_CURVE,
                          json_array_size(json_object_get(fit, "x")),
                          list_of(f, json_object_get(fit, "x")),
                          list_of(f, json_object_get(fit, "y")));
        if (!json_object_get(fit, "low"))
            return;
        size_t count = json_array_size(json_object_get(fit, "x"));
        const double *line = list_of(f, json_object_get(fit, "x"));
        nnrt_panel_series(f, panel, "two deviations over draws of dropout", nnrt_series_ink(2),
                          NNRT_CURVE_DASHED, count, line, list_of(f, json_object_get(fit, "low")));
        nnrt_panel_series(f, panel, "", nnrt_series_ink(2), NNRT_CURVE_DASHED, count, line,
                          list_of(f, json_object_get(fit, "high")));
        return;
    }
    const double *x = list_of(f, json_object_get(agreement, "x")),
                 *y = list_of(f, json_object_get(agreement, "y"));
    size_t count = json_array_size(json_object_get(agreement, "x"));
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; x && i < count; i++)
        low = fmin(low, x[i]), high = fmax(high, x[i]);
    panel->x_label = "target";
    panel->y_label = "prediction";
    nnrt_panel_series(f, panel, "samples", nnrt_series_ink(0), NNRT_DOTS, count, x, y);
    if (low < high) {
        nnrt_panel_series(f, panel, "perfect", NNRT_INK_AXIS, NNRT_CURVE_DASHED, 2,
                          pair(f, low, high), pair(f, low, high));
    }
}

void nnrt_chart_evaluation(nnrt_figure *f, const json_t *notes)
{
    if (json_object_get(notes, "regions"))
        chart_regions(f, notes);
    chart_fit(f, notes);
    if (json_object_get(notes, "calibration"))
        chart_calibration(f, notes);
}
