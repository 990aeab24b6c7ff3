/* preparations.c: how each model's data is prepared (preparations.h). */
#include "model/preparations.h"
#include <stdlib.h>
#include <string.h>

static nnrt_model_preparation *find(const nnrt_preparations *p, const char *model)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->item[i].model, model) == 0)
            return &p->item[i];
    return NULL;
}

nnrt_preparation *nnrt_preparations_find(const nnrt_preparations *p, const char *model)
{
    const nnrt_model_preparation *found = find(p, model);
    return found ? found->preparation : NULL;
}

static nnrt_model_preparation *add(nnrt_preparations *p, const char *model)
{
    nnrt_model_preparation *grown = realloc(p->item, (p->count + 1) * sizeof *grown);
    if (!grown)
        return NULL;

    p->item = grown;
    grown[p->count] = (nnrt_model_preparation){ .model = strdup(model) };
    return grown[p->count].model ? &grown[p->count++] : NULL;
}

bool nnrt_preparations_set(nnrt_preparations *p, const char *model, nnrt_preparation *preparation,
                           nnrt_error *e)
{
    nnrt_model_preparation *item = find(p, model);
    if (!item && !preparation)
        return true;
    if (!item && !(item = add(p, model)))
        return nnrt_no_memory(e);

    nnrt_preparation *before = item->preparation;
    item->preparation = nnrt_preparation_hold(preparation);
    nnrt_preparation_free(before);
    return true;
}

void nnrt_preparations_clear(nnrt_preparations *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->item[i].model);
        nnrt_preparation_free(p->item[i].preparation);
    }
    free(p->item);
    *p = (nnrt_preparations){ 0 };
}

/* ---- files ---- */

json_t *nnrt_preparations_json(const nnrt_preparations *p)
{
    json_t *all = json_object();

    for (size_t i = 0; i < p->count; i++)
        if (p->item[i].preparation)
            json_object_set_new(all, p->item[i].model,
                                nnrt_preparation_json(p->item[i].preparation));
    return all;
}

bool nnrt_preparations_restore(nnrt_preparations *p, const json_t *saved, const char *file,
                               nnrt_error *e)
{
    const char *model;
    json_t *value;

    json_object_foreach ((json_t *)saved, model, value) {
        nnrt_preparation *one = nnrt_preparation_read(value, file, e);
        bool ok = one && nnrt_preparations_set(p, model, one, e);
        nnrt_preparation_free(one);
        if (!ok)
            return false;
    }
    return true;
}

/* Files that `save` wrote hold one preparation, checkpoints those of all models. */
bool nnrt_preparation_of_file(const char *text, const char *path, const char *model,
                              nnrt_preparation **preparation, nnrt_error *e)
{
    json_error_t where;

    *preparation = NULL;
    if (!text)
        return true;

    json_t *saved = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(saved)) {
        json_decref(saved);
        return nnrt_fail(e, NNRT_FILES, "bad-weights",
                         "'%s': the metadata 'nnc' is damaged: it is not JSON", path);
    }

    const json_t *one = json_object_get(saved, "preparation");
    if (!one)
        one = json_object_get(json_object_get(saved, "preparations"), model);
    bool ok = !one || (*preparation = nnrt_preparation_read(one, path, e)) != NULL;
    json_decref(saved);
    return ok;
}
