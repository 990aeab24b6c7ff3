/* target.c: the processors that code can be made for. */
#include "codegen/cpu/target.h"
#include <llvm-c/Core.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <string.h>
#include <threads.h>

/* What --cpu can ask for; bf16: with dot products of bfloat16. */
typedef struct CpuRow {
    const char *name;
    int level; /* as Target has it */
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

enum { CPUS = sizeof cpus / sizeof *cpus };

/* Known to LLVM, but without fused multiply-add. */
static const char *const weak[] = { "x86-64",   "x86-64-v2",   "generic",   "nehalem",
                                    "westmere", "sandybridge", "ivybridge", "btver2" };

/* By level: LLVM's names, and what they need as names of __builtin_cpu_supports. */
static const char *const level_names[] = { [3] = "x86-64-v3", [4] = "x86-64-v4" };
static const char *const level_features[] = {
    [0] = "", [3] = "avx2,fma,bmi2", [4] = "avx2,fma,bmi2,avx512f,avx512bw,avx512dq,avx512vl"
};

enum { NOT_X86 = 0, TOO_WEAK = 2, AVX2 = 3, AVX512 = 4 };

static int host_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2")) {
        return TOO_WEAK;
    }
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return avx512 ? AVX512 : AVX2;
#else
    return NOT_X86;
#endif
}

static bool host_bf16(void)
{
#if defined(__x86_64__)
    return host_level() == AVX512 && __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

static const CpuRow *find_cpu(const char *name)
{
    for (size_t i = 0; i < CPUS; i++)
        if (!strcmp(cpus[i].name, name))
            return &cpus[i];
    return NULL;
}

const char *target_host_name(Arena *arena)
{
    char *host = LLVMGetHostCPUName();
    const char *name = arena_strndup(arena, host, strlen(host));
    LLVMDisposeMessage(host);
    return name;
}

/* Code for this machine uses what its level has, so that all machines of a level run the same code;
 * only the order of instructions follows the processor. */
static bool choose_host(Target *t, const char *host, char **error)
{
    t->level = host_level();
    t->bf16 = host_bf16();
    t->name = host;
    t->tune = find_cpu(host) || t->level == NOT_X86 ? host : NULL;
    t->cpu = t->level >= AVX2 ? level_names[t->level] : host;
    if (t->level != TOO_WEAK)
        return true;
    *error = arena_printf(t->arena,
                          "this machine's processor (%s) has no fused multiply-add (AVX2 and FMA), "
                          "which nnc needs",
                          host);
    return false;
}

static char *unknown_cpu(Arena *arena, const char *name)
{
    const char *names[CPUS];
    char *list = arena_printf(arena, "native");
    for (size_t i = 0; i < CPUS; i++) {
        names[i] = cpus[i].name;
        list = arena_printf(arena, "%s, %s", list, cpus[i].name);
    }
    const char *near = nearest_name(name, names, CPUS);
    const char *hint = near ? arena_printf(arena, ", did you mean '%s'?", near) : "";
    return arena_printf(arena, "unknown --cpu '%s'%s; known are %s", name, hint, list);
}

static bool choose_cpu(Target *t, const char *name, char **error)
{
    const char *host = target_host_name(t->arena);
    if (!name || !strcmp(name, "native"))
        return choose_host(t, host, error);

    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        if (!strcmp(weak[i], name)) {
            *error = arena_printf(
                t->arena, "--cpu %s has no fused multiply-add; the least that will do is x86-64-v3",
                name);
            return false;
        }
    }

    const CpuRow *row = find_cpu(name);
    if (!row) {
        *error = unknown_cpu(t->arena, name);
        return false;
    }
    t->level = row->level;
    t->bf16 = row->bf16;
    t->cpu = t->name = row->name;
    t->tune = find_cpu(host) ? host : NULL;
    return true;
}

/* LLVM's options belong to the process, and it takes them once. Loop strength reduction takes a
 * quarter of the time of code generation, and gives nothing to loops that are written in tiles
 * already. */
static void set_up_llvm(void)
{
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    LLVMParseCommandLineOptions(2, (const char *const[]){ "nnc", "-disable-lsr" }, NULL);
}

Target *target_new(Arena *arena, const char *name, char **error)
{
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, set_up_llvm);

    Target *t = ARENA_NEW(arena, Target);
    t->arena = arena;
    t->triple = LLVMGetDefaultTargetTriple();
    if (!choose_cpu(t, name, error)) {
        target_free(t);
        return NULL;
    }
    t->machine = machine_cpu(t->level == AVX512);

    char *message = NULL;
    if (LLVMGetTargetFromTriple(t->triple, &t->llvm, &message)) {
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
        if (t->llvm_machine[i])
            LLVMDisposeTargetMachine(t->llvm_machine[i]);
    if (t->triple)
        LLVMDisposeMessage(t->triple);
    t->triple = NULL;
}

const char *target_features(const Target *t)
{
    const char *features = level_features[t->level];
    return t->uses_bf16 ? arena_printf(t->arena, "%s,avx512bf16", features) : features;
}

bool target_runs_here(const Target *t)
{
    return t->level <= host_level() && (!t->bf16 || host_bf16());
}

LLVMTargetMachineRef target_llvm_machine(Target *t, int number)
{
    LLVMTargetMachineRef *m = &t->llvm_machine[number];
    if (!*m) {
        *m = LLVMCreateTargetMachine(t->llvm, t->triple, t->cpu, t->bf16 ? "+avx512bf16" : "",
                                     LLVMCodeGenLevelLess, LLVMRelocPIC, LLVMCodeModelDefault);
    }
    return *m;
}
