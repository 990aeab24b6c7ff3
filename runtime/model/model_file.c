/* model_file.c: a model's weights in a safetensors file, as PyTorch lays them out. */
#include "model/network.h"
#include "model/offers.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The preparation under "nnc", as text. */
static bool put_preparation(json_t *metadata, const nnrt_preparation *preparation)
{
    if (!preparation)
        return true;

    json_t *nnc = json_pack("{s:o}", "preparation", nnrt_preparation_json(preparation));
    char *text = nnc ? json_dumps(nnc, JSON_COMPACT) : NULL;
    bool ok = text && !json_object_set_new(metadata, "nnc", json_string(text));
    free(text);
    json_decref(nnc);
    return ok;
}

bool nnrt_model_save(const nnrt_model *model, const nnrt_preparation *preparation, const char *path,
                     nnrt_error *e)
{
    nnrt_tensor_out *tensor = calloc(model->count + 1, sizeof *tensor);
    json_t *metadata = json_pack("{s:s}", "format", "pt");
    bool ok = tensor && metadata && put_preparation(metadata, preparation) &&
              (!nnrt_model_pruned(model) ||
               !json_object_set_new(metadata, NNRT_PRUNED_MARK, json_string("true")));
    for (size_t i = 0; ok && i < model->count; i++) {
        const nnrt_layout *layout = &model->weight[i]->layout;
        float *logical = nnrt_tensor_new((size_t)layout->elements);
        if (logical) {
            nnrt_unpack(model->weight[i]->values, logical, layout->dims, layout->rank,
                        layout->feature_axis);
        }
        tensor[i] =
            (nnrt_tensor_out){ model->weight_name[i], layout->file_rank, layout->dims, logical };
        ok = logical != NULL;
    }
    ok = ok ? nnrt_safetensors_write(path, tensor, model->count, metadata, e) : nnrt_no_memory(e);
    for (size_t i = 0; tensor && i < model->count; i++)
        free((float *)tensor[i].data);
    free(tensor);
    json_decref(metadata);
    return ok;
}

/* ---- loading ---- */
typedef struct loading {
    nnrt_model *model;
    const nnrt_safetensors *file;
    nnrt_offers offers;
    const char *path;
    bool partial; /* what the file lacks stays as it is */
    bool *left;   /* a weight: stays as it is */
} loading;

static void list_name(char *list, size_t size, size_t *count, const char *name)
{
    size_t length = strlen(list);
    (*count)++;
    if (*count <= 5 && length + strlen(name) + 8 < size)
        snprintf(list + length, size - length, "%s'%s'", length ? ", " : "", name);
    else if (*count == 6 && length + 8 < size)
        snprintf(list + length, size - length, ", ...");
}

static bool names_fit(const loading *l, nnrt_error *e)
{
    const nnrt_model *model = l->model;
    char missing[300] = "", unknown[300] = "";
    size_t missing_count = 0, unknown_count = 0;
    json_t *known = json_object();
    for (size_t i = 0; i < model->count; i++) {
        json_object_set_new(known, model->weight_name[i], json_true());
        if (nnrt_offers_find(&l->offers, model->weight_name[i]))
            continue;
        if (l->partial)
            l->left[i] = true;
        else
            list_name(missing, sizeof missing, &missing_count, model->weight_name[i]);
    }
    for (size_t k = 0; k < l->offers.names.count; k++) {
        const char *name = l->offers.names.text[k];
        if (!json_object_get(known, name))
            list_name(unknown, sizeof unknown, &unknown_count, name);
    }
    json_decref(known);

    if (!missing_count && !unknown_count)
        return true;
    if (!unknown_count) {
        return nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                         "'%s' does not fit model '%s': it lacks %s", l->path, model->name,
                         missing);
    }
    if (!missing_count) {
        return nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                         "'%s' does not fit model '%s': it has %s, which the model does not have",
                         l->path, model->name, unknown);
    }
    return nnrt_fail(
        e, NNRT_FILES, "weights-mismatch",
        "'%s' does not fit model '%s': it lacks %s and has %s, which the model does not have",
        l->path, model->name, missing, unknown);
}

static bool shapes_fit(const loading *l, nnrt_error *e)
{
    const nnrt_model *model = l->model;
    for (size_t i = 0; i < model->count; i++) {
        const nnrt_offer *offer = nnrt_offers_find(&l->offers, model->weight_name[i]);
        const nnrt_layout *layout = &model->weight[i]->layout;
        char is[128], wanted[128];
        if (l->left[i])
            continue;
        if (!offer->tensor->real) {
            return nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                             "'%s': '%s' is of type %s, which weights can't have", l->path,
                             offer->tensor->name, offer->tensor->dtype);
        }
        if (nnrt_layout_is(layout, nnrt_offer_rank(offer), nnrt_offer_dims(offer)))
            continue;
        l->left[i] = l->partial;
        if (l->partial)
            continue;

        nnrt_shape_text(nnrt_offer_rank(offer), nnrt_offer_dims(offer), is, sizeof is);
        nnrt_shape_text(layout->file_rank, layout->dims, wanted, sizeof wanted);
        return nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                         "'%s' does not fit model '%s': '%s' is %s in the file and %s in the model",
                         l->path, model->name, offer->tensor->name, is, wanted);
    }
    return true;
}

static bool all_finite(const float *values, size_t count, const char *name, const char *path,
                       nnrt_error *e)
{
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i]))
            continue;
        return nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                         "'%s': '%s' holds %s at element %zu, so the network could only answer "
                         "with numbers that are none",
                         path, name, isnan(values[i]) ? "a NaN" : "an infinity", i);
    }
    return true;
}

/* Everything is read before the first weight changes. */
static bool read_model(const loading *l, nnrt_error *e)
{
    nnrt_model *model = l->model;
    float **logical = calloc(model->count + 1, sizeof *logical);
    bool ok = logical || nnrt_no_memory(e);
    for (size_t i = 0; ok && i < model->count; i++) {
        if (l->left[i])
            continue;
        const nnrt_offer *offer = nnrt_offers_find(&l->offers, model->weight_name[i]);
        logical[i] = nnrt_tensor_new((size_t)model->weight[i]->layout.elements);
        ok = logical[i] ? nnrt_offer_read(offer, l->file, logical[i], e) : nnrt_no_memory(e);
        ok = ok && all_finite(logical[i], (size_t)model->weight[i]->layout.elements,
                              model->weight_name[i], l->path, e);
    }

    for (size_t i = 0; logical && i < model->count; i++) {
        nnrt_weight *weight = model->weight[i];
        if (ok && logical[i]) {
            nnrt_pack(logical[i], weight->values, weight->layout.dims, weight->layout.rank,
                      weight->layout.feature_axis);
            weight->drawn = true;
            weight->pruned |=
                weight->kernel && nnrt_safetensors_metadata(l->file, NNRT_PRUNED_MARK);
        }
        free(logical[i]);
    }
    free(logical);
    return ok;
}

bool nnrt_model_load_by(nnrt_model *model, const char *path, const json_t *rules, bool *left,
                        nnrt_preparation **preparation, nnrt_error *e)
{
    nnrt_safetensors *file = nnrt_safetensors_open(path, e);
    loading l = { .model = model,
                  .file = file,
                  .path = path,
                  .partial = json_is_true(json_object_get(rules, "partial")),
                  .left = left };
    bool ok = file &&
              nnrt_preparation_of_file(nnrt_safetensors_metadata(file, "nnc"), path, model->name,
                                       preparation, e) &&
              nnrt_offers_make(&l.offers, file, rules, path, e) && names_fit(&l, e) &&
              shapes_fit(&l, e) && read_model(&l, e);
    nnrt_offers_free(&l.offers);
    nnrt_safetensors_close(file);
    if (!ok && file) {
        nnrt_preparation_free(*preparation);
        *preparation = NULL;
    }
    return ok;
}

bool nnrt_model_load(nnrt_model *model, const char *path, nnrt_preparation **preparation,
                     nnrt_error *e)
{
    bool *left = calloc(model->count + 1, sizeof *left);
    bool ok =
        left ? nnrt_model_load_by(model, path, NULL, left, preparation, e) : nnrt_no_memory(e);
    free(left);
    return ok;
}
