/* data_checks.h: what follows from the data once it is open, and from the files that are there.
 * Errors go to compiler->diags. */
#ifndef NNC_DATA_CHECKS_H
#define NNC_DATA_CHECKS_H
#include "driver/compile.h"

/* The metrics that an action with data measures or watches. */
void check_metrics(Compiler *compiler, const CompiledAction *action);
/* The metrics that print, assert and plot read from results. */
void check_result_fields(Compiler *compiler, const Compiled *compiled);
/* The files to load that neither are there nor will be made by then. */
void check_loads(Compiler *compiler, const Compiled *compiled);
/* Whether an action above may write the file that a `load` reads. */
bool load_made_above(const Compiled *compiled, const CompiledAction *load);
#endif
