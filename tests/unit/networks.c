/* networks.c: see networks.h. */
#include "networks.h"
#include <stddef.h>

enum { MOST_TENSORS = 64 };

typedef struct Builder {
    Graph *g;
    const NetworkSpec *spec;
    int count, trained[MOST_TENSORS];
    NodeId weight[MOST_TENSORS];
} Builder;

static NodeId num(Builder *b, double v)
{
    return g_const(b->g, v);
}

static NodeId add(Builder *b, NodeId x, NodeId y)
{
    return g_binary(b->g, IR_ADD, x, y);
}

static NodeId sub(Builder *b, NodeId x, NodeId y)
{
    return g_binary(b->g, IR_SUB, x, y);
}

static NodeId mul(Builder *b, NodeId x, NodeId y)
{
    return g_binary(b->g, IR_MUL, x, y);
}

static NodeId over(Builder *b, NodeId x, NodeId y)
{
    return g_binary(b->g, IR_DIV, x, y);
}

static NodeId weight(Builder *b, const char *layer, const char *name, int rank, int64_t d0,
                     int64_t d1, bool trained)
{
    int64_t dims[] = { d0, d1 };
    Tensor t = { .role = TENSOR_WEIGHT,
                 .name = arena_printf(b->g->arena, "%s.%s", layer, name),
                 .shape = shape_of(rank, dims),
                 .weight = -1 };
    int index = graph_add_tensor(b->g, t);
    NodeId w = g_weight(b->g, index);
    if (trained) {
        b->trained[b->count] = index;
        b->weight[b->count++] = w;
    }
    return w;
}

static const char *layer(Builder *b, const char *kind, int number)
{
    Layer l = { arena_printf(b->g->arena, "%s%d", kind, number), kind, NO_NODE };
    vec_push(b->g->arena, &b->g->layers, l);
    b->g->current_layer = (int)b->g->layers.len - 1;
    return l.name;
}

static NodeId dense(Builder *b, NodeId x, int number, int64_t units, bool bias)
{
    const char *name = layer(b, "dense", number);
    Shape s = graph_node(b->g, x)->shape, out = s;
    out.dim[out.rank - 1] = units;
    NodeId y = g_contract(b->g, x, weight(b, name, "weight", 2, units, s.dim[s.rank - 1], true),
                          false, true, out);
    return bias ? add(b, y, weight(b, name, "bias", 1, units, 0, true)) : y;
}

static NodeId moments(Builder *b, NodeId x, Shape to, NodeId count, NodeId *variance)
{
    NodeId mean = over(b, g_reduce(b->g, IR_REDUCE_SUM, x, to), count), d = sub(b, x, mean);
    *variance = over(b, g_reduce(b->g, IR_REDUCE_SUM, mul(b, d, d), to), count);
    return mean;
}

static void move_toward(Builder *b, NodeId moving, NodeId value)
{
    g_assign(b->g, graph_node(b->g, moving)->as.tensor,
             add(b, mul(b, num(b, 0.9), moving), mul(b, num(b, 0.1), value)));
}

static NodeId normalise(Builder *b, NodeId x, int number)
{
    Shape s = graph_node(b->g, x)->shape, to = s;
    int64_t f = s.dim[s.rank - 1];
    bool batch = b->spec->norm == NORM_BATCH;
    const char *name = layer(b, batch ? "batchnorm" : "layernorm", number);
    NodeId gamma = weight(b, name, "weight", 1, f, 0, true),
           beta = weight(b, name, "bias", 1, f, 0, true), variance, mean;
    if (batch) {
        NodeId n = g_hyper(b->g, HYPER_N);
        to = shape_of(1, &f);
        mean = moments(b, x, to, n, &variance);
        move_toward(b, weight(b, name, "running_mean", 1, f, 0, false), g_stop(b->g, mean));
        move_toward(b, weight(b, name, "running_var", 1, f, 0, false),
                    g_stop(b->g, mul(b, variance, over(b, n, sub(b, n, num(b, 1))))));
    } else {
        to.dim[to.rank - 1] = 1;
        mean = moments(b, x, to, num(b, (double)f), &variance);
    }
    NodeId scale = over(b, num(b, 1), g_unary(b->g, IR_SQRT, add(b, variance, num(b, 1e-5))));
    return add(b, mul(b, mul(b, sub(b, x, mean), scale), gamma), beta);
}

static NodeId activation(Builder *b, NodeId x, int number)
{
    layer(b, b->spec->tanh ? "tanh" : "relu", number);
    if (b->spec->tanh)
        return g_unary(b->g, IR_TANH, x);
    NodeId zero = num(b, 0);
    return g_select(b->g, g_binary(b->g, IR_LT, zero, x), x, zero);
}

static NodeId dropout(Builder *b, NodeId x, int number)
{
    layer(b, "dropout", number);
    NodeId u = g_random(b->g, RANDOM_UNIFORM, graph_node(b->g, x)->shape),
           rate = num(b, b->spec->dropout);
    return g_select(b->g, g_binary(b->g, IR_LE, rate, u),
                    mul(b, x, num(b, 1 / (1 - b->spec->dropout))), num(b, 0));
}

/* Summed over the batch; classes as numbers in [n, 1]. */
static NodeId cross_entropy(Builder *b, NodeId scores, NodeId target)
{
    layer(b, "loss", 1);
    Graph *g = b->g;
    Shape s = graph_node(g, scores)->shape, row = s;
    row.dim[row.rank - 1] = 1;
    NodeId shifted = sub(b, scores, g_stop(g, g_reduce(g, IR_REDUCE_MAX, scores, row)));
    NodeId log_sum =
        g_unary(g, IR_LN, g_reduce(g, IR_REDUCE_SUM, g_unary(g, IR_EXP, shifted), row));
    NodeId hot = g_binary(g, IR_EQ, g_index(g, shape_of(1, &s.dim[s.rank - 1]), 0), target);
    NodeId picked = g_reduce(g, IR_REDUCE_SUM, g_select(g, hot, shifted, num(b, 0)), row);
    return g_reduce(g, IR_REDUCE_SUM, sub(b, log_sum, picked), shape_scalar());
}

static NodeId state(Builder *b, int w, const char *name)
{
    Tensor t = b->g->tensors.data[w];
    t.role = TENSOR_STATE;
    t.weight = w;
    t.name = arena_printf(b->g->arena, "optimizer.%s.%s", t.name, name);
    return g_weight(b->g, graph_add_tensor(b->g, t));
}

static void adam(Builder *b, int w, NodeId value, NodeId gradient)
{
    Graph *g = b->g;
    const double beta1 = 0.9, beta2 = 0.999;
    NodeId t = add(b, g_hyper(g, HYPER_STEP), num(b, 1)), m = state(b, w, "m"),
           v = state(b, w, "v");
    NodeId m1 = add(b, mul(b, num(b, beta1), m), mul(b, num(b, 1 - beta1), gradient));
    NodeId v1 = add(b, mul(b, num(b, beta2), v),
                    mul(b, num(b, 1 - beta2), g_binary(g, IR_POW, gradient, num(b, 2))));
    NodeId m2 = over(b, m1, sub(b, num(b, 1), g_binary(g, IR_POW, num(b, beta1), t)));
    NodeId v2 = over(b, v1, sub(b, num(b, 1), g_binary(g, IR_POW, num(b, beta2), t)));
    NodeId step =
        mul(b, g_hyper(g, HYPER_LR), over(b, m2, add(b, g_unary(g, IR_SQRT, v2), num(b, 1e-8))));
    g_assign(g, graph_node(g, m)->as.tensor, m1);
    g_assign(g, graph_node(g, v)->as.tensor, v1);
    g_assign(g, w, sub(b, value, step));
}

static NodeId clip_factor(Builder *b, const NodeId *gradient)
{
    NodeId sum = num(b, 0);
    for (int i = 0; i < b->count; i++) {
        sum = add(b, sum,
                  g_reduce(b->g, IR_REDUCE_SUM, mul(b, gradient[i], gradient[i]), shape_scalar()));
    }
    NodeId factor =
        over(b, num(b, b->spec->clip), add(b, g_unary(b->g, IR_SQRT, sum), num(b, 1e-6)));
    return g_binary(b->g, IR_MIN, factor, num(b, 1));
}

Graph *network_graph(Arena *arena, const char *name, const NetworkSpec *spec)
{
    Builder b = { .g = graph_new(arena, name, spec->batch), .spec = spec };
    Graph *g = b.g;
    g->sample = shape_of(2, (int64_t[]){ DIM_BATCH, spec->features });
    g->target = shape_of(2, (int64_t[]){ DIM_BATCH, 1 });

    NodeId x = g_input(g);
    for (int i = 0; i < spec->layers; i++) {
        bool hidden = i + 1 < spec->layers;
        x = dense(&b, x, i + 1, spec->units[i], !(hidden && spec->norm == NORM_BATCH));
        if (!hidden)
            break;
        if (spec->norm != NORM_NONE)
            x = normalise(&b, x, i + 1);
        x = activation(&b, x, i + 1);
        if (spec->dropout > 0 && spec->train)
            x = dropout(&b, x, i + 1);
    }

    if (!spec->train) {
        g_emit(g, SLOT_OUT, x, -1);
        return g;
    }

    NodeId loss = cross_entropy(&b, x, g_target(g)), gradient[MOST_TENSORS];
    g_emit(g, SLOT_LOSS, loss, -1);
    graph_gradient(g, over(&b, loss, g_hyper(g, HYPER_N)), (size_t)b.count, b.weight, gradient);
    g->current_layer = -1;

    NodeId factor = spec->clip > 0 ? clip_factor(&b, gradient) : NO_NODE;
    for (int i = 0; i < b.count; i++) {
        NodeId d = factor == NO_NODE ? gradient[i] : mul(&b, gradient[i], factor);
        if (spec->adam)
            adam(&b, b.trained[i], b.weight[i], d);
        else
            g_assign(g, b.trained[i], sub(&b, b.weight[i], mul(&b, g_hyper(g, HYPER_LR), d)));
    }

    return g;
}
