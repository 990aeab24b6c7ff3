/* jit.h: units compiled just in time. See backend.h. */
#ifndef NNC_CPU_JIT_H
#define NNC_CPU_JIT_H
#include "codegen/backend.h"

Jit *jit_new(Target *target, char **error);
void jit_free(Jit *jit);
nnrt_unit jit_compile(Jit *jit, const Plan *plan, char **error);
#endif
