/* kernel_name.c: the names that --plan and profiles give kernels: "forward dense1+relu1". */
#include "passes/passes.h"
#include <string.h>

static const char *part_of(const Plan *plan, const Kernel *k)
{
    static const char *const names[] = { "forward", "backward", "update" };
    NodeId first = k->node != NO_NODE ? k->node : k->contract;
    if (first == NO_NODE)
        first = k->placed.data[0].node;
    for (size_t i = 0; i < k->placed.len; i++)
        if (graph_node(plan->graph, k->placed.data[i].node)->op == IR_ASSIGN)
            return names[PART_UPDATE];
    return names[graph_node(plan->graph, first)->part];
}

void name_kernel(Plan *plan, Kernel *k)
{
    enum { MOST_NAMED = 4 };

    const Graph *g = plan->graph;
    static const char *const kinds[] = {
        "", "scalars", "gather", "move", "lanes", "fold", "output"
    };
    const char *names[MOST_NAMED];
    int count = 0, more = 0;
    const char *part = part_of(plan, k);
    for (size_t i = 0; i < k->placed.len + (k->node != NO_NODE); i++) {
        NodeId id = i < k->placed.len ? k->placed.data[i].node : k->node;
        const Node *n = graph_node(g, id);
        const char *name = NULL;
        if (n->op == IR_ASSIGN && g->tensors.data[n->as.tensor].role == TENSOR_WEIGHT)
            name = g->tensors.data[n->as.tensor].name;
        else if (k->source != NO_NODE && n->op == IR_WEIGHT)
            name = g->tensors.data[n->as.tensor].name;
        else if (n->layer >= 0 && (size_t)n->layer < g->layers.len && k->kind != KERNEL_SCALAR)
            name = g->layers.data[n->layer].name;
        if (!name)
            continue;
        bool seen = false;
        for (int j = 0; j < count; j++)
            seen = seen || strcmp(names[j], name) == 0;
        if (seen)
            continue;
        if (count < MOST_NAMED)
            names[count++] = name;
        else
            more++;
    }
    const char *text = k->source != NO_NODE ? "relayout" : part;
    if (k->kind != KERNEL_GRID && k->source == NO_NODE)
        text = arena_printf(plan->arena, "%s %s", part, kinds[k->kind]);
    for (int j = 0; j < count; j++)
        text = arena_printf(plan->arena, "%s%s%s", text, j == 0 ? " " : "+", names[j]);
    if (k->kind == KERNEL_GATHER)
        text = arena_printf(plan->arena, "gather %s", op_name(graph_node(g, k->node)->op));
    k->name = more > 0 ? arena_printf(plan->arena, "%s+%d more", text, more) : text;
}
