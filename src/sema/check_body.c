/* check_body.c: bodies of blocks and models, checked without shapes: their layers, names and
 * conditions. Sizes (in.channels, classes, the arguments of a block) are unknown here and pass
 * silently; lower/ evaluates the same expressions again when it knows them. */
#include "sema/internal.h"

/* `values`: the body's own names, visible after the braces that bind them */
typedef struct BodyCheck {
    Sema *sema;
    Scope *values;
} BodyCheck;

static void check_items(BodyCheck *check, const Scope *scope, const Body *body);

static bool is_tensor(const BodyCheck *check, const Scope *scope, const Expr *link)
{
    if (link->kind != EXPR_NAME)
        return false;
    if (link->name.text == check->sema->word.in)
        return true;
    const Value *bound = scope_find(scope, link->name.text);
    return bound && bound->kind == VALUE_LATER && bound->tensor;
}

static void check_link(BodyCheck *check, const Scope *scope, const Expr *link, bool first)
{
    Sema *sema = check->sema;
    if (is_tensor(check, scope, link)) {
        if (first)
            return;
        Diagnostic *d =
            diag_error(sema->diags, DIAG_WRONG_KIND, link->span,
                       "'%s' is a value, and a value can only start a chain", link->name.text);
        diag_help(sema->diags, d,
                  "to join it with the current value, write add(%s), multiply(%s) or concat(%s)",
                  link->name.text, link->name.text, link->name.text);
        return;
    }
    sema_link(sema, scope, link);
}

static void bind_value(BodyCheck *check, Name name)
{
    scope_bind(check->values, name.text,
               (Value){ .kind = VALUE_LATER, .tensor = true, .span = name.span });
}

static void check_chain(BodyCheck *check, const Scope *scope, const BodyItem *item)
{
    for (size_t i = 0; i < item->chain.len; i++)
        check_link(check, scope, item->chain.links[i], i == 0);
    if (item->name.text)
        bind_value(check, item->name);
}

static bool is_taken(BodyCheck *check, Name name)
{
    for (size_t i = 0; i < check->values->names.len; i++) {
        const Binding *b = &check->values->names.data[i];
        if (b->name != name.text || (b->value.kind != VALUE_CALL && b->value.kind != VALUE_LATER))
            continue;
        diag_error(check->sema->diags, DIAG_REPEATED_NAME, name.span,
                   "this body already has a '%s'", name.text);
        return true;
    }
    return false;
}

static void check_layer(BodyCheck *check, const Scope *scope, const BodyItem *item)
{
    Sema *sema = check->sema;
    const Expr *link = item->chain.links[0];
    if (is_tensor(check, scope, link)) {
        diag_error(sema->diags, DIAG_WRONG_KIND, link->span,
                   "'%s' is a value, but a layer is needed here", link->name.text);
    } else {
        static const Form nothing = { .category = FORM_LAYER, .name = "", .row = -1 };
        Call *call = sema_link(sema, scope, link);
        Value value = { .kind = VALUE_CALL,
                        .call = call ? call : call_with_defaults(sema, &nothing, link->span),
                        .span = item->name.span };
        if (!is_taken(check, item->name))
            scope_bind(check->values, item->name.text, value);
    }
}

static void check_weight(BodyCheck *check, const Scope *scope, const BodyItem *item)
{
    for (size_t i = 0; i < item->dim_count; i++) {
        eval_as(check->sema, scope, item->dims[i], "size",
                arena_printf(check->sema->arena, "a side of weight '%s'", item->name.text));
    }
    if (item->expr) {
        eval_as(
            check->sema, scope, item->expr, "init",
            arena_printf(check->sema->arena, "the initial value of weight '%s'", item->name.text));
    }
    if (!is_taken(check, item->name))
        bind_value(check, item->name);
}

static void check_repeat(BodyCheck *check, const Scope *scope, const BodyItem *item)
{
    Sema *sema = check->sema;
    if (!item->name.text) {
        eval_as(sema, scope, item->expr, "count", "the count of 'repeat'");
        check_items(check, scope, &item->body);
        return;
    }
    Value range = eval(sema, scope, item->expr);
    if (value_is_later(&range)) {
        report_not_constant(sema, item->expr->span);
    } else if (range.kind != VALUE_RANGE && range.kind != VALUE_ERROR) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, item->expr->span,
                   "a range such as 1..3 is needed here, but this is %s", value_kind_name(&range));
    }
    Scope *inner = scope_of_kind(sema, scope, SCOPE_PLAIN);
    scope_bind(inner, item->name.text, value_unknown(item->name.span));
    check_items(check, inner, &item->body);
}

static void check_if(BodyCheck *check, const Scope *scope, const BodyItem *item)
{
    Sema *sema = check->sema;
    Value condition = eval(sema, scope, item->expr);
    if (condition.kind == VALUE_LATER) {
        if (condition.tensor)
            report_tensor(sema, item->expr->span);
        else
            report_not_constant(sema, item->expr->span);
    } else if (condition.kind != VALUE_BOOL && condition.kind != VALUE_ERROR) {
        diag_error(sema->diags, DIAG_WRONG_TYPE, item->expr->span,
                   "a condition must be true or false, but this is %s",
                   value_kind_name(&condition));
    }
    check_items(check, scope, &item->body);
    check_items(check, scope, &item->other);
}

static void check_items(BodyCheck *check, const Scope *scope, const Body *body)
{
    static void (*const checks[])(BodyCheck *, const Scope *, const BodyItem *) = {
        [BODY_CHAIN] = check_chain, [BODY_REPEAT] = check_repeat, [BODY_IF] = check_if,
        [BODY_LAYER] = check_layer, [BODY_WEIGHT] = check_weight,
    };
    for (size_t i = 0; i < body->len; i++) {
        if (!enter(check->sema, body->data[i]->span))
            return;
        checks[body->data[i]->kind](check, scope, body->data[i]);
        leave(check->sema);
    }
}

static bool states_input(const Body *body, int depth)
{
    for (size_t i = 0; depth < SEMA_MAX_DEPTH && i < body->len; i++) {
        const BodyItem *item = body->data[i];
        for (size_t j = 0; j < item->chain.len; j++) {
            if (item->chain.links[j]->kind == EXPR_CALL &&
                !strcmp(item->chain.links[j]->name.text, "input")) {
                return true;
            }
        }
        if (states_input(&item->body, depth + 1) || states_input(&item->other, depth + 1))
            return true;
    }
    return false;
}

static const BodyItem *find_part(const Body *body, const char *name, int depth)
{
    for (size_t i = 0; depth < SEMA_MAX_DEPTH && i < body->len; i++) {
        const BodyItem *item = body->data[i], *inner;
        if (item->kind == BODY_CHAIN && item->name.text == name)
            return item;
        inner = find_part(&item->body, name, depth + 1);
        if (!inner)
            inner = find_part(&item->other, name, depth + 1);
        if (inner)
            return inner;
    }
    return NULL;
}

const BodyItem *find_model_part(const Form *form, const char *name)
{
    return find_part(&form->decl->body, name, 0);
}

/* Sizes that only data or a use can tell. */
static Scope *body_scope(Sema *sema, const Stmt *stmt)
{
    Scope *scope = scope_of_kind(sema, NULL, SCOPE_BODY);
    const char *const names[] = { sema->word.in_channels, sema->word.in_features,
                                  sema->word.in_shape,    sema->word.classes,
                                  sema->word.features,    sema->word.shape,
                                  sema->word.vocabulary };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        scope_bind(scope, names[i], value_unknown(stmt->span));
    for (size_t i = 0; i < stmt->params.len; i++)
        scope_bind(scope, stmt->params.data[i].name.text, value_unknown(stmt->params.data[i].span));
    return scope;
}

void declare_block(Sema *sema, const Stmt *stmt)
{
    bool model = stmt->kind == STMT_MODEL;
    FormCategory category = model ? FORM_MODEL : FORM_BLOCK;
    NameMap *map = &sema->forms[category];
    const Form *earlier = name_map_get(map, stmt->name.text);
    if (!declare_name(sema, map, stmt->name, model ? "model" : "block",
                      earlier ? earlier->decl->name.span : stmt->name.span)) {
        return;
    }

    size_t errors = sema->diags->errors;
    Scope *defaults = scope_of_kind(sema, NULL, SCOPE_PLAIN);
    const char *const known[] = { sema->word.classes, sema->word.features, sema->word.shape,
                                  sema->word.vocabulary };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        scope_bind(defaults, known[i], value_unknown(stmt->span));
    Form *form = form_of_declaration(sema, stmt, category, defaults);

    /* What was built on an earlier or built-in meaning of the name may not come back to it. */
    if (earlier || find_link(sema, stmt->name.text)) {
        name_map_set(sema->arena, map, stmt->name.text, NULL);
        bool recursive = is_recursive(sema, stmt, category);
        name_map_set(sema->arena, map, stmt->name.text, (void *)earlier);
        if (recursive)
            return;
    }

    sema->declaring = stmt->name.text;
    BodyCheck check = { sema, body_scope(sema, stmt) };
    check_items(&check, check.values, &stmt->body);
    sema->declaring = NULL;
    if (sema->repl && sema->diags->errors > errors)
        return;
    name_map_set(sema->arena, map, stmt->name.text, form);
    if (!model)
        return;

    ModelDecl *decl = ARENA_NEW(sema->arena, ModelDecl);
    *decl = (ModelDecl){ .name = stmt->name.text,
                         .span = stmt->span,
                         .name_span = stmt->name.span,
                         .stmt = stmt,
                         .form = form,
                         .scope = sema->globals,
                         .states_input = states_input(&stmt->body, 0) };
    name_map_set(sema->arena, &sema->models, stmt->name.text, decl);
}

const ModelDecl *sema_find_model(Sema *sema, const char *name)
{
    return name_map_get(&sema->models, intern_cstr(sema->names, name));
}
