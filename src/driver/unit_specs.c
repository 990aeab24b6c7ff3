/* unit_specs.c: what an action's units are specified by: batch, length, part, recipe. */
#include "driver/compile_units.h"
#include <math.h>
#include <string.h>

int64_t divide_rounding_up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

int64_t evaluation_batch(const DataInfo *data)
{
    int64_t most = 1;
    for (int i = 0; i < 3; i++)
        if (data->count[i] > most)
            most = data->count[i];
    return most < EVALUATION_BATCH ? most : EVALUATION_BATCH;
}

UnitSpec spec_of(UnitKind kind, const CompiledAction *a, int64_t batch)
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
                       .per_epoch =
                           a->batch && data ? divide_rounding_up(data->count[0], a->batch) : 1 };
}

void set_length(CompiledAction *a, int64_t samples)
{
    const Value *batch = setting(a->recipe, "batch"), *steps = setting(a->recipe, "steps"),
                *epochs = setting(a->recipe, "epochs");
    double most = samples > 0 ? (double)samples : 1;
    double asked = batch->kind == VALUE_NUMBER ? batch->number : most; /* else: `full` */
    a->batch = (int64_t)fmin(fmax(asked, 1), most);
    int64_t per_epoch = divide_rounding_up((int64_t)most, a->batch);
    a->by_steps = steps->kind == VALUE_NUMBER;
    if (a->by_steps) {
        a->steps = (int64_t)steps->number;
        a->epochs = divide_rounding_up(a->steps, per_epoch);
        return;
    }
    a->epochs = epochs->kind == VALUE_NUMBER ? (int64_t)epochs->number : 10;
    a->steps = a->epochs > INT64_MAX / per_epoch ? INT64_MAX : a->epochs * per_epoch;
}

bool has_part(Compiler *c, const CompiledAction *a, int part)
{
    if (a->data->info.count[part] > 0)
        return true;
    diag_error(c->diags, DIAG_NO_PART, a->action->data_span,
               "data '%s' has no sample in its %s part", a->data->info.name, nnrt_part_name(part));
    return false;
}

bool set_part(Compiler *c, CompiledAction *a)
{
    const int64_t *count = a->data->info.count;
    a->part = a->action->part;
    if (a->part == PART_ANY && count[NNRT_TEST])
        a->part = PART_TEST;
    else if (a->part == PART_ANY)
        a->part = count[NNRT_VALIDATION] ? PART_VALIDATION : PART_TRAIN;
    return has_part(c, a, (int)a->part - (int)PART_TRAIN);
}

void remember_training(Compiler *c, const CompiledAction *a)
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

const Checked *recipe_of(const Compiler *c, const CompiledAction *a)
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

bool is_plotted(const Compiler *c, const Compiled *out, const CompiledAction *a)
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
