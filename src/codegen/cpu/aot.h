/* aot.h: code made ahead of time. See backend.h. */
#ifndef NNC_CPU_AOT_H
#define NNC_CPU_AOT_H
#include "codegen/backend.h"

bool aot_write_program(Target *target, const BuiltProgram *program, CodeForm form, const char *path,
                       char **error);
char *aot_unit_text(Target *target, const Plan *plan, CodeForm form, char **error);
#endif
