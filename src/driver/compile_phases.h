/* compile_phases.h: the phases of compile() that have files of their own. Each reports to the
 * compiler's diagnostics; false: the phases after it have nothing to work with. */
#ifndef NNC_COMPILE_PHASES_H
#define NNC_COMPILE_PHASES_H
#include "driver/compile.h"

/* compile_data.c: opens the data that actions use, since shapes follow from it. */
bool phase_data(Compiler *compiler, Compiled *out);
/* compile_shapes.c: models at the shape of their data; what actions ask of a model and data that
 * must fit each other. */
bool phase_shapes(Compiler *compiler, Compiled *out);
/* compile_units.c: the functions of machine code that each action calls: lowered, planned, not yet
 * compiled. */
bool phase_units(Compiler *compiler, Compiled *out);
#endif
