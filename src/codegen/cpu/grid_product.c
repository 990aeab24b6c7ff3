/* grid_product.c: the matrix product (or op on windows) that a GRID kernel begins with. */
#include "codegen/cpu/grid.h"

/* A matrix laid out with a certain axis in panels. */
typedef struct Factor {
    Val base;
    int64_t rows_max;
    bool found;
} Factor;

/* C = A B, or A transposed, or B. One factor lies in the lanes, as C's features do; the other gives
 * C's rows, whose values are broadcast. Which is which follows from C's own layout. */
typedef struct Product {
    NodeId lanes, rows;
    /* whether the axis that is summed is the last one of each */
    bool lanes_sum_last, rows_sum_last;
    Factor right;    /* `lanes`, with C's features in panels */
    Factor left;     /* `rows` */
    bool transposed; /* of `left` the rows are in panels, not the summed axis */
} Product;

static Factor factor_in(Grid *grid, NodeId id, int axis)
{
    Emitter *e = grid->e;
    const Plan *plan = e->plan;
    for (size_t i = 0; i < plan->relayouts.len; i++) {
        const Relayout *r = &plan->relayouts.data[i];
        if (r->node == id && r->feature_axis == axis)
            return (Factor){ storage_base(e, grid->f, &r->storage), r->storage.rows_max, true };
    }

    const Storage *st = &plan->storage[id];
    if (plan->feature_axis[id] != axis ||
        (st->kind != STORE_ARENA && st->kind != STORE_TENSOR && st->kind != STORE_INPUT)) {
        return (Factor){ 0 };
    }
    return (Factor){ storage_base(e, grid->f, st), st->rows_max, true };
}

static int last_axis(const Grid *grid, NodeId id)
{
    return grid_node(grid, id)->shape.rank - 1;
}

/* One axis of a factor is its last. The other stands for all axes before it, whose panels are those
 * of axis 0 of a matrix. False: a factor is not laid out for the product. */
static bool find_factors(Grid *grid, Product *p)
{
    NodeId id = grid->k->contract;
    const Node *n = grid_node(grid, id);
    bool ta = n->as.contract.ta, tb = n->as.contract.tb;
    if (grid->e->plan->feature_axis[id] != last_axis(grid, id)) {
        /* C's rows, which are A's other axis, lie in the lanes */
        *p = (Product){
            .lanes = n->inputs[0], .rows = n->inputs[1], .lanes_sum_last = !ta, .rows_sum_last = tb
        };
    } else {
        *p = (Product){
            .lanes = n->inputs[1], .rows = n->inputs[0], .lanes_sum_last = tb, .rows_sum_last = !ta
        };
    }

    p->right = factor_in(grid, p->lanes, p->lanes_sum_last ? 0 : last_axis(grid, p->lanes));
    p->left = factor_in(grid, p->rows, last_axis(grid, p->rows));
    p->transposed = !p->rows_sum_last;
    if (!p->left.found) {
        p->left = factor_in(grid, p->rows, 0);
        p->transposed = p->rows_sum_last;
    }
    return p->left.found && p->right.found;
}

/* Asks for tiles of the rows that this kernel's tasks have. */
static void want_tiles(Grid *grid, unsigned kind, bool transposed)
{
    Emitter *e = grid->e;
    View view = grid->view;
    int64_t rows_max = view.batch ? view.per_sample * e->g->batch : view.per_sample;
    Blocks blocks = kernel_blocks(e, grid->k);
    bool at_once = blocks.all_rows || blocks.rows > rows_max;
    product_wants(e, kind, at_once ? rows_max : blocks.rows, view.batch || !transposed);
    if (!blocks.all_rows && rows_max % blocks.rows)
        product_wants(e, kind, rows_max % blocks.rows, false);
}

void grid_product(Grid *grid)
{
    Emitter *e = grid->e;
    NodeId id = grid->k->contract;
    if (op_class(grid_node(grid, id)->op) == CLASS_WINDOW) {
        emit_windows(e, grid->f, grid->k, grid->panel, grid->product_buffer, grid->row_begin,
                     grid->row_end);
        return;
    }
    Product p;
    if (!find_factors(grid, &p)) {
        emit_fail(e, "internal: a factor of kernel '%s' is not laid out for its product",
                  grid->k->name);
        return;
    }

    int sum_axis = p.lanes_sum_last ? 0 : last_axis(grid, p.lanes);
    View sum = view_of_shape(grid_node(grid, p.lanes)->shape, sum_axis);
    Val inner = view_rows_value(e, sum, grid->f->n);
    unsigned kind = p.transposed ? PRODUCT_TRANSPOSED : 0;
    if (bf16_product(e, id)) {
        bool packed = bf16_packed(e, p.lanes) && bf16_packed(e, p.rows);
        kind |= packed ? PRODUCT_BF16 : PRODUCT_PAIRS;
        if (packed)
            inner = ceil_div(e, inner, 2);
        if (packed && p.transposed)
            p.left.base = bf16_rows(e, p.left.base, p.left.rows_max);
    }

    Val fn = product_function(e, kind);
    Val right = float_offset(e, p.right.base, imul(e, grid->panel, p.right.rows_max * LANES));
    if (kind & PRODUCT_BF16)
        right = bf16_rows(e, right, p.right.rows_max);
    want_tiles(grid, kind, p.transposed);

    Val args[] = { p.left.base,
                   c64(e, p.left.rows_max * LANES),
                   right,
                   grid->product_buffer,
                   grid->row_begin,
                   grid->row_end,
                   inner };
    int weight, input;
    if (product_skips_zeros(e->plan, id, &weight, &input))
        emit_sparse_product(e, grid->f, weight, input, grid->panel, args);
    else
        LLVMBuildCall2(e->b, e->product_type, fn, args, 7, "");
}

/* Rows that the sweep after the product reads come in while the product runs: by then they have
 * long left the second-level cache. */
void grid_prefetch(Grid *grid, Val begin, Val end)
{
    enum { FOR_WRITING = 1, KEEP_IN_ALL_CACHES = 3, DATA = 1 };

    Emitter *e = grid->e;
    LLVMTypeRef types[] = { e->ptr };
    unsigned id = LLVMLookupIntrinsicID("llvm.prefetch", 13);
    Val fn = LLVMGetIntrinsicDeclaration(e->module, id, types, 1);
    LLVMTypeRef type = LLVMIntrinsicGetType(e->context, id, types, 1);

    Loop l = loop_begin(e, begin, end, 1, 0, NULL, NULL);
    for (size_t t = 0; t < e->g->tensors.len; t++) {
        if (!grid->sweeps_tensor[t])
            continue;
        View v = view_of_shape(e->g->tensors.data[t].shape, e->g->tensors.data[t].feature_axis);
        Val args[] = { float_offset(e, frame_tensor(e, grid->f, (int)t),
                                    element_offset(e, v.per_sample, l.i, grid->panel)),
                       c32(e, FOR_WRITING), c32(e, KEEP_IN_ALL_CACHES), c32(e, DATA) };
        LLVMBuildCall2(e->b, type, fn, args, 4, "");
    }
    loop_end(e, &l, NULL);
}
