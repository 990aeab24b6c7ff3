/* tune_checkpoint.c: a search's finished trials in a file, after which `--resume` goes on: their
 * records, in order, and the best one's weights under their own names, so that the file is a
 * model's too. */
#include "experiments/trials.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *kept_json(const nnrt_kept *kept)
{
    json_t *list = json_array();
    for (size_t i = 0; i < kept->count; i++) {
        const nnrt_kept_weight *w = &kept->weight[i];
        json_t *shape = json_array();
        for (int d = 0; d < w->layout.file_rank; d++)
            json_array_append_new(shape, json_integer((json_int_t)w->layout.dims[d]));
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:o, s:i}", "name", w->name, "key", w->key,
                                        "shape", shape, "feature_axis", w->layout.feature_axis));
    }
    return list;
}

char *nnrt_tuning_checkpoint_path(const nnrt_tuning *t)
{
    return t->numbered ? nnrt_numbered_path(t->checkpoint, (int64_t)t->done)
                       : strdup(t->checkpoint);
}

bool nnrt_checkpoint_tuning(nnrt_tuning *t, nnrt_error *e)
{
    nnrt_bundle b = { 0 };
    json_t *state = nnrt_state_new(t->program);
    char *path = nnrt_tuning_checkpoint_path(t);
    for (size_t i = 0; i < t->weights.count; i++) {
        nnrt_bundle_add(&b, "", t->weights.weight[i].name, &t->weights.weight[i].layout,
                        t->weights.weight[i].values);
    }
    nnrt_bundle_add_session(&b, t->program->session, NULL);

    json_object_set(state, "journal", t->journal);
    json_object_set_new(state, "kept", kept_json(&t->weights));
    json_object_set_new(state, "seed", json_integer((json_int_t)t->seed));
    json_object_set_new(state, "watch", json_string(t->objective));
    json_object_set_new(state, "maximize", json_boolean(t->maximize));
    bool ok = path ? nnrt_bundle_write(&b, state, path, false, e) : nnrt_no_memory(e);
    json_decref(state);
    nnrt_bundle_free(&b);
    free(path);
    return ok;
}

static bool read_kept(const nnrt_resume *resume, const json_t *declared, nnrt_kept_weight *w,
                      nnrt_error *e)
{
    const char *name = json_string_value(json_object_get(declared, "name")),
               *key = json_string_value(json_object_get(declared, "key"));
    const nnrt_tensor_in *tensor = name ? nnrt_safetensors_find(resume->file, name) : NULL;
    if (!name || !key || !nnrt_layout_read(declared, &w->layout, e) || !tensor ||
        !nnrt_resume_fits(tensor, &w->layout)) {
        *e = (nnrt_error){ 0 };
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "'%s' is damaged: the best trial's weights are not there", resume->path);
    }
    w->name = strdup(name);
    w->key = strdup(key);
    w->values = nnrt_tensor_new(w->layout.packed);
    if (!w->name || !w->key || !w->values)
        return nnrt_no_memory(e);
    return nnrt_resume_read(resume, tensor, &w->layout, w->values, e);
}

bool nnrt_resume_tuning(const nnrt_resume *resume, nnrt_tuning *t, nnrt_error *e)
{
    const json_t *state = resume->state, *kept = json_object_get(state, "kept");
    const char *objective = json_string_value(json_object_get(state, "watch"));
    if (!objective || strcmp(objective, t->objective) ||
        json_is_true(json_object_get(state, "maximize")) != t->maximize ||
        (uint64_t)json_integer_value(json_object_get(state, "seed")) != t->seed) {
        return nnrt_fail(
            e, NNRT_FILES, "bad-checkpoint",
            "the objective or the seed of the search has changed since '%s' was written",
            resume->path);
    }
    json_array_extend(t->journal, json_object_get(state, "journal"));
    t->resumed = json_array_size(t->journal);
    if (!(t->weights.weight = calloc(json_array_size(kept) + 1, sizeof *t->weights.weight)))
        return nnrt_no_memory(e);
    for (size_t i = 0; i < json_array_size(kept); i++)
        if (!read_kept(resume, json_array_get(kept, i), &t->weights.weight[t->weights.count++], e))
            return false;
    return true;
}
