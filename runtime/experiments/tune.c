/* tune.c: `tune`: trials of params, each a training from fresh weights; the best one's params and
 * weights stay in force.
 *
 * halving: successive halving (Jamieson and Talwalkar, Non-stochastic best arm identification,
 * 2016): all trials get a part of the epochs, the better half twice as many, and so on up to all of
 * them. */
#include "experiments/trials.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reporting ---- */
/* "width = 8, rate = 0.01" */
static void params_text(const json_t *params, char *text, size_t size)
{
    size_t at = 0;
    const char *name;
    json_t *value;
    *text = '\0';
    json_object_foreach ((json_t *)params, name, value) {
        char *shown = json_is_string(value)
                          ? strdup(json_string_value(value))
                          : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));
        if (at < size) {
            int n = snprintf(text + at, size - at, "%s%s = %s", at ? ", " : "", name,
                             shown ? shown : "");
            at += n > 0 ? (size_t)n : 0;
        }
        free(shown);
    }
}

static void print_trial(const nnrt_tuning *t, const json_t *record)
{
    char params[300], value_text[80] = "diverged";
    const json_t *value = json_object_get(record, "value");
    params_text(json_object_get(record, "params"), params, sizeof params);
    if (json_is_number(value))
        snprintf(value_text, sizeof value_text, "%s %.4g", t->objective, json_number_value(value));
    nnrt_print_progress(t->program, "trial %lld of %zu: %s: %s",
                        (long long)json_integer_value(json_object_get(record, "trial")),
                        t->search.trials, params, value_text);
}

static void report_trial(nnrt_tuning *t, const json_t *record)
{
    json_t *event = json_copy((json_t *)record);
    json_object_del(event, "share");
    nnrt_log_record(t->program, "trial", event);
    json_decref(event);
    print_trial(t, record);
}

/* ---- one after the other, or in batches ---- */
static void note_value(nnrt_tuning *t, const nnrt_attempt *attempt)
{
    const json_t *value = json_object_get(attempt->record, "value");
    nnrt_point *point = &t->search.point[attempt->trial];
    point->known = json_is_number(value);
    point->value = nnrt_tuning_sign(t) * json_number_value(value);
}

/* Each trial is reported as soon as it is known. */
static bool on_trial(nnrt_tuning *t, nnrt_attempt *attempt, nnrt_error *e)
{
    note_value(t, attempt);
    if (t->done > t->resumed)
        report_trial(t, attempt->record); /* else an earlier process has reported it */
    return nnrt_log_sound(t->program->session->log, e);
}

static bool run_trials(nnrt_tuning *t, json_t *records, nnrt_error *e)
{
    nnrt_search *s = &t->search;
    size_t trials = t->program->session->options.dry_run && s->trials > 2 ? 2 : s->trials;
    nnrt_attempt *attempt = calloc(trials + 1, sizeof *attempt);
    bool ok = attempt || nnrt_no_memory(e);
    t->report = on_trial;
    while (ok && s->done < trials) {
        size_t first = s->done, count = nnrt_search_batch(s);
        if (count > trials - first)
            count = trials - first;
        for (s->drawn = first; ok && s->drawn < first + count; s->drawn++) {
            ok = nnrt_search_next(s, e);
            attempt[s->drawn] = (nnrt_attempt){ .trial = s->drawn };
        }
        ok = ok && nnrt_run_attempts(t, attempt + first, count, e);
        s->done += count;
    }
    for (size_t i = 0; attempt && i < trials; i++)
        if (ok)
            json_array_append_new(records, attempt[i].record);
        else
            json_decref(attempt[i].record);
    free(attempt);
    return ok;
}

/* ---- halving ---- */
typedef struct rank {
    size_t trial;
    double value;
} rank;

static int higher_first(const void *a, const void *b)
{
    const rank *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return x->trial < y->trial ? -1 : x->trial > y->trial;
}

/* Draws all trials; first[i]: the earliest one with the same params, which is trained for both.
 * Gives how many differ. */
static size_t draw_all(nnrt_tuning *t, size_t *first, nnrt_error *e)
{
    nnrt_search *s = &t->search;
    size_t differ = 0;
    for (; s->drawn < s->trials; s->drawn++) {
        if (!nnrt_search_next(s, e))
            return 0;
        json_t *params = nnrt_search_params(s, &s->point[s->drawn]);
        first[s->drawn] = s->drawn;
        for (size_t i = 0; i < s->drawn && first[s->drawn] == s->drawn; i++) {
            json_t *other = nnrt_search_params(s, &s->point[i]);
            if (json_equal(other, params))
                first[s->drawn] = i;
            json_decref(other);
        }
        differ += first[s->drawn] == s->drawn;
        json_decref(params);
    }
    return differ;
}

static bool on_round(nnrt_tuning *t, nnrt_attempt *attempt, nnrt_error *e)
{
    (void)e;
    note_value(t, attempt);
    return true;
}

static bool run_rounds(nnrt_tuning *t, rank *left, size_t count, json_t **last, nnrt_error *e)
{
    int rounds = 0;
    nnrt_attempt *attempt = calloc(count + 1, sizeof *attempt);
    bool ok = attempt || nnrt_no_memory(e);
    t->report = on_round;
    while (count >> (rounds + 1) && rounds < 4)
        rounds++;
    for (int round = rounds; ok && round >= 0; round--) {
        for (size_t i = 0; i < count; i++) {
            attempt[i] =
                (nnrt_attempt){ .trial = left[i].trial, .share = round ? pow(0.5, round) : 0 };
        }
        ok = nnrt_run_attempts(t, attempt, count, e);
        for (size_t i = 0; i < count; i++) {
            const nnrt_point *point = &t->search.point[left[i].trial];
            left[i].value = point->known ? point->value : -INFINITY;
            json_decref(last[left[i].trial]);
            last[left[i].trial] = attempt[i].record;
        }
        qsort(left, count, sizeof *left, higher_first);
        if (round)
            count = (count + 1) / 2;
    }
    free(attempt);
    return ok;
}

/* Each trial's record is that of its last round. */
static bool run_halving(nnrt_tuning *t, json_t *records, nnrt_error *e)
{
    nnrt_search *s = &t->search;
    if (t->program->session->options.dry_run && s->trials > 2)
        s->trials = 2;
    rank *left = calloc(s->trials + 1, sizeof *left);
    size_t *first = calloc(s->trials + 1, sizeof *first), count = 0;
    json_t **last = calloc(s->trials + 1, sizeof *last);
    bool ok = ((left && first && last) || nnrt_no_memory(e)) && draw_all(t, first, e) > 0;
    for (size_t i = 0; ok && i < s->trials; i++)
        if (first[i] == i)
            left[count++].trial = i;
    ok = ok && run_rounds(t, left, count, last, e);
    for (size_t i = 0; ok && i < s->trials; i++) {
        json_t *record = json_copy(last[first[i]]);
        json_object_set_new(record, "trial", json_integer((json_int_t)i + 1));
        /* else all had been finished, and reported */
        if (t->done > t->resumed)
            report_trial(t, record);
        json_array_append_new(records, record);
    }
    for (size_t i = 0; last && i < s->trials; i++)
        json_decref(last[i]);
    free(last);
    free(first);
    free(left);
    return ok;
}

/* ---- the end ---- */
static void print_trials(const nnrt_tuning *t, const json_t *records)
{
    const char *columns[NNRT_MOST_AXES + 4] = { "trial" };
    char title[260], *paths[NNRT_MOST_AXES] = { 0 };
    size_t count = 1;
    for (size_t k = 0; k < t->search.axes && count < 20; k++)
        if (asprintf(&paths[k], "params.%s", t->search.axis[k].name) >= 0)
            columns[count++] = paths[k];
    columns[count++] = t->objective;
    snprintf(title, sizeof title, "tune %.60s on %.60s: %s %.60s",
             nnrt_action_text(t->program, "model"), nnrt_action_text(t->program, "data"),
             t->maximize ? "the highest" : "the lowest", t->objective);
    nnrt_print_records(title, records, columns, count);
    for (size_t k = 0; k < t->search.axes; k++)
        free(paths[k]);
    char *best = json_dumps(t->best_params, JSON_REAL_PRECISION(6));
    printf("  best  %s  %.6g\n", best ? best : "", nnrt_tuning_sign(t) * t->best);
    free(best);
}

/* The run goes on with the best params and weights. */
static bool adopt_best(nnrt_tuning *t, nnrt_error *e)
{
    nnrt_session *session = t->program->session;
    if (!nnrt_program_settle(t->program, t->best_params, e))
        return false;
    for (size_t i = 0; i < t->weights.count; i++) {
        const nnrt_kept_weight *kept = &t->weights.weight[i];
        nnrt_weight *weight = nnrt_weights_find(&session->weights, kept->key);
        if (!weight || !nnrt_layout_equal(&weight->layout, &kept->layout))
            continue;
        memcpy(weight->values, kept->values, kept->layout.packed * sizeof *kept->values);
        weight->drawn = true;
    }
    return true;
}

/* As in a training's result, a name without a part is the training part's. */
static void spread_records(json_t *records)
{
    size_t i;
    json_t *record, *value;
    json_array_foreach (records, i, record) {
        const char *name;
        json_object_del(record, "share");
        json_object_foreach (json_object_get(record, "train"), name, value) {
            if (!json_object_get(record, name))
                json_object_set(record, name, value);
        }
    }
}

/* Finished trials are kept where the recipe asks for checkpoints; those of an earlier process are
 * taken over. */
static bool set_up_checkpoint(nnrt_tuning *t, nnrt_error *e)
{
    nnrt_program *program = t->program;
    const json_t *checkpoint = json_object_get(program->action, "checkpoint");
    const char *to = json_string_value(json_object_get(checkpoint, "to")),
               *keep = json_string_value(json_object_get(checkpoint, "keep"));
    if (to && !program->session->options.dry_run &&
        !(t->checkpoint = nnrt_program_path(program, to))) {
        return nnrt_no_memory(e);
    }
    t->numbered = keep && !strcmp(keep, "all");
    if (!program->resume)
        return true;
    bool ok = nnrt_resume_tuning(program->resume, t, e);
    nnrt_resume_free(program->resume);
    program->resume = NULL;
    return ok;
}

/* What has been finished is kept, even where that is nothing. */
static void fail_interrupted(nnrt_tuning *t, nnrt_error *e)
{
    char *path = t->checkpoint ? nnrt_tuning_checkpoint_path(t) : NULL;
    *e = (nnrt_error){ 0 };
    if (!path) {
        nnrt_fail(e, NNRT_INTERRUPTED, "interrupted", "interrupted in trial %zu of %zu",
                  t->done + 1, t->search.trials);
    } else if (nnrt_checkpoint_tuning(t, e)) {
        nnrt_fail(
            e, NNRT_INTERRUPTED, "interrupted",
            "interrupted after %zu finished trainings; their results are in the checkpoint '%s'",
            t->done, path);
        snprintf(e->help, sizeof e->help, "continue with --resume %.400s", path);
    }
    free(path);
}

/* The best trial's weights stay, and with them the preparation of the data that it was trained on.
 */
static bool prepare_as_trained(nnrt_program *program, nnrt_error *e)
{
    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e);
    return model &&
           nnrt_program_training_data(program, model, nnrt_action_text(program, "data"), e);
}

bool nnrt_do_tune(nnrt_program *program, nnrt_error *e)
{
    char *as = nnrt_action_text(program, "as") ? strdup(nnrt_action_text(program, "as")) : NULL;
    json_t *records = json_array();
    nnrt_tuning t = { .program = program,
                      .seed = nnrt_action_seed(program),
                      .journal = json_array(),
                      .objective = nnrt_action_text(program, "watch"),
                      .maximize = json_is_true(json_object_get(program->action, "maximize")) };

    bool ok = nnrt_search_new(&t.search, program->action, t.seed, e) && set_up_checkpoint(&t, e) &&
              prepare_as_trained(program, e);
    if (ok)
        ok = t.search.method == NNRT_HALVING ? run_halving(&t, records, e)
                                             : run_trials(&t, records, e);
    if (!ok && e->status == NNRT_INTERRUPTED)
        fail_interrupted(&t, e);

    if (ok && !t.found) {
        ok = nnrt_fail(e, NNRT_DIVERGED, "diverged",
                       "every trial diverged: the params' ranges, or the recipe's learning rate, "
                       "are too high");
    }
    if (ok) {
        spread_records(records);
        if (!as)
            print_trials(&t, records);
        ok = adopt_best(&t, e);
    }
    if (ok) {
        json_t *best = json_copy(t.best_params);
        json_object_set_new(best, "value", json_real(nnrt_tuning_sign(&t) * t.best));
        ok = nnrt_result_set(&program->session->results, as,
                             json_pack("{s:o, s:O}", "best", best, "trials", records), NULL, NULL,
                             e);
    }

    nnrt_search_clear(&t.search);
    nnrt_kept_clear(&t.weights);
    json_decref(t.best_params);
    json_decref(t.journal);
    json_decref(records);
    free(as);
    free(t.checkpoint);
    return ok;
}
