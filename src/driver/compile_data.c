/* compile_data.c: the data that a script uses, opened and described for the phases after. */
#include "driver/broken_statements.h"
#include "driver/compile_phases.h"
#include "driver/json_values.h"
#include "data/data.h"

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

/* NULL: reported. */
static DataUse *open_new(Compiler *c, const DataDecl *decl)
{
    nnrt_session *session = compiler_session(c);
    if (!session)
        return NULL;
    bool baked = c->options->command->bit == FOR_BUILD && c->options->seed_given;
    json_t *json = data_json(c->arena, decl, baked ? &c->options->seed : NULL);
    nnrt_error e = { 0 };
    const nnrt_data *opened = nnrt_session_data(session, json, c->folder, &e);
    if (!opened) {
        json_decref(json);
        compiler_report_runtime(c, setting_span(&decl->settings, setting_at_fault(decl, &e)), &e);
        return NULL;
    }

    DataUse *use = ARENA_NEW(c->arena, DataUse);
    *use = (DataUse){ .decl = decl, .json = json, .opened = opened };
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

static DataUse *open_data(Compiler *c, Compiled *out, const DataDecl *decl)
{
    DataUse *use = find_data(c, decl);
    if (!use)
        use = open_new(c, decl);
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
            open_data(c, out, decl);
    }
}

bool phase_data(Compiler *c, Compiled *out)
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
    if (c->options->command->bit == FOR_CHECK)
        open_unused(c, out);
    return c->diags->errors == 0 || c->options->command->bit != FOR_REPL;
}
