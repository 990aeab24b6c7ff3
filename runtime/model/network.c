/* network.c: a model's weights: found, drawn, put aside. */
#include "model/network.h"
#include <stdlib.h>
#include <string.h>

void nnrt_model_free(nnrt_model *model)
{
    if (!model)
        return;
    free(model->weight);
    free(model->weight_name);
    free(model);
}

static nnrt_head head_named(const char *name)
{
    static const char *const names[] = { "scores", "softmax", "sigmoid", "values" };
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return (nnrt_head)i;
    return NNRT_VALUES;
}

static bool find_weights(nnrt_model *model, const nnrt_weights *weights, const json_t *declared,
                         nnrt_error *e)
{
    size_t i;
    json_t *weight;
    json_array_foreach (declared, i, weight) {
        const char *name = json_string_value(json_object_get(weight, "name")),
                   *key = json_string_value(json_object_get(weight, "key"));
        model->weight_name[i] = name;
        model->weight[i] = key ? nnrt_weights_find(weights, key) : NULL;
        if (!name || !model->weight[i]) {
            return nnrt_fail(e, NNRT_SCRIPT, "internal",
                             "model '%s' of the program has an unknown weight", model->name);
        }
    }
    model->count = json_array_size(declared);
    return true;
}

nnrt_model *nnrt_model_new(const nnrt_weights *weights, const json_t *declared, nnrt_error *e)
{
    const json_t *listed = json_object_get(declared, "weights"),
                 *output = json_object_get(declared, "output");
    nnrt_model *model = calloc(1, sizeof *model);
    if (!model) {
        nnrt_no_memory(e);
        return NULL;
    }
    model->name = json_string_value(json_object_get(declared, "name"));
    model->parameters = json_integer_value(json_object_get(declared, "parameters"));
    model->head = head_named(json_string_value(json_object_get(declared, "head")));
    model->output_size = 1;
    for (size_t i = 0; i < json_array_size(output) && i < NNRT_TENSOR_RANK; i++) {
        model->output[model->output_rank++] = json_integer_value(json_array_get(output, i));
        model->output_size *= model->output[i];
    }

    model->weight = calloc(json_array_size(listed) + 1, sizeof *model->weight);
    model->weight_name = calloc(json_array_size(listed) + 1, sizeof *model->weight_name);
    bool ok = (model->weight && model->weight_name) || nnrt_no_memory(e);
    if (ok && find_weights(model, weights, listed, e))
        return model;
    nnrt_model_free(model);
    return NULL;
}

/* Drawn by the names within the model, so that two models of the same network begin alike from one
 * seed. */
bool nnrt_model_draw(nnrt_model *model, uint64_t seed, nnrt_error *e)
{
    for (size_t i = 0; i < model->count; i++)
        if (!nnrt_weight_draw(model->weight[i], model->weight_name[i], seed, e))
            return false;
    return true;
}

bool nnrt_model_pruned(const nnrt_model *model)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->weight[i]->pruned)
            return true;
    return false;
}

/* Keys are "model/layer.weight", or "model#2/..." of a model that was declared again. */
static bool owns(const nnrt_model *model, const nnrt_weight *weight)
{
    size_t length = strlen(model->name);
    return !strncmp(weight->key, model->name, length) &&
           (weight->key[length] == '/' || weight->key[length] == '#');
}

bool nnrt_model_fresh(nnrt_model *model, uint64_t seed, nnrt_error *e)
{
    for (size_t i = 0; i < model->count; i++)
        if (owns(model, model->weight[i]))
            model->weight[i]->drawn = false;
    return nnrt_model_draw(model, seed, e);
}

nnrt_snapshot *nnrt_snapshot_take(nnrt_model *model, nnrt_error *e)
{
    nnrt_snapshot *snapshot = calloc(1, sizeof *snapshot);
    bool whole = snapshot &&
                 (snapshot->values = calloc(model->count + 1, sizeof *snapshot->values)) &&
                 (snapshot->drawn = calloc(model->count + 1, sizeof *snapshot->drawn));
    if (whole)
        snapshot->model = model;
    for (size_t i = 0; whole && i < model->count; i++) {
        const nnrt_weight *weight = model->weight[i];
        snapshot->drawn[i] = weight->drawn;
        if (!weight->drawn)
            continue;
        whole = (snapshot->values[i] = nnrt_tensor_new(weight->layout.packed)) != NULL;
        if (whole) {
            memcpy(snapshot->values[i], weight->values,
                   weight->layout.packed * sizeof *weight->values);
        }
    }
    if (whole)
        return snapshot;
    nnrt_snapshot_free(snapshot);
    nnrt_no_memory(e);
    return NULL;
}

void nnrt_snapshot_put_back(const nnrt_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->model->count; i++) {
        nnrt_weight *weight = snapshot->model->weight[i];
        weight->drawn = snapshot->drawn[i];
        if (snapshot->values[i]) {
            memcpy(weight->values, snapshot->values[i],
                   weight->layout.packed * sizeof *weight->values);
        }
    }
}

void nnrt_snapshot_free(nnrt_snapshot *snapshot)
{
    if (!snapshot)
        return;
    for (size_t i = 0; snapshot->model && i < snapshot->model->count; i++)
        free(snapshot->values[i]);
    free(snapshot->values);
    free(snapshot->drawn);
    free(snapshot);
}
