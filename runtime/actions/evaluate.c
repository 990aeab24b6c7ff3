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

/* As a table: the numbers, the confusion matrix where it was asked for, and what is true of each
 * class. */
static bool print_result(const nnrt_program *program, const nnrt_data *data,
                         const nnrt_sample_set *set, int64_t samples, const json_t *result)
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
    if (!data->classify && !data->multilabel)
        return true;
    return nnrt_print_classes(set, data->multilabel ? data->target_name : data->class_name);
}

/* An ensemble's outputs for a part and their mean loss. `view`: the model as its outputs are to
 * be read. */
static float *ensemble_answers(nnrt_program *program, nnrt_model *model, const nnrt_data *data,
                               const nnrt_part *part, nnrt_model *view, double *loss, nnrt_error *e)
{
    nnrt_ensemble *ensemble = nnrt_action_ensemble(program, model, e);
    if (!ensemble)
        return NULL;
    *view = nnrt_ensemble_view(ensemble, model);
    float *out =
        nnrt_ensemble_outputs(program, ensemble, model, data, part, nnrt_action_seed(program), e);
    if (out && nnrt_outputs_loss(program, data, part, out, NULL, loss, e))
        return out;
    free(out);
    return NULL;
}

static float *model_answers(nnrt_program *program, nnrt_model *model, const nnrt_data *data,
                            const nnrt_part *part, double *loss, nnrt_error *e)
{
    uint64_t seed = nnrt_action_seed(program);
    if (!nnrt_model_draw(model, seed, e))
        return NULL;
    nnrt_instance *unit =
        nnrt_program_instance(program, nnrt_action_text(program, "unit"), NULL, e);
    float *out = unit ? nnrt_tensor_new((size_t)part->count * (size_t)model->output_size) : NULL;
    if (unit && !out)
        nnrt_no_memory(e);
    if (!out)
        return NULL;

    nnrt_call call = nnrt_instance_call(program, unit, seed);
    bool ok = nnrt_call_of_part(&call, unit, data, part, e);
    call.out = out;
    ok = ok && (nnrt_launch_batches(unit, &call, 0, part->count, true) || nnrt_interrupted(e));
    *loss = nnrt_mean_loss(unit, call.metric, part->count);
    if (ok)
        return out;
    free(out);
    return NULL;
}

/* The outputs for a part, [count][output_size] (free()), and their mean loss; NULL: e says
 * why. */
static float *answers(nnrt_program *program, nnrt_model *model, const nnrt_data *data,
                      const nnrt_part *part, nnrt_model *view, double *loss, nnrt_error *e)
{
    *view = *model;
    if (nnrt_action_text(program, "ensemble"))
        return ensemble_answers(program, model, data, part, view, loss, e);
    return model_answers(program, model, data, part, loss, e);
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
    nnrt_part asked = { .count = count,
                        .x = x,
                        .y = nnrt_tensor_new((size_t)count * (size_t)q->data->target_size),
                        .w = nnrt_tensor_new((size_t)count) };
    bool well = (asked.y && asked.w) || nnrt_no_memory(e);
    float *out = well ? answers(q->program, q->model, q->data, &asked, &view, &loss, e) : NULL;
    free(asked.y);
    free(asked.w);
    return out;
}

/* Adds the band of two deviations around a fit, over draws of dropout. */
static bool add_spread(const question *q, json_t *notes, nnrt_error *e)
{
    enum { PASSES = 50 };

    const char *unit = nnrt_action_text(q->program, "passes_unit");
    json_t *fit = json_object_get(notes, "fit"), *line = json_object_get(fit, "x");
    size_t count = json_array_size(line);
    if (!unit || !count)
        return true;
    nnrt_part asked = { .count = (int64_t)count,
                        .x = nnrt_tensor_new(count),
                        .y = nnrt_tensor_new(count) };
    float *mean = nnrt_tensor_new(count), *deviation = nnrt_tensor_new(count);
    bool ok = (asked.x && asked.y && mean && deviation) || nnrt_no_memory(e);
    for (size_t i = 0; ok && i < count; i++)
        asked.x[i] = (float)json_number_value(json_array_get(line, i));
    ok = ok && nnrt_predict_passes(q->program, q->model, q->data, unit, &asked, PASSES, mean,
                                   deviation, e);
    for (int side = 0; ok && side < 2; side++) {
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
    return ok;
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

/* Adds to the notes what the result's picture shows, where a later action draws one. */
static bool add_picture(question *q, json_t *notes, const nnrt_sample_set *set, const float *x,
                        nnrt_error *e)
{
    return nnrt_picture_evaluation(notes, q->data, is_normalized(q->program, q->data), set, x,
                                   answer, q, e) &&
           add_spread(q, notes, e);
}

/* The first samples of the part that a dry run looks at; else all of them. */
static nnrt_part samples_to_evaluate(const nnrt_program *program, const nnrt_part *part)
{
    enum { DRY = 512 };

    nnrt_part some = *part;
    if (program->session->options.dry_run && some.count > DRY)
        some.count = DRY;
    return some;
}

bool nnrt_do_evaluate(nnrt_program *program, nnrt_error *e)
{
    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e), view;
    const nnrt_data *data =
        model ? nnrt_program_data_for(program, model, nnrt_action_text(program, "data"), e) : NULL;
    const nnrt_part *whole = data ? nnrt_action_part(program, data, e) : NULL;
    const char *as = nnrt_action_text(program, "as");
    double loss;
    if (!whole)
        return false;
    nnrt_part part = samples_to_evaluate(program, whole);
    float *out = answers(program, model, data, &part, &view, &loss, e);
    if (!out)
        return false;

    json_t *result = json_object(), *notes = nnrt_class_notes(data);
    nnrt_sample_set set = nnrt_samples_of(data, &view, part.count, out, part.y);
    if (json_is_true(json_object_get(program->action, "loss")))
        nnrt_put_number(result, "loss", loss, false);
    bool ok = nnrt_measure(program, data, &set, result, e);
    if (ok && as && json_is_true(json_object_get(program->action, "pictured"))) {
        nnrt_data_restore_targets(data, out, part.count);
        set.scaling = NULL;
        if (!notes)
            notes = json_object();
        ok = add_picture(&(question){ program, model, data }, notes, &set, part.x, e);
    }
    if (ok && !as)
        ok = print_result(program, data, &set, part.count, result) || nnrt_no_memory(e);
    free(out);

    if (!ok) {
        json_decref(notes);
        json_decref(result);
        return false;
    }
    log_evaluation(program, part.count, result);
    ok = nnrt_result_set(&program->session->results, as, result, NULL, NULL, e);
    nnrt_result_note(&program->session->results, ok ? as : NULL, notes);
    return ok;
}
