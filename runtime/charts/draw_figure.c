/* draw_figure.c: laying a figure's panels out in one drawing. */
#include "charts/draw_panels.h"

enum { GAP = 16, HEAD = 52, EDGE = 8 };

static void draw_panel(nnrt_drawing *d, const nnrt_panel *panel, double x, double y)
{
    static void (*const draws[])(nnrt_drawing *, const nnrt_panel *, double, double) = {
        [NNRT_PANEL_CURVES] = nnrt_curves_draw,
        [NNRT_PANEL_MATRIX] = nnrt_matrix_draw,
        [NNRT_PANEL_TABLE] = nnrt_table_draw,
        [NNRT_PANEL_TILES] = nnrt_tiles_draw,
    };
    draws[panel->kind](d, panel, x, y);
}

nnrt_drawing *nnrt_panel_alone(const nnrt_panel *panel)
{
    nnrt_drawing *d = nnrt_drawing_new(panel->width, panel->height, panel->title);
    if (d)
        draw_panel(d, panel, 0, 0);
    return d;
}

/* The height of the row that begins with panel i. */
static double row_height(const nnrt_figure *f, size_t i, size_t columns)
{
    double height = f->panel[i]->height;
    if (columns > 1 && i + 1 < f->panels && f->panel[i + 1]->height > height)
        height = f->panel[i + 1]->height;
    return height;
}

static void draw_head(nnrt_drawing *d, const nnrt_figure *f, double width)
{
    char text[400];
    nnrt_text_fit(f->title, 18, width - 40, text, sizeof text);
    nnrt_draw_text(d, NNRT_INK_TEXT, 18, true, NNRT_START, 18, 28, text);
    if (f->subtitle) {
        nnrt_text_fit(f->subtitle, 12, width - 40, text, sizeof text);
        nnrt_draw_text(d, NNRT_INK_MUTED, 12, false, NNRT_START, 18, 46, text);
    }
}

nnrt_drawing *nnrt_figure_draw(const nnrt_figure *f)
{
    size_t columns = f->panels > 2 ? 2 : 1;
    double width = 2 * EDGE, height = HEAD, column_width[2] = { 0, 0 };
    for (size_t i = 0; i < f->panels; i++)
        if (f->panel[i]->width > column_width[i % columns])
            column_width[i % columns] = f->panel[i]->width;
    width += column_width[0] + (columns > 1 ? GAP + column_width[1] : 0);
    for (size_t i = 0; i < f->panels; i += columns)
        height += row_height(f, i, columns) + GAP;

    nnrt_drawing *d = nnrt_drawing_new(width, height, f->title);
    if (!d)
        return NULL;
    draw_head(d, f, width);
    double y = HEAD;
    for (size_t i = 0; i < f->panels; i += columns) {
        draw_panel(d, f->panel[i], EDGE, y);
        if (columns > 1 && i + 1 < f->panels)
            draw_panel(d, f->panel[i + 1], EDGE + column_width[0] + GAP, y);
        y += row_height(f, i, columns) + GAP;
    }
    d->failed |= f->failed;
    return d;
}
