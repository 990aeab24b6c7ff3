/* digits.c: handwriting-like figures. Each digit is a few strokes, lines and arcs of ellipses, in
 * several ways of writing it; each sample bends, slants, turns, scales and shifts them, draws them
 * with a pen of its own thickness and darkness, and adds noise. Position and slant are what a
 * linear model can't follow; a small network can. */
#include "data/generate.h"
#include <math.h>
#include <string.h>

enum { MAX_STROKES = 6, MAX_POINTS = 20, DIGITS = 10, MAX_WAYS = 3 };

/* In a box of 1 by 1, y downwards. An arc goes from angle a to b, in degrees, clockwise from the
 * right; a line has a == b and goes from (x, y) to (u, v), which are an arc's centre and radii. */
typedef struct stroke {
    double x, y, u, v, a, b;
} stroke;

#define LINE(x0, y0, x1, y1) { x0, y0, x1, y1, 0, 0 }
#define ARC(cx, cy, rx, ry, from, to) { cx, cy, rx, ry, from, to }

static const stroke ways[DIGITS][MAX_WAYS][MAX_STROKES] = {
    { { ARC(0.5, 0.5, 0.34, 0.5, 0, 360) },
      { ARC(0.5, 0.5, 0.26, 0.48, -60, 310) },
      { ARC(0.5, 0.5, 0.4, 0.44, 0, 360) } },
    { { LINE(0.5, 0, 0.5, 1) },
      { LINE(0.5, 0, 0.5, 1), LINE(0.28, 0.24, 0.5, 0) },
      { LINE(0.5, 0, 0.5, 1), LINE(0.28, 0.2, 0.5, 0), LINE(0.28, 1, 0.72, 1) } },
    { { ARC(0.5, 0.28, 0.34, 0.28, 180, 385), LINE(0.81, 0.4, 0.14, 1), LINE(0.14, 1, 0.88, 1) },
      { ARC(0.48, 0.26, 0.34, 0.26, 200, 410), LINE(0.7, 0.46, 0.24, 0.92),
        ARC(0.26, 0.88, 0.12, 0.1, 30, 320), LINE(0.34, 0.84, 0.9, 0.98) },
      { ARC(0.5, 0.3, 0.3, 0.3, 190, 380), LINE(0.78, 0.4, 0.2, 0.96),
        LINE(0.2, 0.96, 0.84, 0.94) } },
    { { ARC(0.46, 0.26, 0.34, 0.26, 200, 450), ARC(0.46, 0.75, 0.38, 0.25, 270, 520) },
      { LINE(0.14, 0, 0.8, 0), LINE(0.8, 0, 0.44, 0.4), ARC(0.44, 0.7, 0.38, 0.3, 270, 510) },
      { ARC(0.44, 0.25, 0.3, 0.24, 210, 440), ARC(0.48, 0.74, 0.34, 0.26, 280, 510) } },
    { { LINE(0.6, 0, 0.1, 0.64), LINE(0.1, 0.64, 0.92, 0.64), LINE(0.68, 0.3, 0.68, 1) },
      { LINE(0.2, 0, 0.14, 0.5), LINE(0.14, 0.5, 0.82, 0.5), LINE(0.78, 0, 0.74, 1) },
      { LINE(0.68, 0, 0.1, 0.66), LINE(0.1, 0.66, 0.9, 0.66), LINE(0.68, 0, 0.68, 1) } },
    { { LINE(0.8, 0, 0.24, 0), LINE(0.24, 0, 0.2, 0.44), ARC(0.46, 0.68, 0.36, 0.32, 225, 500) },
      { LINE(0.84, 0.02, 0.26, 0.02), LINE(0.26, 0.02, 0.24, 0.46),
        ARC(0.44, 0.7, 0.38, 0.3, 240, 520) },
      { LINE(0.76, 0, 0.3, 0.04), LINE(0.3, 0.04, 0.22, 0.4),
        ARC(0.48, 0.66, 0.32, 0.34, 220, 490) } },
    { { ARC(0.48, 0.7, 0.34, 0.3, 0, 360), ARC(0.74, 0.62, 0.6, 0.62, 175, 265) },
      { ARC(0.5, 0.68, 0.3, 0.3, 0, 360), LINE(0.22, 0.6, 0.64, 0) },
      { ARC(0.48, 0.72, 0.36, 0.27, 0, 360), ARC(0.8, 0.6, 0.68, 0.6, 170, 250) } },
    { { LINE(0.12, 0, 0.86, 0), LINE(0.86, 0, 0.4, 1) },
      { LINE(0.12, 0.02, 0.86, 0.02), LINE(0.86, 0.02, 0.42, 1), LINE(0.36, 0.5, 0.84, 0.5) },
      { LINE(0.14, 0.14, 0.16, 0), LINE(0.16, 0, 0.86, 0.02), ARC(1.06, 1.0, 0.62, 1, 180, 255) } },
    { { ARC(0.5, 0.25, 0.28, 0.25, 0, 360), ARC(0.5, 0.75, 0.34, 0.25, 0, 360) },
      { ARC(0.52, 0.22, 0.25, 0.22, 0, 360), ARC(0.48, 0.72, 0.3, 0.28, 0, 360) },
      { LINE(0.74, 0.1, 0.26, 0.78), LINE(0.26, 0.16, 0.76, 0.76),
        ARC(0.5, 0.16, 0.25, 0.16, 170, 370), ARC(0.5, 0.82, 0.26, 0.18, -10, 190) } },
    { { ARC(0.5, 0.3, 0.34, 0.3, 0, 360), LINE(0.84, 0.3, 0.76, 1) },
      { ARC(0.5, 0.28, 0.32, 0.28, 0, 360), ARC(0.26, 0.36, 0.56, 0.64, 0, 80) },
      { ARC(0.48, 0.3, 0.3, 0.28, 0, 360), LINE(0.78, 0.26, 0.78, 1) } },
};

/* How far samples differ from the figures above. */
static const double spread_turn = 0.18, spread_slant = 0.24, least_scale = 0.8, most_scale = 1.1,
                    spread_shift = 2.6, spread_bend = 0.05, spread_end = 0.03, least_pen = 1.5,
                    most_pen = 2.2, least_ink = 180, pixel_noise = 6;

typedef struct point {
    float x, y;
} point;

/* The pen and the sheet. */
typedef struct sheet {
    float *pixel;
    int size;
    float radius, ink;
} sheet;

static double swing(nnrt_random *r, double spread)
{
    return spread * (2 * nnrt_random_uniform(r) - 1);
}

/* Darkens the pixels near the line from a to b: full within the radius, fading over one pixel. */
static void draw_line(const sheet *s, point a, point b)
{
    float reach = s->radius + 0.5f, dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy,
          inverse = length2 > 0 ? 1 / length2 : 0;
    int left = (int)fmaxf(0, floorf(fminf(a.x, b.x) - reach)),
        right = (int)fminf((float)s->size - 1, ceilf(fmaxf(a.x, b.x) + reach));
    int top = (int)fmaxf(0, floorf(fminf(a.y, b.y) - reach)),
        bottom = (int)fminf((float)s->size - 1, ceilf(fmaxf(a.y, b.y) + reach));
    float reach2 = reach * reach;
    for (int y = top; y <= bottom; y++) {
        float py = (float)y - a.y, row = py * dy;
        for (int x = left; x <= right; x++) {
            float px = (float)x - a.x, along = (px * dx + row) * inverse;
            if (along < 0)
                along = 0;
            if (along > 1)
                along = 1;
            float ex = px - along * dx, ey = py - along * dy, far2 = ex * ex + ey * ey;
            if (far2 >= reach2)
                continue;
            float dark = reach - sqrtf(far2), *pixel = &s->pixel[y * s->size + x];
            dark = (dark > 1 ? 1 : dark) * s->ink;
            if (dark > *pixel)
                *pixel = dark;
        }
    }
}

/* A stroke as points in the box; its ends, or its centre and radii, are a little off. */
static int trace(const stroke *s, nnrt_random *r, point *points)
{
    double x = s->x + swing(r, spread_end), y = s->y + swing(r, spread_end),
           u = s->u + swing(r, spread_end), v = s->v + swing(r, spread_end);
    if (s->a == s->b) {
        enum { PIECES = 4 }; /* a line may bend */

        for (int i = 0; i <= PIECES; i++) {
            points[i] =
                (point){ (float)(x + (u - x) * i / PIECES), (float)(y + (v - y) * i / PIECES) };
        }
        return PIECES + 1;
    }
    double to_radians = 3.14159265358979323846 / 180, from = (s->a + swing(r, 12)) * to_radians,
           to = (s->b + swing(r, 12)) * to_radians;
    int pieces = (int)(fabs(s->b - s->a) / 30) + 2;
    for (int i = 0; i <= pieces; i++) {
        double t = from + (to - from) * i / pieces;
        points[i] = (point){ (float)(x + u * cos(t)), (float)(y + v * sin(t)) };
    }
    return pieces + 1;
}

/* Two bytes of a draw, centred, are noise enough like normal noise; a draw serves two pixels. */
static void add_noise(float *pixel, int n, nnrt_random *r)
{
    const float unit = (float)(pixel_noise / 104.5);
    for (int i = 0; i < n; i += 2) {
        uint32_t bits = nnrt_random_u32(r);
        for (int k = 0; k < 2 && i + k < n; k++, bits >>= 16) {
            float value =
                pixel[i + k] + unit * (float)((int)(bits & 255) + (int)(bits >> 8 & 255) - 255);
            if (value < 0)
                pixel[i + k] = 0;
            else
                pixel[i + k] = value > 255 ? 255 : (float)(int)(value + 0.5f);
        }
    }
}

static void draw_digit(float *pixel, int size, int digit, nnrt_random *r)
{
    double unit = size / 28.0, turn = swing(r, spread_turn), slant = swing(r, spread_slant);
    double wide = 16 * unit * (least_scale + (most_scale - least_scale) * nnrt_random_uniform(r)),
           high = 20 * unit * (least_scale + (most_scale - least_scale) * nnrt_random_uniform(r));
    double shift_x = (size - 1) / 2.0 + swing(r, spread_shift * unit),
           shift_y = (size - 1) / 2.0 + swing(r, spread_shift * unit);
    double bend_x = swing(r, spread_bend), bend_y = swing(r, spread_bend), phase_x = swing(r, 3.14),
           phase_y = swing(r, 3.14);
    sheet s = { pixel, size,
                (float)(unit * (least_pen + (most_pen - least_pen) * nnrt_random_uniform(r))),
                (float)(least_ink + (255 - least_ink) * nnrt_random_uniform(r)) };

    memset(pixel, 0, (size_t)(size * size) * sizeof *pixel);
    double c = cos(turn), d = sin(turn);
    const stroke *strokes = ways[digit][nnrt_random_below(r, MAX_WAYS)];
    for (int k = 0; k < MAX_STROKES && (strokes[k].u != 0 || strokes[k].v != 0); k++) {
        point points[MAX_POINTS];
        int n = trace(&strokes[k], r, points);
        for (int i = 0; i < n; i++) {
            double x = points[i].x - 0.5 + bend_x * sin(5 * points[i].y + phase_x),
                   y = points[i].y - 0.5 + bend_y * sin(5 * points[i].x + phase_y);
            x = wide * (x - slant * y);
            y = high * y;
            points[i] =
                (point){ (float)(shift_x + c * x - d * y), (float)(shift_y + d * x + c * y) };
        }
        for (int i = 1; i < n; i++)
            draw_line(&s, points[i - 1], points[i]);
    }
    add_noise(pixel, size * size, r);
}

bool nnrt_generate_digits(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    double size = nnrt_form_number(request->form, "size", 28);
    if (!(size >= 4 && size <= 4096) || size != floor(size)) {
        return nnrt_fail(e, NNRT_SCRIPT, "out-of-range",
                         "digits(n, size): size is a number of pixels from 4 to 4096, not %g",
                         size);
    }
    source->rank = 3;
    source->shape[0] = 1;
    source->shape[1] = source->shape[2] = (int64_t)size;
    nnrt_random order = nnrt_random_new(request->seed, NNRT_DRAW_GENERATE, nnrt_hash("digits"), 0);
    if (!nnrt_generate_begin(request, source, DIGITS, &order, e))
        return false;
    for (int64_t i = 0; i < source->count; i++) {
        nnrt_random random = nnrt_random_new(request->seed, NNRT_DRAW_GENERATE, nnrt_hash("digits"),
                                             (uint32_t)i + 1);
        draw_digit(source->x + i * source->sample_size, (int)size, (int)source->integer[i],
                   &random);
    }
    return true;
}
