/* draw_panels.h: drawing panels, one file for each kind, and what lies behind their curves. */
#ifndef NNRT_DRAW_PANELS_H
#define NNRT_DRAW_PANELS_H
#include "charts/axis.h"
#include "charts/figure.h"

/* Each draws a panel of its kind with the top left corner at x, y. */
void nnrt_curves_draw(nnrt_drawing *drawing, const nnrt_panel *panel, double x, double y);
void nnrt_matrix_draw(nnrt_drawing *drawing, const nnrt_panel *panel, double x, double y);
void nnrt_table_draw(nnrt_drawing *drawing, const nnrt_panel *panel, double x, double y);
void nnrt_tiles_draw(nnrt_drawing *drawing, const nnrt_panel *panel, double x, double y);

/* The frame in which a panel of curves shows them, and its axes. */
typedef struct nnrt_frame {
    nnrt_axis x, y;
    double left, top, width, height;
} nnrt_frame;

nnrt_point nnrt_frame_place(const nnrt_frame *frame, double x, double y);
/* Contour lines of a field. */
void nnrt_contours_draw(nnrt_drawing *drawing, const nnrt_field *field, const nnrt_frame *frame);
/* The areas that each class holds. */
void nnrt_regions_draw(nnrt_drawing *drawing, const nnrt_regions *regions, const nnrt_frame *frame);
#endif
