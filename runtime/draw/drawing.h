/* drawing.h: a picture as a list of marks: lines, areas, circles and texts, in units of a screen's
 * pixel, y downwards.
 *
 * Colours are inks, roles of a palette that is safe for the colour-blind (Okabe and Ito, 2008) and
 * has a light and a dark form; whoever draws never names a colour. One drawing can be written as
 * SVG (svg.c) and painted as PNG (canvas.c). Running out of memory is remembered and reported when
 * the drawing is written. */
#ifndef NNRT_DRAWING_H
#define NNRT_DRAWING_H
#include "base/base.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum nnrt_ink {

#define INK(id, light, dark, use) NNRT_INK_##id,
#include "draw/inks.def"
#undef INK
    NNRT_INKS
} nnrt_ink;

enum { NNRT_SERIES_INKS = NNRT_INKS - NNRT_INK_SERIES_1 };

nnrt_ink nnrt_series_ink(size_t number);          /* round and round the palette */
uint32_t nnrt_ink_color(nnrt_ink ink, bool dark); /* 0xRRGGBB */

typedef enum nnrt_mark_kind {
    NNRT_MARK_LINE,
    NNRT_MARK_AREA,
    NNRT_MARK_CIRCLE,
    NNRT_MARK_TEXT
} nnrt_mark_kind;

typedef enum nnrt_anchor { NNRT_START, NNRT_MIDDLE, NNRT_END } nnrt_anchor;

typedef struct nnrt_point {
    double x, y;
} nnrt_point;

typedef struct nnrt_mark {
    nnrt_mark_kind kind;
    nnrt_ink ink;
    double opacity; /* AREA, CIRCLE */
    /* LINE: width; CIRCLE: radius; TEXT: height of the letters' box */
    double size;
    bool dashed, bold, upright; /* LINE; TEXT; TEXT: turned to read from below */
    nnrt_anchor anchor;         /* TEXT */
    /* of the points: a circle's centre, a text's place on its base line */
    size_t first, count;
    size_t text; /* TEXT: offset in the drawing's texts */
} nnrt_mark;

typedef struct nnrt_drawing {
    double width, height;
    char *title; /* for readers who do not see */
    nnrt_mark *mark;
    size_t marks, mark_capacity;
    nnrt_point *point;
    size_t points, point_capacity;
    char *text;
    size_t text_length, text_capacity;
    bool failed; /* out of memory */
} nnrt_drawing;

/* NULL: out of memory */
nnrt_drawing *nnrt_drawing_new(double width, double height, const char *title);
void nnrt_drawing_free(nnrt_drawing *drawing);
void nnrt_draw_line(nnrt_drawing *drawing, nnrt_ink ink, double width, bool dashed,
                    const nnrt_point *points, size_t count);
void nnrt_draw_segment(nnrt_drawing *drawing, nnrt_ink ink, double width, bool dashed, double x0,
                       double y0, double x1, double y1);
void nnrt_draw_area(nnrt_drawing *drawing, nnrt_ink ink, double opacity, const nnrt_point *points,
                    size_t count);
void nnrt_draw_box(nnrt_drawing *drawing, nnrt_ink ink, double opacity, double x, double y,
                   double width, double height);
void nnrt_draw_circle(nnrt_drawing *drawing, nnrt_ink ink, double opacity, double x, double y,
                      double radius);
void nnrt_draw_text(nnrt_drawing *drawing, nnrt_ink ink, double size, bool bold, nnrt_anchor anchor,
                    double x, double y, const char *text);
/* centred */
void nnrt_draw_upright(nnrt_drawing *drawing, nnrt_ink ink, double size, double x, double y,
                       const char *text);

/* ---- letters (glyphs.c) ---- */
typedef struct nnrt_glyph {
    uint32_t code;
    int advance;
    const char *strokes;
} nnrt_glyph;

/* never NULL: accents are left out, what is not there looks like U+FFFD */
const nnrt_glyph *nnrt_glyph_find(uint32_t code);
/* bytes of the first character; broken ones are U+FFFD, one byte each */
size_t nnrt_text_next(const char *text, uint32_t *code);
double nnrt_text_width(const char *text, double size);
/* The text shortened with an ellipsis to a width; `out` holds at least 8 bytes. */
void nnrt_text_fit(const char *text, double size, double width, char *out, size_t out_size);

/* ---- writing ---- */
/* the inks as CSS: light, and dark where that is preferred */
void nnrt_svg_style(FILE *out, const char *scope);
void nnrt_svg_write(FILE *out, const nnrt_drawing *drawing, bool standalone);
/* escaped for XML and HTML, in attributes too */
void nnrt_xml_text(FILE *out, const char *text);
bool nnrt_png_write(FILE *out, const nnrt_drawing *drawing, double scale, nnrt_error *e);

/* The drawing's pixels: 8 bits each of red, green, blue, rows from the top; malloc'ed, NULL: out of
 * memory. (canvas.c) */
uint8_t *nnrt_paint(const nnrt_drawing *drawing, double scale, size_t *width, size_t *height);
#endif
