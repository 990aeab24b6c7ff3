/* graph.c: the graph's nodes and tensors, and the table that shares equal nodes (hash-consing). */
#include "ir/graph.h"
#include <string.h>

static const char *const hyper_table[HYPER_COUNT] = {
#define HYPER(id, name, help) name,
#include "abi/hypers.def"
#undef HYPER
};

static const char *const slot_table[] = { "out", "loss",  "hits",   "penalty",
                                          "lr",  "value", "weight", "tensor" };

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
    g->assigns_if = NO_NODE;
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
