/* scope.c: names of constants, params, loop variables, arguments and values, and what to say of a
 * name that none of them has. */
#include "sema/internal.h"

Scope *scope_of_kind(Sema *sema, const Scope *parent, ScopeKind kind)
{
    Scope *scope = ARENA_NEW(sema->arena, Scope);
    scope->sema = sema;
    scope->parent = parent ? parent : sema->globals;
    scope->kind = kind;
    return scope;
}

Scope *scope_new(Sema *sema, const Scope *parent)
{
    return scope_of_kind(sema, parent, SCOPE_PLAIN);
}

void scope_bind(Scope *scope, const char *name, Value value)
{
    Sema *sema = scope->sema;
    name = intern_cstr(sema->names, name);
    for (size_t i = 0; i < scope->names.len; i++) {
        if (scope->names.data[i].name == name) {
            scope->names.data[i].value = value;
            return;
        }
    }
    vec_push(sema->arena, &scope->names, ((Binding){ name, value }));
}

void scope_bind_call(Scope *scope, const Call *call)
{
    for (size_t i = 0; i < call->form->arg_count; i++)
        scope_bind(scope, call->form->args[i].name, call->args[i]);
}

const Value *scope_find(const Scope *scope, const char *name)
{
    for (; scope; scope = scope->parent) {
        for (size_t i = scope->names.len; i-- > 0;)
            if (scope->names.data[i].name == name)
                return &scope->names.data[i].value;
        if (scope->kind == SCOPE_GLOBAL) {
            const Symbol *symbol = name_map_get(&scope->sema->symbols, name);
            if (symbol)
                return &symbol->value;
        }
    }
    return NULL;
}

const Scope *scope_enclosing(const Scope *scope, ScopeKind kind)
{
    while (scope && scope->kind != kind)
        scope = scope->parent;
    return scope;
}

static void list_values(Sema *sema, const Scope *scope, NameList *out)
{
    for (; scope; scope = scope->parent) {
        for (size_t i = 0; i < scope->names.len; i++)
            if (!strchr(scope->names.data[i].name, '.'))
                name_list_add(sema->arena, out, scope->names.data[i].name);
        if (scope->kind == SCOPE_GLOBAL)
            name_list_add_map(sema->arena, out, &sema->symbols);
    }
}

const char *declared_kind(Sema *sema, const char *name)
{
    if (name_map_get(&sema->models, name))
        return "a model";
    if (name_map_get(&sema->data, name))
        return "data";
    if (name_map_get(&sema->recipes, name))
        return "a recipe";
    return name_map_get(&sema->symbols, name) ? "a value" : NULL;
}

void report_unknown_value(Sema *sema, const Scope *scope, Name name)
{
    FormCategory category;
    if (may_be_declared_in_broken_text(sema, name.text))
        return;
    NameList names = { 0 };
    list_values(sema, scope, &names);
    const char *near = nearest_name(name.text, names.data, names.len);
    const char *kind = declared_kind(sema, name.text);

    if (kind) {
        diag_error(sema->diags, DIAG_WRONG_KIND, name.span,
                   "'%s' is %s, but a value is needed here", name.text, kind);
        return;
    }
    if (!near && find_any_category(sema, name.text, &category)) {
        diag_error(sema->diags, DIAG_WRONG_KIND, name.span,
                   "'%s' is %s, but a value is needed here", name.text,
                   with_article(sema, category_noun(category)));
        return;
    }
    if (name.text == sema->word.classes || name.text == sema->word.features ||
        name.text == sema->word.vocabulary) {
        Diagnostic *needs = diag_error(
            sema->diags, DIAG_NEEDS_DATA, name.span,
            "'%s' is known only in a model that is used with data%s, and there is none here",
            name.text, name.text == sema->word.classes ? " of classes" : "");
        diag_help(sema->diags, needs,
                  "write the number, or use the model with data in an earlier action");
        return;
    }

    Diagnostic *d = report_unknown(sema, DIAG_UNKNOWN_NAME, name.span, "name", name.text,
                                   names.data, names.len);
    if (!d->help) {
        diag_help(sema->diags, d, "a name must be declared above the line that uses it: %s = ...",
                  name.text);
    }
}
