/* surface.c: the values of a function of one or two variables on a grid about a path, for contour
 * lines. */
#include "actions/surface.h"
#include <math.h>

enum { COLUMNS = 80, ROWS = 64, POINTS = 241 };

typedef struct range {
    double low, high;
} range;

/* What the path covers, the start included, and some room around it. */
static range covered(const nnrt_history *path, size_t column, double start)
{
    range r = { start, start };
    for (size_t i = 0; i < path->rows; i++) {
        double at = path->value[i * path->columns + column];
        r.low = fmin(r.low, at);
        r.high = fmax(r.high, at);
    }
    double room = r.high > r.low ? 0.15 * (r.high - r.low) : fmax(1, fabs(r.low));
    return (range){ r.low - room, r.high + room };
}

static json_t *values_on(nnrt_program *program, nnrt_instance *unit, float *const *at,
                         const range *r, size_t columns, size_t rows)
{
    json_t *values = json_array();
    nnrt_call call = nnrt_instance_call(program, unit, 0);
    call.last = 1;
    nnrt_set_hypers(unit, 0, 1, 0, 1, 1);
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column++) {
            at[0][0] =
                (float)(r[0].low + (r[0].high - r[0].low) * (double)column / (double)(columns - 1));
            if (rows > 1) {
                at[1][0] =
                    (float)(r[1].low + (r[1].high - r[1].low) * (double)row / (double)(rows - 1));
            }
            call.halt = 0;
            nnrt_launch(unit, &call);
            double value = call.metric[NNRT_METRIC_VALUE];
            json_array_append_new(values, isfinite(value) ? json_real(value) : json_null());
        }
    }
    return values;
}

json_t *nnrt_field_values(nnrt_program *program, const char *name, const char *const *variable,
                          size_t count, const double *low, const double *high, size_t points,
                          nnrt_error *e)
{
    nnrt_instance *unit = nnrt_program_instance_apart(program, name, NULL, e);
    float *at[2] = { NULL, NULL };
    range r[2] = { { 0, 0 }, { 0, 0 } };
    if (!unit)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        r[i] = (range){ low[i], high[i] };
        if ((at[i] = nnrt_instance_values(unit, NNRT_WEIGHT, variable[i])))
            continue;
        nnrt_fail(e, NNRT_SCRIPT, "internal", "the fn has no variable '%s'", variable[i]);
        return NULL;
    }
    size_t columns = points ? points : POINTS, rows = 1;
    if (count > 1) {
        columns = COLUMNS;
        rows = ROWS;
    }
    json_t *values = values_on(program, unit, at, r, columns, rows);
    return json_pack("{s:f, s:f, s:f, s:f, s:I, s:I, s:o}", "x0", r[0].low, "x1", r[0].high, "y0",
                     r[1].low, "y1", r[1].high, "columns", (json_int_t)columns, "rows",
                     (json_int_t)rows, "values", values);
}

json_t *nnrt_surface(nnrt_program *program, const char *const *variable, size_t count,
                     const nnrt_history *path, size_t first, nnrt_error *e)
{
    const json_t *declared = json_object_get(program->action, "variables");
    const char *name = nnrt_action_text(program, "eval_unit");
    double low[2] = { 0, 0 }, high[2] = { 0, 0 };
    json_t *start = json_array();
    for (size_t i = 0; i < count; i++) {
        double from = json_number_value(json_object_get(json_array_get(declared, i), "start"));
        json_array_append_new(start, json_real(from));
        range r = covered(path, first + i, from);
        low[i] = r.low;
        high[i] = r.high;
    }
    json_t *notes = json_pack("{s:o}", "start", start), *field = NULL;
    if (name && path->rows)
        field = nnrt_field_values(program, name, variable, count, low, high, 0, e);
    if (field)
        json_object_set_new(notes, "field", field);
    return notes;
}
