/* formulas.c: declarations of functions, schedules and optimizers: their parameters, and their
 * bodies checked by evaluating them with parameters and steps unknown. */
#include "sema/internal.h"

static bool is_name(const Expr *expr, void *context)
{
    return expr->kind == EXPR_NAME && expr->name.text == context;
}

static bool reads_name(const Expr *expr, const char *name)
{
    ExprWalk w = { is_name, (void *)name, 0 };
    return walk_expr(&w, expr);
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
    ExprWalk w = { add_compared, &words, 0 };
    if (stmt->value)
        walk_expr(&w, stmt->value);
    for (size_t i = 0; i < stmt->lines.len; i++)
        walk_expr(&w, stmt->lines.data[i].value);
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
        if (range)
            return arena_printf(sema->arena, "%s|tensor", range);
        return fallback ? "number|tensor" : "number";
    }
    return range ? range : "number";
}

/* Its default, and what else follows from it. `defaults`: an earlier parameter has one. */
static ArgSpec read_param(Sema *sema, const Stmt *stmt, FormCategory category, const Scope *scope,
                          const Param *param, bool defaults)
{
    ArgSpec spec = { .name = param->name.text, .default_expr = param->fallback };
    if (param->fallback) {
        spec.default_value = eval(sema, scope, param->fallback);
        if (value_is_later(&spec.default_value)) {
            report_not_constant(sema, param->fallback->span);
            spec.default_value = value_error(param->fallback->span);
        }
    } else if (defaults && category == FORM_FN) {
        Diagnostic *d =
            diag_error(sema->diags, DIAG_ARGUMENT_ORDER, param->name.span,
                       "'%s' has no default, but comes after a parameter that has one", spec.name);
        diag_help(sema->diags, d,
                  "put what the function works on first, and settings with defaults after it");
    }
    spec.type =
        param_type(sema, stmt, category, spec.name, param->fallback ? &spec.default_value : NULL);
    return spec;
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
        for (size_t j = 0; j < i; j++) {
            if (form->args[j].name == param->name.text) {
                diag_error(sema->diags, DIAG_REPEATED_NAME, param->name.span,
                           "'%s' has two parameters named '%s'", stmt->name.text, param->name.text);
            }
        }
        form->args[i] = read_param(sema, stmt, category, scope, param, defaults);
        defaults |= param->fallback != NULL;
        if (!defaults && category == FORM_FN)
            form->leading = i + 1;
    }
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

static void check_state(Sema *sema, const Stmt *stmt, Name name, bool known)
{
    if (stmt->kind != STMT_OPTIMIZER) {
        diag_error(sema->diags, DIAG_WRONG_KIND, name.span, "only an optimizer has state");
    } else if (known) {
        diag_error(sema->diags, DIAG_REPEATED_NAME, name.span, "there is already a '%s'",
                   name.text);
    }
}

static bool is_bound(const Scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->names.len; i++)
        if (scope->names.data[i].name == name)
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

        if (line->is_state)
            check_state(sema, stmt, line->name, known);
        check_formula(sema, scope, line->value);
        if (line->is_state) {
            bind_unknown(scope, name);
            name_list_add(sema->arena, &accepted, name);
            continue;
        }

        known |= is_bound(scope, name);
        if (!known && !read_later(&stmt->lines, i + 1, name)) {
            Diagnostic *d = diag_unknown(sema->diags, DIAG_UNKNOWN_NAME, line->name.span,
                                         "name to assign", name, accepted.data, accepted.len);
            if (stmt->kind == STMT_OPTIMIZER) {
                diag_help(sema->diags, d,
                          "declare first what is kept from step to step: state %s = 0", name);
            }
        }
        if (!known)
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
