/* onnx_graph.c: a prediction's tensor graph, op by op, as a graph of ONNX (opset 17). The IR has
 * few ops, and every layer is made of them, so whatever the language can say can be exported: a
 * table from ops to the functions that write them. */
#include "driver/onnx_graph.h"
#include "driver/program_fields.h"
#include <math.h>
#include <string.h>

typedef struct Exporter {
    const Graph *g;
    Arena *arena;
    const ModelInstance *model;
    json_t *nodes, *floats, *ints;
    const char **name; /* per node: its value's */
    const char *lacking;
    size_t fresh; /* names made up so far */
} Exporter;

typedef struct OnnxRow OnnxRow;
typedef const char *Write(Exporter *x, const Node *n, const OnnxRow *row);

struct OnnxRow {
    Write *write;
    const char *op, *reduce_axes;
};

/* ---- pieces ---- */

static const char *fresh_name(Exporter *x)
{
    return arena_printf(x->arena, "/%zu", x->fresh++);
}

static json_t *text_list(const char *const *texts, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

/* Takes inputs and attributes over; the latter may be NULL. */
static void add_node_named(Exporter *x, const char *out, const char *op, json_t *inputs,
                           json_t *attributes)
{
    json_t *node = json_object();
    put_text(node, FIELD_onnx_node_op, op);
    put(node, FIELD_onnx_node_in, inputs);
    put_text(node, FIELD_onnx_node_out, out);
    if (attributes)
        put(node, FIELD_onnx_node_attributes, attributes);
    json_array_append_new(x->nodes, node);
}

/* A node of up to three inputs (NULL: no more); takes `attributes`, which may be NULL. Gives its
 * output's name. */
static const char *add_node(Exporter *x, const char *op, const char *a, const char *b,
                            const char *c, json_t *attributes)
{
    const char *in[] = { a, b, c };
    int count = 0;
    while (count < 3 && in[count])
        count++;
    const char *out = fresh_name(x);
    add_node_named(x, out, op, text_list(in, count), attributes);
    return out;
}

static const char *add_ints(Exporter *x, const int64_t *values, size_t count)
{
    const char *name = fresh_name(x);
    json_t *ints = json_object();
    put_text(ints, FIELD_onnx_ints_name, name);
    put(ints, FIELD_onnx_ints_values, integer_list(values, count));
    json_array_append_new(x->ints, ints);
    return name;
}

static const char *add_floats(Exporter *x, json_t *shape, json_t *values)
{
    const char *name = fresh_name(x);
    json_t *floats = json_object();
    put_text(floats, FIELD_onnx_floats_name, name);
    put(floats, FIELD_onnx_floats_shape, shape);
    put(floats, FIELD_onnx_floats_values, values);
    json_array_append_new(x->floats, floats);
    return name;
}

static json_t *float_json(double value)
{
    if (isfinite(value))
        return json_real(value);
    if (isnan(value))
        return json_string("nan");
    return json_string(value > 0 ? "inf" : "-inf");
}

static const char *add_number(Exporter *x, double value)
{
    json_t *values = json_array();
    json_array_append_new(values, float_json(value));
    return add_floats(x, json_array(), values);
}

/* The batch is the first axis; its size, -1, follows from the others. */
static const char *reshape_to(Exporter *x, const char *value, Shape to)
{
    int64_t dims[GRAPH_MAX_RANK];
    for (int i = 0; i < to.rank; i++)
        dims[i] = to.dim[i] == DIM_BATCH ? -1 : to.dim[i];
    return add_node(x, "Reshape", value, add_ints(x, dims, (size_t)to.rank), NULL, NULL);
}

static const char *input_name(const Exporter *x, const Node *n, int i)
{
    return x->name[n->inputs[i]];
}

static Shape input_shape(const Exporter *x, const Node *n, int i)
{
    return graph_node(x->g, n->inputs[i])->shape;
}

static const char *as_float(Exporter *x, const char *value)
{
    return add_node(x, "Cast", value, NULL, NULL, json_pack("{s:i}", "to", 1));
}

static const char *as_truth(Exporter *x, const char *value)
{
    return add_node(x, "Cast", value, NULL, NULL, json_pack("{s:i}", "to", 9));
}

static const char *transposed(Exporter *x, const char *value, const int64_t *order, int rank)
{
    return add_node(x, "Transpose", value, NULL, NULL,
                    json_pack("{s:o}", "perm", integer_list(order, (size_t)rank)));
}

/* ---- one function a kind of op ---- */

static const char *write_const(Exporter *x, const Node *n, const OnnxRow *row)
{
    (void)row;
    return add_number(x, n->as.value);
}

static const char *write_weight(Exporter *x, const Node *n, const OnnxRow *row)
{
    const char *key = x->g->tensors.data[n->as.tensor].name;
    for (size_t i = 0; i < x->model->weights.len; i++)
        if (strcmp(x->model->weights.data[i].key, key) == 0)
            return x->model->weights.data[i].name;
    x->lacking = row->op;
    return key;
}

static const char *write_input(Exporter *x, const Node *n, const OnnxRow *row)
{
    (void)row;
    return shape_equal(n->shape, x->g->sample) ? "input" : reshape_to(x, "input", n->shape);
}

/* 0, 1, 2, ... along one axis: all others broadcast. */
static const char *write_index(Exporter *x, const Node *n, const OnnxRow *row)
{
    (void)row;
    int64_t count = n->shape.dim[n->as.axis];
    json_t *values = json_array(), *shape = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(values, json_real((double)i));
    for (int i = 0; i < n->shape.rank; i++)
        json_array_append_new(shape, json_integer(i == n->as.axis ? (json_int_t)count : 1));
    return add_floats(x, shape, values);
}

static const char *write_map(Exporter *x, const Node *n, const OnnxRow *row)
{
    return add_node(x, row->op, input_name(x, n, 0),
                    n->input_count > 1 ? input_name(x, n, 1) : NULL, NULL, NULL);
}

static const char *write_comparison(Exporter *x, const Node *n, const OnnxRow *row)
{
    return as_float(x, write_map(x, n, row));
}

static const char *write_logic(Exporter *x, const Node *n, const OnnxRow *row)
{
    const char *a = as_truth(x, input_name(x, n, 0)),
               *b = n->input_count > 1 ? as_truth(x, input_name(x, n, 1)) : NULL;
    return as_float(x, add_node(x, row->op, a, b, NULL, NULL));
}

static const char *write_select(Exporter *x, const Node *n, const OnnxRow *row)
{
    return add_node(x, row->op, as_truth(x, input_name(x, n, 0)), input_name(x, n, 1),
                    input_name(x, n, 2), NULL);
}

static const char *write_broadcast(Exporter *x, const Node *n, const OnnxRow *row)
{
    int64_t dims[GRAPH_MAX_RANK], first = 0, one = 1;
    for (int i = 0; i < n->shape.rank; i++)
        dims[i] = n->shape.dim[i];
    if (shape_elements(n->shape) == 1 && !shape_has_batch(n->shape))
        return reshape_to(x, input_name(x, n, 0), n->shape);
    if (!shape_has_batch(n->shape)) {
        return add_node(x, row->op, input_name(x, n, 0), add_ints(x, dims, (size_t)n->shape.rank),
                        NULL, NULL);
    }
    const char *samples = add_node(x, "Slice", add_node(x, "Shape", "input", NULL, NULL, NULL),
                                   add_ints(x, &first, 1), add_ints(x, &one, 1), NULL);
    const char *rest = add_ints(x, dims + 1, (size_t)n->shape.rank - 1);
    const char *shape = n->shape.rank > 1 ? add_node(x, "Concat", samples, rest, NULL,
                                                     json_pack("{s:i}", "axis", 0))
                                          : samples;
    return add_node(x, row->op, input_name(x, n, 0), shape, NULL, NULL);
}

static const char *write_reduce(Exporter *x, const Node *n, const OnnxRow *row)
{
    Shape from = input_shape(x, n, 0);
    int64_t axes[GRAPH_MAX_RANK];
    int count = 0, before = from.rank - n->shape.rank;
    for (int i = 0; i < from.rank; i++)
        if (i < before || n->shape.dim[i - before] != from.dim[i])
            axes[count++] = i;
    const char *value = input_name(x, n, 0);
    if (count && row->reduce_axes) {
        value = add_node(x, row->op, value, NULL, NULL,
                         json_pack("{s:o}", row->reduce_axes, integer_list(axes, (size_t)count)));
    } else if (count) {
        value = add_node(x, row->op, value, add_ints(x, axes, (size_t)count), NULL, NULL);
    }
    return before ? reshape_to(x, value, n->shape) : value;
}

/* As a matrix [rows, last axis], turned where asked. */
static const char *matrix(Exporter *x, const char *value, Shape shape, bool turned)
{
    static const int64_t order[] = { 1, 0 };
    int64_t dims[] = { -1, shape.rank ? shape.dim[shape.rank - 1] : 1 };
    if (shape.rank != 2)
        value = add_node(x, "Reshape", value, add_ints(x, dims, 2), NULL, NULL);
    return turned ? transposed(x, value, order, 2) : value;
}

static const char *write_contract(Exporter *x, const Node *n, const OnnxRow *row)
{
    const char *a = matrix(x, input_name(x, n, 0), input_shape(x, n, 0), n->as.contract.ta);
    const char *b = matrix(x, input_name(x, n, 1), input_shape(x, n, 1), n->as.contract.tb),
               *product = add_node(x, row->op, a, b, NULL, NULL);
    return n->shape.rank == 2 ? product : reshape_to(x, product, n->shape);
}

/* ---- windows ---- */

typedef struct WindowLists {
    json_t *size, *strides, *dilations, *pads, *more;
    int64_t cells;
    bool fits;
} WindowLists;

/* `image` is the larger side, `places` the windows'. What a window lacks at the end is padded; of a
 * transposed one `more` is added. */
static WindowLists window_lists(const Window *w, Shape image, Shape places, bool turned)
{
    int rank = image.rank - 2;
    int64_t size[SPACE_RANK], stride[SPACE_RANK], dilation[SPACE_RANK], pads[2 * SPACE_RANK],
        more[SPACE_RANK];
    WindowLists lists = { .cells = 1, .fits = true };

    for (int i = 0; i < rank; i++) {
        int at = SPACE_RANK - rank + i;
        int64_t reach = (w->size[at] - 1) * (int64_t)w->dilation[at] + 1,
                end = (places.dim[2 + i] - 1) * w->stride[at] - w->before[at] + reach -
                      image.dim[2 + i];
        size[i] = w->size[at];
        stride[i] = w->stride[at];
        dilation[i] = w->dilation[at];
        pads[i] = w->before[at];
        pads[rank + i] = end > 0 ? end : 0;
        more[i] = end < 0 ? -end : 0;
        /* One window on an axis has no stride of its own: one that leaves no room for another. */
        if (!turned && places.dim[2 + i] == 1)
            stride[i] = image.dim[2 + i] + pads[i] + pads[rank + i];
        lists.cells *= size[i];
        lists.fits =
            lists.fits &&
            (turned || (image.dim[2 + i] + pads[i] + pads[rank + i] - reach) / stride[i] + 1 ==
                           places.dim[2 + i]);
    }

    lists.size = integer_list(size, (size_t)rank);
    lists.strides = integer_list(stride, (size_t)rank);
    lists.dilations = integer_list(dilation, (size_t)rank);
    lists.pads = integer_list(pads, 2 * (size_t)rank);
    lists.more = integer_list(more, (size_t)rank);
    return lists;
}

/* [out, in / groups, ...] as [in, out / groups, ...]. */
static const char *swapped_filters(Exporter *x, const Node *n)
{
    Shape s = input_shape(x, n, 1);
    int64_t groups = n->as.window.groups,
            apart[GRAPH_MAX_RANK + 1] = { groups, s.dim[0] / groups, s.dim[1] },
            order[GRAPH_MAX_RANK + 1] = { 0, 2, 1 };
    int64_t together[GRAPH_MAX_RANK] = { s.dim[1] * groups, s.dim[0] / groups };
    for (int i = 2; i < s.rank; i++) {
        apart[i + 1] = together[i] = s.dim[i];
        order[i + 1] = i + 1;
    }
    const char *filters = add_node(x, "Reshape", input_name(x, n, 1),
                                   add_ints(x, apart, (size_t)s.rank + 1), NULL, NULL);
    return add_node(x, "Reshape", transposed(x, filters, order, s.rank + 1),
                    add_ints(x, together, (size_t)s.rank), NULL, NULL);
}

static const char *write_conv(Exporter *x, const Node *n, const OnnxRow *row)
{
    bool turned = n->op == IR_CONV_TRANSPOSE;
    WindowLists w = window_lists(&n->as.window, turned ? n->shape : input_shape(x, n, 0),
                                 turned ? input_shape(x, n, 0) : n->shape, turned);
    if (!w.fits)
        x->lacking = row->op;
    json_t *attributes =
        json_pack("{s:o, s:o, s:o, s:o, s:i}", "kernel_shape", w.size, "strides", w.strides,
                  "dilations", w.dilations, "pads", w.pads, "group", (int)n->as.window.groups);
    if (turned)
        json_object_set_new(attributes, "output_padding", w.more);
    else
        json_decref(w.more);
    return add_node(x, row->op, input_name(x, n, 0),
                    turned ? swapped_filters(x, n) : input_name(x, n, 1), NULL, attributes);
}

static const char *write_pool(Exporter *x, const Node *n, const OnnxRow *row)
{
    WindowLists w = window_lists(&n->as.window, input_shape(x, n, 0), n->shape, false);
    bool sums = n->op == IR_POOL_SUM;
    if (!w.fits)
        x->lacking = row->op;
    json_decref(w.more);
    json_t *attributes =
        json_pack("{s:o, s:o, s:o}", "kernel_shape", w.size, "strides", w.strides, "pads", w.pads);
    if (sums)
        json_object_set_new(attributes, "count_include_pad", json_integer(1));
    else
        json_object_set(attributes, "dilations", w.dilations);
    json_decref(w.dilations);
    const char *value = add_node(x, row->op, input_name(x, n, 0), NULL, NULL, attributes);
    return sums ? add_node(x, "Mul", value, add_number(x, (double)w.cells), NULL, NULL) : value;
}

/* ---- moves ---- */

static const char *write_reshape(Exporter *x, const Node *n, const OnnxRow *row)
{
    (void)row;
    return reshape_to(x, input_name(x, n, 0), n->shape);
}

static const char *write_concat(Exporter *x, const Node *n, const OnnxRow *row)
{
    const char *out = fresh_name(x);
    json_t *inputs = json_array();
    for (int i = 0; i < n->input_count; i++)
        json_array_append_new(inputs, json_string(input_name(x, n, i)));
    add_node_named(x, out, row->op, inputs, json_pack("{s:i}", "axis", n->as.axis));
    return out;
}

static const char *write_slice(Exporter *x, const Node *n, const OnnxRow *row)
{
    int64_t axis = n->as.slice.axis;
    const char *out = fresh_name(x), *axes = add_ints(x, &axis, 1),
               *end = add_ints(x, &n->as.slice.end, 1), *begin = add_ints(x, &n->as.slice.begin, 1),
               *in[] = { input_name(x, n, 0), begin, end, axes };
    add_node_named(x, out, row->op, text_list(in, 4), NULL);
    return out;
}

static const char *write_pad(Exporter *x, const Node *n, const OnnxRow *row)
{
    int64_t pads[2 * GRAPH_MAX_RANK] = { 0 };
    pads[n->as.pad.axis] = n->as.pad.before;
    pads[n->shape.rank + n->as.pad.axis] = n->as.pad.after;
    return add_node(x, row->op, input_name(x, n, 0), add_ints(x, pads, 2 * (size_t)n->shape.rank),
                    NULL, NULL);
}

static const char *write_permute(Exporter *x, const Node *n, const OnnxRow *row)
{
    (void)row;
    int64_t order[GRAPH_MAX_RANK];
    for (int i = 0; i < n->shape.rank; i++)
        order[i] = n->as.permute.order[i];
    return transposed(x, input_name(x, n, 0), order, n->shape.rank);
}

static const char *write_gather(Exporter *x, const Node *n, const OnnxRow *row)
{
    int64_t last = -1;
    const char *highest = add_number(x, (double)(input_shape(x, n, 0).dim[0] - 1));
    const char *index = add_node(x, "Clip", input_name(x, n, 1), add_number(x, 0), highest, NULL);
    index =
        add_node(x, "Squeeze", add_node(x, "Cast", index, NULL, NULL, json_pack("{s:i}", "to", 7)),
                 add_ints(x, &last, 1), NULL, NULL);
    return add_node(x, row->op, input_name(x, n, 0), index, NULL, json_pack("{s:i}", "axis", 0));
}

/* [.., t, heads * d] as [-1, heads, t, d]. */
static const char *by_heads(Exporter *x, const char *value, Shape shape, int64_t heads)
{
    static const int64_t order[] = { 0, 2, 1, 3 };
    int64_t dims[] = { -1, shape.dim[shape.rank - 2], heads, shape.dim[shape.rank - 1] / heads };
    return transposed(x, add_node(x, "Reshape", value, add_ints(x, dims, 4), NULL, NULL), order, 4);
}

static const char *write_heads_dot(Exporter *x, const Node *n, const OnnxRow *row)
{
    static const int64_t turn[] = { 0, 1, 3, 2 };
    int64_t heads = n->as.heads.heads;
    const char *a = by_heads(x, input_name(x, n, 0), input_shape(x, n, 0), heads),
               *b = by_heads(x, input_name(x, n, 1), input_shape(x, n, 1), heads);
    return reshape_to(x, add_node(x, row->op, a, transposed(x, b, turn, 4), NULL, NULL), n->shape);
}

static const char *write_heads_mix(Exporter *x, const Node *n, const OnnxRow *row)
{
    static const int64_t turn[] = { 0, 1, 3, 2 }, back[] = { 0, 2, 1, 3 };
    Shape p = input_shape(x, n, 0);
    int64_t dims[] = { -1, p.dim[p.rank - 3], p.dim[p.rank - 2], p.dim[p.rank - 1] };
    const char *shares =
        add_node(x, "Reshape", input_name(x, n, 0), add_ints(x, dims, 4), NULL, NULL);
    if (n->as.heads.transposed)
        shares = transposed(x, shares, turn, 4);
    const char *mixed =
        add_node(x, row->op, shares,
                 by_heads(x, input_name(x, n, 1), input_shape(x, n, 1), dims[1]), NULL, NULL);
    return reshape_to(x, transposed(x, mixed, back, 4), n->shape);
}

static const OnnxRow rows[IR_OP_COUNT] = {
    [IR_CONST] = { write_const, "Constant", NULL },
    [IR_INPUT] = { write_input, "input", NULL },
    [IR_WEIGHT] = { write_weight, "weight", NULL },
    [IR_INDEX] = { write_index, "Range", NULL },
    [IR_NEG] = { write_map, "Neg", NULL },
    [IR_EXP] = { write_map, "Exp", NULL },
    [IR_LN] = { write_map, "Log", NULL },
    [IR_SQRT] = { write_map, "Sqrt", NULL },
    [IR_ABS] = { write_map, "Abs", NULL },
    [IR_SIGN] = { write_map, "Sign", NULL },
    [IR_FLOOR] = { write_map, "Floor", NULL },
    [IR_TANH] = { write_map, "Tanh", NULL },
    [IR_SIN] = { write_map, "Sin", NULL },
    [IR_COS] = { write_map, "Cos", NULL },
    [IR_ERF] = { write_map, "Erf", NULL },
    [IR_SIGMOID] = { write_map, "Sigmoid", NULL },
    [IR_STOP] = { write_map, "Identity", NULL },
    [IR_ADD] = { write_map, "Add", NULL },
    [IR_SUB] = { write_map, "Sub", NULL },
    [IR_MUL] = { write_map, "Mul", NULL },
    [IR_DIV] = { write_map, "Div", NULL },
    [IR_POW] = { write_map, "Pow", NULL },
    [IR_MIN] = { write_map, "Min", NULL },
    [IR_MAX] = { write_map, "Max", NULL },
    [IR_LT] = { write_comparison, "Less", NULL },
    [IR_LE] = { write_comparison, "LessOrEqual", NULL },
    [IR_EQ] = { write_comparison, "Equal", NULL },
    [IR_NOT] = { write_logic, "Not", NULL },
    [IR_AND] = { write_logic, "And", NULL },
    [IR_OR] = { write_logic, "Or", NULL },
    [IR_SELECT] = { write_select, "Where", NULL },
    [IR_BROADCAST] = { write_broadcast, "Expand", NULL },
    [IR_REDUCE_SUM] = { write_reduce, "ReduceSum", NULL },
    [IR_REDUCE_MAX] = { write_reduce, "ReduceMax", "axes" },
    [IR_REDUCE_MIN] = { write_reduce, "ReduceMin", "axes" },
    [IR_CONTRACT] = { write_contract, "MatMul", NULL },
    [IR_CONV] = { write_conv, "Conv", NULL },
    [IR_CONV_TRANSPOSE] = { write_conv, "ConvTranspose", NULL },
    [IR_POOL_MAX] = { write_pool, "MaxPool", NULL },
    [IR_POOL_SUM] = { write_pool, "AveragePool", NULL },
    [IR_RESHAPE] = { write_reshape, "Reshape", NULL },
    [IR_CONCAT] = { write_concat, "Concat", NULL },
    [IR_SLICE] = { write_slice, "Slice", NULL },
    [IR_PAD] = { write_pad, "Pad", NULL },
    [IR_PERMUTE] = { write_permute, "Transpose", NULL },
    [IR_GATHER_ROWS] = { write_gather, "Gather", NULL },
    [IR_HEADS_DOT] = { write_heads_dot, "MatMul", NULL },
    [IR_HEADS_MIX] = { write_heads_mix, "MatMul", NULL },
};

/* ---- the graph ---- */

static json_t *onnx_value_json(const char *name, Shape shape)
{
    json_t *object = json_object();
    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] == DIM_BATCH)
            shape.dim[i] = -1;
    put_text(object, FIELD_onnx_value_name, name);
    put_shape(object, FIELD_onnx_value_shape, shape);
    return object;
}

static NodeId output_of(const Graph *g)
{
    for (size_t i = 0; i < g->roots.len; i++) {
        const Node *root = graph_node(g, g->roots.data[i]);
        if (root->op == IR_EMIT && root->slot == SLOT_OUT)
            return root->inputs[0];
    }
    return NO_NODE;
}

/* Nodes come after their inputs, so one walk back from the output finds all that it needs. */
static bool *nodes_needed(const Graph *g, NodeId out)
{
    bool *needed = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1);
    needed[out] = true;
    for (NodeId i = out; i >= 0; i--)
        for (int k = 0; needed[i] && k < graph_node(g, i)->input_count; k++)
            needed[graph_node(g, i)->inputs[k]] = true;
    return needed;
}

static void write_nodes(Exporter *x, NodeId out)
{
    const bool *needed = nodes_needed(x->g, out);
    for (NodeId i = 0; i <= out && !x->lacking; i++) {
        const Node *n = graph_node(x->g, i);
        if (!needed[i])
            continue;
        if (rows[n->op].write)
            x->name[i] = rows[n->op].write(x, n, &rows[n->op]);
        else
            x->lacking = op_name(n->op);
    }
}

static void write_output(Exporter *x, NodeId out)
{
    add_node_named(x, "output", "Identity", text_list(&x->name[out], 1), NULL);
}

json_t *onnx_json(const Graph *g, const ModelInstance *model, const char **lacking)
{
    Exporter x = { .g = g,
                   .arena = g->arena,
                   .model = model,
                   .nodes = json_array(),
                   .floats = json_array(),
                   .ints = json_array(),
                   .name = ARENA_ARRAY(g->arena, const char *, g->nodes.len + 1) };
    NodeId out = output_of(g);
    if (out == NO_NODE)
        x.lacking = "emit";
    else
        write_nodes(&x, out);
    if (!x.lacking)
        write_output(&x, out);

    json_t *graph = json_object();
    put_text(graph, FIELD_onnx_graph_name, model->decl->name);
    put(graph, FIELD_onnx_graph_input, onnx_value_json("input", g->sample));
    put(graph, FIELD_onnx_graph_output,
        onnx_value_json("output", out == NO_NODE ? shape_scalar() : graph_node(g, out)->shape));
    put(graph, FIELD_onnx_graph_nodes, x.nodes);
    put(graph, FIELD_onnx_graph_floats, x.floats);
    put(graph, FIELD_onnx_graph_ints, x.ints);
    *lacking = x.lacking;
    if (!x.lacking)
        return graph;
    json_decref(graph);
    return NULL;
}
