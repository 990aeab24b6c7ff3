/* compile.c: the phases from a source file to planned units, and what they share across the inputs
 * of a session.
 *
 * What is whole in a script with errors is still held against its data and shapes, so that all is
 * told at once; no unit is made then. */
#include "driver/compile.h"
#include "data/data.h"
#include "driver/driver.h"
#include "driver/data_checks.h"
#include "driver/broken_statements.h"
#include "driver/json_values.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

Compiler *compiler_new(const Options *options)
{
    Arena *arena = arena_new();
    Compiler *c = ARENA_NEW(arena, Compiler);
    c->options = options;
    c->arena = arena;
    c->backend = &cpu_backend;
    c->passes.machine = c->backend->machine();
    c->names = interner_new(arena);
    c->diags = diagnostics_new(arena);
    c->sema = sema_new(arena, c->names, c->diags);
    sema_load_prelude(c->sema);
    sema_set_params(c->sema, options->sets.data, options->sets.len);
    c->lower = lower_new(c->sema);
    c->codes = codes_new();
    return c;
}

void compiler_free(Compiler *c)
{
    for (size_t i = 0; i < c->data.len; i++)
        json_decref(c->data.data[i]->json);
    for (size_t i = 0; i < c->trials.len; i++)
        compiler_free(c->trials.data[i]);
    if (!c->parent) {
        nnrt_session_free(c->session);
        c->backend->jit_free(c->jit);
        c->backend->target_free(c->target);
        codes_free(c->codes);
    }
    Arena *arena = c->arena;
    if (c->older) { /* whose arena holds *c, as this one holds it */
        Compiler older = *c->older;
        compiler_free(&older);
    }
    arena_free(arena);
}

int compiler_report(Compiler *c)
{
    if (c->options->quiet) {
        size_t kept = 0;
        for (size_t i = 0; i < c->diags->list.len; i++)
            if (c->diags->list.data[i]->severity == SEVERITY_ERROR)
                c->diags->list.data[kept++] = c->diags->list.data[i];
        c->diags->list.len = kept;
    }
    if (c->diags->list.len)
        diagnostics_print(c->diags, stderr, options_format(c->options));
    int status = diagnostics_exit_status(c->diags);
    diagnostics_clear(c->diags);
    return status;
}

void compiler_report_runtime(Compiler *c, Span span, const nnrt_error *e)
{
    int id = diag_find(e->code);
    Diagnostic *d = diag_error(c->diags, id >= 0 ? (DiagId)id : DIAG_BAD_FILE, span, "%s", e->text);
    d->exit_status = e->status;
    if (e->help[0])
        diag_help(c->diags, d, "%s", e->help);
}

nnrt_session *compiler_session(Compiler *c)
{
    if (c->session)
        return c->session;
    const Options *o = c->options;
    nnrt_options options = {
        .threads = o->threads,
        .seed_given = o->seed_given,
        .seed = o->seed,
        .dry_run = o->dry_run,
        .quiet = o->quiet || !c->carries_out,
        .color = options_color(o),
        .log_path = c->carries_out ? o->log : NULL,
        .resume_path = c->carries_out ? o->resume : NULL,
        .cpu = o->cpu && strcmp(o->cpu, "native") != 0 ? o->cpu : c->backend->host_name(c->arena),
        .repl = o->command->bit == FOR_REPL,
        .diagnostics_json = o->json,
    };
    nnrt_error e = { 0 };
    c->session = nnrt_session_new(&options, &e);
    if (!c->session)
        compiler_report_runtime(c, (Span){ 0 }, &e);
    return c->session;
}

Target *compiler_target(Compiler *c, char **error)
{
    const char *cpu =
        c->options->cpu && strcmp(c->options->cpu, "native") == 0 ? NULL : c->options->cpu;
    if (!c->target)
        c->target = c->backend->target_new(c->arena, cpu, error);
    return c->target;
}

/* What it is waiting for, or NULL; the lock is held. */
static Code *code_to_compile(Codes *codes, const char *name)
{
    Code *code = codes_find(codes, name);
    while (code && code->under_way)
        pthread_cond_wait(&codes->compiled, &codes->lock);
    return code;
}

nnrt_unit compiler_resolve(void *context, const char *unit_name, double *compile_seconds)
{
    Compiler *c = context;
    struct timespec begin, end;
    char *error = NULL;
    pthread_mutex_lock(&c->codes->lock);
    Code *code = code_to_compile(c->codes, unit_name);
    if (code && !code->entry) {
        if (!c->jit && compiler_target(c, &error))
            c->jit = c->backend->jit_new(c->target, &error);
        code->under_way = true;
        pthread_mutex_unlock(&c->codes->lock);
        clock_gettime(CLOCK_MONOTONIC, &begin);
        nnrt_unit entry = NULL;
        if (c->jit)
            entry = c->backend->jit_compile(c->jit, code_final_plan(code), &error);
        clock_gettime(CLOCK_MONOTONIC, &end);
        if (compile_seconds) {
            *compile_seconds +=
                (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
        }
        if (!entry) {
            fprintf(stderr, "nnc: error: %s could not be compiled: %s\n", unit_name,
                    error ? error : "no reason is known");
        }
        pthread_mutex_lock(&c->codes->lock);
        code->entry = entry;
        code->under_way = false;
        pthread_cond_broadcast(&c->codes->compiled);
    }
    nnrt_unit entry = code ? code->entry : NULL;
    pthread_mutex_unlock(&c->codes->lock);
    return entry;
}

/* ---- phases ---- */

typedef bool PhaseFunction(Compiler *c, Compiled *out);

static bool phase_parse(Compiler *c, Compiled *out)
{
    out->script = parse_file(c->arena, c->names, c->diags, out->file);
    return true; /* what could be read is checked too */
}

int64_t compiler_generation(const Compiler *c, const char *model, size_t length)
{
    for (size_t i = 0; i < c->generations.len; i++) {
        if (strncmp(c->generations.data[i].name, model, length) == 0 &&
            !c->generations.data[i].name[length]) {
            return c->generations.data[i].number;
        }
    }
    return 0;
}

/* A model declared anew is another model: what was known of the old one goes. */
static void note_models(Compiler *c, const Script *script)
{
    for (size_t i = 0; i < script->len; i++) {
        const Stmt *stmt = script->data[i];
        if (stmt->kind != STMT_MODEL || !stmt->name.text)
            continue;
        Generation *known = NULL;
        for (size_t k = 0; k < c->generations.len && !known; k++)
            if (c->generations.data[k].name == stmt->name.text)
                known = &c->generations.data[k];
        if (!known) {
            vec_push(c->arena, &c->generations, ((Generation){ stmt->name.text, 0 }));
            continue;
        }
        known->number++;
        lower_forget_model(c->lower, known->name);
        for (size_t k = 0; k < c->models.len; k++)
            if (strcmp(c->models.data[k].decl->name, known->name) == 0)
                c->models.data[k] = c->models.data[--c->models.len];
    }
}

/* Values known at run time become JSON, whose readers limit its depth. */
static bool is_shallow(const Later *later, int levels)
{
    return !later || (levels > 0 && is_shallow(later->a, levels - 1) &&
                      is_shallow(later->b, levels - 1) && is_shallow(later->c, levels - 1));
}

static bool phase_check(Compiler *c, Compiled *out)
{
    enum { MOST_LEVELS = 1500 };

    out->checked = sema_check(c->sema, out->script);
    if (c->options->command->bit == FOR_REPL)
        note_models(c, out->script);
    if (c->options->command->bit != FOR_REPL)
        sema_finish_params(c->sema);
    for (size_t i = 0; i < out->checked->count; i++) {
        CompiledAction *a = ARENA_NEW(c->arena, CompiledAction);
        a->action = out->checked->actions[i];
        for (size_t k = 0; k < a->action->value_count; k++) {
            if (!is_shallow(a->action->values[k], MOST_LEVELS)) {
                diag_error(c->diags, DIAG_NESTING_TOO_DEEP, a->action->values[k]->span,
                           "this value is made of more than %d steps", MOST_LEVELS);
            }
        }
        vec_push(c->arena, &out->actions, a);
    }
    if (!c->diags->errors)
        return true;
    if (c->options->command->bit == FOR_REPL || !(out->broken = broken_statements(c, out->script)))
        return false;
    keep_sound_actions(out);
    return true;
}

static DataUse *find_data(const Compiler *c, const DataDecl *decl)
{
    for (size_t i = 0; i < c->data.len; i++)
        if (c->data.data[i]->decl == decl)
            return c->data.data[i];
    return NULL;
}

static void describe_data(DataUse *use)
{
    const nnrt_data *d = use->opened;
    use->info = (DataInfo){
        .name = use->decl->name,
        .span = use->decl->name_span,
        .classify = d->classify,
        .multilabel = d->multilabel,
        .weighted = d->weighted,
        .classes = d->classes,
        .sample = shape_of(d->rank, d->shape),
        .target = shape_of(d->target_rank, d->target_shape),
        .count = { d->part[NNRT_TRAIN].count, d->part[NNRT_VALIDATION].count,
                   d->part[NNRT_TEST].count },
    };
}

/* What moves cells about must know which of them are neighbours. */
static void check_augment(Compiler *c, const DataUse *use)
{
    const Value *list = setting(&use->decl->settings, "augment");
    for (size_t i = 0; list->kind == VALUE_LIST && use->info.sample.rank != 3 && i < list->count;
         i++) {
        const Value *v = &list->items[i];
        if (v->kind != VALUE_CALL || !nnrt_augment_needs_image(v->call->form->name))
            continue;
        Diagnostic *d = diag_error(
            c->diags, DIAG_WRONG_SHAPE, v->span,
            "'%s' changes images, channels x height x width, but the samples of data '%s' are %s",
            v->call->form->name, use->decl->name, shape_text(c->arena, use->info.sample));
        diag_help(c->diags, d, "`shape = 1x28x28` gives flat samples the shape of an image");
        return;
    }
}

static DataUse *open_data(Compiler *c, Compiled *out, const DataDecl *decl)
{
    DataUse *use = find_data(c, decl);
    if (!use) {
        nnrt_session *session = compiler_session(c);
        if (!session)
            return NULL;
        bool baked = c->options->command->bit == FOR_BUILD && c->options->seed_given;
        json_t *json = data_json(c->arena, decl, baked ? &c->options->seed : NULL);
        nnrt_error e = { 0 };
        const nnrt_data *opened = nnrt_session_data(session, json, c->folder, &e);
        if (!opened) {
            json_decref(json);
            const char *key = e.setting && setting_given(&decl->settings, e.setting) ? e.setting
                              : setting_given(&decl->settings, "source")             ? "source"
                                                                                     : "train";
            compiler_report_runtime(c, setting_span(&decl->settings, key), &e);
            return NULL;
        }
        use = ARENA_NEW(c->arena, DataUse);
        *use = (DataUse){ .decl = decl, .json = json, .opened = opened };
        describe_data(use);
        check_augment(c, use);
        vec_push(c->arena, &c->data, use);
    }
    for (size_t i = 0; i < out->data.len; i++)
        if (out->data.data[i] == use)
            return use;
    vec_push(c->arena, &out->data, use);
    return use;
}

static bool phase_data(Compiler *c, Compiled *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->actions.len; i++) {
        CompiledAction *a = out->actions.data[i];
        if (a->action->data)
            a->data = open_data(c, out, a->action->data);
        if (!a->action->data || a->data)
            out->actions.data[kept++] = a;
    }
    out->actions.len = kept;
    for (size_t i = 0; c->options->command->bit == FOR_CHECK && i < out->script->len; i++) {
        const Stmt *stmt = out->script->data[i];
        const DataDecl *decl = stmt->kind == STMT_DATA && !is_broken(out, stmt)
                                   ? sema_find_data(c->sema, stmt->name.text)
                                   : NULL;
        if (decl)
            open_data(c, out, decl);
    }
    return c->diags->errors == 0 || c->options->command->bit != FOR_REPL;
}

static const ModelDecl *teacher_of(const Compiler *c, const CompiledAction *a)
{
    return distill_teacher(c->lower, &a->action->recipe);
}

/* The data that tells an action's model its shapes: the action's own, or that which the model has
 * met, or will meet first. */
static DataUse *shaping_data(const Compiler *c, const Compiled *out, size_t at)
{
    const CompiledAction *a = out->actions.data[at];
    if (a->data)
        return a->data;
    for (size_t i = 0; i < c->models.len; i++)
        if (c->models.data[i].decl == a->action->model)
            return c->models.data[i].data;
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

static ModelInstance *shape_model(Compiler *c, const ModelDecl *decl, DataUse *data, Span use)
{
    ModelUse *known = NULL;
    for (size_t i = 0; i < c->models.len && !known; i++)
        if (c->models.data[i].decl == decl)
            known = &c->models.data[i];
    if (!data && !decl->states_input && !known) {
        diag_error(c->diags, DIAG_NO_INPUT, use,
                   "model '%s' has met no data, and does not say its input's shape", decl->name);
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

/* Models that no action uses are held to their word where they can be: they state their input, and
 * ask nothing of data. */
static void check_unused_models(Compiler *c, Compiled *out)
{
    for (size_t i = 0; i < out->script->len; i++) {
        const Stmt *stmt = out->script->data[i];
        const ModelDecl *decl =
            stmt->kind == STMT_MODEL ? sema_find_model(c->sema, stmt->name.text) : NULL;
        if (!decl || is_broken(out, stmt) || !decl->states_input || !takes_no_arguments(stmt))
            continue;
        bool used = false;
        for (size_t k = 0; k < out->actions.len && !used; k++)
            used = out->actions.data[k]->action->model == decl;
        if (used)
            continue;
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
}

/* What an embedding is given must be numbers that it has vectors for. `told`: the data last found
 * wrong. */
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

/* Where other statements are broken, a model may have met its data there: errors behind the first
 * `before` that say it has met none are taken back. */
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

/* An embedding has nothing to look up for what training would make of its numbers. */
static void check_augmented_numbers(Compiler *c, const CompiledAction *a)
{
    const Value *list = setting(&a->data->decl->settings, "augment");
    bool trains = a->action->recipe.count > 0 || a->action->recipe_count > 0;
    for (size_t i = 0;
         trains && a->model->numbers_below > 0 && list->kind == VALUE_LIST && i < list->count;
         i++) {
        const Value *v = &list->items[i];
        if (v->kind != VALUE_CALL ||
            !nnrt_augment_blends(v->call->form->name, v->call->args[0].number)) {
            continue;
        }
        Diagnostic *d =
            diag_error(c->diags, DIAG_NO_SUCH_NUMBER, v->span,
                       "'%s' makes values between the whole numbers that the model '%s' takes",
                       v->call->form->name, a->action->model->name);
        diag_help(
            c->diags, d,
            "`noise(std)` in the model, behind embedding or one_hot, adds noise to what they give");
        return;
    }
}

static bool phase_shapes(Compiler *c, Compiled *out)
{
    size_t before = c->diags->list.len;
    bool broken = c->diags->errors > 0;
    const DataUse *told = NULL;
    for (size_t i = 0; i < out->actions.len; i++) {
        CompiledAction *a = out->actions.data[i];
        if (a->action->model) {
            a->model =
                shape_model(c, a->action->model, shaping_data(c, out, i), a->action->model_span);
        }
        if (a->model)
            list_model(c, out, a->model);
        const ModelDecl *teacher = a->data ? teacher_of(c, a) : NULL;
        ModelInstance *taught_by =
            teacher ? shape_model(c, teacher, a->data, setting_span(&a->action->recipe, "distill"))
                    : NULL;
        if (taught_by)
            list_model(c, out, taught_by);
        if (a->model && a->data && lower_check_fit(c->lower, a->model, &a->data->info, a->action)) {
            check_numbers(c, a, &told);
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

static bool phase_units(Compiler *c, Compiled *out)
{
    return compile_units(c, out) && c->diags->errors == 0;
}

static const struct {
    const char *name;
    PhaseFunction *run;
} phases[] = {
    { "parse", phase_parse },   { "check", phase_check }, { "data", phase_data },
    { "shapes", phase_shapes }, { "units", phase_units },
};

bool compile(Compiler *c, const SourceFile *file, Compiled *out)
{
    *out = (Compiled){ .file = file };
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        if (!phases[i].run(c, out))
            return false;
    vec_push(c->arena, &c->inputs, file);
    return true;
}

const SourceFile *compiler_open(Compiler *c, const char *path, int *status)
{
    char *error = NULL;
    const SourceFile *file = source_read(c->arena, path, &error);
    if (!file) {
        diag_error(c->diags, DIAG_UNREADABLE_FILE, (Span){ 0 }, "%s cannot be read: %s", path,
                   error)
            ->exit_status = EXIT_FILES;
        *status = compiler_report(c);
        return NULL;
    }
    const char *slash = strrchr(path, '/');
    c->folder = !slash          ? NULL
                : slash == path ? "/"
                                : arena_strndup(c->arena, path, (size_t)(slash - path));
    return file;
}

bool compile_script(Compiler *c, const char *path, Compiled *out, int *status)
{
    char *error = NULL;
    if (c->options->cpu && !compiler_target(c, &error)) {
        *status = options_wrong(c->options, "option '--cpu': %s", error);
        return false;
    }
    const SourceFile *file = compiler_open(c, path, status);
    if (!file)
        return false;
    bool good = compile(c, file, out);
    *status = compiler_report(c);
    if (!good && !*status)
        *status = EXIT_SCRIPT;
    return good;
}
