/* plot.c: `plot`: a result, or a part of one, as a picture. */
#include "charts.h"
#include "session.h"
#include <stdio.h>
#include <stdlib.h>

static bool is_empty(const json_t *value)
{
    return (json_is_array(value) && !json_array_size(value)) || (json_is_object(value) && !json_object_size(value));
}

bool nnrt_do_plot(nnrt_program *program, nnrt_error *e)
{
    const json_t *notes = NULL;
    const char *to = nnrt_action_text(program, "to"), *text = nnrt_action_text(program, "text");
    json_t *value = nnrt_later_json(program->session, json_object_get(program->action, "value"), &notes, e);
    nnrt_figure *figure = value ? nnrt_figure_new() : NULL;
    bool well = value && (figure || nnrt_no_memory(e));
    if (well) {
        figure->title = text ? text : "result";
        if (program->script) figure->subtitle = nnrt_figure_text(figure, "%s", program->script);
        well = nnrt_chart_value(figure, value, notes);
        if (!well) {
            nnrt_fail(e, NNRT_SCRIPT, "no-picture", "'%s' has no picture: %s", figure->title, is_empty(value) ? "it is empty" : "it is no result of an action, nor a list of a result's records");
            snprintf(e->help, sizeof e->help, "name a result and plot it: train m on d as run, then plot run to \"run.svg\"");
        }
    }
    if (well && !program->session->options.dry_run) {
        char *path = to ? nnrt_program_path(program, to) : NULL;
        well = path ? nnrt_figure_write(figure, path, e) : nnrt_no_memory(e);
        free(path);
    }
    nnrt_figure_free(figure);
    json_decref(value);
    return well;
}
