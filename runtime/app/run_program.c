/* run_program.c: a session, and programs carried out in it, action after action. */
#include "abi/verbs.h"
#include "actions/actions.h"
#include "app/app.h"
#include "app/expected_data.h"
#include "base/base.h"
#include "experiments/experiments.h"
#include "train/train.h"
#include <stdlib.h>

nnrt_session *nnrt_session_new(const nnrt_options *options, nnrt_error *e)
{
    nnrt_session *session = calloc(1, sizeof *session);
    int32_t threads = options->threads > 0 ? options->threads : nnrt_default_threads();
    if (!session || !(session->opened = nnrt_opened_new())) {
        nnrt_session_free(session);
        nnrt_no_memory(e);
        return NULL;
    }
    session->options = *options;
    bool ok = nnrt_team_init(&session->team, threads, e) && nnrt_weights_init(&session->weights, e);
    /* A dry run writes nothing, the log included. */
    if (ok && options->log_path && !options->dry_run)
        ok = (session->log = nnrt_log_open(options->log_path, e)) != NULL;
    if (ok)
        return session;
    nnrt_session_free(session);
    return NULL;
}

void nnrt_session_free(nnrt_session *session)
{
    if (!session)
        return;
    nnrt_log_close(session->log);
    nnrt_results_clear(&session->results);
    nnrt_weights_clear(&session->weights);
    nnrt_ensembles_clear(&session->ensembles);
    nnrt_preparations_clear(&session->preparations);
    nnrt_opened_free(session->opened);
    nnrt_team_clear(&session->team);
    free(session);
}

void nnrt_session_set_retune(nnrt_session *session, nnrt_retune retune, void *context)
{
    session->retune = retune;
    session->retune_context = context;
}

/* ---- programs ---- */
static bool (*const action_of[VERB_COUNT])(nnrt_program *program, nnrt_error *e) = {
#define VERB(id, name, ...) [VERB_##id] = nnrt_do_##name,
#include "abi/verbs.def"
#undef VERB
};

/* Those that take a while: what was printed must be on the screen before they begin. */
static const bool runs_long[VERB_COUNT] = {
    [VERB_TRAIN] = true,         [VERB_EVALUATE] = true, [VERB_PREDICT] = true,
    [VERB_GENERATE] = true,      [VERB_MINIMIZE] = true, [VERB_CHECK_GRADIENTS] = true,
    [VERB_CROSSVALIDATE] = true, [VERB_COMPARE] = true,  [VERB_TUNE] = true,
    [VERB_INSPECT] = true,       [VERB_FIND_LR] = true,  [VERB_BAG] = true,
    [VERB_BOOST] = true,
};

static bool carry_out(nnrt_program *program, nnrt_error *e)
{
    Verb verb = nnrt_verb(program->action);
    if (verb == VERB_COUNT) {
        const char *word = nnrt_action_text(program, "verb");
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "the program has no verb '%s'",
                         word ? word : "");
    }
    if (runs_long[verb] && !nnrt_flush_output(program, e))
        return false;
    return action_of[verb](program, e) && nnrt_log_sound(program->session->log, e);
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
    nnrt_session *session = program->session;
    if (!nnrt_weights_declare(&session->weights, json_object_get(program->json, "weights"), e) ||
        !nnrt_data_as_expected(program, e) || !open_resume(program, e)) {
        return false;
    }

    const json_t *actions = json_object_get(program->json, "actions");
    for (size_t i = program->resume ? nnrt_resume_action(program->resume) : 0;
         i < json_array_size(actions); i++) {
        program->action = json_array_get(actions, i);
        program->action_index = i;
        if (!carry_out(program, e))
            return false;
        if (nnrt_stop_asked())
            return nnrt_interrupted(e);
        actions =
            json_object_get(program->json, "actions"); /* tune puts another program in place */
    }
    program->action = NULL;
    return nnrt_flush_output(program, e);
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
        nnrt_report_error(&program, &error);
    }
    nnrt_log_flush(session->log);
    if (!error.status && !nnrt_log_sound(session->log, &error))
        nnrt_report_error(&program, &error);
    nnrt_signals_release(&signals);

    nnrt_resume_free(program.resume);
    nnrt_program_clear(&program);
    return program.quiet_end ? NNRT_OK : error.status;
}
