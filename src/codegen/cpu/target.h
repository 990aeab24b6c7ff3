/* target.h: the processor that code is made for, and LLVM's machines for it. */
#ifndef NNC_CPU_TARGET_H
#define NNC_CPU_TARGET_H
#include "codegen/backend.h"
#include <llvm-c/TargetMachine.h>

/* modules of one target that may be compiled at the same time */
enum { TARGET_MACHINES = 64 };

struct Target {
    Arena *arena;
    const char *cpu;  /* whose instructions are used, as LLVM names it */
    const char *tune; /* whose timing is minded; NULL: that of `cpu` */
    const char *name; /* as the user knows it */
    /* Of the x86-64 psABI: 3 has 16 vector registers of 8 floats and fused multiply-add, 4 has 32
     * of 16. 0: not x86. */
    int level;
    bool bf16;              /* has dot products of bfloat16 */
    _Atomic bool uses_bf16; /* some code made for it uses them */
    const Machine *machine;
    char *triple;
    LLVMTargetRef llvm;
    LLVMTargetMachineRef llvm_machine[TARGET_MACHINES]; /* made when first asked for */
};

Target *target_new(Arena *arena, const char *name, char **error);
void target_free(Target *target);
const char *target_host_name(Arena *arena);
bool target_runs_here(const Target *target);
/* What a built program needs, as names of __builtin_cpu_supports: "avx2,fma". */
const char *target_features(const Target *target);
/* LLVM's machines are not for two threads at once: whoever compiles has a number to himself. */
LLVMTargetMachineRef target_llvm_machine(Target *target, int number);
#endif
