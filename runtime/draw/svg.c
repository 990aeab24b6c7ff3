/* svg.c: a drawing as SVG 1.1. Colours are classes, so that one style sheet, in the file or in the
 * page around it, gives light and dark. */
#include "draw/drawing.h"
#include <math.h>
#include <stdlib.h>

static const char fonts[] = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

void nnrt_xml_text(FILE *out, const char *text)
{
    for (size_t length; *text; text += length) {
        uint32_t code;
        length = nnrt_text_next(text, &code);
        if (code == '&')
            fputs("&amp;", out);
        else if (code == '<')
            fputs("&lt;", out);
        else if (code == '>')
            fputs("&gt;", out);
        else if (code == '"')
            fputs("&quot;", out);
        else if (code == '\'')
            fputs("&#39;", out);
        else if (code < ' ' && code != '\t' && code != '\n')
            fputc(' ', out);
        else if (code == 0xFFFD || code == 0xFFFE || code == 0xFFFF || code == 0x7F)
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(text, 1, length, out);
    }
}

static void style_of(FILE *out, const char *scope, bool dark)
{
    for (int ink = 0; ink < NNRT_INKS; ink++) {
        unsigned color = (unsigned)nnrt_ink_color((nnrt_ink)ink, dark);
        fprintf(out, "%s .l%d{stroke:#%06x}%s .f%d{fill:#%06x}\n", scope, ink, color, scope, ink,
                color);
    }
}

void nnrt_svg_style(FILE *out, const char *scope)
{
    fprintf(out,
            "%s text{font-family:%s}\n%s "
            "polyline{fill:none;stroke-linejoin:round;stroke-linecap:round}\n",
            scope, fonts, scope);
    style_of(out, scope, false);
    fputs("@media (prefers-color-scheme:dark){\n", out);
    style_of(out, scope, true);
    fputs("}\n", out);
}

/* To a tenth of a unit, without a tail of zeros, whatever the locale. */
static void number(FILE *out, double value)
{
    long tenths = isfinite(value) ? lround(fmax(fmin(value, 1e8), -1e8) * 10) : 0;
    if (tenths < 0)
        fputc('-', out);
    tenths = labs(tenths);
    fprintf(out, tenths % 10 ? "%ld.%ld" : "%ld", tenths / 10, tenths % 10);
}

static void attribute(FILE *out, const char *name, double value)
{
    fprintf(out, " %s=\"", name);
    number(out, value);
    fputc('"', out);
}

static void hundredths(FILE *out, const char *name, double value)
{
    fprintf(out, " %s=\"%ld.%02ld\"", name, lround(value * 100) / 100, lround(value * 100) % 100);
}

static void write_points(FILE *out, const nnrt_point *points, size_t count)
{
    fputs(" points=\"", out);
    for (size_t i = 0; i < count; i++) {
        if (i)
            fputc(' ', out);
        number(out, points[i].x);
        fputc(',', out);
        number(out, points[i].y);
    }
    fputc('"', out);
}

static void write_text(FILE *out, const nnrt_mark *m, const nnrt_point *at, const char *text)
{
    static const char *const anchors[] = {
        [NNRT_START] = "start", [NNRT_MIDDLE] = "middle", [NNRT_END] = "end"
    };
    fprintf(out, "<text class=\"f%d\" text-anchor=\"%s\"", (int)m->ink, anchors[m->anchor]);
    attribute(out, "font-size", m->size);
    if (m->bold)
        fputs(" font-weight=\"600\"", out);
    if (m->upright) {
        fputs(" transform=\"translate(", out);
        number(out, at->x);
        fputc(' ', out);
        number(out, at->y);
        fputs(") rotate(-90)\"", out);
    } else {
        attribute(out, "x", at->x);
        attribute(out, "y", at->y);
    }
    fputc('>', out);
    nnrt_xml_text(out, text);
    fputs("</text>\n", out);
}

static void write_mark(FILE *out, const nnrt_drawing *d, const nnrt_mark *m)
{
    const nnrt_point *points = d->point + m->first;
    switch (m->kind) {
    case NNRT_MARK_LINE:
        fprintf(out, "<polyline class=\"l%d\"", (int)m->ink);
        attribute(out, "stroke-width", m->size);
        if (m->dashed)
            fputs(" stroke-dasharray=\"6 4\"", out);
        write_points(out, points, m->count);
        fputs("/>\n", out);
        break;

    case NNRT_MARK_AREA:
        fprintf(out, "<polygon class=\"f%d\"", (int)m->ink);
        if (m->opacity < 1)
            hundredths(out, "fill-opacity", m->opacity);
        write_points(out, points, m->count);
        fputs("/>\n", out);
        break;

    case NNRT_MARK_CIRCLE:
        fprintf(out, "<circle class=\"f%d\"", (int)m->ink);
        if (m->opacity < 1)
            hundredths(out, "fill-opacity", m->opacity);
        attribute(out, "cx", points->x);
        attribute(out, "cy", points->y);
        attribute(out, "r", m->size);
        fputs("/>\n", out);
        break;
    case NNRT_MARK_TEXT: write_text(out, m, points, d->text + m->text); break;
    }
}

void nnrt_svg_write(FILE *out, const nnrt_drawing *d, bool standalone)
{
    fprintf(out, "<svg%s", standalone ? " xmlns=\"http://www.w3.org/2000/svg\"" : "");
    fputs(" class=\"nnc\" role=\"img\" viewBox=\"0 0 ", out);
    number(out, d->width);
    fputc(' ', out);
    number(out, d->height);
    fputc('"', out);
    attribute(out, "width", d->width);
    attribute(out, "height", d->height);
    fputs(">\n<title>", out);
    nnrt_xml_text(out, d->title);
    fputs("</title>\n", out);
    if (standalone) {
        fputs("<style>\n", out);
        nnrt_svg_style(out, ".nnc");
        fprintf(out, "</style>\n<rect class=\"f%d\" width=\"100%%\" height=\"100%%\"/>\n",
                (int)NNRT_INK_PAPER);
    }
    for (size_t i = 0; i < d->marks; i++)
        write_mark(out, d, &d->mark[i]);
    fputs("</svg>\n", out);
}
