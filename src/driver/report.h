/* report.h: what `nnc report` gathers from logs, and how it becomes a page. */
#ifndef NNC_REPORT_H
#define NNC_REPORT_H
#include "charts/charts.h"
#include "support/support.h"
#include <jansson.h>
#include <stdio.h>

typedef struct Training {
    const char *log, *model, *data;
    /* "" but in a comparison, whose epochs name it and which has no events of start and end */
    const char *recipe;
    const char *label;   /* for legends and tables */
    json_t *start, *end; /* events, or NULL */
    json_t *epochs;      /* a list of events */
    json_t *error;       /* the event, or NULL */
} Training;

typedef struct Report {
    Arena *arena;
    nnrt_figure *figure;
    VEC(Training) trainings;
    VEC(const char *) warnings;
    /* events with a picture of their own: path steps, layers, trials, folds; lists */
    VEC(json_t *) others;
    VEC(const char *) other_titles;
    size_t log_count;
} Report;

/* ---- report_log.c ---- */
/* False: the file cannot be read, which is reported. Lines that are not events give a warning. */
bool report_read_log(Report *report, const char *path);
/* Once all logs are read. */
void report_label_trainings(Report *report);

/* ---- report_page.c ---- */
void report_draw_charts(Report *report);
void report_write_page(FILE *out, Report *report);
#endif
