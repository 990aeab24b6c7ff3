/* freeze.c: `freeze` and `unfreeze`: compiled into the trainings that follow, so there is nothing
 * left to do. */
#include "actions/actions.h"

bool nnrt_do_freeze(nnrt_program *program, nnrt_error *e)
{
    (void)program;
    (void)e;
    return true;
}

bool nnrt_do_unfreeze(nnrt_program *program, nnrt_error *e)
{
    (void)program;
    (void)e;
    return true;
}
