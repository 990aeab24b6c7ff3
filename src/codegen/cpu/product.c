/* product.c: matrix products on panels: C[rows][16] = A . B[inner][16] for one panel of columns.
 *
 * A register tile is a few rows of one lane vector each; an element is one chain of fused
 * multiply-adds along the inner axis, whatever the tile, so tile sizes may follow the CPU without a
 * bit changing. The inner axis goes in blocks, so that a block of B stays in the first-level cache
 * while all rows pass (Goto and van de Geijn 2008); between blocks the chain waits in C. The two
 * functions are shared by all products of a module:
 *
 *   plain       A(row, k) = a[(k / 16) * stride + row * 16 + k % 16]
 *               (forward, input gradient: the inner axis is in panels)
 *   transposed  A(row, k) = a[(row / 16) * stride + k * 16 + row % 16]
 *               (weight gradient: the rows are in panels)
 *
 * Each takes rows [begin, end), the inner length, and the distance in floats between A's panels; C
 * and B are one panel, contiguous.
 *
 * Of factors rounded to bfloat16 the terms are taken in pairs, that of 2 k + 1 before that of 2 k
 * (an odd length ends in a pair with 0), and numbers below the normal ones are taken, and given, as
 * 0: so do processors that have an instruction for it (VDPBF16PS; Intel 64 and IA-32 Architectures
 * Software Developer's Manual). PRODUCT_BF16 uses that on packed pairs (bf16.c), a word of two in
 * the place of a float; PRODUCT_PAIRS does the same on floats. Only the tiles that a module's
 * shapes ask for are made. */
#include "codegen/cpu/kernels.h"

enum { ARG_A, ARG_STRIDE, ARG_B, ARG_C, ARG_BEGIN, ARG_END, ARG_INNER, ARG_COUNT };

static const char *const names[PRODUCT_KINDS] = {
    "plain",
    "transposed",
    [PRODUCT_PAIRS] = "pairs_plain",
    "pairs_transposed",
    [PRODUCT_BF16] = "bf16_plain",
    "bf16_transposed",
};

static bool transposes(unsigned kind)
{
    return kind & PRODUCT_TRANSPOSED;
}

/* Words in a row of A's panels. */
static int words(unsigned kind)
{
    return kind & PRODUCT_BF16 ? LANES / 2 : LANES;
}

static void multiply_add(Emitter *e, unsigned kind, Val *acc, int rows, Val a, int row_stride,
                         Val b)
{
    Val right = load_vector(e, b);
    LLVMTypeRef pairs = LLVMVectorType(LLVMBFloatTypeInContext(e->context), 2 * LANES);
    if (kind & PRODUCT_BF16)
        right = LLVMBuildBitCast(e->b, right, pairs, "");
    for (int i = 0; i < rows; i++) {
        Val left =
            splat(e, LLVMBuildLoad2(e->b, e->f32,
                                    float_offset(e, a, c64(e, (int64_t)i * row_stride)), ""));
        if (kind & PRODUCT_BF16)
            acc[i] = bf16_dot(e, acc[i], LLVMBuildBitCast(e->b, left, pairs, ""), right);
        else
            acc[i] = vfma(e, left, right, acc[i]);
    }
}

/* for k in [0, length): acc += A(., k) B(k), `unroll` at a time; length is a multiple of it. */
static void chain(Emitter *e, unsigned kind, Val *acc, int rows, Val a, int a_step, int row_stride,
                  Val b, Val length, int unroll)
{
    Loop l = loop_begin(e, c64(e, 0), length, unroll, (unsigned)rows, acc, NULL);
    for (int i = 0; i < rows; i++) {
        acc[i] = kind & PRODUCT_PAIRS && unroll == 1
                     ? LLVMBuildFAdd(e->b, l.phi[i], vconst(e, 0), "")
                     : l.phi[i];
    }
    Val left = float_offset(e, a, imul(e, l.i, a_step)),
        right = float_offset(e, b, imul(e, l.i, LANES));
    for (int u = 0; u < unroll; u++) {
        int k = kind & PRODUCT_PAIRS ? unroll - 1 - u : u;
        multiply_add(e, kind, acc, rows, float_offset(e, left, c64(e, k * a_step)), row_stride,
                     float_offset(e, right, c64(e, k * LANES)));
    }
    loop_end(e, &l, acc);
    for (int i = 0; i < rows; i++)
        acc[i] = l.phi[i];
}

static Val whole_part(Emitter *e, Val length, int of)
{
    return LLVMBuildAnd(e->b, length, c64(e, -(int64_t)of), "");
}

static Val rest_part(Emitter *e, Val length, int of)
{
    return LLVMBuildAnd(e->b, length, c64(e, of - 1), "");
}

static Val panels_before(Emitter *e, unsigned kind, Val k)
{
    return LLVMBuildLShr(e->b, k, c64(e, kind & PRODUCT_BF16 ? 3 : 4), "");
}

static void tile_plain(Emitter *e, unsigned kind, Val fn, int rows, Val *acc)
{
    Val inner = LLVMGetParam(fn, ARG_INNER), b = LLVMGetParam(fn, ARG_B),
        stride = LLVMGetParam(fn, ARG_STRIDE);
    int wide = words(kind);
    Val whole = whole_part(e, inner, wide),
        a = float_offset(e, LLVMGetParam(fn, ARG_A), imul(e, LLVMGetParam(fn, ARG_BEGIN), wide));
    Loop l = loop_begin(e, c64(e, 0), whole, wide, (unsigned)rows, acc, NULL);
    for (int i = 0; i < rows; i++)
        acc[i] = l.phi[i];
    Val panel = float_offset(e, a, LLVMBuildMul(e->b, panels_before(e, kind, l.i), stride, ""));
    chain(e, kind, acc, rows, panel, 1, wide, float_offset(e, b, imul(e, l.i, LANES)), c64(e, wide),
          e->target->machine->product_unroll);
    loop_end(e, &l, acc);
    for (int i = 0; i < rows; i++)
        acc[i] = l.phi[i];
    Val last = float_offset(e, a, LLVMBuildMul(e->b, panels_before(e, kind, whole), stride, "")),
        rest = rest_part(e, inner, wide), pairs = c64(e, 0);
    b = float_offset(e, b, imul(e, whole, LANES));
    if (kind & PRODUCT_PAIRS) {
        pairs = whole_part(e, rest, 2);
        chain(e, kind, acc, rows, last, 1, wide, b, pairs, 2);
    }
    chain(e, kind, acc, rows, float_offset(e, last, pairs), 1, wide,
          float_offset(e, b, imul(e, pairs, LANES)), LLVMBuildSub(e->b, rest, pairs, ""), 1);
}

static void tile_transposed(Emitter *e, unsigned kind, Val fn, int rows, Val *acc)
{
    Val inner = LLVMGetParam(fn, ARG_INNER), row = LLVMGetParam(fn, ARG_BEGIN),
        b = LLVMGetParam(fn, ARG_B);
    Val panel = LLVMBuildMul(e->b, LLVMBuildLShr(e->b, row, c64(e, 4), ""),
                             LLVMGetParam(fn, ARG_STRIDE), "");
    Val a = float_offset(e, LLVMGetParam(fn, ARG_A), iadd(e, panel, rest_part(e, row, LANES)));
    int unroll = e->target->machine->product_unroll;
    Val whole = whole_part(e, inner, unroll);
    chain(e, kind, acc, rows, a, LANES, 1, b, whole, unroll);
    chain(e, kind, acc, rows, float_offset(e, a, imul(e, whole, LANES)), LANES, 1,
          float_offset(e, b, imul(e, whole, LANES)), rest_part(e, inner, unroll), 1);
}

/* Rows [begin, begin + rows) of C take the chain on over one inner block. */
static Val tile_function(Emitter *e, unsigned kind, int rows)
{
    Val fn = LLVMAddFunction(e->module, arena_printf(e->arena, "%s_tile%d", names[kind], rows),
                             e->product_type);
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    Block back = LLVMGetInsertBlock(e->b);
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, fn, "entry"));
    Val acc[LOOP_CARRIED_MAX],
        c = float_offset(e, LLVMGetParam(fn, ARG_C), imul(e, LLVMGetParam(fn, ARG_BEGIN), LANES));
    for (int i = 0; i < rows; i++)
        acc[i] = load_vector(e, float_offset(e, c, c64(e, i * LANES)));
    (transposes(kind) ? tile_transposed : tile_plain)(e, kind, fn, rows, acc);
    for (int i = 0; i < rows; i++)
        store_vector(e, acc[i], float_offset(e, c, c64(e, i * LANES)));
    LLVMBuildRetVoid(e->b);
    if (back)
        LLVMPositionBuilderAtEnd(e->b, back);
    return fn;
}

/* The rows of the largest tile, all of which each load of B serves; a transposed tile stays inside
 * a panel of A. */
static int most_rows(const Emitter *e, unsigned kind)
{
    int rows = e->target->machine->product_tile_rows;
    return transposes(kind) && rows > LANES ? LANES : rows;
}

/* How many rows of `left` the next tile takes: near-equal tiles, so that the last ones are not
 * small. */
static Val next_tile(Emitter *e, int most, Val left)
{
    Val tiles = ceil_div(e, left, most);
    return LLVMBuildUDiv(e->b, iadd(e, left, LLVMBuildSub(e->b, tiles, c64(e, 1), "")), tiles, "");
}

/* The same in C, to know which tiles a static number of rows will ask for. */
static void mark_tiles(int64_t most, uint64_t *wanted, int64_t left)
{
    while (left > 0) {
        int64_t tiles = (left + most - 1) / most, rows = (left + tiles - 1) / tiles;
        *wanted |= 1u << rows;
        left -= rows;
    }
}

void product_wants(Emitter *e, unsigned kind, int64_t rows, bool any)
{
    uint64_t *wanted = &e->tiles_wanted[kind];
    int most = most_rows(e, kind);
    if (any)
        *wanted |= 2u | 1u << most / 2;
    if (transposes(kind)) {
        if (rows >= LANES)
            mark_tiles(most, wanted, LANES);
        mark_tiles(most, wanted, rows % LANES);
    } else {
        mark_tiles(most, wanted, rows);
    }
}

/* Declared when first asked for, written by product_finish, when all shapes are known. */
Val product_function(Emitter *e, unsigned kind)
{
    if (!e->product[kind]) {
        e->product_type = LLVMFunctionType(
            e->void_, (LLVMTypeRef[]){ e->ptr, e->i64, e->ptr, e->ptr, e->i64, e->i64, e->i64 },
            ARG_COUNT, false);
        e->product[kind] = LLVMAddFunction(
            e->module, arena_printf(e->arena, "product_%s", names[kind]), e->product_type);
        LLVMSetLinkage(e->product[kind], LLVMInternalLinkage);
    }
    return e->product[kind];
}

static void call_tiles(Emitter *e, Val fn, const Val *tile, unsigned kind, Val *args)
{
    Block entry = LLVMGetInsertBlock(e->b);
    Block head = LLVMAppendBasicBlockInContext(e->context, fn, "head"),
          pick = LLVMAppendBasicBlockInContext(e->context, fn, "pick"),
          done = LLVMAppendBasicBlockInContext(e->context, fn, "rows"),
          next = LLVMAppendBasicBlockInContext(e->context, fn, "next");

    Val end = args[ARG_END], begin = args[ARG_BEGIN];
    LLVMBuildBr(e->b, head);
    LLVMPositionBuilderAtEnd(e->b, head);
    Val row = LLVMBuildPhi(e->b, e->i64, "row");
    LLVMAddIncoming(row, &begin, &entry, 1);
    LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, row, end, ""), pick, done);
    LLVMPositionBuilderAtEnd(e->b, pick);
    Val left = LLVMBuildSub(e->b, end, row, "");
    /* inside A's panel of 16 rows */
    if (transposes(kind))
        left = imin(e, left, LLVMBuildSub(e->b, c64(e, LANES), rest_part(e, row, LANES), ""));

    int most = most_rows(e, kind);
    Val wanted = next_tile(e, most, left);
    Block arm = LLVMAppendBasicBlockInContext(e->context, fn, "single");
    Val choice = LLVMBuildSwitch(e->b, wanted, arm, (unsigned)most), taken = NULL;
    LLVMPositionBuilderAtEnd(e->b, next);
    taken = LLVMBuildPhi(e->b, e->i64, "taken");
    for (int r = 1; r <= most; r++) {
        if (r > 1 && tile[r])
            arm = LLVMAppendBasicBlockInContext(e->context, fn, "tile");
        /* in the place of a size that was not made, the next smaller one */
        if (r > 1)
            LLVMAddCase(choice, c64(e, r), arm);
        if (!tile[r])
            continue;
        LLVMPositionBuilderAtEnd(e->b, arm);
        args[ARG_BEGIN] = row;
        LLVMBuildCall2(e->b, e->product_type, tile[r], args, ARG_COUNT, "");
        LLVMBuildBr(e->b, next);
        Val rows = c64(e, r);
        LLVMAddIncoming(taken, &rows, &arm, 1);
    }
    LLVMPositionBuilderAtEnd(e->b, next);

    Val following = iadd(e, row, taken);
    LLVMAddIncoming(row, &following, &next, 1);
    LLVMBuildBr(e->b, head);
    LLVMPositionBuilderAtEnd(e->b, done);
    args[ARG_BEGIN] = begin;
}

/* Numbers below the normal ones are 0 from here on, read or made (DAZ and FTZ of the control
 * register); gives where the old setting is kept. */
static Val flush_below_normal(Emitter *e)
{
    Val old = LLVMBuildAlloca(e->b, e->i32, ""), now = LLVMBuildAlloca(e->b, e->i32, "");
    call_intrinsic_of(e, "llvm.x86.sse.stmxcsr", 1, &old);
    LLVMBuildStore(
        e->b, LLVMBuildOr(e->b, LLVMBuildLoad2(e->b, e->i32, old, ""), c32(e, 0x8040), ""), now);
    call_intrinsic_of(e, "llvm.x86.sse.ldmxcsr", 1, &now);
    return old;
}

static void write_product(Emitter *e, unsigned kind)
{
    Val tile[LOOP_CARRIED_MAX + 1] = { 0 }, fn = e->product[kind], old = NULL;
    for (int rows = 1; rows <= most_rows(e, kind); rows++)
        if (rows == 1 || e->tiles_wanted[kind] >> rows & 1)
            tile[rows] = tile_function(e, kind, rows);
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, fn, "entry"));
    if (kind & PRODUCT_PAIRS && e->target->level > 0)
        old = flush_below_normal(e);

    Val args[ARG_COUNT], inner = LLVMGetParam(fn, ARG_INNER), a = LLVMGetParam(fn, ARG_A),
                         b = LLVMGetParam(fn, ARG_B), c = LLVMGetParam(fn, ARG_C);
    for (unsigned i = 0; i < ARG_COUNT; i++)
        args[i] = LLVMGetParam(fn, i);

    Loop zero = loop_begin(e, args[ARG_BEGIN], args[ARG_END], 1, 0, NULL, NULL);
    store_vector(e, vconst(e, 0), float_offset(e, c, imul(e, zero.i, LANES)));
    loop_end(e, &zero, NULL);
    Val blocks = ceil_div(e, inner, e->target->machine->cached_rows);
    Val block = whole_part(
        e,
        iadd(e,
             LLVMBuildUDiv(e->b, inner,
                           LLVMBuildSelect(e->b,
                                           LLVMBuildICmp(e->b, LLVMIntEQ, blocks, c64(e, 0), ""),
                                           c64(e, 1), blocks, ""),
                           ""),
             c64(e, LANES)),
        LANES); /* near-equal ones, multiples of 16 */
    Val from = c64(e, 0);

    Loop k = loop_begin(e, c64(e, 0), blocks, 1, 1, &from, NULL);
    Val left = LLVMBuildSub(e->b, inner, k.phi[0], "");
    args[ARG_INNER] = imin(e, block, left);
    args[ARG_B] = float_offset(e, b, imul(e, k.phi[0], LANES));
    args[ARG_A] =
        float_offset(e, a,
                     transposes(kind) ? imul(e, k.phi[0], LANES)
                                      : LLVMBuildMul(e->b, panels_before(e, kind, k.phi[0]),
                                                     args[ARG_STRIDE], ""));
    call_tiles(e, fn, tile, kind, args);
    Val following = iadd(e, k.phi[0], block);
    loop_end(e, &k, &following);

    if (old)
        call_intrinsic_of(e, "llvm.x86.sse.ldmxcsr", 1, &old);
    LLVMBuildRetVoid(e->b);
}

void product_finish(Emitter *e)
{
    for (unsigned kind = 0; kind < PRODUCT_KINDS; kind++)
        if (e->product[kind])
            write_product(e, kind);
}
