/* program_json.c: what a program declares: data, weights, models and units. */
#include "driver/json_values.h"
#include "driver/program_json.h"
#include "driver/program_writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- data ---- */

static json_t *expected_json(const DataUse *use)
{
    static const ProgramField parts[NNRT_PARTS] = { FIELD_expected_train, FIELD_expected_validation,
                                                    FIELD_expected_test, FIELD_expected_new };
    const DataInfo *d = &use->info;
    json_t *object = json_object();
    put_text(object, FIELD_expected_data, d->name);
    put_shape(object, FIELD_expected_shape, d->sample);
    put_shape(object, FIELD_expected_target_shape, d->target);
    put_integer(object, FIELD_expected_classes, d->classes);
    put_truth(object, FIELD_expected_weighted, d->weighted);
    if (use->targets_are_shares)
        put_truth(object, FIELD_expected_shares, true);
    if (use->numbers_below)
        put_integer(object, FIELD_expected_below, use->numbers_below);
    for (int i = 0; i < NNRT_PARTS; i++)
        put_integer(object, parts[i], d->count[i]);
    return object;
}

/* ---- weights ---- */

typedef struct InitRow {
    const char *name;
    ProgramField a, b; /* what its numbers are called; PROGRAM_FIELDS: it has no second one */
} InitRow;

static const InitRow init_rows[] = {
    [INIT_UNIFORM] = { "uniform", FIELD_initializer_a, FIELD_initializer_b },
    [INIT_NORMAL] = { "normal", FIELD_initializer_mean, FIELD_initializer_std },
    [INIT_TRUNCATED_NORMAL] = { "truncated_normal", FIELD_initializer_std, PROGRAM_FIELDS },
    [INIT_ORTHOGONAL] = { "orthogonal", FIELD_initializer_gain, PROGRAM_FIELDS },
    [INIT_CONSTANT] = { "constant", FIELD_initializer_value, PROGRAM_FIELDS },
};

static json_t *initializer_json(InitKind kind, double a, double b)
{
    const InitRow *row = &init_rows[kind];
    json_t *object = json_object();
    put_text(object, FIELD_initializer_kind, row->name);
    put_number(object, row->a, a);
    if (row->b != PROGRAM_FIELDS)
        put_number(object, row->b, b);
    return object;
}

static json_t *weight_json(const Compiler *c, const WeightSpec *w)
{
    json_t *object = json_object();
    put_text(object, FIELD_weight_key, w->key);
    put_shape(object, FIELD_weight_shape, w->shape);
    put_integer(object, FIELD_weight_feature_axis, w->feature_axis);
    put_text(object, FIELD_weight_role, weight_role_name(w->role));
    put(object, FIELD_weight_init, initializer_json(w->init.kind, w->init.a, w->init.b));
    put_integer(object, FIELD_weight_generation,
                compiler_generation(c, w->key, strcspn(w->key, "/")));
    return object;
}

/* The points at which the derivative of a function is checked are weights of no model, drawn as
 * weights are. */
static json_t *points_json(const Tensor *t)
{
    enum { REACH = 3 };

    json_t *object = json_object();
    put_text(object, FIELD_weight_key, t->name);
    put_shape(object, FIELD_weight_shape, t->shape);
    put_integer(object, FIELD_weight_feature_axis, t->feature_axis);
    put_text(object, FIELD_weight_role, weight_role_name(ROLE_OTHER));
    put(object, FIELD_weight_init, initializer_json(INIT_UNIFORM, -REACH, REACH));
    return object;
}

/* False: the key was listed before. */
static bool is_new(json_t *seen, const char *key)
{
    if (json_object_get(seen, key))
        return false;
    json_object_set_new(seen, key, json_true());
    return true;
}

static void add_model_weights(const Compiler *c, const ModelInstance *model, json_t *seen,
                              json_t *list)
{
    for (size_t i = 0; i < model->weights.len; i++) {
        const WeightSpec *w = &model->weights.data[i];
        if (is_new(seen, w->key))
            json_array_append_new(list, weight_json(c, w));
    }
}

static void add_points(const Unit *unit, json_t *seen, json_t *list)
{
    const Graph *graph = unit->plan->graph;
    if (unit->spec.kind != UNIT_GRADIENTS || unit->spec.model)
        return;
    for (size_t i = 0; i < graph->tensors.len; i++) {
        const Tensor *t = &graph->tensors.data[i];
        if (t->role == TENSOR_WEIGHT && is_new(seen, t->name))
            json_array_append_new(list, points_json(t));
    }
}

/* Models may share parts; each key is listed once. */
static json_t *weights_json(const Compiler *c, const Compiled *compiled)
{
    json_t *list = json_array(), *seen = json_object();
    for (size_t i = 0; i < compiled->models.len; i++)
        add_model_weights(c, compiled->models.data[i], seen, list);
    for (size_t i = 0; i < compiled->units.len; i++)
        add_points(compiled->units.data[i], seen, list);
    json_decref(seen);
    return list;
}

/* ---- models ---- */

static json_t *model_weight_json(const WeightSpec *weight)
{
    json_t *object = json_object();
    put_text(object, FIELD_model_weight_name, weight->name);
    put_text(object, FIELD_model_weight_key, weight->key);
    return object;
}

static json_t *model_json(const Compiled *compiled, size_t number)
{
    const ModelInstance *m = compiled->models.data[number];
    json_t *object = json_object(), *weights = json_array();
    for (size_t i = 0; i < m->weights.len; i++)
        json_array_append_new(weights, model_weight_json(&m->weights.data[i]));
    put_text(object, FIELD_model_name, m->decl->name);
    put_integer(object, FIELD_model_parameters, m->parameters);
    put(object, FIELD_model_weights, weights);
    put_shape(object, FIELD_model_input, m->input);
    put_shape(object, FIELD_model_output, m->output);
    put_text(object, FIELD_model_head, head_name(m->head));
    if (number < compiled->predict_units.len)
        put_text(object, FIELD_model_unit, compiled->predict_units.data[number]->spec.name);
    return object;
}

/* ---- units ---- */

/* The variable of a function says its shape, since it may not be a weight of the program. */
static json_t *tensor_json(const Tensor *t, bool of_model)
{
    static const char *const roles[] = { [TENSOR_WEIGHT] = "weight",
                                         [TENSOR_STATE] = "state",
                                         [TENSOR_RESULT] = "result",
                                         [TENSOR_CLASSES] = "classes" };
    json_t *object = json_object();
    put_text(object, FIELD_tensor_role, roles[t->role]);
    put_text(object, t->role == TENSOR_WEIGHT ? FIELD_tensor_key : FIELD_tensor_name, t->name);
    if (t->role == TENSOR_WEIGHT && of_model)
        return object;
    put_shape(object, FIELD_tensor_shape, t->shape);
    put_integer(object, FIELD_tensor_feature_axis, t->feature_axis);
    if (t->role == TENSOR_STATE)
        put_number(object, FIELD_tensor_initial, t->initial);
    if (t->values) {
        json_t *values = json_array();
        for (int64_t i = 0; i < t->value_count; i++)
            json_array_append_new(values, json_real(t->values[i]));
        put(object, FIELD_tensor_values, values);
    }
    return object;
}

/* The constants of this unit, which shared code reads after the plan's scalars. */
static void put_numbers(json_t *object, const Unit *unit)
{
    json_t *list = json_array();
    const Graph *graph = unit->plan->graph;
    for (size_t i = 0; i < graph->nodes.len; i++)
        if (graph->nodes.data[i].op == IR_CONST)
            json_array_append_new(list, number_or_null(graph->nodes.data[i].as.value));
    put_text(object, FIELD_unit_code, unit->code->name);
    put(object, FIELD_unit_numbers, list);
}

static bool is_weighted(const Graph *graph)
{
    for (size_t i = 0; i < graph->roots.len; i++) {
        const Node *root = graph_node(graph, graph->roots.data[i]);
        if (root->op == IR_EMIT && root->slot == SLOT_WEIGHT)
            return true;
    }
    return false;
}

static json_t *unit_json(Compiler *c, const Unit *unit)
{
    const Plan *plan = unit->plan;
    json_t *object = json_object(), *tensors = json_array();
    for (size_t i = 0; i < plan->graph->tensors.len; i++) {
        json_array_append_new(tensors,
                              tensor_json(&plan->graph->tensors.data[i], unit->spec.model != NULL));
    }
    put_text(object, FIELD_unit_name, unit->spec.name);
    put_text(object, FIELD_unit_symbol, arena_printf(c->arena, "nnc_%s", unit->spec.name));
    put_integer(object, FIELD_unit_batch, unit->spec.batch);
    put_integer(object, FIELD_unit_arena_bytes, plan->arena_bytes);
    put_integer(object, FIELD_unit_scalars, plan->scalar_count);
    if (c->shares_code)
        put_numbers(object, unit);
    put_integer(object, FIELD_unit_out_size,
                unit->spec.model ? shape_elements(unit->spec.model->output) : 0);
    put_truth(object, FIELD_unit_weighted, is_weighted(plan->graph));
    put_truth(object, FIELD_unit_serial, plan->serial);
    put(object, FIELD_unit_tensors, tensors);
    return object;
}

/* ---- the program ---- */

void program_verify(const json_t *program)
{
    char why[400];
    if (program_check(program, TYPE_program, why, sizeof why))
        return;
    fprintf(stderr, "nnc: internal error: the program for the runtime is wrong: %s\n", why);
    abort();
}

/* Data that models see in several ways is declared once. */
static bool declared_before(const Compiled *compiled, size_t use)
{
    for (size_t i = 0; i < use; i++)
        if (compiled->data.data[i]->decl == compiled->data.data[use]->decl)
            return true;
    return false;
}

json_t *program_json(Compiler *c, const Compiled *compiled, bool with_folder)
{
    ProgramWriter w = { c, compiled,
                        c->options->command->bit == FOR_BUILD && c->options->seed_given };
    json_t *program = json_object(), *data = json_array(), *expect = json_array(),
           *models = json_array(), *units = json_array(), *actions = json_array();

    for (size_t i = 0; i < compiled->data.len; i++) {
        const DataUse *use = compiled->data.data[i];
        if (!declared_before(compiled, i))
            json_array_append(data, use->json);
        if (!use->preparation)
            json_array_append_new(expect, expected_json(use));
    }
    for (size_t i = 0; i < compiled->models.len; i++)
        json_array_append_new(models, model_json(compiled, i));
    for (size_t i = 0; i < compiled->units.len; i++)
        json_array_append_new(units, unit_json(c, compiled->units.data[i]));
    for (size_t i = 0; i < compiled->actions.len; i++)
        json_array_append_new(actions, action_json(&w, compiled->actions.data[i]));

    put_text(program, FIELD_program_script, compiled->file->path);
    if (with_folder && c->folder)
        put_text(program, FIELD_program_folder, c->folder);
    put(program, FIELD_program_data, data);
    put(program, FIELD_program_expect, expect);
    put(program, FIELD_program_weights, weights_json(c, compiled));
    put(program, FIELD_program_models, models);
    put(program, FIELD_program_units, units);
    put(program, FIELD_program_actions, actions);
    program_verify(program);
    return program;
}
