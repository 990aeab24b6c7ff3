/* call_rules.c: what the arguments of one call must fulfil together, form by form. */
#include "sema/internal.h"
#include <math.h>

typedef struct Rule {
    FormCategory category;
    const char *name;
    bool (*check)(Sema *sema, const Call *call);
} Rule;

static bool is_known(const Value *v)
{
    return v->kind != VALUE_ERROR && v->kind != VALUE_LATER;
}

static bool in_order(Sema *sema, const Call *call)
{
    const Value *a = call_arg(call, "a"), *b = call_arg(call, "b");
    if (!is_known(a) || !is_known(b) || a->number < b->number ||
        (call->form->category != FORM_DOMAIN && a->number == b->number)) {
        return true;
    }
    diag_error(sema->diags, DIAG_OUT_OF_RANGE, call->span,
               "'%s' goes from %s to %s: the first must be smaller", call->form->name,
               value_text(sema->arena, a), value_text(sema->arena, b));
    return false;
}

static bool piecewise(Sema *sema, const Call *call)
{
    const Value *epochs = call_arg(call, "epochs"), *values = call_arg(call, "values");
    if (!is_known(epochs) || !is_known(values))
        return true;
    if (values->count != epochs->count + 1) {
        diag_error(sema->diags, DIAG_OUT_OF_RANGE, call->span,
                   "'piecewise' has %zu epochs and %zu values: it needs one more value than epochs",
                   epochs->count, values->count);
        return false;
    }
    for (size_t i = 1; i < epochs->count; i++) {
        if (epochs->items[i].number <= epochs->items[i - 1].number) {
            diag_error(sema->diags, DIAG_OUT_OF_RANGE, epochs->items[i].span,
                       "the epochs of 'piecewise' must increase");
            return false;
        }
    }
    return true;
}

static bool warmup(Sema *sema, const Call *call)
{
    bool epochs = call_given(call, "epochs") && call_arg(call, "epochs")->kind != VALUE_NONE;
    bool steps = call_given(call, "steps") && call_arg(call, "steps")->kind != VALUE_NONE;
    if (epochs != steps)
        return true;
    if (epochs) {
        diag_error(sema->diags, DIAG_OUT_OF_RANGE, call->span,
                   "'warmup' has both 'epochs' and 'steps': give only one of them");
    } else {
        diag_error(sema->diags, DIAG_MISSING_ARGUMENT, call->span,
                   "'warmup' needs 'epochs' or 'steps'");
    }
    return false;
}

static bool one_cycle(Sema *sema, const Call *call)
{
    const Value *momentum = call_arg(call, "momentum");
    if (!is_known(momentum))
        return true;
    bool right = momentum->kind == VALUE_LIST && momentum->count == 2;
    for (size_t i = 0; right && i < 2; i++) {
        const Value *v = &momentum->items[i];
        if (is_known(v) && (v->kind != VALUE_NUMBER || v->number < 0 || v->number > 1))
            right = false;
    }
    if (!right) {
        diag_error(sema->diags, DIAG_OUT_OF_RANGE, momentum->span,
                   "'momentum' of 'one_cycle' must be a list of two numbers from 0 to 1");
    }
    return right;
}

static bool has_choices(Sema *sema, const Call *call)
{
    const Value *values = call_arg(call, "values");
    for (size_t i = 1; i < values->count; i++) {
        if (is_known(&values->items[0]) && is_known(&values->items[i]) &&
            values->items[i].kind != values->items[0].kind) {
            diag_error(sema->diags, DIAG_WRONG_TYPE, values->items[i].span,
                       "the values of 'choice' must all be of one type");
            return false;
        }
    }
    return true;
}

static bool has_name(Sema *sema, const Call *call)
{
    for (size_t i = 0; i < call->form->arg_count; i++) {
        const Value *v = &call->args[i];
        bool path = call->given[i] && v->kind == VALUE_STRING &&
                    type_has(call->form->args[i].type, "string");
        if (!path || v->length)
            continue;
        diag_error(sema->diags, DIAG_OUT_OF_RANGE, v->span, "'%s' of '%s' is empty",
                   call->form->args[i].name, call->form->name);
        return false;
    }
    return true;
}

static bool csv(Sema *sema, const Call *call)
{
    const Value *delimiter = call_arg(call, "delimiter");
    if (is_known(delimiter) && (delimiter->length != 1 || strchr("\"\n\r", *delimiter->text))) {
        diag_error(
            sema->diags, DIAG_OUT_OF_RANGE, delimiter->span,
            "'delimiter' of 'csv' must be one character that is neither a quote nor a line end");
        return false;
    }
    return has_name(sema, call);
}

static bool images(Sema *sema, const Call *call)
{
    const Value *size = call_arg(call, "size");
    if (is_known(size) && size->kind == VALUE_SHAPE && size->count != 2) {
        diag_error(sema->diags, DIAG_OUT_OF_RANGE, size->span,
                   "'size' of 'images' is height x width, such as 64x48, but is %s",
                   value_text(sema->arena, size));
        return false;
    }
    return has_name(sema, call);
}

static bool scale(Sema *sema, const Call *call)
{
    const Value *k = call_arg(call, "k");
    if (!is_known(k) || (isfinite(k->number) && k->number != 0))
        return true;
    diag_error(sema->diags, DIAG_OUT_OF_RANGE, k->span,
               "'k' of 'scale' must be a number other than 0, but is %s",
               value_text(sema->arena, k));
    return false;
}

/* 0% is from the first epoch on; an epoch 0 there is not. */
static bool swa(Sema *sema, const Call *call)
{
    const Value *start = call_arg(call, "start");
    if (!is_known(start) || start->number != 0 || !start->is_integer)
        return true;
    diag_error(sema->diags, DIAG_OUT_OF_RANGE, start->span,
               "'start' of 'swa' must be an epoch from 1 on, or a share such as 60%%, but is 0");
    return false;
}

static size_t stars_in(const Value *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->length; i++)
        count += text->text[i] == '*';
    return count;
}

/* Each star on the right stands for one on the left. */
static bool renames(Sema *sema, const Call *call)
{
    enum { MOST_STARS = 16 };

    const Value *old = call_arg(call, "old"), *new = call_arg(call, "new");
    if (!is_known(old) || !is_known(new))
        return true;
    size_t left = stars_in(old), right = stars_in(new);
    if (right <= left && left <= MOST_STARS)
        return true;
    Diagnostic *d = diag_error(sema->diags, DIAG_OUT_OF_RANGE, right > left ? new->span : old->span,
                               "'%s' has %zu stars, and '%s' %zu", value_text(sema->arena, new),
                               right, value_text(sema->arena, old), left);
    diag_help(sema->diags, d, "each star on the right is one on the left, in order, of %d at most",
              MOST_STARS);
    return false;
}

static const Rule rules[] = {
    { FORM_INIT, "uniform", in_order },
    { FORM_DOMAIN, "uniform", in_order },
    { FORM_DOMAIN, "log_uniform", in_order },
    { FORM_DOMAIN, "integer", in_order },
    { FORM_DOMAIN, "choice", has_choices },
    { FORM_SCHEDULE, "piecewise", piecewise },
    { FORM_SCHEDULE, "warmup", warmup },
    { FORM_SCHEDULE, "one_cycle", one_cycle },
    { FORM_SOURCE, "csv", csv },
    { FORM_SOURCE, "parquet", has_name },
    { FORM_SOURCE, "jsonl", has_name },
    { FORM_SOURCE, "series", csv },
    { FORM_SOURCE, "documents", csv },
    { FORM_TOKENIZER, "bpe", has_name },
    { FORM_SOURCE, "npy", has_name },
    { FORM_SOURCE, "npz", has_name },
    { FORM_SOURCE, "idx", has_name },
    { FORM_SOURCE, "images", images },
    { FORM_SOURCE, "text", has_name },
    { FORM_CHECKPOINT, "every", has_name },
    { FORM_RENAME, "to", renames },
    { FORM_NORMALIZE, "scale", scale },
    { FORM_AVERAGE, "swa", swa },
};

bool check_call_rules(Sema *sema, const Call *call)
{
    bool script_declared = call->form->decl && name_map_get(&sema->forms[call->form->category],
                                                            call->form->name) == call->form;
    if (script_declared)
        return true;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].category == call->form->category && !strcmp(rules[i].name, call->form->name))
            return rules[i].check(sema, call);
    return true;
}
