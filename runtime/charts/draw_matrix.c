/* draw_matrix.c: matrices of counts as shaded cells, and tables of numbers with bars for those that
 * are shares. */
#include "charts/draw_panels.h"
#include <math.h>

enum { TITLE = 15, SMALL = 12, MOST_NUMBERED = 24, ROW = 26 };

static void cell_text(char *text, size_t size, double value)
{
    if (fabs(value) >= 1e5)
        snprintf(text, size, "%.2g", value);
    else
        snprintf(text, size, value == floor(value) ? "%.0f" : "%.3g", value);
}

static void draw_names(nnrt_drawing *d, const nnrt_panel *p, double left, double top, double cell)
{
    char name[80];
    size_t stride = (size_t)ceil(14 / cell);
    for (size_t r = 0; r < p->rows; r += stride) {
        nnrt_text_fit(p->row_name[r], SMALL, 96, name, sizeof name);
        nnrt_draw_text(d, NNRT_INK_MUTED, SMALL, false, NNRT_END, left - 8,
                       top + ((double)r + 0.5) * cell + 4, name);
    }
    double widest = 0;
    for (size_t c = 0; c < p->columns; c++)
        widest = fmax(widest, nnrt_text_width(p->column_name[c], SMALL));
    size_t columns_stride = (size_t)ceil(fmin(widest + 6, 60) / cell);
    for (size_t c = 0; c < p->columns; c += columns_stride) {
        nnrt_text_fit(p->column_name[c], SMALL, cell * (double)columns_stride - 4, name,
                      sizeof name);
        nnrt_draw_text(d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE,
                       left + ((double)c + 0.5) * cell, top + (double)p->rows * cell + 17, name);
    }
}

/* A cell with its top left corner at x, y, and its number where there is room. */
static void draw_cell(nnrt_drawing *d, const nnrt_panel *p, double value, double share, bool right,
                      double x, double y, double cell)
{
    double inset = cell > 12 ? 1 : 0;
    nnrt_draw_box(d, right ? NNRT_INK_SERIES_1 : NNRT_INK_SERIES_2, 0.05 + 0.93 * share, x + inset,
                  y + inset, cell - 2 * inset, cell - 2 * inset);
    if (p->columns > MOST_NUMBERED || value == 0)
        return;
    char text[24];
    cell_text(text, sizeof text, value);
    double size = fmin(15, fmin(cell * 0.42, 0.86 * cell / fmax(nnrt_text_width(text, 1), 0.1)));
    if (size >= 5) {
        nnrt_draw_text(d, share > 0.5 ? NNRT_INK_PAPER : NNRT_INK_TEXT, size, false, NNRT_MIDDLE,
                       x + cell / 2, y + cell / 2 + size * 0.36, text);
    }
}

void nnrt_matrix_draw(nnrt_drawing *d, const nnrt_panel *p, double x, double y)
{
    double widest = 0, top = y + 40;
    for (size_t r = 0; r < p->rows; r++)
        widest = fmax(widest, fmin(nnrt_text_width(p->row_name[r], SMALL), 96));
    double left = x + widest + 46,
           room = fmin(x + p->width - 16 - left,
                       (y + p->height - 50 - top) * (double)p->columns / (double)p->rows);
    double cell = room / (double)p->columns;

    nnrt_draw_text(d, NNRT_INK_TEXT, TITLE, true, NNRT_START, x + 10, y + 20, p->title);
    for (size_t r = 0; r < p->rows; r++) {
        const double *value = p->value + r * p->columns;
        double sum = 0;
        for (size_t c = 0; c < p->columns; c++)
            sum += fabs(value[c]);
        for (size_t c = 0; c < p->columns; c++) {
            draw_cell(d, p, value[c], sum > 0 ? fabs(value[c]) / sum : 0,
                      r == c || p->rows != p->columns, left + (double)c * cell,
                      top + (double)r * cell, cell);
        }
    }

    draw_names(d, p, left, top, cell);
    nnrt_draw_text(d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE, left + room / 2,
                   top + cell * (double)p->rows + 36, p->x_label);
    nnrt_draw_upright(d, NNRT_INK_MUTED, SMALL, left - widest - 22,
                      top + cell * (double)p->rows / 2, p->y_label);
}

void nnrt_table_draw(nnrt_drawing *d, const nnrt_panel *p, double x, double y)
{
    double widest = 0, top = y + 36;
    char text[64], name[120];
    nnrt_draw_text(d, NNRT_INK_TEXT, TITLE, true, NNRT_START, x + 10, y + 20, p->title);
    for (size_t r = 0; r < p->rows; r++)
        widest = fmax(widest, fmin(nnrt_text_width(p->row_name[r], SMALL + 1), 220));
    double number = x + 10 + widest + 110, bar = number + 18, room = x + p->width - 24 - bar;
    for (size_t r = 0; r < p->rows; r++) {
        double base = top + ROW * (double)r + 17, value = p->value[r];
        nnrt_text_fit(p->row_name[r], SMALL + 1, 224, name, sizeof name);
        nnrt_draw_segment(d, NNRT_INK_GRID, 1, false, x + 10, base + 8, x + p->width - 18,
                          base + 8);
        nnrt_draw_text(d, NNRT_INK_TEXT, SMALL + 1, false, NNRT_START, x + 10, base, name);
        nnrt_number_text(text, sizeof text, value);
        nnrt_draw_text(d, NNRT_INK_TEXT, SMALL + 1, false, NNRT_END, number, base,
                       isfinite(value) ? text : "none");
        if (!p->is_share || !p->is_share[r] || !(value >= 0 && value <= 1))
            continue;
        nnrt_draw_box(d, NNRT_INK_GRID, 1, bar, base - 11, room, 12);
        nnrt_draw_box(d, NNRT_INK_SERIES_1, 1, bar, base - 11, room * value, 12);
    }
}
