/* charts_several.c: several results in one picture: paths over one landscape, curves in one frame,
 * metrics side by side. */
#include "charts/charts.h"
#include <math.h>
#include <string.h>

enum { METRICS = 24 };

static bool all_have(const nnrt_charted *items, size_t count, const char *list)
{
    for (size_t i = 0; i < count; i++)
        if (!json_is_array(json_object_get(items[i].value, list)))
            return false;
    return true;
}

/* ---- paths ---- */

static const json_t *widest_field(const nnrt_charted *items, size_t count)
{
    const json_t *widest = NULL;
    double most = -1;
    for (size_t i = 0; i < count; i++) {
        const json_t *field = json_object_get(items[i].notes, "field");
        double area = (json_number_value(json_object_get(field, "x1")) -
                       json_number_value(json_object_get(field, "x0"))) *
                      (json_number_value(json_object_get(field, "y1")) -
                       json_number_value(json_object_get(field, "y0")));
        if (!field || area <= most)
            continue;
        most = area;
        widest = field;
    }
    return widest;
}

static bool chart_paths(nnrt_figure *f, const nnrt_charted *items, size_t count,
                        const json_t *declared)
{
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Paths"),
               *fall = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Value by step");
    if (!panel || !fall)
        return false;
    const nnrt_field *field = nnrt_chart_field(f, declared ? declared : widest_field(items, count));
    panel->height = 460;
    panel->field = field && field->rows > 1 ? field : NULL;
    if (field && field->rows == 1) {
        nnrt_panel_series(f, panel, "", NNRT_INK_AXIS, NNRT_CURVE, field->columns,
                          nnrt_chart_across(f, field), field->value);
    }
    fall->x_label = "step";
    fall->y_label = "value";
    fall->x_whole = true;
    fall->y_log = true;
    for (size_t i = 0; i < count; i++) {
        const char *names[2];
        const double *at[2], *height, *step;
        size_t found,
            points = nnrt_chart_path(f, items[i].value, items[i].notes, names, at, &height),
            steps = json_array_size(json_object_get(items[i].value, "path"));
        if (!points)
            continue;
        if (field && field->rows == 1)
            at[1] = nnrt_chart_along(f, field, at[0], points);
        panel->x_label = names[0];
        panel->y_label = names[1];
        nnrt_panel_series(f, panel, items[i].name, nnrt_series_ink(i), NNRT_PATH, points, at[0],
                          at[1]);
        step = nnrt_chart_column(f, json_object_get(items[i].value, "path"), "step", &found);
        for (size_t k = 0; k < steps; k++)
            fall->y_log &= !isfinite(height[k]) || height[k] > 0;
        nnrt_panel_series(f, fall, items[i].name, nnrt_series_ink(i), NNRT_CURVE, steps, step,
                          height);
    }
    return panel->series_count > 0;
}

/* ---- functions and schedules ---- */

static bool chart_curves(nnrt_figure *f, const nnrt_charted *items, size_t count, const char *list,
                         const char *across, const char *up, const char *title, const char *x_label,
                         const char *y_label)
{
    nnrt_panel *panel = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t found;
        const json_t *records = json_object_get(items[i].value, list);
        const double *x = nnrt_chart_column(f, records, across, &found),
                     *y = nnrt_chart_column(f, records, up, &found);
        if (!found)
            continue;
        if (!panel)
            panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, title);
        if (!panel)
            return false;
        panel->x_label = x_label;
        panel->y_label = y_label;
        nnrt_panel_series(f, panel, count > 1 ? items[i].name : "", nnrt_series_ink(i),
                          i / NNRT_SERIES_INKS % 2 ? NNRT_CURVE_DASHED : NNRT_CURVE,
                          json_array_size(records), x, y);
    }
    return panel != NULL;
}

bool nnrt_chart_graphs(nnrt_figure *f, const nnrt_charted *items, size_t count)
{
    const char *variable = json_string_value(json_object_get(items[0].value, "variable"));
    for (size_t i = 1; variable && i < count; i++)
        if (strcmp(variable, json_string_value(json_object_get(items[i].value, "variable"))) != 0)
            variable = "x";
    variable = nnrt_figure_text(f, "%s", variable ? variable : "x");
    bool drawn =
        chart_curves(f, items, count, "graph", "x", "value", "Value", variable,
                     count > 1 ? "value" : nnrt_figure_text(f, "%s(%s)", items[0].name, variable));
    return chart_curves(f, items, count, "graph", "x", "slope", "Derivative", variable,
                        "derivative") ||
           drawn;
}

bool nnrt_chart_rates(nnrt_figure *f, const nnrt_charted *items, size_t count)
{
    bool drawn =
        chart_curves(f, items, count, "rates", "epochs", "lr", "Learning rate", "epoch", "rate");
    if (drawn)
        f->panel[f->panels - 1]->y_from_zero = f->panel[f->panels - 1]->bare = true;
    return drawn;
}

/* ---- metrics side by side ---- */

static size_t metrics_of(const nnrt_charted *items, size_t count, const char **metric)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const char *key;
        json_t *item;
        json_object_foreach ((json_t *)items[i].value, key, item) {
            bool known = !json_is_number(item) || found == METRICS;
            for (size_t k = 0; k < found; k++)
                known |= !strcmp(metric[k], key);
            if (!known)
                metric[found++] = key;
        }
    }
    return found;
}

static void chart_metrics(nnrt_figure *f, const nnrt_charted *items, size_t count)
{
    const char *metric[METRICS], **names = nnrt_figure_alloc(f, (count + 1) * sizeof *names);
    size_t metrics = metrics_of(items, count, metric);
    double *place = nnrt_figure_alloc(f, count * sizeof *place);
    if (!names || !place)
        return;
    for (size_t i = 0; i < count; i++)
        names[i] = items[i].name, place[i] = (double)i;
    for (size_t m = 0; m < metrics; m++) {
        double *values = nnrt_figure_alloc(f, count * sizeof *values);
        nnrt_panel *panel =
            values ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, nnrt_chart_metric_title(f, metric[m]))
                   : NULL;
        if (!panel)
            return;
        for (size_t i = 0; i < count; i++) {
            const json_t *one = json_object_get(items[i].value, metric[m]);
            values[i] = json_is_number(one) ? json_number_value(one) : NAN;
        }
        panel->x_names = names;
        panel->x_name_count = count;
        panel->y_label = nnrt_figure_text(f, "%s", metric[m]);
        panel->y_from_zero = true;
        panel->height = 260;
        nnrt_panel_series(f, panel, "", nnrt_series_ink(m), NNRT_BARS, count, place, values);
    }
}

/* ---- layers of several networks, or of one at several times ---- */

static bool chart_layers(nnrt_figure *f, const nnrt_charted *items, size_t count)
{
    static const struct {
        const char *key, *title, *label;
    } rows[] = { { "std", "Deviation of the activations", "deviation" },
                 { "gradient", "Size of the gradients", "gradient" } };

    const json_t *longest = NULL;
    for (size_t i = 0; i < count; i++) {
        const json_t *layers = json_object_get(items[i].value, "layers");
        if (json_array_size(layers) > json_array_size(longest))
            longest = layers;
    }
    size_t places = json_array_size(longest), found;
    const char **names = nnrt_figure_alloc(f, (places + 1) * sizeof *names);
    double *place = nnrt_figure_alloc(f, places * sizeof *place);
    if (!names || !place)
        return false;
    for (size_t k = 0; k < places; k++) {
        const char *name = json_string_value(json_object_get(json_array_get(longest, k), "layer"));
        names[k] = name ? nnrt_figure_text(f, "%s", name) : "";
        place[k] = (double)k;
    }
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, rows[r].title);
        if (!panel)
            return false;
        panel->x_names = names;
        panel->x_name_count = places;
        panel->y_label = rows[r].label;
        for (size_t i = 0; i < count; i++) {
            const json_t *layers = json_object_get(items[i].value, "layers");
            const double *column = nnrt_chart_column(f, layers, rows[r].key, &found);
            if (!found)
                continue;
            panel->y_log |= nnrt_chart_is_wide(column, json_array_size(layers));
            nnrt_panel_series(f, panel, items[i].name, nnrt_series_ink(i), NNRT_CURVE,
                              json_array_size(layers), place, column);
        }
    }
    return f->panels > 0;
}

static void entitle(nnrt_figure *f, size_t first, const char *name)
{
    for (size_t k = first; k < f->panels; k++)
        f->panel[k]->title = nnrt_figure_text(f, "%s: %s", name, f->panel[k]->title);
}

bool nnrt_chart_several(nnrt_figure *f, const nnrt_charted *items, size_t count,
                        const json_t *field)
{
    static const char *const lists[] = { "history", "curve",     "trials", "folds",
                                         "layers",  "confusion", "path" };
    if (all_have(items, count, "path"))
        return chart_paths(f, items, count, field);
    if (all_have(items, count, "layers"))
        return chart_layers(f, items, count);
    if (all_have(items, count, "graph"))
        return nnrt_chart_graphs(f, items, count);
    if (all_have(items, count, "rates"))
        return nnrt_chart_rates(f, items, count);
    if (all_have(items, count, "history")) {
        json_t *trainings = json_object();
        for (size_t i = 0; i < count; i++)
            json_object_set(trainings, items[i].name, (json_t *)items[i].value);
        nnrt_chart_comparison(f, trainings);
        json_decref(trainings);
        return f->panels > 0;
    }
    bool plain = true;
    for (size_t i = 0; i < count; i++) {
        plain = plain && json_is_object(items[i].value);
        for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
            plain = plain && (!strcmp(lists[k], "confusion") ||
                              !json_is_array(json_object_get(items[i].value, lists[k])));
        }
    }
    if (plain)
        chart_metrics(f, items, count);
    for (size_t i = 0; i < count; i++) {
        size_t first = f->panels;
        if (plain)
            nnrt_chart_evaluation(f, items[i].notes);
        else if (!nnrt_chart_value(f, items[i].value, items[i].notes))
            return false;
        entitle(f, first, items[i].name);
    }
    return f->panels > 0;
}
