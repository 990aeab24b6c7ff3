/* jit.c: units compiled just in time. Each is compiled to an object by our own target machine
 * (LLJIT's would run at another optimisation level) and given to a JITDylib of LLJIT's. */
#include "codegen/cpu/emit.h"
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <math.h>
#include <string.h>
#include <pthread.h>

struct Jit {
    Target *target;
    Arena *arena;
    LLVMOrcLLJITRef lljit;
    /* of all that follows, the arena and lljit while units are compiled side by side */
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    bool taken[TARGET_MACHINES];
    int units; /* being compiled now */
};

bool target_runs_here(const Target *t);

static double host_floor(double x)
{
    return floor(x);
}

/* Symbols that generated code may use, by address: the runtime's and libm's. */
typedef struct HostSymbol {
    const char *name;
    void *address;
} HostSymbol;

static size_t host_symbols(HostSymbol *out)
{
    size_t n = 0;
#define NNRT(name) out[n++] = (HostSymbol){ #name, (void *)(uintptr_t)name };
#include "abi/nnrt.def"
#undef NNRT
#define LIBM(name, address)                                                                        \
    out[n++] = (HostSymbol)                                                                        \
    {                                                                                              \
        name, (void *)(uintptr_t)(double (*)(double))(address)                                     \
    }
    LIBM("exp", exp);
    LIBM("log", log);
    LIBM("sin", sin);
    LIBM("cos", cos);
    LIBM("tanh", tanh);
    LIBM("erf", erf);
    LIBM("floor", host_floor);
#undef LIBM
    out[n++] = (HostSymbol){ "pow", (void *)(uintptr_t)(double (*)(double, double))pow };
    out[n++] = (HostSymbol){ "memset", (void *)(uintptr_t)memset };
    out[n++] = (HostSymbol){ "memcpy", (void *)(uintptr_t)memcpy };
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
        pairs[i].Sym.Flags = (LLVMJITSymbolFlags){
            LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable, 0
        };
    }
    return LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(lljit),
                                 LLVMOrcAbsoluteSymbols(pairs, n));
}

Jit *jit_new(Target *target, char **error)
{
    if (!target_runs_here(target)) {
        Arena *arena = arena_new();
        *error = strdup(arena_printf(arena, "this machine's processor can't run code for %s",
                                     target_cpu(target)));
        arena_free(arena);
        return NULL;
    }
    Arena *arena = arena_new();
    Jit *jit = ARENA_NEW(arena, Jit);
    *jit = (Jit){ .target = target, .arena = arena };
    if (pthread_mutex_init(&jit->lock, NULL) || pthread_cond_init(&jit->given_back, NULL)) {
        *error = strdup("out of memory");
        arena_free(arena);
        return NULL;
    }
    LLVMErrorRef failed = LLVMOrcCreateLLJIT(&jit->lljit, NULL);
    if (!failed)
        failed = define_host(jit->lljit);
    if (!failed)
        return jit;
    char *text = take_error(arena, failed);
    *error = strdup(text);
    jit_free(jit);
    return NULL;
}

void jit_free(Jit *jit)
{
    if (!jit)
        return;
    if (jit->lljit)
        LLVMConsumeError(LLVMOrcDisposeLLJIT(jit->lljit));
    pthread_mutex_destroy(&jit->lock);
    pthread_cond_destroy(&jit->given_back);
    arena_free(jit->arena);
}

/* One part of a unit, made on a thread of its own: context, module, machine and arena are nobody
 * else's. */
typedef struct PartJob {
    Jit *jit;
    const Plan *plan;
    int part, parts, machine;
    LLVMMemoryBufferRef object;
    Arena *arena;
    char *error;
} PartJob;

static void *compile_part(void *argument)
{
    PartJob *job = argument;
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = module_of_plans(
        context, job->jit->target,
        &(ModuleRequest){ &job->plan, 1, job->part, job->parts, job->arena, job->machine },
        &job->error);
    char *message = NULL;
    if (module &&
        LLVMTargetMachineEmitToMemoryBuffer(target_machine(job->jit->target, job->machine), module,
                                            LLVMObjectFile, &message, &job->object)) {
        job->error = arena_printf(job->arena, "internal: LLVM: %s", message);
        LLVMDisposeMessage(message);
    }
    if (module)
        LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return NULL;
}

/* Units of a few kernels are made sooner than a second thread starts. */
enum { KERNELS_FOR_TWO_PARTS = 8 };

static LLVMErrorRef add_parts(Jit *jit, PartJob *jobs, int parts)
{
    LLVMErrorRef failed = NULL;
    for (int p = 0; p < parts; p++) {
        /* takes the object */
        if (!failed) {
            failed = LLVMOrcLLJITAddObjectFile(jit->lljit, LLVMOrcLLJITGetMainJITDylib(jit->lljit),
                                               jobs[p].object);
        } else {
            LLVMDisposeMemoryBuffer(jobs[p].object);
        }
    }
    return failed;
}

/* Machines for a unit's parts; where another unit is being compiled, one is enough. Gives the
 * number of parts. */
static int take_machines(Jit *jit, int parts, int *machine)
{
    int taken = 0;
    pthread_mutex_lock(&jit->lock);
    if (jit->units++ > 0)
        parts = 1;
    for (;;) {
        for (int i = 0; i < TARGET_MACHINES && taken < parts; i++) {
            if (jit->taken[i])
                continue;
            jit->taken[i] = true;
            machine[taken++] = i;
        }
        if (taken)
            break;
        pthread_cond_wait(&jit->given_back, &jit->lock);
    }
    pthread_mutex_unlock(&jit->lock);
    return taken;
}

static void give_machines_back(Jit *jit, int parts, const int *machine)
{
    for (int p = 0; p < parts; p++)
        jit->taken[machine[p]] = false;
    jit->units--;
    pthread_cond_broadcast(&jit->given_back);
}

nnrt_unit jit_compile(Jit *jit, const Plan *plan, char **error)
{
    int machine[TARGET_PARTS], parts = take_machines(jit,
                                                     plan->kernels.len >= KERNELS_FOR_TWO_PARTS &&
                                                             nnrt_default_threads() > 1
                                                         ? TARGET_PARTS
                                                         : 1,
                                                     machine);
    PartJob jobs[TARGET_PARTS];
    pthread_t threads[TARGET_PARTS];
    bool started[TARGET_PARTS] = { false };
    for (int p = parts - 1; p >= 0; p--) {
        jobs[p] = (PartJob){ .jit = jit,
                             .plan = plan,
                             .part = p,
                             .parts = parts,
                             .machine = machine[p],
                             .arena = arena_new() };
        started[p] = p > 0 && !pthread_create(&threads[p], NULL, compile_part, &jobs[p]);
        if (!started[p])
            compile_part(&jobs[p]);
    }
    bool done = true;
    for (int p = 0; p < parts; p++)
        if (started[p])
            pthread_join(threads[p], NULL);
    pthread_mutex_lock(&jit->lock);
    give_machines_back(jit, parts, machine);
    for (int p = 0; p < parts; p++) {
        if (jobs[p].object)
            continue;
        if (done) {
            *error =
                arena_printf(jit->arena, "%s", jobs[p].error ? jobs[p].error : "internal: no code");
        }
        done = false;
    }
    LLVMOrcExecutorAddress address = 0;
    LLVMErrorRef failed = NULL;
    if (done) {
        failed = add_parts(jit, jobs, parts);
    } else {
        for (int p = 0; p < parts; p++)
            if (jobs[p].object)
                LLVMDisposeMemoryBuffer(jobs[p].object);
    }
    for (int p = 0; p < parts; p++)
        arena_free(jobs[p].arena);
    if (done && !failed)
        failed = LLVMOrcLLJITLookup(jit->lljit, &address, plan->graph->name);
    if (failed) {
        *error = take_error(jit->arena, failed);
        address = 0;
    }
    pthread_mutex_unlock(&jit->lock);
    return (nnrt_unit)(uintptr_t)address;
}
