/* kinds.h: the pictures of each kind of result, for the table in charts.c.
 *
 * All add panels to the figure, or none where there is nothing to draw. `notes`: what a result does
 * not say itself: "classes" (names), "field" (minimize.c), or NULL. */
#ifndef NNRT_KINDS_H
#define NNRT_KINDS_H
#include "charts/record_values.h"

/* A result in a picture of several. */
typedef struct nnrt_charted {
    const char *name;
    const json_t *value, *notes;
} nnrt_charted;

/* ---- chart_trainings.c ---- */
void nnrt_chart_training(nnrt_figure *figure, const json_t *value, const json_t *notes);
/* { name: training, ... }: a panel a metric and part, a curve a training. */
void nnrt_chart_comparison(nnrt_figure *figure, const json_t *trainings);
void nnrt_chart_rate_test(nnrt_figure *figure, const json_t *value, const json_t *notes);

/* ---- chart_tables.c ---- */
void nnrt_chart_confusion(nnrt_figure *figure, const json_t *value, const json_t *notes);
/* The plain numbers among the value's fields. */
void nnrt_chart_numbers(nnrt_figure *figure, const json_t *value, const json_t *notes);
/* The metrics of several results side by side. */
void nnrt_chart_bars(nnrt_figure *figure, const nnrt_charted *items, size_t count);
void nnrt_chart_matrix(nnrt_figure *figure, const json_t *matrix, const json_t *notes,
                       const char *title);

/* ---- chart_evaluation.c ---- */
/* What an evaluation's notes say beyond its metrics (pictured.h). */
void nnrt_chart_evaluation(nnrt_figure *figure, const json_t *notes);

/* ---- chart_paths.c ---- */
void nnrt_chart_path(nnrt_figure *figure, const json_t *value, const json_t *notes);
/* `declared`: the field under all of them; NULL: the widest that one of them brings. */
bool nnrt_chart_paths(nnrt_figure *figure, const nnrt_charted *items, size_t count,
                      const json_t *declared);
/* A function of two variables: only contour lines. */
void nnrt_chart_landscape(nnrt_figure *figure, const json_t *value, const json_t *notes);

/* ---- chart_trials.c ---- */
void nnrt_chart_trials(nnrt_figure *figure, const json_t *value, const json_t *notes);
void nnrt_chart_folds(nnrt_figure *figure, const json_t *value, const json_t *notes);

/* ---- chart_layers.c ---- */
void nnrt_chart_layers(nnrt_figure *figure, const json_t *value, const json_t *notes);
bool nnrt_chart_several_layers(nnrt_figure *figure, const nnrt_charted *items, size_t count);

/* ---- chart_graphs.c ---- */
bool nnrt_chart_graphs(nnrt_figure *figure, const nnrt_charted *items, size_t count);
bool nnrt_chart_rates(nnrt_figure *figure, const nnrt_charted *items, size_t count);
#endif
