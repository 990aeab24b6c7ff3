/* panel.c: curves in a frame: axes, grid, legend, and what marks a place on them. */
#include "charts/figure.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 12,
    LINE_WIDTH = 2,
    TITLE = 15,
    FEW_POINTS = 40,
    MOST_POINTS = 3000,
    MOST_LEGEND = 5,
    LEGEND_LINE = 18,
    APART = 6
};

typedef struct frame {
    nnrt_drawing *d;
    const nnrt_panel *p;
    nnrt_axis x, y;
    double left, top, width, height;
} frame;

static double x_at(const frame *f, double value)
{
    return f->left + f->width * nnrt_axis_place(&f->x, value);
}

static double y_at(const frame *f, double value)
{
    return f->top + f->height * (1 - nnrt_axis_place(&f->y, value));
}

/* ---- ranges ---- */

static bool is_path(const nnrt_panel *p)
{
    return p->series_count && p->series[p->series_count - 1].style == NNRT_PATH;
}

static void widen_range(double value, bool log, double *low, double *high)
{
    if (!isfinite(value) || (log && value <= 0))
        return;
    if (value < *low)
        *low = value;
    if (value > *high)
        *high = value;
}

static void ranges(const nnrt_panel *p, double *x, double *y)
{
    x[0] = y[0] = INFINITY;
    x[1] = y[1] = -INFINITY;
    for (size_t s = 0; s < p->series_count; s++) {
        for (size_t i = 0; i < p->series[s].count; i++) {
            if (!isfinite(p->series[s].y[i]))
                continue;
            widen_range(p->series[s].x[i], p->x_log, &x[0], &x[1]);
            widen_range(p->series[s].y[i], p->y_log, &y[0], &y[1]);
        }
    }
    if (p->unit_square)
        x[0] = y[0] = 0, x[1] = y[1] = 1;
    if (p->field) {
        x[0] = fmin(x[0], p->field->x0), x[1] = fmax(x[1], p->field->x1);
        y[0] = fmin(y[0], p->field->y0), y[1] = fmax(y[1], p->field->y1);
    }
    if (p->regions) {
        x[0] = p->regions->x0, x[1] = p->regions->x1;
        y[0] = p->regions->y0, y[1] = p->regions->y1;
        return;
    }
    bool path = is_path(p);
    for (int i = 0; i < 2 && path && !p->field; i++) {
        double *range = i ? y : x, room = (range[1] - range[0]) * 0.04;
        range[0] -= room;
        range[1] += room;
    }
    /* the lowest bar is to be seen */
    if (p->series_count && p->series[0].style == NNRT_BARS && p->y_log)
        y[0] /= 3;
    if (p->series_count && p->series[0].style == NNRT_DOTS && x[1] > x[0]) {
        double room = p->x_log ? pow(x[1] / x[0], 0.03) : (x[1] - x[0]) * 0.03;
        x[0] = p->x_log ? x[0] / room : x[0] - room;
        x[1] = p->x_log ? x[1] * room : x[1] + room;
    }
    if (p->y_from_zero && !p->y_log && y[0] > 0)
        y[0] = 0;
    if (p->y_from_zero && y[0] == 0 && y[1] == 0)
        y[1] = 1;
    if (p->x_names)
        x[0] = -0.6, x[1] = (double)p->x_name_count - 0.4;
    if (p->rule_text && isfinite(p->rule))
        widen_range(p->rule, p->x_log, &x[0], &x[1]);
}

/* ---- the frame ---- */

static void draw_grid(const frame *f)
{
    double bottom = f->top + f->height;
    for (size_t i = 0; i < f->y.ticks; i++) {
        double y = y_at(f, f->y.tick[i]);
        nnrt_draw_segment(f->d, NNRT_INK_GRID, 1, false, f->left, y, f->left + f->width, y);
        nnrt_draw_text(f->d, NNRT_INK_MUTED, SMALL, false, NNRT_END, f->left - 7, y + 4,
                       f->y.text[i]);
    }
    for (size_t i = 0; i < f->x.ticks && !f->p->x_names; i++) {
        double x = x_at(f, f->x.tick[i]);
        if (is_path(f->p))
            nnrt_draw_segment(f->d, NNRT_INK_GRID, 1, false, x, f->top, x, bottom);
        nnrt_draw_segment(f->d, NNRT_INK_AXIS, 1, false, x, bottom, x, bottom + 4);
        nnrt_draw_text(f->d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE, x, bottom + 18,
                       f->x.text[i]);
    }
    double room = f->p->x_name_count ? f->width / (double)f->p->x_name_count : 0;
    double widest = 24;
    for (size_t i = 0; f->p->x_names && i < f->p->x_name_count; i++)
        widest = fmax(widest, fmin(nnrt_text_width(f->p->x_names[i], SMALL), 110));
    size_t stride = room > 0 ? (size_t)ceil((widest + 6) / fmax(room, 1)) : 1;
    for (size_t i = 0; f->p->x_names && i < f->p->x_name_count; i += stride) {
        char name[80];
        nnrt_text_fit(f->p->x_names[i], SMALL, fmax(room * (double)stride - 4, 24), name,
                      sizeof name);
        nnrt_draw_text(f->d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE, x_at(f, (double)i),
                       bottom + 18, name);
    }
    nnrt_draw_segment(f->d, NNRT_INK_AXIS, 1, false, f->left, bottom, f->left + f->width, bottom);
    nnrt_draw_text(f->d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE, f->left + f->width / 2,
                   bottom + 36, f->p->x_label);
}

/* Names of the series behind the title, from the right edge leftwards; those that find no room
 * there stand on a line below. */
static double legend_width(const nnrt_panel *p)
{
    double width = 0;
    for (size_t s = 0; s < p->series_count; s++)
        if (*p->series[s].name)
            width += nnrt_text_width(p->series[s].name, SMALL) + 40;
    return width;
}

static void draw_ring(nnrt_drawing *d, nnrt_ink ink, double x, double y)
{
    nnrt_draw_circle(d, ink, 1, x, y, 6);
    nnrt_draw_circle(d, NNRT_INK_PAPER, 1, x, y, 4.6);
}

static void draw_key(nnrt_drawing *d, const nnrt_series *one, double x, double y)
{
    if (one->style == NNRT_BARS) {
        nnrt_draw_box(d, one->ink, 1, x + 6, y - 9, 10, 10);
    } else if (one->style == NNRT_RINGS) {
        draw_ring(d, one->ink, x + 11, y - 4);
    } else if (one->style == NNRT_DOTS) {
        nnrt_draw_circle(d, one->ink, 1, x + 11, y - 4, 4);
    } else {
        nnrt_draw_segment(d, one->ink, LINE_WIDTH + 0.5, one->style == NNRT_CURVE_DASHED, x, y - 4,
                          x + 22, y - 4);
    }
}

/* In as many lines as it takes, at most MOST_LEGEND; returns how many. d NULL: counts alone. */
static size_t draw_legend(nnrt_drawing *d, const nnrt_panel *p, double left, double y, double right)
{
    char name[120];
    size_t lines = 1;
    double x = left;
    for (size_t s = 0; s < p->series_count; s++) {
        const nnrt_series *one = &p->series[s];
        if (!*one->name)
            continue;
        double width = fmin(nnrt_text_width(one->name, SMALL) + 1, right - left - 30);
        if (x > left && x + 27 + width > right) {
            if (lines == MOST_LEGEND) {
                if (d) {
                    nnrt_draw_text(d, NNRT_INK_MUTED, SMALL, false, NNRT_START, x, y,
                                   "\xe2\x80\xa6");
                }
                return lines;
            }
            lines++;
            x = left;
            y += LEGEND_LINE;
        }
        if (d) {
            draw_key(d, one, x, y);
            nnrt_text_fit(one->name, SMALL, width, name, sizeof name);
            nnrt_draw_text(d, NNRT_INK_TEXT, SMALL, false, NNRT_START, x + 27, y, name);
        }
        x += width + 40;
    }
    return lines;
}

/* ---- series ---- */

/* Points beyond what the eye can tell apart are thinned to the lowest and highest of each column.
 */
static size_t thin(const frame *f, nnrt_point *points, size_t count)
{
    if (count <= MOST_POINTS)
        return count;
    size_t kept = 0;
    for (size_t i = 0; i < count;) {
        double column = floor(points[i].x);
        size_t end = i, low = i, high = i;
        for (; end < count && floor(points[end].x) == column; end++) {
            if (points[end].y < points[low].y)
                low = end;
            if (points[end].y > points[high].y)
                high = end;
        }
        nnrt_point a = points[low < high ? low : high], b = points[low < high ? high : low];
        points[kept++] = a;
        if (low != high)
            points[kept++] = b;
        i = end;
    }
    (void)f;
    return kept;
}

static void draw_run(const frame *f, const nnrt_series *s, nnrt_point *points, size_t count,
                     bool marked)
{
    if (s->style != NNRT_PATH)
        count = thin(f, points, count);
    if (s->style != NNRT_DOTS && s->style != NNRT_RINGS)
        nnrt_draw_line(f->d, s->ink, LINE_WIDTH, s->style == NNRT_CURVE_DASHED, points, count);
    for (size_t i = 0; i < count && s->style == NNRT_RINGS; i++)
        draw_ring(f->d, s->ink, points[i].x, points[i].y);
    if (s->style == NNRT_RINGS)
        return;
    if (s->style != NNRT_PATH && count > 1 &&
        fabs(points[count - 1].x - points[0].x) < APART * (double)count) {
        marked = false;
    }
    double radius = s->style == NNRT_DOTS ? 3.5 : s->style == NNRT_PATH ? 2.2 : 2.6;
    for (size_t i = 0; i < count && (marked || count == 1 || s->style == NNRT_DOTS); i++) {
        nnrt_draw_circle(f->d, s->ink, s->style == NNRT_DOTS ? 0.75 : 1, points[i].x, points[i].y,
                         radius);
    }
}

static void draw_bars(const frame *f, const nnrt_series *s, size_t number, size_t of)
{
    double group = f->width / (f->x.high - f->x.low) * 0.76, width = group / (double)of,
           zero = y_at(f, fmax(f->y.low, f->y.log ? f->y.low : 0));
    for (size_t i = 0; i < s->count; i++) {
        if (!isfinite(s->y[i]))
            continue;
        double x = x_at(f, s->x[i]) - group / 2 + width * (double)number, y = y_at(f, s->y[i]);
        nnrt_draw_box(f->d, s->ink, 1, x + width * 0.04, fmin(y, zero), width * 0.92,
                      fabs(y - zero));
    }
}

static void draw_series(const frame *f, const nnrt_series *s)
{
    nnrt_point *points = malloc(s->count * sizeof *points);
    if (!points) {
        f->d->failed = true;
        return;
    }
    bool marked = s->style == NNRT_PATH ? s->count <= 400 : s->count <= FEW_POINTS && !f->p->bare;
    size_t count = 0;
    for (size_t i = 0; i <= s->count; i++) {
        bool sound = i < s->count && isfinite(s->x[i]) && isfinite(s->y[i]) &&
                     !(f->y.log && s->y[i] <= 0) && !(f->x.log && s->x[i] <= 0);
        if (sound) {
            points[count++] = (nnrt_point){ x_at(f, s->x[i]), y_at(f, s->y[i]) };
            continue;
        }
        if (count)
            draw_run(f, s, points, count, marked);
        count = 0;
    }
    if (s->style == NNRT_PATH) {
        for (size_t i = 0; i < s->count; i += s->count > 1 ? s->count - 1 : 1) {
            double x = x_at(f, s->x[i]), y = y_at(f, s->y[i]);
            nnrt_draw_circle(f->d, NNRT_INK_PAPER, 1, x, y, 6.5);
            nnrt_draw_circle(f->d, s->ink, 1, x, y, 5);
            if (!i)
                nnrt_draw_circle(f->d, NNRT_INK_PAPER, 1, x, y, 2.6);
        }
    }
    free(points);
}

static size_t points_in(const frame *f, double left, double top, double right, double bottom)
{
    size_t count = 0;
    for (size_t s = 0; s < f->p->series_count; s++) {
        for (size_t i = 0; i < f->p->series[s].count; i++) {
            double x = x_at(f, f->p->series[s].x[i]), y = y_at(f, f->p->series[s].y[i]);
            count += x >= left && x <= right && y >= top && y <= bottom;
        }
    }
    return count;
}

static void draw_rule(const frame *f)
{
    double x = x_at(f, f->p->rule), width = nnrt_text_width(f->p->rule_text, SMALL);
    nnrt_draw_segment(f->d, NNRT_INK_MUTED, 1.4, true, x, f->top, x, f->top + f->height);
    bool left = x + 8 + width > f->left + f->width;
    double from = left ? x - 8 - width : x + 8, at = f->top + 6;
    size_t fewest = SIZE_MAX;
    for (int place = 0; place < 5; place++) { /* where it hides least */
        double top = f->top + 6 + (f->height - SMALL - 18) * place / 4;
        size_t hidden = points_in(f, from - 6, top - 6, from + width + 6, top + SMALL + 8);
        if (hidden >= fewest)
            continue;
        fewest = hidden;
        at = top;
    }
    nnrt_draw_box(f->d, NNRT_INK_PAPER, 0.8, from - 3, at - 2, width + 6, SMALL + 6);
    nnrt_draw_text(f->d, NNRT_INK_TEXT, SMALL, false, NNRT_START, from, at + SMALL - 1,
                   f->p->rule_text);
}

void nnrt_panel_draw(nnrt_drawing *d, const nnrt_panel *p, double x, double y)
{
    double xs[2], ys[2], widest = 0, title = nnrt_text_width(p->title, TITLE) * 1.06,
                         legend = legend_width(p), head = 34;
    frame f = { .d = d, .p = p };
    ranges(p, xs, ys);
    f.x = nnrt_axis_over(xs[0], xs[1], p->x_log, p->x_whole, false, (size_t)(p->width / 90));
    f.y = nnrt_axis_over(ys[0], ys[1], p->y_log, false, !p->field && !p->regions,
                         (size_t)(p->height / 60));
    for (size_t i = 0; i < f.y.ticks; i++)
        widest = fmax(widest, nnrt_text_width(f.y.text[i], SMALL));
    bool below = legend > 0 && title + legend + 60 > p->width;
    if (below)
        head += 4 + LEGEND_LINE * (double)draw_legend(NULL, p, 0, 0, p->width - 24);
    f.left = x + widest + (*p->y_label ? 34 : 16);
    f.top = y + head;
    f.width = x + p->width - 18 - f.left;
    f.height = y + p->height - (*p->x_label ? 46 : 28) - f.top;
    char text[200];
    nnrt_text_fit(p->title, TITLE, below ? p->width - 24 : p->width - legend - 30, text,
                  sizeof text);
    nnrt_draw_text(d, NNRT_INK_TEXT, TITLE, true, NNRT_START, x + 10, y + 20, text);
    if (legend > 0) {
        draw_legend(d, p, below ? x + 10 : x + p->width - 12 - legend, y + (below ? 40 : 20),
                    below ? x + p->width - 14 : x + p->width + 40);
    }
    draw_grid(&f);
    if (*p->y_label)
        nnrt_draw_upright(d, NNRT_INK_MUTED, SMALL, x + 18, f.top + f.height / 2, p->y_label);
    if (p->regions)
        nnrt_regions_draw(d, p->regions, &f.x, &f.y, f.left, f.top, f.width, f.height);
    if (p->field)
        nnrt_contours_draw(d, p->field, &f.x, &f.y, f.left, f.top, f.width, f.height);
    size_t bars = 0, bar = 0;
    for (size_t s = 0; s < p->series_count; s++)
        bars += p->series[s].style == NNRT_BARS;
    for (size_t s = 0; s < p->series_count; s++)
        if (p->series[s].style == NNRT_BARS)
            draw_bars(&f, &p->series[s], bar++, bars);
        else
            draw_series(&f, &p->series[s]);
    if (p->rule_text && isfinite(p->rule))
        draw_rule(&f);
}
