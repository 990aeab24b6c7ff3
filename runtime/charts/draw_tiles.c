/* draw_tiles.c: small grey images side by side, each drawn in as few boxes as there are runs of
 * cells alike. */
#include "charts/draw_panels.h"
#include <math.h>

enum { SMALL = 12, TITLE = 15, LEVELS = 8, TILE_GAP = 10, TILE_NAME = 16 };

static void draw_tile(nnrt_drawing *d, const nnrt_panel *p, const double *value, double x, double y,
                      double cell)
{
    nnrt_draw_box(d, NNRT_INK_GRID, 0.55, x, y, cell * (double)p->columns, cell * (double)p->rows);
    for (size_t r = 0; r < p->rows; r++) {
        for (size_t c = 0, end; c < p->columns; c = end) {
            long level = lround(value[r * p->columns + c] * LEVELS);
            for (end = c + 1;
                 end < p->columns && lround(value[r * p->columns + end] * LEVELS) == level; end++) {
            }
            if (level > 0) {
                nnrt_draw_box(d, NNRT_INK_TEXT, (double)level / LEVELS, x + cell * (double)c,
                              y + cell * (double)r, cell * (double)(end - c), cell);
            }
        }
    }
}

void nnrt_tiles_draw(nnrt_drawing *d, const nnrt_panel *p, double x, double y)
{
    size_t across = p->tiles_across;
    double room = (p->width - 28 - TILE_GAP * (double)(across - 1)) / (double)across,
           cell = room / (double)p->columns;
    nnrt_draw_text(d, NNRT_INK_TEXT, TITLE, true, NNRT_START, x + 10, y + 20, p->title);
    for (size_t i = 0; i < p->tiles; i++) {
        double left = x + 14 + (room + TILE_GAP) * (double)(i % across),
               top =
                   y + 36 + (cell * (double)p->rows + TILE_GAP + TILE_NAME) * (double)(i / across);
        char name[60];
        draw_tile(d, p, p->value + i * p->rows * p->columns, left, top, cell);
        nnrt_text_fit(p->row_name[i], SMALL, room, name, sizeof name);
        nnrt_draw_text(d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE, left + room / 2,
                       top + cell * (double)p->rows + 14, name);
    }
}

void nnrt_panel_tiles(nnrt_panel *p, size_t tiles, size_t across, size_t rows, size_t columns,
                      const double *value, const char *const *names)
{
    p->tiles = tiles;
    p->tiles_across = across;
    p->rows = rows;
    p->columns = columns;
    p->value = value;
    p->row_name = names;
    double room = (p->width - 28 - TILE_GAP * (double)(across - 1)) / (double)across;
    p->height = 44 + (room * (double)rows / (double)columns + TILE_GAP + TILE_NAME) *
                         (double)((tiles + across - 1) / across);
}
