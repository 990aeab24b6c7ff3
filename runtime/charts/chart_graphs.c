/* chart_graphs.c: graphs of functions with their derivatives, and schedules of learning rates. */
#include "charts/kinds.h"
#include <string.h>

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
