/* compile_units.c: which units each action needs.
 *
 * Graphs are lowered in the order of the actions, since freeze, unfreeze and prune change what
 * comes after them. */
#include "driver/compile_phases.h"
#include "driver/compile_units.h"
#include "driver/onnx_graph.h"
#include <string.h>

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
        Diagnostic *d = diag_error(
            c->diags, DIAG_WRONG_KIND, setting_span(&a->action->settings, "passes"),
            "passes are made by one network, but '%s' is an ensemble", a->action->ensemble);
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

/* As many samples at once as fit into some tens of megabytes. */
static bool units_inspect(Compiler *c, Compiled *out, CompiledAction *a)
{
    enum { MOST_VALUES = 1 << 22 };

    int64_t width = 0, batch;
    if (!has_part(c, a, NNRT_TRAIN))
        return false;
    if (!a->model->layers.len) {
        diag_error(c->diags, DIAG_WRONG_KIND, a->action->model_span,
                   "model '%s' has no layer to inspect", a->model->decl->name);
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
                   "model '%s' cannot be exported: ONNX has nothing like '%s'",
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

/* By verb; NULL where it needs no units. */
static bool (*const makers[VERB_COUNT])(Compiler *, Compiled *, CompiledAction *) = {
    [VERB_TRAIN] = units_train,       [VERB_EVALUATE] = units_evaluate,
    [VERB_PREDICT] = units_predict,   [VERB_GENERATE] = units_generate,
    [VERB_MINIMIZE] = units_minimize, [VERB_CHECK_GRADIENTS] = units_check_gradients,
    [VERB_PLOT] = units_plot,         [VERB_EXPORT] = units_export,
    [VERB_FREEZE] = units_freeze,     [VERB_UNFREEZE] = units_freeze,
    [VERB_PRUNE] = units_prune,       [VERB_SAVE] = units_save,
    [VERB_LOAD] = units_load,         [VERB_TUNE] = units_tune,
    [VERB_INSPECT] = units_inspect,   [VERB_CROSSVALIDATE] = units_crossvalidate,
    [VERB_COMPARE] = units_compare,   [VERB_FIND_LR] = units_find_lr,
    [VERB_BAG] = units_bag,           [VERB_BOOST] = units_boost,
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

bool phase_units(Compiler *c, Compiled *out)
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
