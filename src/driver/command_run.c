/* command_run.c: `nnc run`: compile, then hand the program to the runtime, which asks for each
 * unit's code when it first needs it. */
#include "driver/driver.h"
#include "driver/program_json.h"

static int run(Compiler *c, const char *path)
{
    Compiled compiled;
    int status;
    if (!compile_script(c, path, &compiled, &status))
        return status;
    nnrt_session *session = compiler_session(c);
    if (!session)
        return compiler_report(c);
    json_t *program = program_json(c, &compiled, true);
    nnrt_session_set_retune(session, compiler_retune, c);
    status = nnrt_session_run(session, program, compiler_resolve, c);
    json_decref(program);
    return status;
}

int command_run(Options *options)
{
    Compiler *c = compiler_new(options);
    c->carries_out = true;
    int status = run(c, options->operands.data[0]);
    compiler_free(c);
    return status;
}
