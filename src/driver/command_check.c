/* command_check.c: `nnc check`: what a script would make: shapes, parameters, operations, memory;
 * nothing is trained or written. */
#include "driver/compile.h"
#include "driver/driver.h"
#include "driver/json_values.h"
#include <inttypes.h>
#include <string.h>

/* What each training and each other action works with. */
static void print_action(Compiler *c, const CompiledAction *a)
{
    if (!a->unit)
        return; /* an ensemble's, or none */
    uint32_t line = 0, column = 0;
    source_position(a->action->verb_span.file, a->action->verb_span.begin, &line, &column);
    printf("line %u, %s: ", line, verb_name(a->action->verb));
    if (a->action->verb == VERB_TRAIN) {
        printf("%" PRId64 " epochs of %" PRId64 " steps, batch %" PRId64 ", ", a->epochs,
               a->unit->spec.per_epoch, a->batch);
    } else if (a->unit->spec.kind == UNIT_MINIMIZE) {
        printf("%" PRId64 " steps, ", a->steps);
    } else {
        printf("batch %" PRId64 ", ", a->batch);
    }
    printf("arena %s, %zu kernels\n", bytes_text(c->arena, (double)a->unit->plan->arena_bytes),
           a->unit->plan->kernels.len);
}

int command_check(Options *options)
{
    Compiler *c = compiler_new(options);
    c->lists_all = true;
    Compiled compiled;
    int status;
    if (compile_script(c, options->operands.data[0], &compiled, &status)) {
        for (size_t i = 0; i < compiled.data.len; i++)
            print_data(c->arena, compiled.data.data[i]);
        for (size_t i = 0; i < compiled.models.len; i++)
            print_model(c, compiled.units.data, compiled.units.len, compiled.models.data[i]);
        for (size_t i = 0; i < compiled.actions.len; i++)
            print_action(c, compiled.actions.data[i]);
        puts("no errors");
    }
    compiler_free(c);
    return status;
}
