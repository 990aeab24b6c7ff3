/* compile_training.c: the units of trainings, and of the actions that are made of trainings. */
#include "driver/compile_units.h"
#include <string.h>

/* Averaged weights need moving statistics of their own. */
static bool needs_statistics(const CompiledAction *a)
{
    bool buffers = false;
    for (size_t i = 0; i < a->model->weights.len; i++)
        buffers |= a->model->weights.data[i].role == ROLE_BUFFER;
    return buffers && setting(a->recipe, "average")->kind != VALUE_NONE;
}

/* One value has no deviation. */
static void note_single_samples(Compiler *c, const CompiledAction *a, int64_t samples)
{
    if (!a->model->normalises_samples || (a->batch > 1 && samples % a->batch != 1))
        return;
    Diagnostic *d = diag_warning(
        c->diags, DIAG_BATCH_OF_ONE, a->action->span,
        "batchnorm of model '%s' meets %s of one sample, whose deviation is 0: all that it puts "
        "out then is its bias",
        a->model->decl->name, a->batch == 1 ? "batches" : "a last batch");
    d->severity = SEVERITY_NOTE;
    diag_help(c->diags, d,
              a->batch == 1 ? "`batch = 32`, or layernorm, which normalises each sample by itself"
                            : "another `batch` leaves no sample over");
}

/* Of a training on so many samples. `bare`: the network without its last softmax or sigmoid, on
 * other targets than the data's. */
static bool units_of(Compiler *c, Compiled *out, CompiledAction *a, int64_t samples,
                     const DataInfo *bare)
{
    if (!has_part(c, a, NNRT_TRAIN))
        return false;
    set_length(a, samples);
    static const UnitKind kinds[] = { UNIT_TRAIN, UNIT_EVALUATE, UNIT_DIAGNOSE };
    Unit **units[] = { &a->unit, &a->eval_unit, &a->diagnose_unit };
    for (int i = 0; i < 3; i++) {
        UnitSpec spec = spec_of(
            kinds[i], a, kinds[i] == UNIT_EVALUATE ? evaluation_batch(&a->data->info) : a->batch);
        spec.bare = bare != NULL;
        if (bare)
            spec.data = bare;
        if (!(*units[i] = get_unit(c, out, spec, a->action->span)))
            return false;
    }
    if (needs_statistics(a)) {
        UnitSpec spec = spec_of(UNIT_STATISTICS, a, a->batch);
        spec.bare = bare != NULL;
        if (!(a->statistics_unit = get_unit(c, out, spec, a->action->span)))
            return false;
    }
    note_single_samples(c, a, samples);
    remember_training(c, a);
    return true;
}

static bool units_of_training(Compiler *c, Compiled *out, CompiledAction *a, int64_t samples)
{
    a->recipe = &a->action->recipe;
    return units_of(c, out, a, samples, NULL);
}

bool units_train(Compiler *c, Compiled *out, CompiledAction *a)
{
    const Value *every = setting(&a->action->recipe, "checkpoint");
    if (every->kind == VALUE_CALL && every->call->form->arg_count)
        note_pruned_file(c, a, call_arg(every->call, "to")->text);
    return units_of_training(c, out, a, a->data->info.count[0]);
}

/* The folds are of all samples but the test part; a validation part with a source of its own stays
 * out too (runtime/views.c). */
bool units_crossvalidate(Compiler *c, Compiled *out, CompiledAction *a)
{
    const DataInfo *data = &a->data->info;
    bool held_out = setting(&a->data->decl->settings, "validation")->kind == VALUE_NUMBER;
    int64_t samples = data->count[NNRT_TRAIN] + (held_out ? data->count[NNRT_VALIDATION] : 0);
    int64_t folds = (int64_t)setting(&a->action->settings, "folds")->number;
    if (folds <= samples)
        return units_of_training(c, out, a, samples - samples / folds);

    Span span = setting_given(&a->action->settings, "folds")
                    ? setting_span(&a->action->settings, "folds")
                    : a->action->data_span;
    Diagnostic *d = diag_error(c->diags, DIAG_OUT_OF_RANGE, span,
                               "%lld folds need as many samples, and data '%s' has %lld to divide",
                               (long long)folds, data->name, (long long)samples);
    diag_help(c->diags, d,
              "each fold is held out once, so there can be no more folds than samples");
    return false;
}

bool units_compare(Compiler *c, Compiled *out, CompiledAction *a)
{
    a->recipes = ARENA_ARRAY(c->arena, CompiledAction *, a->action->recipe_count + 1);
    for (size_t i = 0; i < a->action->recipe_count; i++) {
        CheckedAction *action = ARENA_NEW(c->arena, CheckedAction);
        *action = *a->action;
        action->recipe = a->action->recipes[i];
        action->recipe_name = a->action->recipe_names[i];
        CompiledAction *one = a->recipes[a->recipe_count++] = ARENA_NEW(c->arena, CompiledAction);
        *one = (CompiledAction){ .action = action, .model = a->model, .data = a->data };
        if (!lower_check_fit(c->lower, a->model, &a->data->info, action) ||
            !units_train(c, out, one)) {
            return false;
        }
    }
    return true;
}

bool units_find_lr(Compiler *c, Compiled *out, CompiledAction *a)
{
    if (!has_part(c, a, NNRT_TRAIN))
        return false;
    a->recipe = &a->action->recipe;
    set_length(a, a->data->info.count[0]);
    a->unit = get_unit(c, out, spec_of(UNIT_TRAIN, a, a->batch), a->action->span);
    return a->unit != NULL;
}

/* Each trial has units of its own (tune_recompile.c); these are those of the params as they are.
 */
bool units_tune(Compiler *c, Compiled *out, CompiledAction *a)
{
    if (c->options->command->bit == FOR_BUILD && !c->for_trial && c->options->emit != BUILD_LIB &&
        !variants_can_be_made(c, a->action)) {
        return false;
    }
    return units_train(c, out, a);
}

/* ---- ensembles ---- */

static bool setting_is(const Checked *settings, const char *key, const char *word)
{
    return strcmp(setting(settings, key)->text, word) == 0;
}

static bool boosts_gradients(const CheckedAction *maker)
{
    return maker->verb == VERB_BOOST && setting_is(&maker->settings, "method", "gradient");
}

LossGiven given_by(const CheckedAction *maker, const DataInfo *data)
{
    if (!data->classify)
        return GIVEN_OUTPUTS;
    if (maker->verb == VERB_BAG)
        return setting_is(&maker->settings, "combine", "vote") ? GIVEN_SHARES : GIVEN_OUTPUTS;
    return boosts_gradients(maker) ? GIVEN_OUTPUTS : GIVEN_SHARES;
}

bool units_of_ensemble(Compiler *c, Compiled *out, CompiledAction *a, const CheckedAction *maker,
                       LossGiven given)
{
    UnitSpec predict = spec_of(UNIT_PREDICT, a, evaluation_batch(&a->data->info)),
             loss = spec_of(UNIT_LOSS, a, evaluation_batch(&a->data->info));
    predict.bare = boosts_gradients(maker);
    loss.given = given;
    loss.recipe = &maker->recipe;
    a->predict_unit = get_unit(c, out, predict, a->action->span);
    a->loss_unit = a->predict_unit ? get_unit(c, out, loss, a->action->span) : NULL;
    return a->loss_unit != NULL;
}

bool units_bag(Compiler *c, Compiled *out, CompiledAction *a)
{
    const DataInfo *data = &a->data->info;
    if (!data->classify && setting_is(&a->action->settings, "combine", "vote")) {
        Diagnostic *d = diag_error(
            c->diags, DIAG_WRONG_TARGET, setting_span(&a->action->settings, "combine"),
            "members can only vote on classes, but the targets of data '%s' are real values",
            data->name);
        diag_help(c->diags, d, "combine = mean takes the mean of the members' outputs");
        return false;
    }
    return units_of_training(c, out, a, data->count[NNRT_TRAIN]) &&
           units_of_ensemble(c, out, a, a->action, given_by(a->action, data));
}

/* The outputs' shape in place of the targets': what is left to explain. */
static const DataInfo *residuals_of(Compiler *c, const CompiledAction *a)
{
    DataInfo *left = ARENA_NEW(c->arena, DataInfo);
    *left = a->data->info;
    left->classify = false;
    left->classes = 0;
    left->target = a->model->output;
    return left;
}

/* The recipe with the default loss, which for real values is the squared error. */
static const Checked *without_loss(Compiler *c, const Checked *recipe)
{
    Checked *copy = ARENA_NEW(c->arena, Checked);
    *copy = *recipe;
    copy->values = ARENA_ARRAY(c->arena, Value, copy->count);
    memcpy(copy->values, recipe->values, recipe->count * sizeof *copy->values);
    copy->values[setting(recipe, "loss") - recipe->values] = (Value){ .kind = VALUE_NONE };
    return copy;
}

/* Networks that fit what is left to explain: the loss's derivative, real values in the shape of the
 * outputs (Friedman 2001). */
bool units_boost(Compiler *c, Compiled *out, CompiledAction *a)
{
    const DataInfo *data = &a->data->info;
    bool gradient = boosts_gradients(a->action);
    a->recipe = &a->action->recipe;
    if (gradient && setting(a->recipe, "distill")->kind == VALUE_CALL) {
        Diagnostic *d = diag_error(c->diags, DIAG_WRONG_KIND, setting_span(a->recipe, "distill"),
                                   "a network that fits the residuals of others has no teacher");
        diag_help(c->diags, d, "distill works with method = adaboost, or without boosting");
        return false;
    }
    if (!gradient) {
        return units_of_training(c, out, a, data->count[NNRT_TRAIN]) &&
               units_of_ensemble(c, out, a, a->action, given_by(a->action, data));
    }
    a->recipe = without_loss(c, &a->action->recipe);
    bool ok = units_of(c, out, a, data->count[NNRT_TRAIN], residuals_of(c, a));
    a->recipe = &a->action->recipe;
    return ok && units_of_ensemble(c, out, a, a->action, GIVEN_SCORES);
}
