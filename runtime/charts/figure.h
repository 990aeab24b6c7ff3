/* figure.h: what a picture shows: panels of curves, bars, matrices or contour lines, before anyone
 * has said where their lines lie.
 *
 * charts.c makes figures of results, report.c of logs; draw_figure.c and the other draw_*.c draw
 * them. Everything in a figure lives in it and is freed with it. Running out of memory sets
 * `failed`, so that only the end needs to look. */
#ifndef NNRT_FIGURE_H
#define NNRT_FIGURE_H
#include "draw/draw.h"

typedef enum nnrt_series_style {
    NNRT_CURVE,
    NNRT_CURVE_DASHED,
    NNRT_DOTS,
    NNRT_RINGS,
    NNRT_PATH,
    NNRT_BARS
} nnrt_series_style;

typedef struct nnrt_series {
    const char *name; /* in the legend; "" for none */
    nnrt_ink ink;
    nnrt_series_style style;
    size_t count;
    const double *x, *y; /* NAN: a gap */
} nnrt_series;

typedef enum nnrt_panel_kind {
    NNRT_PANEL_CURVES,
    NNRT_PANEL_MATRIX,
    NNRT_PANEL_TABLE,
    NNRT_PANEL_TILES
} nnrt_panel_kind;

/* Values of a function of two variables at the points of a grid, row by row from y0. */
typedef struct nnrt_field {
    double x0, x1, y0, y1;
    size_t columns, rows;
    const double *value;
} nnrt_field;

/* Scores of `width` classes at the points of such a grid; width 1: of the second of two, above 0
 * where it is the likelier. */
typedef struct nnrt_regions {
    double x0, x1, y0, y1;
    size_t columns, rows, width;
    const double *score;
} nnrt_regions;

typedef struct nnrt_panel {
    nnrt_panel_kind kind;
    double width, height;
    const char *title, *x_label, *y_label;
    /* CURVES */
    nnrt_series *series;
    size_t series_count, series_capacity;
    bool x_log, y_log, x_whole, y_from_zero;
    bool unit_square; /* both axes from 0 to 1 */
    /* no dots on the curves, however few their points */
    bool bare;
    /* an upright rule at x = rule; text NULL: none */
    double rule;
    const char *rule_text;
    /* bars: names in place of numbers, at 0, 1, 2, ... */
    const char *const *x_names;
    size_t x_name_count;
    const nnrt_field *field;     /* behind the curves, or NULL */
    const nnrt_regions *regions; /* likewise */
    /* MATRIX: counts, shaded by their share of their row. TABLE: names and numbers */
    size_t rows, columns;
    const double *value; /* rows x columns */
    /* TABLE: which rows are shares of 1, shown as bars too */
    const bool *is_share;
    const char *const *row_name, *const *column_name;
    /* TILES: so many images of rows x columns grey values from 0 to 1, each with its row_name */
    size_t tiles, tiles_across;
} nnrt_panel;

typedef struct nnrt_figure {
    const char *title, *subtitle;
    nnrt_panel **panel;
    size_t panels, panel_capacity;
    void **block;
    size_t blocks, block_capacity;
    bool failed;
} nnrt_figure;

nnrt_figure *nnrt_figure_new(void);
void nnrt_figure_free(nnrt_figure *figure);
/* zeroed; NULL and `failed` where there is none left */
void *nnrt_figure_alloc(nnrt_figure *figure, size_t bytes);
/* never NULL */
const char *nnrt_figure_text(nnrt_figure *figure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* NULL: failed */
nnrt_panel *nnrt_figure_panel(nnrt_figure *figure, nnrt_panel_kind kind, const char *title);
/* x NULL: 1, 2, 3, ...; both are kept, not copied. */
void nnrt_panel_series(nnrt_figure *figure, nnrt_panel *panel, const char *name, nnrt_ink ink,
                       nnrt_series_style style, size_t count, const double *x, const double *y);

/* Makes a panel of tiles, and sets its height by its width. (draw_tiles.c) */
void nnrt_panel_tiles(nnrt_panel *panel, size_t tiles, size_t across, size_t rows, size_t columns,
                      const double *value, const char *const *names);

/* All panels in one drawing, in one or two columns; NULL: out of memory. (draw_figure.c) */
nnrt_drawing *nnrt_figure_draw(const nnrt_figure *figure);
nnrt_drawing *nnrt_panel_alone(const nnrt_panel *panel);
#endif
