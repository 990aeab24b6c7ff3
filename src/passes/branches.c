/* branches.c: what the branch of a condition that is not taken gives to a derivative: nothing.
 *
 * `c ? a : b` gives the adjoint 0 to the branch that is not taken. What stands in that branch alone
 * may be infinite or NaN there (x > 0 ? ln(x) : 0), and 0 times its slope would be NaN. So a node
 * that is read within branches only passes nothing on where its adjoint is 0. Nodes whose slopes
 * are finite wherever the values outside the branch are need no such care, and get none. */
#include "passes/derive.h"

enum { TAME_DEPTH = 8 };

/* Nodes are read by later ones only, so from the last to the first all readers of a node are known
 * before it is. */
bool *branches_find(Graph *g, NodeId scalar)
{
    size_t count = (size_t)scalar + 1;
    int *readers = ARENA_ARRAY(g->arena, int, count), *within = ARENA_ARRAY(g->arena, int, count);
    bool *found = ARENA_ARRAY(g->arena, bool, count);
    for (NodeId y = 0; y <= scalar; y++) {
        const Node *n = graph_node(g, y);
        for (int i = 0; i < n->input_count; i++)
            readers[n->inputs[i]]++;
    }

    for (NodeId y = scalar; y >= 0; y--) {
        const Node *n = graph_node(g, y);
        found[y] = op_class(n->op) == CLASS_MAP && readers[y] > 0 && within[y] == readers[y];
        int from = n->op == IR_SELECT ? 1 : n->input_count;
        for (int i = found[y] ? 0 : from; i < n->input_count; i++)
            within[n->inputs[i]]++;
    }
    return found;
}

/* Whether it is finite wherever the values outside the branch are. */
static bool is_tame(const Tape *tape, NodeId id, int depth)
{
    const Node *n = graph_node(tape->g, id);
    if (!tape->in_branch[id])
        return true;
    switch (n->op) {
    case IR_ADD:
    case IR_SUB:
    case IR_MUL:
    case IR_NEG:
    case IR_BROADCAST: break;
    default: return false;
    }
    for (int i = 0; i < n->input_count; i++)
        if (depth >= TAME_DEPTH || !is_tame(tape, n->inputs[i], depth + 1))
            return false;
    return true;
}

/* Whether input i's slope can be infinite or NaN where the branch is not taken. */
static bool slope_is_wild(const Turn *t, int i)
{
    double value;
    switch (t->node.op) {
    case IR_ADD:
    case IR_SUB:
    case IR_NEG:
    case IR_BROADCAST:
    case IR_SELECT:
    case IR_EXP: /* derive_exp sees to it */
    case IR_ROUND_BF16: return false;
    case IR_MUL: return !is_tame(t->tape, t->node.inputs[1 - i], 0);
    case IR_DIV: return i == 1 || !node_constant(t->g, t->node.inputs[1], &value) || value == 0;
    default: return true;
    }
}

NodeId branches_guard(const Turn *t, int i, NodeId part)
{
    if (!t->tape->in_branch[t->y] || !slope_is_wild(t, i))
        return part;
    return nothing_of_nothing(t, part);
}

NodeId nothing_of_nothing(const Turn *t, NodeId part)
{
    NodeId zero = g_const(t->g, 0);
    return g_select(t->g, g_binary(t->g, IR_EQ, t->adjoint, zero), zero, part);
}
