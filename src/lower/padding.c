/* padding.c: what stands behind the end of a text must change nothing.
 *
 * Which positions of a sample hold tokens follows from the tokens themselves: those that are not
 * padding. Values keep their positions through layers that work on each of them; where positions
 * meet (recurrent layers, attention, pooling) the layer asks for them. Graphs of other data never
 * see any of this. */
#include "lower/room.h"
#include <string.h>

bool value_has_positions(const Network *network, const LayerUse *use, const BodyValue *out)
{
    static const char *const keep[] = { "embedding", "one_hot",   "dense",         "layernorm",
                                        "rmsnorm",   "dropout",   "alpha_dropout", "noise",
                                        "positions", "attention", "prelu",         "softmax",
                                        "rnn",       "lstm",      "gru",           "add",
                                        "multiply",  "concat",    "input" };
    const BodyValue *in = &network->values.data[use->input];
    if (!in->positions || out->shape.rank < 1 || out->shape.dim[0] != in->shape.dim[0])
        return false;
    if (in->shape.rank == 2 && out->shape.rank != 2)
        return false;

    bool kept = !use->row;
    for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
        kept = kept || strcmp(use->kind, keep[i]) == 0;
    return kept;
}

bool input_has_positions(const DataInfo *data, Shape sample)
{
    return data && data->padded && sample.rank == 1;
}

NodeId layer_positions(LayerContext *c)
{
    Network *network = c->e->network;
    if (!network->values.data[c->use->input].positions)
        return NO_NODE;

    Graph *g = c->g;
    NodeId tokens = emission_value(c->e, network->input);
    Shape all = graph_node(g, tokens)->shape;
    NodeId padding = g_binary(g, IR_EQ, tokens, g_const(g, (double)network->pub.data->padding)),
           first = g_binary(g, IR_EQ, g_index(g, all, all.rank - 1), g_const(g, 0));
    NodeId held = g_binary(g, IR_SUB, g_const(g, 1), padding);
    return g_broadcast(g, g_binary(g, IR_MAX, held, first), all);
}
