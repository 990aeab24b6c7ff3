/* folds.c: reductions over some of the axes that no GRID kernel takes. Tasks are panels of the
 * output. */
#include "codegen/cpu/kernels.h"

/* Lanes stay lanes: output row o takes input rows (q * mod + o) * div + d for all q and d, whole
 * vectors at a time. */
static void fold_vectors(Emitter *e, Frame *f, const Kernel *k, int64_t div, int64_t mod)
{
    const Node *n = graph_node(e->g, k->node);
    const Storage *st = &e->plan->storage[k->node], *from = &e->plan->storage[n->inputs[0]];
    Val base = storage_base(e, f, st), source = storage_base(e, f, from),
        rows = view_rows_value(e, st->view, f->n);
    Val in_rows = view_rows_value(e, from->view, f->n), identity = emit_reduce_identity(e, n->op);
    Val times = mod ? LLVMBuildUDiv(e->b, in_rows, c64(e, div * mod), "") : c64(e, 1);

    Loop p = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    Loop q = loop_begin(e, c64(e, 0), times, 1, 0, NULL, NULL);
    Loop o = loop_begin(e, c64(e, 0), rows, 1, 0, NULL, NULL);
    Val target = float_offset(e, base, element_offset(e, st->rows_max, o.i, p.i));
    Val first = LLVMBuildICmp(e->b, LLVMIntEQ, q.i, c64(e, 0), "");
    Val sum = LLVMBuildSelect(e->b, first, identity, load_vector(e, target), "");
    Val row = imul(e, mod ? iadd(e, imul(e, q.i, mod), o.i) : o.i, div);
    Val at = float_offset(e, source, element_offset(e, from->rows_max, row, p.i));
    Loop d = loop_begin(e, c64(e, 0), c64(e, div), 1, 1, &sum, NULL);
    Val next = emit_reduce_step(e, n->op, d.phi[0],
                                load_vector(e, float_offset(e, at, imul(e, d.i, LANES))));
    loop_end(e, &d, &next);
    store_vector(e, d.phi[0], target);
    loop_end(e, &o, NULL);
    loop_end(e, &q, NULL);
    loop_end(e, &p, NULL);
}

/* Every output of panel p starts at the identity. */
static void clear_panel(Emitter *e, const Storage *st, Val base, Val rows, Val p, Val identity)
{
    Loop z = loop_begin(e, c64(e, 0), rows, 1, 0, NULL, NULL);
    store_vector(e, splat(e, identity),
                 float_offset(e, base, element_offset(e, st->rows_max, z.i, p)));
    loop_end(e, &z, NULL);
}

/* Element by element. Where the lanes are another axis than the input's, each task goes through all
 * of the input, and takes what falls into its panel. */
static void fold_elements(Emitter *e, Frame *f, const Kernel *k, bool same_lanes)
{
    const Node *n = graph_node(e->g, k->node);
    NodeId in = n->inputs[0];
    const Storage *st = &e->plan->storage[k->node], *from = &e->plan->storage[in];
    Shape shape = graph_node(e->g, in)->shape;
    int axis = e->plan->feature_axis[k->node], in_axis = e->plan->feature_axis[in];
    View v = st->view, in_view = view_of_shape(shape, in_axis);
    Val base = storage_base(e, f, st), source = storage_base(e, f, from);
    Val rows = view_rows_value(e, v, f->n), in_rows = view_rows_value(e, in_view, f->n);
    Val identity = LLVMBuildExtractElement(e->b, emit_reduce_identity(e, n->op), c32(e, 0), "");

    Loop p = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    clear_panel(e, st, base, rows, p.i, identity);
    Val first = c64(e, 0), last = c64(e, in_view.features);
    if (same_lanes) {
        first = imul(e, p.i, LANES);
        last = imin(e, iadd(e, first, c64(e, LANES)), last);
    }

    Loop r = loop_begin(e, c64(e, 0), in_rows, 1, 0, NULL, NULL);
    Loop c = loop_begin(e, first, last, 1, 0, NULL, NULL);
    Index x = index_of_element(e, f, shape, in_axis, r.i, c.i), y = { .rank = n->shape.rank };
    for (int a = 0; a < y.rank; a++)
        y.at[a] = n->shape.dim[a] == 1 ? c64(e, 0) : x.at[a + x.rank - y.rank];
    Branch mine = { 0 };
    bool elsewhere = !same_lanes && view_panels(v) > 1;
    if (elsewhere) {
        Val panel = LLVMBuildLShr(e->b, y.at[axis], c64(e, 4), "");
        mine = branch_begin(e, LLVMBuildICmp(e->b, LLVMIntEQ, panel, p.i, ""));
    }

    Val value =
        LLVMBuildLoad2(e->b, e->f32, element_address(e, f, source, from, shape, in_axis, &x), "");
    Val address = element_address(e, f, base, st, n->shape, axis, &y);
    Val sum = LLVMBuildLoad2(e->b, e->f32, address, "");
    Val combined = emit_reduce_step(e, n->op, splat_n(e, sum, 1), splat_n(e, value, 1));
    LLVMBuildStore(e->b, LLVMBuildExtractElement(e->b, combined, c32(e, 0), ""), address);
    if (elsewhere)
        branch_end(e, &mine);
    loop_end(e, &c, NULL);
    loop_end(e, &r, NULL);
    loop_end(e, &p, NULL);
}

/* Every output takes its inputs in increasing order of their rows. */
void emit_fold(Emitter *e, Frame *f, const Kernel *k)
{
    const Node *n = graph_node(e->g, k->node);
    NodeId in = n->inputs[0];
    Shape shape = graph_node(e->g, in)->shape;
    int axis = e->plan->feature_axis[k->node], in_axis = e->plan->feature_axis[in];
    bool same_lanes =
        e->plan->storage[k->node].view.features == view_of_shape(shape, in_axis).features &&
        n->shape.rank - axis == shape.rank - in_axis;
    int64_t div, mod;
    if (same_lanes && view_row_map(n->shape, axis, shape, in_axis, &div, &mod))
        fold_vectors(e, f, k, div, mod);
    else
        fold_elements(e, f, k, same_lanes);
}
