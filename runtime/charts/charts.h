/* charts.h: figures of results, and pages and files of figures. */
#ifndef NNRT_CHARTS_H
#define NNRT_CHARTS_H
#include "data/data.h"
#include "charts/figure.h"
#include <jansson.h>

/* Adds the panels that show a result, or a list of a result's records. `notes`: what the result
 * does not say itself: "classes" (names), "field" (see minimize.c), or NULL. False: there is
 * nothing in it that can be drawn. */
bool nnrt_chart_value(nnrt_figure *figure, const json_t *value, const json_t *notes);

/* Several results of one kind over each other: paths over one landscape, curves in one frame,
 * metrics side by side; of other kinds one after the other. `field`: what lies under all paths;
 * NULL: the widest that one of them brings. */
typedef struct nnrt_charted {
    const char *name;
    const json_t *value, *notes;
} nnrt_charted;

bool nnrt_chart_several(nnrt_figure *figure, const nnrt_charted *items, size_t count,
                        const json_t *field);
/* A part (NNRT_TRAIN, ...; -1: all of them) of data: its samples, and how many there are of each
 * class. */
bool nnrt_chart_data(nnrt_figure *figure, const nnrt_data *data, int part);
/* What an evaluation's notes say beyond its metrics (pictured.h). */
void nnrt_chart_evaluation(nnrt_figure *figure, const json_t *notes);
/* Panels that the file of several results shares with the one of single ones. */
void nnrt_chart_comparison(nnrt_figure *figure, const json_t *trainings);
/* from { x0, x1, y0, y1, columns, rows, values }; NULL: there is none */
const nnrt_field *nnrt_chart_field(nnrt_figure *figure, const json_t *declared);
/* its columns' places */
const double *nnrt_chart_across(nnrt_figure *figure, const nnrt_field *field);
/* its heights at x, of one row */
const double *nnrt_chart_along(nnrt_figure *figure, const nnrt_field *field, const double *x,
                               size_t count);
bool nnrt_chart_graphs(nnrt_figure *figure, const nnrt_charted *items, size_t count);
bool nnrt_chart_rates(nnrt_figure *figure, const nnrt_charted *items, size_t count);
/* A minimisation's path from its start on, along names[0] and names[1] (of one variable: the
 * value), and the value after each step. How many points it has; 0: it has too many variables. */
size_t nnrt_chart_path(nnrt_figure *figure, const json_t *value, const json_t *notes,
                       const char **names, const double **at, const double **height);
/* The numbers under a dotted name, one a record, NAN where there is none; *found tells how many
 * there are. */
const double *nnrt_chart_column(nnrt_figure *figure, const json_t *records, const char *name,
                                size_t *found);
/* The names of the metrics that the records' parts have, loss first; each once. */
size_t nnrt_chart_metrics(nnrt_figure *figure, const json_t *records, const char **names,
                          size_t most);
const char *nnrt_chart_metric_title(nnrt_figure *figure, const char *metric);
/* Whether a loss is better seen on a logarithmic axis: all above 0 and far apart. */
bool nnrt_chart_is_wide(const double *values, size_t count);

/* ---- files (page.c) ---- */
void nnrt_page_begin(FILE *out, const char *title);
/* a <figure> with its drawing inside */
void nnrt_page_panel(FILE *out, const nnrt_panel *panel, nnrt_figure *figure);
void nnrt_page_end(FILE *out);
/* Writes the figure in the form that the path's suffix says: .svg, .png or .html. */
bool nnrt_figure_write(nnrt_figure *figure, const char *path, nnrt_error *e);
#endif
