/* reach.c: what an output of a network knows of a sequence's positions, and the network as it takes
 * one position at a time, its recurrent layers keeping their states. */
#include "lower/room.h"
#include <string.h>

/* What a value is made of. */
typedef enum Along {
    ALONG_NOTHING,   /* no position: weights and numbers */
    ALONG_POSITIONS, /* its first axis goes along the input's positions */
    ALONG_LAST       /* what a recurrent layer made of all positions up to the last */
} Along;

typedef struct Survey {
    const Network *network;
    Along *along; /* per value */
    /* whether the network can go through a sequence position by position, and whether no position
     * of its output depends on those behind it */
    bool steps, causal;
} Survey;

/* A value that is the same for all samples, but another one at each position. */
static bool has_places(const Survey *s, int value)
{
    const BodyValue *v = &s->network->values.data[value];
    return s->along[value] == ALONG_NOTHING && v->shape.rank >= 2 && v->shape.dim[0] > 1;
}

static void give_up(Survey *s)
{
    s->steps = s->causal = false;
}

static void survey_places(Survey *s, const LayerUse *use)
{
    bool places = has_places(s, use->input);
    for (size_t k = 0; k < use->arg_count; k++)
        places |= use->args[k] >= 0 && has_places(s, use->args[k]);
    if (places)
        s->steps = false;
}

/* A use on a sequence: what becomes of it. */
static Along survey_sequence(Survey *s, const LayerUse *use)
{
    const BodyValue *in = &s->network->values.data[use->input];
    LayerReach reach = use->row ? use->row->reach : REACH_ELEMENT;
    survey_places(s, use);
    switch (reach) {
    case REACH_ELEMENT: break;
    case REACH_VECTOR:
        if (in->shape.rank != 2)
            give_up(s);
        break;
    case REACH_PLACE: s->steps = false; break;
    case REACH_STATE:
        if (!strcmp(value_word(call_arg(use->call, "output")), "last"))
            return ALONG_LAST;
        break;
    case REACH_ATTENTION:
        s->steps = false;
        s->causal = s->causal && call_bool_or(use->call, "causal", false);
        break;
    case REACH_ALL: give_up(s); break;
    }
    return ALONG_POSITIONS;
}

static void survey_use(Survey *s, const LayerUse *use)
{
    bool positions = s->along[use->input] == ALONG_POSITIONS,
         last = s->along[use->input] == ALONG_LAST;
    for (size_t k = 0; k < use->arg_count; k++) {
        positions |= use->args[k] >= 0 && s->along[use->args[k]] == ALONG_POSITIONS;
        last |= use->args[k] >= 0 && s->along[use->args[k]] == ALONG_LAST;
    }
    if (positions && last)
        give_up(s);
    if (positions)
        s->along[use->output] = survey_sequence(s, use);
    else if (last)
        s->along[use->output] = ALONG_LAST;
}

static Survey survey(const Network *network)
{
    Arena *arena = network->lower->arena;
    Survey s = { .network = network,
                 .along = ARENA_ARRAY(arena, Along, network->values.len),
                 .steps = true,
                 .causal = true };
    s.along[network->input] = ALONG_POSITIONS;
    if (network->pub.input.rank != 1)
        give_up(&s);
    for (size_t i = 0; i < network->uses.len; i++)
        survey_use(&s, &network->uses.data[i]);
    if (s.along[network->output] != ALONG_POSITIONS)
        s.causal = false;
    return s;
}

Memory lower_memory(const ModelInstance *model)
{
    Survey s = survey((const Network *)(const void *)model);
    if (s.steps)
        return MEMORY_STATE;
    return s.causal ? MEMORY_CAUSAL : MEMORY_WINDOW;
}

Network *network_of_one_position(const Network *network)
{
    Arena *arena = network->lower->arena;
    Survey s = survey(network);
    size_t count = network->values.len;
    Network *one = ARENA_NEW(arena, Network);
    *one = *network;
    one->values.data = arena_dup(arena, network->values.data, count * sizeof *network->values.data);
    for (size_t i = 0; i < count; i++)
        if (s.along[i] == ALONG_POSITIONS)
            one->values.data[i].shape.dim[0] = 1;
    one->pub.input.dim[0] = 1;
    return one;
}
