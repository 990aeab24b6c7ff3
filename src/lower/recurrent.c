/* recurrent.c: rnn, lstm and gru, unrolled step by step; gates, their order and the weights' names
 * are PyTorch's.
 *
 * rnn: Elman 1990; lstm: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000;
 * gru: Cho et al. 2014, the variant whose reset gate comes after the product. What the inputs
 * bring to all gates of all steps is one product; each step adds that of the state before it.
 * Inside, a sequence is [steps, n, features]: a step's values lie together, so that its part of all
 * steps' tensors needs no copy. */
#include "lower/room.h"
#include <string.h>

enum { MOST_STEPS = 4096, LSTM_GATES = 4 };

typedef struct Cell {
    LayerContext *c;
    Graph *g;
    int64_t units, steps;
    /* of the state; bias NO_NODE where that of the inputs holds both */
    NodeId kernel, bias;
    NodeId h, state;   /* NO_NODE: zero, before the first step */
    Shape each, gates; /* [n, units], and all gates of a step */
} Cell;

static NodeId add(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_ADD, a, b);
}

static NodeId sub(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_SUB, a, b);
}

static NodeId mul(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL, a, b);
}

/* A step behind the end of a text leaves the state as it was. held: [n, length] */
static void hold_state(Cell *s, NodeId held, int64_t step, NodeId h, NodeId state)
{
    NodeId here = g_slice(s->g, held, 1, step, step + 1);
    s->h = g_select(s->g, here, s->h, h);
    if (state != NO_NODE)
        s->state = g_select(s->g, here, s->state, state);
}

static NodeId gate(const Cell *s, NodeId all, int k)
{
    int last = graph_node(s->g, all)->shape.rank - 1;
    return g_slice(s->g, all, last, k * s->units, (k + 1) * s->units);
}

static NodeId state_product(const Cell *s)
{
    return s->h == NO_NODE ? NO_NODE : g_contract(s->g, s->h, s->kernel, false, true, s->gates);
}

static NodeId with_state(const Cell *s, NodeId x)
{
    NodeId product = state_product(s);
    return product == NO_NODE ? x : add(s->g, x, product);
}

static void step_rnn(Cell *s, NodeId x)
{
    s->h = g_unary(s->g, IR_TANH, with_state(s, x));
}

static void step_lstm(Cell *s, NodeId x)
{
    Graph *g = s->g;
    NodeId all = with_state(s, x);
    NodeId in = g_unary(g, IR_SIGMOID, gate(s, all, 0)),
           forget = g_unary(g, IR_SIGMOID, gate(s, all, 1));
    NodeId fresh = g_unary(g, IR_TANH, gate(s, all, 2)),
           out = g_unary(g, IR_SIGMOID, gate(s, all, 3));
    NodeId kept = s->state == NO_NODE ? NO_NODE : mul(g, forget, s->state);
    s->state = mul(g, in, fresh);
    if (kept != NO_NODE)
        s->state = add(g, kept, s->state);
    s->h = mul(g, out, g_unary(g, IR_TANH, s->state));
}

static void step_gru(Cell *s, NodeId x)
{
    Graph *g = s->g;
    NodeId product = state_product(s),
           all = product == NO_NODE ? s->bias : add(g, product, s->bias);
    NodeId reset = g_unary(g, IR_SIGMOID, add(g, gate(s, x, 0), gate(s, all, 0)));
    NodeId update = g_unary(g, IR_SIGMOID, add(g, gate(s, x, 1), gate(s, all, 1)));
    NodeId fresh = g_unary(g, IR_TANH, add(g, gate(s, x, 2), mul(g, reset, gate(s, all, 2))));
    NodeId shared = sub(g, g_const(g, 1), update);
    NodeId h = mul(g, shared, fresh);
    s->h = s->h == NO_NODE ? h : add(g, h, mul(g, update, s->h));
}

/* [n, steps, size] and [steps, n, size] of a batch; of one sequence, [steps, size], nothing
 * changes. */
static NodeId swap_steps(LayerContext *c, NodeId sequence)
{
    return c->batched ? g_permute(c->g, sequence, (const int8_t[GRAPH_MAX_RANK]){ 1, 0, 2 })
                      : sequence;
}

static Shape steps_shape(const Cell *s, int64_t steps, int64_t size)
{
    return s->c->batched ? shape_of(3, (int64_t[]){ steps, DIM_BATCH, size })
                         : shape_of(2, (int64_t[]){ steps, size });
}

/* `auto` means glorot here: the gates' own activations follow, whatever the next layer is. */
static NodeId kernel_weight(LayerContext *c, const char *suffix, int64_t rows, int64_t columns)
{
    Shape shape = shape_of(2, (int64_t[]){ rows, columns });
    double fan_in, fan_out;
    WeightInit init;
    init_fans(shape, &fan_in, &fan_out);
    if (!init_from_value(call_arg(c->call, "init"), fan_in, fan_out, &init))
        init = init_for_activation("tanh", fan_in, fan_out);
    return layer_weight(c, suffix, shape, 0, ROLE_KERNEL, NULL, init);
}

static NodeId bias_weight(LayerContext *c, const char *suffix, int64_t size)
{
    return layer_weight(c, suffix, shape_of(1, &size), 0, ROLE_BIAS,
                        call_find(c->call, "bias_init"), init_constant(0));
}

/* False: reported. */
static bool is_sequence(LayerContext *c)
{
    const char *help = NULL;
    if (c->sample.rank == 1)
        help = "an `embedding` makes vectors of whole numbers, `reshape` a sequence of features";
    if (c->sample.rank != 2) {
        layer_error(c, DIAG_WRONG_SHAPE, help,
                    "%s works on a sequence, length x features, but gets %s", c->use->kind,
                    sample_text(c->e->lower->arena, c->sample));
        return false;
    }
    if (c->sample.dim[0] > MOST_STEPS) {
        layer_error(c, DIAG_TOO_LARGE, "cut the sequence into shorter ones",
                    "%s over %lld steps; at most %d can be unrolled", c->use->kind,
                    (long long)c->sample.dim[0], MOST_STEPS);
        return false;
    }
    return true;
}

/* What the inputs bring to all gates of all steps, [steps, n, gates]; the weights of the state go
 * into the cell. NO_NODE: reported. */
static NodeId gates_of_inputs(LayerContext *c, Cell *s, int gates, bool joint_bias)
{
    Graph *g = c->g;
    int64_t width = gates * s->units, features = c->sample.dim[1];
    NodeId kernel = kernel_weight(c, "weight_ih_l0", width, features);
    s->kernel = kernel_weight(c, "weight_hh_l0", width, s->units);
    if (kernel == NO_NODE || s->kernel == NO_NODE)
        return NO_NODE;
    NodeId bias = bias_weight(c, "bias_ih_l0", width);
    s->bias = bias_weight(c, "bias_hh_l0", width);
    if (bias == NO_NODE || s->bias == NO_NODE)
        return NO_NODE;

    c->use->operations = 2.0 * (double)s->steps * (double)width * (double)(features + s->units);
    s->each = shape_batched(shape_of(1, &s->units), c->batched);
    s->gates = shape_batched(shape_of(1, &width), c->batched);
    NodeId all =
        g_contract(g, swap_steps(c, c->in), kernel, false, true, steps_shape(s, s->steps, width));
    return add(g, all, joint_bias ? add(g, bias, s->bias) : bias);
}

/* ---- one step at a time ---- */
/* A state that outlives the call; where it is made, it is 0. */
static int state_tensor(LayerContext *c, const char *name, int64_t units)
{
    Tensor t = { .role = TENSOR_STATE,
                 .name = arena_printf(c->g->arena, "state.%s.%d.%s", c->use->name, c->use->output,
                                      name),
                 .shape = shape_of(1, &units),
                 .weight = -1 };
    return graph_add_tensor(c->g, t);
}

static void keep_state(const Cell *s, int tensor, NodeId value)
{
    NodeId full = g_broadcast(s->g, value, s->each);
    g_assign(s->g, tensor, g_reduce(s->g, IR_REDUCE_SUM, full, shape_of(1, &s->units)));
}

static NodeId kept_state(const Cell *s, int tensor)
{
    return g_broadcast(s->g, g_weight(s->g, tensor), s->each);
}

static NodeId recurrent(LayerContext *c, int gates, void (*step)(Cell *s, NodeId x),
                        bool joint_bias)
{
    Graph *g = c->g;
    if (!is_sequence(c))
        return NO_NODE;
    Cell s = { .c = c,
               .g = g,
               .units = (int64_t)call_number(c->call, "units"),
               .steps = c->sample.dim[0],
               .h = NO_NODE,
               .state = NO_NODE };
    NodeId all = gates_of_inputs(c, &s, gates, joint_bias);
    if (all == NO_NODE)
        return NO_NODE;

    bool keeps = c->e->stepwise && c->batched, two = gates == LSTM_GATES;
    int h = keeps ? state_tensor(c, "h", s.units) : -1,
        state = keeps && two ? state_tensor(c, "c", s.units) : -1;
    if (h >= 0)
        s.h = kept_state(&s, h);
    if (state >= 0)
        s.state = kept_state(&s, state);
    bool last = !strcmp(value_word(call_arg(c->call, "output")), "last");
    Shape one = steps_shape(&s, 1, s.units);
    NodeId held = layer_positions(c);
    NodeId *outputs = ARENA_ARRAY(c->e->lower->arena, NodeId, s.steps);
    for (int64_t t = 0; t < s.steps; t++) {
        NodeId h = s.h, state = s.state;
        step(&s, g_reshape(g, g_slice(g, all, 0, t, t + 1), s.gates));
        if (held != NO_NODE && t > 0)
            hold_state(&s, held, t, h, state);
        if (!last)
            outputs[t] = g_reshape(g, g_broadcast(g, s.h, s.each), one);
    }
    if (h >= 0)
        keep_state(&s, h, s.h);
    if (state >= 0)
        keep_state(&s, state, s.state);
    return last ? g_broadcast(g, s.h, s.each)
                : swap_steps(c, g_concat(g, (int)s.steps, outputs, 0));
}

NodeId lower_layer_rnn(LayerContext *c)
{
    return recurrent(c, 1, step_rnn, true);
}

NodeId lower_layer_lstm(LayerContext *c)
{
    return recurrent(c, LSTM_GATES, step_lstm, true);
}

NodeId lower_layer_gru(LayerContext *c)
{
    return recurrent(c, 3, step_gru, false);
}
