/* weights.c: shapes and panels of tensors, and the session's store of weights by key. */
#include "model/session.h"
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

nnrt_weight *nnrt_weight_find(nnrt_session *session, const char *key)
{
    const json_t *at = json_object_get(session->weight_index, key);
    return at ? session->weight[json_integer_value(at)] : NULL;
}

static void weight_clear(nnrt_weight *weight)
{
    free(weight->values);
    json_decref(weight->init);
    weight->values = NULL;
    weight->init = NULL;
    weight->drawn = false;
}

static nnrt_weight *weight_new(nnrt_session *session, const char *key, nnrt_error *e)
{
    if (session->weight_count == session->weight_capacity) {
        size_t capacity = 2 * session->weight_capacity + 16;
        nnrt_weight **grown = realloc(session->weight, capacity * sizeof *grown);
        if (!grown) {
            nnrt_no_memory(e);
            return NULL;
        }
        session->weight = grown;
        session->weight_capacity = capacity;
    }
    nnrt_weight *weight = calloc(1, sizeof *weight);
    if (weight)
        weight->key = strdup(key);
    if (!weight || !weight->key ||
        json_object_set_new(session->weight_index, key,
                            json_integer((json_int_t)session->weight_count))) {
        if (weight)
            free(weight->key);
        free(weight);
        nnrt_no_memory(e);
        return NULL;
    }
    session->weight[session->weight_count++] = weight;
    return weight;
}

bool nnrt_weights_declare(nnrt_session *session, const json_t *weights, nnrt_error *e)
{
    size_t i;
    json_t *declared;
    json_array_foreach (weights, i, declared) {
        const char *key = json_string_value(json_object_get(declared, "key"));
        const char *role = json_string_value(json_object_get(declared, "role"));
        nnrt_layout layout;
        if (!key)
            return nnrt_fail(e, NNRT_SCRIPT, "internal", "a weight of the program has no key");
        if (!nnrt_layout_read(declared, &layout, e))
            return false;
        int64_t generation = json_integer_value(json_object_get(declared, "generation"));
        nnrt_weight *weight = nnrt_weight_find(session, key);
        if (weight && weight->generation == generation &&
            nnrt_layout_equal(&weight->layout, &layout)) {
            json_decref(weight->init); /* a trial of params may draw it otherwise */
            weight->init = json_incref(json_object_get(declared, "init"));
            continue;
        }
        if (weight)
            weight_clear(weight);
        else if (!(weight = weight_new(session, key, e)))
            return false;
        weight->layout = layout;
        weight->generation = generation;
        weight->buffer = role && !strcmp(role, "buffer");
        weight->kernel = role && !strcmp(role, "kernel");
        weight->pruned = false;
        weight->init = json_incref(json_object_get(declared, "init"));
        weight->values = nnrt_tensor_new(layout.packed);
        if (!weight->values)
            return nnrt_no_memory(e);
    }
    return true;
}

void nnrt_weights_free(nnrt_session *session)
{
    for (size_t i = 0; i < session->weight_count; i++) {
        weight_clear(session->weight[i]);
        free(session->weight[i]->key);
        free(session->weight[i]);
    }
    free(session->weight);
    json_decref(session->weight_index);
}
