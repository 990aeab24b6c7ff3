/* draw_regions.c: decision regions: where on a plane each class scores highest, as areas whose
 * edges lie where two scores are equal. */
#include "charts/draw_panels.h"
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
    if (g->width == 1)
        return a ? score[0] : -score[0];
    return score[a] - score[b];
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
    const nnrt_frame *frame;
    nnrt_point *ring;
} pen;

static nnrt_point place(const pen *p, double column, double row)
{
    const nnrt_regions *g = p->g;
    double x = g->x0 + (g->x1 - g->x0) * column / (double)(g->columns - 1),
           y = g->y0 +
               (g->y1 - g->y0) * fmin(fmax(row, 0), (double)(g->rows - 1)) / (double)(g->rows - 1);
    return nnrt_frame_place(p->frame, x, y);
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

/* The rows of the grid from one to the next, and the areas that grow with them. */
typedef struct sweep {
    stretch *above, *now;
    size_t above_count, now_count;
    outline *area;
    size_t areas;
} sweep;

/* Each stretch goes on the area above it where they are each other's only partners. */
static void find_partners(sweep *s)
{
    for (size_t i = 0; i < s->now_count; i++) {
        size_t k = s->above_count ? partner(&s->now[i], s->above, s->above_count) : SIZE_MAX;
        if (k != SIZE_MAX && partner(&s->above[k], s->now, s->now_count) == i)
            s->now[i].area = s->above[k].area;
    }
}

/* What nothing goes on from ends between the rows. */
static void end_areas(const pen *p, sweep *s, double row)
{
    for (size_t k = 0; k < s->above_count; k++) {
        bool goes_on = false;
        for (size_t i = 0; i < s->now_count; i++)
            goes_on |= s->now[i].area == s->above[k].area;
        if (goes_on)
            continue;
        outline *area = &s->area[s->above[k].area];
        extend(p, area, &s->above[k], row - 0.5);
        fill(p, area);
    }
}

/* A free area for a stretch that goes on none; false: there is none left. */
static bool begin_area(const pen *p, sweep *s, stretch *one, size_t row)
{
    size_t a = 0;
    while (a < s->areas && s->area[a].open)
        a++;
    if (a == s->areas)
        return false;
    s->area[a].open = true;
    s->area[a].class_number = one->class_number;
    s->area[a].count = 0;
    one->area = a;
    if (row)
        extend(p, &s->area[a], one, (double)row - 0.5);
    return true;
}

static void sweep_rows(const pen *p, sweep *s)
{
    for (size_t row = 0; row < p->g->rows; row++) {
        s->now_count = cut_row(p->g, row, s->now);
        find_partners(s);
        end_areas(p, s, (double)row);
        for (size_t i = 0; i < s->now_count; i++) {
            stretch *one = &s->now[i];
            if (one->area != SIZE_MAX || begin_area(p, s, one, row))
                extend(p, &s->area[one->area], one, (double)row);
        }
        stretch *swap = s->above;
        s->above = s->now;
        s->now = swap;
        s->above_count = s->now_count;
    }
    for (size_t a = 0; a < s->areas; a++)
        if (s->area[a].open)
            fill(p, &s->area[a]);
}

void nnrt_regions_draw(nnrt_drawing *d, const nnrt_regions *g, const nnrt_frame *frame)
{
    size_t most = 2 * g->columns + 2, points = g->rows + 4;
    stretch *rows = calloc(2 * g->columns + 2, sizeof *rows);
    outline *areas = calloc(most, sizeof *areas);
    nnrt_point *sides = malloc((2 * most * points + 2 * points) * sizeof *sides);
    if (rows && areas && sides) {
        pen p = { d, g, frame, sides + 2 * most * points };
        sweep s = { .above = rows, .now = rows + g->columns + 1, .area = areas, .areas = most };
        for (size_t a = 0; a < most; a++) {
            areas[a].left = sides + 2 * a * points;
            areas[a].right = areas[a].left + points;
        }
        sweep_rows(&p, &s);
    } else {
        d->failed = true;
    }
    free(rows);
    free(areas);
    free(sides);
}
