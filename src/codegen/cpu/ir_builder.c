/* ir_builder.c: small builders over llvm-c: constants, vectors, loops with carried values,
 * branches. */
#include "codegen/cpu/emit.h"
#include <string.h>

void emit_fail(Emitter *e, const char *format, ...)
{
    if (e->failed)
        return;
    va_list args;
    va_start(args, format);
    *e->error = arena_vprintf(e->arena, format, args);
    va_end(args);
    e->failed = true;
}

Val c64(Emitter *e, int64_t value)
{
    return LLVMConstInt(e->i64, (uint64_t)value, true);
}

Val c32(Emitter *e, int32_t value)
{
    return LLVMConstInt(e->i32, (uint64_t)(int64_t)value, true);
}

Val cf(Emitter *e, double value)
{
    return LLVMConstReal(e->f32, value);
}

Val cd(Emitter *e, double value)
{
    return LLVMConstReal(e->f64, value);
}

static Val const_splat(Val value, unsigned lanes)
{
    Val v[LANES];
    for (unsigned i = 0; i < lanes; i++)
        v[i] = value;
    return LLVMConstVector(v, lanes);
}

Val vconst(Emitter *e, double value)
{
    return const_splat(cf(e, (float)value), LANES);
}

Val viconst(Emitter *e, int32_t value)
{
    return const_splat(c32(e, value), LANES);
}

Val splat_n(Emitter *e, Val scalar, unsigned lanes)
{
    LLVMTypeRef type = LLVMVectorType(LLVMTypeOf(scalar), lanes);
    if (LLVMIsConstant(scalar))
        return const_splat(scalar, lanes);
    Val one = LLVMBuildInsertElement(e->b, LLVMGetPoison(type), scalar, c32(e, 0), "");
    return LLVMBuildShuffleVector(e->b, one, LLVMGetPoison(type),
                                  LLVMConstNull(LLVMVectorType(e->i32, lanes)), "");
}

Val splat(Emitter *e, Val scalar)
{
    return splat_n(e, scalar, LANES);
}

Val lane_numbers(Emitter *e)
{
    Val v[LANES];
    for (int i = 0; i < LANES; i++)
        v[i] = c32(e, i);
    return LLVMConstVector(v, LANES);
}

Val shuffle(Emitter *e, Val a, Val b, const int *mask, unsigned n)
{
    Val m[LANES];
    for (unsigned i = 0; i < n; i++)
        m[i] = c32(e, mask[i]);
    return LLVMBuildShuffleVector(e->b, a, b ? b : LLVMGetPoison(LLVMTypeOf(a)),
                                  LLVMConstVector(m, n), "");
}

Val call_intrinsic(Emitter *e, const char *name, LLVMTypeRef type, unsigned count, Val *args)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    Val fn = LLVMGetIntrinsicDeclaration(e->module, id, &type, 1);
    return LLVMBuildCall2(e->b, LLVMIntrinsicGetType(e->context, id, &type, 1), fn, args, count,
                          "");
}

Val call_intrinsic_of(Emitter *e, const char *name, unsigned count, Val *args)
{
    unsigned id = LLVMLookupIntrinsicID(name, __builtin_strlen(name));
    Val fn = LLVMGetIntrinsicDeclaration(e->module, id, NULL, 0);
    return LLVMBuildCall2(e->b, LLVMIntrinsicGetType(e->context, id, NULL, 0), fn, args, count, "");
}

Val vfma(Emitter *e, Val a, Val b, Val c)
{
    Val args[] = { a, b, c };
    return call_intrinsic(e, "llvm.fma", LLVMTypeOf(a), 3, args);
}

Val vselect(Emitter *e, Val mask, Val a, Val b)
{
    return LLVMBuildSelect(e->b, mask, a, b, "");
}

Val float_offset(Emitter *e, Val base, Val floats)
{
    return LLVMBuildGEP2(e->b, e->f32, base, &floats, 1, "");
}

Val load_vector(Emitter *e, Val address)
{
    Val v = LLVMBuildLoad2(e->b, e->vf, address, "");
    LLVMSetAlignment(v, NNRT_ALIGN);
    return v;
}

void store_vector(Emitter *e, Val value, Val address)
{
    LLVMSetAlignment(LLVMBuildStore(e->b, value, address), NNRT_ALIGN);
}

Val imul(Emitter *e, Val a, int64_t b)
{
    if (b == 0)
        return c64(e, 0);
    return b == 1 ? a : LLVMBuildMul(e->b, a, c64(e, b), "");
}

Val iadd(Emitter *e, Val a, Val b)
{
    return LLVMBuildAdd(e->b, a, b, "");
}

Val imin(Emitter *e, Val a, Val b)
{
    return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, a, b, ""), a, b, "");
}

Val ceil_div(Emitter *e, Val a, int64_t b)
{
    return b == 1 ? a : LLVMBuildUDiv(e->b, iadd(e, a, c64(e, b - 1)), c64(e, b), "");
}

Val call_extern(Emitter *e, const char *name, LLVMTypeRef type, unsigned count, Val *args)
{
    Val fn = LLVMGetNamedFunction(e->module, name);
    if (!fn)
        fn = LLVMAddFunction(e->module, name, type);
    return LLVMBuildCall2(e->b, type, fn, args, count, "");
}

static Block new_block(Emitter *e, const char *name)
{
    Val fn = LLVMGetBasicBlockParent(LLVMGetInsertBlock(e->b));
    return LLVMAppendBasicBlockInContext(e->context, fn, name);
}

Loop loop_begin(Emitter *e, Val from, Val to, int64_t by, unsigned carried, const Val *initial,
                LLVMTypeRef const *types)
{
    Loop l = { .carried = carried, .by = by, .to = to, .before = LLVMGetInsertBlock(e->b) };
    l.head = new_block(e, "loop");
    l.body = new_block(e, "body");
    l.done = new_block(e, "done");
    LLVMBuildBr(e->b, l.head);
    LLVMPositionBuilderAtEnd(e->b, l.head);
    l.i = LLVMBuildPhi(e->b, e->i64, "i");
    LLVMAddIncoming(l.i, &from, &l.before, 1);
    for (unsigned c = 0; c < carried; c++) {
        l.phi[c] = LLVMBuildPhi(e->b, types ? types[c] : LLVMTypeOf(initial[c]), "");
        Val first = initial[c];
        LLVMAddIncoming(l.phi[c], &first, &l.before, 1);
    }
    LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, l.i, to, ""), l.body, l.done);
    LLVMPositionBuilderAtEnd(e->b, l.body);
    return l;
}

void loop_end(Emitter *e, Loop *l, const Val *next)
{
    Block latch = LLVMGetInsertBlock(e->b);
    Val following = iadd(e, l->i, c64(e, l->by));
    LLVMBuildBr(e->b, l->head);
    LLVMAddIncoming(l->i, &following, &latch, 1);
    for (unsigned c = 0; c < l->carried; c++) {
        Val v = next[c];
        LLVMAddIncoming(l->phi[c], &v, &latch, 1);
    }
    LLVMPositionBuilderAtEnd(e->b, l->done);
}

Branch branch_begin(Emitter *e, Val condition)
{
    Branch r = { new_block(e, "then"), new_block(e, "else"), new_block(e, "end") };
    LLVMBuildCondBr(e->b, condition, r.then, r.other);
    LLVMPositionBuilderAtEnd(e->b, r.then);
    return r;
}

void branch_else(Emitter *e, Branch *r)
{
    LLVMBuildBr(e->b, r->done);
    LLVMPositionBuilderAtEnd(e->b, r->other);
    r->then = NULL;
}

void branch_end(Emitter *e, Branch *r)
{
    LLVMBuildBr(e->b, r->done);
    if (r->then) {
        LLVMPositionBuilderAtEnd(e->b, r->other);
        LLVMBuildBr(e->b, r->done);
    }
    LLVMPositionBuilderAtEnd(e->b, r->done);
}
