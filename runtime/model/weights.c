/* weights.c: shapes and panels of tensors, and the session's store of weights by key. */
#include "model/weights.h"
#include "model/initializers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool nnrt_layout_read(const json_t *declared, nnrt_layout *layout, nnrt_error *e)
{
    const json_t *shape = json_object_get(declared, "shape");
    size_t rank = json_array_size(shape);
    *layout = (nnrt_layout){ .rank = (int)rank, .file_rank = (int)rank, .elements = 1 };
    if (rank > NNRT_TENSOR_RANK)
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "a tensor of the program has %zu axes", rank);
    for (size_t i = 0; i < rank; i++) {
        int64_t d = json_integer_value(json_array_get(shape, i));
        if (d < 1 || layout->elements > INT64_MAX / 64 / d) {
            return nnrt_fail(e, NNRT_SCRIPT, "internal",
                             "a tensor of the program has an impossible shape");
        }
        layout->dims[i] = d;
        layout->elements *= d;
    }

    const json_t *axis = json_object_get(declared, "feature_axis");
    layout->feature_axis = json_is_integer(axis) ? (int)json_integer_value(axis) : layout->rank - 1;
    if (rank == 0) {
        layout->rank = 1;
        layout->dims[0] = 1;
        layout->feature_axis = 0;
    }
    if (layout->feature_axis < 0 || layout->feature_axis >= layout->rank) {
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "a tensor of the program has no axis %d",
                         layout->feature_axis);
    }
    layout->packed = nnrt_packed_floats(layout->dims, layout->rank, layout->feature_axis);
    return true;
}

bool nnrt_layout_is(const nnrt_layout *layout, int rank, const int64_t *dims)
{
    if (layout->elements == 1 && layout->rank == 1 && rank == 0)
        return true;
    return layout->rank == rank && !memcmp(dims, layout->dims, sizeof *dims * (size_t)rank);
}

bool nnrt_layout_equal(const nnrt_layout *a, const nnrt_layout *b)
{
    return a->rank == b->rank && a->feature_axis == b->feature_axis &&
           !memcmp(a->dims, b->dims, sizeof a->dims);
}

void nnrt_shape_text(int rank, const int64_t *dims, char *text, size_t size)
{
    size_t at = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < rank && at + 1 < size; i++) {
        int n = snprintf(text + at, size - at, i ? ", %lld" : "%lld", (long long)dims[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    if (at + 1 < size)
        snprintf(text + at, size - at, "]");
}

nnrt_weight *nnrt_weights_find(const nnrt_weights *weights, const char *key)
{
    const json_t *at = json_object_get(weights->index, key);
    return at ? weights->item[json_integer_value(at)] : NULL;
}

bool nnrt_weights_init(nnrt_weights *weights, nnrt_error *e)
{
    *weights = (nnrt_weights){ .index = json_object() };
    return weights->index || nnrt_no_memory(e);
}

static void drop_values(nnrt_weight *weight)
{
    free(weight->values);
    json_decref(weight->init);
    weight->values = NULL;
    weight->init = NULL;
    weight->drawn = false;
}

void nnrt_weights_clear(nnrt_weights *weights)
{
    for (size_t i = 0; i < weights->count; i++) {
        drop_values(weights->item[i]);
        free(weights->item[i]->key);
        free(weights->item[i]);
    }
    free(weights->item);
    json_decref(weights->index);
    *weights = (nnrt_weights){ 0 };
}

static bool grow(nnrt_weights *weights)
{
    if (weights->count < weights->capacity)
        return true;
    size_t capacity = 2 * weights->capacity + 16;
    nnrt_weight **grown = realloc(weights->item, capacity * sizeof *grown);
    if (!grown)
        return false;
    weights->item = grown;
    weights->capacity = capacity;
    return true;
}

static nnrt_weight *add(nnrt_weights *weights, const char *key, nnrt_error *e)
{
    nnrt_weight *weight = grow(weights) ? calloc(1, sizeof *weight) : NULL;
    if (weight)
        weight->key = strdup(key);
    if (!weight || !weight->key ||
        json_object_set_new(weights->index, key, json_integer((json_int_t)weights->count))) {
        if (weight)
            free(weight->key);
        free(weight);
        nnrt_no_memory(e);
        return NULL;
    }
    weights->item[weights->count++] = weight;
    return weight;
}

static bool declare(nnrt_weights *weights, const json_t *declared, nnrt_error *e)
{
    const char *key = json_string_value(json_object_get(declared, "key")),
               *role = json_string_value(json_object_get(declared, "role"));
    int64_t generation = json_integer_value(json_object_get(declared, "generation"));
    nnrt_layout layout;
    if (!key)
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "a weight of the program has no key");
    if (!nnrt_layout_read(declared, &layout, e))
        return false;

    nnrt_weight *weight = nnrt_weights_find(weights, key);
    if (weight && weight->generation == generation && nnrt_layout_equal(&weight->layout, &layout)) {
        json_decref(weight->init); /* a trial of params may draw it otherwise */
        weight->init = json_incref(json_object_get(declared, "init"));
        return true;
    }
    if (weight)
        drop_values(weight);
    else if (!(weight = add(weights, key, e)))
        return false;

    weight->layout = layout;
    weight->generation = generation;
    weight->buffer = role && !strcmp(role, "buffer");
    weight->kernel = role && !strcmp(role, "kernel");
    weight->pruned = false;
    weight->init = json_incref(json_object_get(declared, "init"));
    weight->values = nnrt_tensor_new(layout.packed);
    return weight->values || nnrt_no_memory(e);
}

bool nnrt_weights_declare(nnrt_weights *weights, const json_t *declared, nnrt_error *e)
{
    size_t i;
    json_t *weight;
    json_array_foreach (declared, i, weight) {
        if (!declare(weights, weight, e))
            return false;
    }
    return true;
}

bool nnrt_weight_draw(nnrt_weight *weight, const char *name, uint64_t seed, nnrt_error *e)
{
    const nnrt_layout *layout = &weight->layout;
    if (weight->drawn)
        return true;
    float *logical = nnrt_tensor_new((size_t)layout->elements);
    if (!logical)
        return nnrt_no_memory(e);
    weight->drawn =
        nnrt_init_weight(weight->init, seed, name, layout->dims, layout->rank, logical, e);
    if (weight->drawn)
        nnrt_pack(logical, weight->values, layout->dims, layout->rank, layout->feature_axis);
    free(logical);
    return weight->drawn;
}
