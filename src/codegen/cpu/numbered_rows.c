/* numbered_rows.c: rows of a matrix picked by their numbers, and rows added up in those of a
 * matrix. Tasks are panels; a panel's row is one lane vector.
 *
 * A scatter goes through the rows in increasing order, so each of its sums is one chain whatever
 * the number of threads. */
#include "codegen/cpu/kernels.h"

/* The number in index's row as one of 0 .. count - 1. */
static Val row_number(Emitter *e, Val index, Val row, int64_t count)
{
    Val x = LLVMBuildLoad2(e->b, e->f32, float_offset(e, index, imul(e, row, LANES)), "");
    Val zero = cf(e, 0), most = cf(e, (double)(count - 1));
    /* NaN is 0 */
    x = LLVMBuildSelect(e->b, LLVMBuildFCmp(e->b, LLVMRealOGT, x, zero, ""), x, zero, "");
    x = LLVMBuildSelect(e->b, LLVMBuildFCmp(e->b, LLVMRealOLT, x, most, ""), x, most, "");
    Val at = LLVMBuildFPToSI(e->b, x, e->i64, "");
    return imin(e, at, c64(e, count - 1));
}

void emit_rows(Emitter *e, Frame *f, const Kernel *k)
{
    const Node *n = graph_node(e->g, k->node);
    const Plan *plan = e->plan;
    bool gathers = n->op == IR_GATHER_ROWS;
    NodeId numbers = n->inputs[1], from = n->inputs[0];
    const Storage *out = &plan->storage[k->node], *in = &plan->storage[from],
                  *index = &plan->storage[numbers];
    if (plan->feature_axis[from] != graph_node(e->g, from)->shape.rank - 1 ||
        plan->feature_axis[k->node] != n->shape.rank - 1) {
        emit_fail(e, "internal: the rows of kernel '%s' are in another order", k->name);
        return;
    }

    int64_t count = gathers ? in->view.per_sample : out->view.per_sample;
    Val target = storage_base(e, f, out), source = storage_base(e, f, in),
        at = storage_base(e, f, index);
    Val rows = view_rows_value(e, gathers ? out->view : in->view, f->n);

    Loop p = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    Val to = float_offset(e, target, element_offset(e, out->rows_max, c64(e, 0), p.i)),
        panel = float_offset(e, source, element_offset(e, in->rows_max, c64(e, 0), p.i));
    if (!gathers) {
        Loop z = loop_begin(e, c64(e, 0), c64(e, count), 1, 0, NULL, NULL);
        store_vector(e, vconst(e, 0), float_offset(e, to, imul(e, z.i, LANES)));
        loop_end(e, &z, NULL);
    }

    Loop r = loop_begin(e, c64(e, 0), rows, 1, 0, NULL, NULL);
    Val number = imul(e, row_number(e, at, r.i, count), LANES), row = imul(e, r.i, LANES);
    if (gathers) {
        store_vector(e, load_vector(e, float_offset(e, panel, number)), float_offset(e, to, row));
    } else {
        Val sum = float_offset(e, to, number);
        store_vector(e,
                     LLVMBuildFAdd(e->b, load_vector(e, sum),
                                   load_vector(e, float_offset(e, panel, row)), ""),
                     sum);
    }
    loop_end(e, &r, NULL);
    loop_end(e, &p, NULL);
}
