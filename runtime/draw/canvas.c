/* canvas.c: painting a drawing in pixels, with smooth edges.
 *
 * A shape's edges leave in each pixel the signed area that they cover to their right; summed along
 * a row this is the covering of each pixel (Raph Levien's font-rs; the same as stb_truetype's).
 * Shapes are filled by the nonzero rule: a stroke is the sum of its segments' boxes and its joints'
 * discs, all wound alike, and what lies in several of them counts once. */
#include "draw/drawing.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct canvas {
    size_t width, height;
    double scale;
    uint8_t *pixel;
    float *cover; /* of the shape being painted; zero outside of the box below */
    long left, top, right, bottom;
} canvas;

/* ---- filling ---- */

/* Widens the box of what is covered to a row's columns [first, last + 2). */
static void include_row(canvas *c, long row, long first, long last)
{
    if (first < c->left)
        c->left = first;
    if (last + 2 > c->right)
        c->right = last + 2;
    if (row < c->top)
        c->top = row;
    if (row + 1 > c->bottom)
        c->bottom = row + 1;
}

/* Covers the part of one row to the right of an edge that crosses it from column a to column b >= a
 * and is `d` high, negative where it runs upwards. */
static void cover_row(canvas *c, long row, double a, double b, double d)
{
    float *cover = c->cover + (size_t)row * (c->width + 2);
    long first = (long)a, last = (long)ceil(b);
    include_row(c, row, first, last);
    if (last <= first + 1) { /* within one pixel */
        double middle = (a + b) / 2 - (double)first;
        cover[first] += (float)(d * (1 - middle));
        cover[first + 1] += (float)(d * middle);
        return;
    }

    double per = 1 / (b - a), rest = 1 - (a - (double)first), enter = 0.5 * per * rest * rest,
           leave_part = b - (double)last + 1, leave = 0.5 * per * leave_part * leave_part;
    cover[first] += (float)(d * enter);
    if (last == first + 2) {
        cover[first + 1] += (float)(d * (1 - enter - leave));
    } else {
        double second = per * (1.5 - (a - (double)first));
        cover[first + 1] += (float)(d * (second - enter));
        for (long i = first + 2; i < last - 1; i++)
            cover[i] += (float)(d * per);
        double sofar = second + (double)(last - first - 3) * per;
        cover[last - 1] += (float)(d * (1 - sofar - leave));
    }
    cover[last] += (float)(d * leave);
}

static void edge(canvas *c, double x0, double y0, double x1, double y1)
{
    if (y0 == y1)
        return;
    double direction = y0 < y1 ? 1 : -1;
    if (y0 > y1) {
        double x = x0, y = y0;
        x0 = x1;
        y0 = y1;
        x1 = x;
        y1 = y;
    }

    double slope = (x1 - x0) / (y1 - y0), last_row = (double)c->height,
           last_column = (double)c->width;
    if (y0 < 0) {
        x0 -= y0 * slope;
        y0 = 0;
    }
    if (y1 > last_row)
        y1 = last_row;
    double x = x0;
    for (long row = (long)y0; row < (long)ceil(y1) && row < (long)c->height; row++) {
        double below = fmin(y1, (double)row + 1), above = fmax(y0, (double)row),
               height = below - above, next = x + slope * height;
        double a = fmin(fmax(fmin(x, next), 0), last_column),
               b = fmin(fmax(fmax(x, next), 0), last_column);
        cover_row(c, row, a, b, direction * height);
        x = next;
    }
}

static void begin_shape(canvas *c)
{
    c->left = (long)c->width;
    c->top = (long)c->height;
    c->right = c->bottom = 0;
}

/* Paints what has been covered, and clears it. */
static void end_shape(canvas *c, uint32_t color, double opacity)
{
    const float ink[3] = { (float)(color >> 16), (float)(color >> 8 & 255), (float)(color & 255) };
    long right = c->right < (long)c->width ? c->right : (long)c->width;
    for (long y = c->top; y < c->bottom; y++) {
        float *cover = c->cover + (size_t)y * (c->width + 2), sum = 0;
        for (long x = c->left; x < right; x++) {
            sum += cover[x];
            float alpha = fminf(fabsf(sum), 1) * (float)opacity;
            uint8_t *pixel = c->pixel + 3 * ((size_t)y * c->width + (size_t)x);
            for (int i = 0; i < 3 && alpha > 0.002f; i++) {
                pixel[i] =
                    (uint8_t)((float)pixel[i] + ((float)ink[i] - (float)pixel[i]) * alpha + 0.5f);
            }
        }
        memset(cover + c->left, 0, (size_t)(c->right - c->left) * sizeof *cover);
    }
}

static void polygon(canvas *c, const nnrt_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const nnrt_point *a = &points[i], *b = &points[i + 1 < count ? i + 1 : 0];
        edge(c, a->x * c->scale, a->y * c->scale, b->x * c->scale, b->y * c->scale);
    }
}

static void disc(canvas *c, double x, double y, double radius)
{
    enum { MOST = 64 };

    size_t corners = (size_t)fmin(MOST, 10 + radius * c->scale * 2);
    nnrt_point points[MOST];
    for (size_t i = 0; i < corners; i++) {
        double angle = 2 * 3.14159265358979323846 * (double)i / (double)corners;
        points[i] = (nnrt_point){ x + radius * cos(angle), y + radius * sin(angle) };
    }
    polygon(c, points, corners);
}

/* ---- strokes ---- */

static void box(canvas *c, nnrt_point a, nnrt_point b, double width)
{
    double dx = b.x - a.x, dy = b.y - a.y, length = hypot(dx, dy);
    if (length < 1e-9)
        return;
    double nx = -dy / length * width / 2, ny = dx / length * width / 2;
    nnrt_point corners[] = { { a.x - nx, a.y - ny },
                             { b.x - nx, b.y - ny },
                             { b.x + nx, b.y + ny },
                             { a.x + nx, a.y + ny } };
    polygon(c, corners, 4);
}

/* A segment in dashes; `walked`: how far the line has come before it. */
static void dash(canvas *c, nnrt_point a, nnrt_point b, double length, double width, double walked)
{
    enum { ON = 6, OFF = 4 };

    for (double at = 0; at < length;) {
        double phase = fmod(walked + at, ON + OFF),
               rest = fmin(length - at, (phase < ON ? ON : ON + OFF) - phase);
        if (rest < 1e-6)
            rest = 1e-6;
        nnrt_point from = { a.x + (b.x - a.x) * at / length, a.y + (b.y - a.y) * at / length };
        nnrt_point to = { a.x + (b.x - a.x) * (at + rest) / length,
                          a.y + (b.y - a.y) * (at + rest) / length };
        if (phase < ON)
            box(c, from, to, width);
        at += rest;
    }
}

static void stroke(canvas *c, const nnrt_point *points, size_t count, double width, bool dashed)
{
    double walked = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        nnrt_point a = points[i], b = points[i + 1];
        double length = hypot(b.x - a.x, b.y - a.y);
        if (dashed) {
            dash(c, a, b, length, width, walked);
            walked += length;
            continue;
        }
        box(c, a, b, width);
        if (i && width > 1.2)
            disc(c, a.x, a.y, width / 2);
    }
}

/* ---- texts ---- */

typedef struct pen {
    canvas *c;
    nnrt_point origin;
    double size, offset, half;
    bool upright;
} pen;

static nnrt_point placed(const pen *p, double x, double y)
{
    double right = (x / 1000 + p->offset) * p->size, up = y / 1000 * p->size;
    return p->upright ? (nnrt_point){ p->origin.x - up, p->origin.y - right }
                      : (nnrt_point){ p->origin.x + right, p->origin.y - up };
}

static nnrt_point across(nnrt_point a, nnrt_point b)
{
    double length = fmax(hypot(b.x - a.x, b.y - a.y), 1e-9);
    return (nnrt_point){ (a.y - b.y) / length, (b.x - a.x) / length };
}

/* The segment that follows segment i at its end, or comes before it; itself: there is none. */
static size_t neighbour(const nnrt_point *points, size_t count, size_t i, bool end)
{
    const nnrt_point *first = &points[0], *last = &points[count - 1];
    bool closed = first->x == last->x && first->y == last->y;
    if (end && i + 2 < count)
        return i + 1;
    if (!end && i)
        return i - 1;
    if (!closed)
        return i;
    return end ? 0 : count - 2;
}

/* From the pen's middle to its edge at the end of segment i, or at its beginning: half its width,
 * more at a corner. `sharp`: too sharp for that. */
static nnrt_point reach(const pen *p, const nnrt_point *points, size_t count, size_t i, bool end,
                        bool *sharp)
{
    size_t other = neighbour(points, count, i, end);
    nnrt_point a = across(points[i], points[i + 1]), b = across(points[other], points[other + 1]),
               sum = { a.x + b.x, a.y + b.y };
    double square = sum.x * sum.x + sum.y * sum.y;
    *sharp = square < 1.4;
    if (*sharp)
        return (nnrt_point){ a.x * p->half, a.y * p->half };
    return (nnrt_point){ 2 * p->half * sum.x / square, 2 * p->half * sum.y / square };
}

/* Boxes that share their ends, so that nothing is covered twice, and discs at sharp corners. */
static void pen_stroke(const pen *p, const nnrt_point *points, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        bool sharp;
        nnrt_point a = points[i], b = points[i + 1], u = reach(p, points, count, i, false, &sharp),
                   v = reach(p, points, count, i, true, &sharp);
        nnrt_point corners[] = { placed(p, a.x + u.x, a.y + u.y), placed(p, b.x + v.x, b.y + v.y),
                                 placed(p, b.x - v.x, b.y - v.y), placed(p, a.x - u.x, a.y - u.y) };
        polygon(p->c, corners, 4);
        nnrt_point joint = placed(p, b.x, b.y);
        if (sharp)
            disc(p->c, joint.x, joint.y, p->half / 1000 * p->size);
    }
}

/* The strokes of a letter (glyphs.def): M moves, L draws a line, Q a quadratic curve. */
static void glyph(const pen *p, const char *strokes)
{
    enum { PIECES = 6, MOST = 96 };

    nnrt_point points[MOST];
    size_t count = 0;
    while (*strokes) {
        char op = *strokes++, *end;
        double v[4];
        for (int i = 0; i < (op == 'Q' ? 4 : 2); i++) {
            v[i] = (double)strtol(strokes, &end, 10);
            strokes = end;
        }
        if (op == 'M') {
            pen_stroke(p, points, count);
            count = 0;
        }
        if (op != 'Q') {
            if (count < MOST)
                points[count++] = (nnrt_point){ v[0], v[1] };
            continue;
        }

        nnrt_point from = points[count - 1];
        for (int i = 1; i <= PIECES && count < MOST; i++) {
            double t = (double)i / PIECES, u = 1 - t;
            points[count++] = (nnrt_point){ u * u * from.x + 2 * u * t * v[0] + t * t * v[2],
                                            u * u * from.y + 2 * u * t * v[1] + t * t * v[3] };
        }
    }
    pen_stroke(p, points, count);
}

static void write_text(canvas *c, const nnrt_mark *m, nnrt_point at, const char *text,
                       uint32_t color)
{
    enum { HALF_PEN = 42, HALF_BOLD = 58 };

    double width = nnrt_text_width(text, 1), shift = 0;
    if (m->anchor == NNRT_MIDDLE)
        shift = width / 2;
    else if (m->anchor == NNRT_END)
        shift = width;
    pen p = { c, at, m->size, -shift, m->bold ? HALF_BOLD : HALF_PEN, m->upright };
    uint32_t code;
    while (*text) {
        text += nnrt_text_next(text, &code);
        const nnrt_glyph *g = nnrt_glyph_find(code);
        begin_shape(c);
        glyph(&p, g->strokes);
        end_shape(c, color, 1);
        p.offset += g->advance / 1000.0;
    }
}

static void paint_mark(canvas *c, const nnrt_drawing *d, const nnrt_mark *m)
{
    const nnrt_point *points = d->point + m->first;
    uint32_t color = nnrt_ink_color(m->ink, false);
    if (m->kind == NNRT_MARK_TEXT) {
        write_text(c, m, *points, d->text + m->text, color);
        return;
    }
    begin_shape(c);
    if (m->kind == NNRT_MARK_LINE)
        stroke(c, points, m->count, m->size, m->dashed);
    else if (m->kind == NNRT_MARK_AREA)
        polygon(c, points, m->count);
    else
        disc(c, points->x, points->y, m->size);
    end_shape(c, color, m->opacity);
}

uint8_t *nnrt_paint(const nnrt_drawing *d, double scale, size_t *width, size_t *height)
{
    canvas c = { .width = (size_t)ceil(d->width * scale),
                 .height = (size_t)ceil(d->height * scale),
                 .scale = scale };
    c.pixel = malloc(3 * c.width * c.height + 1);
    c.cover = calloc((c.width + 2) * c.height + 1, sizeof *c.cover);
    if (!c.pixel || !c.cover) {
        free(c.pixel);
        free(c.cover);
        return NULL;
    }
    uint32_t paper = nnrt_ink_color(NNRT_INK_PAPER, false);
    for (size_t i = 0; i < c.width * c.height; i++)
        for (int k = 0; k < 3; k++)
            c.pixel[3 * i + (size_t)k] = (uint8_t)(paper >> (16 - 8 * k));
    for (size_t i = 0; i < d->marks; i++)
        paint_mark(&c, d, &d->mark[i]);
    free(c.cover);
    *width = c.width;
    *height = c.height;
    return c.pixel;
}
