/* chart_evaluation.c: pictures of an evaluation beyond its metrics: reliability diagram, decision
 * regions, fits (pictured.h says what notes hold). */
#include "charts/axis.h"
#include "charts/kinds.h"
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
    if (values) {
        values[0] = a;
        values[1] = b;
    }
    return values;
}

static const char *second_class(const json_t *notes)
{
    const char *name = json_string_value(json_array_get(json_object_get(notes, "classes"), 1));
    return name && *name ? name : "1";
}

static void chart_calibration(nnrt_figure *f, const json_t *notes)
{
    const json_t *bins = json_object_get(notes, "calibration");
    size_t count = json_array_size(bins), found;
    const double *said = nnrt_chart_column(f, bins, "said", &found),
                 *truth = nnrt_chart_column(f, bins, "true", &found);
    char error[40];
    nnrt_number_text(error, sizeof error, round(1e4 * number(notes, "calibration_error")) / 1e4);
    const char *title = nnrt_figure_text(f, "Calibration (error %s)", error);
    nnrt_panel *panel = count ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, title) : NULL;
    if (!panel || !said || !truth)
        return;

    panel->x_label = "confidence";
    panel->y_label = "accuracy";
    if (json_is_true(json_object_get(notes, "of_second"))) {
        panel->x_label =
            nnrt_figure_text(f, "predicted probability of class %s", second_class(notes));
        panel->y_label = "share of that class";
    }
    panel->height = 400;
    panel->unit_square = true;
    nnrt_panel_series(f, panel, "perfect", NNRT_INK_AXIS, NNRT_CURVE_DASHED, 2, pair(f, 0, 1),
                      pair(f, 0, 1));
    nnrt_panel_series(f, panel, "model", nnrt_series_ink(0), NNRT_CURVE, count, said, truth);
}

/* The second coordinates of the samples of one class, NAN for the others. */
static const double *of_class(nnrt_figure *f, const double *y, const double *class_of, size_t count,
                              size_t class_number)
{
    double *mine = nnrt_figure_alloc(f, count * sizeof *mine);
    for (size_t i = 0; mine && i < count; i++)
        mine[i] = (size_t)class_of[i] == class_number ? y[i] : NAN;
    return mine;
}

/* One series of dots a class, and rings about those that the model takes for another. */
static void add_samples(nnrt_figure *f, nnrt_panel *panel, const json_t *notes)
{
    const json_t *points = json_object_get(notes, "points"),
                 *names = json_object_get(notes, "classes");
    size_t count = json_array_size(json_object_get(points, "x")), missed = 0;
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

    for (size_t c = 0; c < json_array_size(names); c++) {
        const char *name = json_string_value(json_array_get(names, c));
        if (!name || !*name)
            name = nnrt_figure_text(f, "%zu", c);
        nnrt_panel_series(f, panel, nnrt_figure_text(f, "class %s", name), nnrt_series_ink(c),
                          NNRT_DOTS, count, x, of_class(f, y, class_of, count, c));
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

/* A list of a record as a series; its x is another. */
static void add_series(nnrt_figure *f, nnrt_panel *panel, const char *name, size_t ink,
                       nnrt_series_style style, const json_t *record, const char *y)
{
    const json_t *x = json_object_get(record, "x");
    nnrt_panel_series(f, panel, name, nnrt_series_ink(ink), style, json_array_size(x),
                      list_of(f, x), list_of(f, json_object_get(record, y)));
}

/* Of one feature: the samples, and the model's curve through them. */
static void chart_fit(nnrt_figure *f, const json_t *notes)
{
    const json_t *fit = json_object_get(notes, "fit");
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Fit");
    if (!panel)
        return;
    panel->height = 400;
    panel->x_label = axis_name(f, notes, 0);
    panel->y_label = "target";
    add_series(f, panel, "samples", 0, NNRT_DOTS, json_object_get(notes, "points"), "y");
    add_series(f, panel, "prediction", 1, NNRT_CURVE, fit, "y");
    if (json_object_get(fit, "low")) {
        add_series(f, panel, "two deviations over draws of dropout", 2, NNRT_CURVE_DASHED, fit,
                   "low");
        add_series(f, panel, "", 2, NNRT_CURVE_DASHED, fit, "high");
    }
}

/* Of more features: what is predicted against what is true. */
static void chart_agreement(nnrt_figure *f, const json_t *notes)
{
    const json_t *agreement = json_object_get(notes, "agreement");
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Prediction by target");
    if (!panel)
        return;
    panel->height = 400;
    panel->x_label = "target";
    panel->y_label = "prediction";
    add_series(f, panel, "samples", 0, NNRT_DOTS, agreement, "y");

    const double *x = list_of(f, json_object_get(agreement, "x"));
    size_t count = json_array_size(json_object_get(agreement, "x"));
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; x && i < count; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    if (low < high) {
        nnrt_panel_series(f, panel, "perfect", NNRT_INK_AXIS, NNRT_CURVE_DASHED, 2,
                          pair(f, low, high), pair(f, low, high));
    }
}

/* A curve a class, named where there are several. */
static void chart_thresholds(nnrt_figure *f, const json_t *notes, const char *key,
                             const char *title, const char *const axes[2], bool diagonal)
{
    const json_t *curves = json_object_get(notes, key), *names = json_object_get(notes, "classes");
    size_t i;
    json_t *curve;
    nnrt_panel *panel =
        json_array_size(curves) ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, title) : NULL;
    if (!panel)
        return;
    panel->x_label = axes[0];
    panel->y_label = axes[1];
    panel->height = 400;
    panel->unit_square = true;
    if (diagonal) {
        nnrt_panel_series(f, panel, "guessing", NNRT_INK_AXIS, NNRT_CURVE_DASHED, 2, pair(f, 0, 1),
                          pair(f, 0, 1));
    }
    json_array_foreach ((json_t *)curves, i, curve) {
        size_t of = (size_t)number(curve, "class");
        const char *name = json_string_value(json_array_get(names, of));
        name = name && *name ? nnrt_figure_text(f, "%s", name) : nnrt_figure_text(f, "%zu", of);
        add_series(f, panel, name, i, NNRT_CURVE, curve, "y");
    }
}

void nnrt_chart_evaluation(nnrt_figure *f, const json_t *notes)
{
    static const char *const receiver[] = { "false positives", "true positives" },
                             *const recalled[] = { "recall", "precision" };

    if (json_object_get(notes, "regions"))
        chart_regions(f, notes);
    if (json_object_get(notes, "fit"))
        chart_fit(f, notes);
    else if (json_object_get(notes, "agreement"))
        chart_agreement(f, notes);
    if (json_object_get(notes, "calibration"))
        chart_calibration(f, notes);
    chart_thresholds(f, notes, "roc", "Receiver's curve (ROC)", receiver, true);
    chart_thresholds(f, notes, "precision_recall", "Precision and recall", recalled, false);
}
