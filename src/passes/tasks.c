/* tasks.c: how each kernel is split into tasks.
 *
 * Requires phases. The numbers follow from shapes and the machine's SumRules alone, never from
 * threads or vector widths: scalar sums are added up task by task. */
#include "passes/passes.h"

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t round_up(int64_t a, int64_t to)
{
    return ceil_div(a, to) * to;
}

/* A product's block of the row factor should stay in a second-level cache while panels go by; tiles
 * are 4 to 14 rows, or 16 of a transposed factor's panel. */
static void split_product(Plan *plan, Kernel *k, int64_t most)
{
    const SumRules *rules = plan->machine->sums;
    int64_t rows = view_rows_max(plan, k->view), panels = view_panels(k->view);
    const Node *n = graph_node(plan->graph, k->contract);
    Factors f = contract_factors(plan, k->contract);
    int weight, input;
    int64_t unit = rules->product_rows, step = rules->row_step;
    if (n->as.contract.ta || n->feature_axis != n->shape.rank - 1)
        unit = rules->product_transposed_rows, step = LANES;
    else if (product_skips_zeros(plan, k->contract, &weight, &input))
        unit = step = SPARSE_ROWS;

    int64_t fitting = (int64_t)((double)rules->product_cache_floats / (f.inner + 1));
    int64_t block = at_most(rules->most_row_block, at_least(unit, fitting / unit * unit));
    int64_t least = at_most(rules->least_product_tasks, most);
    if (panels < least)
        block = at_most(block, round_up(ceil_div(rows, ceil_div(least, panels)), unit));
    int64_t row_blocks = ceil_div(rows, block);
    /* near-equal ones */
    k->row_block = round_up(ceil_div(rows, row_blocks), step);
    k->panel_block = at_least(1, ceil_div(panels * row_blocks, at_least(most, row_blocks)));
}

/* Whole images a task, and all panels of one where there are images enough. */
static void split_windows(Plan *plan, Kernel *k, int64_t most)
{
    int64_t segment = kernel_segment(plan, k), segments = view_rows_max(plan, k->view) / segment;
    int64_t each = at_most(ceil_div(segments, most),
                           at_least(1, plan->machine->sums->most_row_block / segment)),
            blocks = ceil_div(segments, each);
    k->row_block = each * segment;
    k->panel_block = at_least(1, ceil_div(view_panels(k->view), at_least(1, most / blocks)));
}

static void split_grid(Plan *plan, Kernel *k)
{
    const SumRules *rules = plan->machine->sums;
    int64_t rows = view_rows_max(plan, k->view), panels = view_panels(k->view);
    int64_t most = at_most(rules->most_tasks, at_least(1, (int64_t)(k->flops / rules->task_flops)));
    bool windows = k->contract != NO_NODE &&
                   op_class(graph_node(plan->graph, k->contract)->op) == CLASS_WINDOW;

    if (k->by_sample || (windows && (k->axis == AXIS_NONE || k->axis == AXIS_ROW))) {
        split_windows(plan, k, most);
        return;
    }

    int weight, input;
    int64_t step = k->contract == NO_NODE ? rules->row_step : rules->product_rows;

    switch (k->axis) {
    case AXIS_BOTH: return;
    case AXIS_COL: k->panel_block = at_least(1, ceil_div(panels, most)); return;
    case AXIS_ROW:
        if (k->contract != NO_NODE && product_skips_zeros(plan, k->contract, &weight, &input))
            step = SPARSE_ROWS;
        k->row_block = round_up(ceil_div(rows, most), step);
        return;
    case AXIS_NONE:
        if (k->contract != NO_NODE) {
            split_product(plan, k, most);
            return;
        }
        k->panel_block = at_least(1, ceil_div(panels, most));
        if (panels < most)
            k->row_block = round_up(ceil_div(rows, ceil_div(most, panels)), LANES);
        return;
    }
}

/* Tasks of other kernels only move data. */
static void split(Plan *plan, Kernel *k)
{
    if (k->kind == KERNEL_SCALAR)
        return;
    if (k->kind == KERNEL_GRID) {
        split_grid(plan, k);
        if (k->axis == AXIS_ROW && kernel_segment(plan, k) == 1)
            k->row_block = at_most(k->row_block, plan->machine->sums->most_row_block);
        return;
    }

    const Machine *m = plan->machine;
    int64_t rows = view_rows_max(plan, k->view), elements = rows * view_panels(k->view) * LANES;
    int64_t tasks = at_most(m->most_moves, at_least(1, elements / m->move_floats));
    k->row_block = round_up(ceil_div(rows, tasks), LANES);
}

Plan *pass_tasks(Plan *plan)
{
    for (size_t k = 0; k < plan->kernels.len; k++) {
        split(plan, &plan->kernels.data[k]);
        name_kernel(plan, &plan->kernels.data[k]);
    }
    return plan;
}
