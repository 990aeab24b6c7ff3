/* abi.c: nnrt_call as an LLVM structure. Its size is checked against C's. */
#include "codegen/cpu/emit.h"
#include <llvm-c/Target.h>

void abi_types(Emitter *e)
{
    LLVMContextRef c = e->context;
    e->void_ = LLVMVoidTypeInContext(c);
    e->i1 = LLVMInt1TypeInContext(c);
    e->i8 = LLVMInt8TypeInContext(c);
    e->i16 = LLVMInt16TypeInContext(c);
    e->i32 = LLVMInt32TypeInContext(c);
    e->i64 = LLVMInt64TypeInContext(c);
    e->f32 = LLVMFloatTypeInContext(c);
    e->f64 = LLVMDoubleTypeInContext(c);
    e->ptr = LLVMPointerTypeInContext(c, 0);

    e->vf = LLVMVectorType(e->f32, LANES);
    e->vi = LLVMVectorType(e->i32, LANES);
    e->vd = LLVMVectorType(e->f64, LANES);
    e->vl = LLVMVectorType(e->i64, LANES);
    e->v4i = LLVMVectorType(e->i32, 4);
    e->v4l = LLVMVectorType(e->i64, 4);
    e->v8f = LLVMVectorType(e->f32, 8);

    LLVMTypeRef fields[] = { e->ptr, e->ptr, e->ptr, e->ptr, e->ptr, e->ptr, e->ptr, e->i64, e->i64,
                             e->i64, e->ptr, e->ptr, e->i64, e->ptr, e->i32, e->i32, e->i64 };
    _Static_assert(sizeof fields / sizeof *fields == ABI_HALT_STEP + 1,
                   "one type a field of nnrt_call");
    _Static_assert(sizeof(nnrt_call) == 15 * 8 + 8,
                   "nnrt_call has no padding and no further fields");
    e->call_struct = LLVMStructTypeInContext(c, fields, sizeof fields / sizeof *fields, false);
    LLVMTypeRef kernel[] = { e->ptr, e->i64, e->i64, e->i64, e->i64, e->i64, e->ptr };
    e->kernel_type = LLVMFunctionType(e->void_, kernel, 7, false);
}

Val abi_field_pointer(Emitter *e, Val call, unsigned field)
{
    return LLVMBuildStructGEP2(e->b, e->call_struct, call, field, "");
}

Val abi_field(Emitter *e, Val call, unsigned field, LLVMTypeRef type)
{
    return LLVMBuildLoad2(e->b, type, abi_field_pointer(e, call, field), "");
}
