/* checkpoint_session.c: what a checkpoint holds beside the training or search that it was written
 * in: other weights, results, ensembles, and the params in force. Each is written and then read. */
#include "train/checkpoint.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char other_prefix[] = "nnc.weights.", ensemble_prefix[] = "nnc.ensemble.";

static int64_t whole_in(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *text_in(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

bool nnrt_model_holds(const nnrt_model *model, const nnrt_weight *weight)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->weight[i] == weight)
            return true;
    return false;
}

/* ---- writing ---- */
void nnrt_bundle_add_session(nnrt_bundle *b, nnrt_session *session, const nnrt_model *model)
{
    for (size_t i = 0; i < session->weights.count; i++) {
        const nnrt_weight *weight = session->weights.item[i];
        if (weight->drawn && !(model && nnrt_model_holds(model, weight)))
            nnrt_bundle_add(b, other_prefix, weight->key, &weight->layout, weight->values);
    }
    for (size_t i = 0; i < session->ensembles.count; i++) {
        const nnrt_ensemble *ensemble = session->ensembles.item[i];
        for (size_t k = 0; k < ensemble->stored.count; k++) {
            char name[600];
            snprintf(name, sizeof name, "%s.%s", ensemble->name, ensemble->stored.weight_name[k]);
            nnrt_bundle_add(b, ensemble_prefix, name, &ensemble->stored.weight[k]->layout,
                            ensemble->stored.weight[k]->values);
        }
    }
}

static json_t *ensembles_json(const nnrt_session *session)
{
    json_t *list = json_array();
    for (size_t i = 0; i < session->ensembles.count; i++) {
        const nnrt_ensemble *ensemble = session->ensembles.item[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:b, s:I}", "name", ensemble->name,
                                              "model", ensemble->model, "combine",
                                              (int)ensemble->combine, "shared", ensemble->shared,
                                              "members", (json_int_t)ensemble->members));
    }
    return list;
}

static json_t *pruned_keys(const nnrt_session *session)
{
    json_t *keys = json_array();
    for (size_t i = 0; i < session->weights.count; i++)
        if (session->weights.item[i]->pruned)
            json_array_append_new(keys, json_string(session->weights.item[i]->key));
    return keys;
}

json_t *nnrt_state_new(const nnrt_program *program)
{
    json_t *state = json_object();
    json_object_set_new(state, "version", json_integer(NNRT_CHECKPOINT_VERSION));
    json_object_set_new(state, "action", json_integer((json_int_t)program->action_index));
    json_object_set_new(state, "verb", json_string(nnrt_action_text(program, "verb")));
    json_object_set_new(state, "model", json_string(nnrt_action_text(program, "model")));
    json_object_set(state, "fingerprint", json_object_get(program->action, "fingerprint"));
    json_object_set_new(state, "pruned", pruned_keys(program->session));
    json_object_set_new(state, "results", nnrt_results_json(&program->session->results));
    if (program->session->preparations.count) {
        json_object_set_new(state, "preparations",
                            nnrt_preparations_json(&program->session->preparations));
    }
    if (program->settled)
        json_object_set(state, "settled", program->settled);
    if (program->session->ensembles.count)
        json_object_set_new(state, "ensembles", ensembles_json(program->session));
    return state;
}

/* ---- reading ---- */
/* Each in force from the action on that found it. */
bool nnrt_resume_params(const nnrt_resume *resume, nnrt_program *program, nnrt_error *e)
{
    size_t i;
    json_t *settled;
    json_array_foreach (json_object_get(resume->state, "settled"), i, settled) {
        program->action_index = (size_t)whole_in(settled, "action");
        const json_t *actions = json_object_get(program->json, "actions");
        if (nnrt_verb(json_array_get(actions, program->action_index)) != VERB_TUNE) {
            return nnrt_fail(
                e, NNRT_FILES, "bad-checkpoint",
                "the script has changed since '%s' was written: its action %zu is not a tune",
                resume->path, program->action_index + 1);
        }
        if (!nnrt_program_settle(program, json_object_get(settled, "params"), e))
            return false;
    }
    return true;
}

static bool read_other_weights(const nnrt_resume *resume, nnrt_session *session,
                               const nnrt_model *model, nnrt_error *e)
{
    size_t prefix = sizeof other_prefix - 1;
    for (size_t k = 0; k < nnrt_safetensors_count(resume->file); k++) {
        const nnrt_tensor_in *tensor = nnrt_safetensors_at(resume->file, k);
        if (strncmp(tensor->name, other_prefix, prefix))
            continue;
        nnrt_weight *weight = nnrt_weights_find(&session->weights, tensor->name + prefix);
        if (!weight || (model && nnrt_model_holds(model, weight)))
            continue;
        if (!nnrt_resume_fits(tensor, &weight->layout))
            return nnrt_resume_changed(resume, weight->key, tensor, &weight->layout, e);
        if (!nnrt_resume_read(resume, tensor, &weight->layout, weight->values, e))
            return false;
        weight->drawn = true;
    }
    return true;
}

static void read_pruned(const nnrt_resume *resume, nnrt_session *session)
{
    size_t i;
    json_t *key;
    json_array_foreach (json_object_get(resume->state, "pruned"), i, key) {
        nnrt_weight *weight = json_is_string(key)
                                  ? nnrt_weights_find(&session->weights, json_string_value(key))
                                  : NULL;
        if (weight)
            weight->pruned = true;
    }
}

/* *fits: the model is still what it was when the ensemble was made; else nothing can use that any
 * more. */
static bool read_members(const nnrt_resume *resume, const nnrt_ensemble *ensemble, const char *name,
                         bool *fits, nnrt_error *e)
{
    *fits = false;
    for (size_t i = 0; i < ensemble->stored.count; i++) {
        char whole[700];
        snprintf(whole, sizeof whole, "%s%s.%s", ensemble_prefix, name,
                 ensemble->stored.weight_name[i]);
        const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, whole);
        nnrt_weight *weight = ensemble->stored.weight[i];
        if (!tensor || !nnrt_resume_fits(tensor, &weight->layout))
            return true;
        if (!nnrt_resume_read(resume, tensor, &weight->layout, weight->values, e))
            return false;
    }
    *fits = true;
    return true;
}

static bool read_ensemble(const nnrt_resume *resume, nnrt_program *program, const json_t *declared,
                          nnrt_error *e)
{
    const char *name = text_in(declared, "name");
    int64_t members = whole_in(declared, "members"), combine = whole_in(declared, "combine");
    nnrt_model *model = nnrt_program_model(program, text_in(declared, "model"), e);
    if (!model)
        return false;
    if (!name || members < 1 || members > INT32_MAX || combine < NNRT_MEAN || combine > NNRT_SUM) {
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "'%s' is damaged: what it says of the ensemble '%s' is not valid",
                         resume->path, name ? name : "");
    }

    nnrt_ensemble *ensemble =
        nnrt_ensemble_new(model, (size_t)members, (nnrt_combine)combine,
                          json_is_true(json_object_get(declared, "shared")), e);
    bool fits, ok = ensemble && read_members(resume, ensemble, name, &fits, e);
    if (ok && fits && nnrt_ensembles_set(&program->session->ensembles, ensemble, name, e))
        return true;
    nnrt_ensemble_free(ensemble);
    return !e->status;
}

bool nnrt_resume_session(const nnrt_resume *resume, nnrt_program *program, const nnrt_model *model,
                         nnrt_error *e)
{
    size_t i;
    json_t *declared;
    if (!read_other_weights(resume, program->session, model, e))
        return false;
    read_pruned(resume, program->session);
    json_array_foreach (json_object_get(resume->state, "ensembles"), i, declared) {
        if (!read_ensemble(resume, program, declared, e))
            return false;
    }
    return nnrt_results_restore(&program->session->results,
                                json_object_get(resume->state, "results"), e);
}
