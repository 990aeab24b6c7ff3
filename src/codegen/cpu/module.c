/* module.c: an LLVM module with the code of some plans' units. */
#include "codegen/cpu/module.h"
#include "codegen/cpu/kernels.h"
#include <llvm-c/Analysis.h>
#include <string.h>

static void set_target(LLVMModuleRef module, Target *target, int machine)
{
    LLVMSetTarget(module, target->triple);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(target_llvm_machine(target, machine));
    LLVMSetModuleDataLayout(module, layout);
    LLVMDisposeTargetData(layout);
}

/* Instructions are those that every such processor has; their order may suit this one. */
static void tune_functions(LLVMModuleRef module, const Target *target)
{
    if (!target->tune)
        return;
    LLVMAttributeRef tune = LLVMCreateStringAttribute(LLVMGetModuleContext(module), "tune-cpu", 8,
                                                      target->tune, (unsigned)strlen(target->tune));
    for (Val fn = LLVMGetFirstFunction(module); fn; fn = LLVMGetNextFunction(fn))
        if (!LLVMIsDeclaration(fn))
            LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex, tune);
}

LLVMModuleRef module_of_plans(LLVMContextRef context, Target *target, const ModuleRequest *request,
                              char **error)
{
    Emitter e = { .context = context,
                  .error = error,
                  .arena = request->arena,
                  .target = target,
                  .part = request->part,
                  .parts = request->parts };
    e.module = LLVMModuleCreateWithNameInContext("nnc", context);
    set_target(e.module, target, request->machine);
    e.b = LLVMCreateBuilderInContext(context);
    abi_types(&e);

    for (size_t i = 0; i < request->count && !e.failed; i++) {
        e.plan = request->plans[i];
        e.g = request->plans[i]->graph;
        emit_unit(&e);
    }
    if (!e.failed)
        product_finish(&e);
    if (e.used_bf16 && e.parts == 1)
        target->uses_bf16 = true;
    LLVMDisposeBuilder(e.b);
    tune_functions(e.module, target);

    char *message = NULL;
    if (!e.failed && LLVMVerifyModule(e.module, LLVMReturnStatusAction, &message))
        emit_fail(&e, "internal: LLVM rejects the code: %s", message);
    LLVMDisposeMessage(message);
    if (!e.failed)
        return e.module;
    LLVMDisposeModule(e.module);
    return NULL;
}
