/* jit.c: units compiled just in time, and kept until the jit is freed.
 *
 * A unit is compiled to an object by our own target machine (LLJIT's would run at another
 * optimisation level), and the object is handed to LLJIT, which links it. A unit of many kernels is
 * compiled in parts, side by side.
 *
 * Threads. An LLVM context and all that is made in it, and a target machine, belong to one thread
 * at a time. So each part has a context, a module and an arena of its own, and borrows one of the
 * target's machines, of which no two threads ever hold the same. `jit->lock` guards the list of
 * borrowed machines, the jit's arena, and LLJIT while objects are added and symbols looked up. It
 * is not held while LLVM compiles, or units could not be compiled side by side.
 *
 * Ownership. LLVM takes some of what it is given and not the rest, and does not always take it
 * where it fails; each such call below says what becomes of its arguments. An LLVMErrorRef must be
 * consumed exactly once: take_error does so. */
#include "codegen/cpu/jit.h"
#include "codegen/cpu/module.h"
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <math.h>
#include <string.h>
#include <pthread.h>

/* Units of fewer kernels are made sooner than a second thread starts. */
enum { KERNELS_FOR_TWO_PARTS = 8 };

struct Jit {
    Target *target;
    Arena *arena;
    LLVMOrcLLJITRef lljit;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    bool taken[TARGET_MACHINES];
    int units; /* being compiled now */
};

/* Consumes the error. */
static char *take_error(Arena *arena, LLVMErrorRef error)
{
    char *message = LLVMGetErrorMessage(error);
    char *text = arena_printf(arena, "internal: LLVM: %s", message);
    LLVMDisposeErrorMessage(message);
    return text;
}

/* ---- what code may call ---- */

typedef struct HostSymbol {
    const char *name;
    void *address;
} HostSymbol;

enum { HOST_SYMBOLS_MAX = 64 };

static double host_floor(double x)
{
    return floor(x);
}

/* The runtime's symbols and libm's, by address. */
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

static LLVMErrorRef define_host(LLVMOrcLLJITRef lljit)
{
    HostSymbol symbols[HOST_SYMBOLS_MAX];
    LLVMOrcCSymbolMapPair pairs[HOST_SYMBOLS_MAX];
    size_t n = host_symbols(symbols);
    for (size_t i = 0; i < n; i++) {
        /* a reference to the interned name, which goes to LLVMOrcAbsoluteSymbols */
        pairs[i].Name = LLVMOrcLLJITMangleAndIntern(lljit, symbols[i].name);
        pairs[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)symbols[i].address;
        pairs[i].Sym.Flags = (LLVMJITSymbolFlags){
            LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable, 0
        };
    }

    /* The dylib takes the unit of symbols, but where it fails the unit stays ours. */
    LLVMOrcMaterializationUnitRef unit = LLVMOrcAbsoluteSymbols(pairs, n);
    LLVMErrorRef failed = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(lljit), unit);
    if (failed)
        LLVMOrcDisposeMaterializationUnit(unit);
    return failed;
}

/* ---- the jit ---- */

Jit *jit_new(Target *target, char **error)
{
    if (!target_runs_here(target)) {
        *error = arena_printf(target->arena, "this machine's processor can't run code for %s",
                              target->name);
        return NULL;
    }

    Arena *arena = arena_new();
    Jit *jit = ARENA_NEW(arena, Jit);
    *jit = (Jit){ .target = target, .arena = arena };
    if (pthread_mutex_init(&jit->lock, NULL) || pthread_cond_init(&jit->given_back, NULL)) {
        *error = arena_printf(target->arena, "out of memory");
        arena_free(arena);
        return NULL;
    }

    LLVMErrorRef failed = LLVMOrcCreateLLJIT(&jit->lljit, NULL);
    if (!failed)
        failed = define_host(jit->lljit);
    if (!failed)
        return jit;
    *error = take_error(target->arena, failed);
    jit_free(jit);
    return NULL;
}

void jit_free(Jit *jit)
{
    if (!jit)
        return;
    /* with the objects that it was given, and the code made of them */
    if (jit->lljit)
        LLVMConsumeError(LLVMOrcDisposeLLJIT(jit->lljit));
    pthread_mutex_destroy(&jit->lock);
    pthread_cond_destroy(&jit->given_back);
    arena_free(jit->arena);
}

/* ---- machines to borrow ---- */

static int parts_of_unit(const Plan *plan)
{
    bool large = plan->kernels.len >= KERNELS_FOR_TWO_PARTS;
    return large && nnrt_default_threads() > 1 ? MODULE_PARTS_MAX : 1;
}

/* Machines for a unit's parts, `parts` of them or fewer; where another unit is being compiled, one
 * is enough. Waits until there is one, and gives the number of parts. */
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

/* The lock is held. */
static void give_machines_back(Jit *jit, int parts, const int *machine)
{
    for (int p = 0; p < parts; p++)
        jit->taken[machine[p]] = false;
    jit->units--;
    pthread_cond_broadcast(&jit->given_back);
}

/* ---- compiling ---- */

/* One part of a unit, made by one thread. */
typedef struct PartJob {
    Jit *jit;
    const Plan *plan;
    int part, parts, machine;
    Arena *arena;
    LLVMMemoryBufferRef object; /* NULL: it failed */
    char *error;                /* in the arena */
} PartJob;

static void *compile_part(void *argument)
{
    PartJob *job = argument;
    Target *target = job->jit->target;
    LLVMContextRef context = LLVMContextCreate();
    ModuleRequest request = { .plans = &job->plan,
                              .count = 1,
                              .part = job->part,
                              .parts = job->parts,
                              .machine = job->machine,
                              .arena = job->arena };
    LLVMModuleRef module = module_of_plans(context, target, &request, &job->error);

    char *message = NULL;
    if (module &&
        LLVMTargetMachineEmitToMemoryBuffer(target_llvm_machine(target, job->machine), module,
                                            LLVMObjectFile, &message, &job->object)) {
        job->error = arena_printf(job->arena, "internal: LLVM: %s", message);
        LLVMDisposeMessage(message);
    }

    /* The object has nothing of the module or the context in it; the module goes first. */
    if (module)
        LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return NULL;
}

/* The calling thread makes the first part, and any whose thread cannot be started. */
static void compile_parts(PartJob *jobs, int parts)
{
    pthread_t threads[MODULE_PARTS_MAX];
    bool started[MODULE_PARTS_MAX] = { false };
    for (int p = parts - 1; p >= 0; p--) {
        started[p] = p > 0 && !pthread_create(&threads[p], NULL, compile_part, &jobs[p]);
        if (!started[p])
            compile_part(&jobs[p]);
    }
    for (int p = 0; p < parts; p++)
        if (started[p])
            pthread_join(threads[p], NULL);
}

static const char *first_error(const PartJob *jobs, int parts)
{
    for (int p = 0; p < parts; p++)
        if (!jobs[p].object)
            return jobs[p].error ? jobs[p].error : "internal: no code";
    return NULL;
}

/* The lock is held. LLJIT takes each object, whether it can add it or not; those that it is not
 * given any more are disposed of here. */
static LLVMErrorRef add_objects(Jit *jit, const PartJob *jobs, int parts)
{
    LLVMOrcJITDylibRef dylib = LLVMOrcLLJITGetMainJITDylib(jit->lljit);
    LLVMErrorRef failed = NULL;
    for (int p = 0; p < parts; p++)
        if (!failed)
            failed = LLVMOrcLLJITAddObjectFile(jit->lljit, dylib, jobs[p].object);
        else
            LLVMDisposeMemoryBuffer(jobs[p].object);
    return failed;
}

/* The lock is held. Takes the parts' objects; NULL and *error where one is missing, or they cannot
 * be linked. */
static nnrt_unit link_parts(Jit *jit, const char *symbol, const PartJob *jobs, int parts,
                            char **error)
{
    const char *unmade = first_error(jobs, parts);
    if (unmade) {
        *error = arena_printf(jit->arena, "%s", unmade);
        for (int p = 0; p < parts; p++)
            if (jobs[p].object)
                LLVMDisposeMemoryBuffer(jobs[p].object);
        return NULL;
    }

    LLVMOrcExecutorAddress address = 0;
    LLVMErrorRef failed = add_objects(jit, jobs, parts);
    if (!failed)
        failed = LLVMOrcLLJITLookup(jit->lljit, &address, symbol);
    if (failed) {
        *error = take_error(jit->arena, failed);
        return NULL;
    }
    return (nnrt_unit)(uintptr_t)address;
}

nnrt_unit jit_compile(Jit *jit, const Plan *plan, char **error)
{
    int machine[MODULE_PARTS_MAX], parts = take_machines(jit, parts_of_unit(plan), machine);
    PartJob jobs[MODULE_PARTS_MAX];
    for (int p = 0; p < parts; p++) {
        jobs[p] = (PartJob){ .jit = jit,
                             .plan = plan,
                             .part = p,
                             .parts = parts,
                             .machine = machine[p],
                             .arena = arena_new() };
    }
    compile_parts(jobs, parts);

    pthread_mutex_lock(&jit->lock);
    give_machines_back(jit, parts, machine);
    nnrt_unit unit = link_parts(jit, plan->graph->name, jobs, parts, error);
    pthread_mutex_unlock(&jit->lock);

    for (int p = 0; p < parts; p++)
        arena_free(jobs[p].arena);
    return unit;
}
