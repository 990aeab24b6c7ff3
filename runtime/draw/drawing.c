/* drawing.c: collecting the marks of a picture. */
#include "draw/drawing.h"
#include <stdlib.h>
#include <string.h>

static const uint32_t colors[NNRT_INKS][2] = {
#define INK(id, light, dark, use) [NNRT_INK_##id] = { light, dark },
#include "draw/inks.def"
#undef INK
};

nnrt_ink nnrt_series_ink(size_t number)
{
    return (nnrt_ink)(NNRT_INK_SERIES_1 + (int)(number % NNRT_SERIES_INKS));
}

uint32_t nnrt_ink_color(nnrt_ink ink, bool dark)
{
    return colors[ink][dark];
}

nnrt_drawing *nnrt_drawing_new(double width, double height, const char *title)
{
    nnrt_drawing *drawing = calloc(1, sizeof *drawing);
    if (!drawing)
        return NULL;
    drawing->width = width;
    drawing->height = height;
    drawing->title = strdup(title ? title : "");
    if (drawing->title)
        return drawing;
    free(drawing);
    return NULL;
}

void nnrt_drawing_free(nnrt_drawing *drawing)
{
    if (!drawing)
        return;
    free(drawing->title);
    free(drawing->mark);
    free(drawing->point);
    free(drawing->text);
    free(drawing);
}

/* Room for `count` more items after the `used` ones. */
static bool reserve(nnrt_drawing *drawing, void **items, size_t *capacity, size_t used,
                    size_t count, size_t size)
{
    if (drawing->failed)
        return false;
    if (used + count <= *capacity)
        return true;
    size_t wanted = 2 * *capacity + count + 64;
    void *grown = realloc(*items, wanted * size);
    if (!grown) {
        drawing->failed = true;
        return false;
    }
    *items = grown;
    *capacity = wanted;
    return true;
}

static nnrt_mark *add_mark(nnrt_drawing *d, nnrt_mark mark, const nnrt_point *points, size_t count)
{
    if (!reserve(d, (void **)&d->mark, &d->mark_capacity, d->marks, 1, sizeof *d->mark))
        return NULL;
    if (!reserve(d, (void **)&d->point, &d->point_capacity, d->points, count, sizeof *d->point))
        return NULL;
    mark.first = d->points;
    mark.count = count;
    if (count)
        memcpy(d->point + d->points, points, count * sizeof *points);
    d->points += count;
    d->mark[d->marks] = mark;
    return &d->mark[d->marks++];
}

void nnrt_draw_line(nnrt_drawing *drawing, nnrt_ink ink, double width, bool dashed,
                    const nnrt_point *points, size_t count)
{
    if (count > 1) {
        add_mark(
            drawing,
            (nnrt_mark){
                .kind = NNRT_MARK_LINE, .ink = ink, .opacity = 1, .size = width, .dashed = dashed },
            points, count);
    }
}

void nnrt_draw_segment(nnrt_drawing *drawing, nnrt_ink ink, double width, bool dashed, double x0,
                       double y0, double x1, double y1)
{
    nnrt_draw_line(drawing, ink, width, dashed, (nnrt_point[]){ { x0, y0 }, { x1, y1 } }, 2);
}

void nnrt_draw_area(nnrt_drawing *drawing, nnrt_ink ink, double opacity, const nnrt_point *points,
                    size_t count)
{
    if (count > 2) {
        add_mark(drawing, (nnrt_mark){ .kind = NNRT_MARK_AREA, .ink = ink, .opacity = opacity },
                 points, count);
    }
}

void nnrt_draw_box(nnrt_drawing *drawing, nnrt_ink ink, double opacity, double x, double y,
                   double width, double height)
{
    nnrt_point corners[] = {
        { x, y }, { x + width, y }, { x + width, y + height }, { x, y + height }
    };
    nnrt_draw_area(drawing, ink, opacity, corners, 4);
}

void nnrt_draw_circle(nnrt_drawing *drawing, nnrt_ink ink, double opacity, double x, double y,
                      double radius)
{
    add_mark(
        drawing,
        (nnrt_mark){ .kind = NNRT_MARK_CIRCLE, .ink = ink, .opacity = opacity, .size = radius },
        &(nnrt_point){ x, y }, 1);
}

static void draw_text(nnrt_drawing *d, nnrt_mark mark, double x, double y, const char *text)
{
    size_t size = strlen(text) + 1;
    if (size == 1 || !reserve(d, (void **)&d->text, &d->text_capacity, d->text_length, size, 1))
        return;
    mark.kind = NNRT_MARK_TEXT;
    mark.opacity = 1;
    mark.text = d->text_length;
    memcpy(d->text + d->text_length, text, size);
    d->text_length += size;
    add_mark(d, mark, &(nnrt_point){ x, y }, 1);
}

void nnrt_draw_text(nnrt_drawing *drawing, nnrt_ink ink, double size, bool bold, nnrt_anchor anchor,
                    double x, double y, const char *text)
{
    draw_text(drawing, (nnrt_mark){ .ink = ink, .size = size, .bold = bold, .anchor = anchor }, x,
              y, text);
}

void nnrt_draw_upright(nnrt_drawing *drawing, nnrt_ink ink, double size, double x, double y,
                       const char *text)
{
    draw_text(drawing,
              (nnrt_mark){ .ink = ink, .size = size, .anchor = NNRT_MIDDLE, .upright = true }, x, y,
              text);
}
