/* types.c: the types of arguments and settings, and evaluating an expression for a place of a type.
 *
 * A type is a union "a|b" of atoms: numbers (the table below), bool, string, none, shape, window
 * and padding (a number or a shape of them), any, word(a|b), list(T), values (one or more
 * constants), tensor and tensors (values of the network), model, monitor (validation.loss), and the
 * categories of forms by their names (optimizer, init, ...). Bare names are looked up in words and
 * forms first, then among constants. */
#include "sema/internal.h"
#include <math.h>

typedef struct Numbers {
    const char *name, *says;
    bool whole;
    double low;
    bool above;
    double high;
    bool below;
} Numbers;

static const Numbers numbers[] = {
    { "number", "a number", false, -INFINITY, false, INFINITY, false },
    { "integer", "a whole number", true, -9007199254740992.0, false, 9007199254740992.0, false },
    { "size", "a whole number of at least 1", true, 1, false, 9007199254740992.0, false },
    { "count", "a whole number of at least 0", true, 0, false, 9007199254740992.0, false },
    { "samples", "a whole number from 1 to 2147483647", true, 1, false, 2147483647.0, false },
    { "side", "a whole number from 4 to 4096", true, 4, false, 4096, false },
    { "seed", "a whole number of at least 0", true, 0, false, 9007199254740992.0, false },
    { "folds", "a whole number of at least 2", true, 2, false, 9007199254740992.0, false },
    { "positive", "a number above 0", false, 0, true, INFINITY, true },
    { "nonnegative", "a number of at least 0", false, 0, false, INFINITY, true },
    { "decay", "a number of at least 0 and below 1", false, 0, false, 1, true },
    { "rate", "a number from 0 to 1", false, 0, false, 1, false },
    { "fraction", "a share of at least 0 and below 1 (100%)", false, 0, false, 1, true },
};

/* One member of a union: its name, and what stands in its parentheses. */
typedef struct Atom {
    const char *name;
    size_t length;
    const char *inner;
    size_t inner_length;
} Atom;

static bool next_atom(const char **at, const char *end, Atom *atom)
{
    const char *p = *at;
    if (p >= end)
        return false;
    *atom = (Atom){ .name = p };
    while (p < end && *p != '|' && *p != '(')
        p++;
    atom->length = (size_t)(p - atom->name);
    if (p < end && *p == '(') {
        int depth = 1;
        atom->inner = ++p;
        for (; p < end; p++) {
            depth += (*p == '(') - (*p == ')');
            if (!depth)
                break;
        }
        atom->inner_length = (size_t)(p - atom->inner);
        p++;
    }
    *at = p < end ? p + 1 : p;
    return true;
}

static bool atom_is(const Atom *atom, const char *name)
{
    return strlen(name) == atom->length && !memcmp(name, atom->name, atom->length);
}

static const Numbers *atom_numbers(const Atom *atom)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (atom_is(atom, numbers[i].name))
            return &numbers[i];
    return NULL;
}

#define EACH_ATOM(type, atom)                                                                      \
    for (const char *at_ = (type), *end_ = at_ + strlen(at_); next_atom(&at_, end_, &(atom));)

bool type_has(const char *type, const char *name)
{
    Atom atom;
    EACH_ATOM(type, atom)
    if (atom_is(&atom, name))
        return true;
    return false;
}

static bool number_fits(const Numbers *kind, double x)
{
    if (isnan(x))
        return kind->low == -INFINITY && !kind->whole;
    if (kind->whole && x != floor(x))
        return false;
    return (kind->above ? x > kind->low : x >= kind->low) &&
           (kind->below ? x < kind->high : x <= kind->high);
}

static bool dims_fit(const Value *value, int64_t low)
{
    for (size_t i = 0; i < value->count; i++)
        if (value->dims[i] < low)
            return false;
    return true;
}

static bool has_numbers(const char *type)
{
    Atom atom;
    EACH_ATOM(type, atom)
    if (atom_numbers(&atom))
        return true;
    return false;
}

/* Whether a value that is no bare word fits an atom of a type. */
static bool value_fits(const Value *v, const Atom *atom, const char *type)
{
    const Numbers *kind = atom_numbers(atom);
    if (kind)
        return v->kind == VALUE_NUMBER && number_fits(kind, v->number);
    if (atom_is(atom, "any") || atom_is(atom, "values"))
        return v->kind != VALUE_LATER || v->tensor;
    if (atom_is(atom, "bool"))
        return v->kind == VALUE_BOOL;
    if (atom_is(atom, "string"))
        return v->kind == VALUE_STRING;
    if (atom_is(atom, "none"))
        return v->kind == VALUE_NONE;
    if (atom_is(atom, "shape"))
        return v->kind == VALUE_SHAPE && dims_fit(v, 1);
    if (atom_is(atom, "window")) {
        return v->kind == VALUE_SHAPE
                   ? dims_fit(v, 1)
                   : v->kind == VALUE_NUMBER && v->number >= 1 && v->number == floor(v->number);
    }
    if (atom_is(atom, "padding")) {
        return v->kind == VALUE_SHAPE
                   ? dims_fit(v, 0)
                   : v->kind == VALUE_NUMBER && v->number >= 0 && v->number == floor(v->number);
    }
    if (atom_is(atom, "tensor") || atom_is(atom, "tensors")) {
        return (v->kind == VALUE_LATER && v->tensor) ||
               (v->kind == VALUE_NUMBER && !has_numbers(type));
    }
    int category = category_by_name(atom->name, atom->length);
    return category >= 0 && v->kind == VALUE_CALL &&
           v->call->form->category == (FormCategory)category;
}

static const char *atom_text(Sema *sema, const Atom *atom)
{
    const Numbers *kind = atom_numbers(atom);
    int category = category_by_name(atom->name, atom->length);
    if (kind)
        return kind->says;
    if (category >= 0)
        return with_article(sema, category_noun((FormCategory)category));
    if (atom_is(atom, "bool"))
        return "true or false";
    if (atom_is(atom, "string"))
        return "a text in quotes";
    if (atom_is(atom, "none"))
        return "none";
    if (atom_is(atom, "shape"))
        return "a shape such as 1x28x28";
    if (atom_is(atom, "window"))
        return "a whole number of at least 1, or a shape such as 3x3";
    if (atom_is(atom, "padding"))
        return "a whole number of at least 0, or a shape such as 1x1";
    if (atom_is(atom, "tensor") || atom_is(atom, "tensors"))
        return "a value of the network";
    if (atom_is(atom, "monitor"))
        return "the name of a measure, such as validation.loss";
    if (atom_is(atom, "list")) {
        Atom inner;
        const char *at = atom->inner;
        if (next_atom(&at, atom->inner + atom->inner_length, &inner)) {
            int items = category_by_name(inner.name, inner.length);
            if (items >= 0) {
                return arena_printf(sema->arena, "a list of %s in [ ]",
                                    category_plural((FormCategory)items));
            }
        }
        return "a list in [ ]";
    }
    if (atom_is(atom, "word")) {
        char *words = arena_strndup(sema->arena, atom->inner, atom->inner_length),
             *text = arena_printf(sema->arena, "%s", "");
        for (char *word = words, *rest = words; rest; word = rest) {
            rest = strchr(word, '|');
            if (rest)
                *rest++ = 0;
            text = arena_printf(sema->arena, "%s%s%s", text, *text ? ", " : "", word);
        }
        return text;
    }
    return "a value";
}

/* "a number above 0, or none" */
static const char *type_text(Sema *sema, const char *type)
{
    Atom atom;
    const char *text = "";
    EACH_ATOM(type, atom)
    {
        if (atom_is(&atom, "none") && *text)
            continue;
        text =
            arena_printf(sema->arena, "%s%s%s", text, *text ? ", or " : "", atom_text(sema, &atom));
    }
    return text;
}

static const char *found_text(Sema *sema, const Value *v)
{
    if (v->kind == VALUE_NUMBER || v->kind == VALUE_BOOL || v->kind == VALUE_SHAPE)
        return value_text(sema->arena, v);
    if (v->kind == VALUE_STRING && v->length < 40)
        return arena_printf(sema->arena, "the text \"%s\"", value_text(sema->arena, v));
    return value_kind_name(v);
}

/* The names of the forms that a type takes. */
static void help_forms(Sema *sema, Diagnostic *d, const char *type)
{
    Atom atom, inner;
    EACH_ATOM(type, atom)
    {
        const char *at = atom.inner;
        bool list =
            atom_is(&atom, "list") && next_atom(&at, atom.inner + atom.inner_length, &inner);
        int category = list ? category_by_name(inner.name, inner.length)
                            : category_by_name(atom.name, atom.length);
        if (category < 0 || category == FORM_MODEL)
            continue;
        NameList names = { 0 };
        list_forms(sema, (FormCategory)category, &names);
        if (names.len) {
            diag_help(sema->diags, d, "%s: %s", category_plural((FormCategory)category),
                      name_list_text(sema->arena, names.data, names.len));
        }
        return;
    }
}

static Value mistyped(Sema *sema, const Value *v, Span span, const char *type, const char *what)
{
    Atom atom;
    bool number = false, whole = false;
    EACH_ATOM(type, atom)
    {
        const Numbers *kind = atom_numbers(&atom);
        bool window = atom_is(&atom, "window") || atom_is(&atom, "padding");
        if ((kind || window) && v->kind == VALUE_NUMBER)
            number = true;
        if ((kind && kind->whole) || window)
            whole = true;
        if (v->kind == VALUE_SHAPE && (window || atom_is(&atom, "shape")))
            number = true;
    }
    if (v->kind == VALUE_LATER) {
        if (v->tensor)
            report_tensor(sema, span);
        else
            report_not_constant(sema, span);
        return value_error(span);
    }
    bool range = number && !(whole && v->kind == VALUE_NUMBER && v->number != floor(v->number));
    Diagnostic *d =
        diag_error(sema->diags, range ? DIAG_OUT_OF_RANGE : DIAG_WRONG_TYPE, span,
                   "%s must be %s, but is %s%s", what, type_text(sema, type), found_text(sema, v),
                   range && v->kind == VALUE_SHAPE ? ", and a shape's sides are at least 1" : "");
    help_forms(sema, d, type);
    return value_error(span);
}

static bool word_in(const Atom *atom, const char *name)
{
    size_t length = strlen(name);
    const char *end = atom->inner + atom->inner_length;
    for (const char *at = atom->inner; at < end;) {
        size_t n = 0;
        while (at + n < end && at[n] != '|')
            n++;
        if (n == length && !memcmp(at, name, n))
            return true;
        at += n + 1;
    }
    return false;
}

/* A bare name that no word, form or constant answers to. */
static Value unknown_word(Sema *sema, const Scope *scope, Name name, const char *type)
{
    Atom atom;
    NameList accepted = { 0 };
    int first = -1;
    bool values = false, words = false;
    EACH_ATOM(type, atom)
    {
        int category = category_by_name(atom.name, atom.length);
        if (category >= 0) {
            if (first < 0)
                first = category;
        } else if (atom_is(&atom, "word")) {
            words = true;
            for (const char *at = atom.inner, *end = at + atom.inner_length; at < end;) {
                size_t n = 0;
                while (at + n < end && at[n] != '|')
                    n++;
                name_list_add(sema->arena, &accepted, arena_strndup(sema->arena, at, n));
                at += n + 1;
            }
        } else if (atom_numbers(&atom) || atom_is(&atom, "bool") || atom_is(&atom, "string") ||
                   atom_is(&atom, "any")) {
            values = true;
        }
    }
    if (may_be_declared_in_broken_text(sema, name.text))
        return value_error(name.span);
    if (first >= 0) {
        if (type_has(type, "none"))
            name_list_add(sema->arena, &accepted, "none");
        report_unknown_form(sema, scope, (FormCategory)first, name);
        return value_error(name.span);
    }
    if (words &&
        (!values || nearest_name(name.text, accepted.data, accepted.len) || !sema->symbols.len)) {
        diag_unknown(sema->diags, DIAG_UNKNOWN_WORD, name.span, "word", name.text, accepted.data,
                     accepted.len);
        return value_error(name.span);
    }
    report_unknown_value(sema, scope, name);
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

static Value model_value(Sema *sema, const Expr *expr)
{
    const Form *form =
        expr->kind == EXPR_NAME ? name_map_get(&sema->forms[FORM_MODEL], expr->name.text) : NULL;
    const Symbol *symbol =
        expr->kind == EXPR_NAME ? name_map_get(&sema->symbols, expr->name.text) : NULL;
    if (form) {
        return (Value){ .kind = VALUE_CALL,
                        .call = call_with_defaults(sema, form, expr->span),
                        .span = expr->span };
    }
    if (symbol && symbol->makes_model)
        return value_unknown(expr->span);
    if (expr->kind == EXPR_NAME) {
        if (may_be_declared_in_broken_text(sema, expr->name.text))
            return value_error(expr->span);
        const char *kind = declared_kind(sema, expr->name.text);
        if (kind) {
            help_declared(sema,
                          diag_error(sema->diags, DIAG_WRONG_KIND, expr->span,
                                     "'%s' is %s, not a model", expr->name.text, kind),
                          "models", &sema->models);
        } else {
            NameList names = { 0 };
            name_list_add_map(sema->arena, &names, &sema->models);
            report_unknown(sema, DIAG_UNKNOWN_MODEL, expr->span, "model", expr->name.text,
                           names.data, names.len);
        }
    } else {
        help_declared(sema,
                      diag_error(sema->diags, DIAG_WRONG_KIND, expr->span,
                                 "the name of a model is needed here"),
                      "models", &sema->models);
    }
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
    return failed ? value_error(expr->span) : unknown ? value_unknown(expr->span) : value;
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

Value eval_as(Sema *sema, const Scope *scope, const Expr *expr, const char *type, const char *what)
{
    Atom atom;
    bool done, categories = false, values = false, words = false;
    EACH_ATOM(type, atom)
    {
        if (category_by_name(atom.name, atom.length) >= 0)
            categories = true;
        else if (atom_is(&atom, "word"))
            words = true;
        else if (!atom_is(&atom, "none") && !atom_is(&atom, "monitor") && !atom_is(&atom, "list"))
            values = true;
        if (atom_is(&atom, "monitor")) {
            const char *path;
            if (is_metric_path(sema, expr, &path))
                return value_string(path, strlen(path), expr->span);
            if (expr->kind == EXPR_NAME || expr->kind == EXPR_FIELD)
                return value_error(expr->span);
        }
        /* One form may stand for a list of one. */
        bool single = !strncmp(type, "list(", 5) &&
                      (expr->kind == EXPR_NAME || expr->kind == EXPR_CALL) &&
                      category_by_name(atom.inner, atom.inner_length) >= 0;
        if (atom_is(&atom, "list") && (expr->kind == EXPR_LIST || single))
            return list_value(sema, scope, expr, &atom, what);
        if (atom_is(&atom, "tensor") || atom_is(&atom, "tensors") || atom_is(&atom, "any")) {
            if (atom_is(&atom, "any") &&
                !(expr->kind == EXPR_NAME && scope_enclosing(scope, SCOPE_BODY) &&
                  scope_find(scope, expr->name.text))) {
                continue;
            }
            Value value = tensor_value(sema, scope, expr, &done);
            if (done)
                return value;
        }
    }
    if (expr->kind == EXPR_NAME || expr->kind == EXPR_CALL) {
        Value value = named_value(sema, scope, expr, type, &done);
        if (done)
            return value;
        if (expr->kind == EXPR_NAME && (categories || words) && !scope_find(scope, expr->name.text))
            return unknown_word(sema, scope, expr->name, type);
        if (expr->kind == EXPR_CALL && (categories || words) && !values)
            return unknown_word(sema, scope, expr->name, type);
    }
    /* objective = validation.loss */
    if (expr->kind == EXPR_FIELD && expr->a->kind == EXPR_NAME && categories && !values &&
        !scope_find(scope, expr->a->name.text)) {
        help_forms(sema,
                   diag_error(sema->diags, DIAG_WRONG_TYPE, expr->span, "%s must be %s", what,
                              type_text(sema, type)),
                   type);
        return value_error(expr->span);
    }
    Value value = eval(sema, scope, expr);
    if (value.kind == VALUE_ERROR)
        return value;
    if (words && value.kind == VALUE_STRING && expr->kind != EXPR_STRING)
        EACH_ATOM(type, atom)
    if (atom_is(&atom, "word") && word_in(&atom, value_text(sema->arena, &value)))
        return value;
    EACH_ATOM(type, atom)
    if (value_fits(&value, &atom, type))
        return value;
    return mistyped(sema, &value, expr->span, type, what);
}
