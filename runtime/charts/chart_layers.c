/* chart_layers.c: what flows through a network's layers: of one network, of several, or of one at
 * several times. */
#include "charts/kinds.h"
#include <math.h>

enum { MOST_HISTOGRAMS = 8 };

/* What is known of a layer. */
static const struct {
    const char *key, *title, *label;
    bool log;     /* where the numbers are far apart */
    bool several; /* of several networks too */
} rows[] = {
    { "std", "Deviation of the activations", "deviation", true, true },
    { "mean", "Mean of the activations", "mean", false, false },
    { "gradient", "Size of the gradients", "gradient", true, true },
    { "dead", "Dead units", "units", false, false },
};

enum { ROWS = sizeof rows / sizeof *rows };

/* Layers as places along the axis, 0, 1, 2, ... */
typedef struct places {
    size_t count;
    const char **name;
    double *place;
} places;

static bool place_layers(nnrt_figure *f, const json_t *layers, places *p)
{
    p->count = json_array_size(layers);
    p->name = nnrt_figure_alloc(f, (p->count + 1) * sizeof *p->name);
    p->place = nnrt_figure_alloc(f, p->count * sizeof *p->place);
    if (!p->name || !p->place)
        return false;
    for (size_t i = 0; i < p->count; i++) {
        const char *name = json_string_value(json_object_get(json_array_get(layers, i), "layer"));
        p->name[i] = name ? nnrt_figure_text(f, "%s", name) : "";
        p->place[i] = (double)i;
    }
    return true;
}

/* A histogram as { "low", "high", "counts" }, where a layer has one. */
static void add_histogram(nnrt_figure *f, const json_t *layer, const char *key, const char *what,
                          nnrt_ink ink)
{
    const json_t *histogram = json_object_get(layer, key),
                 *counts = json_object_get(histogram, "counts");
    const char *name = json_string_value(json_object_get(layer, "layer"));
    size_t bins = json_array_size(counts), points = 2 * bins + 2;
    double low = nnrt_chart_number(histogram, "low", NAN),
           high = nnrt_chart_number(histogram, "high", NAN),
           *x = bins ? nnrt_figure_alloc(f, points * sizeof *x) : NULL,
           *y = bins ? nnrt_figure_alloc(f, points * sizeof *y) : NULL;
    if (!x || !y || !(low <= high))
        return;
    if (low == high) {
        low -= 0.5;
        high += 0.5;
    }

    nnrt_panel *panel = nnrt_figure_panel(
        f, NNRT_PANEL_CURVES, nnrt_figure_text(f, "%s: %ss", name ? name : "layer", what));
    if (!panel)
        return;
    for (size_t i = 0; i < points; i++) { /* steps */
        x[i] = low + (high - low) * (double)(i / 2) / (double)bins;
        y[i] = i && i + 1 < points ? json_number_value(json_array_get(counts, (i - 1) / 2)) : 0;
    }
    panel->x_label = what;
    panel->y_label = "count";
    panel->y_from_zero = panel->bare = true;
    panel->height = 220;
    nnrt_panel_series(f, panel, "", ink, NNRT_CURVE, points, x, y);
}

void nnrt_chart_layers(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    (void)notes;
    const json_t *layers = json_object_get(value, "layers");
    places p;
    size_t found;
    if (!place_layers(f, layers, &p))
        return;

    for (size_t r = 0; r < ROWS; r++) {
        const double *column = nnrt_chart_column(f, layers, rows[r].key, &found);
        nnrt_panel *panel = found ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, rows[r].title) : NULL;
        if (!panel)
            continue;
        panel->x_names = p.name;
        panel->x_name_count = p.count;
        panel->y_label = rows[r].label;
        panel->y_log = rows[r].log && nnrt_chart_is_wide(column, p.count);
        panel->y_from_zero = true;
        nnrt_panel_series(f, panel, "", nnrt_series_ink(r), NNRT_BARS, p.count, p.place, column);
    }

    /* of many layers some, the first and the last among them */
    size_t shown = p.count < MOST_HISTOGRAMS ? p.count : MOST_HISTOGRAMS;
    for (size_t i = 0; i < shown; i++) {
        const json_t *layer =
            json_array_get(layers, shown > 1 ? i * (p.count - 1) / (shown - 1) : 0);
        add_histogram(f, layer, "histogram", "activation", nnrt_series_ink(0));
        add_histogram(f, layer, "gradient_histogram", "gradient", nnrt_series_ink(2));
    }
}

/* ---- several ---- */

static bool add_row(nnrt_figure *f, size_t row, const places *p, const nnrt_charted *items,
                    size_t count)
{
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, rows[row].title);
    if (!panel)
        return false;
    panel->x_names = p->name;
    panel->x_name_count = p->count;
    panel->y_label = rows[row].label;
    for (size_t i = 0; i < count; i++) {
        const json_t *layers = json_object_get(items[i].value, "layers");
        size_t found;
        const double *column = nnrt_chart_column(f, layers, rows[row].key, &found);
        if (!found)
            continue;
        panel->y_log |= nnrt_chart_is_wide(column, json_array_size(layers));
        nnrt_panel_series(f, panel, items[i].name, nnrt_series_ink(i), NNRT_CURVE,
                          json_array_size(layers), p->place, column);
    }
    return true;
}

bool nnrt_chart_several_layers(nnrt_figure *f, const nnrt_charted *items, size_t count)
{
    const json_t *longest = NULL;
    for (size_t i = 0; i < count; i++) {
        const json_t *layers = json_object_get(items[i].value, "layers");
        if (json_array_size(layers) > json_array_size(longest))
            longest = layers;
    }
    places p;
    if (!place_layers(f, longest, &p))
        return false;
    for (size_t r = 0; r < ROWS; r++)
        if (rows[r].several && !add_row(f, r, &p, items, count))
            return false;
    return f->panels > 0;
}
