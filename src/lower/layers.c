/* layers.c: the table of layers, and those that compute or move: dense, shapes, joins, softmax,
 * prelu, and what is random in training. */
#include "lower/room.h"
#include <math.h>
#include <string.h>

#define LAYER(name, look, axes, reach) NodeId lower_layer_##name(LayerContext *c);
#include "lower/layers.def"
#undef LAYER

const LayerRow *layer_row(const char *name)
{
    static const LayerRow rows[] = {
#define LAYER(name, look, axes, reach)                                                             \
    { #name, lower_layer_##name, LOOK_##look, AXES_##axes, REACH_##reach },
#include "lower/layers.def"
#undef LAYER
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static Shape with_last(Shape shape, int64_t size)
{
    shape.dim[shape.rank - 1] = size;
    return shape;
}

static Shape vector(int64_t n)
{
    return shape_of(1, &n);
}

static Shape full_shape(const LayerContext *c)
{
    return graph_node(c->g, c->in)->shape;
}

/* ---- dense ---- */
NodeId lower_layer_dense(LayerContext *c)
{
    Lower *lower = c->e->lower;
    int64_t units = (int64_t)call_number(c->call, "units");
    if (c->sample.rank == 0 || c->sample.rank > 2) {
        const char *help =
            c->sample.rank ? "put `flatten` before it, which makes one row of all features" : NULL;
        layer_error(c, DIAG_WRONG_SHAPE, help, "dense works on features, but gets %s%s",
                    c->sample.rank > 2 ? "an image of " : "", sample_text(lower->arena, c->sample));
        return NO_NODE;
    }
    int64_t inputs = c->sample.dim[c->sample.rank - 1];
    NodeId kernel = layer_weight(c, "weight", shape_of(2, (int64_t[]){ units, inputs }), 0,
                                 ROLE_KERNEL, call_arg(c->call, "init"), init_constant(0));
    if (kernel == NO_NODE)
        return NO_NODE;
    NodeId out = g_contract(c->g, c->in, kernel, false, true, with_last(full_shape(c), units));
    c->use->operations = 2.0 * (double)shape_elements(c->sample) * (double)units;
    if (!call_bool(c->call, "bias") || c->use->bias_dropped)
        return out;
    NodeId bias = layer_weight(c, "bias", vector(units), 0, ROLE_BIAS,
                               call_find(c->call, "bias_init"), init_constant(0));
    return bias == NO_NODE ? NO_NODE : g_binary(c->g, IR_ADD, out, bias);
}

/* ---- shapes ---- */
NodeId lower_layer_flatten(LayerContext *c)
{
    return g_reshape(c->g, c->in, shape_batched(vector(shape_elements(c->sample)), c->batched));
}

static bool shape_argument(const Call *call, Shape *out)
{
    const Value *v = &call->args[0];
    if (v->kind == VALUE_NUMBER)
        return *out = vector((int64_t)v->number), true;
    if (v->kind != VALUE_SHAPE || v->count >= GRAPH_MAX_RANK)
        return false;
    *out = shape_of((int)v->count, v->dims);
    return true;
}

NodeId lower_layer_reshape(LayerContext *c)
{
    Lower *lower = c->e->lower;
    Shape to;
    if (!shape_argument(c->call, &to)) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL, "a shape has at most %d sides", GRAPH_MAX_RANK - 1);
        return NO_NODE;
    }
    if (shape_elements(to) != shape_elements(c->sample)) {
        layer_error(c, DIAG_SHAPE_MISMATCH, NULL,
                    "reshape of %s, which holds %lld values, to %s, which holds %lld",
                    sample_text(lower->arena, c->sample), (long long)shape_elements(c->sample),
                    sample_text(lower->arena, to), (long long)shape_elements(to));
        return NO_NODE;
    }
    return g_reshape(c->g, c->in, shape_batched(to, c->batched));
}

/* What the model meets must be what it states; body.c takes the shape from here where nothing else
 * tells it. */
NodeId lower_layer_input(LayerContext *c)
{
    Lower *lower = c->e->lower;
    Shape stated;
    if (!shape_argument(c->call, &stated)) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL, "a shape has at most %d sides", GRAPH_MAX_RANK - 1);
        return NO_NODE;
    }
    if (shape_equal(stated, c->sample) || c->e->stepwise)
        return c->in;
    const DataInfo *data = c->e->network->pub.data;
    bool from_data = data && c->use->input == c->e->network->input;
    char *given = sample_text(lower->arena, c->sample), *wanted = sample_text(lower->arena, stated);
    Diagnostic *d = from_data
                        ? diag_error(lower->diags, DIAG_SHAPE_MISMATCH, c->use->span,
                                     "input %s, data '%s' gives %s", wanted, data->name, given)
                        : diag_error(lower->diags, DIAG_SHAPE_MISMATCH, c->use->span,
                                     "input %s, but what arrives is %s", wanted, given);
    if (from_data)
        diag_note(lower->diags, d, data->span, "the data's samples are %s", given);
    notes_of_uses(lower, d, c->use->place);
    return NO_NODE;
}

/* ---- joins ---- */
/* Whether `b` is as large as `a`, but for sides of 1, which are repeated. */
static bool repeats_to(Shape b, Shape a)
{
    for (int i = 0; i < a.rank; i++)
        if (b.dim[i] != a.dim[i] && b.dim[i] != 1)
            return false;
    return true;
}

/* add and multiply: values of one shape, or with sides of 1; a weight or number may have fewer
 * sides. */
static NodeId joined(LayerContext *c, Op op)
{
    Lower *lower = c->e->lower;
    NodeId out = c->in;
    for (size_t i = 0; i < c->use->arg_count; i++) {
        const BodyValue *other = &c->e->network->values.data[c->use->args[i]];
        Shape before = graph_node(c->g, out)->shape, after = graph_node(c->g, c->args[i])->shape,
              together;
        bool fits = shape_broadcast(before, after, &together);
        bool same = shape_has_batch(before) == shape_has_batch(after) && before.rank == after.rank;
        if (same && !repeats_to(after, before))
            fits = false;
        if (!fits || together.rank > (before.rank > after.rank ? before.rank : after.rank)) {
            layer_shape_error(c, c->use->input, c->use->args[i], "%s of %s and %s", c->use->kind,
                              sample_text(lower->arena, shape_sample(before)),
                              sample_text(lower->arena, other->shape));
            return NO_NODE;
        }
        out = g_binary(c->g, op, out, c->args[i]);
    }
    return out;
}

NodeId lower_layer_add(LayerContext *c)
{
    return joined(c, IR_ADD);
}

NodeId lower_layer_multiply(LayerContext *c)
{
    return joined(c, IR_MUL);
}

/* Features lie on the last axis of flat values and sequences, channels on the first of images. */
NodeId lower_layer_concat(LayerContext *c)
{
    Lower *lower = c->e->lower;
    size_t n = c->use->arg_count + 1;
    NodeId *parts = ARENA_ARRAY(lower->arena, NodeId, n);
    parts[0] = c->in;
    int axis = c->sample.rank <= 2 && layer_axes(c) != AXES_SIGNAL ? c->sample.rank - 1 : 0;
    for (size_t i = 1; i < n; i++) {
        const BodyValue *other = &c->e->network->values.data[c->use->args[i - 1]];
        bool fits =
            (c->batched || !other->batched) && other->shape.rank == c->sample.rank && axis >= 0;
        for (int k = 0; k < c->sample.rank && fits; k++)
            fits = k == axis || other->shape.dim[k] == c->sample.dim[k];
        if (!fits) {
            layer_shape_error(c, c->use->input, c->use->args[i - 1],
                              "concat of %s and %s, which differ in more than their %s",
                              sample_text(lower->arena, c->sample),
                              sample_text(lower->arena, other->shape),
                              axis == c->sample.rank - 1 ? "features" : "channels");
            return NO_NODE;
        }
        /* a weight joins every sample */
        parts[i] = other->batched == c->batched
                       ? c->args[i - 1]
                       : g_broadcast(c->g, c->args[i - 1], shape_batched(other->shape, true));
    }
    return g_concat(c->g, (int)n, parts, axis + (c->batched ? 1 : 0));
}

/* ---- activations that are not a `fn` ---- */
NodeId lower_layer_softmax(LayerContext *c)
{
    if (c->sample.rank == 0)
        return g_const(c->g, 1);
    Shape each = with_last(full_shape(c), 1);
    NodeId top = g_stop(c->g, g_reduce(c->g, IR_REDUCE_MAX, c->in, each));
    NodeId e = g_unary(c->g, IR_EXP, g_binary(c->g, IR_SUB, c->in, top));
    return g_binary(c->g, IR_DIV, e, g_reduce(c->g, IR_REDUCE_SUM, e, each));
}

NodeId lower_layer_prelu(LayerContext *c)
{
    const Value *init = call_given(c->call, "init") ? call_arg(c->call, "init") : NULL;
    NodeId slope = layer_weight(c, "weight", vector(1), 0, ROLE_OTHER, init, init_constant(0.25));
    if (slope == NO_NODE)
        return NO_NODE;
    NodeId zero = g_const(c->g, 0);
    return layer_full(c, g_select(c->g, g_binary(c->g, IR_LT, zero, c->in), c->in,
                                  g_binary(c->g, IR_MUL, slope, c->in)));
}

/* ---- random in training ---- */
static NodeId kept(LayerContext *c, double rate)
{
    return g_binary(c->g, IR_LE, g_const(c->g, rate),
                    g_random(c->g, RANDOM_UNIFORM, full_shape(c)));
}

NodeId lower_layer_dropout(LayerContext *c)
{
    double rate = call_number(c->call, "rate");
    if (rate == 0 || !(c->e->random || c->e->dropout))
        return c->in;
    NodeId factor = g_select(c->g, kept(c, rate), g_const(c->g, rate < 1 ? 1 / (1 - rate) : 0),
                             g_const(c->g, 0));
    return g_binary(c->g, IR_MUL, c->in, factor);
}

/* Klambauer et al. 2017, section on alpha dropout: dropped values become selu's lower limit, then
 * mean and variance are restored. */
NodeId lower_layer_alpha_dropout(LayerContext *c)
{
    static const double limit = -1.7580993408473766;
    double rate = call_number(c->call, "rate");
    if (rate == 0 || !(c->e->random || c->e->dropout))
        return c->in;
    if (rate >= 1)
        return layer_full(c, g_const(c->g, 0));
    double a = 1 / sqrt((1 - rate) * (1 + rate * limit * limit)), b = -a * limit * rate;
    NodeId mixed = g_select(c->g, kept(c, rate), c->in, g_const(c->g, limit));
    return g_binary(c->g, IR_ADD, g_binary(c->g, IR_MUL, mixed, g_const(c->g, a)),
                    g_const(c->g, b));
}

NodeId lower_layer_noise(LayerContext *c)
{
    double std = call_number(c->call, "std");
    if (std == 0 || !c->e->random)
        return c->in;
    return g_binary(
        c->g, IR_ADD, c->in,
        g_binary(c->g, IR_MUL, g_random(c->g, RANDOM_NORMAL, full_shape(c)), g_const(c->g, std)));
}
