/* checkpoint_resume.c: opening the file of --resume: is it a checkpoint, of this program as it is
 * now? */
#include "train/checkpoint.h"
#include <stdlib.h>
#include <string.h>

/* ---- the model of a training ---- */
static bool has_weight(const nnrt_model *model, const char *name)
{
    for (size_t i = 0; i < model->count; i++)
        if (!strcmp(name, model->weight_name[i]))
            return true;
    return false;
}

/* Names that are not a weight's. */
static bool is_state(const char *name)
{
    return !strncmp(name, "optimizer.", 10) || !strncmp(name, "average.", 8) ||
           !strncmp(name, "nnc.", 4);
}

/* All of the model's weights are there in their shapes, and no others. */
static bool judge_model(const nnrt_resume *resume, const nnrt_model *model, nnrt_error *e)
{
    for (size_t i = 0; i < model->count; i++) {
        const char *name = model->weight_name[i];
        const nnrt_layout *layout = &model->weight[i]->layout;
        const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, name);
        if (!tensor || !nnrt_resume_fits(tensor, layout))
            return nnrt_resume_changed(resume, name, tensor, layout, e);
    }
    for (size_t k = 0; k < nnrt_safetensors_count(resume->file); k++) {
        const nnrt_tensor_in *tensor = nnrt_safetensors_at(resume->file, k);
        char shape[128];
        if (is_state(tensor->name) || has_weight(model, tensor->name))
            continue;
        nnrt_shape_text(tensor->rank, tensor->dims, shape, sizeof shape);
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "the network has changed since '%s' was written: it has '%s' %s, a weight "
                         "that the network does not have now",
                         resume->path, tensor->name, shape);
    }
    return true;
}

static bool read_model(const nnrt_resume *resume, nnrt_model *model, nnrt_error *e)
{
    for (size_t i = 0; i < model->count; i++) {
        nnrt_weight *weight = model->weight[i];
        const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, model->weight_name[i]);
        if (!nnrt_resume_read(resume, tensor, &weight->layout, weight->values, e))
            return false;
        weight->drawn = true;
    }
    return true;
}

/* ---- the action ---- */
static bool changed(const nnrt_resume *resume, Verb verb, const char *model, nnrt_error *e)
{
    return nnrt_fail(
        e, NNRT_FILES, "bad-checkpoint",
        "the script has changed since '%s' was written: its action %zu does not %s '%s'",
        resume->path, resume->action + 1, verb_name(verb), model ? model : "");
}

/* Is the action that it was written in still the same? *model: a training's, else NULL. */
static bool judge_action(nnrt_program *program, const nnrt_resume *resume, nnrt_model **model,
                         nnrt_error *e)
{
    const json_t *state = resume->state, *actions = json_object_get(program->json, "actions"),
                 *action = json_array_get(actions, resume->action);
    Verb verb = nnrt_verb(action), old_verb = nnrt_verb(state);
    const char *name = json_string_value(json_object_get(action, "model")),
               *old_name = json_string_value(json_object_get(state, "model"));
    if (old_verb == VERB_COUNT)
        old_verb = VERB_TRAIN;
    if (verb != old_verb || !name || !old_name || strcmp(name, old_name))
        return changed(resume, old_verb, old_name, e);

    *model = NULL;
    if (verb == VERB_TRAIN) {
        *model = nnrt_program_model(program, name, e);
        if (!*model || !judge_model(resume, *model, e))
            return false;
    }
    if (json_equal(json_object_get(action, "fingerprint"), json_object_get(state, "fingerprint")))
        return true;
    return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                     "the network, its data or the recipe has changed since '%s' was written",
                     resume->path);
}

/* ---- the file ---- */
static bool read_state(nnrt_resume *resume, nnrt_error *e)
{
    const char *text = nnrt_safetensors_metadata(resume->file, "nnc");
    json_t *state = resume->state = text ? json_loads(text, 0, NULL) : NULL;
    bool of_training = json_is_integer(json_object_get(state, "step")),
         of_search = json_is_array(json_object_get(state, "journal"));
    if (!json_is_object(state) || !(of_training || of_search)) {
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "'%s' is not a checkpoint: it has no training position", resume->path);
    }
    if (json_integer_value(json_object_get(state, "version")) != NNRT_CHECKPOINT_VERSION) {
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "'%s' is a checkpoint of another version of nnc", resume->path);
    }
    resume->action = (size_t)json_integer_value(json_object_get(state, "action"));
    return true;
}

static bool restore(nnrt_resume *resume, nnrt_program *program, nnrt_error *e)
{
    nnrt_model *model = NULL;
    return read_state(resume, e) &&
           nnrt_preparations_restore(&program->session->preparations,
                                     json_object_get(resume->state, "preparations"), resume->path,
                                     e) &&
           nnrt_resume_params(resume, program, e) && judge_action(program, resume, &model, e) &&
           (!model || read_model(resume, model, e)) &&
           nnrt_resume_session(resume, program, model, e);
}

nnrt_resume *nnrt_resume_open(nnrt_program *program, const char *path, nnrt_error *e)
{
    nnrt_resume *resume = calloc(1, sizeof *resume);
    if (resume)
        resume->path = strdup(path);
    if (!resume || !resume->path)
        nnrt_no_memory(e);
    else if ((resume->file = nnrt_safetensors_open(path, e)) && restore(resume, program, e))
        return resume;
    nnrt_resume_free(resume);
    return NULL;
}

void nnrt_resume_free(nnrt_resume *resume)
{
    if (!resume)
        return;
    nnrt_safetensors_close(resume->file);
    json_decref(resume->state);
    free(resume->path);
    free(resume);
}

size_t nnrt_resume_action(const nnrt_resume *resume)
{
    return resume->action;
}
