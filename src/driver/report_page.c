/* report_page.c: a report's charts, and the page with its tables. */
#include "driver/report.h"
#include <math.h>
#include <string.h>

/* ---- curves ---- */

static size_t all_metrics(Report *r, const char **names, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < r->trainings.len; i++) {
        const char *own[16];
        size_t n = nnrt_chart_metrics(r->figure, r->trainings.data[i].epochs, own, 16);
        for (size_t k = 0; k < n && count < most; k++) {
            bool known = false;
            for (size_t m = 0; m < count; m++)
                known |= strcmp(names[m], own[k]) == 0;
            if (!known)
                names[count++] = own[k];
        }
    }
    return count;
}

static void chart_metric(Report *r, const char *metric, const char *part, const char *title)
{
    nnrt_figure *f = r->figure;
    nnrt_panel *panel = NULL;
    for (size_t i = 0; i < r->trainings.len; i++) {
        const json_t *epochs = r->trainings.data[i].epochs;
        size_t found, count = json_array_size(epochs);
        const double *x = nnrt_chart_column(f, epochs, "epoch", &found);
        const double *y = nnrt_chart_column(
            f, epochs, nnrt_figure_text(f, *part ? "%s.%s" : "%s%s", part, metric), &found);
        if (!found || !x || !y)
            continue;
        if (!panel)
            panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, title);
        if (!panel)
            return;
        panel->x_label = "epoch";
        panel->y_label = metric;
        panel->x_whole = true;
        if (strcmp(metric, "loss") == 0)
            panel->y_log |= nnrt_chart_is_wide(y, count);
        nnrt_panel_series(f, panel, r->trainings.len > 1 ? r->trainings.data[i].label : "",
                          nnrt_series_ink(i),
                          i / NNRT_SERIES_INKS % 2 ? NNRT_CURVE_DASHED : NNRT_CURVE, count, x, y);
    }
}

static void chart_one(Report *r)
{
    json_t *value = r->trainings.data[0].end ? json_copy(r->trainings.data[0].end) : json_object();
    json_object_set(value, "history", r->trainings.data[0].epochs);
    nnrt_chart_value(r->figure, value, NULL);
    json_decref(value);
}

void report_draw_charts(Report *r)
{
    const char *metrics[16];
    size_t count = all_metrics(r, metrics, 16);
    if (r->trainings.len == 1 && json_array_size(r->trainings.data[0].epochs))
        chart_one(r);
    for (size_t i = 0; r->trainings.len > 1 && i < count; i++) {
        const char *title = nnrt_chart_metric_title(r->figure, metrics[i]);
        chart_metric(r, metrics[i], "validation",
                     nnrt_figure_text(r->figure, "%s (validation)", title));
        chart_metric(r, metrics[i], "train", nnrt_figure_text(r->figure, "%s (training)", title));
    }
    if (r->trainings.len > 1)
        chart_metric(r, "lr", "", "Learning rate");
    for (size_t i = 0; i < r->others.len; i++) {
        size_t first = r->figure->panels;
        nnrt_chart_value(r->figure, r->others.data[i], NULL);
        for (size_t k = first; k < r->figure->panels; k++) {
            r->figure->panel[k]->title = nnrt_figure_text(
                r->figure, "%s: %s", r->other_titles.data[i], r->figure->panel[k]->title);
        }
    }
}

/* ---- the table ---- */

/* better: 1 higher, -1 lower */
static const struct {
    const char *title, *path;
    bool end;
    int better;
} columns[] = {
    { "parameters", "parameters", false, 0 },
    { "epochs", "epochs", true, 0 },
    { "best epoch", "best_epoch", true, 0 },
    { "loss", "train.loss", true, -1 },
    { "accuracy", "train.accuracy", true, 1 },
    { "validation loss", "validation.loss", true, -1 },
    { "validation accuracy", "validation.accuracy", true, 1 },
    { "seconds", "seconds", true, 0 },
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static double number_at(const json_t *object, const char *path)
{
    for (const char *dot; object && (dot = strchr(path, '.')); path = dot + 1)
        object = json_object_getn(object, path, (size_t)(dot - path));
    const json_t *value = object ? json_object_get(object, path) : NULL;
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* What the end says, else the last epoch. */
static double cell(const Training *t, size_t column)
{
    if (!columns[column].end)
        return number_at(t->start, columns[column].path);
    size_t count = json_array_size(t->epochs);
    double value = number_at(t->end, columns[column].path);
    if (isnan(value) && count && strcmp(columns[column].path, "seconds") != 0) {
        value =
            number_at(json_array_get(t->epochs, count - 1),
                      strcmp(columns[column].path, "epochs") == 0 ? "epoch" : columns[column].path);
    }
    return value;
}

static void write_cell(FILE *out, double value, bool metric)
{
    if (isnan(value))
        fputs("–", out);
    else if (metric)
        fprintf(out, "%.4g", value);
    else
        fprintf(out, value == floor(value) ? "%.0f" : "%.3g", value);
    fputs("</td>", out);
}

/* Whether any training has this column, and the best value in it (NAN: none is better). */
static bool column_is_shown(const Report *r, size_t c, double *best)
{
    bool shown = false;
    *best = NAN;
    for (size_t i = 0; i < r->trainings.len; i++) {
        double value = cell(&r->trainings.data[i], c);
        if (isnan(value))
            continue;
        shown = true;
        if (columns[c].better && !(*best * columns[c].better >= value * columns[c].better))
            *best = value;
    }
    return shown;
}

static void write_table(FILE *out, const Report *r)
{
    bool shown[COLUMNS];
    double best[COLUMNS];
    fputs("<h2>Final metrics</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>training</th>",
          out);
    for (size_t c = 0; c < COLUMNS; c++) {
        shown[c] = column_is_shown(r, c, &best[c]);
        if (shown[c])
            fprintf(out, "<th>%s</th>", columns[c].title);
    }
    fputs("</tr></thead>\n<tbody>\n", out);

    for (size_t i = 0; i < r->trainings.len; i++) {
        fprintf(out, "<tr><td><span class=\"key k%d\"></span>", (int)(i % NNRT_SERIES_INKS));
        nnrt_xml_text(out, r->trainings.data[i].label);
        fputs("</td>", out);
        for (size_t c = 0; c < COLUMNS; c++) {
            double value = cell(&r->trainings.data[i], c);
            if (!shown[c])
                continue;
            fputs(r->trainings.len > 1 && value == best[c] ? "<td class=\"best\">" : "<td>", out);
            write_cell(out, value, columns[c].better != 0);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
}

static void write_facts(FILE *out, const Report *r)
{
    static const char *const facts[] = { "data",  "optimizer", "loss",    "samples",
                                         "batch", "seed",      "threads", "cpu" };
    fputs("<h2>Settings</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>training</th>", out);
    for (size_t k = 0; k < sizeof facts / sizeof *facts; k++)
        fprintf(out, "<th>%s</th>", facts[k]);
    fputs("</tr></thead>\n<tbody>\n", out);

    for (size_t i = 0; i < r->trainings.len; i++) {
        const Training *t = &r->trainings.data[i];
        fputs("<tr><td>", out);
        nnrt_xml_text(out, t->label);
        fputs("</td>", out);
        for (size_t k = 0; k < sizeof facts / sizeof *facts; k++) {
            const json_t *fact = json_object_get(t->start, facts[k]);
            fputs("<td>", out);
            if (json_is_string(fact))
                nnrt_xml_text(out, json_string_value(fact));
            else if (json_is_number(fact))
                fprintf(out, "%.10g", json_number_value(fact));
            else
                fputs("–", out);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
}

void report_write_page(FILE *out, Report *r)
{
    nnrt_page_begin(out, r->figure->title);
    fprintf(out, "<p class=\"muted\">%zu training%s from %zu log%s</p>\n", r->trainings.len,
            r->trainings.len == 1 ? "" : "s", r->log_count, r->log_count == 1 ? "" : "s");
    for (size_t i = 0; i < r->warnings.len; i++) {
        fputs("<p class=\"warning\">", out);
        nnrt_xml_text(out, r->warnings.data[i]);
        fputs("</p>\n", out);
    }
    if (r->trainings.len)
        write_table(out, r);
    fputs("<div class=\"panels\">\n", out);
    for (size_t i = 0; i < r->figure->panels; i++)
        nnrt_page_panel(out, r->figure->panel[i], r->figure);
    fputs("</div>\n", out);
    if (r->trainings.len)
        write_facts(out, r);
    nnrt_page_end(out);
}
