/* sequence.c: layers of whole numbers and of sequences: embedding, one_hot, positions, attention.
 *
 * attention: Vaswani et al. 2017, with the weights of torch.nn.MultiheadAttention. */
#include "lower/room.h"
#include <math.h>

static Shape full_shape(const LayerContext *c)
{
    return graph_node(c->g, c->in)->shape;
}

/* The numbers, 0 to below `below`, with an axis of 1 after them. */
static NodeId numbers(LayerContext *c, int64_t below)
{
    int64_t *known = &c->e->network->pub.numbers_below;
    if (graph_node(c->g, c->in)->op == IR_INPUT && (*known == 0 || below < *known))
        *known = below;
    Shape s = full_shape(c);
    if (s.rank >= GRAPH_MAX_RANK) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL, "%s works on whole numbers, but gets %s",
                    c->use->kind, sample_text(c->e->lower->arena, c->sample));
        return NO_NODE;
    }
    s.dim[s.rank++] = 1;
    return g_reshape(c->g, c->in, s);
}

NodeId lower_layer_embedding(LayerContext *c)
{
    Shape table = shape_of(2, (int64_t[]){ (int64_t)call_number(c->call, "vocabulary"),
                                           (int64_t)call_number(c->call, "size") });
    NodeId index = numbers(c, table.dim[0]);
    if (index == NO_NODE)
        return NO_NODE;
    NodeId weight = layer_weight(c, "weight", table, 1, ROLE_KERNEL, call_arg(c->call, "init"),
                                 init_constant(0));
    return weight == NO_NODE ? NO_NODE : g_gather_rows(c->g, weight, index);
}

NodeId lower_layer_one_hot(LayerContext *c)
{
    int64_t n = (int64_t)call_number(c->call, "n");
    NodeId index = numbers(c, n);
    if (index == NO_NODE)
        return NO_NODE;
    Shape out = graph_node(c->g, index)->shape;
    out.dim[out.rank - 1] = n;
    return g_broadcast(c->g, g_binary(c->g, IR_EQ, index, g_index(c->g, shape_of(1, &n), 0)), out);
}

static bool is_sequence(LayerContext *c)
{
    if (c->sample.rank == 2)
        return true;
    const char *help =
        c->sample.rank == 1
            ? "an `embedding` makes vectors of whole numbers, `reshape` a sequence of features"
            : NULL;
    layer_error(c, DIAG_WRONG_SHAPE, help, "%s works on a sequence, length x features, but gets %s",
                c->use->kind, sample_text(c->e->lower->arena, c->sample));
    return false;
}

NodeId lower_layer_positions(LayerContext *c)
{
    if (!is_sequence(c))
        return NO_NODE;
    NodeId weight = layer_weight(c, "weight", c->sample, 1, ROLE_KERNEL, call_arg(c->call, "init"),
                                 init_constant(0));
    return weight == NO_NODE ? NO_NODE : g_binary(c->g, IR_ADD, c->in, weight);
}

/* ---- attention ---- */
static NodeId projection(LayerContext *c, NodeId in, const char *kernel_name, const char *bias_name,
                         int64_t units, bool next_decides)
{
    int64_t inputs = c->sample.dim[1];
    Shape shape = shape_of(2, (int64_t[]){ units, inputs });
    const Value *init = call_arg(c->call, "init");
    double fan_in, fan_out;
    WeightInit otherwise = init_constant(0);
    init_fans(shape, &fan_in, &fan_out);
    if (!next_decides) {
        if (!init_from_value(init, fan_in, fan_out, &otherwise))
            otherwise = init_for_activation(NULL, fan_in, fan_out);
        init = NULL;
    }
    NodeId kernel = layer_weight(c, kernel_name, shape, 0, ROLE_KERNEL, init, otherwise);
    NodeId bias = layer_weight(c, bias_name, shape_of(1, &units), 0, ROLE_BIAS,
                               call_find(c->call, "bias_init"), init_constant(0));
    if (kernel == NO_NODE || bias == NO_NODE)
        return NO_NODE;
    Shape out = full_shape(c);
    out.dim[out.rank - 1] = units;
    return g_binary(c->g, IR_ADD, g_contract(c->g, in, kernel, false, true, out), bias);
}

/* Scores [.., heads, length, length] to shares; what lies ahead of a position gets none. */
static NodeId shares(LayerContext *c, NodeId scores, bool causal)
{
    Graph *g = c->g;
    static const double never = -1e30;
    Shape all = graph_node(g, scores)->shape, each = all;
    each.dim[each.rank - 1] = 1;
    NodeId held = layer_positions(c);
    if (held != NO_NODE) { /* [n, 1, 1, length] */
        Shape keys = shape_of(4, (int64_t[]){ all.dim[0], 1, 1, all.dim[3] });
        scores = g_select(g, g_reshape(g, held, keys), scores, g_const(g, never));
    }
    if (causal) {
        scores = g_select(
            g, g_binary(g, IR_LE, g_index(g, all, all.rank - 1), g_index(g, all, all.rank - 2)),
            scores, g_const(g, never));
    }
    NodeId top = g_stop(g, g_reduce(g, IR_REDUCE_MAX, scores, each));
    NodeId e = g_unary(g, IR_EXP, g_binary(g, IR_SUB, scores, top));
    return g_binary(g, IR_DIV, e, g_reduce(g, IR_REDUCE_SUM, e, each));
}

NodeId lower_layer_attention(LayerContext *c)
{
    Graph *g = c->g;
    if (!is_sequence(c))
        return NO_NODE;
    int64_t heads = (int64_t)call_number(c->call, "heads"), length = c->sample.dim[0],
            width = c->sample.dim[1];
    if (heads > width || width % heads) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL,
                    "attention has %lld heads, which do not divide the width %lld of its input, %s",
                    (long long)heads, (long long)width, sample_text(c->e->lower->arena, c->sample));
        return NO_NODE;
    }
    NodeId all = projection(c, c->in, "in_proj_weight", "in_proj_bias", 3 * width, false);
    if (all == NO_NODE)
        return NO_NODE;
    int last = graph_node(g, all)->shape.rank - 1;
    NodeId query = g_slice(g, all, last, 0, width), key = g_slice(g, all, last, width, 2 * width),
           value = g_slice(g, all, last, 2 * width, 3 * width);
    NodeId scores = g_binary(g, IR_MUL, g_heads_dot(g, query, key, (int)heads),
                             g_const(g, 1 / sqrt((double)width / (double)heads)));
    NodeId mixed = g_heads_mix(g, shares(c, scores, call_bool(c->call, "causal")), value, false);
    c->use->operations =
        2.0 * (double)length * (double)width * (4.0 * (double)width + 2.0 * (double)length);
    return projection(c, mixed, "out_proj.weight", "out_proj.bias", width, true);
}
