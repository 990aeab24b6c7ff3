/* kernel_tasks.c: how the range of each kernel is cut into tasks, which threads share. */
#include "codegen/cpu/kernels.h"

Blocks kernel_blocks(Emitter *e, const Kernel *k)
{
    int64_t rows_max = k->view.batch ? k->view.per_sample * e->g->batch : k->view.per_sample,
            panels = view_panels(k->view);
    Blocks b = { .rows = k->row_block, .panels = k->panel_block > 0 ? k->panel_block : panels };
    if (k->axis == AXIS_COL || k->axis == AXIS_BOTH || b.rows <= 0) {
        b.all_rows = true;
        b.rows = rows_max;
    }
    if (k->axis == AXIS_ROW || k->axis == AXIS_BOTH)
        b.panels = panels;
    b.panel_blocks = (panels + b.panels - 1) / b.panels;
    return b;
}

int64_t samples_per_task(const Emitter *e)
{
    if (e->g->batch > 64)
        return 8;
    return e->g->batch > 8 ? 4 : 1;
}

bool is_heads_product(Op op)
{
    return op == IR_HEADS_DOT || op == IR_HEADS_MIX;
}

static Tasks grid_tasks(Emitter *e, const Kernel *k)
{
    Blocks b = kernel_blocks(e, k);
    if (b.all_rows)
        return (Tasks){ .rows = 1, .block = 1, .panels = b.panel_blocks };
    return (Tasks){ .per_sample = k->view.batch,
                    .rows = k->view.per_sample,
                    .block = b.rows,
                    .panels = b.panel_blocks };
}

static Tasks by_samples(const Emitter *e)
{
    return (Tasks){ .per_sample = true, .rows = 1, .block = samples_per_task(e), .panels = 1 };
}

static Tasks by_panels(View v)
{
    return (Tasks){ .rows = 1, .block = 1, .panels = view_panels(v) };
}

Tasks kernel_tasks_of(Emitter *e, const Kernel *k)
{
    const Node *n = k->node == NO_NODE ? NULL : graph_node(e->g, k->node);
    Tasks tasks = { .rows = 1, .block = 1, .panels = 1 };
    switch (k->kind) {
    case KERNEL_GRID: return grid_tasks(e, k);
    case KERNEL_GATHER: return by_samples(e);
    case KERNEL_OUT: return n->slot == SLOT_OUT ? by_samples(e) : tasks;
    case KERNEL_MOVE:
        if (k->source != NO_NODE)
            return by_panels(k->view);
        if (is_heads_product(n->op))
            return heads_tasks(e, k);
        if (flatten_tasks(e, k, samples_per_task(e), &tasks))
            return tasks;
        return by_panels(view_of_shape(n->shape, e->plan->feature_axis[k->node]));
    case KERNEL_FOLD: return by_panels(view_of_shape(n->shape, e->plan->feature_axis[k->node]));
    case KERNEL_LANES:
        return (Tasks){ .per_sample = k->view.batch,
                        .rows = k->view.per_sample,
                        .block = SPARSE_ROWS,
                        .panels = 1 };
    case KERNEL_SCALAR: break;
    }
    return tasks;
}

Val kernel_task_count(Emitter *e, const Kernel *k, Val n)
{
    Tasks t = kernel_tasks_of(e, k);
    Val rows = t.per_sample ? imul(e, n, t.rows) : c64(e, t.rows);
    return imul(e, ceil_div(e, rows, t.block), t.panels);
}
