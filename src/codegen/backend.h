/* backend.h: code generation for one kind of machine, behind a table of functions. The rest of the
 * compiler knows no more of machine code than this file and passes/machine.h; a second kind of
 * machine is a second folder beside cpu/ with a table of its own.
 *
 * What comes out must not depend on the machine: each backend keeps the order of sums that the
 * plan's SumRules fix, fuses multiply and add only where cpu/ does, and reassociates nothing. */
#ifndef NNC_BACKEND_H
#define NNC_BACKEND_H
#include "abi/nnrt.h"
#include "passes/plan.h"

/* A processor that code is made for, and units compiled for it just in time. What they are is their
 * backend's own affair. */
typedef struct Target Target;
typedef struct Jit Jit;

typedef enum CodeForm { CODE_OBJECT, CODE_ASM, CODE_LLVM } CodeForm;

/* All that is built ahead of time: one module with all units, and with `main` or a library's
 * functions, which call the runtime. */
typedef struct BuiltProgram {
    const Plan **plans; /* a unit's symbol is plan->graph->name */
    const char **unit_names;
    size_t count;
    const char *json; /* embedded */
    bool with_main;   /* int main(int, char **), calling nnrt_main */
    /* For each model NAME a function int NAME_predict(const float *x, size_t n, float *out), which
     * calls nnrt_library_predict(library, model number, x, n, out), and int NAME_load(const char
     * *path), which calls nnrt_library_load. */
    const char **models;
    size_t model_count;
} BuiltProgram;

/* `error` receives a text where a function fails; it lives as long as the target's arena, or
 * longer.
 */
typedef struct Backend {
    /* what plans are made for before a target is known; never NULL */
    const Machine *(*machine)(void);
    /* this computer's processor, as its makers name it: "znver3" */
    const char *(*host_name)(Arena *arena);

    /* `name` as --cpu has it; NULL: this computer's processor. NULL for an unknown name, or a
     * processor that cannot do what the language promises (a CPU without fused multiply-add). */
    Target *(*target_new)(Arena *arena, const char *name, char **error);
    void (*target_free)(Target *target); /* or NULL */

    /* The target must outlive it. NULL where this computer cannot run the target's code. */
    Jit *(*jit_new)(Target *target, char **error);
    void (*jit_free)(Jit *jit); /* with all its units; or NULL */
    /* Several threads may compile units at once. NULL where it fails. */
    nnrt_unit (*jit_compile)(Jit *jit, const Plan *plan, char **error);

    /* Writes a file; false where it fails. */
    bool (*write_program)(Target *target, const BuiltProgram *program, CodeForm form,
                          const char *path, char **error);
    /* One unit as text (CODE_ASM, CODE_LLVM), to be freed by the caller. NULL where it fails. */
    char *(*unit_text)(Target *target, const Plan *plan, CodeForm form, char **error);

    /* Whether it knows an op of CLASS_MAP: it must know all, which the unit tests check. */
    bool (*has_map)(Op op);
} Backend;

/* x86-64 with AVX2 or AVX-512, and what else LLVM's native target is (cpu/). */
extern const Backend cpu_backend;
#endif
