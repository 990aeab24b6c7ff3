/* session.c: a session and the carrying out of programs in it: what there is, then action after
 * action. */
#include "model/session.h"
#include "train/checkpoint.h"
#include "model/ensemble.h"
#include "model/init.h"
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nnrt_session *nnrt_session_new(const nnrt_options *options, nnrt_error *e)
{
    nnrt_session *session = calloc(1, sizeof *session);
    if (!session) {
        nnrt_no_memory(e);
        return NULL;
    }
    session->options = *options;
    session->threads = options->threads > 0 ? options->threads : nnrt_default_threads();
    session->barrier = nnrt_barrier_new(session->threads);
    session->alone = nnrt_barrier_new(1);
    session->weight_index = json_object();
    session->lock = malloc(sizeof *session->lock);
    if (session->lock && pthread_mutex_init(session->lock, NULL)) {
        free(session->lock);
        session->lock = NULL;
    }
    if (!session->barrier || !session->alone || !session->weight_index || !session->lock) {
        nnrt_no_memory(e);
        nnrt_session_free(session);
        return NULL;
    }
    /* A dry run writes nothing, the log included. */
    if (options->log_path && !options->dry_run &&
        !(session->log = nnrt_log_open(options->log_path, e))) {
        nnrt_session_free(session);
        return NULL;
    }
    return session;
}

void nnrt_session_free(nnrt_session *session)
{
    if (!session)
        return;
    nnrt_log_close(session->log);
    nnrt_results_free(session);
    nnrt_weights_free(session);
    for (size_t i = 0; i < session->ensemble_count; i++)
        nnrt_ensemble_free(session->ensemble[i]);
    free(session->ensemble);
    for (size_t i = 0; i < session->opened_count; i++) {
        json_decref(session->opened[i].declaration);
        free(session->opened[i].folder);
        nnrt_data_free(session->opened[i].data);
    }
    free(session->opened);
    if (session->barrier)
        nnrt_barrier_free(session->barrier);
    if (session->alone)
        nnrt_barrier_free(session->alone);
    if (session->lock)
        pthread_mutex_destroy(session->lock);
    free(session->lock);
    free(session);
}

static const nnrt_data *open_data(nnrt_session *session, const json_t *declaration,
                                  const char *folder, nnrt_error *e)
{
    const char *in = folder ? folder : "";
    for (size_t i = session->opened_count; i-- > 0;) {
        nnrt_opened *o = &session->opened[i];
        if (json_equal(o->declaration, declaration) && !strcmp(o->folder, in))
            return o->data;
    }
    nnrt_opened *grown = realloc(session->opened, (session->opened_count + 1) * sizeof *grown);
    if (grown)
        session->opened = grown;
    /* Lines of a REPL are freed while the session lives on. */
    nnrt_opened o = { grown ? json_deep_copy(declaration) : NULL, strdup(in), NULL };
    if (!o.declaration || !o.folder) {
        nnrt_no_memory(e);
    } else {
        o.data = nnrt_data_open(declaration, *in ? in : ".",
                                session->options.seed_given ? session->options.seed : 0, e);
    }
    if (o.data) {
        session->opened[session->opened_count++] = o;
        return o.data;
    }
    json_decref(o.declaration);
    free(o.folder);
    return NULL;
}

const nnrt_data *nnrt_session_data(nnrt_session *session, const json_t *declaration,
                                   const char *folder, nnrt_error *e)
{
    nnrt_session *root = session->root ? session->root : session;
    pthread_mutex_lock(root->lock);
    const nnrt_data *data = open_data(root, declaration, folder, e);
    pthread_mutex_unlock(root->lock);
    return data;
}

/* ---- weights that hold nothing yet ---- */
bool nnrt_weight_draw(nnrt_weight *weight, const char *name, uint64_t seed, nnrt_error *e)
{
    const nnrt_layout *layout = &weight->layout;
    if (weight->drawn)
        return true;
    float *logical = nnrt_tensor_new((size_t)layout->elements);
    if (!logical)
        return nnrt_no_memory(e);
    weight->drawn =
        nnrt_init_weight(weight->init, seed, name, layout->dims, layout->rank, logical, e);
    if (weight->drawn)
        nnrt_pack(logical, weight->values, layout->dims, layout->rank, layout->feature_axis);
    free(logical);
    return weight->drawn;
}

/* Drawn by the name within the model, so that two models of one making begin alike from one seed.
 */
bool nnrt_model_draw(nnrt_model *model, uint64_t seed, nnrt_error *e)
{
    for (size_t i = 0; i < model->count; i++)
        if (!nnrt_weight_draw(model->weight[i], model->weight_name[i], seed, e))
            return false;
    return true;
}

/* ---- data as the compiler saw it ---- */
static bool same_shape(const json_t *expected, const char *key, int rank, const int64_t *dims,
                       const char *data, const char *what, nnrt_error *e)
{
    const json_t *shape = json_object_get(expected, key);
    char was[128], is[128];
    int64_t old[NNRT_MAX_RANK];
    int old_rank = 0;
    if (!json_is_array(shape))
        return true;
    for (size_t i = 0; i < json_array_size(shape) && i < NNRT_MAX_RANK; i++)
        old[old_rank++] = json_integer_value(json_array_get(shape, i));
    if (old_rank == rank && !memcmp(old, dims, sizeof *dims * (size_t)rank))
        return true;
    nnrt_shape_text(old_rank, old, was, sizeof was);
    nnrt_shape_text(rank, dims, is, sizeof is);
    return nnrt_fail(e, NNRT_FILES, "changed-data",
                     "the %s of data '%s' are %s, but this program was built for %s", what, data,
                     is, was);
}

static bool same_count(const json_t *expected, const char *key, int64_t count, const char *data,
                       const char *what, nnrt_error *e)
{
    const json_t *was = json_object_get(expected, key);
    if (!json_is_integer(was) || json_integer_value(was) == count)
        return true;
    return nnrt_fail(e, NNRT_FILES, "changed-data",
                     "data '%s' has %lld %s, but this program was built for %lld", data,
                     (long long)count, what, (long long)json_integer_value(was));
}

static bool data_as_expected(nnrt_program *program, nnrt_error *e)
{
    size_t i;
    json_t *expected;
    json_array_foreach (json_object_get(program->json, "expect"), i, expected) {
        const char *name = json_string_value(json_object_get(expected, "data"));
        const nnrt_data *data = nnrt_program_data(program, name, e);
        if (!data)
            return false;
        if (!same_shape(expected, "shape", data->rank, data->shape, name, "samples", e))
            return false;
        if (!same_shape(expected, "target_shape", data->target_rank, data->target_shape, name,
                        "targets", e)) {
            return false;
        }
        if (!same_count(expected, "classes", data->classify ? data->classes : 0, name, "classes",
                        e)) {
            return false;
        }
        const json_t *below = json_object_get(expected, "below");
        if (json_is_integer(below) && !nnrt_data_numbers_below(data, json_integer_value(below), e))
            return false;
        if (!same_count(expected, "train", data->part[NNRT_TRAIN].count, name,
                        "samples to train on", e)) {
            return false;
        }
        if (!same_count(expected, "validation", data->part[NNRT_VALIDATION].count, name,
                        "samples to validate on", e)) {
            return false;
        }
        if (!same_count(expected, "test", data->part[NNRT_TEST].count, name, "samples to test on",
                        e)) {
            return false;
        }
    }
    return true;
}

/* ---- the program ---- */
static bool do_nothing(nnrt_program *program, nnrt_error *e)
{
    (void)program;
    (void)e;
    return true;
}

static const struct {
    const char *verb;
    bool (*perform)(nnrt_program *, nnrt_error *);
    bool long_running;
} verbs[] = {
    { "train", nnrt_do_train, true },
    { "evaluate", nnrt_do_evaluate, true },
    { "predict", nnrt_do_predict, true },
    { "save", nnrt_do_save, false },
    { "load", nnrt_do_load, false },
    { "print", nnrt_do_print, false },
    { "assert", nnrt_do_assert, false },
    { "plot", nnrt_do_plot, false },
    { "export", nnrt_do_export, false },
    { "minimize", nnrt_do_minimize, true },
    { "prune", nnrt_do_prune, false },
    { "check_gradients", nnrt_do_check_gradients, true },
    { "crossvalidate", nnrt_do_crossvalidate, true },
    { "compare", nnrt_do_compare, true },
    { "tune", nnrt_do_tune, true },
    { "inspect", nnrt_do_inspect, true },
    { "find_lr", nnrt_do_find_lr, true },
    { "bag", nnrt_do_bag, true },
    { "boost", nnrt_do_boost, true },
    { "freeze", do_nothing, false },
    { "unfreeze", do_nothing, false },
};

static bool perform(nnrt_program *program, nnrt_error *e)
{
    const char *verb = nnrt_action_text(program, "verb");
    for (size_t i = 0; verb && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].verb, verb))
            continue;
        /* What was printed is there before the wait begins. */
        if (verbs[i].long_running && !nnrt_flush_output(program, e))
            return false;
        return verbs[i].perform(program, e) && nnrt_log_sound(program->session->log, e);
    }
    return nnrt_fail(e, NNRT_SCRIPT, "internal", "the program has no verb '%s'", verb ? verb : "");
}

static bool open_resume(nnrt_program *program, nnrt_error *e)
{
    nnrt_session *session = program->session;
    if (!session->options.resume_path || session->resumed)
        return true;
    session->resumed = true;
    program->resume = nnrt_resume_open(program, session->options.resume_path, e);
    return program->resume != NULL;
}

static bool run_actions(nnrt_program *program, nnrt_error *e)
{
    if (!nnrt_weights_declare(program->session, json_object_get(program->json, "weights"), e))
        return false;
    if (!data_as_expected(program, e) || !open_resume(program, e))
        return false;
    /* tune changes the program */
    for (size_t i = program->resume ? nnrt_resume_action(program->resume) : 0;
         i < json_array_size(json_object_get(program->json, "actions")); i++) {
        program->action = json_array_get(json_object_get(program->json, "actions"), i);
        program->action_index = i;
        if (!perform(program, e))
            return false;
        if (nnrt_stop_asked())
            return nnrt_interrupted(e);
    }
    program->action = NULL;
    return nnrt_flush_output(program, e);
}

void nnrt_program_clear(nnrt_program *program)
{
    for (size_t i = 0; i < program->model_count; i++) {
        free(program->model[i]->weight);
        free(program->model[i]->weight_name);
        free(program->model[i]);
    }
    for (size_t i = 0; i < program->instance_count; i++)
        nnrt_instance_free(program->instance[i]);
    free(program->model);
    free(program->instance);
    nnrt_resume_free(program->resume);
}

void nnrt_session_set_retune(nnrt_session *session, nnrt_retune retune, void *context)
{
    session->retune = retune;
    session->retune_context = context;
}

int nnrt_session_run(nnrt_session *session, const json_t *json, nnrt_resolve resolve, void *context)
{
    nnrt_program program = {
        .session = session, .json = json, .built = json, .resolve = resolve, .context = context
    };
    nnrt_error error = { 0 };
    nnrt_signals signals;
    program.script = json_string_value(json_object_get(json, "script"));
    program.folder = json_string_value(json_object_get(json, "folder"));
    nnrt_signals_hold(&signals);
    if (!run_actions(&program, &error) && !program.quiet_end) {
        nnrt_error unused = { 0 };
        nnrt_flush_output(&program, &unused);
        nnrt_say_error(&program, &error);
    }
    nnrt_log_flush(session->log);
    if (!error.status && !nnrt_log_sound(session->log, &error))
        nnrt_say_error(&program, &error);
    nnrt_signals_release(&signals);
    nnrt_program_clear(&program);
    json_decref(program.owned);
    json_decref(program.settled);
    return program.quiet_end ? NNRT_OK : error.status;
}
