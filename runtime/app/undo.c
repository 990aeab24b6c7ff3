/* undo.c: what a session holds, kept aside and put back. */
#include "app/undo.h"
#include "model/ensemble.h"
#include <stdlib.h>
#include <string.h>

struct nnrt_undo {
    size_t weight_count, result_count, ensemble_count, bytes;
    /* copies; `key` is the session's, whose weights never go before it does */
    nnrt_weight *weight;
    nnrt_result *result;      /* their values are shared with the session */
    nnrt_ensemble **ensemble; /* likewise */
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
    nnrt_undo *undo = calloc(1, sizeof *undo);
    if (!undo)
        return NULL;
    undo->weight = calloc(session->weight_count + 1, sizeof *undo->weight);
    undo->result = calloc(session->result_count + 1, sizeof *undo->result);
    undo->ensemble = calloc(session->ensemble_count + 1, sizeof(nnrt_ensemble *));
    bool good = undo->weight && undo->result && undo->ensemble;
    for (size_t i = 0; good && i < session->weight_count; i++) {
        good = keep_weight(&undo->weight[undo->weight_count++], session->weight[i]);
        undo->bytes += session->weight[i]->layout.packed * sizeof(float);
    }
    for (size_t i = 0; good && i < session->result_count; i++)
        good = keep_result(&undo->result[undo->result_count++], &session->result[i]);
    for (size_t i = 0; good && i < session->ensemble_count; i++) {
        undo->ensemble[undo->ensemble_count++] = session->ensemble[i];
        session->ensemble[i]->holders++;
    }
    if (good)
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
    for (size_t i = 0; i < undo->result_count; i++)
        nnrt_result_free(&undo->result[i]);
    for (size_t i = 0; i < undo->ensemble_count; i++)
        nnrt_ensemble_free(undo->ensemble[i]);
    free(undo->weight);
    free(undo->result);
    free(undo->ensemble);
    free(undo);
}

size_t nnrt_undo_bytes(const nnrt_undo *undo)
{
    return undo->bytes;
}

void nnrt_undo_restore(nnrt_session *session, nnrt_undo *undo)
{
    /* Weights met since then stay known, and hold nothing. */
    for (size_t i = undo->weight_count; i < session->weight_count; i++)
        session->weight[i]->drawn = session->weight[i]->pruned = false;
    for (size_t i = 0; i < undo->weight_count; i++) {
        drop_weight(session->weight[i]);
        *session->weight[i] = undo->weight[i];
    }
    undo->weight_count = 0;
    nnrt_results_free(session);
    session->result = undo->result;
    session->result_count = undo->result_count;
    undo->result = NULL;
    undo->result_count = 0;
    for (size_t i = 0; i < session->ensemble_count; i++)
        nnrt_ensemble_free(session->ensemble[i]);
    free(session->ensemble);
    session->ensemble = undo->ensemble;
    session->ensemble_count = undo->ensemble_count;
    undo->ensemble = NULL;
    undo->ensemble_count = 0;
    nnrt_undo_free(undo);
}

json_t *nnrt_session_result(const nnrt_session *session, const char *name)
{
    for (size_t i = 0; i < session->result_count; i++) {
        const nnrt_result *r = &session->result[i];
        if (strcmp(r->name, name))
            continue;
        json_t *value = json_copy(r->value);
        if (r->history)
            json_object_set_new(value, r->history_name, nnrt_history_records(r->history));
        return value;
    }
    return NULL;
}
