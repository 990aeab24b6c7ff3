/* codegen.h: plans to machine code. The only room that sees llvm-c.
 *
 * The same IR is emitted for every CPU: all vectors are <16 x float>, which LLVM splits where
 * registers are narrower, all multiply-adds are explicit fma, nothing is contracted or
 * reassociated; only tile sizes follow the CPU, and no sum depends on those. */
#ifndef NNC_CODEGEN_H
#define NNC_CODEGEN_H
#include "abi/nnrt.h"
#include "passes/plan.h"

typedef struct Target Target;
/* cpu NULL: this machine's. NULL and an error text (arena) for an unknown name or one without fused
 * multiply-add. */
Target *target_new(Arena *arena, const char *cpu, char **error);
void target_free(Target *target);
/* this machine's, as LLVM names it: "znver3" */
const char *target_host_cpu(Arena *arena);
const char *target_cpu(const Target *target); /* "znver3" */
/* what a built program needs, as names of __builtin_cpu_supports: "avx2,fma" */
const char *target_features(const Target *target);

/* Just-in-time: units compiled one by one, living until the jit is freed. */
typedef struct Jit Jit;
Jit *jit_new(Target *target, char **error);
void jit_free(Jit *jit);
/* several units may be compiled at once */
nnrt_unit jit_compile(Jit *jit, const Plan *plan, char **error);

/* Ahead of time: all units of a program in one module, with `main` calling nnrt_main (EXE, OBJECT,
 * ASM, LLVM). */
typedef enum Emit { EMIT_OBJECT, EMIT_ASM, EMIT_LLVM } Emit;

typedef struct AotProgram {
    /* symbol of a unit: plan->graph->name */
    const Plan **plans;
    const char **unit_names;
    size_t count;
    const char *json; /* embedded */
    bool with_main;
    /* for --emit=lib: for each model NAME a function int NAME_predict(const float *x, size_t n,
     * float *out) that calls nnrt_library_predict(library, model number, x, n, out), and int
     * NAME_load(const char *path) that calls nnrt_library_load */
    const char **models;
    size_t model_count;
} AotProgram;

/* Writes to `path`. False and an error text where it fails. */
bool aot_emit(Target *target, const AotProgram *program, Emit kind, const char *path, char **error);
/* show --llvm, --asm: the text of one plan's module (malloc'ed). */
char *codegen_text(Target *target, const Plan *plan, Emit kind, char **error);
/* Whether an op of CLASS_MAP has its row in scalar.c: all must, which the unit tests look after. */
bool codegen_has_map(Op op);
#endif
