/* outputs.c: what a model answers, its loss, and the action's metrics of it. */
#include "model/outputs.h"
#include <math.h>
#include <stdlib.h>

float *nnrt_outputs(nnrt_program *program, const char *key, const nnrt_model *model,
                    const nnrt_part *part, uint64_t seed, nnrt_error *e)
{
    nnrt_instance *unit = nnrt_program_instance(program, nnrt_action_text(program, key), NULL, e);
    float *out = unit ? nnrt_tensor_new((size_t)part->count * (size_t)model->output_size) : NULL;
    if (!out) {
        if (unit)
            nnrt_no_memory(e);
        return NULL;
    }
    nnrt_call call = nnrt_instance_call(program, unit, seed);
    call.x = part->x;
    call.y = part->y;
    call.out = out;
    if (nnrt_launch_batches(unit, &call, 0, part->count, true))
        return out;
    nnrt_interrupted(e);
    free(out);
    return NULL;
}

bool nnrt_outputs_loss(nnrt_program *program, const nnrt_data *data, const nnrt_part *part,
                       const float *out, float *gradient, double *loss, nnrt_error *e)
{
    nnrt_instance *unit =
        nnrt_program_instance(program, nnrt_action_text(program, "loss_unit"), NULL, e);
    if (!unit)
        return false;
    nnrt_call call = nnrt_instance_call(program, unit, 0);
    if (!nnrt_call_of_part(&call, unit, data, part, e))
        return false;
    call.x = out;
    call.out = gradient;
    if (!nnrt_launch_batches(unit, &call, 0, part->count, true))
        return nnrt_interrupted(e);
    *loss = call.halt ? NAN : nnrt_mean_loss(unit, call.metric, part->count);
    return true;
}

bool nnrt_measure(nnrt_program *program, const nnrt_data *data, const nnrt_sample_set *set,
                  json_t *result, nnrt_error *e)
{
    const json_t *metrics = json_object_get(program->action, "metrics");
    size_t i;
    json_t *declared;
    json_array_foreach (metrics, i, declared) {
        nnrt_metric metric;
        double value;
        if (!nnrt_metric_read(declared, data, &metric, e))
            return false;
        if (!set)
            json_object_set_new(result, metric.name, json_null());
        else if (!nnrt_metric_is_number(&metric))
            json_object_set_new(result, metric.name, nnrt_confusion(set));
        else if (nnrt_metric_compute(&metric, set, &value, e))
            nnrt_put_number(result, metric.name, value, false);
        else
            return false;
    }
    return true;
}

json_t *nnrt_class_notes(const nnrt_data *data)
{
    char **name = data->multilabel ? data->target_name : data->class_name;
    int64_t count = data->multilabel ? data->target_size : data->classes;
    if (!data->classify && !data->multilabel)
        return NULL;
    json_t *names = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(name ? name[i] : ""));
    return json_pack("{s:o}", "classes", names);
}
