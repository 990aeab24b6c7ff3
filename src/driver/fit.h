/* fit.h: what follows from the data once it is open, and from the files that are there. Errors go
 * to compiler->diags. */
#ifndef NNC_FIT_H
#define NNC_FIT_H
#include "driver/compile.h"

/* The metrics that an action with data measures or watches. */
void fit_metrics(Compiler *compiler, const CompiledAction *action);
/* The metrics that print, assert and plot read from results. */
void fit_results(Compiler *compiler, const Compiled *compiled);
/* The files to load that neither are there nor will be made by then. */
void fit_loads(Compiler *compiler, const Compiled *compiled);
/* Whether an action above may write the file that a `load` reads. */
bool fit_made_above(const Compiled *compiled, const CompiledAction *load);
#endif
