/* elementwise.c: what each elementwise op is, on lane vectors (float32) and on the scalars of a
 * step (float64): two tables indexed by Op. */
#include "codegen/cpu/kernels.h"

#define B e->b
#define TWO Emitter *e, const Val *in

static bool is_vector(Val v)
{
    return LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMVectorTypeKind;
}

static Val number(Emitter *e, Val like, double x)
{
    return is_vector(like) ? vconst(e, x) : cd(e, x);
}

static Val truth(Emitter *e, Val bit, Val like)
{
    return vselect(e, bit, number(e, like, 1), number(e, like, 0));
}

static Val is_true(Emitter *e, Val v)
{
    return LLVMBuildFCmp(B, LLVMRealUNE, v, number(e, v, 0), "");
}

static Val libm(Emitter *e, const char *name, unsigned count, const Val *in)
{
    LLVMTypeRef types[] = { e->f64, e->f64 };
    Val args[2] = { in[0], count > 1 ? in[1] : NULL };
    return call_extern(e, name, LLVMFunctionType(e->f64, types, count, false), count, args);
}

static Val intrinsic1(Emitter *e, const char *name, Val x)
{
    return call_intrinsic(e, name, LLVMTypeOf(x), 1, &x);
}

static Val op_neg(TWO)
{
    return LLVMBuildFNeg(B, in[0], "");
}

static Val op_exp(TWO)
{
    return is_vector(in[0]) ? math_exp(e, in[0]) : libm(e, "exp", 1, in);
}

static Val op_ln(TWO)
{
    return is_vector(in[0]) ? math_ln(e, in[0]) : libm(e, "log", 1, in);
}

static Val op_sqrt(TWO)
{
    return intrinsic1(e, "llvm.sqrt", in[0]);
}

static Val op_abs(TWO)
{
    return intrinsic1(e, "llvm.fabs", in[0]);
}

static Val op_floor(TWO)
{
    return is_vector(in[0]) ? intrinsic1(e, "llvm.floor", in[0]) : libm(e, "floor", 1, in);
}

static Val op_tanh(TWO)
{
    return is_vector(in[0]) ? math_tanh(e, in[0]) : libm(e, "tanh", 1, in);
}

static Val op_sin(TWO)
{
    return is_vector(in[0]) ? math_sin(e, in[0], false) : libm(e, "sin", 1, in);
}

static Val op_cos(TWO)
{
    return is_vector(in[0]) ? math_sin(e, in[0], true) : libm(e, "cos", 1, in);
}

static Val op_erf(TWO)
{
    return is_vector(in[0]) ? math_erf(e, in[0]) : libm(e, "erf", 1, in);
}

static Val op_sign(TWO)
{
    Val x = in[0], zero = number(e, x, 0);
    /* 0 stays 0, NaN stays NaN */
    Val low = vselect(e, LLVMBuildFCmp(B, LLVMRealOLT, x, zero, ""), number(e, x, -1), x);
    return vselect(e, LLVMBuildFCmp(B, LLVMRealOGT, x, zero, ""), number(e, x, 1), low);
}

static Val op_sigmoid(TWO)
{
    if (is_vector(in[0]))
        return math_sigmoid(e, in[0]);
    Val negative = LLVMBuildFNeg(B, in[0], ""), one = cd(e, 1);
    return LLVMBuildFDiv(B, one, LLVMBuildFAdd(B, one, libm(e, "exp", 1, &negative), ""), "");
}

static Val whole(Emitter *e, bool vector, uint32_t k)
{
    Val one = LLVMConstInt(e->i32, k, false), all[NNRT_LANES];
    for (int i = 0; i < NNRT_LANES; i++)
        all[i] = one;
    return vector ? LLVMConstVector(all, NNRT_LANES) : one;
}

/* To nearest, ties to even, on the bits: half a unit of what stays is added, a bit less where what
 * stays is even. */
static Val op_round_bf16(TWO)
{
    bool vector = is_vector(in[0]);
    LLVMTypeRef real = vector ? e->vf : e->f32;
    Val x = vector ? in[0] : LLVMBuildFPTrunc(B, in[0], real, ""),
        bits = LLVMBuildBitCast(B, x, vector ? e->vi : e->i32, "");
    Val odd =
        LLVMBuildAnd(B, LLVMBuildLShr(B, bits, whole(e, vector, 16), ""), whole(e, vector, 1), "");
    bits = LLVMBuildAdd(B, LLVMBuildAdd(B, bits, whole(e, vector, 0x7fff), ""), odd, "");
    Val rounded =
        LLVMBuildBitCast(B, LLVMBuildAnd(B, bits, whole(e, vector, 0xffff0000u), ""), real, "");
    rounded = LLVMBuildSelect(B, LLVMBuildFCmp(B, LLVMRealUNO, x, x, ""), x, rounded, "");
    return vector ? rounded : LLVMBuildFPExt(B, rounded, e->f64, "");
}

static Val op_not(TWO)
{
    return truth(e, LLVMBuildFCmp(B, LLVMRealOEQ, in[0], number(e, in[0], 0), ""), in[0]);
}

static Val op_same(TWO)
{
    (void)e;
    return in[0];
}

static Val op_add(TWO)
{
    return LLVMBuildFAdd(B, in[0], in[1], "");
}

static Val op_sub(TWO)
{
    return LLVMBuildFSub(B, in[0], in[1], "");
}

static Val op_mul(TWO)
{
    return LLVMBuildFMul(B, in[0], in[1], "");
}

static Val op_div(TWO)
{
    return LLVMBuildFDiv(B, in[0], in[1], "");
}

static Val op_pow(TWO)
{
    return is_vector(in[0]) ? math_pow(e, in[0], in[1]) : libm(e, "pow", 2, in);
}

/* A NaN on either side stays: training must notice it. */
static Val op_min(TWO)
{
    return vselect(e,
                   LLVMBuildOr(B, LLVMBuildFCmp(B, LLVMRealOLT, in[1], in[0], ""),
                               LLVMBuildFCmp(B, LLVMRealUNO, in[1], in[1], ""), ""),
                   in[1], in[0]);
}

static Val op_max(TWO)
{
    return vselect(e,
                   LLVMBuildOr(B, LLVMBuildFCmp(B, LLVMRealOGT, in[1], in[0], ""),
                               LLVMBuildFCmp(B, LLVMRealUNO, in[1], in[1], ""), ""),
                   in[1], in[0]);
}

static Val op_lt(TWO)
{
    return truth(e, LLVMBuildFCmp(B, LLVMRealOLT, in[0], in[1], ""), in[0]);
}

static Val op_le(TWO)
{
    return truth(e, LLVMBuildFCmp(B, LLVMRealOLE, in[0], in[1], ""), in[0]);
}

static Val op_eq(TWO)
{
    return truth(e, LLVMBuildFCmp(B, LLVMRealOEQ, in[0], in[1], ""), in[0]);
}

static Val op_and(TWO)
{
    return truth(e, LLVMBuildAnd(B, is_true(e, in[0]), is_true(e, in[1]), ""), in[0]);
}

static Val op_or(TWO)
{
    return truth(e, LLVMBuildOr(B, is_true(e, in[0]), is_true(e, in[1]), ""), in[0]);
}

static Val op_select(TWO)
{
    return vselect(e, is_true(e, in[0]), in[1], in[2]);
}

typedef Val (*OpEmitter)(Emitter *e, const Val *in);
static const OpEmitter emitters[IR_OP_COUNT] = {
    [IR_NEG] = op_neg,
    [IR_EXP] = op_exp,
    [IR_LN] = op_ln,
    [IR_SQRT] = op_sqrt,
    [IR_ABS] = op_abs,
    [IR_SIGN] = op_sign,
    [IR_FLOOR] = op_floor,
    [IR_TANH] = op_tanh,
    [IR_SIN] = op_sin,
    [IR_COS] = op_cos,
    [IR_ERF] = op_erf,
    [IR_SIGMOID] = op_sigmoid,
    [IR_ROUND_BF16] = op_round_bf16,
    [IR_NOT] = op_not,
    [IR_STOP] = op_same,
    [IR_BROADCAST] = op_same,
    [IR_ADD] = op_add,
    [IR_SUB] = op_sub,
    [IR_MUL] = op_mul,
    [IR_DIV] = op_div,
    [IR_POW] = op_pow,
    [IR_MIN] = op_min,
    [IR_MAX] = op_max,
    [IR_LT] = op_lt,
    [IR_LE] = op_le,
    [IR_EQ] = op_eq,
    [IR_AND] = op_and,
    [IR_OR] = op_or,
    [IR_SELECT] = op_select,
};

bool elementwise_has(Op op)
{
    return emitters[op] != NULL;
}

Val emit_map(Emitter *e, Op op, const Val *in)
{
    if (emitters[op])
        return emitters[op](e, in);
    emit_fail(e, "internal: op '%s' has no row in codegen/cpu/elementwise.c", op_name(op));
    return in[0];
}

Val emit_reduce_step(Emitter *e, Op op, Val accumulator, Val value)
{
    Val in[] = { accumulator, value };
    if (op == IR_REDUCE_SUM)
        return op_add(e, in);
    return op == IR_REDUCE_MAX ? op_max(e, in) : op_min(e, in);
}

double reduce_identity(Op op)
{
    if (op == IR_REDUCE_SUM)
        return 0.0;
    return op == IR_REDUCE_MAX ? -__builtin_inf() : __builtin_inf();
}

Val emit_reduce_identity(Emitter *e, Op op)
{
    return vconst(e, reduce_identity(op));
}

Val emit_reduce_lanes(Emitter *e, Op op, Val v)
{
    static const int high[] = { 8, 9, 10, 11, 12, 13, 14, 15 }, low[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    for (unsigned n = 8; n >= 1; n /= 2) {
        /* `number` makes 16-lane constants, so halves keep their own width only in the final ops,
         * which need none */
        int second[8];
        for (unsigned i = 0; i < n; i++)
            second[i] = (int)(n + i);
        Val a = shuffle(e, v, NULL, low, n), b = shuffle(e, v, NULL, n == 8 ? high : second, n);
        v = emit_reduce_step(e, op, a, b);
    }
    return LLVMBuildExtractElement(B, v, c32(e, 0), "");
}
