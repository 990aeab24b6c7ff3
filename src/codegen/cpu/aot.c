/* aot.c: programs and libraries: all units in one module, the script's JSON, and what calls the
 * runtime. */
#include "codegen/cpu/emit.h"
#include <llvm-c/Analysis.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

static Val text_constant(Emitter *e, const char *text)
{
    Val bytes = LLVMConstStringInContext(e->context, text, (unsigned)strlen(text), false);
    Val global = LLVMAddGlobal(e->module, LLVMTypeOf(bytes), "text");
    LLVMSetInitializer(global, bytes);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, true);
    return global;
}

/* nnrt_embedded[]: names and functions. */
static Val unit_table(Emitter *e, const AotProgram *p)
{
    LLVMTypeRef row =
        LLVMStructTypeInContext(e->context, (LLVMTypeRef[]){ e->ptr, e->ptr }, 2, false);
    Val *rows = ARENA_ARRAY(e->arena, Val, p->count + 1);
    for (size_t i = 0; i < p->count; i++) {
        Val fields[] = { text_constant(e, p->unit_names[i]),
                         LLVMGetNamedFunction(e->module, p->plans[i]->graph->name) };
        rows[i] = LLVMConstStructInContext(e->context, fields, 2, false);
    }
    Val table = LLVMConstArray2(row, rows, p->count);
    Val global = LLVMAddGlobal(e->module, LLVMTypeOf(table), "units");
    LLVMSetInitializer(global, table);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

static void add_main(Emitter *e, const AotProgram *p, Val json, Val units, const Target *target)
{
    LLVMTypeRef type = LLVMFunctionType(e->i32, (LLVMTypeRef[]){ e->i32, e->ptr }, 2, false);
    Val fn = LLVMAddFunction(e->module, "main", type);
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, fn, "entry"));
    LLVMTypeRef called = LLVMFunctionType(
        e->i32, (LLVMTypeRef[]){ e->i32, e->ptr, e->ptr, e->ptr, e->i64, e->ptr }, 6, false);
    Val args[] = { LLVMGetParam(fn, 0),
                   LLVMGetParam(fn, 1),
                   json,
                   units,
                   c64(e, (int64_t)p->count),
                   text_constant(e, target_features(target)) };
    LLVMBuildRet(e->b, call_extern(e, "nnrt_main", called, 6, args));
}

static void add_library(Emitter *e, const AotProgram *p, Val json, Val units)
{
    LLVMTypeRef get = LLVMFunctionType(e->ptr, (LLVMTypeRef[]){ e->ptr, e->ptr, e->i64 }, 3, false);
    LLVMTypeRef predict = LLVMFunctionType(
        e->i32, (LLVMTypeRef[]){ e->ptr, e->i32, e->ptr, e->i64, e->ptr }, 5, false);
    LLVMTypeRef load =
        LLVMFunctionType(e->i32, (LLVMTypeRef[]){ e->ptr, e->i32, e->ptr }, 3, false);
    for (size_t i = 0; i < p->model_count; i++) {
        Val found[] = { json, units, c64(e, (int64_t)p->count) };
        Val fn = LLVMAddFunction(
            e->module, arena_printf(e->arena, "%s_predict", p->models[i]),
            LLVMFunctionType(e->i32, (LLVMTypeRef[]){ e->ptr, e->i64, e->ptr }, 3, false));
        LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, fn, "entry"));
        Val args[] = { call_extern(e, "nnrt_library_get", get, 3, found), c32(e, (int32_t)i),
                       LLVMGetParam(fn, 0), LLVMGetParam(fn, 1), LLVMGetParam(fn, 2) };
        LLVMBuildRet(e->b, call_extern(e, "nnrt_library_predict", predict, 5, args));
        fn = LLVMAddFunction(e->module, arena_printf(e->arena, "%s_load", p->models[i]),
                             LLVMFunctionType(e->i32, (LLVMTypeRef[]){ e->ptr }, 1, false));
        LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, fn, "entry"));
        Val more[] = { call_extern(e, "nnrt_library_get", get, 3, found), c32(e, (int32_t)i),
                       LLVMGetParam(fn, 0) };
        LLVMBuildRet(e->b, call_extern(e, "nnrt_library_load", load, 3, more));
    }
}

static LLVMModuleRef program_module(LLVMContextRef context, Target *target, const AotProgram *p,
                                    Arena *scratch, char **error)
{
    LLVMModuleRef module = module_of_plans(
        context, target, &(ModuleRequest){ p->plans, p->count, 0, 1, scratch, 0 }, error);
    if (!module)
        return NULL;
    Emitter e = { .context = context, .module = module, .arena = scratch, .error = error };
    e.b = LLVMCreateBuilderInContext(context);
    abi_types(&e);
    /* Units are reached through the table alone. */
    for (size_t i = 0; i < p->count; i++)
        LLVMSetLinkage(LLVMGetNamedFunction(module, p->plans[i]->graph->name), LLVMInternalLinkage);
    Val json = text_constant(&e, p->json), units = unit_table(&e, p);
    if (p->with_main)
        add_main(&e, p, json, units, target);
    add_library(&e, p, json, units);
    LLVMDisposeBuilder(e.b);
    char *message = NULL;
    bool bad = LLVMVerifyModule(module, LLVMReturnStatusAction, &message);
    if (bad)
        emit_fail(&e, "internal: LLVM rejects the program: %s", message);
    LLVMDisposeMessage(message);
    if (!bad)
        return module;
    LLVMDisposeModule(module);
    return NULL;
}

bool aot_emit(Target *target, const AotProgram *program, Emit kind, const char *path, char **error)
{
    LLVMContextRef context = LLVMContextCreate();
    Arena *scratch = arena_new();
    char *inner = NULL, *message = NULL;
    LLVMModuleRef module = program_module(context, target, program, scratch, &inner);
    bool done = false;
    if (!module) {
        *error = strdup(inner ? inner : "internal: no code");
    } else if (kind == EMIT_LLVM) {
        done = !LLVMPrintModuleToFile(module, path, &message);
    } else {
        done = !LLVMTargetMachineEmitToFile(
            target_machine(target, 0), module, (char *)(uintptr_t)path,
            kind == EMIT_ASM ? LLVMAssemblyFile : LLVMObjectFile, &message);
    }
    if (message) {
        *error = strdup(message);
        LLVMDisposeMessage(message);
    }
    if (module)
        LLVMDisposeModule(module);
    LLVMContextDispose(context);
    arena_free(scratch);
    return done;
}

char *codegen_text(Target *target, const Plan *plan, Emit kind, char **error)
{
    LLVMContextRef context = LLVMContextCreate();
    Arena *scratch = arena_new();
    char *inner = NULL;
    LLVMModuleRef module =
        module_of_plans(context, target, &(ModuleRequest){ &plan, 1, 0, 1, scratch, 0 }, &inner);
    if (!module)
        *error = strdup(inner ? inner : "internal: no code");
    char *text = NULL, *message = NULL;
    if (module && kind == EMIT_LLVM) {
        char *printed = LLVMPrintModuleToString(module);
        text = strdup(printed);
        LLVMDisposeMessage(printed);
    } else if (module) {
        LLVMMemoryBufferRef buffer = NULL;
        if (!LLVMTargetMachineEmitToMemoryBuffer(target_machine(target, 0), module,
                                                 LLVMAssemblyFile, &message, &buffer)) {
            text = strndup(LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
            LLVMDisposeMemoryBuffer(buffer);
        } else {
            *error = strdup(message);
            LLVMDisposeMessage(message);
        }
    }
    if (module)
        LLVMDisposeModule(module);
    LLVMContextDispose(context);
    arena_free(scratch);
    return text;
}
