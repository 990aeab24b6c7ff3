/* side_by_side.c: independent trainings side by side (side_by_side.h).
 *
 * A training on one thread needs no barriers, so this is the better use of the threads wherever
 * there are several trainings. How many run at once is limited by what they take of the machine's
 * memory. */
#include "experiments/side_by_side.h"
#include "base/base.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct outcome {
    json_t *result;
    nnrt_error error;
} outcome;

typedef struct work {
    const nnrt_runs *runs;
    outcome *outcome; /* of each run, until it is finished */
    int32_t threads;  /* of each run */
    nnrt_error *e;
} work;

/* ---- a session of its own ---- */
/* It shares the data that is open, and has weights of its own. */
static bool session_init(nnrt_session *session, const nnrt_session *action, int32_t threads,
                         nnrt_error *e)
{
    *session = (nnrt_session){ .options = action->options, .opened = action->opened };
    session->options.quiet = true;
    return nnrt_team_init(&session->team, threads, e) && nnrt_weights_init(&session->weights, e);
}

static void session_clear(nnrt_session *session)
{
    nnrt_weights_clear(&session->weights);
    nnrt_team_clear(&session->team);
}

/* Takes over what the action's session holds in the same shapes. Other threads read that too, so
 * nothing in it may be written, not even a count of references: hence the deep copy. */
static bool copy_weights(nnrt_weights *weights, const nnrt_weights *action, const json_t *declared,
                         nnrt_error *e)
{
    json_t *own = json_deep_copy(declared);
    bool ok = own ? nnrt_weights_declare(weights, own, e) : nnrt_no_memory(e);
    json_decref(own);
    if (!ok)
        return false;

    for (size_t i = 0; i < weights->count; i++) {
        nnrt_weight *weight = weights->item[i];
        const nnrt_weight *found = nnrt_weights_find(action, weight->key);
        if (!found || !found->drawn || found->generation != weight->generation ||
            !nnrt_layout_equal(&found->layout, &weight->layout)) {
            continue;
        }
        memcpy(weight->values, found->values, weight->layout.packed * sizeof *weight->values);
        weight->drawn = true;
        weight->pruned = found->pruned;
    }
    return true;
}

/* ---- a run ---- */
static void train(const work *w, size_t i, const nnrt_run_setup *setup, outcome *to)
{
    const nnrt_runs *runs = w->runs;
    const nnrt_program *action = runs->program;
    nnrt_session session;
    nnrt_program program = { .session = &session,
                             .json = setup->json ? setup->json : action->json,
                             .script = action->script,
                             .folder = action->folder,
                             .resolve = action->resolve,
                             .context = action->context,
                             .action_index = action->action_index };
    program.action = json_array_get(json_object_get(program.json, "actions"), program.action_index);

    nnrt_model *model = NULL;
    if (session_init(&session, action->session, w->threads, &to->error) &&
        copy_weights(&session.weights, &action->session->weights,
                     json_object_get(program.json, "weights"), &to->error)) {
        model = nnrt_program_model(&program, nnrt_action_text(&program, "model"), &to->error);
    }
    if (model && nnrt_model_fresh(model, setup->within.seed, &to->error))
        to->result = nnrt_train_within(&program, &setup->within, &to->error);

    nnrt_trained_run trained = { &program, model, to->result };
    if (to->result && runs->trained && !runs->trained(runs->context, i, &trained, &to->error)) {
        json_decref(to->result);
        to->result = NULL;
    }
    nnrt_program_clear(&program);
    session_clear(&session);
}

static void carry_out(void *context, size_t i)
{
    const work *w = context;
    const nnrt_runs *runs = w->runs;
    outcome *to = &w->outcome[i];
    nnrt_run_setup setup = { 0 };
    if (nnrt_stop_asked())
        nnrt_interrupted(&to->error);
    else if (runs->set_up(runs->context, i, &setup, &to->error) && !setup.skip)
        train(w, i, &setup, to);
}

static bool finish(void *context, size_t i)
{
    const work *w = context;
    outcome *done = &w->outcome[i];
    *w->e = done->error;
    bool ok = w->runs->finish(w->runs->context, i, done->result, w->e);
    json_decref(done->result);
    done->result = NULL;
    return ok;
}

/* ---- how many at once ---- */
/* About how many bytes a training of the action's own program takes; a trial's are much the same.
 */
static double memory_of(const nnrt_program *program)
{
    const char *name = nnrt_action_text(program, "unit"),
               *model = nnrt_action_text(program, "model");
    double bytes = 1 << 20;
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(program->json, "units"), i, item) {
        const char *n = json_string_value(json_object_get(item, "name"));
        if (name && n && !strcmp(n, name))
            bytes += json_number_value(json_object_get(item, "arena_bytes"));
    }
    json_array_foreach (json_object_get(program->json, "models"), i, item) {
        const char *n = json_string_value(json_object_get(item, "name"));
        if (model && n && !strcmp(n, model))
            bytes += 6 * sizeof(float) * json_number_value(json_object_get(item, "parameters"));
    }
    return bytes;
}

static int32_t workers_for(const nnrt_runs *runs)
{
    int32_t threads = runs->program->session->team.threads;
    double pages = (double)sysconf(_SC_PHYS_PAGES),
           most = pages * (double)sysconf(_SC_PAGESIZE) / 4 / memory_of(runs->program);
    if (pages > 0 && most < threads)
        threads = most < 1 ? 1 : (int32_t)most;
    if ((size_t)threads < runs->count)
        return threads;
    return runs->count ? (int32_t)runs->count : 1;
}

bool nnrt_train_side_by_side(const nnrt_runs *runs, nnrt_error *e)
{
    int32_t workers = workers_for(runs);
    nnrt_error last = { 0 };
    work w = { .runs = runs,
               .outcome = calloc(runs->count + 1, sizeof(outcome)),
               .threads = runs->program->session->team.threads / workers,
               .e = &last };
    if (!w.outcome)
        return nnrt_no_memory(e);
    bool ok = nnrt_side_by_side(workers, runs->count, carry_out, finish, &w);
    for (size_t i = 0; i < runs->count; i++)
        json_decref(w.outcome[i].result);
    free(w.outcome);
    if (!ok)
        *e = last;
    return ok;
}
