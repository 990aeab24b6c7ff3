/* json_program.c: a compiled script as JSON: data, weights, models, units, and what each action has
 * to say. */
#include "driver/fit.h"
#include "driver/json_program.h"
#include "driver/onnx.h"
#include "driver/values.h"
#include <math.h>
#include <string.h>

typedef struct Writer {
    Compiler *c;
    const Compiled *compiled;
    bool bake_seed;
} Writer;

static void put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

static void put_text(json_t *object, const char *key, const char *text)
{
    put(object, key, text ? json_string(text) : json_null());
}

static void put_integer(json_t *object, const char *key, int64_t value)
{
    put(object, key, json_integer((json_int_t)value));
}

static json_t *shape_json(Shape shape)
{
    json_t *list = json_array();
    for (int i = 0; i < shape.rank; i++)
        json_array_append_new(list, json_integer((json_int_t)shape.dim[i]));
    return list;
}

static json_t *real_json(double value)
{
    json_t *real = json_real(value);
    return real ? real : json_null();
}

/* ---- what there is ---- */

static json_t *expect_json(const DataUse *use)
{
    const DataInfo *d = &use->info;
    json_t *object = json_object();
    put_text(object, "data", d->name);
    put(object, "shape", shape_json(d->sample));
    put(object, "target_shape", shape_json(d->target));
    put_integer(object, "classes", d->classes);
    if (use->numbers_below)
        put_integer(object, "below", use->numbers_below);
    for (int i = 0; i < NNRT_PARTS; i++)
        put_integer(object, nnrt_part_name(i), d->count[i]);
    return object;
}

/* Rows: the kind's name, and what its numbers a and b are called; NULL: there is none. */
static const struct {
    const char *name, *a, *b;
} init_rows[] = {
    [INIT_UNIFORM] = { "uniform", "a", "b" },
    [INIT_NORMAL] = { "normal", "mean", "std" },
    [INIT_TRUNCATED_NORMAL] = { "truncated_normal", "std", NULL },
    [INIT_ORTHOGONAL] = { "orthogonal", "gain", NULL },
    [INIT_CONSTANT] = { "constant", "value", NULL },
};

static json_t *weight_json(const Compiler *c, const WeightSpec *w)
{
    json_t *init = json_object();
    put_text(init, "kind", init_rows[w->init.kind].name);
    put(init, init_rows[w->init.kind].a, real_json(w->init.a));
    if (init_rows[w->init.kind].b)
        put(init, init_rows[w->init.kind].b, real_json(w->init.b));
    json_t *object = json_object();
    put_text(object, "key", w->key);
    put(object, "shape", shape_json(w->shape));
    put_integer(object, "feature_axis", w->feature_axis);
    put_text(object, "role", weight_role_name(w->role));
    put(object, "init", init);
    put_integer(object, "generation", compiler_generation(c, w->key, strcspn(w->key, "/")));
    return object;
}

/* The points at which a fn's derivative is checked are weights without a model, drawn like them. */
static json_t *points_json(const Tensor *t)
{
    enum { REACH = 3 };

    json_t *object = json_object();
    put_text(object, "key", t->name);
    put(object, "shape", shape_json(t->shape));
    put_integer(object, "feature_axis", t->feature_axis);
    put_text(object, "role", weight_role_name(ROLE_OTHER));
    put(object, "init",
        json_pack("{s:s, s:f, s:f}", "kind", "uniform", "a", -(double)REACH, "b", (double)REACH));
    return object;
}

/* Models may share parts; each key stands once. */
static json_t *weights_json(const Compiler *c, const Compiled *compiled)
{
    json_t *list = json_array(), *seen = json_object();
    for (size_t i = 0; i < compiled->models.len; i++) {
        for (size_t k = 0; k < compiled->models.data[i]->weights.len; k++) {
            const WeightSpec *w = &compiled->models.data[i]->weights.data[k];
            if (json_object_get(seen, w->key))
                continue;
            put(seen, w->key, json_true());
            json_array_append_new(list, weight_json(c, w));
        }
    }
    for (size_t i = 0; i < compiled->units.len; i++) {
        const Unit *unit = compiled->units.data[i];
        const Graph *graph = unit->plan->graph;
        for (size_t k = 0;
             unit->spec.kind == UNIT_GRADIENTS && !unit->spec.model && k < graph->tensors.len;
             k++) {
            const Tensor *t = &graph->tensors.data[k];
            if (t->role != TENSOR_WEIGHT || json_object_get(seen, t->name))
                continue;
            put(seen, t->name, json_true());
            json_array_append_new(list, points_json(t));
        }
    }
    json_decref(seen);
    return list;
}

static json_t *model_json(const Compiled *compiled, size_t number)
{
    const ModelInstance *m = compiled->models.data[number];
    json_t *object = json_object(), *weights = json_array();
    for (size_t i = 0; i < m->weights.len; i++) {
        json_array_append_new(weights, json_pack("{s:s, s:s}", "name", m->weights.data[i].name,
                                                 "key", m->weights.data[i].key));
    }
    put_text(object, "name", m->decl->name);
    put_integer(object, "parameters", m->parameters);
    put(object, "weights", weights);
    put(object, "input", shape_json(m->input));
    put(object, "output", shape_json(m->output));
    put_text(object, "head", head_name(m->head));
    if (number < compiled->predict_units.len)
        put_text(object, "unit", compiled->predict_units.data[number]->spec.name);
    return object;
}

/* A variable of a fn has its shape here: it may be no weight of the program. */
static json_t *tensor_json(const Tensor *t, bool of_model)
{
    static const char *const roles[] = {
        [TENSOR_WEIGHT] = "weight", [TENSOR_STATE] = "state", [TENSOR_RESULT] = "result"
    };
    json_t *object = json_object();
    put_text(object, "role", roles[t->role]);
    put_text(object, t->role == TENSOR_WEIGHT ? "key" : "name", t->name);
    if (t->role == TENSOR_WEIGHT && of_model)
        return object;
    put(object, "shape", shape_json(t->shape));
    put_integer(object, "feature_axis", t->feature_axis);
    if (t->role == TENSOR_STATE)
        put(object, "initial", real_json(t->initial));
    return object;
}

/* What shared code reads of this unit's own, behind the plan's scalars. */
static void put_numbers(json_t *object, const Unit *unit)
{
    json_t *list = json_array();
    const Graph *graph = unit->plan->graph;
    for (size_t i = 0; i < graph->nodes.len; i++)
        if (graph->nodes.data[i].op == IR_CONST)
            json_array_append_new(list, real_json(graph->nodes.data[i].as.value));
    put_text(object, "code", unit->code->name);
    put(object, "numbers", list);
}

static json_t *unit_json(Compiler *c, const Unit *unit)
{
    const Plan *plan = unit->plan;
    json_t *object = json_object(), *tensors = json_array();
    for (size_t i = 0; i < plan->graph->tensors.len; i++) {
        json_array_append_new(tensors,
                              tensor_json(&plan->graph->tensors.data[i], unit->spec.model != NULL));
    }
    put_text(object, "name", unit->spec.name);
    put_text(object, "symbol", arena_printf(c->arena, "nnc_%s", unit->spec.name));
    put_integer(object, "batch", unit->spec.batch);
    put_integer(object, "arena_bytes", plan->arena_bytes);
    put_integer(object, "scalars", plan->scalar_count);
    if (c->shares_code)
        put_numbers(object, unit);
    put_integer(object, "out_size",
                unit->spec.model ? shape_elements(unit->spec.model->output) : 0);
    put(object, "serial", json_boolean(plan->serial));
    put(object, "tensors", tensors);
    return object;
}

/* ---- what to do: pieces ---- */

static const Value *argument(const Call *call, const char *name)
{
    for (size_t i = 0; i < call->form->arg_count; i++)
        if (strcmp(call->form->args[i].name, name) == 0)
            return &call->args[i];
    return NULL;
}

static void put_argument(Writer *w, json_t *object, const char *key, const Call *call)
{
    const Value *value = argument(call, key);
    put(object, key, value ? value_json(w->c->arena, value) : json_null());
}

static const Call *call_of(const Checked *settings, const char *key)
{
    const Value *value = setting(settings, key);
    return value->kind == VALUE_CALL ? value->call : NULL;
}

static json_t *seed_json(const Writer *w, const Checked *settings)
{
    const Value *seed = settings ? setting(settings, "seed") : NULL;
    if (seed && seed->kind == VALUE_NUMBER && setting_given(settings, "seed"))
        return json_integer((json_int_t)seed->number);
    return w->bake_seed ? json_integer((json_int_t)w->c->options->seed) : json_null();
}

static json_t *task_metric_json(const DataInfo *data)
{
    return data->classify ? json_pack("{s:s}", "name", "accuracy") : json_null();
}

/* The metrics asked for, else the task's. */
static json_t *metrics_json(Writer *w, const Checked *settings, const DataInfo *data)
{
    json_t *list = json_array();
    const Value *asked = setting(settings, "metrics");
    if (setting_given(settings, "metrics") && asked->kind == VALUE_LIST) {
        for (size_t i = 0; i < asked->count; i++)
            json_array_append_new(list, metric_json(w->c->arena, &asked->items[i]));
        return list;
    }
    static const char *const regression[] = { "mae", "rmse", "r2" };
    if (data->classify)
        json_array_append_new(list, task_metric_json(data));
    for (int i = 0; i < 3 && !data->classify; i++)
        json_array_append_new(list, json_pack("{s:s}", "name", regression[i]));
    return list;
}

static json_t *stop_json(Writer *w, const Checked *recipe)
{
    static const char *const keys[] = { "patience", "monitor", "min_delta", "restore" };
    const Call *early = call_of(recipe, "stop");
    if (!early || !early->form->arg_count)
        return json_null();
    json_t *object = json_object();
    for (int i = 0; i < 4; i++)
        put_argument(w, object, keys[i], early);
    return object;
}

/* `plateau` alone looks at what training does, so the runtime carries it out; all other schedules
 * are in the unit. */
static json_t *plateau_json(Writer *w, const Checked *recipe)
{
    static const char *const keys[] = { "factor", "patience", "threshold", "min_lr", "monitor" };
    const Call *schedule = call_of(recipe, "schedule");
    if (!schedule || schedule->form->decl || strcmp(schedule->form->name, "plateau") != 0)
        return json_null();
    json_t *object = json_object();
    for (int i = 0; i < 5; i++)
        put_argument(w, object, keys[i], schedule);
    return object;
}

/* `start` is an epoch from 1, or a fraction of the epochs after which averaging begins. */
static json_t *average_json(Writer *w, const CompiledAction *a)
{
    const Call *average = call_of(a->recipe, "average");
    if (!average || !average->form->arg_count)
        return json_null();
    json_t *object = json_object();
    put_text(object, "kind", average->form->name);
    const Value *start = argument(average, "start");
    if (start) {
        put_integer(object, "start",
                    start->is_integer
                        ? (int64_t)start->number
                        : (int64_t)floor(start->number * (double)a->epochs + 1e-9) + 1);
    }
    const Value *decay = argument(average, "decay");
    if (decay)
        put(object, "decay", value_json(w->c->arena, decay));
    return object;
}

static json_t *checkpoint_json(Writer *w, const Checked *recipe)
{
    static const char *const keys[] = { "epochs", "to", "keep" };
    const Call *every = call_of(recipe, "checkpoint");
    if (!every || !every->form->arg_count)
        return json_null();
    json_t *object = json_object();
    for (int i = 0; i < 3; i++)
        put_argument(w, object, keys[i], every);
    return object;
}

/* What a checkpoint must agree with to be gone on from: the network, the data, and what the
 * optimizer keeps. */
static char *fingerprint(Writer *w, const CompiledAction *a)
{
    Arena *arena = w->c->arena;
    char *text =
        arena_printf(arena, "%s %s->%s:", a->model->decl->name, shape_text(arena, a->model->input),
                     shape_text(arena, a->model->output));
    for (size_t i = 0; i < a->model->weights.len; i++) {
        const WeightSpec *weight = &a->model->weights.data[i];
        text = arena_printf(arena, "%s %s%s", text, weight->name, shape_text(arena, weight->shape));
    }
    const DataInfo *d = &a->data->info;
    return arena_printf(arena, "%s; %s %s %lld; %s; batch %lld", text, d->name,
                        shape_text(arena, d->sample), (long long)d->count[0],
                        value_signature(arena, setting(a->recipe, "optimizer"), true),
                        (long long)a->batch);
}

static json_t *variables_json(const CheckedAction *action)
{
    json_t *list = json_array();
    for (size_t i = 0; i < action->variable_count; i++) {
        json_array_append_new(list, json_pack("{s:s, s:o}", "name", action->variables[i].name,
                                              "start", real_json(action->variables[i].value)));
    }
    return list;
}

/* The arguments of a fn whose derivative is checked: the unit's weights. */
static json_t *arguments_json(const Graph *graph)
{
    json_t *list = json_array();
    for (size_t i = 0; i < graph->tensors.len; i++)
        if (graph->tensors.data[i].role == TENSOR_WEIGHT)
            json_array_append_new(list, json_string(graph->tensors.data[i].name));
    return list;
}

static void put_units(json_t *object, const CompiledAction *a)
{
    if (a->unit)
        put_text(object, "unit", a->unit->spec.name);
    if (a->predict_unit)
        put_text(object, "predict_unit", a->predict_unit->spec.name);
    if (a->loss_unit)
        put_text(object, "loss_unit", a->loss_unit->spec.name);
    if (a->eval_unit)
        put_text(object, "eval_unit", a->eval_unit->spec.name);
    if (a->diagnose_unit)
        put_text(object, "diagnose_unit", a->diagnose_unit->spec.name);
}

/* ---- one function a verb ---- */

/* What batches of a training are made of beside the data. */
static void write_mixing(Writer *w, const Checked *recipe, json_t *object)
{
    put(object, "mixup", value_json(w->c->arena, setting(recipe, "mixup")));
    put(object, "cutmix", value_json(w->c->arena, setting(recipe, "cutmix")));
    const ModelDecl *teacher = distill_teacher(w->c->lower, recipe);
    if (teacher)
        put_text(object, "teacher", teacher->name);
}

static void write_train(Writer *w, const CompiledAction *a, json_t *object)
{
    const Checked *recipe = a->recipe;
    put_units(object, a);
    put_integer(object, a->by_steps ? "steps" : "epochs", a->by_steps ? a->steps : a->epochs);
    put_integer(object, "batch", a->batch);
    put(object, "lr", real_json(lower_optimizer_lr(w->c->lower, recipe)));
    put(object, "seed", seed_json(w, recipe));
    put(object, "metrics", metrics_json(w, recipe, &a->data->info));
    put(object, "task_metrics", task_metric_json(&a->data->info));
    put(object, "plateau", plateau_json(w, recipe));
    put(object, "stop", stop_json(w, recipe));
    put(object, "average", average_json(w, a));
    put(object, "checkpoint", checkpoint_json(w, recipe));
    write_mixing(w, recipe, object);
    put_text(object, "fingerprint", fingerprint(w, a));
    put_text(object, "optimizer", value_spelling(w->c->arena, setting(recipe, "optimizer")));
    put_text(object, "loss", lower_loss_name(w->c->lower, recipe, &a->data->info, a->model));
}

static void write_evaluate(Writer *w, const CompiledAction *a, json_t *object)
{
    put_units(object, a);
    put(object, "metrics", metrics_json(w, &a->action->settings, &a->data->info));
    put(object, "loss", json_true());
    if (a->passes_unit)
        put_text(object, "passes_unit", a->passes_unit->spec.name);
    put(object, "pictured", json_boolean(a->pictured));
}

static void write_predict(Writer *w, const CompiledAction *a, json_t *object)
{
    (void)w;
    const Value *passes = setting(&a->action->settings, "passes");
    put_units(object, a);
    put_text(object, "to", a->action->path);
    put_integer(object, "passes", passes->kind == VALUE_NUMBER ? (int64_t)passes->number : 0);
}

static void write_save(Writer *w, const CompiledAction *a, json_t *object)
{
    (void)w;
    put_text(object, "to", a->action->path);
}

static void write_load(Writer *w, const CompiledAction *a, json_t *object)
{
    put_text(object, "from", a->action->path);
    if (fit_made_above(w->compiled, a))
        put(object, "made", json_true());
}

static void write_prune(Writer *w, const CompiledAction *a, json_t *object)
{
    put(object, "sparsity", value_json(w->c->arena, setting(&a->action->settings, "sparsity")));
    put(object, "per", value_json(w->c->arena, setting(&a->action->settings, "per")));
    put(object, "seed", seed_json(w, NULL));
}

static void write_print(Writer *w, const CompiledAction *a, json_t *object)
{
    json_t *values = json_array();
    for (size_t i = 0; i < a->action->value_count; i++)
        json_array_append_new(values, later_json(w->c->arena, a->action->values[i]));
    put(object, "values", values);
}

static void write_assert(Writer *w, const CompiledAction *a, json_t *object)
{
    const CheckedAction *action = a->action;
    put(object, "condition", later_json(w->c->arena, action->values[0]));
    put(object, "message",
        action->value_count > 1 ? later_json(w->c->arena, action->values[1]) : json_null());
    put_text(object, "text", span_text(w->c->arena, action->values[0]->span));
}

static void write_export(Writer *w, const CompiledAction *a, json_t *object)
{
    const char *lacking;
    (void)w;
    put(object, "graph", onnx_json(a->graph, a->model, &lacking));
    put_text(object, "to", a->action->path);
}

/* What is drawn, one after the other; see program.h. */
static json_t *picture_json(Writer *w, const CompiledAction *a, size_t number)
{
    const Picture *p = &a->action->pictures[number];
    const Unit *unit = a->picture_units[number], *slope = a->slope_units[number];
    json_t *object = json_object();
    put_text(object, "name", p->name);
    switch (p->kind) {
    case PICTURE_RESULT: put(object, "value", later_json(w->c->arena, p->later)); break;
    case PICTURE_DATA:
        put_text(object, "data", p->name);
        if (p->part != PART_ANY)
            put_text(object, "part", nnrt_part_name((int)p->part - (int)PART_TRAIN));
        break;
    case PICTURE_FUNCTION:
        put_text(object, "function", unit->spec.name);
        if (slope)
            put_text(object, "slope", slope->spec.name);
        put(object, "variables", variables_json(p->drawn));
        break;
    case PICTURE_SCHEDULE:
        put_text(object, "schedule", unit->spec.name);
        put(object, "lr",
            real_json(p->of_recipe ? lower_optimizer_lr(w->c->lower, &p->drawn->recipe) : 1));
        put_integer(object, "steps", unit->spec.steps);
        put_integer(object, "epochs", unit->spec.epochs);
        put_integer(object, "per_epoch", unit->spec.per_epoch);
        break;
    }
    return object;
}

static void write_plot(Writer *w, const CompiledAction *a, json_t *object)
{
    json_t *pictures = json_array();
    for (size_t i = 0; i < a->action->picture_count; i++)
        json_array_append_new(pictures, picture_json(w, a, i));
    put(object, "pictures", pictures);
    if (a->path_of && a->path_of->eval_unit) {
        put_text(object, "surface", a->path_of->eval_unit->spec.name);
        put(object, "variables", variables_json(a->path_of->action));
    }
    put_text(object, "to", a->action->path);
    put_text(object, "text", span_text(w->c->arena, a->action->operand_span));
}

static void write_minimize(Writer *w, const CompiledAction *a, json_t *object)
{
    put_units(object, a);
    put_integer(object, "steps", a->steps);
    put(object, "lr", real_json(lower_optimizer_lr(w->c->lower, a->recipe)));
    put(object, "seed", seed_json(w, a->recipe));
    put(object, "variables", variables_json(a->action));
    put_text(object, "function", a->action->function->name.text);
}

static void write_check_gradients(Writer *w, const CompiledAction *a, json_t *object)
{
    put_units(object, a);
    put(object, "seed", seed_json(w, NULL));
    if (a->action->function) {
        put(object, "variables", arguments_json(a->unit->plan->graph));
        put_text(object, "function", a->action->function->name.text);
    }
}

static void write_crossvalidate(Writer *w, const CompiledAction *a, json_t *object)
{
    write_train(w, a, object);
    put_integer(object, "folds", (int64_t)setting(&a->action->settings, "folds")->number);
}

static void write_compare(Writer *w, const CompiledAction *a, json_t *object)
{
    json_t *recipes = json_array();
    for (size_t i = 0; i < a->recipe_count; i++) {
        json_t *one = json_object();
        put_text(one, "name", a->recipes[i]->action->recipe_name);
        put_text(one, "model", a->model->decl->name);
        put_text(one, "data", a->data->info.name);
        write_train(w, a->recipes[i], one);
        json_array_append_new(recipes, one);
    }
    put(object, "seed", a->recipe_count ? seed_json(w, a->recipes[0]->recipe) : json_null());
    put(object, "recipes", recipes);
}

static void write_find_lr(Writer *w, const CompiledAction *a, json_t *object)
{
    put_units(object, a);
    write_mixing(w, a->recipe, object);
    put(object, "seed", seed_json(w, a->recipe));
}

static void write_bag(Writer *w, const CompiledAction *a, json_t *object)
{
    const Checked *settings = &a->action->settings;
    write_train(w, a, object);
    put_integer(object, "members", (int64_t)setting(settings, "members")->number);
    put_text(object, "combine", setting(settings, "combine")->text);
}

static void write_boost(Writer *w, const CompiledAction *a, json_t *object)
{
    const Checked *settings = &a->action->settings;
    write_train(w, a, object);
    put_integer(object, "rounds", (int64_t)setting(settings, "rounds")->number);
    put_text(object, "method", setting(settings, "method")->text);
    put(object, "rate", real_json(setting(settings, "rate")->number));
    if (strcmp(setting(settings, "method")->text, "gradient") != 0)
        return;
    /* its networks fit what is left, not the targets */
    put(object, "metrics", json_array());
    put(object, "task_metrics", json_null());
}

/* What the unit's rows hold, layer by layer. The units of an image, and of what a convolution makes
 * of a signal, are its channels. */
static void write_inspect(Writer *w, const CompiledAction *a, json_t *object)
{
    json_t *layers = json_array();
    bool image = false;
    for (size_t i = 0; i < a->model->layers.len; i++) {
        const LayerSummary *l = &a->model->layers.data[i];
        if (strncmp(l->kind, "conv", 4) == 0)
            image = true;
        if (l->output.rank < 2)
            image = false;
        bool channels_first = l->output.rank > 2 || (l->output.rank == 2 && image);
        json_t *one = json_object();
        put_text(one, "name", l->name);
        put_text(one, "kind", l->kind);
        put_integer(one, "size", shape_elements(l->output));
        put_integer(one, "units",
                    l->output.rank ? l->output.dim[channels_first ? 0 : l->output.rank - 1] : 1);
        put(one, "channels_first", json_boolean(channels_first));
        put(one, "activation", json_boolean(l->activation));
        json_array_append_new(layers, one);
    }
    put_units(object, a);
    put(object, "layers", layers);
    put(object, "seed", seed_json(w, NULL));
}

static json_t *domain_json(Writer *w, const char *name, const Call *domain)
{
    json_t *object = json_object();
    put_text(object, "name", name);
    put_text(object, "domain", domain->form->name);
    for (size_t i = 0; i < domain->form->arg_count; i++)
        put_argument(w, object, domain->form->args[i].name, domain);
    return object;
}

/* Unless said: what is right more often, or errs less, on the validation part. */
static void write_tune(Writer *w, const CompiledAction *a, json_t *object)
{
    const Checked *settings = &a->action->settings;
    const Call *objective = call_of(settings, "objective");
    json_t *params = json_array();
    write_train(w, a, object);
    for (size_t i = 0; i < a->action->param_count; i++) {
        json_array_append_new(
            params, domain_json(w, a->action->params[i].name, a->action->params[i].domain));
    }
    put(object, "params", params);
    put_integer(object, "trials", (int64_t)setting(settings, "trials")->number);
    put(object, "trials_given", json_boolean(setting_given(settings, "trials")));
    put_text(object, "method", setting(settings, "method")->text);
    bool classify = a->data->info.classify;
    put(object, "maximize",
        json_boolean(objective ? strcmp(objective->form->name, "maximize") == 0 : classify));
    put_text(object, "watch",
             objective  ? argument(objective, "what")->text
             : classify ? "validation.accuracy"
                        : "validation.loss");
}

static void write_nothing(Writer *w, const CompiledAction *a, json_t *object)
{
    (void)w, (void)a, (void)object;
}

static void (*const writers[VERB_COUNT])(Writer *, const CompiledAction *, json_t *) = {
    [VERB_TRAIN] = write_train,
    [VERB_EVALUATE] = write_evaluate,
    [VERB_PREDICT] = write_predict,
    [VERB_SAVE] = write_save,
    [VERB_LOAD] = write_load,
    [VERB_PRINT] = write_print,
    [VERB_ASSERT] = write_assert,
    [VERB_MINIMIZE] = write_minimize,
    [VERB_CHECK_GRADIENTS] = write_check_gradients,
    [VERB_PLOT] = write_plot,
    [VERB_EXPORT] = write_export,
    [VERB_PRUNE] = write_prune,
    [VERB_FREEZE] = write_nothing,
    [VERB_UNFREEZE] = write_nothing,
    [VERB_TUNE] = write_tune,
    [VERB_INSPECT] = write_inspect,
    [VERB_CROSSVALIDATE] = write_crossvalidate,
    [VERB_COMPARE] = write_compare,
    [VERB_FIND_LR] = write_find_lr,
    [VERB_BAG] = write_bag,
    [VERB_BOOST] = write_boost,
};

/* Where the action stands and its first line, for messages at run time. */
static void put_place(json_t *object, Span span)
{
    enum { LONGEST = 400 }; /* beyond it the line is not shown */

    uint32_t line, column, end_line, end_column;
    if (!span.file)
        return;
    source_position(span.file, span.begin, &line, &column);
    source_position(span.file, span.end, &end_line, &end_column);
    put_integer(object, "line", line);
    put_integer(object, "column", column);
    uint32_t begin = span.file->line_start[line - 1 - span.file->first_line];
    size_t length = strcspn(span.file->text + begin, "\r\n");
    if (length > LONGEST)
        return;
    if (end_line == line)
        put_integer(object, "end_column", end_column);
    put(object, "source", json_stringn(span.file->text + begin, length));
}

static json_t *action_json(Writer *w, const CompiledAction *a)
{
    json_t *object = json_object();
    put_text(object, "verb", verb_name(a->action->verb));
    if (a->skipped)
        return object;
    put_place(object, a->action->span);
    put_text(object, "model", a->model ? a->model->decl->name : NULL);
    put_text(object, "data", a->data ? a->data->info.name : NULL);
    if (a->part != PART_ANY)
        put_text(object, "part", nnrt_part_name((int)a->part - (int)PART_TRAIN));
    put_text(object, "as", a->action->as);
    if (a->action->ensemble)
        put_text(object, "ensemble", a->action->ensemble);
    writers[a->action->verb](w, a, object);
    return object;
}

json_t *program_json(Compiler *c, const Compiled *compiled, bool with_folder)
{
    Writer w = { c, compiled, c->options->command->bit == FOR_BUILD && c->options->seed_given };
    json_t *program = json_object(), *data = json_array(), *expect = json_array(),
           *models = json_array(), *units = json_array(), *actions = json_array();
    for (size_t i = 0; i < compiled->data.len; i++) {
        json_array_append(data, compiled->data.data[i]->json);
        json_array_append_new(expect, expect_json(compiled->data.data[i]));
    }
    for (size_t i = 0; i < compiled->models.len; i++)
        json_array_append_new(models, model_json(compiled, i));
    for (size_t i = 0; i < compiled->units.len; i++)
        json_array_append_new(units, unit_json(c, compiled->units.data[i]));
    for (size_t i = 0; i < compiled->actions.len; i++)
        json_array_append_new(actions, action_json(&w, compiled->actions.data[i]));
    put_text(program, "script", compiled->file->path);
    if (with_folder && c->folder)
        put_text(program, "folder", c->folder);
    put(program, "data", data);
    put(program, "expect", expect);
    put(program, "weights", weights_json(c, compiled));
    put(program, "models", models);
    put(program, "units", units);
    put(program, "actions", actions);
    return program;
}
