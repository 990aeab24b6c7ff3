/* network_graph.c: a recorded network built into a graph, use by use, and what layer functions call
 * on the way. */
#include "lower/room.h"
#include <stdarg.h>
#include <string.h>

Shape shape_batched(Shape sample, bool batched)
{
    if (!batched)
        return sample;
    Shape full = { .rank = sample.rank + 1 };
    full.dim[0] = DIM_BATCH;
    for (int i = 0; i < sample.rank; i++)
        full.dim[i + 1] = sample.dim[i];
    return full;
}

Shape shape_sample(Shape full)
{
    if (!shape_has_batch(full))
        return full;
    Shape sample = { .rank = full.rank - 1 };
    for (int i = 1; i < full.rank; i++)
        sample.dim[i - 1] = full.dim[i];
    return sample;
}

char *sample_text(Arena *arena, Shape sample)
{
    if (sample.rank == 0)
        return arena_printf(arena, "a single number");
    char *text = arena_printf(arena, "%lld", (long long)sample.dim[0]);
    for (int i = 1; i < sample.rank; i++)
        text = arena_printf(arena, "%sx%lld", text, (long long)sample.dim[i]);
    return text;
}

/* ---- building ---- */
void emission_start(Emission *e, Lower *lower, Network *network, Graph *g)
{
    *e = (Emission){ .lower = lower, .network = network, .g = g, .ok = true };
    g->current_layer = -1;
}

NodeId emission_value(Emission *e, int value)
{
    while (e->values.len <= (size_t)value)
        vec_push(e->lower->arena, &e->values, NO_NODE);
    NodeId *node = &e->values.data[value];
    const BodyValue *v = &e->network->values.data[value];
    if (*node != NO_NODE || v->use >= 0)
        return *node;
    if (v->weight >= 0)
        *node = g_weight(e->g, emission_tensor(e, v->weight));
    else
        *node = v->batched ? g_input(e->g) : g_const(e->g, v->number);
    return *node;
}

void emission_put(Emission *e, int value, NodeId node)
{
    while (e->values.len <= (size_t)value)
        vec_push(e->lower->arena, &e->values, NO_NODE);
    e->values.data[value] = node;
}

int emission_tensor(Emission *e, int weight)
{
    while (e->tensors.len <= (size_t)weight)
        vec_push(e->lower->arena, &e->tensors, -1);
    if (e->tensors.data[weight] < 0) {
        const WeightSpec *spec = &e->network->pub.weights.data[weight];
        Tensor t = { .role = TENSOR_WEIGHT,
                     .name = spec->key,
                     .shape = spec->shape,
                     .feature_axis = spec->feature_axis,
                     .weight = -1,
                     .pruned = weight_is_pruned(e->lower, spec) };
        /* a teacher may share parts with its student */
        int known = graph_find_tensor(e->g, TENSOR_WEIGHT, spec->key);
        e->tensors.data[weight] = known >= 0 ? known : graph_add_tensor(e->g, t);
    }
    return e->tensors.data[weight];
}

NodeId emission_weight_now(Emission *e, int weight)
{
    while (e->pending.len <= (size_t)weight)
        vec_push(e->lower->arena, &e->pending, NO_NODE);
    if (e->pending.data[weight] != NO_NODE)
        return e->pending.data[weight];
    return g_weight(e->g, emission_tensor(e, weight));
}

bool emission_use(Emission *e, size_t number)
{
    LayerUse *use = &e->network->uses.data[number];
    Graph *g = e->g;
    NodeId in = emission_value(e, use->input);
    const BodyValue *v = &e->network->values.data[use->input];
    LayerContext c = { .e = e,
                       .g = g,
                       .use = use,
                       .call = use->call,
                       .in = in,
                       .sample = v->shape,
                       .batched = v->batched };
    c.args = ARENA_ARRAY(e->lower->arena, NodeId, use->arg_count + 1);
    for (size_t i = 0; i < use->arg_count; i++)
        c.args[i] = use->args[i] < 0 ? NO_NODE : emission_value(e, use->args[i]);

    Layer layer = { .name = use->name, .kind = use->kind, .output = NO_NODE };
    vec_push(g->arena, &g->layers, layer);
    int index = (int)g->layers.len - 1;
    g->current_layer = index;
    NodeId out;
    if (use->row) {
        out = use->row->build(&c);
    } else {
        const NodeId *given = use->arg_count ? c.args : NULL;
        out = expr_apply(e->lower, g, use->call, &in, 1, given, e->random);
        if (out != NO_NODE)
            out = layer_full(&c, out);
    }
    g->current_layer = -1;

    if (out == NO_NODE)
        return e->ok = false;
    g->layers.data[index].output = out;
    emission_put(e, use->output, out);
    return true;
}

bool emission_network(Emission *e)
{
    for (size_t i = 0; i < e->network->uses.len; i++)
        if (!emission_use(e, i))
            return false;
    return emission_value(e, e->network->output) != NO_NODE;
}

bool weight_is_frozen(const Lower *lower, const WeightSpec *spec)
{
    int number = name_map_number(&lower->key_numbers, spec->key);
    return spec->role == ROLE_BUFFER ||
           (number >= 0 ? lower->keys.data[number].frozen : spec->frozen);
}

bool weight_is_pruned(const Lower *lower, const WeightSpec *spec)
{
    int number = name_map_number(&lower->key_numbers, spec->key);
    return number >= 0 && lower->keys.data[number].pruned;
}

/* ---- weights ---- */
int layer_weight_number(LayerContext *c, const char *suffix)
{
    Lower *lower = c->e->lower;
    const char *key =
        intern_cstr(lower->names, arena_printf(lower->arena, "%s%s", c->use->key_prefix, suffix));
    return name_map_number(&c->e->network->weight_numbers, key);
}

/* A weight's key in the session: made where it is new, its shape compared where another model
 * shares it. */
static bool weight_key(LayerContext *c, const char *key, Shape shape, bool frozen)
{
    Lower *lower = c->e->lower;
    int number = name_map_number(&lower->key_numbers, key);
    if (number < 0) {
        WeightKey fresh = { key, shape, c->use->span, frozen, false };
        vec_push(lower->arena, &lower->keys, fresh);
        name_map_set_number(lower->arena, &lower->key_numbers, key, (int)lower->keys.len - 1);
        return true;
    }
    const WeightKey *known = &lower->keys.data[number];
    if (shape_equal(known->shape, shape))
        return true;
    Diagnostic *d = diag_error(
        lower->diags, DIAG_SHAPE_MISMATCH, c->use->span,
        "'%s' shares its weights, but would need them as %s here where they are %s", c->use->name,
        sample_text(lower->arena, shape), sample_text(lower->arena, known->shape));
    diag_note(lower->diags, d, known->span, "made as %s here",
              sample_text(lower->arena, known->shape));
    notes_of_uses(lower, d, c->use->place);
    return false;
}

static const char *weight_key_text(LayerContext *c, const char *suffix)
{
    Lower *lower = c->e->lower;
    return intern_cstr(lower->names,
                       arena_printf(lower->arena, "%s%s", c->use->key_prefix, suffix));
}

/* Another use of the same layer: its number, or -1 (reported). */
static int weight_use_again(LayerContext *c, int number, Shape shape)
{
    const WeightSpec *spec = &c->e->network->pub.weights.data[number];
    vec_push(c->e->lower->arena, &c->use->weights, number);
    return weight_key(c, spec->key, shape, spec->frozen) ? number : -1;
}

/* `init = auto` waits for the activation that follows. */
static void note_auto_init(LayerContext *c, int number, double fan_in, double fan_out)
{
    Arena *arena = c->e->lower->arena;
    Network *network = c->e->network;
    vec_push(arena, &network->auto_init, number);
    vec_push(arena, &network->auto_use, (int)(c->use - network->uses.data));
    vec_push(arena, &network->auto_fans, fan_in);
    vec_push(arena, &network->auto_fans, fan_out);
}

static int weight_declare(LayerContext *c, const char *suffix, Shape shape, int feature_axis,
                          WeightRole role, const Value *init, WeightInit otherwise)
{
    Lower *lower = c->e->lower;
    Network *network = c->e->network;
    int number = layer_weight_number(c, suffix);
    if (number >= 0)
        return weight_use_again(c, number, shape);
    if (shape_elements(shape) > WEIGHT_MOST_ELEMENTS) {
        layer_error(c, DIAG_TOO_LARGE, NULL,
                    "'%s' would need a weight of %s, more than memory can hold", c->use->name,
                    sample_text(lower->arena, shape));
        return -1;
    }

    const Call *call = c->call;
    bool main = role == ROLE_KERNEL || !strcmp(suffix, "weight");
    WeightSpec spec = {
        .key = weight_key_text(c, suffix),
        .name = arena_printf(lower->arena, "%s%s", c->use->name_prefix, suffix),
        .layer = c->use->name,
        .shape = shape,
        .feature_axis = feature_axis,
        .role = role,
        .init = otherwise,
        .frozen = layer_is_frozen(c),
        .span = c->use->span,
        .l1 = main ? call_number_or(call, "l1", 0) : 0,
        .l2 = main ? call_number_or(call, "l2", 0) : 0,
        .max_norm = main ? call_number_or(call, "max_norm", 0) : 0,
    };
    if (!weight_key(c, spec.key, shape, spec.frozen))
        return -1;

    double fan_in, fan_out;
    init_fans(shape, &fan_in, &fan_out);
    number = (int)network->pub.weights.len;
    if (init && !init_from_value(init, fan_in, fan_out, &spec.init))
        note_auto_init(c, number, fan_in, fan_out);
    vec_push(lower->arena, &network->pub.weights, spec);
    name_map_set_number(lower->arena, &network->weight_numbers, spec.key, number);
    vec_push(lower->arena, &c->use->weights, number);
    return number;
}

/* All uses of a weight in one step see the same noise; what is stored has none. */
static NodeId noisy_weight(Emission *e, int weight)
{
    while (e->noisy.len <= (size_t)weight)
        vec_push(e->lower->arena, &e->noisy, NO_NODE);
    NodeId *node = &e->noisy.data[weight];
    if (*node != NO_NODE)
        return *node;
    NodeId value = g_weight(e->g, emission_tensor(e, weight)),
           random = g_random(e->g, RANDOM_NORMAL, graph_node(e->g, value)->shape);
    *node = g_binary(e->g, IR_ADD, value,
                     g_binary(e->g, IR_MUL, g_const(e->g, e->weight_noise), random));
    if (weight_is_pruned(e->lower, &e->network->pub.weights.data[weight]))
        *node = g_select(e->g, value, *node, value);
    return *node;
}

NodeId layer_weight(LayerContext *c, const char *suffix, Shape shape, int feature_axis,
                    WeightRole role, const Value *init, WeightInit otherwise)
{
    int number = c->e->declaring
                     ? weight_declare(c, suffix, shape, feature_axis, role, init, otherwise)
                     : layer_weight_number(c, suffix);
    if (number < 0)
        return NO_NODE;
    return c->e->weight_noise > 0 && role == ROLE_KERNEL
               ? noisy_weight(c->e, number)
               : g_weight(c->g, emission_tensor(c->e, number));
}

/* A layer without learned weights, as batchnorm(affine = false), is frozen with its statistics. */
bool layer_is_frozen(LayerContext *c)
{
    const Lower *lower = c->e->lower;
    if (!c->e->declaring && c->use->weights.len) {
        const WeightSpec *spec = &c->e->network->pub.weights.data[c->use->weights.data[0]];
        int number = name_map_number(&lower->key_numbers, spec->key);
        if (number >= 0)
            return lower->keys.data[number].frozen;
    }
    return call_bool_or(c->call, "frozen", false);
}

NodeId layer_full(LayerContext *c, NodeId node)
{
    return g_broadcast(c->g, node, graph_node(c->g, c->in)->shape);
}

/* ---- errors ---- */
void notes_of_uses(Lower *lower, Diagnostic *d, const UsePlace *place)
{
    for (; place; place = place->outer)
        diag_note(lower->diags, d, place->span, "used here");
}

void layer_error(LayerContext *c, DiagId id, const char *help, const char *format, ...)
{
    Lower *lower = c->e->lower;
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(lower->arena, format, args);
    va_end(args);
    Diagnostic *d = diag_error(lower->diags, id, c->use->span, "%s", text);
    if (help)
        diag_help(lower->diags, d, "%s", help);
    const BodyValue *v = &c->e->network->values.data[c->use->input];
    if (v->span.file) {
        diag_note(lower->diags, d, v->span, "the value of shape %s comes from here",
                  sample_text(lower->arena, v->shape));
    }
    notes_of_uses(lower, d, c->use->place);
}

void layer_shape_error(LayerContext *c, int value_a, int value_b, const char *format, ...)
{
    Lower *lower = c->e->lower;
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(lower->arena, format, args);
    va_end(args);
    Diagnostic *d = diag_error(lower->diags, DIAG_SHAPE_MISMATCH, c->use->span, "%s", text);
    int values[2] = { value_a, value_b };
    for (int i = 0; i < 2; i++) {
        const BodyValue *v = &c->e->network->values.data[values[i]];
        if (v->span.file) {
            diag_note(lower->diags, d, v->span, "%s comes from here",
                      sample_text(lower->arena, v->shape));
        }
    }
    notes_of_uses(lower, d, c->use->place);
}
