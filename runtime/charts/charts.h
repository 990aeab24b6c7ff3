/* charts.h: the door of charts/: figures of results and data, and pages and files of figures. */
#ifndef NNRT_CHARTS_H
#define NNRT_CHARTS_H
#include "charts/kinds.h"
#include "charts/page.h"
#include "charts/record_values.h"
#include "data/data.h"

/* Adds the panels that show a result, or a list of a result's records. `notes`: see kinds.h. False:
 * there is nothing in it that can be drawn. */
bool nnrt_chart_value(nnrt_figure *figure, const json_t *value, const json_t *notes);
/* Several results of one kind over each other: paths over one landscape, curves in one frame,
 * metrics side by side; of other kinds one after the other. `field`: what lies under all paths;
 * NULL: the widest that one of them brings. */
bool nnrt_chart_several(nnrt_figure *figure, const nnrt_charted *items, size_t count,
                        const json_t *field);
/* A part (NNRT_TRAIN, ...; -1: all of them) of data: its samples, and how many there are of each
 * class. (chart_data.c) */
bool nnrt_chart_data(nnrt_figure *figure, const nnrt_data *data, int part);
#endif
