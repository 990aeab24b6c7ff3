/* forms.c: finding the meaning of a name among declarations, prelude and rows, and binding calls
 * to signatures.
 *
 * A script's declaration hides a built-in of its kind. In a chain a link is looked for among the
 * script's functions, blocks and models, then the rows of layers, then the prelude's activations
 * and the primitives of one argument. */
#include "sema/internal.h"

static const Form *in_order(Sema *sema, FormCategory category, const char *name)
{
    const Form *form = name_map_get(&sema->forms[category], name);
    if (!form)
        form = name_map_get(&sema->prelude[category], name);
    if (!form)
        form = name_map_get(&sema->rows[category], name);
    return form;
}

static const Form *if_leading(const Form *form, size_t leading)
{
    return form && form->leading == leading ? form : NULL;
}

const Form *find_form(Sema *sema, FormCategory category, const char *name)
{
    if (category == FORM_LOSS) {
        const Form *form = if_leading(name_map_get(&sema->forms[FORM_FN], name), 2);
        if (!form)
            form = name_map_get(&sema->rows[FORM_LOSS], name);
        if (!form)
            form = if_leading(name_map_get(&sema->prelude[FORM_FN], name), 2);
        return form_ready(sema, form);
    }
    return form_ready(sema, in_order(sema, category, name));
}

static const Form *if_activation(Sema *sema, const Form *form)
{
    form = form_ready(sema, form);
    if (!form || form->decl)
        return form;
    return form->arg_count == 1 ? form : NULL;
}

const Form *find_link(Sema *sema, const char *name)
{
    static const FormCategory declared[] = { FORM_FN, FORM_BLOCK, FORM_MODEL };
    for (size_t i = 0; i < sizeof declared / sizeof declared[0]; i++) {
        const Form *form = name_map_get(&sema->forms[declared[i]], name);
        if (form)
            return form;
    }
    const Form *form = name_map_get(&sema->rows[FORM_LAYER], name);
    if (!form)
        form = name_map_get(&sema->prelude[FORM_FN], name);
    return form ? form_ready(sema, form)
                : if_activation(sema, name_map_get(&sema->rows[FORM_FN], name));
}

const Form *sema_find_form(Sema *sema, FormCategory category, const char *name)
{
    return find_form(sema, category, intern_cstr(sema->names, name));
}

const Form *sema_find_function(Sema *sema, const char *name)
{
    name = intern_cstr(sema->names, name);
    const Form *form = name_map_get(&sema->forms[FORM_FN], name);
    if (!form)
        form = name_map_get(&sema->rows[FORM_FN], name);
    if (!form)
        form = name_map_get(&sema->prelude[FORM_FN], name);
    return form_ready(sema, form);
}

bool find_any_category(Sema *sema, const char *name, FormCategory *category)
{
    for (int i = 0; i < FORM_CATEGORY_COUNT; i++) {
        if (in_order(sema, (FormCategory)i, name)) {
            *category = (FormCategory)i;
            return true;
        }
    }
    return false;
}

/* Those of so many leading arguments that no row hides. */
static void list_functions(Sema *sema, const NameMap *map, FormCategory category, size_t leading,
                           NameList *out)
{
    for (size_t i = 0; i < map->len; i++) {
        if (map->values[i] && ((const Form *)map->values[i])->leading == leading &&
            !name_map_get(&sema->rows[category], map->keys[i])) {
            name_list_add(sema->arena, out, map->keys[i]);
        }
    }
}

void list_forms(Sema *sema, FormCategory category, NameList *out)
{
    size_t leading = category == FORM_LOSS ? 2 : 1;
    if (category == FORM_LAYER || category == FORM_LOSS) {
        name_list_add_map(sema->arena, out, &sema->rows[category]);
        if (category == FORM_LAYER) {
            name_list_add(sema->arena, out, "sigmoid");
            name_list_add(sema->arena, out, "tanh");
        }
        list_functions(sema, &sema->prelude[FORM_FN], category, leading, out);
        if (category == FORM_LAYER) {
            name_list_add_map(sema->arena, out, &sema->forms[FORM_BLOCK]);
            name_list_add_map(sema->arena, out, &sema->forms[FORM_MODEL]);
        }
        list_functions(sema, &sema->forms[FORM_FN], category, leading, out);
        return;
    }
    name_list_add_map(sema->arena, out, &sema->rows[category]);
    name_list_add_map(sema->arena, out, &sema->prelude[category]);
    name_list_add_map(sema->arena, out, &sema->forms[category]);
}

/* What the name is instead, for a message. */
static const char *other_kind(Sema *sema, const Scope *scope, FormCategory wanted, const char *name)
{
    static const char *const functions[] = { "a function of no input", "an activation", "a loss" };
    const Form *fn = sema_find_function(sema, name);
    if (fn && fn->decl)
        return fn->leading < 3 ? functions[fn->leading] : "a function of several numbers";
    FormCategory category;
    if (find_any_category(sema, name, &category) && category != wanted)
        return with_article(sema, category_noun(category));
    if (name_map_get(&sema->data, name))
        return "data";
    if (name_map_get(&sema->recipes, name))
        return "a recipe";
    if (wanted == FORM_LAYER && scope_find(scope, name))
        return "a constant";
    return NULL;
}

/* The values and layers that a body has bound. */
static void list_links(Sema *sema, const Scope *scope, NameList *out)
{
    for (; scope; scope = scope->parent) {
        for (size_t i = 0; i < scope->names.len; i++) {
            const Binding *b = &scope->names.data[i];
            if (b->value.kind == VALUE_LATER || b->value.kind == VALUE_CALL)
                name_list_add(sema->arena, out, b->name);
        }
    }
}

void report_unknown_form(Sema *sema, const Scope *scope, FormCategory category, Name name)
{
    if (may_be_declared_in_broken_text(sema, name.text))
        return;
    const char *noun = category_noun(category),
               *kind = other_kind(sema, scope, category, name.text);
    NameList names = { 0 };
    list_forms(sema, category, &names);

    if (kind) {
        Diagnostic *d =
            diag_error(sema->diags, DIAG_WRONG_KIND, name.span, "'%s' is %s, but %s is needed here",
                       name.text, kind, with_article(sema, noun));
        diag_help(sema->diags, d, "%s: %s", category_plural(category),
                  name_list_text(sema->arena, names.data, names.len));
        return;
    }

    if (category == FORM_LAYER)
        list_links(sema, scope, &names);
    report_unknown(sema, category_diag(category), name.span, noun, name.text, names.data,
                   names.len);
}

Call *call_with_defaults(Sema *sema, const Form *form, Span span)
{
    form = form_ready(sema, form);
    Call *call = ARENA_NEW(sema->arena, Call);
    *call = (Call){ .form = form,
                    .span = span,
                    .args = ARENA_ARRAY(sema->arena, Value, form->arg_count),
                    .given = ARENA_ARRAY(sema->arena, bool, form->arg_count),
                    .spans = ARENA_ARRAY(sema->arena, Span, form->arg_count) };
    for (size_t i = 0; i < form->arg_count; i++) {
        call->args[i] = form->args[i].default_value;
        call->args[i].span = call->spans[i] = span;
    }
    return call;
}

static bool is_required(const ArgSpec *spec)
{
    return !spec->fallback && !spec->default_expr;
}

static NameList argument_names(Sema *sema, const Form *form, size_t skip)
{
    NameList names = { 0 };
    for (size_t i = skip; i < form->arg_count; i++)
        name_list_add(sema->arena, &names, form->args[i].name);
    return names;
}

static int positional_place(Sema *sema, const Form *form, size_t skip, const Arg *arg, size_t *next,
                            bool named)
{
    if (named) {
        Diagnostic *d = diag_error(sema->diags, DIAG_ARGUMENT_ORDER, arg->value->span,
                                   "an argument without a name comes after one with a name");
        diag_help(sema->diags, d, "put arguments without names first");
        return -1;
    }
    if (*next < form->arg_count)
        return (int)(*next)++;

    Diagnostic *d =
        diag_error(sema->diags, DIAG_TOO_MANY_ARGUMENTS, arg->value->span,
                   "too many arguments: '%s' takes %zu", form->name, form->arg_count - skip);
    const char *instead = said_elsewhere(DIAG_TOO_MANY_ARGUMENTS, form->name, NULL, 0);
    if (instead)
        diag_help(sema->diags, d, "%s", instead);
    NameList names = argument_names(sema, form, skip);
    if (names.len) {
        diag_help(sema->diags, d, "'%s' takes %s", form->name,
                  name_list_text(sema->arena, names.data, names.len));
    }
    return -1;
}

int argument_place(Sema *sema, const Form *form, size_t skip, const Arg *arg, size_t *next,
                   bool *named)
{
    if (!arg->key.text)
        return positional_place(sema, form, skip, arg, next, *named);
    *named = true;
    for (size_t i = skip; i < form->arg_count; i++)
        if (form->args[i].name == arg->key.text)
            return (int)i;

    NameList names = argument_names(sema, form, skip);
    Diagnostic *d = diag_unknown(sema->diags, DIAG_UNKNOWN_ARGUMENT, arg->key.span,
                                 arena_printf(sema->arena, "argument of %s", form->name),
                                 arg->key.text, names.data, names.len);
    if (!names.len)
        diag_help(sema->diags, d, "'%s' takes no arguments", form->name);
    return -1;
}

static bool bind_variadic(Sema *sema, const Scope *scope, Call *call, const Expr *expr)
{
    const ArgSpec *spec = &call->form->args[0];
    Value list = { .kind = VALUE_LIST,
                   .count = expr->args.len,
                   .items = ARENA_ARRAY(sema->arena, Value, expr->args.len),
                   .span = expr->span };
    bool failed = false;

    for (size_t i = 0; i < expr->args.len; i++) {
        const Arg *arg = &expr->args.data[i];
        if (arg->key.text) {
            diag_error(sema->diags, DIAG_UNKNOWN_ARGUMENT, arg->key.span,
                       "unknown argument of %s '%s'", call->form->name, arg->key.text);
            failed = true;
            continue;
        }
        list.items[i] = eval_as(sema, scope, arg->value, spec->type,
                                arena_printf(sema->arena, "an argument of '%s'", call->form->name));
        failed |= value_failed(&list.items[i]);
    }

    if (!expr->args.len) {
        diag_error(sema->diags, DIAG_MISSING_ARGUMENT, expr->span,
                   "'%s' needs at least one of its '%s'", call->form->name, spec->name);
        failed = true;
    }
    call->args[0] = list;
    call->given[0] = true;
    call->spans[0] = expr->span;
    return !failed;
}

/* Binds one argument. False: it is not one of the form's, or given twice. */
static bool bind_argument(Sema *sema, const Scope *scope, Call *call, int at, const Arg *arg)
{
    const Form *form = call->form;
    const ArgSpec *spec = &form->args[at];
    if (call->given[at]) {
        diag_error(sema->diags, DIAG_REPEATED_ARGUMENT,
                   arg->key.text ? arg->key.span : arg->value->span, "'%s' of '%s' is given twice",
                   spec->name, form->name);
        return false;
    }
    call->given[at] = true;
    call->spans[at] = arg->span;
    call->args[at] = eval_as(sema, scope, arg->value, spec->type,
                             arena_printf(sema->arena, "'%s' of '%s'", spec->name, form->name));
    return true;
}

/* Those that were not given. False: one has no default. */
static bool bind_defaults(Sema *sema, const Scope *scope, Call *call, size_t skip, Span span)
{
    for (size_t i = skip; i < call->form->arg_count; i++) {
        const ArgSpec *spec = &call->form->args[i];
        if (call->given[i])
            continue;
        if (is_required(spec)) {
            diag_error(sema->diags, DIAG_MISSING_ARGUMENT, span, "'%s' needs '%s'",
                       call->form->name, spec->name);
            return false;
        }
        /* a default that depends on the data (classes), evaluated where the call is */
        if (spec->default_expr && spec->default_value.kind == VALUE_ERROR &&
            spec->default_value.unknown) {
            call->args[i] = eval(sema, scope, spec->default_expr);
        }
    }
    return true;
}

static bool bind_arguments(Sema *sema, const Scope *scope, Call *call, size_t skip,
                           const Expr *expr)
{
    size_t next = skip;
    bool named = false, failed = false, misnamed = false;

    for (size_t i = 0; i < expr->args.len; i++) {
        const Arg *arg = &expr->args.data[i];
        int at = argument_place(sema, call->form, skip, arg, &next, &named);
        /* one mistake: the rest is too much as well */
        if (at < 0 && !arg->key.text && !named)
            return false;
        if (at < 0 || !bind_argument(sema, scope, call, at, arg))
            misnamed = true;
        else
            failed |= value_failed(&call->args[at]);
    }
    if (misnamed)
        return false;
    return bind_defaults(sema, scope, call, skip, expr->span) && !failed;
}

Call *bind_call(Sema *sema, const Scope *scope, const Form *form, size_t skip, const Expr *expr)
{
    form = form_ready(sema, form);
    if (!enter(sema, expr->span))
        return NULL;
    Call *call = call_with_defaults(sema, form, expr->span);
    size_t errors = sema->diags->errors;
    bool variadic = form->arg_count == 1 && (!strcmp(form->args[0].type, "tensors") ||
                                             !strcmp(form->args[0].type, "values"));
    bool ok = variadic ? bind_variadic(sema, scope, call, expr)
                       : bind_arguments(sema, scope, call, skip, expr);
    leave(sema);
    if (!ok || sema->diags->errors > errors || !check_call_rules(sema, call))
        return NULL;
    return call;
}

Call *sema_call(Sema *sema, const Scope *scope, FormCategory category, const Expr *expr)
{
    if (expr->kind != EXPR_NAME && expr->kind != EXPR_CALL) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span, "%s is needed here",
                   with_article(sema, category_noun(category)));
        return NULL;
    }
    const Form *form = find_form(sema, category, expr->name.text);
    if (!form) {
        report_unknown_form(sema, scope, category, expr->name);
        return NULL;
    }
    size_t skip = form->category == FORM_FN && (category == FORM_LOSS || category == FORM_FN)
                      ? form->leading
                      : 0;
    return bind_call(sema, scope, form, skip, expr);
}

static void report_unknown_part(Sema *sema, const Form *model, Name part)
{
    const Body *body = &model->decl->body;
    NameList names = { 0 };
    for (size_t i = 0; i < body->len; i++)
        if (body->data[i]->kind == BODY_CHAIN && body->data[i]->name.text)
            name_list_add(sema->arena, &names, body->data[i]->name.text);

    Diagnostic *d = diag_unknown(sema->diags, DIAG_UNKNOWN_PART, part.span,
                                 arena_printf(sema->arena, "part of model '%s'", model->name),
                                 part.text, names.data, names.len);
    if (!names.len) {
        diag_help(sema->diags, d,
                  "the body of '%s' names no parts: a part is named there by 'name = chain'",
                  model->name);
    }
}

/* m.h */
static Call *link_part(Sema *sema, const Scope *scope, const Expr *link)
{
    if (link->a->kind != EXPR_NAME || link->a->name.text == sema->word.in) {
        diag_error(sema->diags, DIAG_WRONG_KIND, link->span,
                   "a link is a layer, a name bound above, or a part m.name of a model");
        return NULL;
    }
    const Form *form = name_map_get(&sema->forms[FORM_MODEL], link->a->name.text);
    if (!form) {
        Value reported = eval_as(sema, scope, link->a, "model", "the model");
        (void)reported;
        return NULL;
    }
    if (!find_model_part(form, link->name.text)) {
        report_unknown_part(sema, form, link->name);
        return NULL;
    }

    for (size_t i = 0; i < form->arg_count; i++) {
        if (is_required(&form->args[i])) {
            diag_error(sema->diags, DIAG_MISSING_ARGUMENT, link->span,
                       "'%s' needs '%s', so its parts cannot be used", form->name,
                       form->args[i].name);
            return NULL;
        }
    }
    return call_with_defaults(sema, form, link->span);
}

Call *sema_link(Sema *sema, const Scope *scope, const Expr *link)
{
    if (link->kind == EXPR_FIELD)
        return link_part(sema, scope, link);
    if (link->kind != EXPR_NAME && link->kind != EXPR_CALL) {
        diag_error(sema->diags, DIAG_WRONG_KIND, link->span,
                   "a link is a layer, a name bound above, or a part m.name of a model");
        return NULL;
    }

    const Value *bound = scope_find(scope, link->name.text);
    if (link->kind == EXPR_NAME &&
        (link->name.text == sema->word.in ||
         (bound && ((bound->kind == VALUE_LATER && bound->tensor) || bound->kind == VALUE_CALL)))) {
        return NULL;
    }

    const Form *form = find_link(sema, link->name.text);
    bool loss = form && form->category == FORM_FN && form->decl && form->leading != 1;
    if (link->name.text == sema->declaring) {
        diag_error(sema->diags, DIAG_RECURSION, link->name.span, "'%s' uses itself",
                   link->name.text);
        return NULL;
    }
    /* a block's argument: any value */
    if (!form && bound && link->kind == EXPR_NAME && bound->kind == VALUE_ERROR)
        return NULL;
    if (!form || loss) {
        report_unknown_form(sema, scope, FORM_LAYER, link->name);
        return NULL;
    }

    size_t fed = 0; /* arguments that the chain feeds */
    if (form->category == FORM_FN)
        fed = form->decl ? form->leading : 1;
    return bind_call(sema, scope, form, fed, link);
}
