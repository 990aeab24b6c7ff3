/* jit.c: units compiled just in time. Each is compiled to an object by our own target machine (LLJIT's would run at another
 * optimisation level) and given to a JITDylib of LLJIT's. */
#include "codegen/emit.h"
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <math.h>
#include <string.h>

struct Jit {
    Target *target;
    Arena *arena;
    LLVMOrcLLJITRef lljit;
};

bool target_runs_here(const Target *t);

static double host_floor(double x) { return floor(x); }

/* Symbols that generated code may use, by address: the runtime's and libm's. */
typedef struct HostSymbol { const char *name; void *address; } HostSymbol;

static size_t host_symbols(HostSymbol *out)
{
    size_t n = 0;
#define NNRT(name) out[n++] = (HostSymbol){#name, (void *)(uintptr_t)name};
#include "nnrt.def"
#undef NNRT
#define LIBM(name, address) out[n++] = (HostSymbol){name, (void *)(uintptr_t)(double (*)(double))(address)};
    LIBM("exp", exp) LIBM("log", log) LIBM("sin", sin) LIBM("cos", cos) LIBM("tanh", tanh) LIBM("erf", erf) LIBM("floor", host_floor)
#undef LIBM
    out[n++] = (HostSymbol){"pow", (void *)(uintptr_t)(double (*)(double, double))pow};
    out[n++] = (HostSymbol){"memset", (void *)(uintptr_t)memset};
    out[n++] = (HostSymbol){"memcpy", (void *)(uintptr_t)memcpy};
    return n;
}

static char *take_error(Arena *arena, LLVMErrorRef error)
{
    char *message = LLVMGetErrorMessage(error);
    char *text = arena_printf(arena, "internal: LLVM: %s", message);
    LLVMDisposeErrorMessage(message);
    return text;
}

static LLVMErrorRef define_host(LLVMOrcLLJITRef lljit)
{
    HostSymbol symbols[64];
    LLVMOrcCSymbolMapPair pairs[64];
    size_t n = host_symbols(symbols);
    for (size_t i = 0; i < n; i++) {
        pairs[i].Name = LLVMOrcLLJITMangleAndIntern(lljit, symbols[i].name);
        pairs[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)symbols[i].address;
        pairs[i].Sym.Flags = (LLVMJITSymbolFlags){LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable, 0};
    }
    return LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(lljit), LLVMOrcAbsoluteSymbols(pairs, n));
}

Jit *jit_new(Target *target, char **error)
{
    if (!target_runs_here(target)) {
        Arena *arena = arena_new();
        *error = strdup(arena_printf(arena, "this machine's processor can't run code for %s", target_cpu(target)));
        arena_free(arena);
        return NULL;
    }
    Arena *arena = arena_new();
    Jit *jit = ARENA_NEW(arena, Jit);
    *jit = (Jit){target, arena, NULL};
    LLVMErrorRef failed = LLVMOrcCreateLLJIT(&jit->lljit, NULL);
    if (!failed) failed = define_host(jit->lljit);
    if (!failed) return jit;
    char *text = take_error(arena, failed);
    *error = strdup(text);
    jit_free(jit);
    return NULL;
}

void jit_free(Jit *jit)
{
    if (!jit) return;
    if (jit->lljit) LLVMConsumeError(LLVMOrcDisposeLLJIT(jit->lljit));
    arena_free(jit->arena);
}

nnrt_unit jit_compile(Jit *jit, const Plan *plan, char **error)
{
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = module_of_plans(context, jit->target, &plan, 1, error);
    if (!module) {
        LLVMContextDispose(context);
        return NULL;
    }
    char *message = NULL;
    LLVMMemoryBufferRef object = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(target_machine(jit->target, true), module, LLVMObjectFile, &message, &object)) {
        *error = arena_printf(jit->arena, "internal: LLVM: %s", message);
        LLVMDisposeMessage(message);
    }
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    if (!object) return NULL;
    LLVMErrorRef failed = LLVMOrcLLJITAddObjectFile(jit->lljit, LLVMOrcLLJITGetMainJITDylib(jit->lljit), object);   /* takes the object */
    LLVMOrcExecutorAddress address = 0;
    if (!failed) failed = LLVMOrcLLJITLookup(jit->lljit, &address, plan->graph->name);
    if (failed) {
        *error = take_error(jit->arena, failed);
        return NULL;
    }
    return (nnrt_unit)(uintptr_t)address;
}
