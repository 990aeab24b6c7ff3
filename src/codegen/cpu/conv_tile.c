/* conv_tile.c: the register tiles of convolutions: a few rows of one lane vector each, an element
 * one chain of fused multiply-adds in a fixed order, whatever the tile, so that tile sizes may
 * follow the CPU without a bit changing. */
#include "codegen/cpu/conv.h"

static Val left(Emitter *e, TileMode mode, Val address)
{
    if (mode == TILE_LANES)
        return load_vector(e, address);
    return splat(e, LLVMBuildLoad2(e->b, e->f32, address, ""));
}

/* An int32 of a table, as an index. */
static Val table_at(Emitter *e, Val table, Val index)
{
    Val address = LLVMBuildGEP2(e->b, e->i32, table, &index, 1, "");
    return LLVMBuildSExt(e->b, LLVMBuildLoad2(e->b, e->i32, address, ""), e->i64, "");
}

Val pixel_tile(Emitter *e, PixelTile tile, LLVMTypeRef *type)
{
    LLVMTypeRef types[] = { e->ptr, e->ptr, e->ptr, e->ptr, e->i64, e->i64 };
    *type = LLVMFunctionType(e->void_, types, 6, false);
    const char *name =
        arena_printf(e->arena, "pixels_%d_%d_%lld_%lld_%d", tile.mode, tile.rows,
                     (long long)tile.step, (long long)tile.out_step, tile.sequential);
    Val fn;
    if (shared_find(e, name, &fn))
        return fn;

    Block back = shared_begin(e, name, *type, &fn);
    Val a = LLVMGetParam(fn, 0), table = LLVMGetParam(fn, 1), b = LLVMGetParam(fn, 2),
        c = LLVMGetParam(fn, 3), inner = LLVMGetParam(fn, 4);
    Val fresh = LLVMBuildICmp(e->b, LLVMIntNE, LLVMGetParam(fn, 5), c64(e, 0), ""),
        acc[LOOP_CARRIED_MAX];
    for (int i = 0; i < tile.rows; i++) {
        acc[i] = LLVMBuildSelect(e->b, fresh, vconst(e, 0),
                                 load_vector(e, float_offset(e, c, c64(e, i * tile.out_step))), "");
    }

    Loop l = loop_begin(e, c64(e, 0), inner, 1, (unsigned)tile.rows, acc, NULL);
    Val at = tile.sequential ? l.i : imul(e, l.i, 2), next = iadd(e, at, c64(e, 1));
    Val offset = table_at(e, table, at), b_offset = imul(e, l.i, LANES);
    if (!tile.sequential)
        b_offset = table_at(e, table, next);
    Val right = load_vector(e, float_offset(e, b, b_offset)), from = float_offset(e, a, offset);
    for (int i = 0; i < tile.rows; i++) {
        acc[i] = vfma(e, left(e, tile.mode, float_offset(e, from, c64(e, i * tile.step))), right,
                      l.phi[i]);
    }
    loop_end(e, &l, acc);

    for (int i = 0; i < tile.rows; i++)
        store_vector(e, l.phi[i], float_offset(e, c, c64(e, i * tile.out_step)));
    shared_end(e, back);
    return fn;
}

enum {
    FILTER_A,
    FILTER_D,
    FILTER_C,
    FILTER_N0,
    FILTER_N1,
    FILTER_N2,
    FILTER_A_STEP0,
    FILTER_A_STEP1,
    FILTER_D_STEP0,
    FILTER_D_STEP1,
    FILTER_C_STEP,
    FILTER_ARGS
};

static Val filter_sum(Emitter *e, const Val *arg, unsigned row)
{
    Val step = LLVMBuildMul(e->b, arg[FILTER_C_STEP], c64(e, row), "");
    return float_offset(e, arg[FILTER_C], step);
}

Val filter_tile(Emitter *e, const FilterTile *tile, LLVMTypeRef *type)
{
    LLVMTypeRef types[] = { e->ptr, e->ptr, e->ptr, e->i64, e->i64, e->i64,
                            e->i64, e->i64, e->i64, e->i64, e->i64 };
    *type = LLVMFunctionType(e->void_, types, FILTER_ARGS, false);
    char *name = arena_printf(e->arena, "filters_%d_%lld", tile->mode, (long long)tile->step);
    for (int i = 0; i < tile->rows; i++)
        name = arena_printf(e->arena, "%s_%lld", name, (long long)tile->offset[i]);
    Val fn;
    if (shared_find(e, name, &fn))
        return fn;

    Block back = shared_begin(e, name, *type, &fn);
    Val arg[FILTER_ARGS], acc[LOOP_CARRIED_MAX];
    for (unsigned i = 0; i < FILTER_ARGS; i++)
        arg[i] = LLVMGetParam(fn, i);
    unsigned rows = (unsigned)tile->rows;
    for (unsigned i = 0; i < rows; i++)
        acc[i] = load_vector(e, filter_sum(e, arg, i));

    Loop l0 = loop_begin(e, c64(e, 0), arg[FILTER_N0], 1, rows, acc, NULL);
    Val a0 = float_offset(e, arg[FILTER_A], LLVMBuildMul(e->b, l0.i, arg[FILTER_A_STEP0], "")),
        d0 = float_offset(e, arg[FILTER_D], LLVMBuildMul(e->b, l0.i, arg[FILTER_D_STEP0], ""));
    Loop l1 = loop_begin(e, c64(e, 0), arg[FILTER_N1], 1, rows, l0.phi, NULL);
    Val a1 = float_offset(e, a0, LLVMBuildMul(e->b, l1.i, arg[FILTER_A_STEP1], "")),
        d1 = float_offset(e, d0, LLVMBuildMul(e->b, l1.i, arg[FILTER_D_STEP1], ""));
    Loop l2 = loop_begin(e, c64(e, 0), arg[FILTER_N2], 1, rows, l1.phi, NULL);
    Val a = float_offset(e, a1, imul(e, l2.i, tile->step)),
        right = load_vector(e, float_offset(e, d1, imul(e, l2.i, LANES)));
    for (unsigned i = 0; i < rows; i++) {
        acc[i] = vfma(e, left(e, tile->mode, float_offset(e, a, c64(e, tile->offset[i]))), right,
                      l2.phi[i]);
    }
    loop_end(e, &l2, acc);
    loop_end(e, &l1, l2.phi);
    loop_end(e, &l0, l1.phi);

    for (unsigned i = 0; i < rows; i++)
        store_vector(e, l0.phi[i], filter_sum(e, arg, i));
    shared_end(e, back);
    return fn;
}
