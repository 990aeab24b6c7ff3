/* program_training.c: what a program says of a training: its recipe. */
#include "driver/json_values.h"
#include "driver/program_writer.h"
#include "driver/signatures.h"
#include <math.h>
#include <string.h>

const Call *setting_call(const Checked *settings, const char *key)
{
    const Value *value = setting(settings, key);
    return value->kind == VALUE_CALL ? value->call : NULL;
}

json_t *seed_json(const ProgramWriter *w, const Checked *settings)
{
    const Value *seed = settings ? setting(settings, "seed") : NULL;
    if (seed && seed->kind == VALUE_NUMBER && setting_given(settings, "seed"))
        return json_integer((json_int_t)seed->number);
    return w->bake_seed ? json_integer((json_int_t)w->c->options->seed) : json_null();
}

/* ---- metrics ---- */

static json_t *metric_named(const char *name)
{
    json_t *object = json_object();
    put_text(object, FIELD_metric_name, name);
    return object;
}

static json_t *task_metric_json(const DataInfo *data)
{
    return has_accuracy(data) ? metric_named("accuracy") : NULL;
}

json_t *metrics_json(ProgramWriter *w, const Checked *settings, const DataInfo *data)
{
    static const char *const of_classes[] = { "accuracy" };
    static const char *const of_numbers[] = { "mae", "rmse", "r2" };
    const Value *asked = setting(settings, "metrics");
    json_t *list = json_array();
    if (setting_given(settings, "metrics") && asked->kind == VALUE_LIST) {
        for (size_t i = 0; i < asked->count; i++)
            json_array_append_new(list, metric_json(w->c->arena, &asked->items[i]));
        return list;
    }

    size_t count = has_accuracy(data) ? 1 : 3;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              metric_named(has_accuracy(data) ? of_classes[i] : of_numbers[i]));
    return list;
}

/* ---- rules ---- */

/* A rule's arguments; null where there is no rule, or it is the word `none`. */
static json_t *rule_json(ProgramWriter *w, ProgramType type, const Call *rule)
{
    if (!rule || !rule->form->arg_count)
        return NULL;
    json_t *object = json_object();
    put_arguments(w->c->arena, object, type, rule);
    return object;
}

/* `plateau` alone looks at what training does, so the runtime carries it out; all other schedules
 * are in the unit. */
static json_t *plateau_json(ProgramWriter *w, const Checked *recipe)
{
    const Call *schedule = setting_call(recipe, "schedule");
    if (!schedule || schedule->form->decl || strcmp(schedule->form->name, "plateau") != 0)
        return NULL;
    return rule_json(w, TYPE_plateau, schedule);
}

/* `start` is an epoch from 1, or a fraction of the epochs after which averaging begins. */
static int64_t averaging_start(const Value *start, int64_t epochs)
{
    if (start->is_integer)
        return (int64_t)start->number;
    return (int64_t)floor(start->number * (double)epochs + 1e-9) + 1;
}

/* NULL: the form has no such argument */
static const Value *form_argument(const Call *call, const char *name)
{
    for (size_t i = 0; i < call->form->arg_count; i++)
        if (strcmp(call->form->args[i].name, name) == 0)
            return &call->args[i];
    return NULL;
}

static json_t *average_json(ProgramWriter *w, const CompiledAction *a)
{
    const Call *average = setting_call(a->recipe, "average");
    if (!average || !average->form->arg_count)
        return NULL;
    json_t *object = json_object();
    put_text(object, FIELD_averaging_kind, average->form->name);
    const Value *start = form_argument(average, "start");
    if (start)
        put_integer(object, FIELD_averaging_start, averaging_start(start, a->epochs));
    const Value *decay = form_argument(average, "decay");
    if (decay)
        put(object, FIELD_averaging_decay, value_json(w->c->arena, decay));
    return object;
}

/* What is not watched by name goes by what there is. */
static json_t *checkpointing_json(ProgramWriter *w, const Checked *recipe)
{
    const Call *every = setting_call(recipe, "checkpoint");
    json_t *object = rule_json(w, TYPE_checkpointing, every);
    if (object && !call_given(every, "monitor"))
        json_object_del(object, program_field_key(FIELD_checkpointing_monitor));
    return object;
}

/* ---- the training ---- */

/* What a checkpoint must agree with for a run to resume from it: the network, the data, and what
 * the optimizer keeps. */
static char *fingerprint(ProgramWriter *w, const CompiledAction *a)
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

void write_mixing(ProgramWriter *w, const Checked *recipe, json_t *object)
{
    put(object, FIELD_mixing_mixup, value_json(w->c->arena, setting(recipe, "mixup")));
    put(object, FIELD_mixing_cutmix, value_json(w->c->arena, setting(recipe, "cutmix")));
    const ModelDecl *teacher = distill_teacher(w->c->lower, recipe);
    if (teacher)
        put_text(object, FIELD_mixing_teacher, teacher->name);
}

void write_training(ProgramWriter *w, const CompiledAction *a, json_t *object)
{
    const Checked *recipe = a->recipe;
    const DataInfo *data = &a->data->info;

    write_unit_names(a, object);
    if (a->by_steps)
        put_integer(object, FIELD_training_steps, a->steps);
    else
        put_integer(object, FIELD_training_epochs, a->epochs);
    put_integer(object, FIELD_training_batch, a->batch);
    put_number(object, FIELD_training_lr, lower_optimizer_lr(w->c->lower, recipe));
    put(object, FIELD_training_seed, seed_json(w, recipe));

    put(object, FIELD_training_metrics, metrics_json(w, recipe, data));
    put(object, FIELD_training_task_metrics, task_metric_json(data));

    put(object, FIELD_training_plateau, plateau_json(w, recipe));
    put(object, FIELD_training_stop, rule_json(w, TYPE_early_stop, setting_call(recipe, "stop")));
    put(object, FIELD_training_average, average_json(w, a));
    put(object, FIELD_training_checkpoint, checkpointing_json(w, recipe));
    write_mixing(w, recipe, object);

    put_text(object, FIELD_training_fingerprint, fingerprint(w, a));
    put_text(object, FIELD_training_optimizer,
             value_spelling(w->c->arena, setting(recipe, "optimizer")));
    put_text(object, FIELD_training_loss, lower_loss_name(w->c->lower, recipe, data, a->model));
}
