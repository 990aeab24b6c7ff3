/* regions.c: decision regions: where on a plane each class scores highest, as areas whose edges lie
 * where two scores are equal; and small images. */
#include "charts/figure.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A stretch of a grid's row that one class holds, in columns; and the area it goes on. */
typedef struct stretch {
    size_t class_number;
    double from, to;
    size_t area;
} stretch;

typedef struct outline {
    size_t class_number, count;
    nnrt_point *left, *right;
    bool open;
} outline;

static size_t class_at(const nnrt_regions *g, size_t row, size_t column)
{
    const double *score = g->score + (row * g->columns + column) * g->width;
    size_t best = 0;
    if (g->width == 1)
        return score[0] > 0;
    for (size_t c = 1; c < g->width; c++)
        if (score[c] > score[best])
            best = c;
    return best;
}

static double lead(const nnrt_regions *g, size_t row, size_t column, size_t a, size_t b)
{
    const double *score = g->score + (row * g->columns + column) * g->width;
    return g->width == 1 ? (a ? score[0] : -score[0]) : score[a] - score[b];
}

static size_t cut_row(const nnrt_regions *g, size_t row, stretch *out)
{
    size_t count = 0, held = class_at(g, row, 0);
    double from = 0;
    for (size_t c = 1; c < g->columns; c++) {
        size_t next = class_at(g, row, c);
        if (next == held)
            continue;
        double before = lead(g, row, c - 1, held, next), after = lead(g, row, c, held, next),
               t = before - after > 0 ? before / (before - after) : 0.5;
        double at = (double)(c - 1) + fmin(fmax(t, 0), 1);
        out[count++] = (stretch){ held, from, at, SIZE_MAX };
        from = at;
        held = next;
    }
    out[count++] = (stretch){ held, from, (double)(g->columns - 1), SIZE_MAX };
    return count;
}

/* The one stretch of the other row that touches this one and is of its class; SIZE_MAX: none, or
 * several. */
static size_t partner(const stretch *s, const stretch *row, size_t count)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (row[i].class_number != s->class_number || row[i].from > s->to || row[i].to < s->from)
            continue;
        if (found != SIZE_MAX)
            return SIZE_MAX;
        found = i;
    }
    return found;
}

typedef struct pen {
    nnrt_drawing *d;
    const nnrt_regions *g;
    const nnrt_axis *x, *y;
    double left, top, width, height;
    nnrt_point *ring;
} pen;

static nnrt_point place(const pen *p, double column, double row)
{
    const nnrt_regions *g = p->g;
    double x = g->x0 + (g->x1 - g->x0) * column / (double)(g->columns - 1),
           y = g->y0 +
               (g->y1 - g->y0) * fmin(fmax(row, 0), (double)(g->rows - 1)) / (double)(g->rows - 1);
    return (nnrt_point){ p->left + p->width * nnrt_axis_place(p->x, x),
                         p->top + p->height * (1 - nnrt_axis_place(p->y, y)) };
}

static void fill(const pen *p, outline *o)
{
    size_t count = 0;
    for (size_t i = 0; i < o->count; i++)
        p->ring[count++] = o->left[i];
    for (size_t i = o->count; i-- > 0;)
        p->ring[count++] = o->right[i];
    nnrt_draw_area(p->d, nnrt_series_ink(o->class_number), 0.2, p->ring, count);
    o->open = false;
}

static void extend(const pen *p, outline *o, const stretch *s, double row)
{
    o->left[o->count] = place(p, s->from, row);
    o->right[o->count++] = place(p, s->to, row);
}

static void sweep(pen *p, stretch *above, stretch *now, outline *areas, size_t most)
{
    size_t before = 0;
    for (size_t row = 0; row < p->g->rows; row++) {
        size_t count = cut_row(p->g, row, now);
        for (size_t i = 0; i < count; i++) {
            size_t k = before ? partner(&now[i], above, before) : SIZE_MAX;
            if (k != SIZE_MAX && partner(&above[k], now, count) == i)
                now[i].area = above[k].area;
        }
        /* what nothing goes on from ends between the rows */
        for (size_t k = 0; k < before; k++) {
            bool goes_on = false;
            for (size_t i = 0; i < count; i++)
                goes_on |= now[i].area == above[k].area;
            if (goes_on)
                continue;
            extend(p, &areas[above[k].area], &above[k], (double)row - 0.5);
            fill(p, &areas[above[k].area]);
        }
        for (size_t i = 0; i < count; i++) {
            if (now[i].area == SIZE_MAX) {
                size_t a = 0;
                while (a < most && areas[a].open)
                    a++;
                if (a == most)
                    continue;
                areas[a].open = true;
                areas[a].class_number = now[i].class_number;
                areas[a].count = 0;
                now[i].area = a;
                if (row)
                    extend(p, &areas[a], &now[i], (double)row - 0.5);
            }
            extend(p, &areas[now[i].area], &now[i], (double)row);
        }
        stretch *swap = above;
        above = now;
        now = swap;
        before = count;
    }
    for (size_t a = 0; a < most; a++)
        if (areas[a].open)
            fill(p, &areas[a]);
}

void nnrt_regions_draw(nnrt_drawing *d, const nnrt_regions *g, const nnrt_axis *x,
                       const nnrt_axis *y, double left, double top, double width, double height)
{
    size_t most = 2 * g->columns + 2, points = g->rows + 4;
    stretch *rows = calloc(2 * g->columns + 2, sizeof *rows);
    outline *areas = calloc(most, sizeof *areas);
    nnrt_point *sides = malloc((2 * most * points + 2 * points) * sizeof *sides);
    if (rows && areas && sides) {
        pen p = { d, g, x, y, left, top, width, height, sides + 2 * most * points };
        for (size_t a = 0; a < most; a++)
            areas[a].left = sides + 2 * a * points, areas[a].right = areas[a].left + points;
        sweep(&p, rows, rows + g->columns + 1, areas, most);
    } else {
        d->failed = true;
    }
    free(rows);
    free(areas);
    free(sides);
}

/* ---- images: each a tile of grey cells, drawn in as few boxes as lie side by side and are alike
 * ---- */

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
