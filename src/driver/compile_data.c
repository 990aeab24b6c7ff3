/* compile_data.c: the data that a script uses, opened and described for the phases after. */
#include "driver/broken_statements.h"
#include "driver/compile_phases.h"
#include "driver/data_checks.h"
#include "driver/json_values.h"
#include "data/data.h"

/* The data as opened before, in the way that is wanted: by its own preparation, or by a model's
 * that says the same. */
static DataUse *find_data(const Compiler *c, const DataDecl *decl, const nnrt_preparation *wanted)
{
    for (size_t i = 0; i < c->data.len; i++) {
        DataUse *use = c->data.data[i];
        bool same = use->preparation == wanted ||
                    (wanted && nnrt_preparation_equal(use->opened->preparation, wanted));
        if (use->decl == decl && same)
            return use;
    }
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
        .targetless = d->targetless,
        .vocabulary = d->vocabulary,
        .padded = d->padded,
        .padding = d->padding,
        .sequence = d->sequence,
        .classes = d->classes,
        .sample = shape_of(d->rank, d->shape),
        .target = shape_of(d->target_rank, d->target_shape),
        .count = { d->part[NNRT_TRAIN].count, d->part[NNRT_VALIDATION].count,
                   d->part[NNRT_TEST].count, d->part[NNRT_NEW].count },
    };
}

/* Augmentations that move pixels must know which of them are neighbours. */
static void check_augment(Compiler *c, const DataUse *use)
{
    const Value *list = setting(&use->decl->settings, "augment");
    if (list->kind != VALUE_LIST || use->info.sample.rank == 3)
        return;
    for (size_t i = 0; i < list->count; i++) {
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

/* The setting that an error of the data is about: the one that the runtime names, else the source.
 */
static const char *setting_at_fault(const DataDecl *decl, const nnrt_error *e)
{
    if (e->setting && setting_given(&decl->settings, e->setting))
        return e->setting;
    return setting_given(&decl->settings, "source") ? "source" : "train";
}

/* Predictions copy columns of the file: its sources must keep them. */
static void add_kept_columns(Compiler *c, const Compiled *out, const DataDecl *decl, json_t *json)
{
    static const char *const sources[] = { "source", "train", "validation", "test", "new" };
    json_t *kept = json_array();

    for (size_t i = 0; i < out->actions.len; i++) {
        const CheckedAction *a = out->actions.data[i]->action;
        const Value *keep =
            a->verb == VERB_PREDICT && a->data == decl ? setting(&a->settings, "keep") : NULL;
        if (!keep || keep->kind != VALUE_LIST)
            continue;
        json_t *names = value_json(c->arena, keep);
        json_array_extend(kept, names);
        json_decref(names);
    }

    for (size_t i = 0; json_array_size(kept) && i < sizeof sources / sizeof *sources; i++) {
        json_t *form = json_object_get(json, sources[i]);
        if (json_is_object(form))
            json_object_set(form, "keep", kept);
    }
    json_decref(kept);
}

/* NULL: reported. */
static DataUse *open_new(Compiler *c, const Compiled *out, const DataDecl *decl,
                         nnrt_preparation *preparation)
{
    nnrt_session *session = compiler_session(c);
    if (!session)
        return NULL;
    bool baked = c->options->command->bit == FOR_BUILD && c->options->seed_given;
    json_t *json = data_json(c->arena, decl, baked ? &c->options->seed : NULL);
    nnrt_error e = { 0 };
    add_kept_columns(c, out, decl, json);
    const nnrt_data *opened = nnrt_session_prepared(session, json, c->folder, preparation, &e);
    if (!opened) {
        json_decref(json);
        compiler_report_runtime(c, setting_span(&decl->settings, setting_at_fault(decl, &e)), &e);
        return NULL;
    }

    DataUse *use = ARENA_NEW(c->arena, DataUse);
    *use = (DataUse){ .decl = decl, .preparation = preparation, .json = json, .opened = opened };
    describe_data(use);
    check_augment(c, use);
    vec_push(c->arena, &c->data, use);
    return use;
}

static void list_data(Compiler *c, Compiled *out, DataUse *use)
{
    for (size_t i = 0; i < out->data.len; i++)
        if (out->data.data[i] == use)
            return;
    vec_push(c->arena, &out->data, use);
}

static DataUse *open_data(Compiler *c, Compiled *out, const DataDecl *decl,
                          nnrt_preparation *preparation)
{
    DataUse *use = find_data(c, decl, preparation);
    if (!use)
        use = open_new(c, out, decl, preparation);
    if (use)
        list_data(c, out, use);
    return use;
}

/* `check` opens the data that no action uses, too. */
static void open_unused(Compiler *c, Compiled *out)
{
    for (size_t i = 0; i < out->script->len; i++) {
        const Stmt *stmt = out->script->data[i];
        if (stmt->kind != STMT_DATA || is_broken(out, stmt))
            continue;
        const DataDecl *decl = sema_find_data(c->sema, stmt->name.text);
        if (decl)
            open_data(c, out, decl, NULL);
    }
}

/* ---- preparations ---- */

/* A model that is loaded has the preparation of its file, where that is there already. A damaged
 * file is the runtime's to report, when it gets there. */
static void prepare_as_file(Compiler *c, const Compiled *out, const CompiledAction *a)
{
    const char *model = a->action->model->name;
    nnrt_preparation *preparation = NULL;
    nnrt_error ignored = { 0 };
    if (load_made_above(out, a) || !a->action->path)
        return;

    const char *path = a->action->path;
    if (*path != '/' && c->folder)
        path = arena_printf(c->arena, "%s/%s", c->folder, path);
    nnrt_safetensors *file = nnrt_safetensors_open(path, &ignored);
    if (file && nnrt_preparation_of_file(nnrt_safetensors_metadata(file, "nnc"), path, model,
                                         &preparation, &ignored)) {
        nnrt_preparations_set(&c->preparations, model, preparation, &ignored);
    }
    nnrt_preparation_free(preparation);
    nnrt_safetensors_close(file);
}

static bool trains(Verb verb)
{
    return verb == VERB_TRAIN || verb == VERB_TUNE || verb == VERB_BAG || verb == VERB_BOOST;
}

/* Whether the verb takes a model as it is, with its preparation. */
static bool meets_as_prepared(Verb verb)
{
    return verb == VERB_EVALUATE || verb == VERB_PREDICT || verb == VERB_INSPECT;
}

/* Opens the action's data as its model is to see it. */
static DataUse *open_for(Compiler *c, Compiled *out, const CheckedAction *a)
{
    nnrt_preparation *own = a->model && meets_as_prepared(a->verb)
                                ? nnrt_preparations_find(&c->preparations, a->model->name)
                                : NULL;
    DataUse *use = open_data(c, out, a->data, own);
    nnrt_error ignored = { 0 };

    if (use && a->model && trains(a->verb))
        nnrt_preparations_set(&c->preparations, a->model->name, use->opened->preparation, &ignored);
    return use;
}

bool phase_data(Compiler *c, Compiled *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->actions.len; i++) {
        CompiledAction *a = out->actions.data[i];
        if (a->action->verb == VERB_LOAD && a->action->model)
            prepare_as_file(c, out, a);
        if (a->action->data)
            a->data = open_for(c, out, a->action);
        if (!a->action->data || a->data)
            out->actions.data[kept++] = a;
    }
    out->actions.len = kept;
    if (c->options->command->bit == FOR_CHECK)
        open_unused(c, out);
    return c->diags->errors == 0 || c->options->command->bit != FOR_REPL;
}
