/* program_json.h: a compiled script as the program that the runtime carries out: JSON, described by
 * abi/program.def (docs/program.md). */
#ifndef NNC_PROGRAM_JSON_H
#define NNC_PROGRAM_JSON_H
#include "driver/compile.h"

/* A new reference. `with_folder`: paths start at the script's folder, else (a built program) at the
 * current one. */
json_t *program_json(Compiler *compiler, const Compiled *compiled, bool with_folder);
/* Ends the compiler where its program is not as abi/program.def says. */
void program_verify(const json_t *program);
#endif
