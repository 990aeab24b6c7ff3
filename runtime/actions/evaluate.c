/* evaluate.c: `evaluate`: a part's outputs, and the metrics asked for. */
#include "actions/actions.h"
#include "actions/pictured.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void log_evaluation(const nnrt_program *program, int64_t samples, const json_t *result)
{
    nnrt_log *log = program->session->log;
    const char *name;
    json_t *value;
    nnrt_log_begin(log, "evaluate");
    nnrt_log_text(log, "model", nnrt_action_subject(program));
    nnrt_log_text(log, "data", nnrt_action_text(program, "data"));
    nnrt_log_text(log, "part", nnrt_action_text(program, "part"));
    nnrt_log_whole(log, "samples", samples);
    nnrt_log_open_object(log, "metrics");
    json_object_foreach ((json_t *)result, name, value) {
        nnrt_log_json(log, name, value);
    }
    nnrt_log_close_object(log);
    nnrt_log_end(log);
}

static void print_result(const nnrt_program *program, const nnrt_data *data, int64_t samples,
                         const json_t *result)
{
    const char *name;
    json_t *value;
    printf("evaluate %s on %s.%s (%lld samples)\n", nnrt_action_subject(program),
           nnrt_action_text(program, "data"), nnrt_action_text(program, "part"),
           (long long)samples);
    nnrt_print_fields(result);
    json_object_foreach ((json_t *)result, name, value) {
        if (json_is_array(value)) {
            nnrt_print_matrix("confusion: true classes in rows, predicted ones in columns", value,
                              data->class_name, data->classes);
        }
    }
}

/* The outputs of the first `count` samples and their summed loss; NULL: e says why. `view`: the
 * model as its outputs are to be read. */
static float *answers(nnrt_program *program, nnrt_model *model, const nnrt_data *data,
                      const nnrt_part *part, int64_t count, nnrt_model *view, double *loss,
                      nnrt_error *e)
{
    uint64_t seed = nnrt_action_seed(program);
    nnrt_part some = *part;
    some.count = count;
    *view = *model;
    if (nnrt_action_text(program, "ensemble")) {
        nnrt_ensemble *ensemble = nnrt_action_ensemble(program, model, e);
        float *out =
            ensemble ? nnrt_ensemble_outputs(program, ensemble, model, data, &some, seed, e) : NULL;
        if (ensemble)
            *view = nnrt_ensemble_view(ensemble, model);
        if (out && nnrt_outputs_loss(program, out, part->y, count, NULL, loss, e))
            return out;
        free(out);
        return NULL;
    }
    if (!nnrt_model_draw(model, seed, e))
        return NULL;
    nnrt_instance *unit =
        nnrt_program_instance(program, nnrt_action_text(program, "unit"), NULL, e);
    float *out = unit ? nnrt_tensor_new((size_t)count * (size_t)model->output_size) : NULL;
    if (unit && !out)
        nnrt_no_memory(e);
    if (!out)
        return NULL;
    nnrt_call call = nnrt_instance_call(program, unit, seed);
    call.x = part->x;
    call.y = part->y;
    call.out = out;
    bool well = nnrt_launch_batches(unit, &call, 0, count, true) || nnrt_interrupted(e);
    *loss = call.metric[NNRT_METRIC_LOSS];
    if (well)
        return out;
    free(out);
    return NULL;
}

/* What a picture asks the network for, beyond the part's own samples. */
typedef struct question {
    nnrt_program *program;
    nnrt_model *model;
    const nnrt_data *data;
} question;

static float *answer(void *context, float *x, int64_t count, nnrt_error *e)
{
    const question *q = context;
    double loss;
    nnrt_model view;
    nnrt_part asked = { count, x, nnrt_tensor_new((size_t)count * (size_t)q->data->target_size) };
    float *out =
        asked.y ? answers(q->program, q->model, q->data, &asked, count, &view, &loss, e) : NULL;
    if (!asked.y)
        nnrt_no_memory(e);
    free(asked.y);
    return out;
}

/* How far a fit's outputs lie apart when dropout stays on. */
static bool add_spread(const question *q, json_t *notes, nnrt_error *e)
{
    enum { PASSES = 50 };

    const char *unit = nnrt_action_text(q->program, "passes_unit");
    json_t *fit = json_object_get(notes, "fit"), *line = json_object_get(fit, "x");
    size_t count = json_array_size(line);
    if (!unit || !count)
        return true;
    nnrt_part asked = { (int64_t)count, nnrt_tensor_new(count), nnrt_tensor_new(count) };
    float *mean = nnrt_tensor_new(count), *deviation = nnrt_tensor_new(count);
    bool well = (asked.x && asked.y && mean && deviation) || nnrt_no_memory(e);
    for (size_t i = 0; well && i < count; i++)
        asked.x[i] = (float)json_number_value(json_array_get(line, i));
    well = well && nnrt_predict_passes(q->program, q->model, q->data, unit, &asked, PASSES, mean,
                                       deviation, e);
    for (int side = 0; well && side < 2; side++) {
        json_t *edge = json_array();
        for (size_t i = 0; i < count; i++) {
            json_array_append_new(edge,
                                  json_real(mean[i] + (side ? 2 : -2) * (double)deviation[i]));
        }
        json_object_set_new(fit, side ? "high" : "low", edge);
    }
    free(asked.x);
    free(asked.y);
    free(mean);
    free(deviation);
    return well;
}

static bool is_normalized(nnrt_program *program, const nnrt_data *data)
{
    nnrt_error unused = { 0 };
    const json_t *declaration = nnrt_program_declaration(program, data->name, &unused),
                 *normalize = declaration ? json_object_get(declaration, "normalize") : NULL;
    const char *form = json_string_value(
        json_is_object(normalize) ? json_object_get(normalize, "form") : normalize);
    return form && strcmp(form, "none") != 0;
}

bool nnrt_do_evaluate(nnrt_program *program, nnrt_error *e)
{
    enum { DRY = 512 };

    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e), view;
    const nnrt_data *data =
        model ? nnrt_program_data(program, nnrt_action_text(program, "data"), e) : NULL;
    const nnrt_part *part = data ? nnrt_action_part(program, data, e) : NULL;
    const char *as = nnrt_action_text(program, "as");
    double loss;
    if (!part)
        return false;
    int64_t count = program->session->options.dry_run && part->count > DRY ? DRY : part->count;
    float *out = answers(program, model, data, part, count, &view, &loss, e);
    if (!out)
        return false;
    json_t *result = json_object();
    nnrt_sample_set set = nnrt_samples_of(data, &view, count, out, part->y);
    if (json_is_true(json_object_get(program->action, "loss")))
        nnrt_put_number(result, "loss", loss / (double)count, false);
    json_t *notes = nnrt_class_notes(data);
    bool well = nnrt_measure(program, data, &set, result, e);
    if (well && as && json_is_true(json_object_get(program->action, "pictured"))) {
        question q = { program, model, data };
        if (!notes)
            notes = json_object();
        well = nnrt_picture_evaluation(notes, data, is_normalized(program, data), &set, part->x,
                                       answer, &q, e) &&
               add_spread(&q, notes, e);
    }
    free(out);
    if (well) {
        log_evaluation(program, count, result);
        if (!as)
            print_result(program, data, count, result);
        well = nnrt_result_set(&program->session->results, as, result, NULL, NULL, e);
        nnrt_result_note(&program->session->results, well ? as : NULL, notes);
        return well;
    }
    json_decref(notes);
    json_decref(result);
    return false;
}
