/* axis.h: axes with ticks at round values. */
#ifndef NNRT_AXIS_H
#define NNRT_AXIS_H
#include <stdbool.h>
#include <stddef.h>

enum { NNRT_TICKS = 24 };

typedef struct nnrt_axis {
    double low, high;
    bool log, whole;
    size_t ticks;
    double tick[NNRT_TICKS];
    char text[NNRT_TICKS][24];
} nnrt_axis;

/* An axis over [low, high] with about `most` ticks; where `widen` says so, widened to ticks. */
nnrt_axis nnrt_axis_over(double low, double high, bool log, bool whole, bool widen, size_t most);
double nnrt_axis_place(const nnrt_axis *axis, double value); /* 0..1 */
/* %.4g with a true minus */
void nnrt_number_text(char *text, size_t size, double value);
#endif
