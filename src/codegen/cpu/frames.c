/* frames.c: functions being written: those of kernels, and others that several of them call. */
#include "codegen/cpu/emit.h"
#include <string.h>

void frame_begin(Emitter *e, Frame *f, const char *name)
{
    memset(f, 0, sizeof *f);
    f->fn = LLVMAddFunction(e->module, name, e->kernel_type);
    LLVMSetLinkage(f->fn, LLVMInternalLinkage);
    f->call = LLVMGetParam(f->fn, 0);
    f->position = LLVMGetParam(f->fn, 1);
    f->n = LLVMGetParam(f->fn, 2);
    f->step = LLVMGetParam(f->fn, 3);
    f->task_begin = LLVMGetParam(f->fn, 4);
    f->task_end = LLVMGetParam(f->fn, 5);
    f->args = LLVMGetParam(f->fn, 6);
    f->entry = LLVMAppendBasicBlockInContext(e->context, f->fn, "entry");
    f->entry_body = LLVMAppendBasicBlockInContext(e->context, f->fn, "start");
    LLVMPositionBuilderAtEnd(e->b, f->entry);
    f->arena = abi_field(e, f->call, ABI_ARENA, e->ptr);
    f->scalars = abi_field(e, f->call, ABI_SCALAR, e->ptr);
    f->tensors = abi_field(e, f->call, ABI_TENSOR, e->ptr);
    f->tensor = ARENA_ARRAY(e->arena, Val, e->g->tensors.len + 1);
    LLVMPositionBuilderAtEnd(e->b, f->entry_body);
}

void frame_end(Emitter *e, Frame *f)
{
    LLVMBuildRetVoid(e->b);
    LLVMPositionBuilderAtEnd(e->b, f->entry);
    LLVMBuildBr(e->b, f->entry_body);
}

Block frame_enter_entry(Emitter *e, Frame *f)
{
    Block back = LLVMGetInsertBlock(e->b);
    LLVMPositionBuilderAtEnd(e->b, f->entry);
    return back;
}

void frame_leave_entry(Emitter *e, Block back)
{
    LLVMPositionBuilderAtEnd(e->b, back);
}

Val frame_arg(Emitter *e, Frame *f, int64_t value)
{
    Block back = frame_enter_entry(e, f);
    Val at = c64(e, (int64_t)f->values.len),
        arg = LLVMBuildLoad2(e->b, e->i64, LLVMBuildGEP2(e->b, e->i64, f->args, &at, 1, ""), "");
    frame_leave_entry(e, back);
    vec_push(e->arena, &f->values, value);
    return arg;
}

Val frame_scalar(Emitter *e, Frame *f, int index)
{
    Val at = index < (int)HYPER_COUNT ? c64(e, index) : frame_arg(e, f, index);
    return LLVMBuildGEP2(e->b, e->f64, f->scalars, &at, 1, "");
}

Val frame_tensor(Emitter *e, Frame *f, int tensor)
{
    if (!f->tensor[tensor]) {
        Block back = frame_enter_entry(e, f);
        Val at = frame_arg(e, f, tensor);
        f->tensor[tensor] =
            LLVMBuildLoad2(e->b, e->ptr, LLVMBuildGEP2(e->b, e->ptr, f->tensors, &at, 1, ""), "");
        frame_leave_entry(e, back);
    }
    return f->tensor[tensor];
}

Val frame_seed(Emitter *e, Frame *f)
{
    if (!f->seed) {
        Block back = frame_enter_entry(e, f);
        f->seed = abi_field(e, f->call, ABI_SEED, e->i64);
        frame_leave_entry(e, back);
    }
    return f->seed;
}

bool shared_find(const Emitter *e, const char *name, Val *fn)
{
    for (size_t i = 0; i < e->shared.len; i++) {
        if (strcmp(e->shared.data[i].name, name) == 0) {
            *fn = e->shared.data[i].fn;
            return true;
        }
    }
    return false;
}

Block shared_begin(Emitter *e, const char *name, LLVMTypeRef type, Val *fn)
{
    Block back = LLVMGetInsertBlock(e->b);
    *fn = LLVMAddFunction(e->module, name, type);
    LLVMSetLinkage(*fn, LLVMInternalLinkage);
    vec_push(e->arena, &e->shared, ((Shared){ name, *fn }));
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, *fn, "entry"));
    return back;
}

void shared_end(Emitter *e, Block back)
{
    LLVMBuildRetVoid(e->b);
    if (back)
        LLVMPositionBuilderAtEnd(e->b, back);
}
