/* chart_paths.c: paths of minimisations over the landscape of their function, and landscapes
 * without paths. */
#include "charts/kinds.h"
#include <math.h>
#include <string.h>

enum { TALL = 460 };

/* ---- landscapes ---- */

/* From { x0, x1, y0, y1, columns, rows, values }; NULL: there is none. */
static const nnrt_field *field_of(nnrt_figure *f, const json_t *declared)
{
    const json_t *values = json_object_get(declared, "values");
    nnrt_field *field = declared ? nnrt_figure_alloc(f, sizeof *field) : NULL;
    if (!field)
        return NULL;
    *field = (nnrt_field){ .x0 = nnrt_chart_number(declared, "x0", 0),
                           .x1 = nnrt_chart_number(declared, "x1", 1),
                           .y0 = nnrt_chart_number(declared, "y0", 0),
                           .y1 = nnrt_chart_number(declared, "y1", 1),
                           .columns = (size_t)nnrt_chart_number(declared, "columns", 0),
                           .rows = (size_t)nnrt_chart_number(declared, "rows", 0) };
    if (field->columns * field->rows != json_array_size(values))
        return NULL;

    double *value = nnrt_figure_alloc(f, json_array_size(values) * sizeof *value);
    for (size_t i = 0; value && i < json_array_size(values); i++) {
        const json_t *one = json_array_get(values, i);
        value[i] = json_is_number(one) ? json_number_value(one) : NAN;
    }
    field->value = value;
    return value ? field : NULL;
}

/* The x of each of the field's columns. */
static const double *columns_of(nnrt_figure *f, const nnrt_field *field)
{
    double *x = nnrt_figure_alloc(f, field->columns * sizeof *x);
    for (size_t i = 0; x && i < field->columns; i++)
        x[i] = field->x0 + (field->x1 - field->x0) * (double)i / (double)(field->columns - 1);
    return x;
}

/* The height of a field of one row at each x: what a function draws at random is its mean there. */
static const double *heights_at(nnrt_figure *f, const nnrt_field *field, const double *x,
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

/* Contour lines behind the paths, or, of one variable, the curve of the function. */
static void add_field(nnrt_figure *f, nnrt_panel *panel, const nnrt_field *field)
{
    if (field && field->rows > 1)
        panel->field = field;
    if (field && field->rows == 1) {
        nnrt_panel_series(f, panel, "", NNRT_INK_AXIS, NNRT_CURVE, field->columns,
                          columns_of(f, field), field->value);
    }
}

static const char *variable(nnrt_figure *f, const json_t *value, size_t number)
{
    const json_t *variables = json_object_get(value, "variables");
    return nnrt_figure_text(f, "%s", json_string_value(json_array_get(variables, number)));
}

void nnrt_chart_landscape(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    (void)notes;
    const nnrt_field *field = field_of(f, json_object_get(value, "field"));
    nnrt_panel *panel = field ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Contour lines") : NULL;
    if (!panel)
        return;
    panel->field = field;
    panel->height = TALL;
    panel->x_label = variable(f, value, 0);
    panel->y_label = variable(f, value, 1);
}

/* ---- paths ---- */

/* A minimisation's path along name[0] and name[1]; of one variable, name[1] is "value". */
typedef struct path {
    const char *name[2];
    size_t points; /* from its start on; 0: it has too many variables, or none */
    const double *at[2];
    size_t steps;
    const double *step, *height; /* the value after each step */
} path;

/* The names of the variables among a step's fields; returns how many there are. */
static size_t variables_of(nnrt_figure *f, const json_t *step, const char *name[2])
{
    size_t variables = 0;
    const char *key;
    json_t *item;
    name[0] = name[1] = "";
    json_object_foreach ((json_t *)step, key, item) {
        if (!json_is_number(item) || !strcmp(key, "step") || !strcmp(key, "lr") ||
            !strcmp(key, "value")) {
            continue;
        }
        if (variables < 2)
            name[variables] = nnrt_figure_text(f, "%s", key);
        variables++;
    }
    return variables;
}

/* Puts the place where nothing has been done yet before the first step's. */
static bool prepend_start(nnrt_figure *f, path *p, const json_t *start)
{
    for (size_t i = 0; i < 2; i++) {
        double *from = nnrt_figure_alloc(f, (p->steps + 1) * sizeof *from);
        if (!from)
            return false;
        memcpy(from + 1, p->at[i], p->steps * sizeof *from);
        from[0] = json_number_value(json_array_get(start, i));
        p->at[i] = from;
    }
    return true;
}

static path path_of(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    const json_t *steps = json_object_get(value, "path"), *start = json_object_get(notes, "start");
    path p = { .steps = json_array_size(steps) };
    size_t found, variables = variables_of(f, json_array_get(steps, 0), p.name);
    p.step = nnrt_chart_column(f, steps, "step", &found);
    p.at[0] = nnrt_chart_column(f, steps, p.name[0], &found);
    p.height = nnrt_chart_column(f, steps, "value", &found);
    p.at[1] = variables == 1 ? p.height : nnrt_chart_column(f, steps, p.name[1], &found);
    if (variables == 1)
        p.name[1] = "value";
    if (!variables || variables > 2 || !p.at[0] || !p.at[1] || !p.height)
        return p;

    p.points = p.steps;
    if (variables == 2 && json_array_size(start) == 2)
        p.points = prepend_start(f, &p, start) ? p.steps + 1 : 0;
    return p;
}

/* Of one variable, the path runs along the curve below it. */
static void lay_on_curve(nnrt_figure *f, path *p, const nnrt_field *field)
{
    if (field && field->rows == 1)
        p->at[1] = heights_at(f, field, p->at[0], p->points);
}

void nnrt_chart_path(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    path p = path_of(f, value, notes);
    nnrt_panel *panel = p.points ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Path") : NULL;
    if (panel) {
        const nnrt_field *field = field_of(f, json_object_get(notes, "field"));
        panel->x_label = p.name[0];
        panel->y_label = p.name[1];
        panel->height = strcmp(p.name[1], "value") != 0 ? TALL : panel->height;
        add_field(f, panel, field);
        lay_on_curve(f, &p, field);
        nnrt_panel_series(f, panel, "", nnrt_series_ink(1), NNRT_PATH, p.points, p.at[0], p.at[1]);
    }

    panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Value by step");
    if (!panel)
        return;
    panel->x_label = "step";
    panel->y_label = "value";
    panel->x_whole = true;
    panel->y_log = nnrt_chart_is_wide(p.height, p.steps);
    nnrt_panel_series(f, panel, "", nnrt_series_ink(0), NNRT_CURVE, p.steps, p.step, p.height);
}

/* ---- several over one landscape ---- */

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

bool nnrt_chart_paths(nnrt_figure *f, const nnrt_charted *items, size_t count,
                      const json_t *declared)
{
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Paths"),
               *fall = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Value by step");
    if (!panel || !fall)
        return false;
    const nnrt_field *field = field_of(f, declared ? declared : widest_field(items, count));
    panel->height = TALL;
    add_field(f, panel, field);
    fall->x_label = "step";
    fall->y_label = "value";
    fall->x_whole = true;
    fall->y_log = true;

    for (size_t i = 0; i < count; i++) {
        path p = path_of(f, items[i].value, items[i].notes);
        if (!p.points)
            continue;
        lay_on_curve(f, &p, field);
        panel->x_label = p.name[0];
        panel->y_label = p.name[1];
        nnrt_panel_series(f, panel, items[i].name, nnrt_series_ink(i), NNRT_PATH, p.points, p.at[0],
                          p.at[1]);
        for (size_t k = 0; k < p.steps; k++)
            fall->y_log &= !isfinite(p.height[k]) || p.height[k] > 0;
        nnrt_panel_series(f, fall, items[i].name, nnrt_series_ink(i), NNRT_CURVE, p.steps, p.step,
                          p.height);
    }
    return panel->series_count > 0;
}
