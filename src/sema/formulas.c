/* formulas.c: declarations of functions, schedules and optimizers: their parameters, and their
 * bodies checked by evaluating them with parameters and steps unknown. */
#include "sema/internal.h"

/* ---- walking expressions without evaluating them ---- */
typedef struct Walk {
    bool (*visit)(const Expr *expr, void *context);
    void *context;
    int depth;
} Walk;

/* True as soon as a visit is. */
static bool walk(Walk *w, const Expr *expr)
{
    if (w->depth > SEMA_MAX_DEPTH)
        return false;
    w->depth++;
    bool found = false;
    while (expr && !found) {
        found = w->visit(expr, w->context);
        for (size_t i = 0; !found && i < expr->args.len; i++)
            found = walk(w, expr->args.data[i].value);
        for (size_t i = 0; !found && i < expr->item_count; i++)
            found = walk(w, expr->items[i]);
        /* the side that grows long */
        bool right = expr->kind == EXPR_COND || (expr->kind == EXPR_BINARY && expr->op == OP_POW);
        if (!found && expr->kind == EXPR_COND)
            found = walk(w, expr->a) || walk(w, expr->b);
        else if (!found && right)
            found = walk(w, expr->a);
        else if (!found && expr->b)
            found = walk(w, expr->b);
        expr = expr->kind == EXPR_COND ? expr->c : right ? expr->b : expr->a;
    }
    w->depth--;
    return found;
}

static bool is_name(const Expr *expr, void *context)
{
    return expr->kind == EXPR_NAME && expr->name.text == context;
}

static bool reads_name(const Expr *expr, const char *name)
{
    Walk w = { is_name, (void *)name, 0 };
    return walk(&w, expr);
}

typedef struct Words {
    Sema *sema;
    const char *name;
    NameList found;
} Words;

static bool add_compared(const Expr *expr, void *context)
{
    Words *words = context;
    if (expr->kind != EXPR_BINARY || (expr->op != OP_EQ && expr->op != OP_NE))
        return false;
    const Expr *name = expr->a->kind == EXPR_NAME ? expr->a : expr->b,
               *text = name == expr->a ? expr->b : expr->a;
    if (name->kind == EXPR_NAME && name->name.text == words->name && text->kind == EXPR_STRING)
        name_list_add(words->sema->arena, &words->found, text->text);
    return false;
}

/* A parameter whose default is a text takes the words that the body compares it with:
 * "word(cosine|linear)". */
static const char *word_type(Sema *sema, const Stmt *stmt, const char *name, const Value *fallback)
{
    Words words = { .sema = sema, .name = name };
    Walk w = { add_compared, &words, 0 };
    if (stmt->value)
        walk(&w, stmt->value);
    for (size_t i = 0; i < stmt->lines.len; i++)
        walk(&w, stmt->lines.data[i].value);
    if (!words.found.len)
        return "string";
    const char *type = value_text(sema->arena, fallback), *first = type;
    for (size_t i = 0; i < words.found.len; i++) {
        bool seen = !strcmp(words.found.data[i], first);
        for (size_t j = 0; j < i; j++)
            seen |= !strcmp(words.found.data[i], words.found.data[j]);
        if (!seen)
            type = arena_printf(sema->arena, "%s|%s", type, words.found.data[i]);
    }
    return arena_printf(sema->arena, "word(%s)", type);
}

/* ---- parameters ---- */
static const char *param_type(Sema *sema, const Stmt *stmt, FormCategory category, const char *name,
                              const Value *fallback)
{
    if (category == FORM_BLOCK || category == FORM_MODEL)
        return "any";
    if (fallback && fallback->kind == VALUE_BOOL)
        return "bool";
    if (fallback && fallback->kind == VALUE_STRING)
        return word_type(sema, stmt, name, fallback);
    if (fallback && fallback->kind == VALUE_LIST)
        return "list(number)";
    const char *range = range_of(category, name, sema->in_prelude);
    if (category == FORM_FN) {
        return range      ? arena_printf(sema->arena, "%s|tensor", range)
               : fallback ? "number|tensor"
                          : "number";
    }
    return range ? range : "number";
}

Form *form_of_declaration(Sema *sema, const Stmt *stmt, FormCategory category, const Scope *scope)
{
    static const char *const helps[FORM_CATEGORY_COUNT] = { [FORM_FN] = "a function",
                                                            [FORM_BLOCK] = "a block",
                                                            [FORM_MODEL] = "a model",
                                                            [FORM_OPTIMIZER] = "an optimizer",
                                                            [FORM_SCHEDULE] = "a schedule" };
    Form *form = ARENA_NEW(sema->arena, Form);
    *form = (Form){ .category = category,
                    .name = stmt->name.text,
                    .decl = stmt,
                    .row = -1,
                    .help = helps[category],
                    .arg_count = stmt->params.len,
                    .args = ARENA_ARRAY(sema->arena, ArgSpec, stmt->params.len) };
    bool defaults = false;
    for (size_t i = 0; i < stmt->params.len; i++) {
        const Param *param = &stmt->params.data[i];
        ArgSpec *spec = &form->args[i];
        spec->name = param->name.text;
        spec->default_expr = param->fallback;
        for (size_t j = 0; j < i; j++) {
            if (form->args[j].name == spec->name) {
                diag_error(sema->diags, DIAG_REPEATED_NAME, param->name.span,
                           "'%s' has two parameters named '%s'", stmt->name.text, spec->name);
            }
        }
        if (param->fallback) {
            spec->default_value = eval(sema, scope, param->fallback);
            if (value_is_later(&spec->default_value)) {
                report_not_constant(sema, param->fallback->span);
                spec->default_value = value_error(param->fallback->span);
            }
        } else if (defaults && category == FORM_FN) {
            Diagnostic *d = diag_error(
                sema->diags, DIAG_ARGUMENT_ORDER, param->name.span,
                "'%s' has no default, but comes after a parameter that has one", spec->name);
            diag_help(sema->diags, d,
                      "put what the function works on first, and settings with defaults after it");
        }
        spec->type = param_type(sema, stmt, category, spec->name,
                                param->fallback ? &spec->default_value : NULL);
        defaults |= param->fallback != NULL;
        if (!defaults)
            form->leading = i + 1;
    }
    if (category != FORM_FN)
        form->leading = 0;
    return form;
}

/* ---- bodies ---- */
static void bind_unknown(Scope *scope, const char *name)
{
    scope_bind(scope, name, value_unknown((Span){ 0 }));
}

static void check_number(Sema *sema, const Expr *expr, const Value *value)
{
    if (value_failed(value) || value->kind == VALUE_ERROR || value->kind == VALUE_NUMBER ||
        value->kind == VALUE_BOOL) {
        return;
    }
    if (value_is_later(value)) {
        report_not_constant(sema, expr->span);
    } else {
        diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span,
                   "a number is needed here, but this is %s", value_kind_name(value));
    }
}

static void check_formula(Sema *sema, const Scope *scope, const Expr *expr)
{
    Value value = eval(sema, scope, expr);
    check_number(sema, expr, &value);
}

static bool read_later(const UpdateBody *lines, size_t from, const char *name)
{
    for (size_t i = from; i < lines->len; i++)
        if (reads_name(lines->data[i].value, name))
            return true;
    return false;
}

/* `assigned` are the names that count; any other is a name for a part of a formula, which a later
 * line must read. */
static void check_lines(Sema *sema, Scope *scope, const Stmt *stmt, const char *const *assigned,
                        size_t assigned_count)
{
    NameList accepted = { 0 };
    for (size_t i = 0; i < assigned_count; i++)
        name_list_add(sema->arena, &accepted, intern_cstr(sema->names, assigned[i]));
    for (size_t i = 0; i < stmt->lines.len; i++) {
        const UpdateLine *line = &stmt->lines.data[i];
        const char *name = line->name.text;
        bool known = false;
        for (size_t j = 0; j < accepted.len; j++)
            known |= accepted.data[j] == name;
        if (line->is_state) {
            if (stmt->kind != STMT_OPTIMIZER) {
                diag_error(sema->diags, DIAG_WRONG_KIND, line->name.span,
                           "only an optimizer has state");
            } else if (known) {
                diag_error(sema->diags, DIAG_REPEATED_NAME, line->name.span,
                           "there is already a '%s'", name);
            }
            check_formula(sema, scope, line->value);
            bind_unknown(scope, name);
            name_list_add(sema->arena, &accepted, name);
            continue;
        }
        check_formula(sema, scope, line->value);
        const Value *earlier = NULL;
        for (size_t j = 0; j < scope->names.len; j++)
            if (scope->names.data[j].name == name)
                earlier = &scope->names.data[j].value;
        if (!known && !earlier && !read_later(&stmt->lines, i + 1, name)) {
            Diagnostic *d = diag_unknown(sema->diags, DIAG_UNKNOWN_NAME, line->name.span,
                                         "name to assign", name, accepted.data, accepted.len);
            if (stmt->kind == STMT_OPTIMIZER) {
                diag_help(sema->diags, d,
                          "declare first what is kept from step to step: state %s = 0", name);
            }
        }
        if (!known && !earlier)
            bind_unknown(scope, name);
    }
}

static void check_optimizer(Sema *sema, Scope *scope, const Stmt *stmt)
{
    static const char *const assigned[] = { "w", "g" };
    check_lines(sema, scope, stmt, assigned, 2);
}

static void check_schedule(Sema *sema, Scope *scope, const Stmt *stmt)
{
    static const char *const assigned[] = { "lr", "momentum" };
    if (stmt->value)
        check_formula(sema, scope, stmt->value);
    else
        check_lines(sema, scope, stmt, assigned, 2);
}

static void check_function(Sema *sema, Scope *scope, const Stmt *stmt)
{
    check_formula(sema, scope, stmt->value);
}

typedef struct Formula {
    StmtKind kind;
    FormCategory category;
    ScopeKind scope;
    const char *noun;
    const char *names[8];
    void (*check)(Sema *sema, Scope *scope, const Stmt *stmt);
} Formula;

static const Formula formulas[] = {
    { STMT_FN, FORM_FN, SCOPE_FN, "function", { NULL }, check_function },
    { STMT_SCHEDULE,
      FORM_SCHEDULE,
      SCOPE_SCHEDULE,
      "schedule",
      { "lr", "step", "steps", "epoch", "epochs", "progress", "per_epoch" },
      check_schedule },
    { STMT_OPTIMIZER,
      FORM_OPTIMIZER,
      SCOPE_OPTIMIZER,
      "optimizer",
      { "w", "g", "t", "lr", "epoch" },
      check_optimizer },
};

void declare_function(Sema *sema, const Stmt *stmt)
{
    const Formula *formula = formulas;
    while (formula->kind != stmt->kind)
        formula++;
    NameMap *map =
        sema->in_prelude ? &sema->prelude[formula->category] : &sema->forms[formula->category];
    const Form *earlier = name_map_get(map, stmt->name.text);
    if (!declare_name(sema, map, stmt->name, formula->noun,
                      earlier ? earlier->decl->name.span : stmt->name.span)) {
        return;
    }
    size_t errors = sema->diags->errors;
    Form *form = form_of_declaration(sema, stmt, formula->category, sema->globals);
    Scope *scope = scope_of_kind(sema, NULL, formula->scope);
    for (size_t i = 0; formula->names[i]; i++)
        bind_unknown(scope, formula->names[i]);
    for (size_t i = 0; i < form->arg_count; i++)
        bind_unknown(scope, form->args[i].name);
    /* A primitive of the same name stays what it is inside; else the name means this very
     * declaration, and that is recursion. */
    sema->declaring = formula->category == FORM_FN ? stmt->name.text : NULL;
    bool hides = formula->category == FORM_FN && !sema->in_prelude &&
                 (name_map_get(&sema->rows[FORM_FN], stmt->name.text) ||
                  name_map_get(&sema->prelude[FORM_FN], stmt->name.text) || earlier);
    if (hides)
        name_map_set(sema->arena, map, stmt->name.text, form);
    if (hides && is_recursive(sema, stmt, FORM_FN)) {
        name_map_set(sema->arena, map, stmt->name.text, (void *)earlier);
        sema->declaring = NULL;
        return;
    }
    formula->check(sema, scope, stmt);
    form->broken = sema->diags->errors > errors;
    sema->declaring = NULL;
    if (sema->repl && sema->diags->errors > errors) {
        if (hides)
            name_map_set(sema->arena, map, stmt->name.text, (void *)earlier);
        return;
    }
    name_map_set(sema->arena, map, stmt->name.text, form);
}

/* ---- recursion by way of a name that is declared anew, or that hides a built-in: bodies read
 * before now mean the new one ---- */
typedef struct Hunt {
    Sema *sema;
    const char *name;
    FormCategory category;
    NameMap seen;
    Span where;
    int depth;
} Hunt;

static bool hunt_stmt(Hunt *hunt, const Stmt *stmt);

static bool hunt_name(Hunt *hunt, Name name)
{
    bool functions = hunt->category == FORM_FN;
    const Form *form = functions ? sema_find_function(hunt->sema, name.text) : NULL;
    if (name.text == hunt->name) {
        if (!hunt->where.file)
            hunt->where = name.span;
        return true;
    }
    for (int c = FORM_BLOCK; !functions && !form && c <= FORM_MODEL; c++)
        form = name_map_get(&hunt->sema->forms[c], name.text);
    if (!form || !form->decl || name_map_get(&hunt->seen, name.text))
        return false;
    name_map_set(hunt->sema->arena, &hunt->seen, name.text, (void *)form);
    return hunt_stmt(hunt, form->decl);
}

static bool hunt_call(const Expr *expr, void *context)
{
    return expr->kind == EXPR_CALL && hunt_name(context, expr->name);
}

static bool hunt_body(Hunt *hunt, const Body *body)
{
    if (hunt->depth > SEMA_MAX_DEPTH)
        return false;
    hunt->depth++;
    bool found = false;
    for (size_t i = 0; i < body->len && !found; i++) {
        const BodyItem *item = body->data[i];
        for (size_t j = 0; j < item->chain.len && !found; j++) {
            const Expr *link = item->chain.links[j];
            found = hunt_name(hunt, link->kind == EXPR_FIELD && link->a->kind == EXPR_NAME
                                        ? link->a->name
                                        : link->name);
        }
        found = found || hunt_body(hunt, &item->body) || hunt_body(hunt, &item->other);
    }
    hunt->depth--;
    return found;
}

static bool hunt_stmt(Hunt *hunt, const Stmt *stmt)
{
    if (hunt->depth++ > SEMA_MAX_DEPTH)
        return false;
    Walk w = { hunt_call, hunt, 0 };
    bool found = hunt->category == FORM_FN ? stmt->value && walk(&w, stmt->value)
                                           : hunt_body(hunt, &stmt->body);
    hunt->depth--;
    return found;
}

bool is_recursive(Sema *sema, const Stmt *stmt, FormCategory category)
{
    Hunt hunt = { .sema = sema, .name = stmt->name.text, .category = category };
    if (!hunt_stmt(&hunt, stmt))
        return false;
    bool inside = hunt.where.file == stmt->span.file && hunt.where.begin >= stmt->span.begin &&
                  hunt.where.end <= stmt->span.end;
    Diagnostic *d = diag_error(sema->diags, DIAG_RECURSION, inside ? hunt.where : stmt->name.span,
                               "'%s' uses itself%s", stmt->name.text,
                               inside ? "" : " through other declarations");
    if (!inside) {
        diag_note(sema->diags, d, hunt.where,
                  "the name is used here, and now means the new declaration");
    }
    return true;
}
