/* grids.c: shapes as grids of rows x features, how operands lie in them, and what nodes cost. */
#include "passes/passes.h"

View view_of_shape(Shape s, int feature_axis)
{
    View v = { .batch = shape_has_batch(s), .per_sample = 1, .features = 1 };
    if (s.rank == 0 || (s.rank == 1 && v.batch))
        return v;
    for (int i = 0; i < s.rank; i++) {
        if (s.dim[i] == DIM_BATCH)
            continue;
        if (i == feature_axis)
            v.features = s.dim[i];
        else
            v.per_sample *= s.dim[i];
    }
    return v;
}

View view_of(const Graph *g, NodeId id)
{
    const Node *n = graph_node(g, id);
    return view_of_shape(n->shape, n->feature_axis);
}

int64_t view_rows(View v, int64_t n)
{
    return (v.batch ? n : 1) * v.per_sample;
}

int64_t view_panels(View v)
{
    return (v.features + LANES - 1) / LANES;
}

bool view_equal(View a, View b)
{
    return a.batch == b.batch && a.per_sample == b.per_sample && a.features == b.features;
}

bool view_one_row(View v)
{
    return !v.batch && v.per_sample == 1;
}

bool view_scalar(View v)
{
    return view_one_row(v) && v.features == 1;
}

int64_t view_rows_max(const Plan *plan, View v)
{
    return view_rows(v, plan->graph->batch > 0 ? plan->graph->batch : 1);
}

Extent extent_of(View node, View kernel)
{
    if (view_equal(node, kernel))
        return EXTENT_FULL;
    if (view_scalar(node))
        return EXTENT_SCALAR;
    if (view_one_row(node) && node.features == kernel.features)
        return EXTENT_COLUMN;
    if (node.batch == kernel.batch && node.per_sample == kernel.per_sample && node.features == 1)
        return EXTENT_ROW;
    if (node.batch && kernel.batch && node.per_sample == 1 && node.features == kernel.features)
        return EXTENT_SAMPLE;
    return EXTENT_OTHER;
}

/* The feature axis counted from the last one; -1: there is none, each sample being one value. */
static int axis_from_end(Shape s, int feature_axis)
{
    if (s.rank == 0 || (s.rank == 1 && shape_has_batch(s)))
        return -1;
    return s.rank - 1 - feature_axis;
}

bool view_row_map(Shape operand, int operand_feature_axis, Shape grid, int grid_feature_axis,
                  int64_t *div, int64_t *mod)
{
    int oe = axis_from_end(operand, operand_feature_axis),
        ge = axis_from_end(grid, grid_feature_axis);

    if (operand.rank > grid.rank && !shape_is_scalar(operand))
        return false;

    int64_t outer_absent = 1, present = 1, inner_absent = 1;
    bool batch_absent = false;
    *div = 1;
    *mod = 1;
    if (shape_is_scalar(operand))
        return true;

    for (int i = 0; i < grid.rank; i++) {
        int e = grid.rank - 1 - i, o = operand.rank - 1 - e;
        int64_t extent = grid.dim[i], has = o < 0 ? 1 : operand.dim[o];
        if (has != 1 && has != extent)
            return false;
        if (e == ge) {
            /* the operand has this axis among its rows */
            if (has != 1 && oe != ge)
                return false;
            continue;
        }
        if (has != 1 && e == oe)
            return false; /* and this one in its panels */
        if (extent == 1)
            continue;

        if (has == 1) {
            if (present != 1 && extent == DIM_BATCH)
                return false;
            if (present != 1)
                inner_absent *= extent;
            else if (extent == DIM_BATCH)
                batch_absent = true;
            else
                outer_absent *= extent;
        } else {
            if (inner_absent != 1)
                return false; /* present, absent, present */
            present = extent == DIM_BATCH ? DIM_BATCH : present * extent;
        }
    }

    if (present == 1)
        return true;
    if (present < 0 && outer_absent != 1)
        return false; /* n would be the modulus */

    *div = inner_absent;
    *mod = present < 0 || (outer_absent == 1 && !batch_absent) ? 0 : present;
    return true;
}

int64_t kernel_segment(const Plan *plan, const Kernel *k)
{
    if (k->by_sample)
        return k->view.per_sample;
    if (k->contract == NO_NODE ||
        op_class(graph_node(plan->graph, k->contract)->op) != CLASS_WINDOW) {
        return 1;
    }
    View v = view_of(plan->graph, k->contract);
    return graph_node(plan->graph, k->contract)->op == IR_CONV_WEIGHT
               ? v.per_sample / graph_node(plan->graph, k->contract)->as.window.parts
               : v.per_sample;
}

int64_t kernel_tasks(const Kernel *k, int64_t n)
{
    if (k->kind == KERNEL_SCALAR)
        return 1;
    int64_t rows = view_rows(k->view, n), panels = view_panels(k->view);
    int64_t row_blocks = k->row_block > 0 ? (rows + k->row_block - 1) / k->row_block : 1;
    int64_t panel_blocks = k->panel_block > 0 ? (panels + k->panel_block - 1) / k->panel_block : 1;
    return row_blocks * panel_blocks;
}

ReduceKind reduce_kind(const Plan *plan, NodeId id)
{
    const Graph *g = plan->graph;
    const Node *n = graph_node(g, id), *from = graph_node(g, n->inputs[0]);
    View out = view_of(g, id), in = view_of(g, n->inputs[0]);
    if (view_scalar(out))
        return REDUCE_TOTAL;
    int oe = axis_from_end(n->shape, n->feature_axis),
        ie = axis_from_end(from->shape, from->feature_axis);
    if (out.batch == in.batch && out.per_sample == in.per_sample && out.features == 1)
        return REDUCE_ROWS;
    if (view_one_row(out) && out.features == in.features && oe == ie)
        return REDUCE_COLUMNS;
    bool outermost =
        from->shape.rank > 1 && from->shape.dim[0] == DIM_BATCH && from->feature_axis != 0;
    if (outermost && out.batch && out.per_sample == 1 && out.features == in.features && oe == ie)
        return REDUCE_SAMPLES;
    return REDUCE_FOLD;
}

Factors contract_factors(const Plan *plan, NodeId id)
{
    const Graph *g = plan->graph;
    const Node *n = graph_node(g, id);
    NodeId a = n->inputs[0], b = n->inputs[1];
    bool ta = n->as.contract.ta, tb = n->as.contract.tb;
    bool rows_in_lanes = n->shape.rank > 0 && n->feature_axis != n->shape.rank - 1;
    Factors f = { .lanes = rows_in_lanes ? a : b, .rows = rows_in_lanes ? b : a, .sound = true };
    bool lanes_sum_last = rows_in_lanes ? !ta : tb, rows_sum_last = rows_in_lanes ? tb : !ta;
    const Node *lanes = graph_node(g, f.lanes), *rows = graph_node(g, f.rows);
    int last = lanes->shape.rank > 0 ? lanes->shape.rank - 1 : 0;
    f.lanes_axis = lanes_sum_last ? 0 : last;
    /* Panels along `all axes but the last` are those of axis 0 of a matrix, and of nothing of
     * higher rank. */
    if (f.lanes_axis == 0 && last > 1)
        f.sound = false;
    if (f.lanes_axis == 0 && last > 0 && shape_has_batch(lanes->shape))
        f.sound = false;
    if (rows->feature_axis != (rows->shape.rank > 0 ? rows->shape.rank - 1 : 0) &&
        (rows->shape.rank != 2 || shape_has_batch(rows->shape))) {
        f.sound = false;
    }
    if (rows_in_lanes && n->shape.rank != 2)
        f.sound = false;
    View v = view_of_shape(rows->shape, rows->shape.rank > 0 ? rows->shape.rank - 1 : 0);
    f.inner = rows_sum_last ? (double)v.features : (double)view_rows_max(plan, v);
    return f;
}

/* A dense convolution works in whole panels of filters. */
static double window_flops(const Plan *plan, NodeId id)
{
    const Node *n = graph_node(plan->graph, id);
    const Window *w = &n->as.window;
    View out = view_of(plan->graph, id), in = view_of(plan->graph, n->inputs[0]);
    double cells = (double)view_rows_max(plan, out) * (double)view_panels(out) * LANES,
           field = (double)w->size[0] * w->size[1] * w->size[2];
    switch (n->op) {
    case IR_CONV: return cells * field * (double)in.features / w->groups;
    case IR_CONV_TRANSPOSE:
        return cells * field * (double)in.features / w->groups /
               ((double)w->stride[0] * w->stride[1] * w->stride[2]);
    case IR_CONV_WEIGHT: {
        View d = view_of(plan->graph, n->inputs[1]);
        return (double)view_rows_max(plan, d) * (double)view_panels(d) * LANES * field *
               (double)in.features / w->groups;
    }
    default: {
        NodeId made = id;
        if (n->op == IR_POOL_SUM_BACK || n->op == IR_POOL_MAX_BACK)
            made = n->inputs[n->op == IR_POOL_MAX_BACK];
        View windows = view_of(plan->graph, made);
        return (double)view_rows_max(plan, windows) * (double)view_panels(windows) * LANES * field;
    }
    }
}

double node_flops(const Plan *plan, NodeId id)
{
    const Node *n = graph_node(plan->graph, id);
    View v = view_of(plan->graph, id);
    double elements = (double)view_rows_max(plan, v) * (double)view_panels(v) * LANES;
    if (op_class(n->op) == CLASS_WINDOW)
        return window_flops(plan, id);
    if (n->op == IR_CONTRACT)
        return elements * contract_factors(plan, id).inner;
    if (n->op == IR_HEADS_DOT || n->op == IR_HEADS_MIX) {
        const Node *b = graph_node(plan->graph, n->inputs[1]);
        int last = b->shape.rank - 1;
        return elements * (n->op == IR_HEADS_DOT ? (double)(b->shape.dim[last] / n->as.heads.heads)
                                                 : (double)b->shape.dim[last - 1]);
    }
    if (op_class(n->op) == CLASS_REDUCE) {
        View in = view_of(plan->graph, n->inputs[0]);
        return (double)view_rows_max(plan, in) * (double)view_panels(in) * LANES;
    }
    return elements * op_cost(n->op);
}
