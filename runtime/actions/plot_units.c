/* plot_units.c: functions and schedules as `plot` draws them: evaluated point by point by units of
 * their own. */
#include "actions/pictured.h"
#include "actions/surface.h"
#include <math.h>
#include <stdio.h>

enum { POINTS = 321, CHECKED = 64, MOST_STEPS = 2000 };

static const double reach = 5;        /* of a function of one variable; */
static const double reach_of_two = 3; /* and of two */

static const char *variable_name(const json_t *picture, size_t number)
{
    return json_string_value(
        json_object_get(json_array_get(json_object_get(picture, "variables"), number), "name"));
}

static double point(size_t i)
{
    return -reach + 2 * reach * (double)i / (POINTS - 1);
}

/* The derivative at all points, CHECKED at a time (lower.h, LOWER_CHECK_POINTS). */
static bool add_slopes(nnrt_program *program, const json_t *picture, json_t *graph, nnrt_error *e)
{
    const char *name = json_string_value(json_object_get(picture, "slope")),
               *variable = variable_name(picture, 0);
    nnrt_instance *unit = name ? nnrt_program_instance_apart(program, name, NULL, e) : NULL;
    if (!name || !unit)
        return !name;
    char of[200];
    snprintf(of, sizeof of, "gradient.%s", variable);
    float *x = nnrt_instance_values(unit, NNRT_WEIGHT, variable),
          *slope = nnrt_instance_values(unit, NNRT_RESULT, of);
    nnrt_call call = nnrt_instance_call(program, unit, 0);
    call.last = 1;
    nnrt_set_hypers(unit, 0, 1, 0, 1, 1);
    for (size_t first = 0; x && slope && first < POINTS; first += CHECKED) {
        for (size_t i = 0; i < CHECKED; i++)
            x[i] = (float)point(first + i < POINTS ? first + i : POINTS - 1);
        call.halt = 0;
        nnrt_launch(unit, &call);
        for (size_t i = 0; i < CHECKED && first + i < POINTS; i++)
            nnrt_put_number(json_array_get(graph, first + i), "slope", slope[i], false);
    }
    return true;
}

json_t *nnrt_picture_function(nnrt_program *program, const json_t *picture, nnrt_error *e)
{
    const char *variable[2] = { variable_name(picture, 0), variable_name(picture, 1) };
    double low[2] = { -reach_of_two, -reach_of_two }, high[2] = { reach_of_two, reach_of_two };
    if (variable[1]) {
        json_t *field =
            nnrt_field_values(program, json_string_value(json_object_get(picture, "function")),
                              variable, 2, low, high, 0, e);
        return field ? json_pack("{s:o, s:[s, s]}", "field", field, "variables", variable[0],
                                 variable[1])
                     : NULL;
    }
    low[0] = -reach, high[0] = reach;
    json_t *field =
               nnrt_field_values(program, json_string_value(json_object_get(picture, "function")),
                                 variable, 1, low, high, POINTS, e),
           *graph = json_array();
    for (size_t i = 0; field && i < POINTS; i++) {
        json_t *one = json_pack("{s:f}", "x", point(i));
        json_object_set(one, "value", json_array_get(json_object_get(field, "values"), i));
        json_array_append_new(graph, one);
    }
    json_decref(field);
    if (field && add_slopes(program, picture, graph, e))
        return json_pack("{s:o, s:s}", "graph", graph, "variable", variable[0]);
    json_decref(graph);
    return NULL;
}

static double number_of(const json_t *picture, const char *key)
{
    return json_number_value(json_object_get(picture, key));
}

json_t *nnrt_picture_schedule(nnrt_program *program, const json_t *picture, nnrt_error *e)
{
    nnrt_instance *unit = nnrt_program_instance_apart(
        program, json_string_value(json_object_get(picture, "schedule")), NULL, e);
    if (!unit)
        return NULL;
    int64_t steps = (int64_t)number_of(picture, "steps"),
            epochs = (int64_t)number_of(picture, "epochs"),
            per_epoch = (int64_t)number_of(picture, "per_epoch");
    int64_t stride = steps > MOST_STEPS ? steps / MOST_STEPS : 1;
    json_t *rates = json_array();
    nnrt_call call = nnrt_instance_call(program, unit, 0);
    for (int64_t step = 0; step < steps; step += stride) {
        nnrt_set_hypers(unit, number_of(picture, "lr"), steps, step / per_epoch, epochs, per_epoch);
        call.first = call.step = step;
        call.last = step + 1;
        call.halt = 0;
        nnrt_launch(unit, &call);
        json_t *one = json_object();
        nnrt_put_number(one, "step", (double)step + 1, true);
        nnrt_put_number(one, "epochs", (double)step / (double)per_epoch, false);
        nnrt_put_number(one, "lr", call.metric[NNRT_METRIC_LR], false);
        json_array_append_new(rates, one);
    }
    return json_pack("{s:o}", "rates", rates);
}
