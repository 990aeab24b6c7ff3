/* address.c: where values are (plan.h, memory layout). */
#include "codegen/cpu/kernels.h"

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

/* ---- elements by index ---- */

static Val extent_of_axis(Emitter *e, const Frame *f, Shape s, int a)
{
    return s.dim[a] == DIM_BATCH ? f->n : c64(e, s.dim[a]);
}

Index index_of_element(Emitter *e, const Frame *f, Shape s, int feature_axis, Val row, Val feature)
{
    Index x = { .rank = s.rank };
    Val rest = row;
    for (int a = s.rank - 1; a >= 0; a--) {
        if (a == feature_axis) {
            x.at[a] = feature;
            continue;
        }
        bool outermost = a == 0 || (a == 1 && feature_axis == 0);
        if (outermost) {
            x.at[a] = rest;
            continue;
        }
        x.at[a] = LLVMBuildURem(e->b, rest, extent_of_axis(e, f, s, a), "");
        rest = LLVMBuildUDiv(e->b, rest, extent_of_axis(e, f, s, a), "");
    }
    return x;
}

Val element_address(Emitter *e, const Frame *f, Val base, const Storage *st, Shape s,
                    int feature_axis, const Index *x)
{
    Val row = c64(e, 0), feature = s.rank ? x->at[feature_axis] : c64(e, 0);
    for (int a = 0; a < s.rank; a++) {
        if (a != feature_axis) {
            row = iadd(e,
                       s.dim[a] == DIM_BATCH ? LLVMBuildMul(e->b, row, f->n, "")
                                             : imul(e, row, s.dim[a]),
                       x->at[a]);
        }
    }
    Val panel = LLVMBuildLShr(e->b, feature, c64(e, 4), ""),
        lane = LLVMBuildAnd(e->b, feature, c64(e, LANES - 1), "");
    return float_offset(e, base, iadd(e, element_offset(e, st->rows_max, row, panel), lane));
}

Val index_to_linear(Emitter *e, const Frame *f, Shape s, const Index *x)
{
    Val at = c64(e, 0);
    for (int a = 0; a < s.rank; a++) {
        at = iadd(e,
                  s.dim[a] == DIM_BATCH ? LLVMBuildMul(e->b, at, f->n, "") : imul(e, at, s.dim[a]),
                  x->at[a]);
    }
    return at;
}

Index index_from_linear(Emitter *e, const Frame *f, Shape s, Val at)
{
    Index x = { .rank = s.rank };
    for (int a = s.rank - 1; a >= 0; a--) {
        if (a == 0) {
            x.at[0] = at;
            break;
        }
        x.at[a] = LLVMBuildURem(e->b, at, extent_of_axis(e, f, s, a), "");
        at = LLVMBuildUDiv(e->b, at, extent_of_axis(e, f, s, a), "");
    }
    return x;
}
