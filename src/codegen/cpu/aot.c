/* aot.c: programs and libraries: all units in one module, the script's JSON, and what calls the
 * runtime. */
#include "codegen/cpu/aot.h"
#include "codegen/cpu/kernels.h"
#include "codegen/cpu/module.h"
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
static Val unit_table(Emitter *e, const BuiltProgram *p)
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

static void add_main(Emitter *e, const BuiltProgram *p, Val json, Val units, const Target *target)
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

static void add_library(Emitter *e, const BuiltProgram *p, Val json, Val units)
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

/* All plans' units in one module. */
static LLVMModuleRef whole_module(LLVMContextRef context, Target *target, const Plan *const *plans,
                                  size_t count, Arena *arena, char **error)
{
    ModuleRequest request = {
        .plans = plans, .count = count, .part = 0, .parts = 1, .machine = 0, .arena = arena
    };
    LLVMModuleRef module = module_of_plans(context, target, &request, error);
    if (!module && !*error)
        *error = arena_printf(arena, "internal: no code");
    return module;
}

static LLVMModuleRef program_module(LLVMContextRef context, Target *target, const BuiltProgram *p,
                                    Arena *arena, char **error)
{
    LLVMModuleRef module = whole_module(context, target, p->plans, p->count, arena, error);
    if (!module)
        return NULL;

    Emitter e = { .context = context, .module = module, .arena = arena, .error = error };
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
    bool ok = !LLVMVerifyModule(module, LLVMReturnStatusAction, &message);
    if (!ok)
        emit_fail(&e, "internal: LLVM rejects the program: %s", message);
    LLVMDisposeMessage(message);
    if (ok)
        return module;
    LLVMDisposeModule(module);
    return NULL;
}

static bool write_module(Target *target, LLVMModuleRef module, CodeForm form, const char *path,
                         char **error)
{
    char *message = NULL;
    LLVMBool failed;
    if (form == CODE_LLVM) {
        failed = LLVMPrintModuleToFile(module, path, &message);
    } else {
        LLVMCodeGenFileType type = form == CODE_ASM ? LLVMAssemblyFile : LLVMObjectFile;
        failed = LLVMTargetMachineEmitToFile(target_llvm_machine(target, 0), module,
                                             (char *)(uintptr_t)path, type, &message);
    }
    if (message) {
        *error = arena_printf(target->arena, "%s", message);
        LLVMDisposeMessage(message);
    }
    return !failed;
}

bool aot_write_program(Target *target, const BuiltProgram *program, CodeForm form, const char *path,
                       char **error)
{
    LLVMContextRef context = LLVMContextCreate();
    Arena *arena = arena_new();
    char *problem = NULL;
    bool ok = false;
    LLVMModuleRef module = program_module(context, target, program, arena, &problem);
    if (module) {
        ok = write_module(target, module, form, path, error);
        LLVMDisposeModule(module);
    } else {
        *error = arena_printf(target->arena, "%s", problem);
    }
    LLVMContextDispose(context);
    arena_free(arena);
    return ok;
}

/* malloc'ed; NULL and *error where it fails */
static char *module_text(Target *target, LLVMModuleRef module, CodeForm form, char **error)
{
    char *text = NULL, *message = NULL;
    if (form == CODE_LLVM) {
        char *printed = LLVMPrintModuleToString(module);
        text = strdup(printed);
        LLVMDisposeMessage(printed);
        return text;
    }

    LLVMMemoryBufferRef buffer = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(target_llvm_machine(target, 0), module,
                                            LLVMAssemblyFile, &message, &buffer)) {
        *error = arena_printf(target->arena, "%s", message);
        LLVMDisposeMessage(message);
    } else {
        text = strndup(LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
        LLVMDisposeMemoryBuffer(buffer);
    }
    return text;
}

char *aot_unit_text(Target *target, const Plan *plan, CodeForm form, char **error)
{
    LLVMContextRef context = LLVMContextCreate();
    Arena *arena = arena_new();
    char *problem = NULL, *text = NULL;
    LLVMModuleRef module = whole_module(context, target, &plan, 1, arena, &problem);
    if (module) {
        text = module_text(target, module, form, error);
        LLVMDisposeModule(module);
    } else {
        *error = arena_printf(target->arena, "%s", problem);
    }
    LLVMContextDispose(context);
    arena_free(arena);
    return text;
}
