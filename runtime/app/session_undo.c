/* session_undo.c: what a session holds, kept aside and put back. */
#include "app/session_undo.h"
#include <stdlib.h>
#include <string.h>

struct nnrt_undo {
    size_t weight_count, bytes;
    /* copies; `key` is the session's, whose weights live as long as it does */
    nnrt_weight *weight;
    nnrt_results results;     /* their values are shared with the session */
    nnrt_ensembles ensembles; /* likewise */
};

static bool keep_weight(nnrt_weight *kept, const nnrt_weight *weight)
{
    *kept = *weight;
    kept->init = json_incref(weight->init);
    kept->values = weight->values ? nnrt_tensor_new(weight->layout.packed) : NULL;
    if (kept->values)
        memcpy(kept->values, weight->values, weight->layout.packed * sizeof(float));
    return kept->values || !weight->values;
}

static bool keep_result(nnrt_result *kept, const nnrt_result *result)
{
    *kept = *result;
    kept->name = strdup(result->name);
    kept->value = json_incref(result->value);
    kept->notes = json_incref(result->notes);
    if (kept->history)
        kept->history->holders++;
    return kept->name != NULL;
}

nnrt_undo *nnrt_undo_new(const nnrt_session *session)
{
    const nnrt_weights *weights = &session->weights;
    const nnrt_results *results = &session->results;
    const nnrt_ensembles *ensembles = &session->ensembles;
    nnrt_undo *undo = calloc(1, sizeof *undo);
    if (!undo)
        return NULL;
    undo->weight = calloc(weights->count + 1, sizeof *undo->weight);
    undo->results.item = calloc(results->count + 1, sizeof *undo->results.item);
    undo->ensembles.item = calloc(ensembles->count + 1, sizeof *undo->ensembles.item);
    bool ok = undo->weight && undo->results.item && undo->ensembles.item;

    for (size_t i = 0; ok && i < weights->count; i++) {
        ok = keep_weight(&undo->weight[undo->weight_count++], weights->item[i]);
        undo->bytes += weights->item[i]->layout.packed * sizeof(float);
    }
    for (size_t i = 0; ok && i < results->count; i++)
        ok = keep_result(&undo->results.item[undo->results.count++], &results->item[i]);
    for (size_t i = 0; ok && i < ensembles->count; i++) {
        undo->ensembles.item[undo->ensembles.count++] = ensembles->item[i];
        ensembles->item[i]->holders++;
    }
    if (ok)
        return undo;
    nnrt_undo_free(undo);
    return NULL;
}

static void drop_weight(nnrt_weight *weight)
{
    free(weight->values);
    json_decref(weight->init);
}

void nnrt_undo_free(nnrt_undo *undo)
{
    if (!undo)
        return;
    for (size_t i = 0; i < undo->weight_count; i++)
        drop_weight(&undo->weight[i]);
    free(undo->weight);
    nnrt_results_clear(&undo->results);
    nnrt_ensembles_clear(&undo->ensembles);
    free(undo);
}

size_t nnrt_undo_bytes(const nnrt_undo *undo)
{
    return undo->bytes;
}

void nnrt_undo_restore(nnrt_session *session, nnrt_undo *undo)
{
    nnrt_weight **weight = session->weights.item;
    /* Weights met since then stay known, and hold nothing. */
    for (size_t i = undo->weight_count; i < session->weights.count; i++)
        weight[i]->drawn = weight[i]->pruned = false;
    for (size_t i = 0; i < undo->weight_count; i++) {
        drop_weight(weight[i]);
        *weight[i] = undo->weight[i];
    }
    undo->weight_count = 0;

    nnrt_results_clear(&session->results);
    session->results = undo->results;
    undo->results = (nnrt_results){ 0 };
    nnrt_ensembles_clear(&session->ensembles);
    session->ensembles = undo->ensembles;
    undo->ensembles = (nnrt_ensembles){ 0 };
    nnrt_undo_free(undo);
}

json_t *nnrt_session_result(const nnrt_session *session, const char *name)
{
    const nnrt_result *result = nnrt_results_find(&session->results, name);
    return result ? nnrt_result_record(result) : NULL;
}
