/* compile_shapes.c: models at the shape of their data, and what must fit that data. */
#include "driver/broken_statements.h"
#include "driver/compile_phases.h"
#include "driver/data_checks.h"
#include "data/data.h"
#include <string.h>

static const ModelDecl *teacher_of(const Compiler *c, const CompiledAction *a)
{
    return distill_teacher(c->lower, &a->action->recipe);
}

static ModelUse *find_model_use(const Compiler *c, const ModelDecl *decl)
{
    for (size_t i = 0; i < c->models.len; i++)
        if (c->models.data[i].decl == decl)
            return &c->models.data[i];
    return NULL;
}

/* The data that an action's model takes its shapes from: the action's own, or that which the model
 * has met, or will meet first. */
static DataUse *shaping_data(const Compiler *c, const Compiled *out, size_t at)
{
    const CompiledAction *a = out->actions.data[at];
    if (a->data)
        return a->data;
    const ModelUse *known = find_model_use(c, a->action->model);
    if (known)
        return known->data;
    for (size_t i = at + 1; i < out->actions.len; i++) {
        if (out->actions.data[i]->data &&
            (out->actions.data[i]->action->model == a->action->model ||
             teacher_of(c, out->actions.data[i]) == a->action->model)) {
            return out->actions.data[i]->data;
        }
    }
    return NULL;
}

/* What was decided for the user, as one note at the model. */
static void note_remarks(Compiler *c, const ModelInstance *instance)
{
    const char *text = NULL;
    for (size_t i = 0; i < instance->remarks.len; i++) {
        text = text ? arena_printf(c->arena, "%s; %s", text, instance->remarks.data[i])
                    : instance->remarks.data[i];
    }
    if (text) {
        diag_warning(c->diags, DIAG_DROPPED_BIAS, instance->decl->name_span, "%s", text)->severity =
            SEVERITY_NOTE;
    }
}

/* NULL: reported. */
static ModelInstance *shape_model(Compiler *c, const ModelDecl *decl, DataUse *data, Span use)
{
    ModelUse *known = find_model_use(c, decl);
    if (!data && !decl->states_input && !known) {
        diag_error(c->diags, DIAG_NO_INPUT, use,
                   "model '%s' has no data to take its shape from, and does not state its input",
                   decl->name);
        return NULL;
    }
    ModelInstance *instance = lower_model(c->lower, decl, data ? &data->info : NULL, use);
    if (!instance)
        return NULL;
    if (known) {
        *known = (ModelUse){ decl, instance, data ? data : known->data };
    } else {
        vec_push(c->arena, &c->models, ((ModelUse){ decl, instance, data }));
        note_remarks(c, instance);
    }
    return instance;
}

static void list_model(Compiler *c, Compiled *out, ModelInstance *instance)
{
    for (size_t i = 0; i < out->models.len; i++)
        if (out->models.data[i] == instance)
            return;
    vec_push(c->arena, &out->models, instance);
}

static bool takes_no_arguments(const Stmt *stmt)
{
    for (size_t i = 0; i < stmt->params.len; i++)
        if (!stmt->params.data[i].fallback)
            return false;
    return true;
}

static bool is_used(const Compiled *out, const ModelDecl *decl)
{
    for (size_t i = 0; i < out->actions.len; i++)
        if (out->actions.data[i]->action->model == decl)
            return true;
    return false;
}

/* An error that says that the model needs data is taken back: it may meet some elsewhere. */
static void check_unused_model(Compiler *c, Compiled *out, const ModelDecl *decl)
{
    size_t before = c->diags->list.len, errors = c->diags->errors;
    ModelInstance *instance = shape_model(c, decl, NULL, decl->name_span);
    if (instance && c->lists_all)
        list_model(c, out, instance);
    if (!instance && c->diags->list.len > before &&
        c->diags->list.data[before]->id == DIAG_NEEDS_DATA) {
        c->diags->list.len = before;
        c->diags->errors = errors;
    }
}

/* Models that no action uses can be checked where they state their input and need no arguments. */
static void check_unused_models(Compiler *c, Compiled *out)
{
    for (size_t i = 0; i < out->script->len; i++) {
        const Stmt *stmt = out->script->data[i];
        if (stmt->kind != STMT_MODEL || is_broken(out, stmt) || !takes_no_arguments(stmt))
            continue;
        const ModelDecl *decl = sema_find_model(c->sema, stmt->name.text);
        if (decl && decl->states_input && !is_used(out, decl))
            check_unused_model(c, out, decl);
    }
}

/* An embedding takes only numbers that it has vectors for. `told`: the data last found wrong. */
static void check_numbers(Compiler *c, const CompiledAction *a, const DataUse **told)
{
    int64_t below = a->model->numbers_below;
    nnrt_error e = { 0 };
    if (below == 0 || *told == a->data ||
        (a->data->numbers_below > 0 && a->data->numbers_below <= below)) {
        return;
    }
    if (nnrt_data_numbers_below(a->data->opened, below, &e)) {
        a->data->numbers_below = below;
    } else {
        compiler_report_runtime(c, a->action->model_span, &e);
        *told = a->data;
    }
}

/* binary_cross_entropy of real targets takes only shares. */
static void check_shares(Compiler *c, const CompiledAction *a, const DataUse **told)
{
    bool trains = a->action->recipe.count > 0;
    nnrt_error e = { 0 };
    if (!trains || a->data->info.classify || *told == a->data || a->data->targets_are_shares ||
        !lower_takes_shares(c->lower, &a->action->recipe, &a->data->info, a->model)) {
        return;
    }
    a->data->targets_are_shares = nnrt_data_targets_are_shares(a->data->opened, &e);
    if (!a->data->targets_are_shares) {
        Span span = setting_given(&a->action->recipe, "loss")
                        ? setting_span(&a->action->recipe, "loss")
                        : a->action->data_span;
        compiler_report_runtime(c, span, &e);
        *told = a->data;
    }
}

/* Where other statements are broken, a model may have met its data there: of the errors after the
 * first `before`, those that say it has met none are taken back. */
static void forget_unmet(Compiler *c, size_t before)
{
    size_t kept = before;
    for (size_t i = before; i < c->diags->list.len; i++) {
        Diagnostic *d = c->diags->list.data[i];
        if (d->id == DIAG_NO_INPUT || d->id == DIAG_NEEDS_DATA)
            c->diags->errors--;
        else
            c->diags->list.data[kept++] = d;
    }
    c->diags->list.len = kept;
}

/* An embedding has no vectors for the numbers that blending makes in training. */
static void check_augmented_numbers(Compiler *c, const CompiledAction *a)
{
    const Value *list = setting(&a->data->decl->settings, "augment");
    bool trains = a->action->recipe.count > 0 || a->action->recipe_count > 0;
    if (!trains || a->model->numbers_below <= 0 || list->kind != VALUE_LIST)
        return;

    for (size_t i = 0; i < list->count; i++) {
        const Value *v = &list->items[i];
        if (v->kind != VALUE_CALL ||
            !nnrt_augment_blends(v->call->form->name, v->call->args[0].number)) {
            continue;
        }
        Diagnostic *d =
            diag_error(c->diags, DIAG_NO_SUCH_NUMBER, v->span,
                       "'%s' makes values between the whole numbers that the model '%s' takes",
                       v->call->form->name, a->action->model->name);
        diag_help(c->diags, d,
                  "`noise(std)` in the model, after embedding or one_hot, adds noise to what they "
                  "give");
        return;
    }
}

/* The action's model, and the one that teaches it, at the shapes of the data. */
static void shape_action(Compiler *c, Compiled *out, size_t at)
{
    CompiledAction *a = out->actions.data[at];
    if (a->action->model) {
        a->model =
            shape_model(c, a->action->model, shaping_data(c, out, at), a->action->model_span);
    }
    if (a->model)
        list_model(c, out, a->model);

    const ModelDecl *decl = a->data ? teacher_of(c, a) : NULL;
    ModelInstance *teacher = NULL;
    if (decl)
        teacher = shape_model(c, decl, a->data, setting_span(&a->action->recipe, "distill"));
    if (teacher)
        list_model(c, out, teacher);
}

bool phase_shapes(Compiler *c, Compiled *out)
{
    size_t before = c->diags->list.len;
    bool broken = c->diags->errors > 0;
    const DataUse *told = NULL;
    for (size_t i = 0; i < out->actions.len; i++) {
        CompiledAction *a = out->actions.data[i];
        shape_action(c, out, i);
        if (a->model && a->data && lower_check_fit(c->lower, a->model, &a->data->info, a->action)) {
            check_numbers(c, a, &told);
            check_shares(c, a, &told);
            check_augmented_numbers(c, a);
        }
        if (a->data)
            check_metrics(c, a);
    }

    check_result_fields(c, out);
    if (c->options->command->bit == FOR_CHECK ||
        (c->options->command->bit == FOR_RUN && !c->options->resume)) {
        check_loads(c, out);
    }
    if (broken)
        forget_unmet(c, before);
    check_unused_models(c, out);
    return c->diags->errors == 0;
}
