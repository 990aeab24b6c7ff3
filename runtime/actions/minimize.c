/* minimize.c: `minimize`: an optimizer on a fn of numbers, step by step, each step an event of the
 * log and a record of `.path`. */
#include "actions/actions.h"
#include "base/base.h"
#include "actions/surface.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct minimization {
    nnrt_program *program;
    nnrt_instance *unit;
    size_t count; /* of variables */
    const char **name;
    float **at;
    double *row; /* row: step, lr, value, variables */
    nnrt_history *path;
    int64_t steps;
} minimization;

enum { ROW_STEP, ROW_LR, ROW_VALUE, ROW_VARIABLES, MOST_VARIABLES = 64 };

static bool set_up(minimization *m, nnrt_error *e)
{
    const json_t *variables = json_object_get(m->program->action, "variables");
    const char *columns[ROW_VARIABLES + MOST_VARIABLES] = { "step", "lr", "value" };
    bool whole[ROW_VARIABLES + MOST_VARIABLES] = { true };
    m->count = json_array_size(variables);
    if (m->count > MOST_VARIABLES) {
        return nnrt_fail(e, NNRT_SCRIPT, "too-large",
                         "minimize takes at most %d variables, not %zu", MOST_VARIABLES, m->count);
    }
    m->unit =
        nnrt_program_instance_apart(m->program, nnrt_action_text(m->program, "unit"), NULL, e);
    m->name = calloc(m->count + 1, sizeof *m->name);
    m->at = calloc(m->count + 1, sizeof *m->at);
    m->row = calloc(m->count + ROW_VARIABLES, sizeof *m->row);
    if (!m->unit || !m->name || !m->at || !m->row)
        return nnrt_no_memory(e);

    nnrt_instance_reset(m->unit);
    for (size_t i = 0; i < m->count; i++) {
        const json_t *variable = json_array_get(variables, i);
        m->name[i] = columns[ROW_VARIABLES + i] =
            json_string_value(json_object_get(variable, "name"));
        m->at[i] = m->name[i] ? nnrt_instance_values(m->unit, NNRT_WEIGHT, m->name[i]) : NULL;
        if (!m->at[i]) {
            return nnrt_fail(e, NNRT_SCRIPT, "internal", "the fn has no variable '%s'",
                             m->name[i] ? m->name[i] : "");
        }
        m->at[i][0] = (float)json_number_value(json_object_get(variable, "start"));
    }

    m->path = nnrt_history_new(ROW_VARIABLES + m->count, columns, whole);
    return m->path || nnrt_no_memory(e);
}

static void log_step(const minimization *m)
{
    nnrt_log *log = m->program->session->log;
    if (!log)
        return;
    nnrt_log_begin(log, "minimize");
    nnrt_log_whole(log, "step", (int64_t)m->row[ROW_STEP]);
    for (size_t i = 0; i < m->count; i++)
        nnrt_log_number(log, m->name[i], m->row[ROW_VARIABLES + i]);
    nnrt_log_number(log, "value", m->row[ROW_VALUE]);
    nnrt_log_number(log, "lr", m->row[ROW_LR]);
    nnrt_log_end(log);
}

/* Takes one step and notes it in the row; whether all of its numbers are finite. */
static bool take_step(minimization *m, nnrt_call *call, double lr, int64_t step)
{
    nnrt_set_hypers(m->unit, lr, m->steps, step, m->steps, 1);
    call->first = call->step = step;
    call->last = step + 1;
    nnrt_launch(m->unit, call);

    m->row[ROW_STEP] = (double)(step + 1);
    m->row[ROW_LR] = call->metric[NNRT_METRIC_LR];
    m->row[ROW_VALUE] = call->metric[NNRT_METRIC_VALUE];
    bool finite = !call->halt && isfinite(m->row[ROW_VALUE]);
    for (size_t i = 0; i < m->count; i++) {
        m->row[ROW_VARIABLES + i] = m->at[i][0];
        finite = finite && isfinite(m->at[i][0]);
    }
    return finite;
}

static bool take_steps(minimization *m, nnrt_error *e)
{
    double lr = nnrt_action_number(m->program, "lr", 0);
    int64_t last = m->program->session->options.dry_run && m->steps > 2 ? 2 : m->steps;
    nnrt_call call = nnrt_instance_call(m->program, m->unit, nnrt_action_seed(m->program));
    for (int64_t step = 0; step < last; step++) {
        if (!take_step(m, &call, lr, step)) {
            nnrt_fail(e, NNRT_DIVERGED, "diverged",
                      "minimize diverged: the value is not finite at step %lld",
                      (long long)step + 1);
            snprintf(e->help, sizeof e->help, "lower the rate (now %.4g) or start elsewhere", lr);
            return false;
        }
        if (!nnrt_history_add(m->path, m->row))
            return nnrt_no_memory(e);
        log_step(m);
        if (nnrt_stop_asked())
            return nnrt_interrupted(e);
    }
    return true;
}

/* Takes the path over. */
static bool leave_result(minimization *m, nnrt_error *e)
{
    nnrt_program *program = m->program;
    const char *as = nnrt_action_text(program, "as");
    json_t *result = json_object(), *notes = NULL;
    for (size_t i = 0; i < m->count; i++)
        nnrt_put_number(result, m->name[i], m->row[ROW_VARIABLES + i], false);
    nnrt_put_number(result, "value", m->row[ROW_VALUE], false);
    nnrt_put_number(result, "steps", m->row[ROW_STEP], true);

    if (!as) {
        const char *function = nnrt_action_text(program, "function");
        printf("minimize%s%s\n", function ? " " : "", function ? function : "");
        nnrt_print_fields(result);
    }
    if (as && m->count && m->count <= 2)
        notes = nnrt_surface(program, m->name, m->count, m->path, ROW_VARIABLES, e);

    bool ok =
        nnrt_result_set(&program->session->results, as, result, m->path, "path", e) && !e->status;
    nnrt_result_note(&program->session->results, ok ? as : NULL, notes);
    m->path = NULL;
    return ok;
}

bool nnrt_do_minimize(nnrt_program *program, nnrt_error *e)
{
    minimization m = { .program = program,
                       .steps = (int64_t)nnrt_action_number(program, "steps", 10) };
    bool ok = set_up(&m, e) && take_steps(&m, e) && leave_result(&m, e);
    nnrt_history_free(m.path);
    free(m.name);
    free(m.at);
    free(m.row);
    return ok;
}
