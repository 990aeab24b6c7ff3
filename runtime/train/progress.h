/* progress.h: how far a training is, on standard error: a line for each epoch, on a terminal
 * above a bar that is redrawn in place; nothing with --quiet. */
#ifndef NNRT_PROGRESS_H
#define NNRT_PROGRESS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nnrt_progress {
    bool quiet, bar;
    int64_t steps, epochs;
    char title[160];
    char last[256];         /* the last epoch's numbers */
    double began, drawn_at; /* seconds */
    int64_t began_at;       /* the step that it began at */
    int width;              /* columns drawn */
} nnrt_progress;

void nnrt_progress_begin(nnrt_progress *progress, bool quiet, const char *title, int64_t step,
                         int64_t steps, int64_t epochs);
/* Between chunks of steps: redraws the bar at most 20 times a second. */
void nnrt_progress_step(nnrt_progress *progress, int64_t step, int64_t epoch);
/* An epoch is done; `numbers`: "loss 0.31  accuracy 0.9". */
void nnrt_progress_epoch(nnrt_progress *progress, int64_t step, int64_t epoch, const char *numbers);
void nnrt_progress_end(nnrt_progress *progress);
/* "12.3 k", "4.56 M": three digits and the unit's prefix, in steps of 1000. */
void nnrt_scaled_text(double value, char *text, size_t size);
/* A line of its own, such as "stopped early". */
void nnrt_progress_note(nnrt_progress *progress, const char *text);
#endif
