/* command_report.c: `nnc report`: one page of one or more logs: curves of all trainings over each
 * other, and a table of where they ended.
 *
 * A log holds any number of trainings; each `start` begins one, `epoch`s and an `end` belong to the
 * last begun of their model and data. A line that cannot be read, or a log that ends in the middle,
 * is a warning, and what there is is shown. */
#include "base/base.h"
#include "charts/charts.h"
#include "driver/driver.h"
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Training {
    /* recipe: "" but in a comparison, whose epochs name it and which begins and ends with no event
     */
    const char *log, *model, *data, *recipe, *label;
    json_t *start, *end, *epochs; /* the latter never NULL */
    json_t *error;
} Training;

typedef struct Report {
    Arena *arena;
    nnrt_figure *figure;
    VEC(Training) trainings;
    VEC(const char *) warnings;
    /* events with a picture of their own: path steps, layers, trials, folds; lists */
    VEC(json_t *) others;
    VEC(const char *) other_titles;
    size_t log_count;
} Report;

static void warn(Report *r, const char *text)
{
    fprintf(stderr, "nnc: warning: %s\n", text);
    vec_push(r->arena, &r->warnings, text);
}

static const char *text_of(Report *r, const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text ? arena_strndup(r->arena, text, strlen(text)) : "";
}

static Training *add_training(Report *r, const char *log, const json_t *event)
{
    Training t = { .log = log,
                   .model = text_of(r, event, "model"),
                   .data = text_of(r, event, "data"),
                   .recipe = text_of(r, event, "recipe"),
                   .epochs = json_array() };
    vec_push(r->arena, &r->trainings, t);
    return &r->trainings.data[r->trainings.len - 1];
}

/* The training of this log that an event belongs to; one that began before the log did comes into
 * being. */
static Training *training_of(Report *r, const char *log, const json_t *event)
{
    for (size_t i = r->trainings.len; i-- > 0;) {
        Training *t = &r->trainings.data[i];
        /* compared again */
        bool begins = *t->recipe && json_integer_value(json_object_get(event, "epoch")) == 1 &&
                      json_array_size(t->epochs);
        if (t->log == log && !t->end && !begins &&
            strcmp(t->model, text_of(r, event, "model")) == 0 &&
            strcmp(t->data, text_of(r, event, "data")) == 0 &&
            strcmp(t->recipe, text_of(r, event, "recipe")) == 0) {
            return t;
        }
    }
    return add_training(r, log, event);
}

static void keep_record(Report *r, const char *log, const char *kind, json_t *event)
{
    const char *title = arena_printf(r->arena, "%s (%s)", kind, log);
    size_t last = r->others.len;
    bool continues = last && strcmp(r->other_titles.data[last - 1], title) == 0;
    /* Steps are counted from 1: a second path begins there. */
    if (continues && json_integer_value(json_object_get(event, "step")) == 1 &&
        strcmp(kind, "minimize") == 0) {
        continues = false;
    }
    if (!continues) {
        vec_push(r->arena, &r->others, json_array());
        vec_push(r->arena, &r->other_titles, title);
    }
    json_object_del(event, "event");
    json_array_append(r->others.data[r->others.len - 1], event);
}

static void take_event(Report *r, const char *log, json_t *event)
{
    static const char *const records[] = { "minimize", "inspect", "trial", "fold" };
    const char *kind = text_of(r, event, "event");
    if (strcmp(kind, "start") == 0) {
        add_training(r, log, event)->start = json_incref(event);
    } else if (strcmp(kind, "epoch") == 0) {
        json_array_append(training_of(r, log, event)->epochs, event);
    } else if (strcmp(kind, "end") == 0) {
        Training *t = training_of(r, log, event);
        if (!t->end)
            t->end = json_incref(event);
    } else if (strcmp(kind, "error") == 0 && r->trainings.len &&
               r->trainings.data[r->trainings.len - 1].log == log) {
        Training *t = &r->trainings.data[r->trainings.len - 1];
        if (!t->end && !t->error)
            t->error = json_incref(event);
    } else if (strcmp(kind, "evaluate") == 0 && json_is_object(json_object_get(event, "metrics"))) {
        vec_push(r->arena, &r->others, json_incref(json_object_get(event, "metrics")));
        vec_push(r->arena, &r->other_titles,
                 arena_printf(r->arena, "%s on %s.%s (%s)", text_of(r, event, "model"),
                              text_of(r, event, "data"), text_of(r, event, "part"), log));
    }
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        if (strcmp(kind, records[i]) == 0)
            keep_record(r, log, kind, event);
}

static bool read_log(Report *r, const char *path)
{
    FILE *in = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0, number = 0, events = 0, before = r->trainings.len;
    ssize_t length;
    if (!in) {
        fprintf(stderr, "nnc: error: %s cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    errno = 0;
    while ((length = getline(&line, &capacity, in)) > 0) {
        number++;
        json_error_t why;
        json_t *event = json_loadb(line, (size_t)length, 0, &why);
        if (json_is_object(event) && json_object_get(event, "event")) {
            take_event(r, path, event);
            events++;
        } else if (line[strspn(line, " \t\r\n")]) {
            bool cut = line[length - 1] != '\n';
            warn(r, arena_printf(r->arena,
                                 cut ? "%s:%zu: the log was cut short; what came before is shown"
                                     : "%s:%zu: this line is not an event of a log; it is left out",
                                 path, number));
        }
        json_decref(event);
    }
    bool failed = ferror(in) != 0;
    if (failed)
        fprintf(stderr, "nnc: error: %s cannot be read: %s\n", path, strerror(errno ? errno : EIO));
    else if (!events)
        warn(r, arena_printf(r->arena, "%s: there is no event in this file", path));
    for (size_t i = before; i < r->trainings.len; i++) {
        Training *t = &r->trainings.data[i];
        if (t->error) {
            warn(r, arena_printf(r->arena, "%s: the training of %s ended with an error: %s", path,
                                 t->model, text_of(r, t->error, "message")));
        } else if (!t->end && !*t->recipe) {
            warn(r, arena_printf(
                        r->arena,
                        "%s: the training of %s has no end: it was cut short, or is still running",
                        path, t->model));
        }
    }
    free(line);
    fclose(in);
    return !failed;
}

/* ---- what a training is called: as short as tells it from the others ---- */

static bool differ(const Report *r, size_t field)
{
    for (size_t i = 1; i < r->trainings.len; i++) {
        const Training *a = &r->trainings.data[0], *b = &r->trainings.data[i];
        const char *x = field == 0   ? a->model
                        : field == 1 ? a->data
                                     : a->log,
                   *y = field == 0   ? b->model
                        : field == 1 ? b->data
                                     : b->log;
        if (strcmp(x, y) != 0)
            return true;
    }
    return false;
}

static void label_trainings(Report *r)
{
    bool data = differ(r, 1), log = differ(r, 2);
    for (size_t i = 0; i < r->trainings.len; i++) {
        Training *t = &r->trainings.data[i];
        const char *base = strrchr(t->log, '/');
        t->label = data ? arena_printf(r->arena, "%s on %s", t->model, t->data) : t->model;
        if (*t->recipe)
            t->label = arena_printf(r->arena, "%s with %s", t->label, t->recipe);
        if (log)
            t->label = arena_printf(r->arena, "%s (%s)", t->label, base ? base + 1 : t->log);
        size_t same = 0;
        for (size_t k = 0; k < i; k++) {
            same += strcmp(r->trainings.data[k].model, t->model) == 0 &&
                    strcmp(r->trainings.data[k].recipe, t->recipe) == 0 &&
                    strcmp(r->trainings.data[k].data, t->data) == 0 &&
                    r->trainings.data[k].log == t->log;
        }
        if (same)
            t->label = arena_printf(r->arena, "%s #%zu", t->label, same + 1);
    }
}

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

static void chart_all(Report *r)
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

static void write_table(FILE *out, const Report *r)
{
    bool shown[COLUMNS] = { false };
    double best[COLUMNS];
    for (size_t c = 0; c < COLUMNS; c++) {
        best[c] = NAN;
        for (size_t i = 0; i < r->trainings.len; i++) {
            double value = cell(&r->trainings.data[i], c);
            if (isnan(value))
                continue;
            shown[c] = true;
            if (columns[c].better && !(best[c] * columns[c].better >= value * columns[c].better))
                best[c] = value;
        }
    }
    fputs("<h2>Final metrics</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>training</th>",
          out);
    for (size_t c = 0; c < COLUMNS; c++)
        if (shown[c])
            fprintf(out, "<th>%s</th>", columns[c].title);
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
            if (isnan(value)) {
                fputs("–", out);
            } else {
                fprintf(out,
                        columns[c].better       ? "%.4g"
                        : value == floor(value) ? "%.0f"
                                                : "%.3g",
                        value);
            }
            fputs("</td>", out);
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

static void write_page(FILE *out, Report *r)
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

static int write_report(Report *r, const char *path)
{
    nnrt_error e = { 0 };
    nnrt_atomic_file *file = nnrt_atomic_open(path, &e);
    if (file) {
        write_page(file->stream, r);
        if (r->figure->failed) {
            nnrt_atomic_abort(file);
            nnrt_fail(&e, NNRT_FILES, "out-of-memory", "out of memory");
        } else {
            nnrt_atomic_commit(file, &e);
        }
    }
    if (!e.status)
        return 0;
    fprintf(stderr, "nnc: error: %s\n", e.text);
    return EXIT_FILES;
}

static const char *title_of(Report *r)
{
    const char *title = "Report";
    for (size_t i = 0; i < r->trainings.len; i++) {
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known |= strcmp(r->trainings.data[k].model, r->trainings.data[i].model) == 0;
        if (!known && i < 12) {
            title = arena_printf(r->arena, "%s%s%s", i ? title : "", i ? ", " : "",
                                 r->trainings.data[i].model);
        }
    }
    return title;
}

static int report(Options *options, Report *r)
{
    for (size_t i = 0; i < options->operands.len; i++)
        if (!read_log(r, options->operands.data[i]))
            return EXIT_FILES;
    r->log_count = options->operands.len;
    label_trainings(r);
    chart_all(r);
    r->figure->title = title_of(r);
    if (!r->trainings.len && !r->figure->panels) {
        fputs("nnc: error: there is nothing to show in these logs\n", stderr);
        return EXIT_FILES;
    }
    return write_report(r, options->output);
}

int command_report(Options *options)
{
    if (!options->output)
        return options_wrong(options, "'report' needs '-o F.html', the page to write");
    Arena *arena = arena_new();
    Report r = { .arena = arena, .figure = nnrt_figure_new() };
    int status = EXIT_FILES;
    if (r.figure)
        status = report(options, &r);
    for (size_t i = 0; i < r.trainings.len; i++) {
        json_decref(r.trainings.data[i].start);
        json_decref(r.trainings.data[i].end);
        json_decref(r.trainings.data[i].error);
        json_decref(r.trainings.data[i].epochs);
    }
    for (size_t i = 0; i < r.others.len; i++)
        json_decref(r.others.data[i]);
    nnrt_figure_free(r.figure);
    arena_free(arena);
    return status;
}
