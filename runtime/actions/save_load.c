/* save_load.c: `save` and `load`: a model's or an ensemble's weights and their file. */
#include "actions/actions.h"
#include <stdlib.h>

/* An ensemble is stored as a model of all its members' weights. */
static nnrt_model *stored_of(nnrt_program *program, nnrt_model *model, nnrt_error *e)
{
    nnrt_ensemble *ensemble = nnrt_action_ensemble(program, model, e);
    return ensemble ? &ensemble->stored : NULL;
}

bool nnrt_do_save(nnrt_program *program, nnrt_error *e)
{
    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e);
    const char *to = nnrt_action_text(program, "to");
    bool ensemble = nnrt_action_text(program, "ensemble") != NULL;
    const nnrt_preparation *preparation =
        model ? nnrt_preparations_find(&program->session->preparations, model->name) : NULL;
    if (model && ensemble)
        model = stored_of(program, model, e);
    if (!model || (!ensemble && !nnrt_model_draw(model, nnrt_action_seed(program), e)))
        return false;
    if (!to)
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "'save' of the program names no file");
    if (program->session->options.dry_run)
        return true;
    char *path = nnrt_program_path(program, to);
    bool ok = path ? nnrt_model_save(model, preparation, path, e) : nnrt_no_memory(e);
    free(path);
    return ok;
}

/* Loads weights, and from now on prepares what the model meets as the file says. */
static bool load(nnrt_program *program, nnrt_model *stored, const char *name, const char *path,
                 nnrt_error *e)
{
    nnrt_preparation *preparation = NULL;
    bool *left = calloc(stored->count + 1, sizeof *left);
    bool ok = left ? nnrt_model_load_by(stored, path, program->action, left, &preparation, e)
                   : nnrt_no_memory(e);
    ok = ok && nnrt_preparations_set(&program->session->preparations, name, preparation, e);
    for (size_t i = 0; ok && i < stored->count; i++)
        if (left[i])
            nnrt_note(program, "partial-load", "'%s' stays as it was", stored->weight_name[i]);
    free(left);
    nnrt_preparation_free(preparation);
    return ok;
}

bool nnrt_do_load(nnrt_program *program, nnrt_error *e)
{
    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e);
    const char *name = model ? model->name : NULL;
    const char *from = nnrt_action_text(program, "from");
    bool ensemble = nnrt_action_text(program, "ensemble") != NULL;
    if (model && ensemble)
        model = stored_of(program, model, e);
    if (!model)
        return false;
    /* A dry run has written no file, and its ensemble has fewer members than it will have. */
    if (program->session->options.dry_run &&
        (ensemble || json_is_true(json_object_get(program->action, "made")))) {
        return true;
    }
    if (!from)
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "'load' of the program names no file");
    char *path = nnrt_program_path(program, from);
    bool ok = path ? load(program, model, name, path, e) : nnrt_no_memory(e);
    free(path);
    return ok;
}
