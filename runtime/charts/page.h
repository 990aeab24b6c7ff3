/* page.h: figures as files and as pages of HTML. */
#ifndef NNRT_PAGE_H
#define NNRT_PAGE_H
#include "charts/figure.h"

void nnrt_page_begin(FILE *out, const char *title);
/* a <figure> with its drawing inside */
void nnrt_page_panel(FILE *out, const nnrt_panel *panel, nnrt_figure *figure);
void nnrt_page_end(FILE *out);
/* Writes the figure in the form that the path's suffix says: .svg, .png or .html. */
bool nnrt_figure_write(nnrt_figure *figure, const char *path, nnrt_error *e);
#endif
