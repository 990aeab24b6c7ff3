/* charts.c: which pictures a result has: a table of kinds, each knowing its result by a field, and
 * making panels of it. */
#include "charts/charts.h"
#include <math.h>
#include <string.h>

enum { METRICS = 12 };

/* ---- records ---- */

static const json_t *dotted(const json_t *record, const char *name)
{
    for (const char *dot; record && (dot = strchr(name, '.')); name = dot + 1)
        record = json_object_getn(record, name, (size_t)(dot - name));
    return record ? json_object_get(record, name) : NULL;
}

const double *nnrt_chart_column(nnrt_figure *f, const json_t *records, const char *name,
                                size_t *found)
{
    size_t count = json_array_size(records);
    double *column = nnrt_figure_alloc(f, count * sizeof *column);
    *found = 0;
    for (size_t i = 0; column && i < count; i++) {
        const json_t *value = dotted(json_array_get(records, i), name);
        column[i] = json_is_number(value) ? json_number_value(value) : NAN;
        *found += json_is_number(value);
    }
    return column;
}

size_t nnrt_chart_metrics(nnrt_figure *f, const json_t *records, const char **names, size_t most)
{
    static const char *const parts[] = { "train", "validation" };
    size_t count = 0;
    names[count++] = "loss";
    for (size_t r = 0; r < json_array_size(records) && r < 2; r++) {
        for (size_t p = 0; p < 2; p++) {
            const char *key;
            json_t *value;
            json_object_foreach (json_object_get(json_array_get(records, r), parts[p]), key,
                                 value) {
                bool known = !json_is_number(value) || count == most;
                for (size_t i = 0; i < count; i++)
                    known |= !strcmp(names[i], key);
                if (!known)
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

static double number(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

/* ---- trainings ---- */

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
    nnrt_panel *panel = trained + validated ? nnrt_figure_panel(f, NNRT_PANEL_CURVES,
                                                                nnrt_chart_metric_title(f, metric))
                                            : NULL;
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
    double best = number(value, "best_epoch", NAN);
    bool stopped = json_is_true(json_object_get(value, "stopped"));
    if (isfinite(best) && (stopped || best < number(value, "epochs", best))) {
        panel->rule = best;
        panel->rule_text = nnrt_figure_text(
            f, stopped ? "best: epoch %.0f, then stopped early" : "best: epoch %.0f", best);
    }
}

static void add_matrix(nnrt_figure *f, const json_t *matrix, const json_t *notes,
                       const char *title);

static void chart_training(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    const json_t *history = json_object_get(value, "history");
    const char *metrics[METRICS];
    size_t count = json_array_size(history), found,
           metric_count = nnrt_chart_metrics(f, history, metrics, METRICS);
    const double *x = nnrt_chart_column(f, history, "epoch", &found);
    for (size_t i = 0; i < metric_count; i++)
        add_metric(f, value, history, metrics[i], x, count);
    add_rate(f, history, x, count);
    const json_t *confusion = dotted(value, "validation.confusion");
    if (json_is_array(confusion))
        add_matrix(f, confusion, notes, "Confusion (validation)");
}

/* ---- matrices and tables ---- */

static const char *class_name(nnrt_figure *f, const json_t *notes, size_t number)
{
    const char *name = json_string_value(json_array_get(json_object_get(notes, "classes"), number));
    return name ? name : nnrt_figure_text(f, "%zu", number);
}

static void add_matrix(nnrt_figure *f, const json_t *matrix, const json_t *notes, const char *title)
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

static bool is_share(const char *name)
{
    static const char *const shares[] = { "accuracy", "top_k", "precision", "recall",
                                          "f1",       "auc",   "r2",        "sparsity" };
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (!strcmp(shares[i], name))
            return true;
    return false;
}

/* The plain numbers among a record's fields. */
static bool add_numbers(nnrt_figure *f, const json_t *value, const char *title)
{
    bool *share = nnrt_figure_alloc(f, json_object_size(value) * sizeof *share);
    size_t count = 0, most = json_object_size(value);
    double *numbers = nnrt_figure_alloc(f, most * sizeof *numbers);
    const char **names = nnrt_figure_alloc(f, (most + 1) * sizeof *names), *key;
    json_t *item;
    if (!numbers || !names || !share)
        return false;
    json_object_foreach ((json_t *)value, key, item) {
        if (json_is_number(item)) {
            share[count] = is_share(key), names[count] = nnrt_figure_text(f, "%s", key),
            numbers[count++] = json_number_value(item);
        }
    }
    nnrt_panel *panel = count ? nnrt_figure_panel(f, NNRT_PANEL_TABLE, title) : NULL;
    if (!panel)
        return false;
    panel->rows = count;
    panel->columns = 1;
    panel->value = numbers;
    panel->is_share = share;
    panel->row_name = names;
    panel->width = 480;
    panel->height = 52 + 26 * (double)count;
    return true;
}

static void chart_confusion(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    add_matrix(f, json_object_get(value, "confusion"), notes, "Confusion");
    nnrt_chart_evaluation(f, notes);
    add_numbers(f, value, "Metrics");
}

static void chart_numbers(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    nnrt_chart_evaluation(f, notes);
    add_numbers(f, value, "Values");
}

/* ---- paths ---- */

const nnrt_field *nnrt_chart_field(nnrt_figure *f, const json_t *declared)
{
    const json_t *values = json_object_get(declared, "values");
    nnrt_field *field = declared ? nnrt_figure_alloc(f, sizeof *field) : NULL;
    if (!field)
        return NULL;
    *field = (nnrt_field){ number(declared, "x0", 0),
                           number(declared, "x1", 1),
                           number(declared, "y0", 0),
                           number(declared, "y1", 1),
                           (size_t)number(declared, "columns", 0),
                           (size_t)number(declared, "rows", 0),
                           NULL };
    double *value = field->columns * field->rows == json_array_size(values)
                        ? nnrt_figure_alloc(f, json_array_size(values) * sizeof *value)
                        : NULL;
    for (size_t i = 0; value && i < json_array_size(values); i++) {
        const json_t *one = json_array_get(values, i);
        value[i] = json_is_number(one) ? json_number_value(one) : NAN;
    }
    field->value = value;
    return value ? field : NULL;
}

const double *nnrt_chart_across(nnrt_figure *f, const nnrt_field *field)
{
    double *x = nnrt_figure_alloc(f, field->columns * sizeof *x);
    for (size_t i = 0; x && i < field->columns; i++)
        x[i] = field->x0 + (field->x1 - field->x0) * (double)i / (double)(field->columns - 1);
    return x;
}

/* The curve's height at each x: what a function draws at random is its mean there. */
const double *nnrt_chart_along(nnrt_figure *f, const nnrt_field *field, const double *x,
                               size_t count)
{
    double *y = nnrt_figure_alloc(f, count * sizeof *y), last = (double)(field->columns - 1);
    for (size_t i = 0; y && i < count; i++) {
        double at = fmin(fmax((x[i] - field->x0) / (field->x1 - field->x0) * last, 0), last);
        size_t left = (size_t)fmin(floor(at), last - 1);
        y[i] = field->value[left] +
               (at - (double)left) * (field->value[left + 1] - field->value[left]);
    }
    return y;
}

size_t nnrt_chart_path(nnrt_figure *f, const json_t *value, const json_t *notes, const char **name,
                       const double **at, const double **height)
{
    const json_t *path = json_object_get(value, "path"), *first = json_array_get(path, 0),
                 *start = json_object_get(notes, "start");
    size_t count = json_array_size(path), found, variables = 0;
    const char *key;
    json_t *item;
    name[0] = name[1] = "";
    json_object_foreach ((json_t *)first, key, item) {
        if (!json_is_number(item) || !strcmp(key, "step") || !strcmp(key, "lr") ||
            !strcmp(key, "value")) {
            continue;
        }
        if (variables < 2)
            name[variables] = nnrt_figure_text(f, "%s", key);
        variables++;
    }
    at[0] = nnrt_chart_column(f, path, name[0], &found);
    *height = nnrt_chart_column(f, path, "value", &found);
    at[1] = variables == 1 ? *height : nnrt_chart_column(f, path, name[1], &found);
    if (variables == 1)
        name[1] = "value";
    if (!variables || variables > 2 || !at[0] || !at[1] || !*height)
        return 0;
    if (variables == 1 || json_array_size(start) != 2)
        return count;
    /* it begins where nothing has been done yet */
    for (size_t i = 0; i < 2; i++) {
        double *from = nnrt_figure_alloc(f, (count + 1) * sizeof *from);
        if (!from)
            return 0;
        memcpy(from + 1, at[i], count * sizeof *from);
        from[0] = json_number_value(json_array_get(start, i));
        at[i] = from;
    }
    return count + 1;
}

static void chart_path(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    const char *name[2];
    const double *at[2], *height;
    size_t points = nnrt_chart_path(f, value, notes, name, at, &height),
           steps = json_array_size(json_object_get(value, "path")), found;
    nnrt_panel *panel = points ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Path") : NULL;
    if (panel) {
        const nnrt_field *field = nnrt_chart_field(f, json_object_get(notes, "field"));
        panel->x_label = name[0];
        panel->y_label = name[1];
        panel->height = strcmp(name[1], "value") != 0 ? 460 : panel->height;
        if (field && field->rows > 1) {
            panel->field = field;
        } else if (field) {
            nnrt_panel_series(f, panel, "", NNRT_INK_AXIS, NNRT_CURVE, field->columns,
                              nnrt_chart_across(f, field), field->value);
        }
        if (field && field->rows == 1)
            at[1] = nnrt_chart_along(f, field, at[0], points);
        nnrt_panel_series(f, panel, "", nnrt_series_ink(1), NNRT_PATH, points, at[0], at[1]);
    }
    panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Value by step");
    if (!panel)
        return;
    panel->x_label = "step";
    panel->y_label = "value";
    panel->x_whole = true;
    panel->y_log = nnrt_chart_is_wide(height, steps);
    nnrt_panel_series(f, panel, "", nnrt_series_ink(0), NNRT_CURVE, steps,
                      nnrt_chart_column(f, json_object_get(value, "path"), "step", &found), height);
}

/* ---- rate tests ---- */

static void chart_curve(nnrt_figure *f, const json_t *value, const json_t *notes)
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
    double best = number(value, "best", NAN);
    if (!(best > 0))
        return;
    char text[40];
    nnrt_number_text(text, sizeof text, best);
    panel->rule = best;
    panel->rule_text = nnrt_figure_text(f, "best: %s", text);
}

/* ---- trials and folds ---- */

static void chart_trials(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    (void)notes;
    const json_t *trials = json_object_get(value, "trials");
    size_t count = json_array_size(trials), found, chosen = 0;
    const double *objective = nnrt_chart_column(f, trials, "value", &found),
                 *trial = nnrt_chart_column(f, trials, "trial", &found);
    if (found < count)
        trial = NULL;
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Objective by trial");
    if (!panel || !objective)
        return;
    panel->x_label = "trial";
    panel->y_label = "objective";
    panel->x_whole = true;
    nnrt_panel_series(f, panel, "trial", nnrt_series_ink(0), NNRT_DOTS, count, trial, objective);
    double target =
               dotted(value, "best.value") ? json_number_value(dotted(value, "best.value")) : NAN,
           low = INFINITY, high = -INFINITY, *best = nnrt_figure_alloc(f, count * sizeof *best);
    for (size_t i = 0; i < count; i++)
        low = fmin(low, objective[i]), high = fmax(high, objective[i]);
    bool rises = isfinite(target) && fabs(target - high) <= fabs(target - low);
    for (size_t i = 0; best && i < count; i++) {
        best[i] = !i || !isfinite(best[i - 1]) ? objective[i]
                  : rises                      ? fmax(best[i - 1], objective[i])
                                               : fmin(best[i - 1], objective[i]);
    }
    if (isfinite(target)) {
        nnrt_panel_series(f, panel, "best so far", nnrt_series_ink(1), NNRT_CURVE, count, trial,
                          best);
    }
    const char *key;
    json_t *item;
    json_object_foreach (json_object_get(json_array_get(trials, 0), "params"), key, item) {
        const double *param =
            nnrt_chart_column(f, trials, nnrt_figure_text(f, "params.%s", key), &found);
        if (!found || chosen++ == 6)
            continue;
        nnrt_panel *one =
            nnrt_figure_panel(f, NNRT_PANEL_CURVES, nnrt_figure_text(f, "Objective by %s", key));
        if (!one)
            return;
        one->x_label = nnrt_figure_text(f, "%s", key);
        one->y_label = "objective";
        one->x_log = nnrt_chart_is_wide(param, count);
        nnrt_panel_series(f, one, "", nnrt_series_ink(0), NNRT_DOTS, count, param, objective);
        const json_t *at = dotted(value, nnrt_figure_text(f, "best.%s", key));
        if (!json_is_number(at))
            continue;
        one->rule = json_number_value(at);
        one->rule_text = "best";
    }
}

static void chart_folds(nnrt_figure *f, const json_t *value, const json_t *notes)
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
    for (size_t i = 0; i < count; i++)
        names[i] = nnrt_figure_text(f, "fold %zu", i + 1), place[i] = (double)i;
    for (size_t i = 0; i < metric_count; i++) {
        const double *validation =
            nnrt_chart_column(f, folds, nnrt_figure_text(f, "validation.%s", metrics[i]), &found);
        nnrt_panel *panel =
            found ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, nnrt_chart_metric_title(f, metrics[i]))
                  : NULL;
        if (!panel)
            continue;
        const double *train =
            nnrt_chart_column(f, folds, nnrt_figure_text(f, "train.%s", metrics[i]), &found);
        panel->x_names = names;
        panel->x_name_count = count;
        panel->y_label = metrics[i];
        panel->y_from_zero = true;
        if (found) {
            nnrt_panel_series(f, panel, "training", nnrt_series_ink(0), NNRT_BARS, count, place,
                              train);
        }
        nnrt_panel_series(f, panel, "validation", nnrt_series_ink(1), NNRT_BARS, count, place,
                          validation);
    }
}

/* ---- layers ---- */

/* A histogram as { "low", "high", "counts" }, where a layer has one. */
static void add_histogram(nnrt_figure *f, const json_t *layer, const char *key, const char *what,
                          nnrt_ink ink)
{
    const json_t *histogram = json_object_get(layer, key),
                 *counts = json_object_get(histogram, "counts");
    const char *name = json_string_value(json_object_get(layer, "layer"));
    size_t bins = json_array_size(counts), points = 2 * bins + 2;
    double low = number(histogram, "low", NAN), high = number(histogram, "high", NAN),
           *x = bins ? nnrt_figure_alloc(f, points * sizeof *x) : NULL,
           *y = bins ? nnrt_figure_alloc(f, points * sizeof *y) : NULL;
    if (!x || !y || !(low <= high))
        return;
    if (low == high)
        low -= 0.5, high += 0.5;
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

static void chart_layers(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    (void)notes;

    static const struct {
        const char *key, *title, *label;
        bool log;
    } rows[] = {
        { "std", "Deviation of the activations", "deviation", true },
        { "mean", "Mean of the activations", "mean", false },
        { "gradient", "Size of the gradients", "gradient", true },
        { "dead", "Dead units", "units", false },
    };

    enum { MOST_HISTOGRAMS = 8 };

    const json_t *layers = json_object_get(value, "layers");
    size_t count = json_array_size(layers), found;
    const char **names = nnrt_figure_alloc(f, (count + 1) * sizeof *names);
    double *place = nnrt_figure_alloc(f, count * sizeof *place);
    if (!names || !place)
        return;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_object_get(json_array_get(layers, i), "layer"));
        names[i] = name ? nnrt_figure_text(f, "%s", name) : "";
        place[i] = (double)i;
    }
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const double *column = nnrt_chart_column(f, layers, rows[r].key, &found);
        nnrt_panel *panel = found ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, rows[r].title) : NULL;
        if (!panel)
            continue;
        panel->x_names = names;
        panel->x_name_count = count;
        panel->y_label = rows[r].label;
        panel->y_log = rows[r].log && nnrt_chart_is_wide(column, count);
        panel->y_from_zero = true;
        nnrt_panel_series(f, panel, "", nnrt_series_ink(r), NNRT_BARS, count, place, column);
    }
    /* of many layers some, the first and the last among them */
    for (size_t i = 0, shown = count < MOST_HISTOGRAMS ? count : MOST_HISTOGRAMS; i < shown; i++) {
        const json_t *layer = json_array_get(layers, shown > 1 ? i * (count - 1) / (shown - 1) : 0);
        add_histogram(f, layer, "histogram", "activation", nnrt_series_ink(0));
        add_histogram(f, layer, "gradient_histogram", "gradient", nnrt_series_ink(2));
    }
}

/* ---- several trainings side by side ---- */

static bool is_comparison(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t trainings = 0;
    json_object_foreach ((json_t *)value, key, item) {
        trainings += json_is_array(json_object_get(item, "history"));
    }
    return trainings > 0;
}

void nnrt_chart_comparison(nnrt_figure *f, const json_t *value)
{
    static const char *const parts[] = { "validation", "train" };
    const char *metrics[METRICS], *key;
    size_t metric_count = 0;
    json_t *item;
    json_object_foreach ((json_t *)value, key, item) {
        if (!metric_count && json_is_array(json_object_get(item, "history"))) {
            metric_count =
                nnrt_chart_metrics(f, json_object_get(item, "history"), metrics, METRICS);
        }
    }
    for (size_t m = 0; m < metric_count; m++) {
        for (size_t p = 0; p < 2; p++) {
            nnrt_panel *panel = NULL;
            size_t number_of = 0;
            json_object_foreach ((json_t *)value, key, item) {
                const json_t *history = json_object_get(item, "history");
                size_t found, count = json_array_size(history);
                const double *x = nnrt_chart_column(f, history, "epoch", &found),
                             *y = nnrt_chart_column(
                                 f, history, nnrt_figure_text(f, "%s.%s", parts[p], metrics[m]),
                                 &found);
                nnrt_ink ink = nnrt_series_ink(number_of++);
                if (!found)
                    continue;
                if (!panel) {
                    panel = nnrt_figure_panel(
                        f, NNRT_PANEL_CURVES,
                        nnrt_figure_text(f, "%s (%s)", nnrt_chart_metric_title(f, metrics[m]),
                                         p ? "training" : "validation"));
                }
                if (!panel)
                    return;
                panel->x_label = "epoch";
                panel->y_label = metrics[m];
                panel->x_whole = true;
                if (!strcmp(metrics[m], "loss"))
                    panel->y_log |= nnrt_chart_is_wide(y, count);
                nnrt_panel_series(f, panel, nnrt_figure_text(f, "%s", key), ink, NNRT_CURVE, count,
                                  x, y);
            }
        }
    }
}

/* ---- functions and schedules ---- */

static void chart_graph(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    nnrt_chart_graphs(f, &(nnrt_charted){ f->title, value, notes }, 1);
}

static void chart_rates(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    nnrt_chart_rates(f, &(nnrt_charted){ f->title, value, notes }, 1);
}

/* Of two variables: contour lines alone. */
static void chart_landscape(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    (void)notes;
    const nnrt_field *field = nnrt_chart_field(f, json_object_get(value, "field"));
    nnrt_panel *panel = field ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Contour lines") : NULL;
    if (!panel)
        return;
    panel->field = field;
    panel->height = 460;
    panel->x_label = nnrt_figure_text(
        f, "%s", json_string_value(json_array_get(json_object_get(value, "variables"), 0)));
    panel->y_label = nnrt_figure_text(
        f, "%s", json_string_value(json_array_get(json_object_get(value, "variables"), 1)));
}

/* ---- the table ---- */

/* A kind is known by a field of the result that is a list; a list of such records alone by a field
 * of its first record. */
static const struct {
    const char *field, *record;
    void (*chart)(nnrt_figure *, const json_t *, const json_t *);
} kinds[] = {
    { "history", "epoch", chart_training }, { "confusion", NULL, chart_confusion },
    { "curve", "loss", chart_curve },       { "path", "value", chart_path },
    { "trials", "params", chart_trials },   { "folds", "fold", chart_folds },
    { "layers", "layer", chart_layers },    { "graph", NULL, chart_graph },
    { "rates", NULL, chart_rates },         { "variables", NULL, chart_landscape },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static bool chart_records(nnrt_figure *f, const json_t *list, const json_t *notes)
{
    const json_t *first = json_array_get(list, 0);
    /* the tellings first: an epoch has a loss too */
    static const size_t order[] = { 0, 4, 5, 6, 2, 3 };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (!json_object_get(first, kinds[order[i]].record))
            continue;
        json_t *wrapped = json_object();
        json_object_set(wrapped, kinds[order[i]].field, (json_t *)list);
        kinds[order[i]].chart(f, wrapped, notes);
        json_decref(wrapped);
        return f->panels > 0;
    }
    if (json_is_array(first))
        add_matrix(f, list, notes, "Confusion");
    return f->panels > 0;
}

bool nnrt_chart_value(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    if (json_is_array(value))
        return chart_records(f, value, notes);
    for (size_t i = 0; i < KINDS; i++) {
        const json_t *list = json_object_get(value, kinds[i].field);
        if (!json_is_array(list) || !json_array_size(list))
            continue;
        kinds[i].chart(f, value, notes);
        return f->panels > 0;
    }
    if (json_is_object(value) && is_comparison(value))
        nnrt_chart_comparison(f, value);
    else if (json_is_object(value))
        chart_numbers(f, value, notes);
    return f->panels > 0;
}
