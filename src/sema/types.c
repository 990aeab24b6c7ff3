/* types.c: the types of arguments and settings (types.h): which values fit one, and how a message
 * calls it. */
#include "sema/types.h"
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
    { "tokens", "a whole number from 3 to 16777216", true, 3, false, 16777216.0, false },
    { "side", "a whole number from 4 to 4096", true, 4, false, 4096, false },
    { "seed", "a whole number of at least 0", true, 0, false, 9007199254740992.0, false },
    { "folds", "a whole number of at least 2", true, 2, false, 9007199254740992.0, false },
    { "positive", "a number above 0", false, 0, true, INFINITY, true },
    { "nonnegative", "a number of at least 0", false, 0, false, INFINITY, true },
    { "decay", "a number of at least 0 and below 1", false, 0, false, 1, true },
    { "rate", "a number from 0 to 1", false, 0, false, 1, false },
    { "between", "a number above 0 and below 1", false, 0, true, 1, true },
    { "fraction", "a share of at least 0 and below 1 (100%)", false, 0, false, 1, true },
};

bool next_atom(const char **at, const char *end, Atom *atom)
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

bool atom_is(const Atom *atom, const char *name)
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

bool next_word(const Atom *words, size_t *at, const char **word, size_t *length)
{
    if (*at >= words->inner_length)
        return false;
    *word = words->inner + *at;
    *length = 0;
    while (*at + *length < words->inner_length && (*word)[*length] != '|')
        ++*length;
    *at += *length + 1;
    return true;
}

bool atom_is_number(const Atom *atom)
{
    return atom_numbers(atom) != NULL;
}

bool type_has(const char *type, const char *name)
{
    Atom atom;
    EACH_ATOM(type, atom)
    {
        if (atom_is(&atom, name))
            return true;
    }
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
    {
        if (atom_numbers(&atom))
            return true;
    }
    return false;
}

static bool is_whole(const Value *v, double low)
{
    return v->kind == VALUE_NUMBER && v->number >= low && v->number == floor(v->number);
}

bool value_fits(const Value *v, const Atom *atom, const char *type)
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
    if (atom_is(atom, "window"))
        return v->kind == VALUE_SHAPE ? dims_fit(v, 1) : is_whole(v, 1);
    if (atom_is(atom, "padding"))
        return v->kind == VALUE_SHAPE ? dims_fit(v, 0) : is_whole(v, 0);
    if (atom_is(atom, "tensor") || atom_is(atom, "tensors")) {
        return (v->kind == VALUE_LATER && v->tensor) ||
               (v->kind == VALUE_NUMBER && !has_numbers(type));
    }

    int category = category_by_name(atom->name, atom->length);
    return category >= 0 && v->kind == VALUE_CALL &&
           v->call->form->category == (FormCategory)category;
}

/* ---- types in words ---- */

static const char *list_text(Sema *sema, const Atom *list)
{
    Atom inner;
    const char *at = list->inner;
    if (next_atom(&at, list->inner + list->inner_length, &inner)) {
        int items = category_by_name(inner.name, inner.length);
        if (items >= 0) {
            return arena_printf(sema->arena, "a list of %s in [ ]",
                                category_plural((FormCategory)items));
        }
    }
    return "a list in [ ]";
}

/* word(a|b): "a, b" */
static const char *words_text(Sema *sema, const Atom *words)
{
    char *text = arena_printf(sema->arena, "%s", "");
    const char *word;
    size_t length;
    for (size_t at = 0; next_word(words, &at, &word, &length);)
        text = arena_printf(sema->arena, "%s%s%.*s", text, *text ? ", " : "", (int)length, word);
    return text;
}

static const char *atom_text(Sema *sema, const Atom *atom)
{
    static const struct {
        const char *name, *text;
    } plain[] = {
        { "bool", "true or false" },
        { "string", "a text in quotes" },
        { "none", "none" },
        { "shape", "a shape such as 1x28x28" },
        { "window", "a whole number of at least 1, or a shape such as 3x3" },
        { "padding", "a whole number of at least 0, or a shape such as 1x1" },
        { "tensor", "a value of the network" },
        { "tensors", "a value of the network" },
        { "monitor", "the name of a measure, such as validation.loss" },
    };

    const Numbers *kind = atom_numbers(atom);
    int category = category_by_name(atom->name, atom->length);
    if (kind)
        return kind->says;
    if (category >= 0)
        return with_article(sema, category_noun((FormCategory)category));
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (atom_is(atom, plain[i].name))
            return plain[i].text;
    if (atom_is(atom, "list"))
        return list_text(sema, atom);
    return atom_is(atom, "word") ? words_text(sema, atom) : "a value";
}

const char *type_text(Sema *sema, const char *type)
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

void help_forms(Sema *sema, Diagnostic *d, const char *type)
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

/* Whether the value is of a right kind, so that only its size is wrong. */
static bool is_out_of_range(const Value *v, const char *type)
{
    Atom atom;
    bool kind_ok = false, whole = false;
    EACH_ATOM(type, atom)
    {
        const Numbers *numbers_of = atom_numbers(&atom);
        bool window = atom_is(&atom, "window") || atom_is(&atom, "padding");
        if (v->kind == VALUE_NUMBER)
            kind_ok |= numbers_of || window;
        if (v->kind == VALUE_SHAPE)
            kind_ok |= window || atom_is(&atom, "shape");
        whole |= window || (numbers_of && numbers_of->whole);
    }
    bool fraction = v->kind == VALUE_NUMBER && v->number != floor(v->number);
    return kind_ok && !(whole && fraction);
}

/* "adam" where adam is meant: a form's name, here or elsewhere, between quotes. */
static void help_quoted(Sema *sema, Diagnostic *d, const Value *v, const char *type)
{
    Atom atom;
    const char *name = value_text(sema->arena, v);
    EACH_ATOM(type, atom)
    {
        int category = category_by_name(atom.name, atom.length);
        if (category < 0 || category == FORM_MODEL)
            continue;
        if (find_form(sema, (FormCategory)category, intern_cstr(sema->names, name))) {
            diag_help(sema->diags, d, "write it without quotes: %.80s", name);
            return;
        }
        const char *instead = said_elsewhere(category_diag((FormCategory)category), name, NULL, 0);
        if (instead) {
            diag_help(sema->diags, d, "%s, without quotes", instead);
            return;
        }
    }
}

void report_mistyped(Sema *sema, const Value *v, Span span, const char *type, const char *what)
{
    if (v->kind == VALUE_LATER) {
        if (v->tensor)
            report_tensor(sema, span);
        else
            report_not_constant(sema, span);
        return;
    }
    bool range = is_out_of_range(v, type);
    Diagnostic *d =
        diag_error(sema->diags, range ? DIAG_OUT_OF_RANGE : DIAG_WRONG_TYPE, span,
                   "%s must be %s, but is %s%s", what, type_text(sema, type), found_text(sema, v),
                   range && v->kind == VALUE_SHAPE ? ", and a shape's sides are at least 1" : "");
    if (v->kind == VALUE_STRING)
        help_quoted(sema, d, v, type);
    help_forms(sema, d, type);
}
