/* text_chart.c: a small frame of characters, a curve's own mark in each column. */
#include "driver/text_chart.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { COLUMNS = 60, LINES = 10 };

/* The mean of what falls into a column; NAN: nothing does. */
static double column_value(const TextCurve *c, size_t column, size_t columns, size_t longest)
{
    size_t from = column * longest / columns, to = (column + 1) * longest / columns, n = 0;
    double sum = 0;
    for (size_t i = from; i < to && i < c->count; i++) {
        if (isfinite(c->values[i])) {
            sum += c->values[i];
            n++;
        }
    }
    return n ? sum / (double)n : NAN;
}

/* The lowest and the highest value of all columns. False: there is none. */
static bool find_range(const TextCurve *curves, size_t count, size_t columns, size_t longest,
                       double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t c = 0; c < count; c++) {
        for (size_t x = 0; x < columns; x++) {
            double value = column_value(&curves[c], x, columns, longest);
            if (isnan(value))
                continue;
            *low = fmin(*low, value);
            *high = fmax(*high, value);
        }
    }
    return *low <= *high;
}

static void write_line(FILE *out, const char *line, size_t columns)
{
    while (columns && line[columns - 1] == ' ')
        columns--;
    fprintf(out, "%.*s\n", (int)columns, line);
}

static void write_axis(FILE *out, size_t columns)
{
    fprintf(out, "%10s +", "");
    for (size_t x = 0; x < columns; x++)
        fputc('-', out);
}

void text_chart(FILE *out, const TextCurve *curves, size_t count, const char *unit)
{
    char frame[LINES][COLUMNS + 1];
    size_t longest = 0;
    double low, high;
    for (size_t c = 0; c < count; c++)
        if (curves[c].count > longest)
            longest = curves[c].count;
    size_t columns = longest < COLUMNS ? longest : COLUMNS;
    if (!columns || !find_range(curves, count, columns, longest, &low, &high))
        return;

    double span = high > low ? high - low : 1;
    memset(frame, ' ', sizeof frame);
    for (size_t c = 0; c < count; c++) {
        for (size_t x = 0; x < columns; x++) {
            double value = column_value(&curves[c], x, columns, longest);
            if (!isnan(value))
                frame[(int)lround((LINES - 1) * (high - value) / span)][x] = curves[c].mark;
        }
    }

    for (int y = 0; y < LINES; y++) {
        if (y == 0 || y == LINES - 1)
            fprintf(out, "%10.4g |", y ? low : high);
        else
            fprintf(out, "%10s |", "");
        write_line(out, frame[y], columns);
    }
    write_axis(out, columns);
    fprintf(out, "\n%12s1 to %zu %s", "", longest, unit);
    for (size_t c = 0; c < count; c++)
        fprintf(out, "%s %c %s", c ? "" : "  ", curves[c].mark, curves[c].name);
    fputc('\n', out);
}
