/* tune.c: `tune`: trials of params, each a training from fresh weights; the best one's params and weights stay in force.
 *
 * A trial's params may change what is compiled, so each has a program of its own: the same script, checked with these params. `nnc run` makes it
 * when it is needed; a built program has those it can need within it. With the best params' program the run goes on.
 * halving: successive halving (Jamieson and Talwalkar, Non-stochastic best arm identification, 2016): all trials get a part of the epochs, the
 * better half twice as many, and so on up to all of them. */
#include "experiment.h"
#include "search.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Weights by key, as the best trial left them. */
typedef struct kept_weight { char *key; size_t packed; float *values; } kept_weight;
typedef struct kept { size_t count; kept_weight *weight; } kept;

typedef struct tuning {
    nnrt_program *program;
    nnrt_search search;
    const char *watch;
    bool maximize;
    uint64_t seed;
    json_t *records;             /* of each trial; null: none yet */
    json_t *best_params;
    double best;                 /* higher is better */
    bool found;
    kept weights;                /* of the best */
} tuning;

static void kept_clear(kept *k)
{
    for (size_t i = 0; i < k->count; i++) {
        free(k->weight[i].key);
        free(k->weight[i].values);
    }
    free(k->weight);
    *k = (kept){ 0 };
}

static bool keep_weights(kept *k, const nnrt_model *model, nnrt_error *e)
{
    kept_clear(k);
    if (!(k->weight = calloc(model->count + 1, sizeof *k->weight))) return nnrt_no_memory(e);
    for (size_t i = 0; i < model->count; i++) {
        kept_weight *w = &k->weight[k->count++];
        *w = (kept_weight){ strdup(model->weight[i]->key), model->weight[i]->layout.packed, nnrt_tensor_new(model->weight[i]->layout.packed) };
        if (!w->key || !w->values) return nnrt_no_memory(e);
        memcpy(w->values, model->weight[i]->values, w->packed * sizeof *w->values);
    }
    return true;
}

static void put_weights(const kept *k, nnrt_session *session)
{
    for (size_t i = 0; i < k->count; i++) {
        nnrt_weight *weight = nnrt_weight_find(session, k->weight[i].key);
        if (!weight || weight->layout.packed != k->weight[i].packed) continue;
        memcpy(weight->values, k->weight[i].values, k->weight[i].packed * sizeof *weight->values);
        weight->drawn = true;
    }
}

/* ---- programs ---- */
static json_t *built_in(const nnrt_program *program, const json_t *params)
{
    size_t i;
    json_t *variant;
    json_array_foreach(json_object_get(program->json, "variants"), i, variant)
        if (json_equal(json_object_get(variant, "params"), params)) return json_incref(json_object_get(variant, "program"));
    return NULL;
}

/* The script with these params; `settle`: the run goes on with it. A new reference. */
static json_t *program_for(const tuning *t, const json_t *params, bool settle, nnrt_error *e)
{
    nnrt_session *session = t->program->session;
    json_t *json = session->retune ? session->retune(session->retune_context, params, t->program->action_index, settle, e) : built_in(t->program, params);
    if (!json && !e->status) nnrt_fail(e, NNRT_SCRIPT, "internal", "this program was not built for these params");
    return json;
}

/* Weights and units of another program may take the place of this one's. */
static void forget_instances(nnrt_program *program)
{
    nnrt_resume *resume = program->resume;
    program->resume = NULL;
    nnrt_program_clear(program);
    program->model = NULL;
    program->model_count = 0;
    program->instance = NULL;
    program->instance_count = 0;
    program->resume = resume;
}

/* ---- trials ---- */
/* A trial's own model, and what holds nothing yet; other models keep their weights, whatever the params would make of them. */
static bool declare_own(nnrt_program *trial, nnrt_error *e)
{
    const char *name = nnrt_action_text(trial, "model");
    json_t *own = json_object(), *wanted = json_array(), *item, *weight;
    size_t i, k;
    json_array_foreach(json_object_get(trial->json, "models"), i, item)
        if (name && !strcmp(json_string_value(json_object_get(item, "name")), name))
            json_array_foreach(json_object_get(item, "weights"), k, weight) json_object_set_new(own, json_string_value(json_object_get(weight, "key")), json_true());
    json_array_foreach(json_object_get(trial->json, "weights"), i, item) {
        const char *key = json_string_value(json_object_get(item, "key"));
        if (json_object_get(own, key) || !nnrt_weight_find(trial->session, key)) json_array_append(wanted, item);
    }
    bool well = nnrt_weights_declare(trial->session, wanted, e);
    json_decref(own);
    json_decref(wanted);
    return well;
}

/* The training's result, null where it diverged; NULL: e says why. */
static json_t *train_trial(tuning *t, const json_t *params, double share, bool *better, nnrt_error *e)
{
    json_t *json = program_for(t, params, false, e);
    if (!json) return NULL;
    nnrt_program trial = { .session = t->program->session, .json = json, .script = t->program->script, .folder = t->program->folder, .resolve = t->program->resolve, .context = t->program->context };
    trial.action_index = t->program->action_index;
    trial.action = json_array_get(json_object_get(json, "actions"), trial.action_index);
    nnrt_within within = { .seed = t->seed, .share = share, .watch = t->watch };
    nnrt_model *model = declare_own(&trial, e) ? nnrt_program_model(&trial, nnrt_action_text(&trial, "model"), e) : NULL;
    json_t *result = model && nnrt_model_fresh(model, t->seed, e) ? nnrt_train_within(&trial, &within, e) : NULL;
    *better = false;
    if (result) {
        const json_t *value = nnrt_json_at(result, t->watch);
        double now = json_is_number(value) ? (t->maximize ? 1 : -1) * json_number_value(value) : NAN;
        *better = share == 0 && isfinite(now) && (!t->found || now > t->best);
        if (*better) {
            t->found = true;
            t->best = now;
            if (!keep_weights(&t->weights, model, e)) {
                json_decref(result);
                result = NULL;
            }
        }
    } else if (e->status == NNRT_DIVERGED) {
        *e = (nnrt_error){ 0 };
        result = json_null();
    }
    nnrt_program_clear(&trial);
    json_decref(json);
    return result;
}

static void say_trial(const tuning *t, const json_t *record)
{
    char text[300] = "";
    size_t at = 0;
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(record, "params"), name, value) {
        char *shown = json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));
        int n = at < sizeof text ? snprintf(text + at, sizeof text - at, "%s%s = %s", at ? ", " : "", name, shown ? shown : "") : 0;
        at += n > 0 ? (size_t)n : 0;
        free(shown);
    }
    value = json_object_get(record, "value");
    if (json_is_number(value)) nnrt_say_progress(t->program, "trial %lld of %zu: %s: %s %.4g", (long long)json_integer_value(json_object_get(record, "trial")), t->search.trials, text, t->watch, json_number_value(value));
    else nnrt_say_progress(t->program, "trial %lld of %zu: %s: diverged", (long long)json_integer_value(json_object_get(record, "trial")), t->search.trials, text);
}

/* Of trial `i`, with this part of the epochs (0: all). The same params give the same result, so they are not trained again. */
static json_t *make_record(tuning *t, size_t i, double share, nnrt_error *e)
{
    json_t *params = nnrt_search_params(&t->search, &t->search.point[i]), *record = json_pack("{s:I, s:O}", "trial", (json_int_t)i + 1, "params", params), *earlier;
    size_t k;
    json_array_foreach(t->records, k, earlier) {
        if (!json_equal(json_object_get(earlier, "params"), params) || json_number_value(json_object_get(earlier, "share")) != share) continue;
        json_object_update_missing(record, earlier);
        json_decref(params);
        return record;
    }
    bool better = false;
    json_t *result = train_trial(t, params, share, &better, e);
    if (result) {
        const json_t *value = nnrt_json_at(result, t->watch);
        json_object_set(record, "value", json_is_number(value) ? (json_t *)value : json_null());
        json_object_set_new(record, "share", json_real(share));
        nnrt_put_training(record, result);
    }
    if (better) {
        json_decref(t->best_params);
        t->best_params = json_incref(params);
    }
    json_decref(params);
    json_decref(result);
    if (result) return record;
    json_decref(record);
    return NULL;
}

static void note_value(tuning *t, size_t i, const json_t *record)
{
    const json_t *value = json_object_get(record, "value");
    t->search.point[i].known = json_is_number(value);
    t->search.point[i].value = (t->maximize ? 1 : -1) * json_number_value(value);
}

static void tell(tuning *t, const json_t *record)
{
    json_t *event = json_copy((json_t *)record);
    json_object_del(event, "share");
    nnrt_log_record(t->program, "trial", event);
    json_decref(event);
    say_trial(t, record);
}

static bool try_each(tuning *t, nnrt_error *e)
{
    nnrt_search *s = &t->search;
    size_t trials = t->program->session->options.dry_run && s->trials > 2 ? 2 : s->trials;
    while (s->done < trials) {
        if (!nnrt_search_next(s, e)) return false;
        json_t *record = make_record(t, s->done, 0, e);
        if (!record) return false;
        note_value(t, s->done++, record);
        tell(t, record);
        json_array_append_new(t->records, record);
        if (!nnrt_log_sound(t->program->session->log, e)) return false;
    }
    return true;
}

typedef struct rank { size_t trial; double value; } rank;

static int higher_first(const void *a, const void *b)
{
    const rank *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return x->trial < y->trial ? -1 : x->trial > y->trial;
}

/* Draws all trials; first[i]: the earliest one with the same params, which is trained for both. Gives how many differ. */
static size_t draw_all(tuning *t, size_t *first, nnrt_error *e)
{
    nnrt_search *s = &t->search;
    size_t differ = 0;
    for (; s->done < s->trials; s->done++) {
        if (!nnrt_search_next(s, e)) return 0;
        json_t *params = nnrt_search_params(s, &s->point[s->done]);
        first[s->done] = s->done;
        for (size_t i = 0; i < s->done && first[s->done] == s->done; i++) {
            json_t *other = nnrt_search_params(s, &s->point[i]);
            if (json_equal(other, params)) first[s->done] = i;
            json_decref(other);
        }
        differ += first[s->done] == s->done;
        json_decref(params);
    }
    return differ;
}

static bool run_rounds(tuning *t, rank *left, size_t count, json_t **last, nnrt_error *e)
{
    int rounds = 0;
    while (count >> (rounds + 1) && rounds < 4) rounds++;
    for (int round = rounds; round >= 0; round--) {
        for (size_t i = 0; i < count; i++) {
            size_t trial = left[i].trial;
            json_t *record = make_record(t, trial, round ? pow(0.5, round) : 0, e);
            if (!record) return false;
            note_value(t, trial, record);
            left[i].value = t->search.point[trial].known ? t->search.point[trial].value : -INFINITY;
            json_decref(last[trial]);
            last[trial] = record;
        }
        qsort(left, count, sizeof *left, higher_first);
        if (round) count = (count + 1) / 2;
    }
    return true;
}

/* Each trial's record is that of its last round. */
static bool halve(tuning *t, nnrt_error *e)
{
    nnrt_search *s = &t->search;
    if (t->program->session->options.dry_run && s->trials > 2) s->trials = 2;
    rank *left = calloc(s->trials + 1, sizeof *left);
    size_t *first = calloc(s->trials + 1, sizeof *first), count = 0;
    json_t **last = calloc(s->trials + 1, sizeof *last);
    bool well = ((left && first && last) || nnrt_no_memory(e)) && draw_all(t, first, e) > 0;
    for (size_t i = 0; well && i < s->trials; i++)
        if (first[i] == i) left[count++].trial = i;
    well = well && run_rounds(t, left, count, last, e);
    for (size_t i = 0; well && i < s->trials; i++) {
        json_t *record = json_copy(last[first[i]]);
        json_object_set_new(record, "trial", json_integer((json_int_t)i + 1));
        tell(t, record);
        json_array_append_new(t->records, record);
    }
    for (size_t i = 0; last && i < s->trials; i++) json_decref(last[i]);
    free(last);
    free(first);
    free(left);
    return well;
}

static void print_trials(const tuning *t)
{
    const char *columns[NNRT_MOST_AXES + 4] = { "trial" };
    char title[260], *paths[NNRT_MOST_AXES] = { 0 };
    size_t count = 1;
    for (size_t k = 0; k < t->search.axes && count < 20; k++)
        if (asprintf(&paths[k], "params.%s", t->search.axis[k].name) >= 0) columns[count++] = paths[k];
    columns[count++] = t->watch;
    snprintf(title, sizeof title, "tune %.60s on %.60s: %s %.60s", nnrt_action_text(t->program, "model"), nnrt_action_text(t->program, "data"), t->maximize ? "the highest" : "the lowest", t->watch);
    nnrt_print_records(title, t->records, columns, count);
    for (size_t k = 0; k < t->search.axes; k++) free(paths[k]);
    char *best = json_dumps(t->best_params, JSON_REAL_PRECISION(6));
    printf("  best  %s  %.6g\n", best ? best : "", (t->maximize ? 1 : -1) * t->best);
    free(best);
}

/* The run goes on with the best params and weights. */
static bool settle(tuning *t, nnrt_error *e)
{
    nnrt_program *program = t->program;
    json_t *json = program_for(t, t->best_params, true, e);
    if (!json || !nnrt_weights_declare(program->session, json_object_get(json, "weights"), e)) {
        json_decref(json);
        return false;
    }
    forget_instances(program);
    put_weights(&t->weights, program->session);
    json_array_append(program->owned, json);
    program->json = json;
    program->action = json_array_get(json_object_get(json, "actions"), program->action_index);
    json_decref(json);
    return true;
}

bool nnrt_do_tune(nnrt_program *program, nnrt_error *e)
{
    const char *as = nnrt_action_text(program, "as");
    tuning t = { .program = program, .seed = nnrt_action_seed(program), .records = json_array(), .watch = nnrt_action_text(program, "watch"),
                 .maximize = json_is_true(json_object_get(program->action, "maximize")) };
    if (!program->owned) program->owned = json_array();
    bool well = nnrt_search_new(&t.search, program->action, t.seed, e);
    forget_instances(program);
    if (well) well = t.search.method == NNRT_HALVING ? halve(&t, e) : try_each(&t, e);
    if (well && !t.found) well = nnrt_fail(e, NNRT_DIVERGED, "diverged", "every trial diverged: the params' ranges, or the recipe's learning rate, are too high");
    if (well) {
        size_t i;
        json_t *record;
        json_array_foreach(t.records, i, record) {
            const char *name;
            json_t *value;
            json_object_del(record, "share");
            json_object_foreach(json_object_get(record, "train"), name, value)
                if (!json_object_get(record, name)) json_object_set(record, name, value);
        }
        if (!as) print_trials(&t);
        well = settle(&t, e);
    }
    if (well) {
        json_t *best = json_copy(t.best_params);
        json_object_set_new(best, "value", json_real((t.maximize ? 1 : -1) * t.best));
        well = nnrt_result_set(program->session, as, json_pack("{s:o, s:O}", "best", best, "trials", t.records), NULL, NULL, e);
    }
    nnrt_search_clear(&t.search);
    kept_clear(&t.weights);
    json_decref(t.best_params);
    json_decref(t.records);
    return well;
}
