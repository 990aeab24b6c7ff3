/* grid.c: a GRID kernel's function: its tasks, and the two nests of loops (grid.h). */
#include "codegen/cpu/grid.h"
#include <string.h>

/* ---- totals: reductions to one scalar, of which each task stores its part ---- */

static void find_totals(Grid *grid)
{
    for (size_t i = 0; i < grid->k->placed.len; i++) {
        NodeId id = grid_placed(grid, i);
        if (grid_is_reduce(grid, id) && grid_class(grid, id) == VALUE_SCALAR)
            vec_push(grid->e->arena, &grid->totals, (int)i);
    }
}

static void start_totals(Grid *grid)
{
    for (size_t t = 0; t < grid->totals.len; t++) {
        NodeId id = grid_placed(grid, (size_t)grid->totals.data[t]);
        store_vector(grid->e, emit_reduce_identity(grid->e, grid_node(grid, id)->op),
                     grid->total_memory[t]);
    }
}

static void store_totals(Grid *grid)
{
    Emitter *e = grid->e;
    for (size_t t = 0; t < grid->totals.len; t++) {
        NodeId id = grid_placed(grid, (size_t)grid->totals.data[t]);
        const Storage *st = &e->plan->storage[id];
        if (st->kind != STORE_PARTIALS) {
            emit_fail(e, "internal: total %%%d of kernel '%s' has no partials", (int)id,
                      grid->k->name);
            return;
        }
        Val lanes = load_vector(e, grid->total_memory[t]);
        Val total =
            LLVMBuildFPExt(e->b, emit_reduce_lanes(e, grid_node(grid, id)->op, lanes), e->f64, "");
        Val at = iadd(e, frame_arg(e, grid->f, st->offset), grid->task);
        LLVMBuildStore(e->b, total, LLVMBuildGEP2(e->b, e->f64, grid->f->arena, &at, 1, ""));
    }
}

/* ---- the nests ---- */

static Val entry_memory(Grid *grid, int64_t vectors)
{
    Emitter *e = grid->e;
    Block back = frame_enter_entry(e, grid->f);
    Val memory = LLVMBuildArrayAlloca(e->b, e->vf, c64(e, vectors), "");
    LLVMSetAlignment(memory, NNRT_ALIGN);
    frame_leave_entry(e, back);
    return memory;
}

/* A weight's gradient and its update: sixteen rows at a time, so that product, gradient and update
 * stay in the first-level cache. */
static bool updates_by_chunks(const Grid *grid)
{
    NodeId product = grid->k->contract;
    return product != NO_NODE && op_class(grid_node(grid, product)->op) != CLASS_WINDOW &&
           grid->levels == 0 && !grid->view.batch &&
           grid->e->plan->storage[product].kind != STORE_ARENA;
}

static Loop samples_begin(Grid *grid)
{
    Emitter *e = grid->e;
    Val rows = c64(e, grid->sample_rows);
    Val last = LLVMBuildUDiv(e->b, grid->row_end, rows, ""),
        first = LLVMBuildUDiv(e->b, grid->row_begin, rows, "");
    Loop l = loop_begin(e, first, last, 1, 0, NULL, NULL);
    grid->sample = l.i;
    grid->row_begin = imul(e, l.i, grid->sample_rows);
    grid->row_end = iadd(e, grid->row_begin, rows);
    return l;
}

static Loop chunks_begin(Grid *grid)
{
    Emitter *e = grid->e;
    Val begin = grid->row_begin, end = grid->row_end, step = c64(e, LANES);
    grid_prefetch(grid, begin, imin(e, iadd(e, begin, step), end));
    Loop l = loop_begin(e, begin, end, LANES, 0, NULL, NULL);
    grid->row_begin = l.i;
    grid->row_end = imin(e, iadd(e, l.i, step), end);
    grid_prefetch(grid, grid->row_end, imin(e, iadd(e, grid->row_end, step), end));
    return l;
}

/* `stack`: where the product's rows go that are not kept in the arena. */
static void product_into_panel(Grid *grid, Val stack)
{
    Emitter *e = grid->e;
    const Storage *st = &e->plan->storage[grid->k->contract];
    if (st->kind == STORE_ARENA) {
        grid->product_buffer = float_offset(e, storage_base(e, grid->f, st),
                                            imul(e, grid->panel, st->rows_max * LANES));
    } else {
        grid->product_buffer =
            float_offset(e, stack, LLVMBuildNeg(e->b, imul(e, grid->row_begin, LANES), ""));
    }
    grid_product(grid);
}

static void nest_by_panels(Grid *grid, Val panel_begin, Val panel_end, Val stack)
{
    Emitter *e = grid->e;
    Val row_begin = grid->row_begin, row_end = grid->row_end;
    bool by_chunks = updates_by_chunks(grid), by_samples = grid->sample_rows > 0;
    Loop panels = loop_begin(e, panel_begin, panel_end, 1, 0, NULL, NULL), samples, chunks;
    grid->panel = panels.i;
    if (by_samples)
        samples = samples_begin(grid);
    if (by_chunks)
        chunks = chunks_begin(grid);

    scope_open(grid, SCOPE_OUTER);
    grid->mask = grid_lane_mask(grid, grid->panel);
    if (grid->k->contract != NO_NODE)
        product_into_panel(grid, stack);
    grid_sweep(grid, grid->row_begin, grid->row_end);
    scope_close(grid, SCOPE_OUTER);

    if (by_chunks)
        loop_end(e, &chunks, NULL);
    if (by_samples)
        loop_end(e, &samples, NULL);
    loop_end(e, &panels, NULL);
    grid->sample = grid->panel = NULL;
    grid->row_begin = row_begin;
    grid->row_end = row_end;
}

static void nest_by_rows(Grid *grid)
{
    Emitter *e = grid->e;
    Loop rows = loop_begin(e, grid->row_begin, grid->row_end, 1, 0, NULL, NULL);
    grid->row = rows.i;
    scope_open(grid, SCOPE_OUTER);
    grid_sweep(grid, c64(e, 0), c64(e, grid->panels));
    scope_close(grid, SCOPE_OUTER);
    loop_end(e, &rows, NULL);
    grid->row = NULL;
}

/* ---- the kernel ---- */

static void start_nodes(Grid *grid)
{
    Emitter *e = grid->e;
    size_t nodes = e->g->nodes.len;
    GridScratch *scratch = e->scratch;
    if (!scratch) {
        scratch = e->scratch = ARENA_NEW(e->arena, GridScratch);
        *scratch = (GridScratch){ .memo = ARENA_ARRAY(e->arena, Memo, nodes),
                                  .level = ARENA_ARRAY(e->arena, int, nodes),
                                  .here = ARENA_ARRAY(e->arena, bool, nodes),
                                  .stored = ARENA_ARRAY(e->arena, bool, nodes) };
    }
    memset(scratch->memo, 0, nodes * sizeof(Memo));
    memset(scratch->here, 0, nodes * sizeof(bool));
    memset(scratch->stored, 0, nodes * sizeof(bool));
    for (size_t i = 0; i < nodes; i++)
        scratch->level[i] = NO_LEVEL;

    grid->memo = scratch->memo;
    grid->level = scratch->level;
    grid->here = scratch->here;
    grid->stored = scratch->stored;
    for (size_t i = 0; i < grid->k->placed.len; i++) {
        grid->here[grid_placed(grid, i)] = true;
        grid->stored[grid_placed(grid, i)] = grid->k->placed.data[i].stored;
    }
}

static void find_swept_tensors(Grid *grid)
{
    for (size_t i = 0; i < grid->k->placed.len; i++) {
        const Node *n = grid_node(grid, grid_placed(grid, i));
        for (int a = 0; a < n->input_count; a++) {
            const Node *in = grid_node(grid, n->inputs[a]);
            if (in->op == IR_WEIGHT && grid_class(grid, n->inputs[a]) == VALUE_CELL)
                grid->sweeps_tensor[in->as.tensor] = true;
        }
    }
}

/* What one product of a panel needs on the stack; NULL where it is kept in the arena. */
static Val product_stack(Grid *grid, int64_t row_block)
{

    NodeId product = grid->k->contract;
    if (product == NO_NODE || grid->e->plan->storage[product].kind == STORE_ARENA)
        return NULL;
    if (row_block > grid->e->target->machine->stack_rows && grid->sample_rows == 0) {
        emit_fail(grid->e, "internal: the product of kernel '%s' needs a buffer in the arena",
                  grid->k->name);
        return NULL;
    }
    return entry_memory(grid, grid->sample_rows > 0 ? grid->sample_rows : row_block);
}

static bool goes_by_samples(const Emitter *e, const Kernel *k)
{
    bool window =
        k->contract != NO_NODE && op_class(graph_node(e->g, k->contract)->op) == CLASS_WINDOW;
    return k->by_sample || (window && k->view.batch && k->axis == AXIS_NONE);
}

/* Task t: of the blocks of rows times the blocks of panels, rows change first. */
static void emit_tasks(Grid *grid, Blocks blocks, Val stack)
{
    Emitter *e = grid->e;
    Val rows = view_rows_value(e, grid->view, grid->f->n), panel_block;
    Val row_blocks = blocks.all_rows ? c64(e, 1) : ceil_div(e, rows, blocks.rows);
    Loop tasks = loop_begin(e, grid->f->task_begin, grid->f->task_end, 1, 0, NULL, NULL);
    grid->task = tasks.i;
    if (blocks.all_rows) {
        panel_block = tasks.i;
        grid->row_begin = c64(e, 0);
        grid->row_end = rows;
    } else {
        panel_block = LLVMBuildUDiv(e->b, tasks.i, row_blocks, "");
        grid->row_begin = imul(e, LLVMBuildURem(e->b, tasks.i, row_blocks, ""), blocks.rows);
        grid->row_end = imin(e, iadd(e, grid->row_begin, c64(e, blocks.rows)), rows);
    }
    Val panel_begin = imul(e, panel_block, blocks.panels);
    Val panel_end = imin(e, iadd(e, panel_begin, c64(e, blocks.panels)), c64(e, grid->panels));

    start_totals(grid);
    if (grid->by_rows)
        nest_by_rows(grid);
    else
        nest_by_panels(grid, panel_begin, panel_end, stack);
    store_totals(grid);
    loop_end(e, &tasks, NULL);
}

void emit_grid(Emitter *e, Frame *f, const Kernel *k)
{
    Grid grid = { .e = e, .f = f, .k = k, .view = k->view, .panels = view_panels(k->view) };
    grid.by_rows = k->axis == AXIS_ROW && grid.panels > 1;
    grid.sample_rows = goes_by_samples(e, k) ? k->view.per_sample : 0;
    start_nodes(&grid);
    grid.scope[SCOPE_ENTRY].id = ++grid.scopes;
    grid.open[SCOPE_ENTRY] = true;

    grid.assign_level = ARENA_ARRAY(e->arena, int, k->placed.len + 1);
    grid_find_levels(&grid);
    grid.sweeps_tensor = ARENA_ARRAY(e->arena, bool, e->g->tensors.len + 1);
    find_swept_tensors(&grid);
    find_totals(&grid);
    grid.total_memory = ARENA_ARRAY(e->arena, Val, grid.totals.len + 1);
    for (size_t t = 0; t < grid.totals.len; t++)
        grid.total_memory[t] = entry_memory(&grid, 1);

    Blocks blocks = kernel_blocks(e, k);
    Val stack = product_stack(&grid, blocks.rows);
    if (!e->failed)
        emit_tasks(&grid, blocks, stack);
}
