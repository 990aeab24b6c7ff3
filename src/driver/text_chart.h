/* text_chart.h: curves in a terminal's characters. */
#ifndef NNC_TEXT_CHART_H
#define NNC_TEXT_CHART_H
#include <stddef.h>
#include <stdio.h>

/* values that are not finite leave gaps */
typedef struct TextCurve {
    const char *name;
    char mark;
    const double *values;
    size_t count;
} TextCurve;

/* One value a column or, of many, their mean; at most 72 columns and 12 lines. Where curves meet,
 * the later one is seen. `unit`: what is counted along x. */
void text_chart(FILE *out, const TextCurve *curves, size_t count, const char *unit);
#endif
