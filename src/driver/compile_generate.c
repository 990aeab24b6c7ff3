/* compile_generate.c: what `generate` needs of its model, data and prompt, and its unit. */
#include "driver/compile_units.h"
#include "data/data.h"
#include <stdlib.h>
#include <string.h>

static const char *source_name(const DataDecl *decl)
{
    const Value *source =
        setting(&decl->settings, setting_given(&decl->settings, "source") ? "source" : "train");
    return source->kind == VALUE_CALL ? source->call->form->name : "";
}

/* Samples are tokens of a text, and the classes are those that may follow. */
static bool data_is_text(Compiler *c, const CompiledAction *a)
{
    if (strcmp(source_name(a->data->decl), "text") == 0)
        return true;
    Diagnostic *d =
        diag_error(c->diags, DIAG_WRONG_KIND, a->action->data_span,
                   "'generate' continues a text, but data '%s' is none", a->data->info.name);
    diag_help(c->diags, d, "the source of a text is text(\"FILE\", length = ...)");
    return false;
}

/* A score for each token, of what follows the sample or each of its positions. */
static bool outputs_are_scores(Compiler *c, const CompiledAction *a)
{
    const Shape *out = &a->model->output, *in = &a->model->input;
    bool rows = out->rank == 2 && out->dim[0] == in->dim[0];
    if (in->rank == 1 && (rows || out->rank == 1) &&
        out->dim[out->rank - 1] >= a->data->info.classes) {
        return true;
    }
    Diagnostic *d = diag_error(c->diags, DIAG_WRONG_SHAPE, a->action->model_span,
                               "'generate' needs a score for each of the %lld tokens that may "
                               "follow, but model '%s' makes %s of %s",
                               (long long)a->data->info.classes, a->model->decl->name,
                               shape_text(c->arena, *out), shape_text(c->arena, *in));
    diag_help(c->diags, d, "its last layer should be dense(classes)");
    return false;
}

/* The prompt in tokens of the data, as many as the model must see at least. */
static bool prompt_fits(Compiler *c, const CompiledAction *a)
{
    const Checked *settings = &a->action->settings;
    const Value *prompt = setting(settings, "prompt");
    if (prompt->kind != VALUE_STRING) {
        Diagnostic *d = diag_error(c->diags, DIAG_MISSING_ARGUMENT, a->action->verb_span,
                                   "'generate' needs a prompt, the text that it continues");
        diag_help(c->diags, d, "write { prompt = \"...\" }");
        return false;
    }
    nnrt_error e = { 0 };
    nnrt_prompt tokens = { 0 };
    bool ok = nnrt_prompt_read(a->data->opened, prompt->text, a->model->input.dim[0],
                               lower_memory(a->model) != MEMORY_WINDOW, &tokens, &e);
    free(tokens.number);
    if (!ok)
        compiler_report_runtime(c, setting_span(settings, "prompt"), &e);
    return ok;
}

bool units_generate(Compiler *c, Compiled *out, CompiledAction *a)
{
    if (!data_is_text(c, a) || !outputs_are_scores(c, a) || !prompt_fits(c, a))
        return false;
    bool steps = lower_memory(a->model) == MEMORY_STATE;
    a->batch = 1;
    UnitSpec spec = spec_of(steps ? UNIT_STEP : UNIT_PREDICT, a, a->batch);
    spec.bare = true;
    a->unit = get_unit(c, out, spec, a->action->span);
    return a->unit != NULL;
}
