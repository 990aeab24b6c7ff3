/* philox.c: Philox 4x32-10 in IR (Salmon et al. 2011): element (row, feature) of a stream takes
 * word (f % 16) / 4 of counter {row, (f / 16) * 4 + f % 4, stream, step}. One evaluation on four
 * lanes gives the sixteen lanes of a panel's row. nnrt.h says the same. */
#include "codegen/cpu/kernels.h"

static Val four(Emitter *e, Val scalar)
{
    (void)e;
    return splat_n(e, scalar, 4);
}

static Val four_const(Emitter *e, uint32_t v)
{
    return splat_n(e, LLVMConstInt(e->i32, v, false), 4);
}

static void multiply(Emitter *e, uint32_t by, Val x, Val *high, Val *low)
{
    Val wide = LLVMBuildMul(e->b, LLVMBuildZExt(e->b, x, e->v4l, ""),
                            splat_n(e, c64(e, (int64_t)by), 4), "");
    *low = LLVMBuildTrunc(e->b, wide, e->v4i, "");
    *high =
        LLVMBuildTrunc(e->b, LLVMBuildLShr(e->b, wide, splat_n(e, c64(e, 32), 4), ""), e->v4i, "");
}

static Val philox(Emitter *e, Val seed, Val row, Val panel, Val stream, Val step)
{
    Val key0 = four(e, LLVMBuildTrunc(e->b, seed, e->i32, "")),
        key1 = four(e, LLVMBuildTrunc(e->b, LLVMBuildLShr(e->b, seed, c64(e, 32), ""), e->i32, ""));
    Val lanes[4];
    for (int i = 0; i < 4; i++)
        lanes[i] = c32(e, i);
    Val c[4] = { four(e, LLVMBuildTrunc(e->b, row, e->i32, "")),
                 LLVMBuildAdd(e->b, four(e, LLVMBuildTrunc(e->b, imul(e, panel, 4), e->i32, "")),
                              LLVMConstVector(lanes, 4), ""),
                 four(e, LLVMBuildTrunc(e->b, stream, e->i32, "")),
                 four(e, LLVMBuildTrunc(e->b, step, e->i32, "")) };
    for (int round = 0; round < 10; round++) {
        Val high0, low0, high1, low1;
        multiply(e, 0xD2511F53u, c[0], &high0, &low0);
        multiply(e, 0xCD9E8D57u, c[2], &high1, &low1);
        Val first = LLVMBuildXor(e->b, LLVMBuildXor(e->b, high1, c[1], ""), key0, "");
        Val third = LLVMBuildXor(e->b, LLVMBuildXor(e->b, high0, c[3], ""), key1, "");
        c[0] = first, c[1] = low1, c[2] = third, c[3] = low0;
        key0 = LLVMBuildAdd(e->b, key0, four_const(e, 0x9E3779B9u), "");
        key1 = LLVMBuildAdd(e->b, key1, four_const(e, 0xBB67AE85u), "");
    }
    static const int eight[] = { 0, 1, 2, 3, 4, 5, 6, 7 },
                     all[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    return shuffle(e, shuffle(e, c[0], c[1], eight, 8), shuffle(e, c[2], c[3], eight, 8), all, 16);
}

/* The upper 24 bits, so that 1 is never reached. */
static Val to_unit(Emitter *e, Val bits)
{
    Val whole = LLVMBuildLShr(e->b, bits, viconst(e, 8), "");
    return LLVMBuildFMul(e->b, LLVMBuildSIToFP(e->b, whole, e->vf, ""), vconst(e, 1.0 / 16777216),
                         "");
}

Val emit_random(Emitter *e, RandomKind kind, Val seed, Val row, Val panel, Val stream, Val step)
{
    Val u = to_unit(e, philox(e, seed, row, panel, stream, step));
    if (kind == RANDOM_UNIFORM)
        return u;
    /* Box and Muller (1958), with a second draw of the same counter under the stream's upper half
     * for the angle. */
    Val angle = to_unit(
        e, philox(e, seed, row, panel, LLVMBuildOr(e->b, stream, c64(e, 0x80000000), ""), step));
    Val open = LLVMBuildFAdd(e->b, u, vconst(e, 1.0 / 33554432), "");
    Val radius = LLVMBuildFMul(e->b, math_ln(e, open), vconst(e, -2.0), "");
    radius = call_intrinsic(e, "llvm.sqrt", e->vf, 1, &radius);
    return LLVMBuildFMul(
        e->b, radius,
        math_sin(e, LLVMBuildFMul(e->b, angle, vconst(e, 6.283185307179586), ""), true), "");
}
