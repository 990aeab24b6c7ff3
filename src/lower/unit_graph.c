/* unit_graph.c: whole units: what a training step, an evaluation, a prediction and their kin
 * compute, from the first layer to the last root. */
#include "lower/room.h"
#include <string.h>

typedef struct Unit {
    Lower *lower;
    const UnitSpec *spec;
    const Checked *recipe;
    Graph *g;
    Network *network;
    Emission e;
} Unit;

/* How each kind builds its network; mixed: batches come as training has them. */
typedef struct UnitMode {
    bool random, dropout, batch_statistics, update_statistics, mixed;
} UnitMode;

static const UnitMode unit_modes[] = {
    [UNIT_TRAIN] = { true, true, true, true, true },
    [UNIT_EVALUATE] = { 0 },
    [UNIT_PREDICT] = { 0 },
    [UNIT_PASSES] = { false, true, false, false, false },
    [UNIT_DIAGNOSE] = { true, true, true, false, true },
    [UNIT_GRADIENTS] = { false, false, true, false, false },
    [UNIT_MINIMIZE] = { true, false, false, false, false },
    [UNIT_LOSS] = { 0 },
    [UNIT_INSPECT] = { false, false, true, false, false },
    [UNIT_SURFACE] = { 0 },
    [UNIT_STEP] = { 0 },
    [UNIT_RATE] = { 0 },
    [UNIT_STATISTICS] = { false, false, true, true, false },
};

static int add_result(Graph *g, const char *name, Shape shape, int feature_axis)
{
    Tensor t = { .role = TENSOR_RESULT,
                 .name = name,
                 .shape = shape,
                 .feature_axis = feature_axis,
                 .weight = -1 };
    return graph_add_tensor(g, t);
}

static void start_network(Unit *u)
{
    graph_set_data(u->g, u->network, u->spec->data,
                   unit_modes[u->spec->kind].mixed ? u->recipe : NULL);
    emission_start(&u->e, u->lower, u->network, u->g);
    u->e.bare = u->spec->bare;
}

static bool build_network(Unit *u)
{
    const UnitMode *mode = &unit_modes[u->spec->kind];
    const Value *noise = recipe_value(u->recipe, "weight_noise");
    start_network(u);
    const char *precision = mode->mixed ? value_word(recipe_value(u->recipe, "precision")) : NULL;
    u->g->rounds_products = precision && !strcmp(precision, "bf16");
    u->e.random = mode->random;
    u->e.weight_noise = mode->random && noise ? noise->number : 0;
    u->e.dropout = mode->dropout;
    u->e.batch_statistics = mode->batch_statistics;
    u->e.update_statistics = mode->update_statistics;
    u->e.mean_statistics = u->spec->kind == UNIT_STATISTICS;
    return emission_network(&u->e);
}

/* The weights of the unit that train. */
static TrainedList trained_weights(Unit *u)
{
    TrainedList weights = { 0 };
    for (size_t i = 0; i < u->network->pub.weights.len; i++) {
        const WeightSpec *spec = &u->network->pub.weights.data[i];
        if (weight_is_frozen(u->lower, spec))
            continue;
        int tensor = emission_tensor(&u->e, (int)i);
        Trained w = { .name = spec->name,
                      .role = spec->role,
                      .tensor = tensor,
                      .value = g_weight(u->g, tensor),
                      .l1 = spec->l1,
                      .l2 = spec->l2,
                      .max_norm = spec->max_norm,
                      .transposed_groups = spec->transposed_groups,
                      .pruned = weight_is_pruned(u->lower, spec) };
        vec_push(u->lower->arena, &weights.list, w);
    }
    return weights;
}

static void differentiate(Unit *u, NodeId scalar, TrainedList *weights)
{
    size_t n = weights->list.len;
    NodeId *wrt = ARENA_ARRAY(u->lower->arena, NodeId, n + 1),
           *gradient = ARENA_ARRAY(u->lower->arena, NodeId, n + 1);
    for (size_t i = 0; i < n; i++)
        wrt[i] = weights->list.data[i].value;
    graph_gradient(u->g, scalar, n, wrt, gradient);
    for (size_t i = 0; i < n; i++)
        weights->list.data[i].gradient = gradient[i];
}

/* What buffers hold behind the step. */
static void assign_pending(Unit *u)
{
    for (size_t i = 0; i < u->e.pending.len; i++)
        if (u->e.pending.data[i] != NO_NODE)
            g_assign(u->g, emission_tensor(&u->e, (int)i), u->e.pending.data[i]);
}

static void emit_loss(Graph *g, const LossNodes *loss)
{
    g_emit(g, SLOT_LOSS, loss->sum, -1);
    if (loss->weight != NO_NODE)
        g_emit(g, SLOT_WEIGHT, loss->weight, -1);
}

static bool train(Unit *u)
{
    Graph *g = u->g;
    LossNodes loss;
    ScheduleNodes schedule;
    NodeId penalty;
    if (!build_network(u) ||
        !loss_lower(&u->e, u->spec->data, u->recipe, unit_modes[u->spec->kind].mixed, &loss)) {
        return false;
    }
    if (!distill_lower(&u->e, u->spec->data, u->recipe, &loss))
        return false;

    emit_loss(g, &loss);
    if (loss.weight != NO_NODE)
        g->assigns_if = loss.weight;
    if (loss.hits != NO_NODE)
        g_emit(g, SLOT_HITS, loss.hits, -1);

    TrainedList weights = trained_weights(u);
    differentiate(u, loss_mean(g, &loss), &weights);
    if (!schedule_lower(u->lower, g, u->recipe, false, &schedule))
        return false;
    if (!optimizer_lower(u->lower, g, u->recipe, &weights, &schedule, &penalty))
        return false;
    if (penalty != NO_NODE)
        g_emit(g, SLOT_PENALTY, penalty, -1);
    g_emit(g, SLOT_LR, schedule.lr, -1);
    assign_pending(u);
    return true;
}

static NodeId output_of(Unit *u)
{
    return u->spec->bare ? loss_scores(&u->e) : emission_value(&u->e, u->network->output);
}

static bool evaluate(Unit *u)
{
    LossNodes loss;
    if (!build_network(u))
        return false;
    g_emit(u->g, SLOT_OUT, output_of(u), -1);
    if (!loss_lower(&u->e, u->spec->data, u->recipe, unit_modes[u->spec->kind].mixed, &loss))
        return false;
    emit_loss(u->g, &loss);
    return true;
}

static bool predict(Unit *u)
{
    if (!build_network(u))
        return false;
    g_emit(u->g, SLOT_OUT, output_of(u), -1);
    return true;
}

/* One position of a sequence. */
static bool step(Unit *u)
{
    u->network = network_of_one_position(u->network);
    start_network(u);
    u->g->sample = shape_batched(u->network->pub.input, true);
    u->e.stepwise = true;
    if (!emission_network(&u->e))
        return false;
    g_emit(u->g, SLOT_OUT, output_of(u), -1);
    return true;
}

/* The scores whose softmax, or sigmoid, the shares p are. A class that nobody voted for costs much,
 * but not everything. */
static NodeId scores_of_shares(Graph *g, NodeId p, bool one)
{
    enum { RARE = 10000000 };

    NodeId least = g_const(g, 1.0 / RARE), most = g_const(g, 1 - 1.0 / RARE);
    p = g_binary(g, IR_MIN, g_binary(g, IR_MAX, p, least), most);
    NodeId z = g_unary(g, IR_LN, p);
    return one ? g_binary(g, IR_SUB, z, g_unary(g, IR_LN, g_binary(g, IR_SUB, g_const(g, 1), p)))
               : z;
}

/* Of outputs that were made elsewhere, in place of the network's last values. */
static bool loss_of_outputs(Unit *u)
{
    Graph *g = u->g;
    LossNodes loss;
    const Network *network = u->network;
    int output = network->output, last = network->values.data[output].use;
    bool headed = network->pub.head == HEAD_SOFTMAX || network->pub.head == HEAD_SIGMOID;
    start_network(u);
    g->sample = shape_batched(network->pub.output, true);
    NodeId in = g_input(g);

    Shape shape = network->pub.output;
    bool one = !shape.rank || shape.dim[shape.rank - 1] == 1;
    if (u->spec->given == GIVEN_SCORES && headed) {
        emission_put(&u->e, network->uses.data[last].input, in);
        if (!emission_use(&u->e, (size_t)last))
            return false;
    } else if (u->spec->given != GIVEN_SCORES && headed) {
        emission_put(&u->e, output, in);
        emission_put(&u->e, network->uses.data[last].input, scores_of_shares(g, in, one));
    } else {
        emission_put(&u->e, output,
                     u->spec->given == GIVEN_SHARES ? scores_of_shares(g, in, one) : in);
    }

    /* boosting's next network learns what is left with the samples' weights: they count once */
    DataInfo data = *u->spec->data;
    data.weighted = data.weighted && u->spec->given != GIVEN_SCORES;
    if (!loss_lower(&u->e, &data, u->recipe, false, &loss))
        return false;
    emit_loss(g, &loss);
    if (u->spec->given != GIVEN_SCORES)
        return true;
    NodeId gradient;
    graph_gradient(g, loss.sum, 1, &in, &gradient);
    g_emit(g, SLOT_OUT, g_broadcast(g, gradient, g->sample), -1);
    return true;
}

/* sum(y - y): 0, or NaN where an element of y is not finite. */
static void emit_nonfinite(Unit *u, const char *layer, NodeId y)
{
    Graph *g = u->g;
    int tensor = add_result(g, arena_printf(g->arena, "nonfinite.%s", layer), shape_scalar(), 0);
    g_emit(g, SLOT_TENSOR, g_reduce(g, IR_REDUCE_SUM, g_binary(g, IR_SUB, y, y), shape_scalar()),
           tensor);
}

static bool diagnose(Unit *u)
{
    LossNodes loss;
    if (!build_network(u))
        return false;
    for (size_t i = 0; i < u->g->layers.len; i++) {
        Layer layer = u->g->layers.data[i];
        u->g->current_layer = (int)i;
        emit_nonfinite(u, layer.name, layer.output);
    }
    u->g->current_layer = -1;
    if (!loss_lower(&u->e, u->spec->data, u->recipe, unit_modes[u->spec->kind].mixed, &loss))
        return false;
    emit_nonfinite(u, "loss", loss.sum);
    return true;
}

static bool gradients_of_network(Unit *u)
{
    LossNodes loss;
    if (!build_network(u) ||
        !loss_lower(&u->e, u->spec->data, u->recipe, unit_modes[u->spec->kind].mixed, &loss)) {
        return false;
    }
    g_emit(u->g, SLOT_LOSS, loss.sum, -1);
    TrainedList weights = trained_weights(u);
    differentiate(u, loss.sum, &weights);
    for (size_t i = 0; i < weights.list.len; i++) {
        const Tensor t = u->g->tensors.data[weights.list.data[i].tensor];
        g_emit(u->g, SLOT_TENSOR, weights.list.data[i].gradient,
               add_result(u->g, arena_printf(u->g->arena, "gradient.%s", t.name), t.shape,
                          t.feature_axis));
    }
    return true;
}

/* Values of many shapes side by side: a row a sample. */
static NodeId in_one_row(Graph *g, const NodeId *values, size_t count)
{
    NodeId *rows = ARENA_ARRAY(g->arena, NodeId, count);
    for (size_t i = 0; i < count; i++) {
        int64_t size = shape_elements(graph_node(g, values[i])->shape);
        rows[i] = g_reshape(g, values[i], shape_batched(shape_of(1, &size), true));
    }
    return count == 1 ? rows[0] : g_concat(g, (int)count, rows, 1);
}

static bool inspect(Unit *u)
{
    LossNodes loss;
    Graph *g = u->g;
    if (!build_network(u) || !loss_lower(&u->e, u->spec->data, u->recipe, false, &loss))
        return false;
    size_t n = u->network->uses.len;
    NodeId *all = ARENA_ARRAY(g->arena, NodeId, 2 * n);
    for (size_t i = 0; i < n; i++) {
        int value = u->network->uses.data[i].output;
        all[i] = g_broadcast(g, emission_value(&u->e, value),
                             shape_batched(u->network->values.data[value].shape, true));
    }
    NodeId *of = ARENA_ARRAY(g->arena, NodeId, n);
    for (size_t i = 0; i < n; i++)
        of[i] = emission_value(&u->e, u->network->uses.data[i].output);
    graph_gradient(g, loss.sum, n, of, all + n);
    for (size_t i = 0; i < n; i++)
        all[n + i] = g_broadcast(g, all[n + i], graph_node(g, all[i])->shape);
    g_emit(g, SLOT_OUT, in_one_row(g, all, 2 * n), -1);
    return true;
}

/* ---- functions of numbers ---- */
static Trained variable(Unit *u, const char *name, Shape shape)
{
    Tensor t = { .role = TENSOR_WEIGHT,
                 .name = name,
                 .shape = shape,
                 .feature_axis = shape.rank ? shape.rank - 1 : 0,
                 .weight = -1 };
    int tensor = graph_add_tensor(u->g, t);
    return (Trained){
        .name = name, .role = ROLE_KERNEL, .tensor = tensor, .value = g_weight(u->g, tensor)
    };
}

static const Trained *find_variable(const TrainedList *variables, const char *name)
{
    for (size_t i = 0; i < variables->list.len; i++)
        if (!strcmp(variables->list.data[i].name, name))
            return &variables->list.data[i];
    return NULL;
}

/* The function at the variables' values; its other parameters take their defaults. */
static NodeId function_at(Unit *u, const TrainedList *variables, bool random)
{
    const Stmt *decl = u->spec->action->function;
    size_t budget = EXPR_BUDGET;
    Shape shape = variables->list.len ? u->g->tensors.data[variables->list.data[0].tensor].shape
                                      : shape_scalar();
    ExprEnv env = expr_env(u->lower, u->g, shape, &budget);
    env.random = random;

    for (size_t i = 0; i < decl->params.len; i++) {
        const Param *p = &decl->params.data[i];
        const Trained *w = find_variable(variables, p->name.text);
        if (w) {
            expr_bind_node(&env, p->name.text, w->value);
        } else if (p->fallback) {
            NodeId value = expr_lower(&env, p->fallback);
            if (value == NO_NODE)
                return NO_NODE;
            expr_bind_node(&env, p->name.text, value);
        } else {
            diag_error(u->lower->diags, DIAG_MISSING_ARGUMENT, u->spec->action->span,
                       "the variable '%s' has no starting value", p->name.text);
            return NO_NODE;
        }
    }
    return expr_lower(&env, decl->value);
}

static bool gradients_of_function(Unit *u)
{
    const CheckedAction *action = u->spec->action;
    Shape points = shape_of(1, (int64_t[]){ LOWER_CHECK_POINTS });
    TrainedList variables = { 0 };
    for (size_t i = 0; i < action->function->params.len; i++) {
        if (!action->function->params.data[i].fallback) {
            vec_push(u->lower->arena, &variables.list,
                     variable(u, action->function->params.data[i].name.text, points));
        }
    }
    NodeId value = function_at(u, &variables, false);
    if (value == NO_NODE)
        return false;
    NodeId sum = g_reduce(u->g, IR_REDUCE_SUM, g_broadcast(u->g, value, points), shape_scalar());
    g_emit(u->g, SLOT_LOSS, sum, -1);
    differentiate(u, sum, &variables);
    for (size_t i = 0; i < variables.list.len; i++) {
        const Trained *w = &variables.list.data[i];
        g_emit(u->g, SLOT_TENSOR, w->gradient,
               add_result(u->g, arena_printf(u->g->arena, "gradient.%s", w->name), points, 0));
    }
    return true;
}

static bool gradients(Unit *u)
{
    return u->network ? gradients_of_network(u) : gradients_of_function(u);
}

static bool minimize(Unit *u)
{
    const CheckedAction *action = u->spec->action;
    ScheduleNodes schedule;
    NodeId penalty;
    TrainedList variables = { 0 };
    for (size_t i = 0; i < action->variable_count; i++) {
        vec_push(u->lower->arena, &variables.list,
                 variable(u, action->variables[i].name, shape_scalar()));
    }
    NodeId value = function_at(u, &variables, true);
    if (value == NO_NODE)
        return false;
    differentiate(u, value, &variables);
    if (!schedule_lower(u->lower, u->g, u->recipe, true, &schedule))
        return false;
    if (!optimizer_lower(u->lower, u->g, u->recipe, &variables, &schedule, &penalty))
        return false;
    NodeId after = function_at(u, &variables, true);
    if (after == NO_NODE)
        return false;
    g_emit(u->g, SLOT_VALUE, after, -1);
    g_emit(u->g, SLOT_LR, schedule.lr, -1);
    return true;
}

static bool surface(Unit *u)
{
    const CheckedAction *action = u->spec->action;
    TrainedList variables = { 0 };
    for (size_t i = 0; i < action->variable_count; i++) {
        vec_push(u->lower->arena, &variables.list,
                 variable(u, action->variables[i].name, shape_scalar()));
    }
    NodeId value = function_at(u, &variables, false);
    if (value != NO_NODE)
        g_emit(u->g, SLOT_VALUE, value, -1);
    return value != NO_NODE;
}

static bool rate(Unit *u)
{
    ScheduleNodes schedule;
    if (!schedule_lower(u->lower, u->g, u->recipe, false, &schedule))
        return false;
    g_emit(u->g, SLOT_LR, schedule.lr, -1);
    return true;
}

static bool statistics(Unit *u)
{
    if (!build_network(u))
        return false;
    assign_pending(u);
    g_emit(u->g, SLOT_VALUE, g_const(u->g, 0), -1);
    return true;
}

static bool (*const unit_builders[])(Unit *) = {
    [UNIT_TRAIN] = train,       [UNIT_EVALUATE] = evaluate,
    [UNIT_PREDICT] = predict,   [UNIT_PASSES] = predict,
    [UNIT_DIAGNOSE] = diagnose, [UNIT_GRADIENTS] = gradients,
    [UNIT_MINIMIZE] = minimize, [UNIT_LOSS] = loss_of_outputs,
    [UNIT_INSPECT] = inspect,   [UNIT_SURFACE] = surface,
    [UNIT_RATE] = rate,         [UNIT_STATISTICS] = statistics,
    [UNIT_STEP] = step,
};

static Span unit_span(const UnitSpec *spec)
{
    if (spec->action)
        return spec->action->span;
    return spec->model ? spec->model->decl->name_span : (Span){ 0 };
}

Graph *lower_unit(Lower *lower, const UnitSpec *spec)
{
    size_t errors = lower->diags->errors;
    Unit u = { .lower = lower,
               .spec = spec,
               .recipe = spec->recipe,
               .network = (Network *)(void *)(uintptr_t)(const void *)spec->model };
    if (!u.recipe && spec->action && spec->action->recipe.count)
        u.recipe = &spec->action->recipe;
    u.g = graph_new(lower->arena, arena_printf(lower->arena, "nnc_%s", spec->name),
                    u.network ? spec->batch : 0);
    u.g->current_layer = -1;
    bool ok = unit_builders[spec->kind](&u);
    char *wrong = ok ? graph_verify(u.g) : NULL;
    if (wrong) {
        diag_error(lower->diags, DIAG_INTERNAL, unit_span(spec), "the graph of %s is not valid: %s",
                   spec->name, wrong);
    } else if (!ok && lower->diags->errors == errors) {
        diag_error(lower->diags, DIAG_INTERNAL, unit_span(spec),
                   "%s cannot be compiled; the reason is unknown", spec->name);
    }
    return ok && !wrong ? u.g : NULL;
}
