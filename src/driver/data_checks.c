/* data_checks.c: metrics against the kind of targets that data turned out to have: those asked for,
 * those watched, and those that a result is read for; weights to load against the files that are
 * there.
 */
#include "driver/data_checks.h"
#include "model/model.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool suits(const char *metric, const DataInfo *data)
{
    return nnrt_metric_suits(metric, data->classify, data->multilabel);
}

static const char *kind_text(const DataInfo *data)
{
    return nnrt_targets_text(data->classify, data->multilabel);
}

static const char *suits_kind(const char *metric)
{
    return nnrt_metric_suits(metric, true, false) ? "classes" : "real values";
}

static void report(Compiler *c, const CompiledAction *a, const char *metric, Span span)
{
    const char *names = "";
    Diagnostic *d =
        diag_error(c->diags, DIAG_WRONG_TARGET, span,
                   "metric '%s' measures %s, but the targets of data '%s' are %s", metric,
                   suits_kind(metric), a->data->info.name, kind_text(&a->data->info));
    for (size_t i = 0; nnrt_metric_name(i); i++) {
        if (suits(nnrt_metric_name(i), &a->data->info)) {
            names =
                arena_printf(c->arena, "%s%s%s", names, *names ? ", " : "", nnrt_metric_name(i));
        }
    }
    diag_help(c->diags, d, "of %s are: %s", kind_text(&a->data->info), names);
    if (span.begin < a->action->span.begin || span.end > a->action->span.end ||
        span.file != a->action->span.file) {
        diag_note(c->diags, d, a->action->span, "in this action");
    }
}

static void check_list(Compiler *c, const CompiledAction *a, const Checked *checked)
{
    if (!checked_has(checked, "metrics"))
        return;
    const Value *list = setting(checked, "metrics");
    for (size_t i = 0; list->kind == VALUE_LIST && i < list->count; i++) {
        const Value *v = &list->items[i];
        if (v->kind == VALUE_CALL && !suits(v->call->form->name, &a->data->info))
            report(c, a, v->call->form->name, v->span);
    }
}

/* `monitor = validation.accuracy`, at any depth of a rule. */
static void check_rule(Compiler *c, const CompiledAction *a, const Value *rule)
{
    if (rule->kind != VALUE_CALL)
        return;
    for (size_t i = 0; i < rule->call->form->arg_count; i++) {
        const Value *v = &rule->call->args[i];
        check_rule(c, a, v);
        const char *point =
            strcmp(rule->call->form->args[i].type, "monitor") == 0 && v->kind == VALUE_STRING
                ? strrchr(v->text, '.')
                : NULL;
        if (point && !suits(point + 1, &a->data->info))
            report(c, a, point + 1, v->span);
    }
}

static void check_recipe(Compiler *c, const CompiledAction *a, const Checked *recipe)
{
    check_list(c, a, recipe);
    if (checked_has(recipe, "stop"))
        check_rule(c, a, setting(recipe, "stop"));
    if (checked_has(recipe, "schedule"))
        check_rule(c, a, setting(recipe, "schedule"));
    if (checked_has(recipe, "checkpoint"))
        check_rule(c, a, setting(recipe, "checkpoint"));
}

void check_metrics(Compiler *c, const CompiledAction *a)
{
    check_list(c, a, &a->action->settings);
    check_recipe(c, a, &a->action->recipe);
    for (size_t i = 0; i < a->action->recipe_count; i++)
        check_recipe(c, a, &a->action->recipes[i]);
    if (checked_has(&a->action->settings, "objective"))
        check_rule(c, a, setting(&a->action->settings, "objective"));
}

/* The action of this script whose result a chain of fields begins with, and whether params or
 * recipes, whose names are the user's, are on the way. */
static const CompiledAction *maker_of(const Compiled *out, size_t before, const Later *later)
{
    while (later->a && (later->kind == LATER_FIELD || later->kind == LATER_INDEX)) {
        if (later->kind == LATER_FIELD &&
            (!strcmp(later->name, "best") || !strcmp(later->name, "params"))) {
            return NULL;
        }
        later = later->a;
    }
    if (later->kind != LATER_FIELD || !later->result)
        return NULL;
    for (size_t i = before; i-- > 0;) {
        const CompiledAction *a = out->actions.data[i];
        if (a->action->as && !strcmp(a->action->as, later->result))
            return a->data && !a->action->recipe_count ? a : NULL;
    }
    return NULL;
}

static void check_later(Compiler *c, const Compiled *out, size_t at, const Later *later)
{
    for (; later; later = later->c) {
        if (later->kind == LATER_FIELD && later->name) {
            const CompiledAction *maker = maker_of(out, at, later);
            /* the field's, the last of what is written */
            Span name = { later->span.file, later->span.end - (uint32_t)strlen(later->name),
                          later->span.end };
            if (maker && !suits(later->name, &maker->data->info))
                report(c, maker, later->name, name);
        }
        check_later(c, out, at, later->a);
        check_later(c, out, at, later->b);
    }
}

void check_result_fields(Compiler *c, const Compiled *out)
{
    for (size_t i = 0; i < out->actions.len; i++) {
        const CheckedAction *action = out->actions.data[i]->action;
        for (size_t k = 0; k < action->value_count; k++)
            check_later(c, out, i, action->values[k]);
    }
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool load_made_above(const Compiled *out, const CompiledAction *load)
{
    const char *path = load->action->path;
    for (size_t i = 0; i < out->actions.len && out->actions.data[i] != load; i++) {
        const CheckedAction *a = out->actions.data[i]->action;
        if (a->verb != VERB_LOAD && a->path && !strcmp(file_name(a->path), file_name(path)))
            return true;
        for (size_t r = 0; r <= a->recipe_count; r++) {
            const Checked *recipe = r ? &a->recipes[r - 1] : &a->recipe;
            const Value *rule =
                checked_has(recipe, "checkpoint") ? setting(recipe, "checkpoint") : NULL;
            if (!rule || rule->kind != VALUE_CALL)
                continue;
            if (!strcmp(call_arg(rule->call, "keep")->text, "all") ||
                !strcmp(file_name(call_arg(rule->call, "to")->text), file_name(path))) {
                return true;
            }
        }
    }
    return false;
}

void check_loads(Compiler *c, const Compiled *out)
{
    for (size_t i = 0; i < out->actions.len; i++) {
        const CheckedAction *a = out->actions.data[i]->action;
        if (a->verb != VERB_LOAD || !a->path || load_made_above(out, out->actions.data[i]))
            continue;
        if (!access(*a->path == '/' || !c->folder
                        ? a->path
                        : arena_printf(c->arena, "%s/%s", c->folder, a->path),
                    F_OK)) {
            continue;
        }
        Diagnostic *d = diag_error(c->diags, DIAG_MISSING_FILE, a->path_span,
                                   "%s: can't be read: %s", a->path, strerror(errno));
        d->exit_status = 3;
        diag_help(c->diags, d, "no earlier action writes it; paths start at the script's folder");
    }
}
