/* check_action.c: an action: its clauses and settings (action_clauses.c, action_settings.c), what
 * they must fulfil together, and the type of its result. */
#include "sema/action.h"

Diagnostic *clause_error(Check *c, DiagId id, Span span, const char *text)
{
    Diagnostic *d = diag_error(c->sema->diags, id, span, "'%s' %s", c->verb->name, text);
    diag_help(c->sema->diags, d, "it is written: %s", c->verb->form);
    return d;
}

/* ---- what the parts must fulfil together ---- */
static bool watches_validation(const Value *rule)
{
    if (rule->kind != VALUE_CALL)
        return false;
    for (size_t i = 0; i < rule->call->form->arg_count; i++) {
        const Value *v = &rule->call->args[i];
        if (!strcmp(rule->call->form->args[i].type, "monitor") && v->kind == VALUE_STRING &&
            !strncmp(v->text, "validation.", 11)) {
            return true;
        }
        if (v->kind == VALUE_CALL && watches_validation(v))
            return true;
    }
    return false;
}

static void check_monitors(Check *c, const Checked *recipe)
{
    static const char *const keys[] = { "stop", "schedule", "checkpoint" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const Value *rule = setting(recipe, keys[i]);
        if (has_validation(c) || !watches_validation(rule))
            continue;
        /* where nothing is said, a checkpoint goes by what there is */
        if (!strcmp(keys[i], "checkpoint") && !call_given(rule->call, "monitor"))
            continue;
        Diagnostic *d = diag_error(c->sema->diags, DIAG_NO_PART, rule->span,
                                   "'%s' watches the validation part, but data '%s' has none",
                                   rule->call->form->name, c->out->data->name);
        diag_help(
            c->sema->diags, d,
            "add 'validation = 10%%' to data %s, or watch the training loss with 'monitor = loss'",
            c->out->data->name);
        diag_note(c->sema->diags, d, c->stmt->span, "in this action");
    }
}

static void resolve_steps(Check *c)
{
    enum { DEFAULT_STEPS = 100 };

    const Value *own = setting(&c->out->settings, "steps");
    int steps = checked_find(&c->out->recipe, "steps"),
        epochs = checked_find(&c->out->recipe, "epochs");
    if (own->kind == VALUE_NUMBER)
        c->out->recipe.values[steps] = *own;
    else if (!c->out->recipe.given[steps])
        c->out->recipe.values[steps] = value_number(DEFAULT_STEPS, true, c->stmt->span);
    c->out->recipe.given[steps] = true;
    c->out->recipe.given[epochs] = false;
    c->out->recipe.values[epochs] = value_none(c->stmt->span);
}

/* Which params `tune` searches, and whether its objective can be measured. */
static void resolve_tune(Check *c)
{
    Sema *sema = c->sema;
    const Value *objective = setting(&c->out->settings, "objective");
    if (!sema->params.len) {
        Diagnostic *d =
            diag_error(sema->diags, DIAG_NO_PARAMS, c->action->verb_span,
                       "there is nothing to tune: the script declares no param with a domain");
        diag_help(sema->diags, d,
                  "declare one above, such as 'param width = 32 in choice(16, 32, 64)'");
        return;
    }
    if (!has_validation(c) && (objective->kind == VALUE_NONE || watches_validation(objective))) {
        Span span = objective->kind == VALUE_NONE ? c->out->data_span : objective->span;
        Diagnostic *d =
            diag_error(sema->diags, DIAG_NO_PART, span,
                       "the objective is measured on the validation part, but data '%s' has none",
                       c->out->data->name);
        diag_help(sema->diags, d, "add 'validation = 10%%' to data %s", c->out->data->name);
        return;
    }

    c->out->params = arena_alloc(sema->arena, sema->params.len * sizeof *c->out->params);
    for (size_t i = 0; i < sema->params.len; i++) {
        const Symbol *symbol = name_map_get(&sema->symbols, sema->params.data[i]);
        if (!symbol || !symbol->domain)
            continue;
        c->out->params[c->out->param_count].name = symbol->name;
        c->out->params[c->out->param_count++].domain = symbol->domain->call;
    }
}

static void check_together(Check *c)
{
    Verb verb = c->out->verb;
    /* folds have validation parts of their own */
    if (c->verb->recipe && c->out->data && verb != VERB_CROSSVALIDATE) {
        check_monitors(c, &c->out->recipe);
        for (size_t i = 0; i < c->out->recipe_count; i++)
            check_monitors(c, &c->out->recipes[i]);
    }
    if (verb == VERB_MINIMIZE)
        resolve_steps(c);
    if (verb == VERB_TUNE)
        resolve_tune(c);
    if (verb == VERB_FIND_LR) { /* it sets the rate itself */
        int row = checked_find(&c->out->recipe, "schedule");
        c->out->recipe.values[row] = checked_new(c->sema, TABLE_RECIPE, c->stmt->span).values[row];
    }
}

/* ---- as ---- */
static void tasks_of(const DataDecl *data, ResultContext *context)
{
    static const char *const of_classes[] = { "digits", "moons", "circles", "spirals",
                                              "blobs",  "xor",   "images",  "text" },
                             *const of_reals[] = { "sine", "regression" };
    context->classify = context->regress = true;
    if (!data)
        return;
    const Value *task = setting(&data->settings, "task"),
                *source = setting(&data->settings,
                                  setting_given(&data->settings, "source") ? "source" : "train");
    if (task->kind == VALUE_STRING) {
        context->regress = !strcmp(task->text, "regress");
        context->classify = !context->regress;
        return;
    }
    for (size_t i = 0; source->kind == VALUE_CALL && i < sizeof of_classes / sizeof of_classes[0];
         i++) {
        if (!strcmp(of_classes[i], source->call->form->name))
            context->regress = false;
    }
    for (size_t i = 0; source->kind == VALUE_CALL && i < sizeof of_reals / sizeof of_reals[0]; i++)
        if (!strcmp(of_reals[i], source->call->form->name))
            context->classify = false;
}

/* The named result, as an expression that reads it later. */
static Value result_value(Check *c)
{
    Sema *sema = c->sema;
    Name as = c->action->as;
    ResultContext context = { .has_validation = has_validation(c),
                              .data = c->out->data ? c->out->data->name : NULL,
                              .recipes = c->out->recipe_names,
                              .recipe_count = c->out->recipe_count,
                              .variable_count = c->out->variable_count };

    bool own = c->out->verb == VERB_EVALUATE;
    tasks_of(c->out->data, &context);
    if (own)
        context.metrics = setting(&c->out->settings, "metrics");
    else if (c->verb->recipe)
        context.metrics = setting(&c->out->recipe, "metrics");
    /* those asked for replace the task's; training always counts hits */
    if (context.metrics && context.metrics->kind == VALUE_LIST) {
        context.classify = context.classify && !own;
        context.regress = false;
    }

    const char **variables = ARENA_ARRAY(sema->arena, const char *, c->out->variable_count + 1);
    for (size_t i = 0; i < c->out->variable_count; i++)
        variables[i] = c->out->variables[i].name;
    context.variables = variables;

    Later *later = ARENA_NEW(sema->arena, Later);
    *later = (Later){ .kind = LATER_FIELD, .result = as.text, .span = as.span };
    Value value = later_value(later, as.span);
    value.result = result_type(sema, c->verb->result, &context);
    return value;
}

static void take_as(Check *c, bool failed)
{
    Sema *sema = c->sema;
    Name as = c->action->as;
    if (!as.text)
        return;
    if (c->verb->as == CLAUSE_NO) {
        clause_error(c, DIAG_EXTRA_CLAUSE, as.span, "has no result to name");
        return;
    }
    if (failed && sema->repl)
        return;
    c->out->as = as.text;
    c->out->as_span = as.span;

    Symbol *symbol;
    if (!symbol_add(sema, as, failed ? value_error(as.span) : result_value(c), &symbol))
        return;
    symbol->is_result = true;
    symbol->makes_model = c->verb->makes;
    symbol->maker = c->verb->makes && !failed ? c->out : NULL;
}

/* ---- print and assert ---- */
/* The first clause that is there, or no span. */
static Span first_clause(const Action *a)
{
    const Expr *const clauses[] = { a->on, a->with, a->to, a->from };
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++)
        if (clauses[i])
            return clauses[i]->span;
    if (a->as.text)
        return a->as.span;
    return a->settings.present ? a->settings.span : (Span){ 0 };
}

/* What is printed or asserted; number `i` of the operands. */
static void take_value(Check *c, size_t i)
{
    Sema *sema = c->sema;
    const Expr *expr = c->action->operands[i];
    bool asserts = c->verb->what == WHAT_CONDITION;
    Value value = eval(sema, sema->globals, expr);
    /* a record or list: printed as it is */
    bool whole = !asserts && value_is_later(&value) && value.result;
    if (!whole && !value_usable(sema, &value, expr->span))
        return;

    if (asserts && i == 0 && value.kind != VALUE_BOOL && value.kind != VALUE_LATER) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span,
                   "a condition must be true or false, but this is %s", value_kind_name(&value));
    } else if (asserts && i == 1 && value.kind != VALUE_STRING && value.kind != VALUE_LATER) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span,
                   "the message of 'assert' must be a text, but this is %s",
                   value_kind_name(&value));
    } else {
        c->out->values[c->out->value_count++] = later_of(sema, &value);
    }
}

static void take_values(Check *c)
{
    const Action *action = c->action;
    bool asserts = c->verb->what == WHAT_CONDITION;
    Span clause = first_clause(action);
    if (clause.file)
        clause_error(c, DIAG_EXTRA_CLAUSE, clause, "takes only values");
    if (!action->operand_count) {
        clause_error(c, DIAG_MISSING_CLAUSE, action->verb_span,
                     asserts ? "needs a condition" : "needs a value");
    }
    if (asserts && action->operand_count > 2) {
        clause_error(c, DIAG_EXTRA_CLAUSE, action->operands[2]->span,
                     "takes only a condition and a text");
    }

    c->out->values = ARENA_ARRAY(c->sema->arena, Later *, action->operand_count + 1);
    for (size_t i = 0; i < action->operand_count; i++)
        take_value(c, i);
}

CheckedAction *check_action(Sema *sema, const Stmt *stmt)
{
    const Action *action = &stmt->action;
    const VerbRow *verb = verb_row(action->verb);
    CheckedAction *out = ARENA_NEW(sema->arena, CheckedAction);
    *out =
        (CheckedAction){ .verb = action->verb, .span = stmt->span, .verb_span = action->verb_span };
    Check check = { sema, stmt, action, verb, out, false };
    size_t errors = sema->diags->errors;

    if (verb->what == WHAT_VALUES || verb->what == WHAT_CONDITION) {
        take_values(&check);
        return sema->diags->errors > errors ? NULL : out;
    }

    take_operand(&check);
    take_on(&check);
    take_with(&check);
    take_path(&check);
    take_action_settings(&check);
    if (sema->diags->errors == errors)
        check_together(&check);

    /* A model that was itself in error was reported where it is declared; here nothing is wrong
     * with it. */
    bool failed = sema->diags->errors > errors ||
                  (verb->what == WHAT_MODEL && !out->model && !check.unknown_model);
    take_as(&check, failed);
    if (check.unknown_model)
        return NULL;
    return failed || sema->diags->errors > errors ? NULL : out;
}
