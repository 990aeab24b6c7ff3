/* graph.c: the graph's nodes and tensors, and the table that shares equal nodes (hash-consing). */
#include "ir/graph.h"
#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    int arity;
    OpClass class;
} op_table[IR_OP_COUNT] = {

#define OP(id, name, arity, class, help) { name, arity, class },
#include "ir/ops.def"
#undef OP
};

static const char *const hyper_table[HYPER_COUNT] = {
#define HYPER(id, name, help) name,
#include "abi/hypers.def"
#undef HYPER
};

static const char *const slot_table[] = {
    "out", "loss", "hits", "penalty", "lr", "value", "tensor"
};

const char *op_name(Op op)
{
    return op_table[op].name;
}

int op_arity(Op op)
{
    return op_table[op].arity;
}

OpClass op_class(Op op)
{
    return op_table[op].class;
}

const char *hyper_name(Hyper hyper)
{
    return hyper_table[hyper];
}

const char *slot_name(Slot slot)
{
    return slot_table[slot];
}

/* Open addressing over node ids; NO_NODE is an empty place. */
typedef struct ConsTable {
    NodeId *slot;
    size_t size, used;
} ConsTable;

Graph *graph_new(Arena *arena, const char *name, int64_t batch)
{
    Graph *g = ARENA_NEW(arena, Graph);
    g->arena = arena;
    g->name = name;
    g->batch = batch;
    g->current_layer = -1;
    g->cons = ARENA_NEW(arena, ConsTable);
    return g;
}

int graph_add_tensor(Graph *g, Tensor tensor)
{
    vec_push(g->arena, &g->tensors, tensor);
    return (int)g->tensors.len - 1;
}

int graph_find_tensor(const Graph *g, TensorRole role, const char *name)
{
    for (size_t i = 0; i < g->tensors.len; i++)
        if (g->tensors.data[i].role == role && strcmp(g->tensors.data[i].name, name) == 0)
            return (int)i;
    return -1;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ (h >> 29);
}

static uint64_t node_hash(const Node *n)
{
    uint64_t h = mix(UINT64_C(0x243F6A8885A308D3), (uint64_t)n->op);
    for (int i = 0; i < n->shape.rank; i++)
        h = mix(h, (uint64_t)n->shape.dim[i]);
    for (int i = 0; i < n->input_count; i++)
        h = mix(h, (uint64_t)n->inputs[i] + 1);
    const unsigned char *bytes = (const unsigned char *)&n->as;
    for (size_t i = 0; i < sizeof n->as; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t left = sizeof n->as - i;
        memcpy(&word, bytes + i, left < sizeof word ? left : sizeof word);
        h = mix(h, word);
    }
    return h;
}

static bool node_equal(const Node *a, const Node *b)
{
    return a->op == b->op && a->input_count == b->input_count && shape_equal(a->shape, b->shape) &&
           (a->input_count == 0 ||
            memcmp(a->inputs, b->inputs, sizeof(NodeId) * (size_t)a->input_count) == 0) &&
           memcmp(&a->as, &b->as, sizeof a->as) == 0;
}

static void cons_insert(Graph *g, ConsTable *t, NodeId id)
{
    size_t i = node_hash(graph_node(g, id)) & (t->size - 1);
    while (t->slot[i] != NO_NODE)
        i = (i + 1) & (t->size - 1);
    t->slot[i] = id;
}

static void cons_grow(Graph *g, ConsTable *t)
{
    ConsTable old = *t;
    t->size = old.size ? old.size * 2 : 256;
    t->slot = ARENA_ARRAY(g->arena, NodeId, t->size);
    for (size_t i = 0; i < t->size; i++)
        t->slot[i] = NO_NODE;
    for (size_t i = 0; i < old.size; i++)
        if (old.slot[i] != NO_NODE)
            cons_insert(g, t, old.slot[i]);
}

NodeId graph_add_node(Graph *g, const Node *node, bool share)
{
    ConsTable *t = g->cons;
    if (share) {
        if (t->used * 2 >= t->size)
            cons_grow(g, t);
        for (size_t i = node_hash(node) & (t->size - 1); t->slot[i] != NO_NODE;
             i = (i + 1) & (t->size - 1)) {
            if (node_equal(graph_node(g, t->slot[i]), node))
                return t->slot[i];
        }
    }
    NodeId *inputs = NULL;
    if (node->input_count > 0)
        inputs = arena_dup(g->arena, node->inputs, sizeof(NodeId) * (size_t)node->input_count);
    vec_push(g->arena, &g->nodes, *node);
    NodeId id = (NodeId)g->nodes.len - 1;
    /* with its padding, which node_equal compares */
    memcpy(&g->nodes.data[id], node, sizeof *node);
    g->nodes.data[id].inputs = inputs;
    if (share) {
        cons_insert(g, t, id);
        t->used++;
    }
    if (op_class(node->op) == CLASS_EFFECT)
        vec_push(g->arena, &g->roots, id);
    return id;
}

bool node_constant(const Graph *g, NodeId id, double *value)
{
    const Node *n = graph_node(g, id);
    if (n->op == IR_BROADCAST)
        n = graph_node(g, n->inputs[0]);
    if (n->op != IR_CONST)
        return false;
    *value = n->as.value;
    return true;
}

/* The upper half of a float32, rounded to nearest, ties to even; a NaN stays one. */
static double round_bf16(double x)
{
    float narrow = (float)x;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    if (narrow != narrow)
        return narrow;
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&narrow, &bits, sizeof bits);
    return narrow;
}

double op_evaluate(Op op, const double *x)
{
    switch (op) {
    case IR_NEG: return -x[0];
    case IR_EXP: return exp(x[0]);
    case IR_LN: return log(x[0]);
    case IR_SQRT: return sqrt(x[0]);
    case IR_ABS: return fabs(x[0]);
    case IR_SIGN: return x[0] > 0 ? 1 : x[0] < 0 ? -1 : x[0];
    case IR_FLOOR: return floor(x[0]);
    case IR_TANH: return tanh(x[0]);
    case IR_SIN: return sin(x[0]);
    case IR_COS: return cos(x[0]);
    case IR_ERF: return erf(x[0]);
    case IR_SIGMOID: return 1 / (1 + exp(-x[0]));
    case IR_NOT: return x[0] == 0;
    case IR_ROUND_BF16: return round_bf16(x[0]);
    case IR_STOP:
    case IR_BROADCAST: return x[0];
    case IR_ADD: return x[0] + x[1];
    case IR_SUB: return x[0] - x[1];
    case IR_MUL: return x[0] * x[1];
    case IR_DIV: return x[0] / x[1];
    case IR_POW: return pow(x[0], x[1]);
    case IR_MIN: return x[1] < x[0] || x[1] != x[1] ? x[1] : x[0];
    case IR_MAX: return x[1] > x[0] || x[1] != x[1] ? x[1] : x[0];
    case IR_LT: return x[0] < x[1];
    case IR_LE: return x[0] <= x[1];
    case IR_EQ: return x[0] == x[1];
    case IR_AND: return x[0] != 0 && x[1] != 0;
    case IR_OR: return x[0] != 0 || x[1] != 0;
    case IR_SELECT: return x[0] != 0 ? x[1] : x[2];
    default: return NAN;
    }
}
