/* module.h: LLVM modules with the code of units. */
#ifndef NNC_CPU_MODULE_H
#define NNC_CPU_MODULE_H
#include "codegen/cpu/target.h"
#include <llvm-c/Core.h>

/* A unit's kernels may be shared out among modules that are compiled side by side; part 0 has the
 * unit's function. */
enum { MODULE_PARTS_MAX = 2 };

typedef struct ModuleRequest {
    const Plan *const *plans;
    size_t count;
    int part, parts;
    int machine; /* number of the target's machine to use */
    Arena *arena;
} ModuleRequest;

/* NULL and *error (in the request's arena) where a plan is beyond code generation. The caller
 * disposes of the module, before its context. */
LLVMModuleRef module_of_plans(LLVMContextRef context, Target *target, const ModuleRequest *request,
                              char **error);
#endif
