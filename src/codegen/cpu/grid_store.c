/* grid_store.c: values of a GRID kernel to memory. */
#include "codegen/cpu/grid.h"

/* The lanes of a panel that are features; NULL where all panels are full. */
Val grid_lane_mask(Grid *grid, Val panel)
{
    Emitter *e = grid->e;
    if (grid->view.features % LANES == 0)
        return NULL;
    Val first = LLVMBuildTrunc(e->b, imul(e, panel, LANES), e->i32, "");
    Val lane = LLVMBuildAdd(e->b, splat(e, first), lane_numbers(e), "");
    return LLVMBuildICmp(e->b, LLVMIntSLT, lane, viconst(e, (int32_t)grid->view.features), "");
}

static void store_value(Grid *grid, const Storage *st, Val value, Val row, Val panel)
{
    Emitter *e = grid->e;
    Val base = storage_base(e, grid->f, st);
    store_vector(e, value, float_offset(e, base, element_offset(e, st->rows_max, row, panel)));
}

static Val panel_of(Grid *grid, View v)
{
    return v.features == 1 || !grid->panel ? c64(grid->e, 0) : grid->panel;
}

void grid_store_assigned(Grid *grid, const Node *assign, Val value)
{
    Emitter *e = grid->e;
    int tensor = assign->as.tensor;
    View v = view_of_shape(assign->shape, e->g->tensors.data[tensor].feature_axis);
    Storage st = { .kind = STORE_TENSOR, .index = tensor, .view = v, .rows_max = v.per_sample };
    Val row = view_is_one_row(v) || !grid->row ? c64(e, 0) : grid->row;
    store_value(grid, &st, value, row, panel_of(grid, v));
}

void grid_store_node(Grid *grid, NodeId id, Val value)
{
    Emitter *e = grid->e;
    const Storage *st = &e->plan->storage[id];
    bool product_wrote_it = id == grid->k->contract;
    if (st->kind != STORE_ARENA || product_wrote_it)
        return;

    View v = grid_view(grid, id);
    bool outer = view_is_one_row(v) || grid_is_row_of_sample(grid, v) || !grid->row;
    Val row = outer ? grid_outer_row(grid, v) : grid->row, panel = panel_of(grid, v);
    unsigned packed = bf16_packed(e, id);
    if (packed) {
        bf16_store(
            e, packed,
            float_offset(e, storage_base(e, grid->f, st), imul(e, panel, st->rows_max * LANES)),
            st->rows_max, value, row, grid_lane_mask(grid, panel));
    } else {
        store_value(grid, st, value, row, panel);
    }
}
