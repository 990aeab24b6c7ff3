/* onnx_file.c: a network and its weights in protobuf's wire format (tag and varint, or tag, length
 * and bytes). */
#include "actions/onnx_file.h"
#include "base/base.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct bytes {
    uint8_t *data;
    size_t length, capacity;
    bool failed;
} bytes;

/* Field numbers of onnx.proto. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    OPSET_VERSION = 2,
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_FLOAT = 2,
    ATTRIBUTE_INT = 3,
    ATTRIBUTE_TEXT = 4,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TYPE = 20,
    TENSOR_DIMS = 1,
    TENSOR_TYPE = 2,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_TYPE_ELEMENT = 1,
    TENSOR_TYPE_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    DIM_PARAM = 2,
    IS_FLOAT = 1,
    IS_INT = 2,
    IS_TEXT = 3,
    IS_INTS = 7,
    ELEMENT_FLOAT = 1,
    ELEMENT_INT64 = 7,
    IR_VERSION = 8,
    OPSET = 17
};

static void put(bytes *to, const void *data, size_t length)
{
    if (to->failed)
        return;
    if (to->length + length > to->capacity) {
        size_t capacity = 2 * to->capacity + length + 64;
        uint8_t *grown = realloc(to->data, capacity);
        if (!grown) {
            to->failed = true;
            return;
        }
        to->data = grown;
        to->capacity = capacity;
    }
    if (length)
        memcpy(to->data + to->length, data, length);
    to->length += length;
}

static void put_varint(bytes *to, uint64_t value)
{
    uint8_t out[10];
    size_t length = 0;
    do {
        out[length++] = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));
        value >>= 7;
    } while (value);
    put(to, out, length);
}

static void put_whole(bytes *to, int field, int64_t value)
{
    put_varint(to, (uint64_t)field << 3);
    put_varint(to, (uint64_t)value);
}

static void put_data(bytes *to, int field, const void *data, size_t length)
{
    put_varint(to, (uint64_t)field << 3 | 2);
    put_varint(to, length);
    put(to, data, length);
}

static void put_text(bytes *to, int field, const char *text)
{
    put_data(to, field, text ? text : "", text ? strlen(text) : 0);
}

/* Takes the message over. */
static void put_message(bytes *to, int field, bytes *message)
{
    put_data(to, field, message->data, message->length);
    to->failed |= message->failed;
    free(message->data);
    *message = (bytes){ 0 };
}

static void put_tensor(bytes *graph, const char *name, int type, int rank, const int64_t *dims,
                       const void *data, size_t size)
{
    bytes tensor = { 0 };
    for (int i = 0; i < rank; i++)
        put_whole(&tensor, TENSOR_DIMS, dims[i]);
    put_whole(&tensor, TENSOR_TYPE, type);
    put_text(&tensor, TENSOR_NAME, name);
    put_data(&tensor, TENSOR_RAW, data, size);
    put_message(graph, GRAPH_INITIALIZER, &tensor);
}

static void put_attribute(bytes *node, const char *name, const json_t *value)
{
    bytes attribute = { 0 };
    put_text(&attribute, ATTRIBUTE_NAME, name);
    if (json_is_integer(value)) {
        put_whole(&attribute, ATTRIBUTE_INT, json_integer_value(value));
        put_whole(&attribute, ATTRIBUTE_TYPE, IS_INT);
    } else if (json_is_real(value)) {
        float number = (float)json_real_value(value);
        put_varint(&attribute, ATTRIBUTE_FLOAT << 3 | 5);
        put(&attribute, &number, sizeof number);
        put_whole(&attribute, ATTRIBUTE_TYPE, IS_FLOAT);
    } else if (json_is_string(value)) {
        put_text(&attribute, ATTRIBUTE_TEXT, json_string_value(value));
        put_whole(&attribute, ATTRIBUTE_TYPE, IS_TEXT);
    } else {
        for (size_t i = 0; i < json_array_size(value); i++)
            put_whole(&attribute, ATTRIBUTE_INTS, json_integer_value(json_array_get(value, i)));
        put_whole(&attribute, ATTRIBUTE_TYPE, IS_INTS);
    }
    put_message(node, NODE_ATTRIBUTE, &attribute);
}

static void put_node(bytes *graph, const json_t *declared, size_t number)
{
    bytes node = { 0 };
    char name[96];
    const char *op = json_string_value(json_object_get(declared, "op")), *key;
    const json_t *in = json_object_get(declared, "in");
    json_t *value;
    snprintf(name, sizeof name, "%s_%zu", op, number);
    for (size_t i = 0; i < json_array_size(in); i++)
        put_text(&node, NODE_INPUT, json_string_value(json_array_get(in, i)));
    put_text(&node, NODE_OUTPUT, json_string_value(json_object_get(declared, "out")));
    put_text(&node, NODE_NAME, name);
    put_text(&node, NODE_OP, op);
    json_object_foreach (json_object_get(declared, "attributes"), key, value) {
        put_attribute(&node, key, value);
    }
    put_message(graph, GRAPH_NODE, &node);
}

static void put_value(bytes *graph, int field, const json_t *declared)
{
    const json_t *dims = json_object_get(declared, "shape");
    bytes shape = { 0 }, tensor = { 0 }, type = { 0 }, value = { 0 };
    for (size_t i = 0; i < json_array_size(dims); i++) {
        bytes dim = { 0 };
        json_int_t extent = json_integer_value(json_array_get(dims, i));
        if (extent < 0)
            put_text(&dim, DIM_PARAM, "n");
        else
            put_whole(&dim, DIM_VALUE, extent);
        put_message(&shape, SHAPE_DIM, &dim);
    }
    put_whole(&tensor, TENSOR_TYPE_ELEMENT, ELEMENT_FLOAT);
    put_message(&tensor, TENSOR_TYPE_SHAPE, &shape);
    put_message(&type, TYPE_TENSOR, &tensor);
    put_text(&value, VALUE_NAME, json_string_value(json_object_get(declared, "name")));
    put_message(&value, VALUE_TYPE, &type);
    put_message(graph, field, &value);
}

static float number_of(const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text)
        return (float)json_number_value(value);
    if (!strcmp(text, "nan"))
        return NAN;
    return *text == '-' ? -INFINITY : INFINITY;
}

static void put_floats(bytes *graph, const json_t *declared)
{
    const json_t *values = json_object_get(declared, "values"),
                 *shape = json_object_get(declared, "shape");
    size_t count = json_array_size(values);
    int64_t dims[NNRT_TENSOR_RANK] = { 0 };
    int rank = 0;
    float *data = calloc(count + 1, sizeof *data);
    if (!data) {
        graph->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        data[i] = number_of(json_array_get(values, i));
    for (size_t i = 0; i < json_array_size(shape) && i < NNRT_TENSOR_RANK; i++)
        dims[rank++] = json_integer_value(json_array_get(shape, i));
    put_tensor(graph, json_string_value(json_object_get(declared, "name")), ELEMENT_FLOAT, rank,
               dims, data, count * sizeof *data);
    free(data);
}

static void put_ints(bytes *graph, const json_t *declared)
{
    const json_t *values = json_object_get(declared, "values");
    int64_t data[64], count = 0;
    for (size_t i = 0; i < json_array_size(values) && i < sizeof data / sizeof *data; i++)
        data[count++] = json_integer_value(json_array_get(values, i));
    put_tensor(graph, json_string_value(json_object_get(declared, "name")), ELEMENT_INT64, 1,
               &count, data, (size_t)count * sizeof *data);
}

static void put_weights(bytes *graph, const nnrt_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        const nnrt_layout *layout = &model->weight[i]->layout;
        float *logical = nnrt_tensor_new((size_t)layout->elements);
        if (!logical) {
            graph->failed = true;
            return;
        }
        nnrt_unpack(model->weight[i]->values, logical, layout->dims, layout->rank,
                    layout->feature_axis);
        put_tensor(graph, model->weight_name[i], ELEMENT_FLOAT, layout->file_rank, layout->dims,
                   logical, (size_t)layout->elements * sizeof *logical);
        free(logical);
    }
}

static void put_graph(bytes *file, const json_t *declared, const nnrt_model *model)
{
    bytes graph = { 0 };
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(declared, "nodes"), i, item) {
        put_node(&graph, item, i);
    }
    put_text(&graph, GRAPH_NAME, json_string_value(json_object_get(declared, "name")));

    json_array_foreach (json_object_get(declared, "floats"), i, item) {
        put_floats(&graph, item);
    }
    json_array_foreach (json_object_get(declared, "ints"), i, item) {
        put_ints(&graph, item);
    }
    put_weights(&graph, model);

    put_value(&graph, GRAPH_INPUT, json_object_get(declared, "input"));
    put_value(&graph, GRAPH_OUTPUT, json_object_get(declared, "output"));
    put_message(file, MODEL_GRAPH, &graph);
}

static bool write_bytes(const bytes *file, const char *path, nnrt_error *e)
{
    const size_t most = (size_t)1 << 31;
    if (file->failed)
        return nnrt_no_memory(e);
    if (file->length >= most) {
        return nnrt_fail(e, NNRT_FILES, "write-failed",
                         "'%s' would be larger than 2 GB, which ONNX files can't be", path);
    }
    nnrt_atomic_file *out = nnrt_atomic_open(path, e);
    if (!out)
        return false;
    fwrite(file->data, 1, file->length, out->stream);
    return nnrt_atomic_commit(out, e);
}

bool nnrt_onnx_write(const json_t *declared, const nnrt_model *model, const char *path,
                     nnrt_error *e)
{
    bytes file = { 0 }, opset = { 0 };
    put_whole(&file, MODEL_IR_VERSION, IR_VERSION);
    put_text(&file, MODEL_PRODUCER, "nnc");
    put_text(&file, MODEL_PRODUCER_VERSION, NNC_VERSION);
    put_graph(&file, declared, model);
    put_whole(&opset, OPSET_VERSION, OPSET);
    put_message(&file, MODEL_OPSET, &opset);

    bool ok = write_bytes(&file, path, e);
    free(file.data);
    return ok;
}
