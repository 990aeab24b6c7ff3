/* broken_statements.h: which statements of a script with errors are whole, and lean on nothing that
 * is not. */
#ifndef NNC_BROKEN_STATEMENTS_H
#define NNC_BROKEN_STATEMENTS_H
#include "driver/compile.h"

/* A flag for each statement of the script: true where it holds an error, or names what such a
 * statement declares. NULL: nothing can be told. */
bool *broken_statements(Compiler *compiler, const Script *script);
bool is_broken(const Compiled *out, const Stmt *stmt); /* by out->broken */
/* drops the others, by out->broken */
void keep_sound_actions(Compiled *out);
#endif
