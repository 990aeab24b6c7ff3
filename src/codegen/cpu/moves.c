/* moves.c: kernels that put values elsewhere: reshapes, slices, permutations and their like. Each
 * element of the output finds its input by index; whole vectors move where lanes stay lanes. Tasks
 * are panels of the output. */
#include "codegen/cpu/kernels.h"

/* One element, or the 16 of a panel's row that start at it. */
static Val load_at(Emitter *e, Frame *f, NodeId id, const Index *x, bool vector)
{
    const Storage *st = &e->plan->storage[id];
    Val address = element_address(e, f, storage_base(e, f, st), st, graph_node(e->g, id)->shape,
                                  e->plan->feature_axis[id], x);
    return vector ? load_vector(e, address) : LLVMBuildLoad2(e->b, e->f32, address, "");
}

/* Where the element is outside of the input, PAD reads its first one, and takes 0 instead. */
static Val pad_element(Emitter *e, Frame *f, const Node *n, Index x, bool vector)
{
    NodeId in = n->inputs[0];
    Shape from = graph_node(e->g, in)->shape;
    int axis = n->as.pad.axis;
    Val at = LLVMBuildSub(e->b, x.at[axis], c64(e, n->as.pad.before), "");
    Val extent = from.dim[axis] == DIM_BATCH ? f->n : c64(e, from.dim[axis]);
    Val inside = LLVMBuildICmp(e->b, LLVMIntULT, at, extent, "");
    x.at[axis] = LLVMBuildSelect(e->b, inside, at, c64(e, 0), "");
    return LLVMBuildSelect(e->b, inside, load_at(e, f, in, &x, vector),
                           vector ? vconst(e, 0) : cf(e, 0), "");
}

/* One element of each input is read, and that in whose part the index falls is taken. */
static Val concat_element(Emitter *e, Frame *f, const Node *n, Index x, bool vector)
{
    int axis = n->as.axis;
    Val at = x.at[axis], result = NULL;
    int64_t before = 0;
    for (int i = 0; i < n->input_count; i++) {
        int64_t extent = graph_node(e->g, n->inputs[i])->shape.dim[axis];
        Val local = LLVMBuildSub(e->b, at, c64(e, before), "");
        Val inside = LLVMBuildICmp(e->b, LLVMIntULT, local, c64(e, extent), "");
        Index y = x;
        y.at[axis] = LLVMBuildSelect(e->b, inside, local, c64(e, 0), "");
        Val value = load_at(e, f, n->inputs[i], &y, vector);
        result = result ? LLVMBuildSelect(e->b, inside, value, result, "") : value;
        before += extent;
    }
    return result;
}

/* The element at index x of the output. */
static Val move_element(Emitter *e, Frame *f, const Node *n, Index x, bool vector)
{
    NodeId in = n->inputs[0];
    Shape from = graph_node(e->g, in)->shape;
    Index y = { .rank = x.rank };
    switch (n->op) {
    case IR_RESHAPE:
        y = index_from_linear(e, f, from, index_to_linear(e, f, n->shape, &x));
        return load_at(e, f, in, &y, vector);
    case IR_SLICE:
        x.at[n->as.slice.axis] = iadd(e, x.at[n->as.slice.axis], c64(e, n->as.slice.begin));
        return load_at(e, f, in, &x, vector);
    case IR_PERMUTE:
        for (int a = 0; a < x.rank; a++)
            y.at[n->as.permute.order[a]] = x.at[a];
        return load_at(e, f, in, &y, vector);
    case IR_BROADCAST:
        y.rank = from.rank;
        for (int a = 0; a < from.rank; a++)
            y.at[a] = from.dim[a] == 1 ? c64(e, 0) : x.at[a + x.rank - from.rank];
        return load_at(e, f, in, &y, vector);
    case IR_PAD: return pad_element(e, f, n, x, vector);
    case IR_CONCAT: return concat_element(e, f, n, x, vector);
    default: emit_fail(e, "internal: '%s' is not a move", op_name(n->op)); return cf(e, 0);
    }
}

/* Whether a move leaves lanes where they are: the last axes are in panels on both sides, and panels
 * stay panels. */
static bool moves_vectors(const Emitter *e, const Node *n, int axis)
{
    int last = n->shape.rank - 1;
    if (n->shape.rank < 1 || axis != last)
        return false;
    for (int i = 0; i < n->input_count; i++) {
        Shape s = graph_node(e->g, n->inputs[i])->shape;
        if (s.rank < 1 || e->plan->feature_axis[n->inputs[i]] != s.rank - 1)
            return false;
    }
    Shape from = graph_node(e->g, n->inputs[0])->shape;
    switch (n->op) {
    case IR_RESHAPE: return n->shape.dim[last] == from.dim[from.rank - 1];
    case IR_SLICE: return n->as.slice.axis != last || n->as.slice.begin % LANES == 0;
    case IR_PERMUTE: return n->as.permute.order[last] == last;
    case IR_BROADCAST: return n->shape.dim[last] == from.dim[from.rank - 1];
    case IR_PAD: return n->as.pad.axis != last;
    case IR_CONCAT:
        if (n->as.axis != last)
            return true;
        for (int i = 0; i + 1 < n->input_count; i++)
            if (graph_node(e->g, n->inputs[i])->shape.dim[last] % LANES)
                return false;
        return true;
    default: return false;
    }
}

static void move_elements(Emitter *e, Frame *f, const Kernel *k)
{
    const Node *n = graph_node(e->g, k->node);
    const Storage *st = &e->plan->storage[k->node];
    int axis = e->plan->feature_axis[k->node];
    Val base = storage_base(e, f, st), rows = view_rows_value(e, st->view, f->n);
    Loop p = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    Loop r = loop_begin(e, c64(e, 0), rows, 1, 0, NULL, NULL);
    Val first = imul(e, p.i, LANES),
        last = imin(e, iadd(e, first, c64(e, LANES)), c64(e, st->view.features));

    if (moves_vectors(e, n, axis)) {
        Index x = index_of_element(e, f, n->shape, axis, r.i, first);
        store_vector(e, move_element(e, f, n, x, true),
                     float_offset(e, base, element_offset(e, st->rows_max, r.i, p.i)));
    } else {
        Loop c = loop_begin(e, first, last, 1, 0, NULL, NULL);
        Index x = index_of_element(e, f, n->shape, axis, r.i, c.i);
        Val value = move_element(e, f, n, x, false);
        LLVMBuildStore(e->b, value, element_address(e, f, base, st, n->shape, axis, &x));
        loop_end(e, &c, NULL);
    }
    loop_end(e, &r, NULL);
    loop_end(e, &p, NULL);
}

void emit_move(Emitter *e, Frame *f, const Kernel *k)
{
    Op op = graph_node(e->g, k->node)->op;
    if (k->source != NO_NODE)
        emit_relayout(e, f, k);
    else if (is_heads_product(op))
        emit_heads(e, f, k);
    else if (op == IR_GATHER_ROWS || op == IR_SCATTER_ROWS)
        emit_rows(e, f, k);
    else if (!emit_flatten(e, f, k))
        move_elements(e, f, k);
}
