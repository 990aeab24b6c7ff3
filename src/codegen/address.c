/* address.c: where values lie (plan.h, memory layout). */
#include "codegen/emit.h"

Val storage_base(Emitter *e, Frame *f, const Storage *s)
{
    switch (s->kind) {
    case STORE_TENSOR: {
        Val tensor = frame_tensor(e, f, s->index);
        if (s->offset == 0) return tensor;
        Block back = frame_enter_entry(e, f);
        tensor = float_offset(e, tensor, c64(e, s->offset));
        frame_leave_entry(e, back);
        return tensor;
    }
    case STORE_ARENA:
    case STORE_INPUT: {
        Block back = frame_enter_entry(e, f);
        Val base = float_offset(e, f->arena, c64(e, s->offset));
        if (s->batch_rows) base = float_offset(e, base, imul(e, f->n, s->batch_rows * LANES));
        frame_leave_entry(e, back);
        return base;
    }
    default:
        emit_fail(e, "internal: a value without memory is addressed");
        return f->arena;
    }
}

Val element_offset(Emitter *e, int64_t rows_max, Val row, Val panel)
{
    return iadd(e, imul(e, panel, rows_max * LANES), imul(e, row, LANES));
}

Val view_rows_value(Emitter *e, View v, Val n) { return v.batch ? imul(e, n, v.per_sample) : c64(e, v.per_sample); }

Val map_row(Emitter *e, Val row, int64_t div, int64_t mod)
{
    if (mod == 1) return c64(e, 0);
    if (div > 1) row = LLVMBuildUDiv(e->b, row, c64(e, div), "");
    if (mod > 0) row = LLVMBuildURem(e->b, row, c64(e, mod), "");
    return row;
}
