/* draw_contours.c: contour lines by marching squares (Lorensen and Cline's cubes, 1987, in the
 * plane), each cell cut into four triangles about its middle so that saddles need no case of their
 * own. Levels are set so that each band covers about as many cells as the next. */
#include "charts/draw_panels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 14 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static size_t levels_of(const nnrt_field *field, double *levels)
{
    size_t count = field->columns * field->rows, finite = 0, made = 0;
    double *sorted = malloc(count * sizeof *sorted);
    if (!sorted)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(field->value[i]))
            sorted[finite++] = field->value[i];
    qsort(sorted, finite, sizeof *sorted, ascending);
    for (size_t i = 0; finite > 1 && i < LEVELS; i++) {
        double share = ((double)i + 0.5) / LEVELS;
        /* denser near the bottom, where paths end */
        double level = sorted[(size_t)(share * share * (double)(finite - 1))];
        if (!made || level > levels[made - 1])
            levels[made++] = level;
    }
    free(sorted);
    return made;
}

typedef struct corner {
    double x, y, value;
} corner;

typedef struct cutter {
    nnrt_drawing *d;
    double level;
    const nnrt_frame *frame;
} cutter;

static nnrt_point crossing(const cutter *c, corner a, corner b)
{
    double t = (c->level - a.value) / (b.value - a.value), x = a.x + t * (b.x - a.x),
           y = a.y + t * (b.y - a.y);
    return nnrt_frame_place(c->frame, x, y);
}

/* The piece of the level's line inside a triangle. */
static size_t cut(const cutter *c, const corner *t, nnrt_point *ends)
{
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        corner a = t[i], b = t[(i + 1) % 3];
        if ((a.value < c->level) != (b.value < c->level) && count < 2)
            ends[count++] = crossing(c, a, b);
    }
    return count;
}

/* All pieces of a level, joined into lines: each piece's end is looked for among the open ends by
 * its place. */
typedef struct piece {
    nnrt_point a, b;
    bool used;
} piece;

typedef struct pieces {
    piece *data;
    size_t count, capacity;
} pieces;

static bool add_piece(pieces *all, nnrt_point a, nnrt_point b)
{
    if (all->count == all->capacity) {
        size_t capacity = 2 * all->capacity + 256;
        piece *grown = realloc(all->data, capacity * sizeof *grown);
        if (!grown)
            return false;
        all->data = grown;
        all->capacity = capacity;
    }
    all->data[all->count++] = (piece){ a, b, false };
    return true;
}

static bool near(nnrt_point a, nnrt_point b)
{
    return fabs(a.x - b.x) + fabs(a.y - b.y) < 1e-6;
}

typedef struct grid {
    size_t *head, *next;
    size_t size;
} grid;

static size_t bucket(const grid *g, nnrt_point p)
{
    uint64_t x = (uint64_t)llround(p.x * 64), y = (uint64_t)llround(p.y * 64);
    return (size_t)((x * 2654435761u ^ y * 40503u) % g->size);
}

/* Another piece that has this end; SIZE_MAX: none. Each end is filed under the buckets of its
 * place. */
static size_t find_end(const grid *g, const pieces *all, nnrt_point p)
{
    for (size_t entry = g->head[bucket(g, p)]; entry != SIZE_MAX; entry = g->next[entry]) {
        const piece *one = &all->data[entry / 2];
        if (!one->used && near(entry % 2 ? one->b : one->a, p))
            return entry;
    }
    return SIZE_MAX;
}

/* Goes on from the line's last point as far as there are pieces. */
static size_t follow(const grid *g, pieces *all, nnrt_point *line, size_t count)
{
    for (size_t entry; (entry = find_end(g, all, line[count - 1])) != SIZE_MAX;) {
        piece *one = &all->data[entry / 2];
        one->used = true;
        line[count++] = entry % 2 ? one->a : one->b;
    }
    return count;
}

static void file_ends(grid *g, const pieces *all)
{
    memset(g->head, 0xff, g->size * sizeof *g->head);
    for (size_t i = 0; i < 2 * all->count; i++) {
        size_t b = bucket(g, i % 2 ? all->data[i / 2].b : all->data[i / 2].a);
        g->next[i] = g->head[b];
        g->head[b] = i;
    }
}

static void turn_round(nnrt_point *line, size_t count)
{
    for (size_t l = 0, r = count - 1; l < r; l++, r--) {
        nnrt_point swap = line[l];
        line[l] = line[r];
        line[r] = swap;
    }
}

/* Draws each line from one of its pieces on, as far as there are others, both ways. */
static void draw_lines(nnrt_drawing *d, const grid *g, pieces *all, nnrt_point *line, double width)
{
    for (size_t i = 0; i < all->count; i++) {
        piece *one = &all->data[i];
        if (one->used)
            continue;
        one->used = true;
        line[0] = one->a;
        line[1] = one->b;
        size_t count = follow(g, all, line, 2);
        turn_round(line, count);
        nnrt_draw_line(d, NNRT_INK_AXIS, width, false, line, follow(g, all, line, count));
    }
}

static void join(nnrt_drawing *d, pieces *all, double width)
{
    grid g = { .size = 2 * all->count + 1 };
    g.head = malloc(g.size * sizeof *g.head);
    g.next = malloc((2 * all->count + 1) * sizeof *g.next);
    nnrt_point *line = malloc((2 * all->count + 4) * sizeof *line);
    if (g.head && g.next && line) {
        file_ends(&g, all);
        draw_lines(d, &g, all, line, width);
    } else {
        d->failed = true;
    }
    free(line);
    free(g.head);
    free(g.next);
}

/* The pieces of the level's line in one cell of the grid. */
static void march_cell(cutter *c, const corner q[4], pieces *all)
{
    double sum = 0;
    for (size_t i = 0; i < 4; i++)
        sum += q[i].value / 4;
    if (!isfinite(sum))
        return;
    corner middle = { (q[0].x + q[2].x) / 2, (q[0].y + q[2].y) / 2, sum };
    for (size_t i = 0; i < 4; i++) {
        corner triangle[3] = { q[i], q[(i + 1) % 4], middle };
        nnrt_point ends[2];
        if (cut(c, triangle, ends) == 2 && !add_piece(all, ends[0], ends[1]))
            c->d->failed = true;
    }
}

static void march(cutter *c, const nnrt_field *f, pieces *all)
{
    double dx = (f->x1 - f->x0) / (double)(f->columns - 1),
           dy = (f->y1 - f->y0) / (double)(f->rows - 1);
    for (size_t r = 0; r + 1 < f->rows; r++) {
        for (size_t k = 0; k + 1 < f->columns; k++) {
            corner q[4];
            for (size_t i = 0; i < 4; i++) {
                size_t column = k + (i == 1 || i == 2), row = r + (i > 1);
                q[i] = (corner){ f->x0 + dx * (double)column, f->y0 + dy * (double)row,
                                 f->value[row * f->columns + column] };
            }
            march_cell(c, q, all);
        }
    }
}

void nnrt_contours_draw(nnrt_drawing *d, const nnrt_field *field, const nnrt_frame *frame)
{
    double levels[LEVELS];
    size_t count = field->columns > 1 && field->rows > 1 ? levels_of(field, levels) : 0;
    cutter c = { .d = d, .frame = frame };
    pieces all = { 0 };
    for (size_t i = 0; i < count; i++) {
        c.level = levels[i];
        all.count = 0;
        march(&c, field, &all);
        join(d, &all, 1);
    }
    free(all.data);
}
