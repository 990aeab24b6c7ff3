/* address.c: where values lie (plan.h, memory layout). */
#include "codegen/cpu/emit.h"

Val storage_base(Emitter *e, Frame *f, const Storage *s)
{
    if (s->kind == STORE_TENSOR && s->offset == 0)
        return frame_tensor(e, f, s->index);
    for (size_t i = 0; i < f->bases.len; i++)
        if (f->bases.data[i].storage == s)
            return f->bases.data[i].base;
    Block back = frame_enter_entry(e, f);
    Val base = f->arena;
    switch (s->kind) {
    case STORE_TENSOR:
        base = float_offset(e, frame_tensor(e, f, s->index), frame_arg(e, f, s->offset));
        break;
    case STORE_ARENA:
    case STORE_INPUT:
        base = float_offset(e, f->arena, frame_arg(e, f, s->offset));
        if (s->batch_rows) {
            base = float_offset(
                e, base, LLVMBuildMul(e->b, f->n, frame_arg(e, f, s->batch_rows * LANES), ""));
        }
        break;
    default: emit_fail(e, "internal: a value without memory is addressed");
    }
    frame_leave_entry(e, back);
    vec_push(e->arena, &f->bases, ((Base){ s, base }));
    return base;
}

Val element_offset(Emitter *e, int64_t rows_max, Val row, Val panel)
{
    return iadd(e, imul(e, panel, rows_max * LANES), imul(e, row, LANES));
}

Val view_rows_value(Emitter *e, View v, Val n)
{
    return v.batch ? imul(e, n, v.per_sample) : c64(e, v.per_sample);
}

Val map_row(Emitter *e, Val row, int64_t div, int64_t mod)
{
    if (mod == 1)
        return c64(e, 0);
    if (div > 1)
        row = LLVMBuildUDiv(e->b, row, c64(e, div), "");
    if (mod > 0)
        row = LLVMBuildURem(e->b, row, c64(e, mod), "");
    return row;
}
