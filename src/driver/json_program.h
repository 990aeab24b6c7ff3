/* json_program.h: a compiled script as the JSON that the runtime carries out (runtime/program.h
 * says its form). */
#ifndef NNC_JSON_PROGRAM_H
#define NNC_JSON_PROGRAM_H
#include "driver/compile.h"

/* A new reference. `with_folder`: paths start at the script's folder, else (a built program) at the
 * current one. */
json_t *program_json(Compiler *compiler, const Compiled *compiled, bool with_folder);
#endif
