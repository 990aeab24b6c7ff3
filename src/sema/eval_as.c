/* eval_as.c: evaluating an expression for a place of a type (types.h). Bare names are looked up
 * among words and forms first, then among constants. */
#include "sema/types.h"

static bool word_in(const Atom *atom, const char *name)
{
    const char *word;
    size_t length;
    for (size_t at = 0; next_word(atom, &at, &word, &length);)
        if (length == strlen(name) && !memcmp(word, name, length))
            return true;
    return false;
}

/* What kinds of atoms a type has. */
typedef struct TypeSummary {
    bool categories, words, values;
    int category; /* the first one, or -1 */
} TypeSummary;

static TypeSummary summary_of(const char *type)
{
    TypeSummary summary = { .category = -1 };
    Atom atom;
    EACH_ATOM(type, atom)
    {
        int category = category_by_name(atom.name, atom.length);
        if (category >= 0) {
            if (!summary.categories)
                summary.category = category;
            summary.categories = true;
        } else if (atom_is(&atom, "word")) {
            summary.words = true;
        } else if (!atom_is(&atom, "none") && !atom_is(&atom, "monitor") &&
                   !atom_is(&atom, "list")) {
            summary.values = true;
        }
    }
    return summary;
}

static NameList words_of(Sema *sema, const char *type)
{
    NameList words = { 0 };
    Atom atom;
    EACH_ATOM(type, atom)
    {
        const char *word;
        size_t length;
        for (size_t at = 0; atom_is(&atom, "word") && next_word(&atom, &at, &word, &length);)
            name_list_add(sema->arena, &words, arena_strndup(sema->arena, word, length));
    }
    return words;
}

static bool takes_constants(const char *type)
{
    Atom atom;
    EACH_ATOM(type, atom)
    {
        if (atom_is_number(&atom) || atom_is(&atom, "bool") || atom_is(&atom, "string") ||
            atom_is(&atom, "any")) {
            return true;
        }
    }
    return false;
}

/* A bare name that is not a word, form or constant. */
static Value unknown_word(Sema *sema, const Scope *scope, Name name, const char *type)
{
    if (may_be_declared_in_broken_text(sema, name.text))
        return value_error(name.span);

    TypeSummary takes = summary_of(type);
    NameList words = words_of(sema, type);
    if (takes.category >= 0) {
        report_unknown_form(sema, scope, (FormCategory)takes.category, name);
    } else if (takes.words &&
               (!takes_constants(type) || nearest_name(name.text, words.data, words.len) ||
                !sema->symbols.len)) {
        diag_unknown(sema->diags, DIAG_UNKNOWN_WORD, name.span, "word", name.text, words.data,
                     words.len);
    } else {
        report_unknown_value(sema, scope, name);
    }
    return value_error(name.span);
}

static Value call_value(Sema *sema, const Scope *scope, const Form *form, const Expr *expr,
                        FormCategory category)
{
    size_t skip = category == FORM_LOSS && form->category == FORM_FN ? form->leading : 0;
    Call *call = bind_call(sema, scope, form, skip, expr);
    if (!call)
        return value_error(expr->span);
    return (Value){ .kind = VALUE_CALL, .call = call, .span = expr->span };
}

static void report_no_model(Sema *sema, const Expr *expr)
{
    if (expr->kind != EXPR_NAME) {
        Diagnostic *d = diag_error(sema->diags, DIAG_WRONG_KIND, expr->span,
                                   "the name of a model is needed here");
        help_declared(sema, d, "models", &sema->models);
        return;
    }
    if (may_be_declared_in_broken_text(sema, expr->name.text))
        return;

    const char *kind = declared_kind(sema, expr->name.text);
    if (kind) {
        Diagnostic *d = diag_error(sema->diags, DIAG_WRONG_KIND, expr->span,
                                   "'%s' is %s, not a model", expr->name.text, kind);
        help_declared(sema, d, "models", &sema->models);
    } else {
        NameList names = { 0 };
        name_list_add_map(sema->arena, &names, &sema->models);
        report_unknown(sema, DIAG_UNKNOWN_MODEL, expr->span, "model", expr->name.text, names.data,
                       names.len);
    }
}

static Value model_value(Sema *sema, const Expr *expr)
{
    const char *name = expr->kind == EXPR_NAME ? expr->name.text : NULL;
    const Form *form = name ? name_map_get(&sema->forms[FORM_MODEL], name) : NULL;
    const Symbol *symbol = name ? name_map_get(&sema->symbols, name) : NULL;
    if (form) {
        return (Value){ .kind = VALUE_CALL,
                        .call = call_with_defaults(sema, form, expr->span),
                        .span = expr->span };
    }
    if (symbol && symbol->makes_model)
        return value_unknown(expr->span);
    report_no_model(sema, expr);
    return value_error(expr->span);
}

static Value tensor_value(Sema *sema, const Scope *scope, const Expr *expr, bool *done)
{
    *done = true;
    if (expr->kind == EXPR_NAME) {
        const Value *bound = scope_find(scope, expr->name.text);
        if (expr->name.text == sema->word.in ||
            (bound && bound->kind == VALUE_LATER && bound->tensor)) {
            return value_tensor(expr);
        }
        if (bound && bound->kind == VALUE_CALL) {
            diag_error(sema->diags, DIAG_WRONG_KIND, expr->span,
                       "'%s' is a layer, but a value is needed here", expr->name.text);
            return value_error(expr->span);
        }
        if (!bound && !scope_enclosing(scope, SCOPE_BODY))
            return value_tensor(expr);
    }
    *done = false;
    return value_error(expr->span);
}

static Value list_value(Sema *sema, const Scope *scope, const Expr *expr, const Atom *list,
                        const char *what)
{
    const char *inner = arena_strndup(sema->arena, list->inner, list->inner_length);
    bool one = expr->kind != EXPR_LIST;
    Value value = { .kind = VALUE_LIST, .count = one ? 1 : expr->item_count, .span = expr->span };
    value.items = ARENA_ARRAY(sema->arena, Value, value.count);

    bool failed = false, unknown = false;
    for (size_t i = 0; i < value.count; i++) {
        value.items[i] = eval_as(sema, scope, one ? expr : expr->items[i], inner, what);
        failed |= value_failed(&value.items[i]);
        unknown |= value.items[i].kind == VALUE_ERROR && value.items[i].unknown;
        for (size_t j = 0; j < i; j++) {
            if (value.items[i].kind == VALUE_CALL &&
                value_equal(&value.items[i], &value.items[j])) {
                diag_error(sema->diags, DIAG_REPEATED_ARGUMENT, expr->items[i]->span,
                           "'%s' appears twice in this list", value.items[i].call->form->name);
                failed = true;
                break;
            }
        }
    }

    if (failed)
        return value_error(expr->span);
    return unknown ? value_unknown(expr->span) : value;
}

/* What a name or call among forms and words of the type gives; `done` false: none of them. */
static Value named_value(Sema *sema, const Scope *scope, const Expr *expr, const char *type,
                         bool *done)
{
    Atom atom;
    *done = true;
    EACH_ATOM(type, atom)
    {
        int category = category_by_name(atom.name, atom.length);
        if (atom_is(&atom, "word") && expr->kind == EXPR_NAME && word_in(&atom, expr->name.text))
            return value_string(expr->name.text, strlen(expr->name.text), expr->span);
        if (atom_is(&atom, "any") && !scope_find(scope, expr->name.text))
            category = FORM_INIT;
        if (category < 0)
            continue;
        if (category == FORM_MODEL)
            return model_value(sema, expr);
        const Form *form = find_form(sema, (FormCategory)category, expr->name.text);
        if (form && !(atom_is(&atom, "any") && expr->kind == EXPR_CALL &&
                      sema_find_function(sema, expr->name.text))) {
            return call_value(sema, scope, form, expr, (FormCategory)category);
        }
    }
    *done = false;
    return value_error(expr->span);
}

static bool is_bound_in_body(const Scope *scope, const Expr *expr)
{
    return expr->kind == EXPR_NAME && scope_enclosing(scope, SCOPE_BODY) &&
           scope_find(scope, expr->name.text);
}

/* What only some atoms read in their own way: metrics, lists and tensors. `done` false: not so. */
static Value special_value(Sema *sema, const Scope *scope, const Expr *expr, const char *type,
                           const char *what, bool *done)
{
    Atom atom;
    *done = true;
    EACH_ATOM(type, atom)
    {
        if (atom_is(&atom, "monitor")) {
            const char *path;
            if (is_metric_path(sema, expr, &path))
                return value_string(path, strlen(path), expr->span);
            if (expr->kind == EXPR_NAME || expr->kind == EXPR_FIELD)
                return value_error(expr->span);
        }

        /* A single form is a list of one. */
        bool single = !strncmp(type, "list(", 5) &&
                      (expr->kind == EXPR_NAME || expr->kind == EXPR_CALL) &&
                      category_by_name(atom.inner, atom.inner_length) >= 0;
        if (atom_is(&atom, "list") && (expr->kind == EXPR_LIST || single))
            return list_value(sema, scope, expr, &atom, what);

        if (atom_is(&atom, "tensor") || atom_is(&atom, "tensors") ||
            (atom_is(&atom, "any") && is_bound_in_body(scope, expr))) {
            bool is_tensor;
            Value value = tensor_value(sema, scope, expr, &is_tensor);
            if (is_tensor)
                return value;
        }
    }
    *done = false;
    return value_error(expr->span);
}

static Value check_fits(Sema *sema, const Expr *expr, Value value, const char *type,
                        const char *what)
{
    Atom atom;
    EACH_ATOM(type, atom)
    {
        /* a constant or param may hold a word */
        if (atom_is(&atom, "word") && value.kind == VALUE_STRING && expr->kind != EXPR_STRING &&
            word_in(&atom, value_text(sema->arena, &value))) {
            return value;
        }
        if (value_fits(&value, &atom, type))
            return value;
    }
    report_mistyped(sema, &value, expr->span, type, what);
    return value_error(expr->span);
}

/* `csv(data/titanic.csv)`: where a text belongs, names that nobody declared. */
static bool is_unquoted_file(const Scope *scope, const Expr *expr, const char *type)
{
    bool path = expr->kind == EXPR_FIELD || (expr->kind == EXPR_BINARY && expr->op == OP_DIV);
    Atom atom;
    bool text = false;
    EACH_ATOM(type, atom)
    {
        text = text || atom_is(&atom, "string");
    }
    const Expr *first = expr;
    while (path && (first->kind == EXPR_FIELD || first->kind == EXPR_BINARY))
        first = first->a;
    return path && text && first->kind == EXPR_NAME && !scope_find(scope, first->name.text);
}

static void report_unquoted_file(Sema *sema, const Expr *expr)
{
    enum { LONGEST_QUOTE = 80 };

    Span span = expr->span;
    int length = (int)(span.end - span.begin);
    const char *text = span.file->text + span.begin;
    Diagnostic *d = diag_error(sema->diags, DIAG_UNKNOWN_NAME, span,
                               "this is no text, and nothing that was declared");
    if (length <= LONGEST_QUOTE) {
        diag_help(sema->diags, d, "a file's name goes between double quotes: \"%.*s\"", length,
                  text);
    }
}

Value eval_as(Sema *sema, const Scope *scope, const Expr *expr, const char *type, const char *what)
{
    bool done;
    Value value = special_value(sema, scope, expr, type, what, &done);
    if (done)
        return value;

    TypeSummary takes = summary_of(type);
    bool names = takes.categories || takes.words;
    if (expr->kind == EXPR_NAME || expr->kind == EXPR_CALL) {
        value = named_value(sema, scope, expr, type, &done);
        if (done)
            return value;
        bool unknown =
            expr->kind == EXPR_NAME ? !scope_find(scope, expr->name.text) : !takes.values;
        if (names && unknown)
            return unknown_word(sema, scope, expr->name, type);
    }

    /* objective = validation.loss */
    if (expr->kind == EXPR_FIELD && expr->a->kind == EXPR_NAME && takes.categories &&
        !takes.values && !scope_find(scope, expr->a->name.text)) {
        help_forms(sema,
                   diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span, "%s must be %s", what,
                              type_text(sema, type)),
                   type);
        return value_error(expr->span);
    }

    if (is_unquoted_file(scope, expr, type)) {
        report_unquoted_file(sema, expr);
        return value_error(expr->span);
    }

    value = eval(sema, scope, expr);
    return value.kind == VALUE_ERROR ? value : check_fits(sema, expr, value, type, what);
}
