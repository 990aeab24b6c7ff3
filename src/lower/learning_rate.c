/* learning_rate.c: the learning rate of a step as scalar nodes (docs/language.md).
 *
 * Schedules in the language are evaluated with the step's counters as nodes; the few that are no
 * formula have a row below. plateau is the runtime's: HYPER_LR carries what it has left of the
 * rate. */
#include "lower/room.h"
#include <string.h>

/* The counters that a schedule sees: a warm-up hands on others than it got. */
typedef struct Counters {
    NodeId lr, step, steps, epoch, epochs, per_epoch;
} Counters;

typedef struct ScheduleContext {
    Lower *lower;
    Graph *g;
    size_t budget;
    int depth;
} ScheduleContext;

static bool schedule_call(ScheduleContext *c, const Call *call, const Counters *at,
                          ScheduleNodes *out);

static NodeId divided(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_DIV, a, b);
}

static bool constant_schedule(ScheduleContext *c, const Call *call, const Counters *at,
                              ScheduleNodes *out)
{
    (void)c, (void)call;
    *out = (ScheduleNodes){ at->lr, NO_NODE };
    return true;
}

/* lr (step + 1) / n for n steps, then another schedule that counts from there. */
static bool warmup_schedule(ScheduleContext *c, const Call *call, const Counters *at,
                            ScheduleNodes *out)
{
    Graph *g = c->g;
    const Value *steps = call_find(call, "steps"), *epochs = call_find(call, "epochs");
    NodeId zero = g_const(g, 0), one = g_const(g, 1), n = one;
    if (steps)
        n = g_const(g, steps->number);
    else if (epochs)
        n = g_binary(g, IR_MUL, g_const(g, epochs->number), at->per_epoch);
    Counters then = *at;
    then.step = g_binary(g, IR_MAX, zero, g_binary(g, IR_SUB, at->step, n));
    then.steps = g_binary(g, IR_MAX, one, g_binary(g, IR_SUB, at->steps, n));
    then.epoch = g_unary(g, IR_FLOOR, divided(g, then.step, at->per_epoch));
    then.epochs = divided(g, then.steps, at->per_epoch);
    const Call *next = value_call(call_find(call, "then"));
    if (next ? !schedule_call(c, next, &then, out) : !constant_schedule(c, call, &then, out))
        return false;
    NodeId rising = divided(g, g_binary(g, IR_MUL, at->lr, g_binary(g, IR_ADD, at->step, one)), n);
    out->lr = g_select(g, g_binary(g, IR_LT, at->step, n), rising, out->lr);
    return true;
}

/* values[0] before epochs[0], values[1] before epochs[1], ... */
static bool piecewise_schedule(ScheduleContext *c, const Call *call, const Counters *at,
                               ScheduleNodes *out)
{
    Graph *g = c->g;
    const Value *epochs = call_find(call, "epochs"), *values = call_find(call, "values");
    if (!epochs || !values || epochs->kind != VALUE_LIST || values->kind != VALUE_LIST ||
        values->count != epochs->count + 1) {
        diag_error(c->lower->diags, DIAG_OUT_OF_RANGE, call->span,
                   "piecewise needs one more value than epochs");
        return false;
    }
    NodeId lr = g_const(g, values->items[epochs->count].number);
    for (size_t i = epochs->count; i-- > 0;) {
        lr = g_select(g, g_binary(g, IR_LT, at->epoch, g_const(g, epochs->items[i].number)),
                      g_const(g, values->items[i].number), lr);
    }
    *out = (ScheduleNodes){ lr, NO_NODE };
    return true;
}

typedef struct ScheduleRow {
    const char *name;
    bool (*lower)(ScheduleContext *, const Call *, const Counters *, ScheduleNodes *);
} ScheduleRow;

static const ScheduleRow schedule_rows[] = {
    { "constant", constant_schedule },
    { "plateau", constant_schedule },
    { "piecewise", piecewise_schedule },
    { "warmup", warmup_schedule },
};

static bool written_schedule(ScheduleContext *c, const Call *call, const Counters *at,
                             ScheduleNodes *out)
{
    const Stmt *decl = call->form->decl;
    ExprEnv env = expr_env(c->lower, c->g, shape_scalar(), &c->budget);
    const char *const names[] = { "lr", "step", "steps", "epoch", "epochs", "progress" };
    const NodeId nodes[] = { at->lr,    at->step,   at->steps,
                             at->epoch, at->epochs, divided(c->g, at->step, at->steps) };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expr_bind_node(&env, intern_cstr(c->lower->names, names[i]), nodes[i]);
    expr_bind_call(&env, call, &decl->params, 0, NULL);
    *out = (ScheduleNodes){ at->lr, NO_NODE };
    if (decl->value)
        return (out->lr = expr_lower(&env, decl->value)) != NO_NODE;
    for (size_t i = 0; i < decl->lines.len; i++) {
        const UpdateLine *line = &decl->lines.data[i];
        NodeId value = expr_lower(&env, line->value);
        if (value == NO_NODE)
            return false;
        if (!strcmp(line->name.text, "lr"))
            out->lr = value;
        if (!strcmp(line->name.text, "momentum"))
            out->momentum = value;
        expr_bind_node(&env, line->name.text, value);
    }
    return true;
}

static bool schedule_call(ScheduleContext *c, const Call *call, const Counters *at,
                          ScheduleNodes *out)
{
    if (++c->depth > 100) {
        diag_error(c->lower->diags, DIAG_NESTING_TOO_DEEP, call->span,
                   "schedules are nested too deeply");
        return false;
    }
    if (call->form->decl)
        return written_schedule(c, call, at, out);
    for (size_t i = 0; i < sizeof schedule_rows / sizeof *schedule_rows; i++)
        if (!strcmp(call->form->name, schedule_rows[i].name))
            return schedule_rows[i].lower(c, call, at, out);
    diag_error(c->lower->diags, DIAG_NOT_AVAILABLE, call->span,
               "the schedule '%s' is not available yet", call->form->name);
    return false;
}

bool schedule_lower(Lower *lower, Graph *g, const Checked *recipe, bool counts_steps,
                    ScheduleNodes *out)
{
    Counters at = { .lr = g_hyper(g, HYPER_LR),
                    .step = g_hyper(g, HYPER_STEP),
                    .steps = g_hyper(g, HYPER_STEPS) };
    at.epoch = counts_steps ? at.step : g_hyper(g, HYPER_EPOCH);
    at.epochs = counts_steps ? at.steps : g_hyper(g, HYPER_EPOCHS);
    at.per_epoch = counts_steps ? g_const(g, 1) : g_hyper(g, HYPER_PER_EPOCH);
    ScheduleContext c = { .lower = lower, .g = g, .budget = EXPR_BUDGET };
    const Call *call = value_call(recipe_value(recipe, "schedule"));
    return call ? schedule_call(&c, call, &at, out) : constant_schedule(&c, call, &at, out);
}
