/* norms.c: normalisation.
 *
 * batchnorm: Ioffe and Szegedy 2015; layernorm: Ba, Kiros and Hinton 2016; rmsnorm: Zhang and
 * Sennrich 2019. Variances are taken in two sweeps, the mean first and then the squared distances
 * from it: a sum of squares minus the squared mean loses all digits far from zero. */
#include "lower/room.h"

static Shape features_of(const LayerContext *c)
{
    return shape_of(1, &c->sample.dim[c->sample.rank - 1]);
}

/* The learned scale or shift `suffix`, of one value a feature or channel. */
static NodeId learned_for(LayerContext *c, const char *suffix, const char *argument,
                          const char *general, double start, Shape shape)
{
    const Value *general_init = call_given(c->call, general) ? call_find(c->call, general) : NULL;
    const Value *init = general_init ? general_init : call_find(c->call, argument);
    return layer_weight(c, suffix, shape, 0, ROLE_NORM, init, init_constant(start));
}

static NodeId learned(LayerContext *c, const char *suffix, const char *argument,
                      const char *general, double start)
{
    return learned_for(c, suffix, argument, general, start, features_of(c));
}

/* x * scale + shift, where the layer has them. */
static NodeId affine(LayerContext *c, NodeId x, NodeId factor, bool shift)
{
    if (!call_bool_or(c->call, "affine", true))
        return g_binary(c->g, IR_MUL, x, factor);
    NodeId weight = learned(c, "weight", "gamma", "init", 1);
    if (weight == NO_NODE)
        return NO_NODE;
    NodeId out = g_binary(c->g, IR_MUL, g_binary(c->g, IR_MUL, x, factor), weight);
    if (!shift)
        return out;
    NodeId bias = learned(c, "bias", "beta", "bias_init", 0);
    return bias == NO_NODE ? NO_NODE : g_binary(c->g, IR_ADD, out, bias);
}

static NodeId inverse_root(LayerContext *c, NodeId variance, double eps)
{
    return g_binary(c->g, IR_DIV, g_const(c->g, 1),
                    g_unary(c->g, IR_SQRT, g_binary(c->g, IR_ADD, variance, g_const(c->g, eps))));
}

static NodeId squared(Graph *g, NodeId x)
{
    return g_binary(g, IR_MUL, x, x);
}

/* How much of a moving statistic stays; of a plain mean over batches all but one part a batch. */
static NodeId momentum_of(LayerContext *c, double momentum)
{
    Graph *g = c->g;
    if (!c->e->mean_statistics)
        return g_const(g, momentum);
    NodeId step = g_hyper(g, HYPER_STEP);
    return g_binary(g, IR_DIV, step, g_binary(g, IR_ADD, step, g_const(g, 1)));
}

/* moving = momentum * moving + (1 - momentum) * batch */
static void move_statistic(LayerContext *c, const char *suffix, NodeId batch, double momentum)
{
    int number = layer_weight_number(c, suffix);
    NodeId old = emission_weight_now(c->e, number), stays = momentum_of(c, momentum);
    NodeId joins = g_binary(c->g, IR_SUB, g_const(c->g, 1), stays);
    NodeId moved = g_binary(c->g, IR_ADD, g_binary(c->g, IR_MUL, stays, old),
                            g_binary(c->g, IR_MUL, joins, batch));
    c->e->pending.data[number] = moved;
}

NodeId lower_layer_batchnorm(LayerContext *c)
{
    Graph *g = c->g;
    if (c->sample.rank == 0) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL,
                    "batchnorm works on features, but gets a single number");
        return NO_NODE;
    }
    /* Images and signals have a mean a channel, on their first axis; all else a mean a feature, on
     * its last. */
    bool channels = c->sample.rank > 2 || (c->sample.rank == 2 && layer_axes(c) != AXES_SEQUENCE);
    Shape features = channels ? shape_of(1, c->sample.dim) : features_of(c), statistic = features;
    for (int i = 1; channels && i < c->sample.rank; i++)
        statistic.dim[statistic.rank++] = 1;
    double momentum = call_number(c->call, "momentum"), eps = call_number(c->call, "eps");
    bool moving = !c->batched || !c->e->batch_statistics || layer_is_frozen(c);
    NodeId weight = NO_NODE, bias = NO_NODE;
    bool has_affine = call_bool_or(c->call, "affine", true);
    if (has_affine) {
        weight = learned_for(c, "weight", "gamma", "init", 1, features);
        bias = learned_for(c, "bias", "beta", "bias_init", 0, features);
    }
    NodeId moving_mean =
        layer_weight(c, "running_mean", features, 0, ROLE_BUFFER, NULL, init_constant(0));
    NodeId moving_variance =
        layer_weight(c, "running_var", features, 0, ROLE_BUFFER, NULL, init_constant(1));
    if (moving_variance == NO_NODE || moving_mean == NO_NODE ||
        (has_affine && (weight == NO_NODE || bias == NO_NODE))) {
        return NO_NODE;
    }

    NodeId mean = g_reshape(g, moving_mean, statistic),
           variance = g_reshape(g, moving_variance, statistic), distance;
    if (moving) {
        distance = g_binary(g, IR_SUB, c->in, mean);
    } else {
        double positions = (double)shape_elements(c->sample) / (double)features.dim[0];
        if (positions == 1)
            c->e->network->pub.normalises_samples = true;
        NodeId count = g_binary(g, IR_MUL, g_hyper(g, HYPER_N), g_const(g, positions)),
               one = g_const(g, 1);
        mean = g_binary(g, IR_DIV, g_reduce(g, IR_REDUCE_SUM, c->in, statistic), count);
        distance = g_binary(g, IR_SUB, c->in, mean);
        variance =
            g_binary(g, IR_DIV, g_reduce(g, IR_REDUCE_SUM, squared(g, distance), statistic), count);
        if (c->e->update_statistics) {
            NodeId unbias = g_binary(g, IR_DIV, count,
                                     g_binary(g, IR_MAX, g_binary(g, IR_SUB, count, one), one));
            move_statistic(c, "running_mean", g_reshape(g, mean, features), momentum);
            move_statistic(c, "running_var",
                           g_reshape(g, g_binary(g, IR_MUL, variance, unbias), features), momentum);
        }
    }
    NodeId factor = inverse_root(c, variance, eps);
    if (!has_affine)
        return g_binary(g, IR_MUL, distance, factor);
    NodeId scale = g_binary(g, IR_MUL, factor, g_reshape(g, weight, statistic));
    return g_binary(g, IR_ADD, g_binary(g, IR_MUL, distance, scale), g_reshape(g, bias, statistic));
}

/* ---- groups of channels ---- */
/* Sums over each image's groups of channels, spread back over the channels: [n, channels, 1, ...].
 */
static NodeId group_mean(LayerContext *c, NodeId x, int64_t groups)
{
    Graph *g = c->g;
    Shape each = graph_node(g, x)->shape;
    int64_t channels = each.dim[c->batched], lead = c->batched ? DIM_BATCH : 1;
    for (int i = c->batched + 1; i < each.rank; i++)
        each.dim[i] = 1;
    double count = (double)shape_elements(graph_node(g, x)->shape) / (double)groups;
    NodeId sums = g_reshape(g, g_reduce(g, IR_REDUCE_SUM, x, each),
                            shape_of(3, (int64_t[]){ lead, groups, channels / groups }));
    NodeId mean = g_binary(
        g, IR_DIV, g_reduce(g, IR_REDUCE_SUM, sums, shape_of(3, (int64_t[]){ lead, groups, 1 })),
        g_const(g, count));
    return g_reshape(
        g, g_broadcast(g, mean, shape_of(3, (int64_t[]){ lead, groups, channels / groups })), each);
}

/* Wu and He 2018. */
NodeId lower_layer_groupnorm(LayerContext *c)
{
    Graph *g = c->g;
    int64_t groups = (int64_t)call_number(c->call, "groups"),
            channels = c->sample.rank ? c->sample.dim[0] : 1;
    if (c->sample.rank == 0) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL,
                    "groupnorm works on channels, but gets a single number");
        return NO_NODE;
    }
    if (channels % groups) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL,
                    "groupnorm of %lld groups, which do not divide the %lld channels of %s",
                    (long long)groups, (long long)channels,
                    sample_text(c->e->lower->arena, c->sample));
        return NO_NODE;
    }

    NodeId distance = g_binary(g, IR_SUB, c->in, group_mean(c, c->in, groups));
    NodeId factor = inverse_root(c, group_mean(c, squared(g, distance), groups),
                                 call_number_or(c->call, "eps", 1e-5));
    NodeId out = g_binary(g, IR_MUL, distance, factor);
    if (!call_bool_or(c->call, "affine", true))
        return out;
    NodeId weight = learned_for(c, "weight", "gamma", "init", 1, shape_of(1, &channels)),
           bias = learned_for(c, "bias", "beta", "bias_init", 0, shape_of(1, &channels));
    if (weight == NO_NODE || bias == NO_NODE)
        return NO_NODE;
    return g_binary(g, IR_ADD, g_binary(g, IR_MUL, out, layer_by_channel(c, weight)),
                    layer_by_channel(c, bias));
}

static bool has_axis(LayerContext *c)
{
    if (c->sample.rank == 0) {
        layer_error(c, DIAG_WRONG_SHAPE, NULL, "%s works on features, but gets a single number",
                    c->use->kind);
    }
    return c->sample.rank > 0;
}

static Shape one_each(const LayerContext *c)
{
    Shape shape = graph_node(c->g, c->in)->shape;
    shape.dim[shape.rank - 1] = 1;
    return shape;
}

NodeId lower_layer_layernorm(LayerContext *c)
{
    Graph *g = c->g;
    if (!has_axis(c))
        return NO_NODE;
    NodeId count = g_const(g, (double)features_of(c).dim[0]);
    NodeId mean = g_binary(g, IR_DIV, g_reduce(g, IR_REDUCE_SUM, c->in, one_each(c)), count);
    NodeId distance = g_binary(g, IR_SUB, c->in, mean);
    NodeId variance =
        g_binary(g, IR_DIV, g_reduce(g, IR_REDUCE_SUM, squared(g, distance), one_each(c)), count);
    return affine(c, distance, inverse_root(c, variance, call_number_or(c->call, "eps", 1e-5)),
                  true);
}

NodeId lower_layer_rmsnorm(LayerContext *c)
{
    Graph *g = c->g;
    if (!has_axis(c))
        return NO_NODE;
    NodeId count = g_const(g, (double)features_of(c).dim[0]);
    NodeId square =
        g_binary(g, IR_DIV, g_reduce(g, IR_REDUCE_SUM, squared(g, c->in), one_each(c)), count);
    return affine(c, c->in, inverse_root(c, square, call_number_or(c->call, "eps", 1e-5)), false);
}
