/* params.c: params, the values that the command line gives them, and their domains. */
#include "sema/internal.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

static bool in_domain(const Value *value, const Call *domain)
{
    if (!strcmp(domain->form->name, "choice")) {
        const Value *values = call_arg(domain, "values");
        for (size_t i = 0; i < values->count; i++)
            if (value_equal(value, &values->items[i]))
                return true;
        return false;
    }
    if (value->kind != VALUE_NUMBER)
        return false;
    bool whole = strcmp(domain->form->name, "integer") || value->number == floor(value->number);
    return whole && value->number >= call_number(domain, "a") &&
           value->number <= call_number(domain, "b");
}

static bool whole_domain(const Call *domain)
{
    return !strcmp(domain->form->name, "integer");
}

static const char *domain_text(Sema *sema, const Call *domain)
{
    const Value *args = domain->args;
    if (!strcmp(domain->form->name, "choice")) {
        NameList names = { 0 };
        for (size_t i = 0; i < args[0].count; i++)
            name_list_add(sema->arena, &names, value_text(sema->arena, &args[0].items[i]));
        return arena_printf(sema->arena, "one of %s",
                            name_list_text(sema->arena, names.data, names.len));
    }
    return arena_printf(sema->arena, "a %s from %s to %s",
                        whole_domain(domain) ? "whole number" : "number",
                        value_text(sema->arena, &args[0]), value_text(sema->arena, &args[1]));
}

static void usage_error(Sema *sema, const char *name, const char *value, const char *needed)
{
    Diagnostic *d = diag_error(sema->diags, DIAG_WRONG_USAGE, (Span){ 0 },
                               "--set %s=%s: param '%s' must be %s", name, value, name, needed);
    d->exit_status = 2;
}

/* A number as a script writes it: 60_000, 0.5, 1e-3, 10%, with a sign. */
static bool parse_number(Sema *sema, const char *text, Value *out)
{
    char *plain = arena_strndup(sema->arena, text, strlen(text)), *to = plain, *end;
    for (const char *from = text; *from; from++)
        if (*from != '_' || from == text)
            *to++ = *from;
    *to = 0;
    size_t length = strlen(plain);
    bool percent = length && plain[length - 1] == '%';
    if (percent)
        plain[length - 1] = 0;
    if (!*plain || plain[strspn(plain, "+-0123456789.eE")])
        return false;
    double number = strtod(plain, &end);
    if (*end || !isfinite(number))
        return false;
    *out = value_number(percent ? number / 100 : number, !percent && !strpbrk(plain, ".eE"),
                        (Span){ 0 });
    return true;
}

static bool parse_like(Sema *sema, const char *text, const Value *like, Value *out)
{
    if (like->kind == VALUE_STRING) {
        *out = value_string(intern_cstr(sema->names, text), strlen(text), (Span){ 0 });
        return true;
    }
    if (like->kind == VALUE_BOOL) {
        *out = value_bool(!strcmp(text, "true"), (Span){ 0 });
        return !strcmp(text, "true") || !strcmp(text, "false");
    }
    return like->kind == VALUE_NUMBER && parse_number(sema, text, out);
}

static void override(Sema *sema, const Stmt *stmt, const Call *domain, Value *value)
{
    for (size_t i = 0; i < sema->override_count; i++) {
        ParamOverride *o = &sema->overrides[i];
        if (strcmp(o->name, stmt->name.text))
            continue;
        Value given;
        o->used = true;
        if (value->kind == VALUE_ERROR)
            continue;
        if (!parse_like(sema, o->value, value, &given)) {
            usage_error(sema, o->name, o->value, value_kind_name(value));
        } else if (!domain && value->kind == VALUE_NUMBER && value->is_integer &&
                   given.number != floor(given.number)) {
            usage_error(sema, o->name, o->value, "a whole number, as its default is");
        } else if (domain && !in_domain(&given, domain)) {
            usage_error(sema, o->name, o->value, domain_text(sema, domain));
        } else {
            given.span = value->span;
            *value = given;
        }
    }
}

void declare_param(Sema *sema, const Stmt *stmt)
{
    size_t errors = sema->diags->errors;
    Value value = eval(sema, sema->globals, stmt->value);
    if (value_is_later(&value)) {
        report_not_constant(sema, stmt->value->span);
        value = value_error(stmt->value->span);
    } else if (value.kind != VALUE_NUMBER && value.kind != VALUE_BOOL &&
               value.kind != VALUE_STRING && value.kind != VALUE_ERROR) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, stmt->value->span,
                   "a param is a number, true or false, or a text, but this is %s",
                   value_kind_name(&value));
        value = value_error(stmt->value->span);
    }

    Call *domain = stmt->domain ? sema_call(sema, sema->globals, FORM_DOMAIN, stmt->domain) : NULL;
    if (domain && value.kind != VALUE_ERROR && !in_domain(&value, domain)) {
        diag_error(sema->diags, DIAG_OUT_OF_RANGE, stmt->value->span,
                   "the default of param '%s' must be %s", stmt->name.text,
                   domain_text(sema, domain));
        domain = NULL;
    }

    if (sema->repl && sema->diags->errors > errors)
        return;
    override(sema, stmt, domain, &value);

    Symbol *symbol;
    if (!symbol_add(sema, stmt->name, value, &symbol))
        return;
    symbol->is_param = true;
    name_list_add(sema->arena, &sema->param_names, stmt->name.text);
    if (stmt->domain)
        name_list_add(sema->arena, &sema->params, stmt->name.text);
    if (domain) {
        Value *kept = ARENA_NEW(sema->arena, Value);
        *kept = (Value){ .kind = VALUE_CALL, .call = domain, .span = stmt->domain->span };
        symbol->domain = kept;
    }
}

void sema_set_params(Sema *sema, ParamOverride *overrides, size_t count)
{
    sema->overrides = overrides;
    sema->override_count = count;
}

void sema_finish_params(Sema *sema)
{
    for (size_t i = 0; i < sema->override_count; i++) {
        const ParamOverride *o = &sema->overrides[i];
        if (o->used)
            continue;
        Diagnostic *d = diag_unknown(sema->diags, DIAG_UNKNOWN_PARAM, (Span){ 0 }, "param of --set",
                                     o->name, sema->param_names.data, sema->param_names.len);
        if (!sema->param_names.len)
            diag_help(sema->diags, d, "the script declares no params");
        d->exit_status = 2;
    }
}
