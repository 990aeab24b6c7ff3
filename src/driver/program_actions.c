/* program_actions.c: what a program says of each action: one function a verb. */
#include "driver/data_checks.h"
#include "driver/json_values.h"
#include "driver/onnx_graph.h"
#include "driver/program_writer.h"
#include "driver/signatures.h"
#include <string.h>

void write_unit_names(const CompiledAction *a, json_t *object)
{
    if (a->unit)
        put_text(object, FIELD_unit_names_unit, a->unit->spec.name);
    if (a->predict_unit)
        put_text(object, FIELD_unit_names_predict_unit, a->predict_unit->spec.name);
    if (a->loss_unit)
        put_text(object, FIELD_unit_names_loss_unit, a->loss_unit->spec.name);
    if (a->eval_unit)
        put_text(object, FIELD_unit_names_eval_unit, a->eval_unit->spec.name);
    if (a->statistics_unit)
        put_text(object, FIELD_unit_names_statistics_unit, a->statistics_unit->spec.name);
    if (a->diagnose_unit)
        put_text(object, FIELD_unit_names_diagnose_unit, a->diagnose_unit->spec.name);
}

/* ---- training and what is made of it ---- */

static void write_train(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    write_training(w, a, object);
}

static void write_crossvalidate(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    write_training(w, a, object);
    put_integer(object, FIELD_crossvalidate_folds,
                (int64_t)setting(&a->action->settings, "folds")->number);
}

static void write_bag(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    const Checked *settings = &a->action->settings;
    write_training(w, a, object);
    put_integer(object, FIELD_bag_members, (int64_t)setting(settings, "members")->number);
    put_text(object, FIELD_bag_combine, setting(settings, "combine")->text);
}

static void write_boost(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    const Checked *settings = &a->action->settings;
    write_training(w, a, object);
    put_integer(object, FIELD_boost_rounds, (int64_t)setting(settings, "rounds")->number);
    put_text(object, FIELD_boost_method, setting(settings, "method")->text);
    put_number(object, FIELD_boost_rate, setting(settings, "rate")->number);
    if (strcmp(setting(settings, "method")->text, "gradient") != 0)
        return;
    /* its networks fit what is left, not the targets */
    put(object, FIELD_training_metrics, json_array());
    put(object, FIELD_training_task_metrics, NULL);
}

static void write_compare(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    json_t *recipes = json_array();
    for (size_t i = 0; i < a->recipe_count; i++) {
        json_t *one = json_object();
        put_text(one, FIELD_compared_name, a->recipes[i]->action->recipe_name);
        put_text(one, FIELD_compared_model, a->model->decl->name);
        put_text(one, FIELD_compared_data, a->data->info.name);
        write_training(w, a->recipes[i], one);
        json_array_append_new(recipes, one);
    }
    put(object, FIELD_compare_seed, a->recipe_count ? seed_json(w, a->recipes[0]->recipe) : NULL);
    put(object, FIELD_compare_recipes, recipes);
}

static json_t *domain_json(ProgramWriter *w, const char *name, const Call *domain)
{
    json_t *object = json_object();
    put_text(object, FIELD_domain_name, name);
    put_text(object, FIELD_domain_domain, domain->form->name);
    put_open_arguments(w->c->arena, object, domain);
    return object;
}

/* What trials are compared by. Unless the script says, the accuracy on the validation part, or the
 * loss where targets are numbers. */
static void write_objective(const CompiledAction *a, json_t *object)
{
    const Call *objective = setting_call(&a->action->settings, "objective");
    bool classify = has_accuracy(&a->data->info);
    if (objective) {
        put_truth(object, FIELD_tune_maximize, strcmp(objective->form->name, "maximize") == 0);
        put_text(object, FIELD_tune_watch, call_arg(objective, "what")->text);
    } else {
        put_truth(object, FIELD_tune_maximize, classify);
        put_text(object, FIELD_tune_watch, classify ? "validation.accuracy" : "validation.loss");
    }
}

static void write_tune(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    const Checked *settings = &a->action->settings;
    json_t *params = json_array();
    for (size_t i = 0; i < a->action->param_count; i++) {
        json_array_append_new(
            params, domain_json(w, a->action->params[i].name, a->action->params[i].domain));
    }

    write_training(w, a, object);
    put(object, FIELD_tune_params, params);
    put_integer(object, FIELD_tune_trials, (int64_t)setting(settings, "trials")->number);
    put_truth(object, FIELD_tune_trials_given, setting_given(settings, "trials"));
    put_text(object, FIELD_tune_method, setting(settings, "method")->text);
    write_objective(a, object);
}

static void write_find_lr(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    write_unit_names(a, object);
    write_mixing(w, a->recipe, object);
    put(object, FIELD_find_lr_seed, seed_json(w, a->recipe));
}

/* ---- trained models ---- */

static void write_evaluate(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    write_unit_names(a, object);
    put(object, FIELD_evaluate_metrics, metrics_json(w, &a->action->settings, &a->data->info));
    put_truth(object, FIELD_evaluate_loss, true);
    if (a->passes_unit)
        put_text(object, FIELD_evaluate_passes_unit, a->passes_unit->spec.name);
    put_truth(object, FIELD_evaluate_pictured, a->pictured);
}

static void write_predict(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    const Value *passes = setting(&a->action->settings, "passes");
    write_unit_names(a, object);
    put_text(object, FIELD_predict_to, a->action->path);
    const Value *keep = setting(&a->action->settings, "keep");
    if (keep->kind == VALUE_LIST)
        put(object, FIELD_predict_keep, value_json(w->c->arena, keep));
    put_integer(object, FIELD_predict_passes,
                passes->kind == VALUE_NUMBER ? (int64_t)passes->number : 0);
}

static const char *const memory_name[] = {
    [MEMORY_WINDOW] = "window", [MEMORY_CAUSAL] = "causal", [MEMORY_STATE] = "state"
};

static void write_generate(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    const Checked *settings = &a->action->settings;
    Arena *arena = w->c->arena;
    write_unit_names(a, object);
    if (a->action->path)
        put_text(object, FIELD_generate_to, a->action->path);
    put_text(object, FIELD_generate_prompt, setting(settings, "prompt")->text);
    put_integer(object, FIELD_generate_length, (int64_t)setting(settings, "length")->number);
    put_number(object, FIELD_generate_temperature, setting(settings, "temperature")->number);
    put(object, FIELD_generate_top_k, value_json(arena, setting(settings, "top_k")));
    put(object, FIELD_generate_top_p, value_json(arena, setting(settings, "top_p")));
    put(object, FIELD_generate_seed, seed_json(w, settings));
    put_text(object, FIELD_generate_memory, memory_name[lower_memory(a->model)]);
    put_integer(object, FIELD_generate_window, a->model->input.dim[0]);
}

static void write_save(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    (void)w;
    put_text(object, FIELD_save_to, a->action->path);
}

static json_t *renamings_json(const Value *rename)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rename->count; i++) {
        const Call *call = rename->items[i].call;
        json_t *one = json_object();
        put_text(one, FIELD_renaming_old, call->args[0].text);
        put_text(one, FIELD_renaming_new, call->args[1].text);
        json_array_append_new(list, one);
    }
    return list;
}

static void write_load(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    put_text(object, FIELD_load_from, a->action->path);
    if (load_made_above(w->compiled, a))
        put_truth(object, FIELD_load_made, true);

    const Checked *settings = &a->action->settings;
    const Value *rename = setting(settings, "rename"), *transpose = setting(settings, "transpose"),
                *skip = setting(settings, "skip"), *partial = setting(settings, "partial");
    if (rename->kind == VALUE_LIST)
        put(object, FIELD_load_rename, renamings_json(rename));
    if (transpose->kind == VALUE_LIST)
        put(object, FIELD_load_transpose, value_json(w->c->arena, transpose));
    if (skip->kind == VALUE_LIST)
        put(object, FIELD_load_skip, value_json(w->c->arena, skip));
    if (partial->kind == VALUE_BOOL && partial->boolean)
        put_truth(object, FIELD_load_partial, true);
}

static void write_prune(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    put(object, FIELD_prune_sparsity,
        value_json(w->c->arena, setting(&a->action->settings, "sparsity")));
    put(object, FIELD_prune_per, value_json(w->c->arena, setting(&a->action->settings, "per")));
    put(object, FIELD_prune_seed, seed_json(w, NULL));
}

static void write_export(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    const char *lacking;
    (void)w;
    put(object, FIELD_export_graph, onnx_json(a->graph, a->model, &lacking));
    put_text(object, FIELD_export_to, a->action->path);
}

static json_t *layer_json(const LayerSummary *l, bool channels_first)
{
    int rank = l->output.rank;
    int axis = channels_first ? 0 : rank - 1;
    int64_t units = rank ? l->output.dim[axis] : 1;
    json_t *object = json_object();
    put_text(object, FIELD_layer_name, l->name);
    put_text(object, FIELD_layer_kind, l->kind);
    put_integer(object, FIELD_layer_size, shape_elements(l->output));
    put_integer(object, FIELD_layer_units, units);
    put_truth(object, FIELD_layer_channels_first, channels_first);
    put_truth(object, FIELD_layer_activation, l->activation);
    return object;
}

/* The units of an image, and of what a convolution makes of a signal, are its channels. */
static void write_inspect(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    json_t *layers = json_array();
    bool image = false;
    for (size_t i = 0; i < a->model->layers.len; i++) {
        const LayerSummary *l = &a->model->layers.data[i];
        int rank = l->output.rank;
        image = rank >= 2 && (image || strncmp(l->kind, "conv", 4) == 0);
        json_array_append_new(layers, layer_json(l, rank > 2 || (rank == 2 && image)));
    }
    write_unit_names(a, object);
    put(object, FIELD_inspect_layers, layers);
    put(object, FIELD_inspect_seed, seed_json(w, NULL));
}

/* ---- functions ---- */

static json_t *variables_json(const CheckedAction *action)
{
    json_t *list = json_array();
    for (size_t i = 0; i < action->variable_count; i++) {
        json_t *variable = json_object();
        put_text(variable, FIELD_variable_name, action->variables[i].name);
        put_number(variable, FIELD_variable_start, action->variables[i].value);
        json_array_append_new(list, variable);
    }
    return list;
}

/* The arguments of a function whose derivative is checked: the unit's weights. */
static json_t *arguments_json(const Graph *graph)
{
    json_t *list = json_array();
    for (size_t i = 0; i < graph->tensors.len; i++)
        if (graph->tensors.data[i].role == TENSOR_WEIGHT)
            json_array_append_new(list, json_string(graph->tensors.data[i].name));
    return list;
}

static void write_minimize(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    write_unit_names(a, object);
    put_integer(object, FIELD_minimize_steps, a->steps);
    put_number(object, FIELD_minimize_lr, lower_optimizer_lr(w->c->lower, a->recipe));
    put(object, FIELD_minimize_seed, seed_json(w, a->recipe));
    put(object, FIELD_minimize_variables, variables_json(a->action));
    put_text(object, FIELD_minimize_function, a->action->function->name.text);
}

static void write_check_gradients(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    write_unit_names(a, object);
    put(object, FIELD_check_gradients_seed, seed_json(w, NULL));
    if (a->action->function) {
        put(object, FIELD_check_gradients_variables, arguments_json(a->unit->plan->graph));
        put_text(object, FIELD_check_gradients_function, a->action->function->name.text);
    }
}

/* ---- output ---- */

static void write_print(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    json_t *values = json_array();
    for (size_t i = 0; i < a->action->value_count; i++)
        json_array_append_new(values, later_json(w->c->arena, a->action->values[i]));
    put(object, FIELD_print_values, values);
}

static void write_assert(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    const CheckedAction *action = a->action;
    put(object, FIELD_assert_condition, later_json(w->c->arena, action->values[0]));
    put(object, FIELD_assert_message,
        action->value_count > 1 ? later_json(w->c->arena, action->values[1]) : NULL);
    put_text(object, FIELD_assert_text, span_text(w->c->arena, action->values[0]->span));
}

static void write_schedule(ProgramWriter *w, const Picture *p, const UnitSpec *spec, json_t *object)
{
    double lr = p->of_recipe ? lower_optimizer_lr(w->c->lower, &p->drawn->recipe) : 1;
    put_text(object, FIELD_picture_schedule, spec->name);
    put_number(object, FIELD_picture_lr, lr);
    put_integer(object, FIELD_picture_steps, spec->steps);
    put_integer(object, FIELD_picture_epochs, spec->epochs);
    put_integer(object, FIELD_picture_per_epoch, spec->per_epoch);
}

static json_t *picture_json(ProgramWriter *w, const CompiledAction *a, size_t number)
{
    const Picture *p = &a->action->pictures[number];
    const Unit *unit = a->picture_units[number], *slope = a->slope_units[number];
    json_t *object = json_object();

    put_text(object, FIELD_picture_name, p->name);
    switch (p->kind) {
    case PICTURE_RESULT: put(object, FIELD_picture_value, later_json(w->c->arena, p->later)); break;
    case PICTURE_DATA:
        put_text(object, FIELD_picture_data, p->name);
        if (p->part != PART_ANY)
            put_text(object, FIELD_picture_part, nnrt_part_name((int)p->part - (int)PART_TRAIN));
        break;
    case PICTURE_FUNCTION:
        put_text(object, FIELD_picture_function, unit->spec.name);
        if (slope)
            put_text(object, FIELD_picture_slope, slope->spec.name);
        put(object, FIELD_picture_variables, variables_json(p->drawn));
        break;
    case PICTURE_SCHEDULE: write_schedule(w, p, &unit->spec, object); break;
    }
    return object;
}

static void write_plot(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    json_t *pictures = json_array();
    for (size_t i = 0; i < a->action->picture_count; i++)
        json_array_append_new(pictures, picture_json(w, a, i));
    put(object, FIELD_plot_pictures, pictures);
    if (a->path_of && a->path_of->eval_unit) {
        put_text(object, FIELD_plot_surface, a->path_of->eval_unit->spec.name);
        put(object, FIELD_plot_variables, variables_json(a->path_of->action));
    }
    put_text(object, FIELD_plot_to, a->action->path);
    put_text(object, FIELD_plot_text, span_text(w->c->arena, a->action->operand_span));
}

/* ---- any action ---- */

/* The units know what is frozen. */
static void write_freeze(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    (void)w, (void)a, (void)object;
}

static void write_unfreeze(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    (void)w, (void)a, (void)object;
}

static void (*const writers[VERB_COUNT])(ProgramWriter *, const CompiledAction *, json_t *) = {
#define VERB(id, name, ...) [VERB_##id] = write_##name,
#include "abi/verbs.def"
#undef VERB
};

/* Where the action is in the script and the text of its line, for messages at run time. */
static void put_place(json_t *object, Span span)
{
    enum { LONGEST = 400 }; /* a longer line is not shown */

    uint32_t line, column, end_line, end_column;
    if (!span.file)
        return;
    source_position(span.file, span.begin, &line, &column);
    source_position(span.file, span.end, &end_line, &end_column);
    put_integer(object, FIELD_action_line, line);
    put_integer(object, FIELD_action_column, column);

    uint32_t begin = span.file->line_start[line - 1 - span.file->first_line];
    size_t length = strcspn(span.file->text + begin, "\r\n");
    if (length > LONGEST)
        return;
    if (end_line == line)
        put_integer(object, FIELD_action_end_column, end_column);
    put(object, FIELD_action_source, json_stringn(span.file->text + begin, length));
}

json_t *action_json(ProgramWriter *w, const CompiledAction *a)
{
    json_t *object = json_object();
    put_text(object, FIELD_action_verb, verb_name(a->action->verb));
    if (a->skipped)
        return object;
    put_place(object, a->action->span);
    put_text(object, FIELD_action_model, a->model ? a->model->decl->name : NULL);
    put_text(object, FIELD_action_data, a->data ? a->data->info.name : NULL);
    if (a->part != PART_ANY)
        put_text(object, FIELD_action_part, nnrt_part_name((int)a->part - (int)PART_TRAIN));
    put_text(object, FIELD_action_as, a->action->as);
    if (a->action->ensemble)
        put_text(object, FIELD_action_ensemble, a->action->ensemble);
    writers[a->action->verb](w, a, object);
    return object;
}
