/* result_types.c: which fields the result of an action has, and reading them.
 *
 * verbs.def says the fields in a small language; what depends on the action (its metrics,
 * variables, params, recipes) is filled in by macros. */
#include "sema/internal.h"

static const ResultType number_type = { .kind = RESULT_NUMBER };

/* Macros that are themselves lists of fields. A record of an epoch is an epoch's log event; `loss`
 * and metrics are the training part's. */
static const struct {
    const char *name, *text;
} macros[] = {
    { "epoch", "epoch step lr loss #accuracy penalty seconds samples_per_second train{loss "
               "#accuracy} ?validation{loss #metrics}" },
    { "train", "loss #metrics penalty lr epochs steps seconds stopped best_epoch train{loss "
               "#metrics} ?validation{loss #metrics} history[]{#epoch}" },
};

static void add_field(Sema *sema, ResultType *type, const char *name, const ResultType *field)
{
    for (size_t i = 0; i < type->fields.len; i++)
        if (!strcmp(type->fields.data[i].name, name))
            return;
    vec_push(sema->arena, &type->fields, ((struct ResultField){ name, field }));
}

static const char *parse_fields(Sema *sema, const char *at, const ResultContext *context,
                                ResultType *type);

static void add_metrics(Sema *sema, const ResultContext *context, ResultType *type)
{
    static const char *const of_classes[] = { "accuracy" }, *const of_reals[] = { "mae", "rmse",
                                                                                  "r2" };
    if (context->metrics && context->metrics->kind == VALUE_LIST) {
        for (size_t i = 0; i < context->metrics->count; i++)
            if (context->metrics->items[i].kind == VALUE_CALL)
                add_field(sema, type, context->metrics->items[i].call->form->name, &number_type);
    }
    for (size_t i = 0; context->classify && i < sizeof of_classes / sizeof of_classes[0]; i++)
        add_field(sema, type, of_classes[i], &number_type);
    for (size_t i = 0; context->regress && i < sizeof of_reals / sizeof of_reals[0]; i++)
        add_field(sema, type, of_reals[i], &number_type);
}

static void add_macro(Sema *sema, const char *name, size_t length, const ResultContext *context,
                      ResultType *type)
{
    const char *text = arena_strndup(sema->arena, name, length);
    for (size_t i = 0; i < sizeof macros / sizeof macros[0]; i++) {
        if (!strcmp(macros[i].name, text)) {
            parse_fields(sema, macros[i].text, context, type);
            return;
        }
    }
    if (!strcmp(text, "metrics"))
        add_metrics(sema, context, type);
    if (!strcmp(text, "accuracy") && context->classify)
        add_field(sema, type, "accuracy", &number_type);
    if (!strcmp(text, "variables"))
        for (size_t i = 0; i < context->variable_count; i++)
            add_field(sema, type, context->variables[i], &number_type);
    if (!strcmp(text, "params"))
        for (size_t i = 0; i < sema->params.len; i++)
            add_field(sema, type, sema->params.data[i], &number_type);
    if (!strcmp(text, "recipes")) {
        for (size_t i = 0; i < context->recipe_count; i++) {
            ResultType *one = ARENA_NEW(sema->arena, ResultType);
            one->kind = RESULT_RECORD;
            parse_fields(sema, "#train", context, one);
            add_field(sema, type, context->recipes[i], one);
        }
    }
}

/* The type of a field whose name was just read: a number, a record {...} or a list []{...}. */
static const char *parse_field_type(Sema *sema, const char *at, const ResultContext *context,
                                    const ResultType **type)
{
    *type = &number_type;
    bool list = *at == '[';
    if (list)
        at += strlen("[]");
    if (*at != '{')
        return at;

    ResultType *record = ARENA_NEW(sema->arena, ResultType);
    record->kind = RESULT_RECORD;
    at = parse_fields(sema, at + 1, context, record);
    *type = record;
    if (list) {
        ResultType *whole = ARENA_NEW(sema->arena, ResultType);
        *whole = (ResultType){ .kind = RESULT_LIST, .element = record };
        *type = whole;
    }
    return at;
}

/* Up to the end of the text, or past a closing brace. */
static const char *parse_fields(Sema *sema, const char *at, const ResultContext *context,
                                ResultType *type)
{
    while (*at && *at != '}') {
        if (*at == ' ') {
            at++;
            continue;
        }

        bool macro = *at == '#', optional = *at == '?';
        at += macro || optional;
        size_t length = strcspn(at, " {}[");
        const char *text = at;
        at += length;
        if (macro) {
            add_macro(sema, text, length, context, type);
            continue;
        }

        const ResultType *field;
        at = parse_field_type(sema, at, context, &field);
        if (optional && !context->has_validation)
            type->missing_validation = context->data;
        else
            add_field(sema, type, intern(sema->names, text, length), field);
    }
    return *at ? at + 1 : at;
}

const ResultType *result_type(Sema *sema, const char *text, const ResultContext *context)
{
    ResultType *type = ARENA_NEW(sema->arena, ResultType);
    type->kind = RESULT_RECORD;
    parse_fields(sema, text, context, type);
    return type;
}

static Value no_such_field(Sema *sema, const Expr *expr, const ResultType *type)
{
    NameList names = { 0 };
    for (size_t i = 0; i < type->fields.len; i++)
        name_list_add(sema->arena, &names, type->fields.data[i].name);
    if (type->kind == RESULT_LIST) {
        Diagnostic *d = diag_error(sema->diags, DIAG_WRONG_TYPE, expr->name.span,
                                   "this is a list: choose an element first, then its field");
        diag_help(sema->diags, d, "elements are counted from 0: [0].%s", expr->name.text);
    } else if (expr->name.text == sema->word.validation && type->missing_validation) {
        Diagnostic *d = diag_error(sema->diags, DIAG_NO_PART, expr->name.span,
                                   "there is no 'validation' here: data '%s' has no such part",
                                   type->missing_validation);
        diag_help(sema->diags, d, "add 'validation = 10%%' to data %s", type->missing_validation);
    } else {
        diag_unknown(sema->diags, DIAG_UNKNOWN_FIELD, expr->name.span, "field", expr->name.text,
                     names.data, names.len);
    }
    return value_error(expr->span);
}

Value result_field(Sema *sema, const Expr *expr, const Value *base)
{
    if (base->kind != VALUE_LATER || base->tensor || !base->result) {
        Diagnostic *d = diag_error(sema->diags, DIAG_WRONG_TYPE, expr->name.span,
                                   "%s has no fields", value_kind_name(base));
        diag_help(sema->diags, d,
                  "results of actions have fields: train m on d as run, then run.loss");
        return value_error(expr->span);
    }
    const ResultType *type = base->result;
    for (size_t i = 0; type->kind == RESULT_RECORD && i < type->fields.len; i++) {
        if (strcmp(type->fields.data[i].name, expr->name.text))
            continue;
        Later *later = ARENA_NEW(sema->arena, Later);
        /* the result itself */
        bool first = base->later->kind == LATER_FIELD && !base->later->name;
        *later = (Later){ .kind = LATER_FIELD,
                          .name = expr->name.text,
                          .result = first ? base->later->result : NULL,
                          .a = first ? NULL : base->later,
                          .span = expr->span };
        Value value = later_value(later, expr->span);
        value.result =
            type->fields.data[i].type->kind == RESULT_NUMBER ? NULL : type->fields.data[i].type;
        return value;
    }
    return no_such_field(sema, expr, type);
}

static bool is_watchable(const Form *metric)
{
    return metric && strcmp(metric->name, "confusion");
}

static void unknown_metric(Sema *sema, Name name)
{
    const NameMap *metrics = &sema->rows[FORM_METRIC];
    NameList names = { 0 };
    name_list_add(sema->arena, &names, "loss");
    for (size_t i = 0; i < metrics->len; i++)
        if (is_watchable(metrics->values[i]))
            name_list_add(sema->arena, &names, metrics->keys[i]);
    diag_unknown(sema->diags, DIAG_UNKNOWN_METRIC, name.span, "metric", name.text, names.data,
                 names.len);
}

/* validation.loss, validation.accuracy, ..., or loss, accuracy, ... of training; reports what is
 * neither. */
bool is_metric_path(Sema *sema, const Expr *expr, const char **text)
{
    static const char *const parts[] = { "train", "validation" };
    if (expr->kind != EXPR_NAME && expr->kind != EXPR_FIELD)
        return false;
    const char *part = "train";
    if (expr->kind == EXPR_FIELD) {
        if (expr->a->kind != EXPR_NAME || (expr->a->name.text != sema->word.train &&
                                           expr->a->name.text != sema->word.validation)) {
            if (expr->a->kind == EXPR_NAME) {
                diag_unknown(sema->diags, DIAG_UNKNOWN_PART, expr->a->span, "part",
                             expr->a->name.text, parts, 2);
            } else {
                diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span,
                           "a part and a metric are needed here, such as validation.loss");
            }
            return false;
        }
        part = expr->a->name.text;
    }
    if (strcmp(expr->name.text, "loss") &&
        !is_watchable(name_map_get(&sema->rows[FORM_METRIC], expr->name.text))) {
        unknown_metric(sema, expr->name);
        return false;
    }
    *text = arena_printf(sema->arena, "%s.%s", part, expr->name.text);
    return true;
}
