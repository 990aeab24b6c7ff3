/* figure.c: making figures and their panels (figure.h). */
#include "charts/figure.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

nnrt_figure *nnrt_figure_new(void)
{
    return calloc(1, sizeof(nnrt_figure));
}

void nnrt_figure_free(nnrt_figure *figure)
{
    if (!figure)
        return;
    for (size_t i = 0; i < figure->blocks; i++)
        free(figure->block[i]);
    free(figure->block);
    free(figure->panel);
    free(figure);
}

void *nnrt_figure_alloc(nnrt_figure *f, size_t bytes)
{
    if (f->blocks == f->block_capacity) {
        size_t capacity = 2 * f->block_capacity + 32;
        void **grown = realloc(f->block, capacity * sizeof *grown);
        if (!grown) {
            f->failed = true;
            return NULL;
        }
        f->block = grown;
        f->block_capacity = capacity;
    }
    void *block = calloc(1, bytes ? bytes : 1);
    if (block)
        f->block[f->blocks++] = block;
    else
        f->failed = true;
    return block;
}

const char *nnrt_figure_text(nnrt_figure *figure, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : nnrt_figure_alloc(figure, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text ? text : "";
}

enum { PANEL_WIDTH = 640, PANEL_HEIGHT = 340 };

nnrt_panel *nnrt_figure_panel(nnrt_figure *f, nnrt_panel_kind kind, const char *title)
{
    nnrt_panel *panel = nnrt_figure_alloc(f, sizeof *panel);
    if (!panel)
        return NULL;
    if (f->panels == f->panel_capacity) {
        size_t capacity = 2 * f->panel_capacity + 8;
        nnrt_panel **grown = realloc(f->panel, capacity * sizeof *grown);
        if (!grown) {
            f->failed = true;
            return NULL;
        }
        f->panel = grown;
        f->panel_capacity = capacity;
    }
    *panel = (nnrt_panel){ .kind = kind,
                           .title = title,
                           .x_label = "",
                           .y_label = "",
                           .width = PANEL_WIDTH,
                           .height = PANEL_HEIGHT };
    f->panel[f->panels++] = panel;
    return panel;
}

void nnrt_panel_series(nnrt_figure *f, nnrt_panel *panel, const char *name, nnrt_ink ink,
                       nnrt_series_style style, size_t count, const double *x, const double *y)
{
    if (!panel || !count || !y)
        return;
    if (panel->series_count == panel->series_capacity) {
        size_t capacity = 2 * panel->series_capacity + 4;
        nnrt_series *grown = nnrt_figure_alloc(f, capacity * sizeof *grown);
        if (!grown)
            return;
        if (panel->series_count)
            memcpy(grown, panel->series, panel->series_count * sizeof *grown);
        panel->series = grown;
        panel->series_capacity = capacity;
    }
    if (!x) {
        double *numbers = nnrt_figure_alloc(f, count * sizeof *numbers);
        if (!numbers)
            return;
        for (size_t i = 0; i < count; i++)
            numbers[i] = (double)(i + 1);
        x = numbers;
    }
    panel->series[panel->series_count++] = (nnrt_series){ name, ink, style, count, x, y };
}
