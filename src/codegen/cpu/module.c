/* module.c: the CPU that code is made for, and modules holding units. */
#include "codegen/cpu/emit.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

/* What can be asked for with --cpu; bf16: with dot products of bfloat16. Levels are those of the
 * x86-64 psABI: 3 has 16 vector registers of 8 floats and fused multiply-add, 4 has 32 of 16. */
typedef struct CpuRow {
    const char *name;
    int level;
    bool bf16;
} CpuRow;

static const CpuRow cpus[] = {
    { "x86-64-v3", 3, false },      { "x86-64-v4", 4, false },     { "haswell", 3, false },
    { "broadwell", 3, false },      { "skylake", 3, false },       { "alderlake", 3, false },
    { "skylake-avx512", 4, false }, { "cascadelake", 4, false },   { "icelake-client", 4, false },
    { "icelake-server", 4, false }, { "sapphirerapids", 4, true }, { "graniterapids", 4, true },
    { "znver1", 3, false },         { "znver2", 3, false },        { "znver3", 3, false },
    { "znver4", 4, true },
};
static const char *const weak[] = { "x86-64",   "x86-64-v2",   "generic",   "nehalem",
                                    "westmere", "sandybridge", "ivybridge", "btver2" };
/* Names of __builtin_cpu_supports. */
static const char *const level_features[] = {
    [0] = "", [3] = "avx2,fma,bmi2", [4] = "avx2,fma,bmi2,avx512f,avx512bw,avx512dq,avx512vl"
};

struct Target {
    Arena *arena;
    const char *cpu, *tune, *shown;
    int level;              /* 0: not x86 */
    bool bf16;              /* has dot products of bfloat16 */
    _Atomic bool uses_bf16; /* some code made for it uses them */
    LLVMTargetRef target;
    char *triple;
    LLVMTargetMachineRef machine[TARGET_MACHINES];
};

static int host_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2")) {
        return 2;
    }
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
               ? 4
               : 3;
#else
    return 0;
#endif
}

static bool host_bf16(void)
{
#if defined(__x86_64__)
    return host_level() == 4 && __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

static const CpuRow *find_cpu(const char *name)
{
    for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++)
        if (!strcmp(cpus[i].name, name))
            return &cpus[i];
    return NULL;
}

const char *target_host_cpu(Arena *arena)
{
    char *host = LLVMGetHostCPUName();
    const char *name = arena_strndup(arena, host, strlen(host));
    LLVMDisposeMessage(host);
    return name;
}

static bool choose_cpu(Target *t, const char *cpu, char **error)
{
    const char *host_name = target_host_cpu(t->arena);
    if (!cpu || !strcmp(cpu, "native")) {
        t->level = host_level();
        t->bf16 = host_bf16();
        t->shown = host_name;
        t->tune = find_cpu(host_name) || t->level == 0 ? host_name : NULL;
        t->cpu = t->level == 4 ? "x86-64-v4" : t->level == 3 ? "x86-64-v3" : host_name;
        if (t->level == 2) {
            *error = arena_printf(t->arena,
                                  "this machine's processor (%s) has no fused multiply-add (AVX2 "
                                  "and FMA), which nnc needs",
                                  host_name);
        }
        return t->level != 2;
    }
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        if (!strcmp(weak[i], cpu)) {
            *error = arena_printf(
                t->arena, "--cpu %s has no fused multiply-add; the least that will do is x86-64-v3",
                cpu);
            return false;
        }
    }
    const CpuRow *row = find_cpu(cpu);
    if (!row) {
        const char *names[sizeof cpus / sizeof *cpus];
        char *list = arena_printf(t->arena, "native");
        for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++) {
            names[i] = cpus[i].name;
            list = arena_printf(t->arena, "%s, %s", list, cpus[i].name);
        }
        const char *near = nearest_name(cpu, names, sizeof cpus / sizeof *cpus);
        *error =
            arena_printf(t->arena, "unknown --cpu '%s'%s%s%s; known are %s", cpu,
                         near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "", list);
        return false;
    }
    t->level = row->level;
    t->bf16 = row->bf16;
    t->cpu = t->shown = row->name;
    t->tune = find_cpu(host_name) ? host_name : NULL;
    return true;
}

/* Loop strength reduction takes a quarter of the time of code generation, and gives nothing to
 * loops that are written in tiles already. */
static void set_up_llvm(void)
{
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    LLVMParseCommandLineOptions(2, (const char *const[]){ "nnc", "-disable-lsr" }, NULL);
}

Target *target_new(Arena *arena, const char *cpu, char **error)
{
    /* LLVM's options belong to the process, and it takes them once */
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, set_up_llvm);
    Target *t = ARENA_NEW(arena, Target);
    t->arena = arena;
    char *message = NULL;
    t->triple = LLVMGetDefaultTargetTriple();
    if (!choose_cpu(t, cpu, error)) {
        target_free(t);
        return NULL;
    }
    if (LLVMGetTargetFromTriple(t->triple, &t->target, &message)) {
        *error =
            arena_printf(arena, "LLVM knows no target '%s': %s", t->triple, message ? message : "");
        LLVMDisposeMessage(message);
        target_free(t);
        return NULL;
    }
    return t;
}

void target_free(Target *t)
{
    if (!t)
        return;
    for (int i = 0; i < TARGET_MACHINES; i++)
        if (t->machine[i])
            LLVMDisposeTargetMachine(t->machine[i]);
    if (t->triple)
        LLVMDisposeMessage(t->triple);
    t->triple = NULL;
}

const char *target_cpu(const Target *t)
{
    return t->shown;
}

const char *target_features(const Target *t)
{
    return t->uses_bf16 ? arena_printf(t->arena, "%s,avx512bf16", level_features[t->level])
                        : level_features[t->level];
}

int target_tile_rows(const Target *t)
{
    return t->level == 4 ? 14 : 6;
}

bool target_runs_here(const Target *t)
{
    return t->level <= host_level() && (!t->bf16 || host_bf16());
}

LLVMTargetMachineRef target_machine(Target *t, int number)
{
    LLVMTargetMachineRef *m = &t->machine[number];
    if (!*m) {
        *m = LLVMCreateTargetMachine(t->target, t->triple, t->cpu, t->bf16 ? "+avx512bf16" : "",
                                     LLVMCodeGenLevelLess, LLVMRelocPIC, LLVMCodeModelDefault);
    }
    return *m;
}

static void attribute_all(Emitter *e, const Target *t)
{
    if (!t->tune)
        return;
    LLVMAttributeRef tune =
        LLVMCreateStringAttribute(e->context, "tune-cpu", 8, t->tune, (unsigned)strlen(t->tune));
    for (Val fn = LLVMGetFirstFunction(e->module); fn; fn = LLVMGetNextFunction(fn))
        if (!LLVMIsDeclaration(fn))
            LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex, tune);
}

LLVMModuleRef module_of_plans(LLVMContextRef context, Target *target, const ModuleRequest *request,
                              char **error)
{
    Emitter e = { .context = context,
                  .error = error,
                  .arena = request->arena,
                  .tile_rows = target_tile_rows(target),
                  .x86 = target->level > 0,
                  .bf16 = target->bf16,
                  .part = request->part,
                  .parts = request->parts };
    e.module = LLVMModuleCreateWithNameInContext("nnc", context);
    LLVMSetTarget(e.module, target->triple);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(target_machine(target, request->machine));
    LLVMSetModuleDataLayout(e.module, layout);
    LLVMDisposeTargetData(layout);
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
    attribute_all(&e, target);
    char *message = NULL;
    if (!e.failed && LLVMVerifyModule(e.module, LLVMReturnStatusAction, &message))
        emit_fail(&e, "internal: LLVM rejects the code: %s", message);
    LLVMDisposeMessage(message);
    if (!e.failed)
        return e.module;
    LLVMDisposeModule(e.module);
    return NULL;
}
