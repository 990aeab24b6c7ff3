/* backend.c: the CPU's table of functions. */
#include "codegen/cpu/aot.h"
#include "codegen/cpu/kernels.h"
#include "codegen/cpu/jit.h"
#include "codegen/cpu/target.h"

/* A plan is made before it is known for which CPU, and suits them all. */
static const Machine *any_cpu(void)
{
    return machine_cpu(false);
}

const Backend cpu_backend = {
    .machine = any_cpu,
    .host_name = target_host_name,
    .target_new = target_new,
    .target_free = target_free,
    .jit_new = jit_new,
    .jit_free = jit_free,
    .jit_compile = jit_compile,
    .write_program = aot_write_program,
    .unit_text = aot_unit_text,
    .has_map = elementwise_has,
};
