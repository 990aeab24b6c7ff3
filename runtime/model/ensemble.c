/* ensemble.c: members kept and put back (ensemble.h). */
#include "model/ensemble.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool store(nnrt_ensemble *ensemble, const char *name, const nnrt_layout *layout)
{
    nnrt_model *stored = &ensemble->stored;
    nnrt_weight *weight = calloc(1, sizeof *weight);
    size_t i = stored->count;
    if (weight)
        weight->values = nnrt_tensor_new(layout->packed);
    if (!weight || !weight->values || !(ensemble->text[i] = strdup(name))) {
        if (weight)
            free(weight->values);
        free(weight);
        return false;
    }
    weight->layout = *layout;
    weight->drawn = true;
    stored->weight[i] = weight;
    stored->weight_name[i] = ensemble->text[i];
    stored->count++;
    return true;
}

static bool store_row(nnrt_ensemble *ensemble, const char *name, int64_t length)
{
    nnrt_layout layout = {
        .rank = 1, .file_rank = 1, .dims = { length }, .feature_axis = 0, .elements = length
    };
    layout.packed = nnrt_packed_floats(layout.dims, 1, 0);
    return store(ensemble, name, &layout);
}

static bool fill(nnrt_ensemble *ensemble, const nnrt_model *model)
{
    char name[512];
    for (size_t m = 0; m < ensemble->members; m++) {
        for (size_t i = 0; i < model->count; i++) {
            snprintf(name, sizeof name, "member%zu.%s", m + 1, model->weight_name[i]);
            if (!store(ensemble, name, &model->weight[i]->layout))
                return false;
        }
    }
    return !ensemble->shared || (store_row(ensemble, "boost.share", (int64_t)ensemble->members) &&
                                 store_row(ensemble, "boost.base", model->output_size));
}

void nnrt_ensemble_free(nnrt_ensemble *ensemble)
{
    if (!ensemble || ensemble->holders-- > 0)
        return;
    for (size_t i = 0; i < ensemble->stored.count; i++) {
        free(ensemble->stored.weight[i]->values);
        free(ensemble->stored.weight[i]);
        free(ensemble->text[i]);
    }
    free(ensemble->stored.weight);
    free(ensemble->stored.weight_name);
    free(ensemble->text);
    free(ensemble->name);
    free(ensemble->model);
    free(ensemble);
}

nnrt_ensemble *nnrt_ensemble_new(nnrt_model *model, size_t members, nnrt_combine combine,
                                 bool shared, nnrt_error *e)
{
    nnrt_ensemble *ensemble = calloc(1, sizeof *ensemble);
    size_t room = members * model->count + 2;
    if (ensemble) {
        *ensemble = (nnrt_ensemble){ .model = strdup(model->name),
                                     .combine = combine,
                                     .shared = shared,
                                     .members = members,
                                     .weights = model->count };
        ensemble->stored.weight = calloc(room, sizeof *ensemble->stored.weight);
        ensemble->stored.weight_name = calloc(room, sizeof *ensemble->stored.weight_name);
        ensemble->text = calloc(room, sizeof *ensemble->text);
        if (ensemble->model && ensemble->stored.weight && ensemble->stored.weight_name &&
            ensemble->text && fill(ensemble, model)) {
            return ensemble;
        }
    }
    nnrt_ensemble_free(ensemble);
    nnrt_no_memory(e);
    return NULL;
}

nnrt_ensemble *nnrt_ensembles_find(const nnrt_ensembles *ensembles, const char *name)
{
    for (size_t i = 0; i < ensembles->count; i++)
        if (!strcmp(ensembles->item[i]->name, name))
            return ensembles->item[i];
    return NULL;
}

bool nnrt_ensembles_set(nnrt_ensembles *ensembles, nnrt_ensemble *ensemble, const char *name,
                        nnrt_error *e)
{
    if (!name) {
        nnrt_ensemble_free(ensemble);
        return true;
    }
    if (!(ensemble->name = strdup(name)))
        return nnrt_no_memory(e);
    ensemble->stored.name = ensemble->name;

    for (size_t i = 0; i < ensembles->count; i++) {
        if (!strcmp(ensembles->item[i]->name, name)) {
            nnrt_ensemble_free(ensembles->item[i]);
            ensembles->item[i] = ensemble;
            return true;
        }
    }
    nnrt_ensemble **grown = realloc(ensembles->item, (ensembles->count + 1) * sizeof(*grown));
    if (!grown)
        return nnrt_no_memory(e);
    ensembles->item = grown;
    ensembles->item[ensembles->count++] = ensemble;
    return true;
}

void nnrt_ensembles_clear(nnrt_ensembles *ensembles)
{
    for (size_t i = 0; i < ensembles->count; i++)
        nnrt_ensemble_free(ensembles->item[i]);
    free(ensembles->item);
    *ensembles = (nnrt_ensembles){ 0 };
}

bool nnrt_ensemble_fits(const nnrt_ensemble *ensemble, const nnrt_model *model)
{
    bool fits = ensemble->weights == model->count;
    for (size_t i = 0; fits && i < model->count; i++)
        fits = nnrt_layout_equal(&ensemble->stored.weight[i]->layout, &model->weight[i]->layout);
    return fits;
}

void nnrt_ensemble_keep(nnrt_ensemble *ensemble, size_t member, const nnrt_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        memcpy(ensemble->stored.weight[member * ensemble->weights + i]->values,
               model->weight[i]->values, model->weight[i]->layout.packed * sizeof(float));
    }
}

void nnrt_ensemble_put(const nnrt_ensemble *ensemble, size_t member, nnrt_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        memcpy(model->weight[i]->values,
               ensemble->stored.weight[member * ensemble->weights + i]->values,
               model->weight[i]->layout.packed * sizeof(float));
        model->weight[i]->drawn = true;
    }
}

void nnrt_ensemble_shorten(nnrt_ensemble *ensemble, size_t members)
{
    nnrt_model *stored = &ensemble->stored;
    size_t from = members * ensemble->weights, to = ensemble->members * ensemble->weights,
           behind = stored->count - to;
    if (members == ensemble->members)
        return;
    for (size_t i = from; i < to; i++) {
        free(stored->weight[i]->values);
        free(stored->weight[i]);
        free(ensemble->text[i]);
    }
    memmove(stored->weight + from, stored->weight + to, behind * sizeof(nnrt_weight *));
    memmove(stored->weight_name + from, stored->weight_name + to, behind * sizeof(char *));
    memmove(ensemble->text + from, ensemble->text + to, behind * sizeof(char *));
    stored->count = from + behind;
    ensemble->members = members;
    if (ensemble->shared) {
        nnrt_layout *share = &stored->weight[from]->layout;
        share->dims[0] = share->elements = (int64_t)members;
    }
}

float *nnrt_ensemble_share(const nnrt_ensemble *ensemble)
{
    return ensemble->shared ? ensemble->stored.weight[ensemble->members * ensemble->weights]->values
                            : NULL;
}

float *nnrt_ensemble_base(const nnrt_ensemble *ensemble)
{
    return ensemble->shared
               ? ensemble->stored.weight[ensemble->members * ensemble->weights + 1]->values
               : NULL;
}

nnrt_model nnrt_ensemble_view(const nnrt_ensemble *ensemble, const nnrt_model *model)
{
    nnrt_model view = *model;
    bool one = !model->output_rank || model->output[model->output_rank - 1] == 1;
    if (ensemble->combine == NNRT_VOTE)
        view.head = one ? NNRT_SIGMOID : NNRT_SOFTMAX;
    return view;
}
