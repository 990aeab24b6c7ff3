/* surface.h: the landscape under a path. */
#ifndef NNRT_SURFACE_H
#define NNRT_SURFACE_H
#include "model/model.h"

/* Notes for the picture of a minimisation of one or two variables: "start" (where it began) and,
 * where the action names a unit for it, "field": { x0, x1, y0, y1, columns, rows, values }, the
 * function about its path; of one variable a single row. NULL: none, or e is filled. The variables
 * are the path's columns from `first` on. */
json_t *nnrt_surface(nnrt_program *program, const char *const *variable, size_t count,
                     const nnrt_history *path, size_t first, nnrt_error *e);
/* { x0, x1, y0, y1, columns, rows, values }: what a unit says its SLOT_VALUE is over [low, high] of
 * one or two variables. `points`: along one variable, 0: as many as a picture shows. NULL: e says
 * why. */
json_t *nnrt_field_values(nnrt_program *program, const char *unit, const char *const *variable,
                          size_t count, const double *low, const double *high, size_t points,
                          nnrt_error *e);
#endif
