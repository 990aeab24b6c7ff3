/* export.c: `export`: a network and its weights as an ONNX file. */
#include "actions/actions.h"
#include "actions/onnx_file.h"
#include <stdlib.h>

bool nnrt_do_export(nnrt_program *program, nnrt_error *e)
{
    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e);
    const char *to = nnrt_action_text(program, "to");
    if (!model || !nnrt_model_draw(model, nnrt_action_seed(program), e))
        return false;
    if (!to)
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "'export' of the program names no file");
    if (program->session->options.dry_run)
        return true;
    char *path = nnrt_program_path(program, to);
    bool ok = path ? nnrt_onnx_write(json_object_get(program->action, "graph"), model, path, e)
                   : nnrt_no_memory(e);
    free(path);
    return ok;
}
