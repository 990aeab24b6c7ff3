/* plot.c: `plot`: a result or a part of one, data, functions or schedules, as a picture. */
#include "charts/charts.h"
#include "actions/pictured.h"
#include "actions/surface.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_empty(const json_t *value)
{
    return (json_is_array(value) && !json_array_size(value)) ||
           (json_is_object(value) && !json_object_size(value));
}

static const char *text_of(const json_t *picture, const char *key)
{
    return json_string_value(json_object_get(picture, key));
}

/* A new reference; NULL: e says why. */
static json_t *value_of(nnrt_program *program, const json_t *picture, const json_t **notes,
                        nnrt_error *e)
{
    *notes = NULL;
    if (text_of(picture, "function"))
        return nnrt_picture_function(program, picture, e);
    if (text_of(picture, "schedule"))
        return nnrt_picture_schedule(program, picture, e);
    return nnrt_later_json(&program->session->results, json_object_get(picture, "value"), notes, e);
}

/* The landscape under all paths together, computed by the unit of one of them; NULL: there is no
 * such unit. */
static json_t *common_field(nnrt_program *program, const nnrt_charted *items, size_t count,
                            nnrt_error *e);

static bool refuse(const nnrt_figure *figure, const json_t *value, nnrt_error *e)
{
    nnrt_fail(e, NNRT_SCRIPT, "no-picture", "'%s' has no picture: %s", figure->title,
              is_empty(value)
                  ? "it is empty"
                  : "it is neither an action's result nor a list of a result's records");
    snprintf(e->help, sizeof e->help,
             "name a result and plot it: train m on d as run, then plot run to \"run.svg\"");
    return false;
}

static bool draw_data(nnrt_program *program, nnrt_figure *figure, const json_t *pictures,
                      nnrt_error *e)
{
    size_t i;
    json_t *picture;
    json_array_foreach (pictures, i, picture) {
        const nnrt_data *data = nnrt_program_data(program, text_of(picture, "data"), e);
        size_t first = figure->panels;
        int part = -1;
        for (int k = 0; text_of(picture, "part") && k < NNRT_PARTS; k++)
            if (!strcmp(nnrt_part_name(k), text_of(picture, "part")))
                part = k;
        if (!data)
            return false;
        if (!nnrt_chart_data(figure, data, part)) {
            return nnrt_fail(e, NNRT_FILES, "no-picture",
                             "data '%s' has no picture: it has no samples, or its samples are not "
                             "lists of numbers",
                             data->name);
        }
        for (size_t k = first; part >= 0 && k < figure->panels; k++) {
            figure->panel[k]->title =
                nnrt_figure_text(figure, "%s (%s)", figure->panel[k]->title, nnrt_part_name(part));
        }
    }
    return true;
}

static bool draw(nnrt_program *program, nnrt_figure *figure, const json_t *pictures, nnrt_error *e)
{
    size_t count = json_array_size(pictures);
    if (text_of(json_array_get(pictures, 0), "data"))
        return draw_data(program, figure, pictures, e);
    nnrt_charted *items = calloc(count + 1, sizeof *items);
    json_t *field = NULL;
    bool ok = items || nnrt_no_memory(e);
    for (size_t i = 0; ok && i < count; i++) {
        const json_t *picture = json_array_get(pictures, i);
        items[i].name = text_of(picture, "name") ? text_of(picture, "name") : "";
        ok = (items[i].value = value_of(program, picture, &items[i].notes, e)) != NULL;
    }
    if (ok && count > 1)
        field = common_field(program, items, count, e);
    if (ok && !e->status) {
        ok = count == 1 ? nnrt_chart_value(figure, items[0].value, items[0].notes)
                        : nnrt_chart_several(figure, items, count, field);
        if (!ok)
            refuse(figure, items[0].value, e);
    }
    for (size_t i = 0; items && i < count; i++)
        json_decref((json_t *)(uintptr_t)items[i].value);
    json_decref(field);
    free(items);
    return ok && !e->status;
}

static json_t *common_field(nnrt_program *program, const nnrt_charted *items, size_t count,
                            nnrt_error *e)
{
    const char *unit = nnrt_action_text(program, "surface"), *variable[2];
    const json_t *declared = json_object_get(program->action, "variables");
    size_t variables = json_array_size(declared);
    double low[2] = { 0, 0 }, high[2] = { 0, 0 };
    static const char *const ends[2][2] = { { "x0", "x1" }, { "y0", "y1" } };
    if (!unit || variables < 1 || variables > 2)
        return NULL;
    for (size_t v = 0; v < variables; v++)
        variable[v] = text_of(json_array_get(declared, v), "name");
    for (size_t i = 0; i < count; i++) {
        const json_t *own = json_object_get(items[i].notes, "field");
        if (!own)
            return NULL;
        for (size_t v = 0; v < variables; v++) {
            double from = json_number_value(json_object_get(own, ends[v][0])),
                   to = json_number_value(json_object_get(own, ends[v][1]));
            if (!i || from < low[v])
                low[v] = from;
            if (!i || to > high[v])
                high[v] = to;
        }
    }
    return nnrt_field_values(program, unit, variable, variables, low, high, 0, e);
}

bool nnrt_do_plot(nnrt_program *program, nnrt_error *e)
{
    const char *to = nnrt_action_text(program, "to"), *text = nnrt_action_text(program, "text");
    nnrt_figure *figure = nnrt_figure_new();
    bool ok = figure || nnrt_no_memory(e);
    if (ok) {
        figure->title = text ? text : "result";
        if (program->script)
            figure->subtitle = nnrt_figure_text(figure, "%s", program->script);
        ok = draw(program, figure, json_object_get(program->action, "pictures"), e);
    }
    if (ok && !program->session->options.dry_run) {
        char *path = to ? nnrt_program_path(program, to) : NULL;
        ok = path ? nnrt_figure_write(figure, path, e) : nnrt_no_memory(e);
        free(path);
    }
    nnrt_figure_free(figure);
    return ok;
}
