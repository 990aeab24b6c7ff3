/* draw_curves.c: curves, dots and bars in a frame: axes, grid, legend, and what marks a place on
 * them. */
#include "charts/draw_panels.h"
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

/* A panel being drawn. */
typedef struct sheet {
    nnrt_drawing *d;
    const nnrt_panel *p;
    nnrt_frame at;
} sheet;

static double x_at(const sheet *f, double value)
{
    return f->at.left + f->at.width * nnrt_axis_place(&f->at.x, value);
}

static double y_at(const sheet *f, double value)
{
    return f->at.top + f->at.height * (1 - nnrt_axis_place(&f->at.y, value));
}

nnrt_point nnrt_frame_place(const nnrt_frame *frame, double x, double y)
{
    return (nnrt_point){ frame->left + frame->width * nnrt_axis_place(&frame->x, x),
                         frame->top + frame->height * (1 - nnrt_axis_place(&frame->y, y)) };
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

/* What the values span, before anything is added for looks. */
static void span_values(const nnrt_panel *p, double *x, double *y)
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
    if (p->unit_square) {
        x[0] = y[0] = 0;
        x[1] = y[1] = 1;
    }
    if (p->field) {
        x[0] = fmin(x[0], p->field->x0);
        x[1] = fmax(x[1], p->field->x1);
        y[0] = fmin(y[0], p->field->y0);
        y[1] = fmax(y[1], p->field->y1);
    }
}

/* Room around what lies at the edges. */
static void add_room(const nnrt_panel *p, double *x, double *y)
{
    bool path = is_path(p);
    nnrt_series_style first = p->series_count ? p->series[0].style : NNRT_CURVE;
    for (int i = 0; i < 2 && path && !p->field; i++) {
        double *range = i ? y : x, room = (range[1] - range[0]) * 0.04;
        range[0] -= room;
        range[1] += room;
    }

    if (first == NNRT_BARS && p->y_log)
        y[0] /= 3; /* so that the lowest bar can be seen */
    if (first == NNRT_DOTS && x[1] > x[0]) {
        double room = p->x_log ? pow(x[1] / x[0], 0.03) : (x[1] - x[0]) * 0.03;
        x[0] = p->x_log ? x[0] / room : x[0] - room;
        x[1] = p->x_log ? x[1] * room : x[1] + room;
    }
}

static void ranges(const nnrt_panel *p, double *x, double *y)
{
    span_values(p, x, y);
    if (p->regions) {
        x[0] = p->regions->x0;
        x[1] = p->regions->x1;
        y[0] = p->regions->y0;
        y[1] = p->regions->y1;
        return;
    }
    add_room(p, x, y);
    if (p->y_from_zero && !p->y_log && y[0] > 0)
        y[0] = 0;
    if (p->y_from_zero && y[0] == 0 && y[1] == 0)
        y[1] = 1;
    if (p->x_names) {
        x[0] = -0.6;
        x[1] = (double)p->x_name_count - 0.4;
    }
    if (p->rule_text && isfinite(p->rule))
        widen_range(p->rule, p->x_log, &x[0], &x[1]);
}

/* ---- the frame ---- */

/* Names below bars, in place of ticks; where they are many, only some. */
static void draw_names(const sheet *f, double bottom)
{
    const char *const *names = f->p->x_names;
    size_t count = f->p->x_name_count;
    double room = count ? f->at.width / (double)count : 0, widest = 24;
    for (size_t i = 0; i < count; i++)
        widest = fmax(widest, fmin(nnrt_text_width(names[i], SMALL), 110));
    size_t stride = room > 0 ? (size_t)ceil((widest + 6) / fmax(room, 1)) : 1;
    for (size_t i = 0; i < count; i += stride) {
        char name[80];
        nnrt_text_fit(names[i], SMALL, fmax(room * (double)stride - 4, 24), name, sizeof name);
        nnrt_draw_text(f->d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE, x_at(f, (double)i),
                       bottom + 18, name);
    }
}

static void draw_x_ticks(const sheet *f, double bottom)
{
    for (size_t i = 0; i < f->at.x.ticks; i++) {
        double x = x_at(f, f->at.x.tick[i]);
        if (is_path(f->p))
            nnrt_draw_segment(f->d, NNRT_INK_GRID, 1, false, x, f->at.top, x, bottom);
        nnrt_draw_segment(f->d, NNRT_INK_AXIS, 1, false, x, bottom, x, bottom + 4);
        nnrt_draw_text(f->d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE, x, bottom + 18,
                       f->at.x.text[i]);
    }
}

static void draw_grid(const sheet *f)
{
    double bottom = f->at.top + f->at.height, right = f->at.left + f->at.width;
    for (size_t i = 0; i < f->at.y.ticks; i++) {
        double y = y_at(f, f->at.y.tick[i]);
        nnrt_draw_segment(f->d, NNRT_INK_GRID, 1, false, f->at.left, y, right, y);
        nnrt_draw_text(f->d, NNRT_INK_MUTED, SMALL, false, NNRT_END, f->at.left - 7, y + 4,
                       f->at.y.text[i]);
    }
    if (f->p->x_names)
        draw_names(f, bottom);
    else
        draw_x_ticks(f, bottom);
    nnrt_draw_segment(f->d, NNRT_INK_AXIS, 1, false, f->at.left, bottom, right, bottom);
    nnrt_draw_text(f->d, NNRT_INK_MUTED, SMALL, false, NNRT_MIDDLE, f->at.left + f->at.width / 2,
                   bottom + 36, f->p->x_label);
}

/* ---- the legend ---- */

/* The names of the series go after the title, up to the right edge; where there is no room, on
 * lines below it. */
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

/* In as many lines as it takes, at most MOST_LEGEND; returns how many. d NULL: counts only. */
static size_t draw_legend(nnrt_drawing *d, const nnrt_panel *p, double left, double y, double right)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    char name[120];
    size_t lines = 1;
    double x = left;
    for (size_t s = 0; s < p->series_count; s++) {
        const nnrt_series *one = &p->series[s];
        if (!*one->name)
            continue;
        double width = fmin(nnrt_text_width(one->name, SMALL) + 1, right - left - 30);
        bool full = x > left && x + 27 + width > right;
        if (full && lines == MOST_LEGEND) {
            if (d)
                nnrt_draw_text(d, NNRT_INK_MUTED, SMALL, false, NNRT_START, x, y, ellipsis);
            return lines;
        }
        if (full) {
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
static size_t thin(nnrt_point *points, size_t count)
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
    return kept;
}

static double dot_radius(nnrt_series_style style)
{
    if (style == NNRT_DOTS)
        return 3.5;
    return style == NNRT_PATH ? 2.2 : 2.6;
}

/* A stretch of a series without gaps. `marked`: with a dot at each point, where they are not too
 * close. */
static void draw_run(const sheet *f, const nnrt_series *s, nnrt_point *points, size_t count,
                     bool marked)
{
    if (s->style != NNRT_PATH)
        count = thin(points, count);
    if (s->style == NNRT_RINGS) {
        for (size_t i = 0; i < count; i++)
            draw_ring(f->d, s->ink, points[i].x, points[i].y);
        return;
    }

    bool dots = s->style == NNRT_DOTS;
    if (!dots)
        nnrt_draw_line(f->d, s->ink, LINE_WIDTH, s->style == NNRT_CURVE_DASHED, points, count);
    if (s->style != NNRT_PATH && count > 1 &&
        fabs(points[count - 1].x - points[0].x) < APART * (double)count) {
        marked = false;
    }
    for (size_t i = 0; i < count && (marked || count == 1 || dots); i++) {
        nnrt_draw_circle(f->d, s->ink, dots ? 0.75 : 1, points[i].x, points[i].y,
                         dot_radius(s->style));
    }
}

static void draw_bars(const sheet *f, const nnrt_series *s, size_t number, size_t of)
{
    double group = f->at.width / (f->at.x.high - f->at.x.low) * 0.76, width = group / (double)of,
           zero = y_at(f, fmax(f->at.y.low, f->at.y.log ? f->at.y.low : 0));
    for (size_t i = 0; i < s->count; i++) {
        if (!isfinite(s->y[i]))
            continue;
        double x = x_at(f, s->x[i]) - group / 2 + width * (double)number, y = y_at(f, s->y[i]);
        nnrt_draw_box(f->d, s->ink, 1, x + width * 0.04, fmin(y, zero), width * 0.92,
                      fabs(y - zero));
    }
}

/* The start of a path is a ring, its end a disc. */
static void draw_path_ends(const sheet *f, const nnrt_series *s)
{
    for (size_t i = 0; i < s->count; i += s->count > 1 ? s->count - 1 : 1) {
        double x = x_at(f, s->x[i]), y = y_at(f, s->y[i]);
        nnrt_draw_circle(f->d, NNRT_INK_PAPER, 1, x, y, 6.5);
        nnrt_draw_circle(f->d, s->ink, 1, x, y, 5);
        if (!i)
            nnrt_draw_circle(f->d, NNRT_INK_PAPER, 1, x, y, 2.6);
    }
}

static bool can_be_drawn(const sheet *f, double x, double y)
{
    return isfinite(x) && isfinite(y) && !(f->at.y.log && y <= 0) && !(f->at.x.log && x <= 0);
}

static void draw_series(const sheet *f, const nnrt_series *s)
{
    nnrt_point *points = malloc(s->count * sizeof *points);
    if (!points) {
        f->d->failed = true;
        return;
    }

    bool path = s->style == NNRT_PATH;
    bool marked = path ? s->count <= 400 : s->count <= FEW_POINTS && !f->p->bare;
    size_t count = 0;
    for (size_t i = 0; i <= s->count; i++) {
        if (i < s->count && can_be_drawn(f, s->x[i], s->y[i])) {
            points[count++] = nnrt_frame_place(&f->at, s->x[i], s->y[i]);
            continue;
        }
        if (count)
            draw_run(f, s, points, count, marked);
        count = 0;
    }
    if (path)
        draw_path_ends(f, s);
    free(points);
}

static size_t points_in(const sheet *f, double left, double top, double right, double bottom)
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

/* Where a text beside the rule hides the fewest points: the top of five places. */
static double rule_text_top(const sheet *f, double left, double width)
{
    double at = f->at.top + 6;
    size_t fewest = SIZE_MAX;
    for (int place = 0; place < 5; place++) {
        double top = f->at.top + 6 + (f->at.height - SMALL - 18) * place / 4;
        size_t hidden = points_in(f, left - 6, top - 6, left + width + 6, top + SMALL + 8);
        if (hidden >= fewest)
            continue;
        fewest = hidden;
        at = top;
    }
    return at;
}

static void draw_rule(const sheet *f)
{
    double x = x_at(f, f->p->rule), width = nnrt_text_width(f->p->rule_text, SMALL);
    nnrt_draw_segment(f->d, NNRT_INK_MUTED, 1.4, true, x, f->at.top, x, f->at.top + f->at.height);
    bool left = x + 8 + width > f->at.left + f->at.width;
    double from = left ? x - 8 - width : x + 8, at = rule_text_top(f, from, width);
    nnrt_draw_box(f->d, NNRT_INK_PAPER, 0.8, from - 3, at - 2, width + 6, SMALL + 6);
    nnrt_draw_text(f->d, NNRT_INK_TEXT, SMALL, false, NNRT_START, from, at + SMALL - 1,
                   f->p->rule_text);
}

/* ---- the panel ---- */

/* Draws title and legend, and returns how much room they take at the top. */
static double draw_head(nnrt_drawing *d, const nnrt_panel *p, double x, double y)
{
    double title = nnrt_text_width(p->title, TITLE) * 1.06, legend = legend_width(p), head = 34;
    bool below = legend > 0 && title + legend + 60 > p->width;
    if (below)
        head += 4 + LEGEND_LINE * (double)draw_legend(NULL, p, 0, 0, p->width - 24);

    char text[200];
    nnrt_text_fit(p->title, TITLE, below ? p->width - 24 : p->width - legend - 30, text,
                  sizeof text);
    nnrt_draw_text(d, NNRT_INK_TEXT, TITLE, true, NNRT_START, x + 10, y + 20, text);
    if (below)
        draw_legend(d, p, x + 10, y + 40, x + p->width - 14);
    else if (legend > 0)
        draw_legend(d, p, x + p->width - 12 - legend, y + 20, x + p->width + 40);
    return head;
}

static nnrt_frame frame_of(const nnrt_panel *p, double x, double y, double head)
{
    double xs[2], ys[2], widest = 0;
    nnrt_frame at;
    ranges(p, xs, ys);
    at.x = nnrt_axis_over(xs[0], xs[1], p->x_log, p->x_whole, false, (size_t)(p->width / 90));
    at.y = nnrt_axis_over(ys[0], ys[1], p->y_log, false, !p->field && !p->regions,
                          (size_t)(p->height / 60));
    for (size_t i = 0; i < at.y.ticks; i++)
        widest = fmax(widest, nnrt_text_width(at.y.text[i], SMALL));
    at.left = x + widest + (*p->y_label ? 34 : 16);
    at.top = y + head;
    at.width = x + p->width - 18 - at.left;
    at.height = y + p->height - (*p->x_label ? 46 : 28) - at.top;
    return at;
}

void nnrt_curves_draw(nnrt_drawing *d, const nnrt_panel *p, double x, double y)
{
    double head = draw_head(d, p, x, y);
    sheet f = { .d = d, .p = p, .at = frame_of(p, x, y, head) };
    draw_grid(&f);
    if (*p->y_label)
        nnrt_draw_upright(d, NNRT_INK_MUTED, SMALL, x + 18, f.at.top + f.at.height / 2, p->y_label);

    if (p->regions)
        nnrt_regions_draw(d, p->regions, &f.at);
    if (p->field)
        nnrt_contours_draw(d, p->field, &f.at);
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
