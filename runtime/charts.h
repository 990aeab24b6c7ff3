/* charts.h: figures of results, and pages and files of figures. */
#ifndef NNRT_CHARTS_H
#define NNRT_CHARTS_H
#include "figure.h"
#include <jansson.h>

/* Adds the panels that show a result, or a list of a result's records. `notes`: what the result does not say itself: "classes" (names),
 * "field" (see minimize.c), or NULL. False: there is nothing in it that can be drawn. */
bool nnrt_chart_value(nnrt_figure *figure, const json_t *value, const json_t *notes);
/* The numbers under a dotted name, one a record, NAN where there is none; *found tells how many there are. */
const double *nnrt_chart_column(nnrt_figure *figure, const json_t *records, const char *name, size_t *found);
/* The names of the metrics that the records' parts have, loss first; each once. */
size_t nnrt_chart_metrics(nnrt_figure *figure, const json_t *records, const char **names, size_t most);
const char *nnrt_chart_metric_title(nnrt_figure *figure, const char *metric);
/* Whether a loss is better seen on a logarithmic axis: all above 0 and far apart. */
bool nnrt_chart_is_wide(const double *values, size_t count);

/* ---- files (page.c) ---- */
void nnrt_page_begin(FILE *out, const char *title);
void nnrt_page_panel(FILE *out, const nnrt_panel *panel, nnrt_figure *figure);      /* a <figure> with its drawing inside */
void nnrt_page_end(FILE *out);
/* Writes the figure in the form that the path's suffix says: .svg, .png or .html. */
bool nnrt_figure_write(nnrt_figure *figure, const char *path, nnrt_error *e);
#endif
