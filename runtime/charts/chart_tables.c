/* chart_tables.c: confusion matrices, tables of numbers, and metrics of several results as bars. */
#include "charts/kinds.h"
#include <math.h>

/* ---- matrices ---- */

static const char *class_name(nnrt_figure *f, const json_t *notes, size_t number)
{
    const char *name = json_string_value(json_array_get(json_object_get(notes, "classes"), number));
    return name ? name : nnrt_figure_text(f, "%zu", number);
}

void nnrt_chart_matrix(nnrt_figure *f, const json_t *matrix, const json_t *notes, const char *title)
{
    size_t rows = json_array_size(matrix), columns = json_array_size(json_array_get(matrix, 0));
    nnrt_panel *panel = rows && columns ? nnrt_figure_panel(f, NNRT_PANEL_MATRIX, title) : NULL;
    double *value = nnrt_figure_alloc(f, rows * columns * sizeof *value);
    const char **row_name = nnrt_figure_alloc(f, (rows + 1) * sizeof *row_name),
               **column_name = nnrt_figure_alloc(f, (columns + 1) * sizeof *column_name);
    if (!panel || !value || !row_name || !column_name)
        return;

    for (size_t r = 0; r < rows; r++) {
        row_name[r] = class_name(f, notes, r);
        for (size_t c = 0; c < columns; c++) {
            value[r * columns + c] =
                json_number_value(json_array_get(json_array_get(matrix, r), c));
        }
    }
    for (size_t c = 0; c < columns; c++)
        column_name[c] = class_name(f, notes, c);

    panel->rows = rows;
    panel->columns = columns;
    panel->value = value;
    panel->row_name = row_name;
    panel->column_name = column_name;
    panel->x_label = "predicted class";
    panel->y_label = "true class";
    panel->width = 480;
    panel->height = fmax(200, fmin(480, 90 + (double)rows * 400 / (double)columns));
}

/* ---- tables ---- */

static bool is_share(const char *name)
{
    static const char *const shares[] = { "accuracy", "top_k", "precision", "recall",
                                          "f1",       "auc",   "r2",        "sparsity" };
    return nnrt_chart_is_among(name, shares, sizeof shares / sizeof *shares);
}

/* The plain numbers among a record's fields. */
static void add_numbers(nnrt_figure *f, const json_t *value, const char *title)
{
    size_t count = 0, most = json_object_size(value);
    bool *share = nnrt_figure_alloc(f, most * sizeof *share);
    double *numbers = nnrt_figure_alloc(f, most * sizeof *numbers);
    const char **names = nnrt_figure_alloc(f, (most + 1) * sizeof *names), *key;
    json_t *item;
    if (!numbers || !names || !share)
        return;
    json_object_foreach ((json_t *)value, key, item) {
        if (!json_is_number(item))
            continue;
        share[count] = is_share(key);
        names[count] = nnrt_figure_text(f, "%s", key);
        numbers[count++] = json_number_value(item);
    }

    nnrt_panel *panel = count ? nnrt_figure_panel(f, NNRT_PANEL_TABLE, title) : NULL;
    if (!panel)
        return;
    panel->rows = count;
    panel->columns = 1;
    panel->value = numbers;
    panel->is_share = share;
    panel->row_name = names;
    panel->width = 480;
    panel->height = 52 + 26 * (double)count;
}

void nnrt_chart_confusion(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    nnrt_chart_matrix(f, json_object_get(value, "confusion"), notes, "Confusion");
    nnrt_chart_evaluation(f, notes);
    add_numbers(f, value, "Metrics");
}

void nnrt_chart_numbers(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    nnrt_chart_evaluation(f, notes);
    add_numbers(f, value, "Values");
}

/* ---- metrics side by side ---- */

enum { MOST_METRICS = 24 };

static size_t metrics_of(const nnrt_charted *items, size_t count, const char **metric)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const char *key;
        json_t *item;
        json_object_foreach ((json_t *)items[i].value, key, item) {
            bool known = nnrt_chart_is_among(key, metric, found);
            if (json_is_number(item) && found < MOST_METRICS && !known)
                metric[found++] = key;
        }
    }
    return found;
}

void nnrt_chart_bars(nnrt_figure *f, const nnrt_charted *items, size_t count)
{
    const char *metric[MOST_METRICS], **names = nnrt_figure_alloc(f, (count + 1) * sizeof *names);
    size_t metrics = metrics_of(items, count, metric);
    double *place = nnrt_figure_alloc(f, count * sizeof *place);
    if (!names || !place)
        return;
    for (size_t i = 0; i < count; i++) {
        names[i] = items[i].name;
        place[i] = (double)i;
    }

    for (size_t m = 0; m < metrics; m++) {
        double *values = nnrt_figure_alloc(f, count * sizeof *values);
        if (!values)
            return;
        nnrt_panel *panel =
            nnrt_figure_panel(f, NNRT_PANEL_CURVES, nnrt_chart_metric_title(f, metric[m]));
        if (!panel)
            return;
        for (size_t i = 0; i < count; i++)
            values[i] = nnrt_chart_number(items[i].value, metric[m], NAN);
        panel->x_names = names;
        panel->x_name_count = count;
        panel->y_label = nnrt_figure_text(f, "%s", metric[m]);
        panel->y_from_zero = true;
        panel->height = 260;
        nnrt_panel_series(f, panel, "", nnrt_series_ink(m), NNRT_BARS, count, place, values);
    }
}
