/* checkpoint.c: writing and reading a training's state. What is written and what is read stand side
 * by side in each pair of functions. */
#include "train/checkpoint_parts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char best_prefix[] = "nnc.best.", swa_prefix[] = "nnc.swa.",
                  other_prefix[] = "nnc.weights.", ensemble_prefix[] = "nnc.ensemble.",
                  history_name[] = "nnc.history";

/* ---- numbers that keep their bits ---- */
static json_t *exact(double value)
{
    char text[48];
    snprintf(text, sizeof text, "%a", value);
    return json_string(text);
}

static double exact_in(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? strtod(text, NULL) : 0;
}

static json_t *exact_list(const double *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, exact(values[i]));
    return list;
}

static void exact_list_in(const json_t *object, const char *key, double *values, size_t count)
{
    const json_t *list = json_object_get(object, key);
    for (size_t i = 0; i < count && i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        values[i] = text ? strtod(text, NULL) : 0;
    }
}

static int64_t whole_in(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---- writing ---- */
void nnrt_bundle_free(nnrt_bundle *b)
{
    for (size_t i = 0; i < b->count; i++) {
        free((char *)b->tensor[i].name);
        free((float *)b->tensor[i].data);
    }
    free(b->tensor);
}

void nnrt_bundle_take(nnrt_bundle *b, const char *prefix, const char *name, int rank,
                      const int64_t *dims, float *data)
{
    char *whole = NULL;
    if (b->count == b->capacity) {
        size_t capacity = 2 * b->capacity + 32;
        nnrt_tensor_out *grown = realloc(b->tensor, capacity * sizeof *grown);
        if (grown) {
            b->tensor = grown;
            b->capacity = capacity;
        }
    }
    if (!data || b->count == b->capacity || asprintf(&whole, "%s%s", prefix, name) < 0) {
        free(data);
        b->failed = true;
        return;
    }
    b->tensor[b->count++] = (nnrt_tensor_out){ whole, rank, dims, data };
}

void nnrt_bundle_add(nnrt_bundle *b, const char *prefix, const char *name,
                     const nnrt_layout *layout, const float *packed)
{
    float *logical = nnrt_tensor_new((size_t)layout->elements);
    if (logical)
        nnrt_unpack(packed, logical, layout->dims, layout->rank, layout->feature_axis);
    nnrt_bundle_take(b, prefix, name, layout->file_rank, layout->dims, logical);
}

static bool holds(const nnrt_model *model, const nnrt_weight *weight)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->weight[i] == weight)
            return true;
    return false;
}

void nnrt_bundle_session(nnrt_bundle *b, nnrt_session *session, const nnrt_model *model)
{
    for (size_t i = 0; i < session->weights.count; i++) {
        const nnrt_weight *weight = session->weights.item[i];
        if (weight->drawn && !(model && holds(model, weight)))
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

static void bundle_training(nnrt_bundle *b, const nnrt_training *training, int64_t history_dims[2])
{
    const nnrt_model *model = training->model;
    nnrt_session *session = training->session;
    for (size_t i = 0; i < model->count; i++) {
        const nnrt_weight *weight = model->weight[i];
        nnrt_bundle_add(b, "", model->weight_name[i], &weight->layout, weight->values);
        if (training->best) {
            nnrt_bundle_add(b, best_prefix, model->weight_name[i], &weight->layout,
                            training->best[i]);
        }
        if (training->swa) {
            nnrt_bundle_add(b, swa_prefix, model->weight_name[i], &weight->layout,
                            training->swa[i]);
        }
    }
    for (size_t i = 0; i < training->unit->count; i++) {
        const nnrt_slot *slot = &training->unit->slot[i];
        if (slot->role == NNRT_STATE)
            nnrt_bundle_add(b, "", slot->name, &slot->layout, slot->own);
    }
    nnrt_bundle_session(b, session, model);
    if (!training->history || !training->history->rows)
        return;
    const nnrt_history *h = training->history;
    size_t bytes = h->rows * h->columns * sizeof(double);
    float *bits = malloc(bytes);
    if (bits)
        memcpy(bits, h->value, bytes);
    history_dims[0] = (int64_t)h->rows;
    history_dims[1] = 2 * (int64_t)h->columns;
    nnrt_bundle_take(b, "", history_name, 2, history_dims, bits);
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
    if (program->settled)
        json_object_set(state, "settled", program->settled);
    if (program->session->ensembles.count)
        json_object_set_new(state, "ensembles", ensembles_json(program->session));
    return state;
}

static json_t *state_of(const nnrt_training *training)
{
    const nnrt_columns *columns = &training->columns;
    json_t *state = nnrt_state_new(training->program), *names = json_array();
    for (size_t i = 0; i < columns->count; i++)
        json_array_append_new(names, json_string(columns->name[i]));
    json_object_set_new(state, "seed", json_integer((json_int_t)training->seed));
    json_object_set_new(state, "step", json_integer(training->step));
    json_object_set_new(state, "epoch", json_integer(training->epoch));
    json_object_set_new(state, "stopped", json_boolean(training->stopped));
    json_object_set_new(state, "sums", exact_list(training->metric_sum, NNRT_METRICS));
    json_object_set_new(state, "epoch_spent", exact(training->epoch_spent));
    json_object_set_new(state, "seconds",
                        exact(training->seconds + nnrt_seconds() - training->began));
    json_object_set_new(state, "lr", exact(training->lr));
    json_object_set_new(state, "plateau_best", exact(training->plateau.best));
    json_object_set_new(state, "plateau_bad", json_integer(training->plateau.bad));
    json_object_set_new(state, "early_best", exact(training->early.best));
    json_object_set_new(state, "early_bad", json_integer(training->early.bad));
    json_object_set_new(state, "best_epoch", json_integer(training->early.best_epoch));
    json_object_set_new(state, "checkpoint_best", exact(training->checkpoint_best));
    json_object_set_new(state, "swa_count", json_integer(training->swa_count));
    json_object_set_new(state, "columns", names);
    json_object_set_new(state, "row", exact_list(training->row, columns->count));
    json_object_set_new(state, "best_row", exact_list(training->best_row, columns->count));
    if (training->confusion_now)
        json_object_set(state, "confusion", training->confusion_now);
    if (training->confusion_best)
        json_object_set(state, "confusion_best", training->confusion_best);
    return state;
}

bool nnrt_bundle_write(const nnrt_bundle *b, const json_t *state, const char *path, bool pruned,
                       nnrt_error *e)
{
    char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
    json_t *metadata = text ? json_pack("{s:s, s:s}", "format", "pt", "nnc", text) : NULL;
    bool well = metadata && !b->failed &&
                (!pruned || !json_object_set_new(metadata, NNRT_PRUNED_MARK, json_string("true")));
    well =
        well ? nnrt_safetensors_write(path, b->tensor, b->count, metadata, e) : nnrt_no_memory(e);
    json_decref(metadata);
    free(text);
    return well;
}

bool nnrt_checkpoint_write(nnrt_training *training, const char *path, nnrt_error *e)
{
    nnrt_bundle b = { 0 };
    int64_t history_dims[2];
    bundle_training(&b, training, history_dims);
    json_t *state = state_of(training);
    bool well = nnrt_bundle_write(&b, state, path, nnrt_model_pruned(training->model), e);
    json_decref(state);
    nnrt_bundle_free(&b);
    return well;
}

/* ---- reading ---- */
bool nnrt_resume_read(const nnrt_resume *resume, const nnrt_tensor_in *tensor,
                      const nnrt_layout *layout, float *packed, nnrt_error *e)
{
    float *logical = nnrt_tensor_new((size_t)layout->elements);
    if (!logical)
        return nnrt_no_memory(e);
    bool well = nnrt_safetensors_read(resume->file, tensor, logical, e);
    if (well)
        nnrt_pack(logical, packed, layout->dims, layout->rank, layout->feature_axis);
    free(logical);
    return well;
}

bool nnrt_resume_fits(const nnrt_tensor_in *tensor, const nnrt_layout *layout)
{
    return tensor->real && nnrt_layout_is(layout, tensor->rank, tensor->dims);
}

bool nnrt_resume_changed(const nnrt_resume *resume, const char *name, const nnrt_tensor_in *tensor,
                         const nnrt_layout *layout, nnrt_error *e)
{
    char is[128], was[128];
    nnrt_shape_text(layout->file_rank, layout->dims, is, sizeof is);
    if (!tensor) {
        return nnrt_fail(
            e, NNRT_FILES, "bad-checkpoint",
            "the network has changed since '%s' was written: that has no '%s', which is %s now",
            resume->path, name, is);
    }
    nnrt_shape_text(tensor->rank, tensor->dims, was, sizeof was);
    return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                     "the network has changed since '%s' was written: '%s' is %s now, and %s there",
                     resume->path, name, is, was);
}

/* All of the model's weights are there in their shapes, and no others. */
static bool judge_model(const nnrt_resume *resume, const nnrt_model *model, nnrt_error *e)
{
    for (size_t i = 0; i < model->count; i++) {
        const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, model->weight_name[i]);
        if (!tensor || !nnrt_resume_fits(tensor, &model->weight[i]->layout)) {
            return nnrt_resume_changed(resume, model->weight_name[i], tensor,
                                       &model->weight[i]->layout, e);
        }
    }
    for (size_t k = 0; k < nnrt_safetensors_count(resume->file); k++) {
        const nnrt_tensor_in *tensor = nnrt_safetensors_at(resume->file, k);
        bool known = !strncmp(tensor->name, "optimizer.", 10) ||
                     !strncmp(tensor->name, "average.", 8) || !strncmp(tensor->name, "nnc.", 4);
        for (size_t i = 0; !known && i < model->count; i++)
            known = !strcmp(tensor->name, model->weight_name[i]);
        char was[128];
        nnrt_shape_text(tensor->rank, tensor->dims, was, sizeof was);
        if (!known) {
            return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                             "the network has changed since '%s' was written: that has '%s' %s, "
                             "the network has no such weight now",
                             resume->path, tensor->name, was);
        }
    }
    return true;
}

static bool restore_model(const nnrt_resume *resume, nnrt_model *model, nnrt_error *e)
{
    for (size_t i = 0; i < model->count; i++) {
        nnrt_weight *weight = model->weight[i];
        if (!nnrt_resume_read(resume, nnrt_safetensors_find(resume->file, model->weight_name[i]),
                              &weight->layout, weight->values, e)) {
            return false;
        }
        weight->drawn = true;
    }
    return true;
}

/* model NULL: there is none whose weights stand under their own names. */
static bool restore_others(nnrt_session *session, const nnrt_resume *resume,
                           const nnrt_model *model, nnrt_error *e)
{
    for (size_t k = 0; k < nnrt_safetensors_count(resume->file); k++) {
        const nnrt_tensor_in *tensor = nnrt_safetensors_at(resume->file, k);
        if (strncmp(tensor->name, other_prefix, sizeof other_prefix - 1))
            continue;
        nnrt_weight *weight =
            nnrt_weights_find(&session->weights, tensor->name + sizeof other_prefix - 1);
        if (!weight || (model && holds(model, weight)))
            continue;
        if (!nnrt_resume_fits(tensor, &weight->layout))
            return nnrt_resume_changed(resume, weight->key, tensor, &weight->layout, e);
        if (!nnrt_resume_read(resume, tensor, &weight->layout, weight->values, e))
            return false;
        weight->drawn = true;
    }
    size_t i;
    json_t *key;
    json_array_foreach (json_object_get(resume->state, "pruned"), i, key) {
        nnrt_weight *weight = json_is_string(key)
                                  ? nnrt_weights_find(&session->weights, json_string_value(key))
                                  : NULL;
        if (weight)
            weight->pruned = true;
    }
    return true;
}

/* *fits: the model is still what it was when the ensemble was made; else nothing can use that any
 * more. */
static bool restore_members(const nnrt_resume *resume, const nnrt_ensemble *ensemble,
                            const char *name, bool *fits, nnrt_error *e)
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

static bool restore_ensembles(nnrt_program *program, const nnrt_resume *resume, nnrt_error *e)
{
    size_t i;
    json_t *said;
    json_array_foreach (json_object_get(resume->state, "ensembles"), i, said) {
        const char *name = json_string_value(json_object_get(said, "name"));
        int64_t members = whole_in(said, "members"), combine = whole_in(said, "combine");
        nnrt_model *model =
            nnrt_program_model(program, json_string_value(json_object_get(said, "model")), e);
        if (!model)
            return false;
        if (!name || members < 1 || members > INT32_MAX || combine < NNRT_MEAN ||
            combine > NNRT_SUM) {
            return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                             "'%s' is damaged: it says nothing sound of the ensemble '%s'",
                             resume->path, name ? name : "");
        }
        nnrt_ensemble *ensemble =
            nnrt_ensemble_new(model, (size_t)members, (nnrt_combine)combine,
                              json_is_true(json_object_get(said, "shared")), e);
        bool fits, read = ensemble && restore_members(resume, ensemble, name, &fits, e);
        if (read && fits && nnrt_ensembles_set(&program->session->ensembles, ensemble, name, e))
            continue;
        nnrt_ensemble_free(ensemble);
        if (e->status)
            return false;
    }
    return true;
}

/* The params that searches had found, each in force from its action on. */
static bool settle_again(nnrt_program *program, const nnrt_resume *resume, nnrt_error *e)
{
    size_t i;
    json_t *settled;
    json_array_foreach (json_object_get(resume->state, "settled"), i, settled) {
        program->action_index = (size_t)whole_in(settled, "action");
        const json_t *action =
            json_array_get(json_object_get(program->json, "actions"), program->action_index);
        const char *verb = json_string_value(json_object_get(action, "verb"));
        if (!verb || strcmp(verb, "tune")) {
            return nnrt_fail(
                e, NNRT_FILES, "bad-checkpoint",
                "the script has changed since '%s' was written: its action %zu is no tune",
                resume->path, program->action_index + 1);
        }
        if (!nnrt_program_settle(program, json_object_get(settled, "params"), e))
            return false;
    }
    return true;
}

/* Is the action that it was written in still the same? Its model, where it holds a training's. */
static bool judge_action(nnrt_program *program, nnrt_resume *resume, nnrt_model **model,
                         nnrt_error *e)
{
    const json_t *action =
        json_array_get(json_object_get(program->json, "actions"), resume->action);
    const char *verb = json_string_value(json_object_get(action, "verb")),
               *name = json_string_value(json_object_get(action, "model"));
    const char *was = json_string_value(json_object_get(resume->state, "model")),
               *did = json_string_value(json_object_get(resume->state, "verb"));
    if (!did)
        did = "train";
    if (!verb || strcmp(verb, did) || !name || !was || strcmp(name, was)) {
        return nnrt_fail(
            e, NNRT_FILES, "bad-checkpoint",
            "the script has changed since '%s' was written: its action %zu does not %s '%s'",
            resume->path, resume->action + 1, did, was ? was : "");
    }
    *model = strcmp(did, "train") ? NULL : nnrt_program_model(program, name, e);
    if (!strcmp(did, "train") && (!*model || !judge_model(resume, *model, e)))
        return false;
    if (json_equal(json_object_get(action, "fingerprint"),
                   json_object_get(resume->state, "fingerprint"))) {
        return true;
    }
    return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                     "the network, its data or the recipe has changed since '%s' was written",
                     resume->path);
}

static bool judge_state(nnrt_program *program, nnrt_resume *resume, nnrt_error *e)
{
    const char *text = nnrt_safetensors_metadata(resume->file, "nnc");
    nnrt_model *model = NULL;
    resume->state = text ? json_loads(text, 0, NULL) : NULL;
    if (!json_is_object(resume->state) ||
        !(json_is_integer(json_object_get(resume->state, "step")) ||
          json_is_array(json_object_get(resume->state, "journal")))) {
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "'%s' is no checkpoint: it holds no training position", resume->path);
    }
    if (whole_in(resume->state, "version") != NNRT_CHECKPOINT_VERSION) {
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "'%s' is a checkpoint of another version of nnc", resume->path);
    }
    resume->action = (size_t)whole_in(resume->state, "action");
    return settle_again(program, resume, e) && judge_action(program, resume, &model, e) &&
           (!model || restore_model(resume, model, e)) &&
           restore_others(program->session, resume, model, e) &&
           restore_ensembles(program, resume, e) &&
           nnrt_results_restore(&program->session->results,
                                json_object_get(resume->state, "results"), e);
}

nnrt_resume *nnrt_resume_open(nnrt_program *program, const char *path, nnrt_error *e)
{
    nnrt_resume *resume = calloc(1, sizeof *resume);
    if (resume)
        resume->path = strdup(path);
    if (!resume || !resume->path)
        nnrt_no_memory(e);
    else if ((resume->file = nnrt_safetensors_open(path, e)) && judge_state(program, resume, e))
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

static bool read_copies(const nnrt_resume *resume, const nnrt_training *training,
                        const char *prefix, float ***copies, nnrt_error *e)
{
    const nnrt_model *model = training->model;
    for (size_t i = 0; i < model->count; i++) {
        char name[512];
        snprintf(name, sizeof name, "%s%s", prefix, model->weight_name[i]);
        const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, name);
        if (!tensor)
            return true;
        if (!*copies && !(*copies = nnrt_training_copies(training, e)))
            return false;
        if (!nnrt_resume_fits(tensor, &model->weight[i]->layout))
            return nnrt_resume_changed(resume, name, tensor, &model->weight[i]->layout, e);
        if (!nnrt_resume_read(resume, tensor, &model->weight[i]->layout, (*copies)[i], e))
            return false;
    }
    return true;
}

static bool read_history(const nnrt_resume *resume, nnrt_training *training, nnrt_error *e)
{
    nnrt_history *h = training->history;
    const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, history_name);
    if (!h || !tensor || tensor->rank != 2 || tensor->dims[1] != 2 * (int64_t)h->columns)
        return true;
    double *rows = malloc((size_t)tensor->elements * sizeof(float) + 1);
    if (!rows)
        return nnrt_no_memory(e);
    bool well = nnrt_safetensors_read(resume->file, tensor, (float *)rows, e);
    for (int64_t r = 0; well && r < tensor->dims[0]; r++)
        well = nnrt_history_add(h, rows + (size_t)r * h->columns) || nnrt_no_memory(e);
    free(rows);
    return well;
}

static bool same_columns(const nnrt_training *training, const json_t *names)
{
    if (json_array_size(names) != training->columns.count)
        return false;
    for (size_t i = 0; i < training->columns.count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name || strcmp(name, training->columns.name[i]))
            return false;
    }
    return true;
}

bool nnrt_resume_training(const nnrt_resume *resume, nnrt_training *training, nnrt_error *e)
{
    const json_t *state = resume->state;
    training->step = whole_in(state, "step");
    training->epoch = whole_in(state, "epoch");
    if (training->step < 0 || training->step > training->steps ||
        !same_columns(training, json_object_get(state, "columns")) ||
        (uint64_t)whole_in(state, "seed") != training->seed) {
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "the recipe has changed since '%s' was written", resume->path);
    }
    for (size_t i = 0; i < training->unit->count; i++) {
        nnrt_slot *slot = &training->unit->slot[i];
        if (slot->role != NNRT_STATE)
            continue;
        const nnrt_tensor_in *tensor = nnrt_safetensors_find(resume->file, slot->name);
        if (!tensor || !nnrt_resume_fits(tensor, &slot->layout))
            return nnrt_resume_changed(resume, slot->name, tensor, &slot->layout, e);
        if (!nnrt_resume_read(resume, tensor, &slot->layout, slot->own, e))
            return false;
    }
    /* else `step` tells: the recipe may say more epochs now */
    training->stopped = training->done = json_is_true(json_object_get(state, "stopped"));
    exact_list_in(state, "sums", training->metric_sum, NNRT_METRICS);
    training->epoch_spent = exact_in(state, "epoch_spent");
    training->seconds = exact_in(state, "seconds");
    training->lr = exact_in(state, "lr");
    training->plateau.best = exact_in(state, "plateau_best");
    training->plateau.bad = whole_in(state, "plateau_bad");
    training->early.best = exact_in(state, "early_best");
    training->early.bad = whole_in(state, "early_bad");
    training->early.best_epoch = whole_in(state, "best_epoch");
    training->checkpoint_best = exact_in(state, "checkpoint_best");
    training->swa_count = whole_in(state, "swa_count");
    exact_list_in(state, "row", training->row, NNRT_COLUMNS);
    exact_list_in(state, "best_row", training->best_row, NNRT_COLUMNS);
    training->confusion_now = json_incref(json_object_get(state, "confusion"));
    training->confusion_best = json_incref(json_object_get(state, "confusion_best"));
    return read_copies(resume, training, best_prefix, &training->best, e) &&
           read_copies(resume, training, swa_prefix, &training->swa, e) &&
           read_history(resume, training, e);
}
