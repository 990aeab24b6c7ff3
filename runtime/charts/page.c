/* page.c: figures as files (page.h): SVG, PNG, or a page of HTML that loads nothing from elsewhere.
 */
#include "charts/page.h"
#include <string.h>

static void color_variables(FILE *out, bool dark)
{
    static const struct {
        const char *name;
        nnrt_ink ink;
    } variables[] = {
        { "paper", NNRT_INK_PAPER }, { "text", NNRT_INK_TEXT },       { "muted", NNRT_INK_MUTED },
        { "line", NNRT_INK_GRID },   { "accent", NNRT_INK_SERIES_1 },
    };

    fputs(":root{", out);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        fprintf(out, "--%s:#%06x;", variables[i].name,
                (unsigned)nnrt_ink_color(variables[i].ink, dark));
    }
    fputs("}\n", out);
}

static const char head_start[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";

static const char style[] =
    "body{margin:0 auto;max-width:1340px;padding:1rem;background:var(--paper);color:var(--text);"
    "font:16px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}\n"
    "h1{font-size:1.5rem;margin:.3rem 0 .8rem;overflow-wrap:anywhere}"
    "h2{font-size:1.15rem;margin:1.6rem 0 .5rem}"
    "p{margin:.4rem 0;overflow-wrap:anywhere}\n"
    ".muted{color:var(--muted)}"
    ".warning{border-left:4px solid #d55e00;padding:.2rem .8rem}\n"
    ".panels{margin-top:1.2rem;display:grid;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:1rem}\n"
    "figure{margin:0;min-width:0}svg{display:block;width:100%;height:auto;max-width:720px}\n"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "th,td{padding:.35rem .8rem;border-bottom:1px solid var(--line);text-align:right}"
    "th{font-weight:600;color:var(--muted)}"
    "th:first-child,td:first-child{text-align:left}\n"
    "td.best{font-weight:700;color:var(--accent)}"
    ".key{display:inline-block;width:.8em;height:.8em;border-radius:50%;margin-right:.5em;"
    "vertical-align:-.05em}\n";

/* The classes of keys in tables: discs in a series' ink. */
static void key_colors(FILE *out)
{
    for (int ink = 0; ink < NNRT_SERIES_INKS; ink++) {
        fprintf(
            out,
            ".k%d{background:#%06x}@media (prefers-color-scheme:dark){.k%d{background:#%06x}}\n",
            ink, (unsigned)nnrt_ink_color(nnrt_series_ink((size_t)ink), false), ink,
            (unsigned)nnrt_ink_color(nnrt_series_ink((size_t)ink), true));
    }
}

void nnrt_page_begin(FILE *out, const char *title)
{
    fputs(head_start, out);
    nnrt_xml_text(out, title);
    fputs("</title>\n<style>\n", out);
    color_variables(out, false);
    fputs("@media (prefers-color-scheme:dark){", out);
    color_variables(out, true);
    fputs("}\n", out);
    fputs(style, out);
    key_colors(out);
    nnrt_svg_style(out, ".nnc");
    fputs("</style>\n</head>\n<body>\n<h1>", out);
    nnrt_xml_text(out, title);
    fputs("</h1>\n", out);
}

void nnrt_page_panel(FILE *out, const nnrt_panel *panel, nnrt_figure *figure)
{
    enum { NARROW = 480 }; /* so that a phone shows letters large enough */

    nnrt_panel shown = *panel;
    if (shown.width > NARROW) {
        if (shown.kind == NNRT_PANEL_CURVES && shown.height < 400)
            shown.height *= 0.86;
        shown.width = NARROW;
    }
    nnrt_drawing *drawing = nnrt_panel_alone(&shown);
    if (!drawing || drawing->failed) {
        figure->failed = true;
    } else {
        fputs("<figure>\n", out);
        nnrt_svg_write(out, drawing, false);
        fputs("</figure>\n", out);
    }
    nnrt_drawing_free(drawing);
}

void nnrt_page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

static void write_page(FILE *out, nnrt_figure *figure)
{
    nnrt_page_begin(out, figure->title);
    if (figure->subtitle) {
        fputs("<p class=\"muted\">", out);
        nnrt_xml_text(out, figure->subtitle);
        fputs("</p>\n", out);
    }
    fputs("<div class=\"panels\">\n", out);
    for (size_t i = 0; i < figure->panels; i++)
        nnrt_page_panel(out, figure->panel[i], figure);
    fputs("</div>\n", out);
    nnrt_page_end(out);
}

static bool ends_in(const char *path, const char *suffix)
{
    size_t length = strlen(path), tail = strlen(suffix);
    return length >= tail && !strcmp(path + length - tail, suffix);
}

static bool write_drawing(FILE *out, nnrt_figure *figure, bool png, nnrt_error *e)
{
    nnrt_drawing *drawing = nnrt_figure_draw(figure);
    bool ok = (drawing && !drawing->failed) || nnrt_no_memory(e);
    if (ok && png)
        ok = nnrt_png_write(out, drawing, 2, e);
    else if (ok)
        nnrt_svg_write(out, drawing, true);
    nnrt_drawing_free(drawing);
    return ok;
}

bool nnrt_figure_write(nnrt_figure *figure, const char *path, nnrt_error *e)
{
    if (figure->failed)
        return nnrt_no_memory(e);
    nnrt_atomic_file *file = nnrt_atomic_open(path, e);
    if (!file)
        return false;

    bool ok;
    if (ends_in(path, ".html")) {
        write_page(file->stream, figure);
        ok = !figure->failed || nnrt_no_memory(e);
    } else {
        ok = write_drawing(file->stream, figure, ends_in(path, ".png"), e);
    }
    if (ok)
        return nnrt_atomic_commit(file, e);
    nnrt_atomic_abort(file);
    return false;
}
