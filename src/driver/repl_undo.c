/* repl_undo.c: a REPL's last input taken back: all inputs before it are compiled again, so that
 * nothing of it can be left behind. Code that they need is there already (shared_code.h); weights
 * and results are the session's to put back (undo.h). */
#include "driver/compile.h"
#include "driver/driver.h"

bool compiler_undo(Compiler *c)
{
    Compiler *before = compiler_beside(c, c->options);
    Compiled compiled;
    /* no units: what was to be done was done */
    before->only_from = SIZE_MAX;
    before->only_to = 0;
    for (size_t i = 0; i + 1 < c->inputs.len; i++) {
        if (compile(before, c->inputs.data[i], &compiled))
            continue;
        compiler_free(before);
        return false;
    }
    diagnostics_clear(before->diags); /* notes were read when they were new */
    compiler_take_over(c, before);
    return true;
}
