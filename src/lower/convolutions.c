/* convolutions.c: convolutions and pooling of signals, images and volumes: channels x length,
 * channels x height x width, channels x depth x height x width. */
#include "lower/room.h"
#include <string.h>

/* ---- what the layers share ---- */
NodeId layer_by_channel(LayerContext *c, NodeId vector)
{
    Shape shape = { .rank = c->sample.rank };
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = i == 0 ? c->sample.dim[0] : 1;
    return g_reshape(c->g, vector, shape);
}

LayerAxes layer_axes(const LayerContext *c)
{
    const Network *network = c->e->network;
    for (int value = c->use->input;;) {
        int use = network->values.data[value].use;
        if (network->values.data[value].shape.rank != 2)
            return AXES_ANY;
        if (use < 0) {
            const DataInfo *data = network->pub.data;
            return value == network->input && data && data->sequence ? AXES_SEQUENCE : AXES_ANY;
        }
        const LayerUse *made_by = &network->uses.data[use];
        if (made_by->row && made_by->row->axes != AXES_ANY)
            return made_by->row->axes;
        value = made_by->input;
    }
}

/* How the layer's windows lie on its image. Sides are filled up in front to three. */
typedef struct Field {
    int rank; /* dimensions in space */
    int64_t in[SPACE_RANK], size[SPACE_RANK], stride[SPACE_RANK], dilation[SPACE_RANK],
        before[SPACE_RANK], after[SPACE_RANK], out[SPACE_RANK];
    bool same;
} Field;

static bool field_start(LayerContext *c, Field *f)
{
    *f = (Field){ .rank = c->sample.rank - 1 };
    if (f->rank < 1 || f->rank > SPACE_RANK || !c->batched) {
        const char *help =
            c->sample.rank == 1 ? "`reshape` gives it a shape, such as reshape(1x28x28)" : NULL;
        layer_error(c, DIAG_WRONG_SHAPE, help,
                    "%s works on channels x length, channels x height x width or channels x depth "
                    "x height x width, but gets %s%s",
                    c->use->kind, c->sample.rank == 1 ? "a flat input of " : "",
                    sample_text(c->e->lower->arena, c->sample));
        return false;
    }
    for (int i = 0; i < SPACE_RANK; i++) {
        int axis = 1 + i - (SPACE_RANK - f->rank);
        f->in[i] = axis < 1 ? 1 : c->sample.dim[axis];
        f->size[i] = f->stride[i] = f->dilation[i] = 1;
    }
    return true;
}

/* A number for all sides, or one a side; `otherwise` where the argument is absent. */
static bool sides(LayerContext *c, const Field *f, const char *argument, const int64_t *otherwise,
                  int64_t *out)
{
    const Value *v = call_find(c->call, argument);
    bool shape = v && v->kind == VALUE_SHAPE;
    if (shape && v->count != (size_t)f->rank) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL,
                    "%s: `%s` has %zu sides, but its input, %s, has %d in space", c->use->kind,
                    argument, v->count, sample_text(c->e->lower->arena, c->sample), f->rank);
        return false;
    }
    for (int i = 0; i < SPACE_RANK; i++) {
        int k = i - (SPACE_RANK - f->rank);
        if (k < 0)
            continue;
        if (shape)
            out[i] = v->dims[k];
        else if (v && v->kind == VALUE_NUMBER)
            out[i] = (int64_t)v->number;
        else if (otherwise)
            out[i] = otherwise[i];
    }
    return true;
}

static int64_t span(const Field *f, int i)
{
    return (f->size[i] - 1) * f->dilation[i] + 1;
}

static Shape space_shape(const Field *f, const int64_t *space, int64_t channels)
{
    Shape s = { .rank = f->rank + 1, .dim = { channels } };
    for (int i = 0; i < f->rank; i++)
        s.dim[i + 1] = space[SPACE_RANK - f->rank + i];
    return s;
}

static char *side_text(LayerContext *c, const Field *f, const int64_t *space)
{
    Shape s = space_shape(f, space, 1), cut = { .rank = f->rank };
    memcpy(cut.dim, s.dim + 1, sizeof *cut.dim * (size_t)f->rank);
    return sample_text(c->e->lower->arena, cut);
}

/* What code generation can hold at once, and what fits the graph's numbers. */
static bool field_is_small(LayerContext *c, const Field *f)
{
    enum { MOST_CELLS = 65536, MOST_SIDE = 1 << 24 };

    double cells = 1;
    bool small = true;
    for (int i = 0; i < SPACE_RANK; i++) {
        cells *= (double)span(f, i);
        small = small && f->size[i] < MOST_SIDE && f->dilation[i] < MOST_SIDE &&
                f->stride[i] < MOST_SIDE && f->before[i] < MOST_SIDE && f->in[i] < MOST_SIDE &&
                f->out[i] < MOST_SIDE;
    }
    if (small && cells <= MOST_CELLS)
        return true;
    layer_error(c, DIAG_TOO_LARGE, NULL, "%s: a window of %s, which is more than %d cells",
                c->use->kind, side_text(c, f, f->size), MOST_CELLS);
    return false;
}

static bool read_padding(LayerContext *c, Field *f)
{
    const char *word = value_word(call_find(c->call, "pad"));
    f->same = word && !strcmp(word, "same");
    if (word)
        return true;
    if (!sides(c, f, "pad", NULL, f->before))
        return false;
    memcpy(f->after, f->before, sizeof f->after);
    return true;
}

/* The extents of what a convolution or pooling makes. */
static bool field_windows(LayerContext *c, Field *f)
{
    for (int i = 0; i < SPACE_RANK; i++) {
        if (f->same) {
            int64_t total = ((f->in[i] + f->stride[i] - 1) / f->stride[i] - 1) * f->stride[i] +
                            span(f, i) - f->in[i];
            if (total < 0)
                total = 0;
            f->before[i] = total / 2;
            f->after[i] = total - total / 2;
        }
        int64_t room = f->in[i] + f->before[i] + f->after[i] - span(f, i);
        if (room < 0) {
            layer_error(c, DIAG_WRONG_SHAPE, NULL,
                        "%s: a window of %s%s is larger than the %s%s of %s", c->use->kind,
                        side_text(c, f, f->size),
                        f->dilation[0] * f->dilation[1] * f->dilation[2] > 1 ? ", dilated," : "",
                        side_text(c, f, f->in), f->before[i] ? ", padded," : "",
                        sample_text(c->e->lower->arena, c->sample));
            return false;
        }
        f->out[i] = room / f->stride[i] + 1;
        if (f->out[i] == 1)
            f->stride[i] = 1;
    }
    return field_is_small(c, f);
}

static Window field_window(const Field *f, int64_t groups)
{
    Window w = window_one();
    w.groups = (int32_t)groups;
    for (int i = 0; i < SPACE_RANK; i++) {
        w.size[i] = (int32_t)f->size[i];
        w.stride[i] = (int32_t)f->stride[i];
        w.dilation[i] = (int32_t)f->dilation[i];
        w.before[i] = (int32_t)f->before[i];
    }
    return w;
}

/* ---- convolutions ---- */
typedef struct Filters {
    int64_t in, out, groups;
    NodeId weight;
} Filters;

static bool read_filters(LayerContext *c, Field *f, Filters *k)
{
    *k = (Filters){ .in = c->sample.dim[0],
                    .out = (int64_t)call_number(c->call, "filters"),
                    .groups = (int64_t)call_number(c->call, "groups") };
    if (!sides(c, f, "kernel", NULL, f->size) || !sides(c, f, "stride", NULL, f->stride) ||
        !sides(c, f, "dilation", NULL, f->dilation) || !read_padding(c, f)) {
        return false;
    }
    if (k->in % k->groups || k->out % k->groups) {
        bool of_input = k->in % k->groups != 0;
        layer_error(c, DIAG_WRONG_SHAPE, NULL,
                    "%s of %lld groups, which do not divide %s%lld %s of %s", c->use->kind,
                    (long long)k->groups, of_input ? "the " : "its ",
                    (long long)(of_input ? k->in : k->out), of_input ? "channels" : "filters",
                    sample_text(c->e->lower->arena, c->sample));
        return false;
    }
    return true;
}

static bool make_filters(LayerContext *c, const Field *f, Filters *k, int64_t first, int64_t second)
{
    Shape shape = { .rank = f->rank + 2, .dim = { first, second } };
    for (int i = 0; i < f->rank; i++)
        shape.dim[i + 2] = f->size[SPACE_RANK - f->rank + i];
    k->weight = layer_weight(c, "weight", shape, 0, ROLE_KERNEL, call_arg(c->call, "init"),
                             init_constant(0));
    return k->weight != NO_NODE;
}

static NodeId with_bias(LayerContext *c, NodeId out, int64_t filters)
{
    if (!call_bool(c->call, "bias") || c->use->bias_dropped)
        return out;
    NodeId bias = layer_weight(c, "bias", shape_of(1, &filters), 0, ROLE_BIAS,
                               call_find(c->call, "bias_init"), init_constant(0));
    return bias == NO_NODE
               ? NO_NODE
               : g_binary(c->g, IR_ADD, out,
                          layer_by_channel(
                              &(LayerContext){
                                  .g = c->g, .sample = shape_sample(graph_node(c->g, out)->shape) },
                              bias));
}

static double filter_cells(const Field *f)
{
    return (double)f->size[0] * (double)f->size[1] * (double)f->size[2];
}

NodeId lower_layer_conv(LayerContext *c)
{
    Field f;
    Filters k;
    if (!field_start(c, &f) || !read_filters(c, &f, &k) || !field_windows(c, &f) ||
        !make_filters(c, &f, &k, k.out, k.in / k.groups)) {
        return NO_NODE;
    }
    Shape out = space_shape(&f, f.out, k.out);
    Window w = field_window(&f, k.groups);
    c->use->operations =
        2 * (double)shape_elements(out) * (double)(k.in / k.groups) * filter_cells(&f);
    return with_bias(c, g_conv(c->g, c->in, k.weight, &w, shape_batched(out, true)), k.out);
}

/* The derivative of the convolution that makes its input: `same` is that of a `same` convolution of
 * the image stride times as large. Kernels are [in, out / groups, ...]. */
NodeId lower_layer_conv_transpose(LayerContext *c)
{
    Field f;
    Filters k;
    if (!field_start(c, &f) || !read_filters(c, &f, &k))
        return NO_NODE;
    for (int i = 0; i < SPACE_RANK; i++) {
        int64_t total = span(&f, i) - f.stride[i];
        if (f.same) {
            f.out[i] = f.in[i] * f.stride[i];
            f.before[i] = total > 0 ? total / 2 : 0;
        } else {
            f.out[i] = (f.in[i] - 1) * f.stride[i] - f.before[i] - f.after[i] + span(&f, i);
        }
        if (f.out[i] >= 1)
            continue;
        layer_error(c, DIAG_WRONG_SHAPE, NULL,
                    "conv_transpose: nothing of %s is left within a padding of %s",
                    sample_text(c->e->lower->arena, c->sample), side_text(c, &f, f.before));
        return NO_NODE;
    }

    if (!field_is_small(c, &f) || !make_filters(c, &f, &k, k.in, k.out / k.groups))
        return NO_NODE;
    int kernel = layer_weight_number(c, "weight");
    if (kernel >= 0)
        c->e->network->pub.weights.data[kernel].transposed_groups = k.groups;
    Shape out = space_shape(&f, f.out, k.out);
    Window w = field_window(&f, k.groups);
    c->use->operations =
        2 * (double)shape_elements(c->sample) * (double)(k.out / k.groups) * filter_cells(&f);
    return with_bias(c,
                     g_conv_transpose(c->g, c->in, g_swap_filters(c->g, k.weight, k.groups), &w,
                                      shape_batched(out, true)),
                     k.out);
}

/* ---- pooling ---- */
static NodeId pool(LayerContext *c, Op op)
{
    Field f;
    if (!field_start(c, &f) || !sides(c, &f, "size", NULL, f.size) ||
        !sides(c, &f, "stride", f.size, f.stride) || !read_padding(c, &f)) {
        return NO_NODE;
    }
    for (int i = 0; i < SPACE_RANK; i++) {
        if (f.before[i] > f.size[i] / 2) {
            layer_error(c, DIAG_OUT_OF_RANGE, NULL,
                        "%s: a padding of %s is more than half of a window of %s", c->use->kind,
                        side_text(c, &f, f.before), side_text(c, &f, f.size));
            return NO_NODE;
        }
    }
    if (!field_windows(c, &f))
        return NO_NODE;
    Shape out = space_shape(&f, f.out, c->sample.dim[0]);
    Window w = field_window(&f, 1);
    c->use->operations = (double)shape_elements(out) * filter_cells(&f);
    NodeId made = g_pool(c->g, op, c->in, &w, shape_batched(out, true));
    return op == IR_POOL_MAX ? made : g_binary(c->g, IR_DIV, made, g_const(c->g, filter_cells(&f)));
}

NodeId lower_layer_maxpool(LayerContext *c)
{
    return pool(c, IR_POOL_MAX);
}

NodeId lower_layer_avgpool(LayerContext *c)
{
    return pool(c, IR_POOL_SUM);
}

/* Of a sequence: over its positions, those of padding left out. */
static NodeId pool_positions(LayerContext *c, Op op)
{
    static const double never = -3e38;
    Graph *g = c->g;
    Shape all = graph_node(g, c->in)->shape, each = all, out = all;
    int axis = all.rank - 2;
    NodeId in = c->in, held = layer_positions(c), count = g_const(g, (double)all.dim[axis]);

    if (held != NO_NODE) {
        Shape positions = graph_node(g, held)->shape, one = positions;
        one.dim[one.rank - 1] = 1;
        count = g_reduce(g, IR_REDUCE_SUM, held, one);
        positions.dim[positions.rank++] = 1;
        held = g_reshape(g, held, positions);
        in = op == IR_REDUCE_SUM ? g_binary(g, IR_MUL, in, held)
                                 : g_select(g, held, in, g_const(g, never));
    }

    each.dim[axis] = 1;
    out.dim[axis] = out.dim[axis + 1];
    out.rank--;
    NodeId made = g_reshape(g, g_reduce(g, op, in, each), out);
    c->use->operations = (double)shape_elements(c->sample);
    return op == IR_REDUCE_SUM ? g_binary(g, IR_DIV, made, count) : made;
}

/* All of each channel in one window. */
static NodeId global_pool(LayerContext *c, Op op)
{
    Field f;
    if (c->sample.rank == 2 && layer_axes(c) == AXES_SEQUENCE)
        return pool_positions(c, op);
    if (!field_start(c, &f))
        return NO_NODE;
    Shape each = graph_node(c->g, c->in)->shape;
    double cells = (double)f.in[0] * (double)f.in[1] * (double)f.in[2];
    for (int i = 2; i < each.rank; i++)
        each.dim[i] = 1;
    NodeId made = g_reduce(c->g, op, c->in, each);
    if (op == IR_REDUCE_SUM)
        made = g_binary(c->g, IR_DIV, made, g_const(c->g, cells));
    c->use->operations = (double)shape_elements(c->sample);
    return g_reshape(c->g, made, shape_batched(shape_of(1, c->sample.dim), true));
}

NodeId lower_layer_global_avgpool(LayerContext *c)
{
    return global_pool(c, IR_REDUCE_SUM);
}

NodeId lower_layer_global_maxpool(LayerContext *c)
{
    return global_pool(c, IR_REDUCE_MAX);
}
