/* skip_zeros.c: which products may skip the zeros of a pruned kernel (plan.h, SPARSE).
 *
 * Requires kernels (recompute). Only where a unit assigns nothing: there the weights stay what they
 * are for a whole call, and are listed once. Whether it pays is known when the call begins, by how
 * many of a panel's weights are 0; the same code multiplies in full where it does not. An element
 * is the same chain of multiply-adds in both cases, with terms of +-0 left out, and never -0. */
#include "passes/passes.h"

enum {
    HEADER = 32 /* floats before a panel's list */
};

static bool candidate(const Plan *plan, NodeId id)
{
    const Graph *g = plan->graph;
    const SumRules *rules = plan->machine->sums;
    const Node *n = graph_node(g, id);
    if (n->op != IR_CONTRACT || plan->home[id] < 0 || n->feature_axis != n->shape.rank - 1 ||
        !n->as.contract.tb || n->as.contract.ta) {
        return false;
    }
    const Node *x = graph_node(g, n->inputs[0]), *w = graph_node(g, n->inputs[1]);
    if (w->op != IR_WEIGHT || !g->tensors.data[w->as.tensor].pruned || w->shape.rank != 2 ||
        w->feature_axis != 0) {
        return false;
    }
    if (!shape_has_batch(x->shape) || x->shape.rank < 2 || x->feature_axis != x->shape.rank - 1)
        return false;
    return w->shape.dim[1] >= rules->sparse_inputs && w->shape.dim[0] >= rules->sparse_units &&
           view_rows_max(plan, view_of(g, id)) >= SPARSE_ROWS;
}

static int weight_number(const Plan *plan, int tensor)
{
    for (size_t i = 0; i < plan->sparse_weights.len; i++)
        if (plan->sparse_weights.data[i].tensor == tensor)
            return (int)i;
    return -1;
}

static int input_number(const Plan *plan, NodeId node)
{
    for (size_t i = 0; i < plan->sparse_inputs.len; i++)
        if (plan->sparse_inputs.data[i].node == node)
            return (int)i;
    return -1;
}

bool product_skips_zeros(const Plan *plan, NodeId product, int *weight, int *input)
{
    const Node *n = graph_node(plan->graph, product);
    if (!plan->sparse_inputs.len || !candidate(plan, product))
        return false;
    *weight = weight_number(plan, graph_node(plan->graph, n->inputs[1])->as.tensor);
    *input = input_number(plan, n->inputs[0]);
    return *weight >= 0 && *input >= 0;
}

static void add_weight(Plan *plan, int tensor)
{
    Shape shape = plan->graph->tensors.data[tensor].shape;
    SparseWeight w = { .tensor = tensor, .inputs = shape.dim[1], .units = shape.dim[0] };
    w.most = w.inputs * LANES * plan->machine->sparse_percent / 100;
    w.stride = (HEADER + 2 * (w.most + w.inputs + 1) + LANES - 1) / LANES * LANES;
    vec_push(plan->arena, &plan->sparse_weights, w);
}

static void add_input(Plan *plan, NodeId product)
{
    NodeId node = graph_node(plan->graph, product)->inputs[0];
    View v = view_of(plan->graph, node);
    SparseInput in = { .node = node, .home = (int)plan->kernels.len };
    in.blocks = (view_rows_max(plan, v) + LANES - 1) / LANES;
    in.floats =
        in.blocks * view_panels(v) * LANES * LANES + (in.blocks + LANES - 1) / LANES * LANES;
    Kernel k = { .kind = KERNEL_LANES,
                 .view = v,
                 .contract = NO_NODE,
                 .node = product,
                 .source = NO_NODE,
                 .layer = graph_node(plan->graph, product)->layer };
    vec_push(plan->arena, &plan->kernels, k);
    vec_push(plan->arena, &plan->sparse_inputs, in);
}

Plan *pass_skip_zeros(Plan *plan)
{
    const Graph *g = plan->graph;
    if (plan->serial)
        return plan;
    for (size_t i = 0; i < g->roots.len; i++)
        if (graph_node(g, g->roots.data[i])->op == IR_ASSIGN)
            return plan;
    for (NodeId i = 0; i < (NodeId)g->nodes.len; i++) {
        if (!candidate(plan, i))
            continue;
        int tensor = graph_node(g, graph_node(g, i)->inputs[1])->as.tensor;
        if (weight_number(plan, tensor) < 0)
            add_weight(plan, tensor);
        if (input_number(plan, graph_node(g, i)->inputs[0]) < 0)
            add_input(plan, i);
    }
    return plan;
}
