/* compile_units.c: which compiled functions an action needs; equal ones are made once.
 *
 * Graphs are lowered in the order of the actions, since freeze and unfreeze change what comes after
 * them. */
#include "driver/compile.h"
#include "driver/onnx_graph.h"
#include "driver/signatures.h"
#include "base/base.h"
#include <ctype.h>
#include <string.h>

static const char *const kind_name[] = {
    [UNIT_TRAIN] = "train",       [UNIT_EVALUATE] = "evaluate", [UNIT_PREDICT] = "predict",
    [UNIT_PASSES] = "passes",     [UNIT_DIAGNOSE] = "diagnose", [UNIT_GRADIENTS] = "gradients",
    [UNIT_MINIMIZE] = "minimize", [UNIT_LOSS] = "loss",         [UNIT_INSPECT] = "inspect",
    [UNIT_SURFACE] = "surface",   [UNIT_RATE] = "rate"
};

static int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

static bool sees_recipe(UnitKind kind) /* all of it, the way of training included */
{
    return kind == UNIT_TRAIN || kind == UNIT_MINIMIZE || kind == UNIT_RATE;
}

/* Everything that the graph of a unit depends on. Model and function are told by address: a REPL
 * may declare a name anew. */
static const char *unit_key(Compiler *c, const UnitSpec *s)
{
    const char *settings = "";
    if (s->recipe && sees_recipe(s->kind))
        settings = settings_text(c->arena, s->recipe, false);
    else if (s->recipe && s->kind != UNIT_PREDICT && s->kind != UNIT_PASSES)
        settings = value_signature(c->arena, setting(s->recipe, "loss"), false);
    for (size_t i = 0; !s->model && i < s->action->variable_count; i++)
        settings = arena_printf(c->arena, "%s %s", settings, s->action->variables[i].name);
    const DataInfo *d = s->data;
    /* what changes how a training step looks forward */
    static const char *const forward[] = { "mixup", "cutmix", "weight_noise", "precision" };
    for (size_t i = 0;
         s->kind == UNIT_DIAGNOSE && s->recipe && i < sizeof forward / sizeof *forward; i++) {
        settings = arena_printf(c->arena, "%s%s", settings,
                                value_signature(c->arena, setting(s->recipe, forward[i]), false));
    }
    bool trains = sees_recipe(s->kind),
         follows_freezes = s->kind != UNIT_EVALUATE && s->kind != UNIT_PREDICT;
    return arena_printf(
        c->arena, "%d.%d.%d %p %p %s/%s/%d%d%d/%lld b%lld f%u %lld %lld %lld %s", (int)s->kind,
        (int)s->given, s->bare, (const void *)s->model,
        (const void *)(s->model ? NULL : s->action->function),
        d ? shape_text(c->arena, d->sample) : "", d ? shape_text(c->arena, d->target) : "",
        d && d->classify, d && d->multilabel, d && d->weighted, d ? (long long)d->classes : 0LL,
        (long long)s->batch, follows_freezes ? c->freezes : 0, trains ? (long long)s->steps : 0LL,
        trains ? (long long)s->epochs : 0LL, trains ? (long long)s->per_epoch : 0LL, settings);
}

static Unit *find_unit(const Compiler *c, const char *key)
{
    for (size_t i = 0; i < c->units.len; i++)
        if (strcmp(c->units.data[i]->key, key) == 0)
            return c->units.data[i];
    return NULL;
}

static Unit *make_unit(Compiler *c, const char *key, UnitSpec spec, Span span)
{
    const char *of = spec.model              ? spec.model->decl->name
                     : spec.action->function ? spec.action->function->name.text
                                             : "schedule";
    spec.name = arena_printf(c->arena, "u%zu_%s_%s", c->codes->units++, kind_name[spec.kind], of);
    Graph *graph = lower_unit(c->lower, &spec);
    if (!graph)
        return NULL;
    if (c->show_graphs)
        (c->options->dot ? graph_print_dot : graph_print)(graph, stdout);
    char *error = NULL;
    Plan *plan = passes_run(graph, &c->passes, &error);
    if (!plan) {
        diag_error(c->diags, DIAG_INTERNAL, span, "the compiler cannot make this of model '%s': %s",
                   of, error ? error : "no reason is known");
        return NULL;
    }
    Unit *unit = ARENA_NEW(c->arena, Unit);
    bool made;
    *unit = (Unit){ .spec = spec,
                    .key = key,
                    .plan = plan,
                    .code = codes_of_plan(c->codes, plan, spec.name, c->shares_code, &made) };
    c->made_code |= made;
    vec_push(c->arena, &c->units, unit);
    return unit;
}

/* NULL: reported. */
static Unit *get_unit(Compiler *c, Compiled *out, UnitSpec spec, Span span)
{
    if (c->skips)
        return c->nothing;
    const char *key = unit_key(c, &spec);
    Unit *unit = find_unit(c, key);
    if (!unit)
        unit = make_unit(c, key, spec, span);
    for (size_t i = 0; unit && i < out->units.len; i++)
        if (out->units.data[i] == unit)
            return unit;
    if (unit)
        vec_push(c->arena, &out->units, unit);
    return unit;
}

static int64_t evaluation_batch(const DataInfo *data)
{
    int64_t most = 1;
    for (int i = 0; i < 3; i++)
        if (data->count[i] > most)
            most = data->count[i];
    return most < EVALUATION_BATCH ? most : EVALUATION_BATCH;
}

static UnitSpec spec_of(UnitKind kind, const CompiledAction *a, int64_t batch)
{
    const DataInfo *data = a->data ? &a->data->info : NULL;
    return (UnitSpec){ .kind = kind,
                       .model = a->model,
                       .data = data,
                       .action = a->action,
                       .recipe = a->recipe,
                       .batch = batch,
                       .steps = a->steps,
                       .epochs = a->epochs,
                       .per_epoch = a->batch && data ? ceil_div(data->count[0], a->batch) : 1 };
}

/* Steps, epochs and batch of a training on `samples` samples. */
static void set_length(CompiledAction *a, int64_t samples)
{
    const Value *batch = setting(a->recipe, "batch"), *steps = setting(a->recipe, "steps"),
                *epochs = setting(a->recipe, "epochs");
    double most = samples > 0 ? (double)samples : 1;
    double asked = batch->kind == VALUE_NUMBER ? batch->number : most; /* else: `full` */
    a->batch = (int64_t)(asked < 1 ? 1 : asked > most ? most : asked);
    int64_t per_epoch = ceil_div((int64_t)most, a->batch);
    a->by_steps = steps->kind == VALUE_NUMBER;
    if (a->by_steps) {
        a->steps = (int64_t)steps->number;
        a->epochs = ceil_div(a->steps, per_epoch);
        return;
    }
    a->epochs = epochs->kind == VALUE_NUMBER ? (int64_t)epochs->number : 10;
    a->steps = a->epochs > INT64_MAX / per_epoch ? INT64_MAX : a->epochs * per_epoch;
}

static bool has_part(Compiler *c, const CompiledAction *a, int part)
{
    if (a->data->info.count[part] > 0)
        return true;
    diag_error(c->diags, DIAG_NO_PART, a->action->data_span,
               "data '%s' has no sample in its %s part", a->data->info.name, nnrt_part_name(part));
    return false;
}

/* The part an action works on; where it names none, the one that training has not seen. */
static bool set_part(Compiler *c, CompiledAction *a)
{
    const int64_t *count = a->data->info.count;
    a->part = a->action->part;
    if (a->part == PART_ANY) {
        a->part = count[NNRT_TEST]         ? PART_TEST
                  : count[NNRT_VALIDATION] ? PART_VALIDATION
                                           : PART_TRAIN;
    }
    return has_part(c, a, (int)a->part - (int)PART_TRAIN);
}

static void remember_training(Compiler *c, const CompiledAction *a)
{
    TrainedWith now = { a->model, a->action, &a->data->info };
    for (size_t i = 0; i < c->trained.len; i++) {
        if (c->trained.data[i].model == a->model) {
            c->trained.data[i] = now;
            return;
        }
    }
    vec_push(c->arena, &c->trained, now);
}

/* The recipe that a model was last trained with, where it was trained on data of this kind. */
static const Checked *recipe_of(const Compiler *c, const CompiledAction *a)
{
    for (size_t i = 0; i < c->trained.len; i++) {
        const TrainedWith *t = &c->trained.data[i];
        if (t->model == a->model && t->data->classify == a->data->info.classify &&
            shape_equal(t->data->target, a->data->info.target)) {
            return &t->action->recipe;
        }
    }
    return NULL;
}

/* ---- one function a verb ---- */

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
    remember_training(c, a);
    return true;
}

static bool units_of_training(Compiler *c, Compiled *out, CompiledAction *a, int64_t samples)
{
    a->recipe = &a->action->recipe;
    return units_of(c, out, a, samples, NULL);
}

/* Files of pruned weights pass on that zeros stay (see prune below). */
static void note_pruned_file(Compiler *c, const CompiledAction *a, const char *path)
{
    if (lower_is_pruned(c->lower, a->model))
        vec_push(c->arena, &c->pruned_files, path);
}

static bool units_train(Compiler *c, Compiled *out, CompiledAction *a)
{
    const Value *every = setting(&a->action->recipe, "checkpoint");
    if (every->kind == VALUE_CALL && every->call->form->arg_count)
        note_pruned_file(c, a, call_arg(every->call, "to")->text);
    return units_of_training(c, out, a, a->data->info.count[0]);
}

/* The folds are of all samples but the test part; a validation part with a source of its own stays
 * out too (runtime/views.c). */
static bool units_crossvalidate(Compiler *c, Compiled *out, CompiledAction *a)
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

static bool units_compare(Compiler *c, Compiled *out, CompiledAction *a)
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

static bool units_find_lr(Compiler *c, Compiled *out, CompiledAction *a)
{
    if (!has_part(c, a, NNRT_TRAIN))
        return false;
    a->recipe = &a->action->recipe;
    set_length(a, a->data->info.count[0]);
    a->unit = get_unit(c, out, spec_of(UNIT_TRAIN, a, a->batch), a->action->span);
    return a->unit != NULL;
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

/* What the members come to together: shares of the votes, or outputs as one network has them. */
static LossGiven given_by(const CheckedAction *maker, const DataInfo *data)
{
    if (!data->classify)
        return GIVEN_OUTPUTS;
    if (maker->verb == VERB_BAG)
        return setting_is(&maker->settings, "combine", "vote") ? GIVEN_SHARES : GIVEN_OUTPUTS;
    return boosts_gradients(maker) ? GIVEN_OUTPUTS : GIVEN_SHARES;
}

static bool units_of_ensemble(Compiler *c, Compiled *out, CompiledAction *a,
                              const CheckedAction *maker, LossGiven given)
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

static bool units_bag(Compiler *c, Compiled *out, CompiledAction *a)
{
    const DataInfo *data = &a->data->info;
    if (!data->classify && setting_is(&a->action->settings, "combine", "vote")) {
        Diagnostic *d = diag_error(
            c->diags, DIAG_WRONG_TARGET, setting_span(&a->action->settings, "combine"),
            "members vote about classes, and the targets of data '%s' are real values", data->name);
        diag_help(c->diags, d, "combine = mean takes the mean of what the members put out");
        return false;
    }
    return units_of_training(c, out, a, data->count[NNRT_TRAIN]) &&
           units_of_ensemble(c, out, a, a->action, given_by(a->action, data));
}

/* Networks that fit what is left to explain: the loss's derivative, real values in the shape of the
 * outputs (Friedman 2001). */
static bool units_boost(Compiler *c, Compiled *out, CompiledAction *a)
{
    const DataInfo *data = &a->data->info;
    bool gradient = boosts_gradients(a->action);
    a->recipe = &a->action->recipe;
    if (gradient && setting(a->recipe, "distill")->kind == VALUE_CALL) {
        Diagnostic *d = diag_error(c->diags, DIAG_WRONG_KIND, setting_span(a->recipe, "distill"),
                                   "a network that fits what others left has no teacher");
        diag_help(c->diags, d, "distill goes with method = adaboost, or without boosting");
        return false;
    }
    if (!gradient) {
        return units_of_training(c, out, a, data->count[NNRT_TRAIN]) &&
               units_of_ensemble(c, out, a, a->action, given_by(a->action, data));
    }
    DataInfo *left = ARENA_NEW(c->arena, DataInfo);
    *left = *data;
    left->classify = false;
    left->classes = 0;
    left->target = a->model->output;
    Checked *recipe = ARENA_NEW(c->arena, Checked);
    *recipe = a->action->recipe;
    recipe->values = ARENA_ARRAY(c->arena, Value, recipe->count);
    memcpy(recipe->values, a->action->recipe.values, recipe->count * sizeof *recipe->values);
    *(Value *)(uintptr_t)setting(recipe, "loss") = (Value){ .kind = VALUE_NONE };
    a->recipe = recipe;
    bool made = units_of(c, out, a, data->count[NNRT_TRAIN], left);
    a->recipe = &a->action->recipe;
    return made && units_of_ensemble(c, out, a, a->action, GIVEN_SCORES);
}

/* Whether a later action draws the result: lines of a REPL always may. */
static bool is_plotted(const Compiler *c, const Compiled *out, const CompiledAction *a)
{
    if (!a->action->as)
        return false;
    bool plotted = c->options->command->bit == FOR_REPL;
    for (size_t i = 0; i < out->actions.len; i++) {
        const CheckedAction *other = out->actions.data[i]->action;
        for (size_t k = 0; other->verb == VERB_PLOT && k < other->value_count; k++) {
            plotted |=
                other->values[k]->result && strcmp(other->values[k]->result, a->action->as) == 0;
        }
    }
    return plotted;
}

static bool drops_out(const ModelInstance *model)
{
    for (size_t i = 0; i < model->layers.len; i++) {
        if (strcmp(model->layers.data[i].kind, "dropout") == 0 ||
            strcmp(model->layers.data[i].kind, "alpha_dropout") == 0) {
            return true;
        }
    }
    return false;
}

static bool units_evaluate(Compiler *c, Compiled *out, CompiledAction *a)
{
    if (!set_part(c, a))
        return false;
    a->pictured = is_plotted(c, out, a);
    if (a->action->ensemble) {
        a->recipe = &a->action->ensemble_maker->recipe;
        return units_of_ensemble(c, out, a, a->action->ensemble_maker,
                                 given_by(a->action->ensemble_maker, &a->data->info));
    }
    a->recipe = recipe_of(c, a);
    a->batch = evaluation_batch(&a->data->info);
    a->unit = get_unit(c, out, spec_of(UNIT_EVALUATE, a, a->batch), a->action->span);
    bool line = a->unit && a->pictured && !a->data->info.classify &&
                shape_elements(a->data->info.sample) == 1 && drops_out(a->model);
    if (line &&
        !(a->passes_unit = get_unit(c, out, spec_of(UNIT_PASSES, a, a->batch), a->action->span))) {
        return false;
    }
    return a->unit != NULL;
}

static bool units_predict(Compiler *c, Compiled *out, CompiledAction *a)
{
    if (!set_part(c, a))
        return false;
    a->batch = evaluation_batch(&a->data->info);
    bool passes = setting(&a->action->settings, "passes")->kind == VALUE_NUMBER &&
                  setting(&a->action->settings, "passes")->number > 0;
    if (passes && a->action->ensemble) {
        Diagnostic *d =
            diag_error(c->diags, DIAG_WRONG_KIND, setting_span(&a->action->settings, "passes"),
                       "passes are of one network, and '%s' is an ensemble", a->action->ensemble);
        diag_help(c->diags, d, "the network '%s' alone can be predicted with passes",
                  a->model->decl->name);
        return false;
    }
    if (a->action->ensemble) {
        return units_of_ensemble(c, out, a, a->action->ensemble_maker,
                                 given_by(a->action->ensemble_maker, &a->data->info));
    }
    a->unit = get_unit(c, out, spec_of(passes ? UNIT_PASSES : UNIT_PREDICT, a, a->batch),
                       a->action->span);
    return a->unit != NULL;
}

/* The variables are the weights; schedules count steps, so a step is an epoch. */
static bool units_minimize(Compiler *c, Compiled *out, CompiledAction *a)
{
    a->recipe = &a->action->recipe;
    set_length(a, 1);
    a->batch = 0;
    a->epochs = a->steps;
    a->unit = get_unit(c, out, spec_of(UNIT_MINIMIZE, a, 0), a->action->span);
    if (a->unit && a->action->variable_count <= 2 && is_plotted(c, out, a))
        a->eval_unit = get_unit(c, out, spec_of(UNIT_SURFACE, a, 0), a->action->span);
    return a->unit != NULL;
}

static bool units_check_gradients(Compiler *c, Compiled *out, CompiledAction *a)
{
    enum { SAMPLES = 32 }; /* finite differences cost two passes a weight */

    if (a->data && !has_part(c, a, NNRT_TRAIN))
        return false;
    if (a->data) {
        a->recipe = recipe_of(c, a);
        a->batch = a->data->info.count[0] < SAMPLES ? a->data->info.count[0] : SAMPLES;
    }
    a->unit = get_unit(c, out, spec_of(UNIT_GRADIENTS, a, a->batch), a->action->span);
    return a->unit != NULL;
}

/* The last minimisation of that name before an action. */
static const CompiledAction *minimize_of(const Compiled *out, const CompiledAction *before,
                                         const Later *result)
{
    const CompiledAction *found = NULL;
    for (size_t i = 0; i < out->actions.len && out->actions.data[i] != before; i++) {
        const CheckedAction *other = out->actions.data[i]->action;
        if (!result->name && result->result && other->as && strcmp(other->as, result->result) == 0)
            found = other->verb == VERB_MINIMIZE ? out->actions.data[i] : NULL;
    }
    return found;
}

static bool units_plot(Compiler *c, Compiled *out, CompiledAction *a)
{
    enum { EPOCHS = 100, STEPS = 10 }; /* of a schedule that nobody gave a length */

    a->picture_units = ARENA_ARRAY(c->arena, Unit *, a->action->picture_count);
    a->slope_units = ARENA_ARRAY(c->arena, Unit *, a->action->picture_count);
    for (size_t i = 0; i < a->action->picture_count; i++) {
        const Picture *p = &a->action->pictures[i];
        a->picture_units[i] = a->slope_units[i] = NULL;
        if (p->kind == PICTURE_RESULT && a->action->picture_count > 1 && !a->path_of)
            a->path_of = minimize_of(out, a, p->later);
        if (p->kind != PICTURE_FUNCTION && p->kind != PICTURE_SCHEDULE)
            continue;
        UnitSpec spec = { .kind = p->kind == PICTURE_FUNCTION ? UNIT_SURFACE : UNIT_RATE,
                          .action = p->drawn,
                          .per_epoch = STEPS };
        if (p->kind == PICTURE_SCHEDULE) {
            const Value *epochs = setting(&p->drawn->recipe, "epochs"),
                        *steps = setting(&p->drawn->recipe, "steps");
            spec.recipe = &p->drawn->recipe;
            spec.epochs = !p->of_recipe                  ? EPOCHS
                          : epochs->kind == VALUE_NUMBER ? (int64_t)epochs->number
                                                         : 10;
            spec.steps = spec.epochs * STEPS;
            if (p->of_recipe && steps->kind == VALUE_NUMBER)
                spec.steps = (int64_t)steps->number, spec.epochs = ceil_div(spec.steps, STEPS);
        }
        if (!(a->picture_units[i] = get_unit(c, out, spec, p->span)))
            return false;
        if (p->kind != PICTURE_FUNCTION || p->drawn->variable_count != 1)
            continue;
        spec.kind = UNIT_GRADIENTS;
        if (!(a->slope_units[i] = get_unit(c, out, spec, p->span)))
            return false;
    }
    return true;
}

/* Nothing is compiled: the graph itself is written. */
static bool units_export(Compiler *c, Compiled *out, CompiledAction *a)
{
    (void)out;
    const char *lacking = NULL;
    UnitSpec spec = { .kind = UNIT_PREDICT,
                      .name = arena_printf(c->arena, "export_%s", a->model->decl->name),
                      .model = a->model,
                      .data = a->model->data,
                      .action = a->action,
                      .batch = 1,
                      .per_epoch = 1 };
    a->graph = lower_unit(c->lower, &spec);
    json_t *json = a->graph ? onnx_json(a->graph, a->model, &lacking) : NULL;
    if (lacking) {
        diag_error(c->diags, DIAG_INTERNAL, a->action->span,
                   "model '%s' cannot be exported: ONNX knows nothing like '%s'",
                   a->model->decl->name, lacking);
    }
    json_decref(json);
    return json != NULL;
}

static bool units_freeze(Compiler *c, Compiled *out, CompiledAction *a)
{
    (void)out;
    const Value *layers = setting(&a->action->settings, "layers");
    lower_set_frozen(c->lower, a->model, layers->kind == VALUE_NONE ? NULL : layers,
                     a->action->verb == VERB_FREEZE);
    c->freezes++;
    return true;
}

/* ---- pruned models: their zeros stay, and files pass that on ---- */

static bool is_pruned(const Compiler *c, const ModelInstance *model)
{
    for (size_t i = 0; i < c->pruned.len; i++)
        if (c->pruned.data[i] == model)
            return true;
    return false;
}

static bool set_pruned(Compiler *c, const ModelInstance *model)
{
    if (is_pruned(c, model))
        return true;
    if (!lower_set_pruned(c->lower, model))
        return false;
    vec_push(c->arena, &c->pruned, model);
    c->freezes++;
    return true;
}

static bool units_prune(Compiler *c, Compiled *out, CompiledAction *a)
{
    (void)out;
    if (set_pruned(c, a->model))
        return true;
    diag_error(c->diags, DIAG_NO_PARAMS, a->action->model_span,
               "model '%s' has no kernel that could be pruned", a->model->decl->name);
    return false;
}

static bool units_save(Compiler *c, Compiled *out, CompiledAction *a)
{
    (void)out;
    if (a->action->path)
        note_pruned_file(c, a, a->action->path);
    return true;
}

/* "a.7.safetensors" is what the checkpoint "a.safetensors" writes after epoch 7. */
static const char *without_epoch(Compiler *c, const char *path)
{
    const char *dot = strrchr(path, '.'), *digits = dot;
    while (digits && digits > path && isdigit((unsigned char)digits[-1]))
        digits--;
    bool numbered = digits && digits < dot && digits > path && digits[-1] == '.';
    return numbered ? arena_printf(c->arena, "%.*s%s", (int)(digits - 1 - path), path, dot) : path;
}

/* Written by an action above, or there already. */
static bool file_is_pruned(Compiler *c, const char *path)
{
    const char *plain = without_epoch(c, path);
    for (size_t i = 0; i < c->pruned_files.len; i++) {
        if (strcmp(c->pruned_files.data[i], path) == 0 ||
            strcmp(c->pruned_files.data[i], plain) == 0) {
            return true;
        }
    }
    nnrt_error unused = { 0 };
    const char *whole =
        *path == '/' || !c->folder ? path : arena_printf(c->arena, "%s/%s", c->folder, path);
    nnrt_safetensors *file = nnrt_safetensors_open(whole, &unused);
    bool pruned = file && nnrt_safetensors_metadata(file, NNRT_PRUNED_MARK);
    nnrt_safetensors_close(file);
    return pruned;
}

/* Each trial has units of its own (tune_recompile.c); these are those of the params as they stand.
 */
static bool units_tune(Compiler *c, Compiled *out, CompiledAction *a)
{
    if (c->options->command->bit == FOR_BUILD && !c->for_trial && c->options->emit != BUILD_LIB &&
        !variants_can_be_made(c, a->action)) {
        return false;
    }
    return units_train(c, out, a);
}

/* As many samples at once as fit into some tens of megabytes. */
static bool units_inspect(Compiler *c, Compiled *out, CompiledAction *a)
{
    enum { MOST_VALUES = 1 << 22 };

    int64_t width = 0, batch;
    if (!has_part(c, a, NNRT_TRAIN))
        return false;
    if (!a->model->layers.len) {
        diag_error(c->diags, DIAG_WRONG_KIND, a->action->model_span,
                   "model '%s' has no layer to look at", a->model->decl->name);
        return false;
    }
    for (size_t i = 0; i < a->model->layers.len; i++)
        width += 2 * shape_elements(a->model->layers.data[i].output);
    batch = MOST_VALUES / (width > 0 ? width : 1);
    a->recipe = recipe_of(c, a);
    a->batch = evaluation_batch(&a->data->info);
    if (a->batch > batch)
        a->batch = batch < 1 ? 1 : batch;
    a->unit = get_unit(c, out, spec_of(UNIT_INSPECT, a, a->batch), a->action->span);
    return a->unit != NULL;
}

static bool units_load(Compiler *c, Compiled *out, CompiledAction *a)
{
    (void)out;
    if (a->action->path && file_is_pruned(c, a->action->path))
        set_pruned(c, a->model);
    return true;
}

/* By verb; NULL where it needs no units. */
static bool (*const makers[VERB_COUNT])(Compiler *, Compiled *, CompiledAction *) = {
    [VERB_TRAIN] = units_train,
    [VERB_EVALUATE] = units_evaluate,
    [VERB_PREDICT] = units_predict,
    [VERB_MINIMIZE] = units_minimize,
    [VERB_CHECK_GRADIENTS] = units_check_gradients,
    [VERB_PLOT] = units_plot,
    [VERB_EXPORT] = units_export,
    [VERB_FREEZE] = units_freeze,
    [VERB_UNFREEZE] = units_freeze,
    [VERB_PRUNE] = units_prune,
    [VERB_SAVE] = units_save,
    [VERB_LOAD] = units_load,
    [VERB_TUNE] = units_tune,
    [VERB_INSPECT] = units_inspect,
    [VERB_CROSSVALIDATE] = units_crossvalidate,
    [VERB_COMPARE] = units_compare,
    [VERB_FIND_LR] = units_find_lr,
    [VERB_BAG] = units_bag,
    [VERB_BOOST] = units_boost,
};

/* A library's models predict, whatever the script does with them. */
static void add_predictions(Compiler *c, Compiled *out)
{
    for (size_t i = 0; i < out->models.len; i++) {
        ModelInstance *model = out->models.data[i];
        UnitSpec spec = { .kind = UNIT_PREDICT,
                          .model = model,
                          .data = model->data,
                          .batch = EVALUATION_BATCH,
                          .per_epoch = 1 };
        Unit *unit = get_unit(c, out, spec, model->decl->name_span);
        if (unit)
            vec_push(c->arena, &out->predict_units, unit);
    }
}

bool compile_units(Compiler *c, Compiled *out)
{
    if (!c->nothing)
        c->nothing = ARENA_NEW(c->arena, Unit);
    c->nothing->spec.name = "";
    for (size_t i = 0; i < out->actions.len; i++)
        c->shares_code |= out->actions.data[i]->action->verb == VERB_TUNE;
    for (size_t i = 0; i < out->actions.len; i++) {
        CompiledAction *a = out->actions.data[i];
        a->skipped = c->skips = c->for_trial && (i < c->only_from || i > c->only_to);
        if (makers[a->action->verb])
            makers[a->action->verb](c, out, a);
    }
    if (c->options->command->bit == FOR_BUILD && c->options->emit == BUILD_LIB)
        add_predictions(c, out);
    return c->diags->errors == 0;
}
