/* trials.c: trials side by side (trials.h).
 *
 * A trial's params may change what is compiled, so each has a program of its own: the same script,
 * checked with these params. `nnc run` makes it when it is needed, all of a batch before the first
 * is trained, so that they share code; a built program has those it can need within it. */
#include "experiments/trials.h"
#include "experiments/side_by_side.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- weights that are kept ---- */
void nnrt_kept_clear(nnrt_kept *k)
{
    for (size_t i = 0; i < k->count; i++) {
        free(k->weight[i].key);
        free(k->weight[i].name);
        free(k->weight[i].values);
    }
    free(k->weight);
    *k = (nnrt_kept){ 0 };
}

static bool keep_weights(nnrt_kept *k, const nnrt_model *model, nnrt_error *e)
{
    if (!(k->weight = calloc(model->count + 1, sizeof *k->weight)))
        return nnrt_no_memory(e);
    for (size_t i = 0; i < model->count; i++) {
        const nnrt_weight *from = model->weight[i];
        nnrt_kept_weight *w = &k->weight[k->count++];
        *w = (nnrt_kept_weight){ strdup(from->key), strdup(model->weight_name[i]), from->layout,
                                 nnrt_tensor_new(from->layout.packed) };
        if (!w->key || !w->name || !w->values)
            return nnrt_no_memory(e);
        memcpy(w->values, from->values, from->layout.packed * sizeof *w->values);
    }
    return true;
}

/* ---- a batch ---- */
enum { NONE = -1 };

/* What is there for an attempt before it begins. Where its result is known already, `record` is
 * that of the journal, or `same_as` the number of an earlier attempt of the batch; else NULL and
 * NONE. */
typedef struct prepared {
    json_t *params, *program, *record;
    int64_t same_as;
    nnrt_error error;
    nnrt_kept weights;
} prepared;

typedef struct batch {
    nnrt_tuning *tuning;
    nnrt_attempt *attempt;
    prepared *prepared;
    size_t count;
} batch;

static bool same_attempt(const json_t *record, const json_t *params, double share)
{
    return json_equal(json_object_get(record, "params"), params) &&
           json_number_value(json_object_get(record, "share")) == share;
}

/* The same params give the same result, so they are not trained again. What an earlier process has
 * done is in the journal, at the same place. */
static bool prepare_attempt(batch *b, size_t i, nnrt_error *e)
{
    nnrt_tuning *t = b->tuning;
    prepared *r = &b->prepared[i];
    const nnrt_attempt *a = &b->attempt[i];
    size_t at = t->done + i;
    r->params = nnrt_search_params(&t->search, &t->search.point[a->trial]);
    r->same_as = NONE;
    if (at < t->resumed) {
        r->record = json_incref(json_array_get(t->journal, at));
        return same_attempt(r->record, r->params, a->share) ||
               nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "the params, their domains or the search have changed since the "
                         "checkpoint was written: its trial %zu has others",
                         a->trial + 1);
    }
    for (size_t k = 0; k < t->done && !r->record; k++)
        if (same_attempt(json_array_get(t->journal, k), r->params, a->share))
            r->record = json_incref(json_array_get(t->journal, k));
    for (size_t k = 0; k < i && !r->record && r->same_as == NONE; k++)
        if (b->attempt[k].share == a->share && json_equal(b->prepared[k].params, r->params))
            r->same_as = (int64_t)k;
    if (!r->record && r->same_as == NONE)
        r->program = nnrt_program_with(t->program, r->params, false, &r->error);
    return true;
}

static bool set_up_trial(void *context, size_t i, nnrt_run_setup *setup, nnrt_error *e)
{
    const batch *b = context;
    const prepared *r = &b->prepared[i];
    *setup = (nnrt_run_setup){ .json = r->program,
                               .within = { .seed = b->tuning->seed,
                                           .share = b->attempt[i].share,
                                           .objective = b->tuning->objective },
                               .skip = r->record || r->same_as != NONE };
    if (r->error.status)
        *e = r->error;
    return !r->error.status;
}

double nnrt_tuning_sign(const nnrt_tuning *t)
{
    return t->maximize ? 1 : -1;
}

/* Higher is better; not a number: it diverged. */
static double score_of(const nnrt_tuning *t, const json_t *value)
{
    return json_is_number(value) ? nnrt_tuning_sign(t) * json_number_value(value) : NAN;
}

static bool keep_trial_weights(void *context, size_t i, const nnrt_trained_run *trained,
                               nnrt_error *e)
{
    const batch *b = context;
    bool counts =
        b->attempt[i].share == 0 &&
        isfinite(score_of(b->tuning, nnrt_json_at(trained->result, b->tuning->objective)));
    return !counts || keep_weights(&b->prepared[i].weights, trained->model, e);
}

static json_t *record_of(const batch *b, size_t i, const json_t *result)
{
    const prepared *r = &b->prepared[i];
    json_t *record =
        json_pack("{s:I, s:O}", "trial", (json_int_t)b->attempt[i].trial + 1, "params", r->params);
    const json_t *earlier = r->record;
    if (!earlier && r->same_as != NONE)
        earlier = b->attempt[r->same_as].record;
    if (earlier) {
        json_object_update_missing(record, (json_t *)earlier);
        return record;
    }
    const json_t *value = nnrt_json_at(result, b->tuning->objective);
    json_object_set(record, "value", json_is_number(value) ? (json_t *)value : json_null());
    json_object_set_new(record, "share", json_real(b->attempt[i].share));
    if (result)
        nnrt_record_training(record, result);
    return record;
}

static bool finish_trial(void *context, size_t i, const json_t *result, nnrt_error *e)
{
    batch *b = context;
    nnrt_tuning *t = b->tuning;
    nnrt_attempt *a = &b->attempt[i];
    prepared *r = &b->prepared[i];
    bool known = t->done < t->resumed;
    if (e->status && e->status != NNRT_DIVERGED)
        return false;
    *e = (nnrt_error){ 0 };

    a->record = record_of(b, i, result);
    double value = score_of(t, json_object_get(a->record, "value"));
    if (a->share == 0 && isfinite(value) && (!t->found || value > t->best)) {
        t->found = true;
        t->best = value;
        json_decref(t->best_params);
        t->best_params = json_incref(r->params);
        if (!known) {
            nnrt_kept_clear(&t->weights);
            t->weights = r->weights;
        }
        r->weights = (nnrt_kept){ 0 };
    }
    nnrt_kept_clear(&r->weights);
    json_decref(r->program);
    r->program = NULL;

    if (!known)
        json_array_append(t->journal, a->record);
    t->done++;
    return t->report(t, a, e) && (known || !t->checkpoint || nnrt_checkpoint_tuning(t, e));
}

bool nnrt_run_attempts(nnrt_tuning *t, nnrt_attempt *attempts, size_t count, nnrt_error *e)
{
    batch b = { t, attempts, calloc(count + 1, sizeof(prepared)), count };
    bool ok = b.prepared || nnrt_no_memory(e);
    for (size_t i = 0; ok && i < count && !(i && b.prepared[i - 1].error.status); i++)
        ok = prepare_attempt(&b, i, e);
    /* After one that cannot be prepared none is asked for: the first one says why. */
    ok = ok && nnrt_train_side_by_side(&(nnrt_runs){ t->program, count, &b, set_up_trial,
                                                     keep_trial_weights, finish_trial },
                                       e);
    for (size_t i = 0; b.prepared && i < count; i++) {
        json_decref(b.prepared[i].params);
        json_decref(b.prepared[i].program);
        json_decref(b.prepared[i].record);
        nnrt_kept_clear(&b.prepared[i].weights);
    }
    free(b.prepared);
    return ok;
}
