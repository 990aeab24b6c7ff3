/* tables.c: the rows of forms.def and ranges.def, categories.def, and the little language of their
 * signatures. Signatures are parsed when first needed. */
#include "sema/internal.h"
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
    FormCategory category;
    const char *name, *signature, *help;
} form_rows[] = {

#define FORM(category, name, signature, help) { FORM_##category, #name, signature, help },
#include "sema/forms.def"
#undef FORM
};

enum { FORM_ROW_COUNT = sizeof form_rows / sizeof form_rows[0] };

static const struct {
    FormCategory category;
    const char *parameter, *type;
    bool everywhere;
} ranges[] = {

#define RANGE(category, parameter, type, everywhere)                                               \
    { FORM_##category, #parameter, type, everywhere },
#include "sema/ranges.def"
#undef RANGE
};

static const struct {
    const char *id, *noun, *plural;
} categories[FORM_CATEGORY_COUNT] = {

#define CATEGORY(id, noun, plural) { #id, noun, plural },
#include "sema/categories.def"
#undef CATEGORY
};

/* Arguments of every layer that has weights. */
static const char weights_signature[] =
    "init: init = auto, bias_init: init = zeros, l1: nonnegative = 0, l2: nonnegative = 0, "
    "max_norm: positive|none = none, frozen: bool = false, name: string|none = none";

const char *category_noun(FormCategory category)
{
    return categories[category].noun;
}

const char *category_plural(FormCategory category)
{
    return categories[category].plural;
}

const char *with_article(Sema *sema, const char *noun)
{
    return arena_printf(sema->arena, "%s %s", strchr("aeiou", *noun) ? "an" : "a", noun);
}

DiagId category_diag(FormCategory category)
{
    switch (category) {
    case FORM_LAYER:
    case FORM_BLOCK: return DIAG_UNKNOWN_LAYER;
    case FORM_FN: return DIAG_UNKNOWN_FUNCTION;
    case FORM_MODEL: return DIAG_UNKNOWN_MODEL;
    case FORM_OPTIMIZER: return DIAG_UNKNOWN_OPTIMIZER;
    case FORM_SCHEDULE: return DIAG_UNKNOWN_SCHEDULE;
    case FORM_LOSS: return DIAG_UNKNOWN_LOSS;
    case FORM_SOURCE: return DIAG_UNKNOWN_SOURCE;
    case FORM_METRIC: return DIAG_UNKNOWN_METRIC;
    case FORM_INIT: return DIAG_UNKNOWN_INIT;
    default: return DIAG_UNKNOWN_WORD;
    }
}

int category_by_name(const char *text, size_t length)
{
    for (int i = 0; i < FORM_CATEGORY_COUNT; i++) {
        if (i != FORM_WORD && strlen(categories[i].id) == length &&
            !strncasecmp(categories[i].id, text, length)) {
            return i;
        }
    }
    return -1;
}

const char *range_of(FormCategory category, const char *parameter, bool prelude)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (ranges[i].category == category && !strcmp(ranges[i].parameter, parameter) &&
            (prelude || ranges[i].everywhere)) {
            return ranges[i].type;
        }
    }
    return NULL;
}

void tables_add_rows(Sema *sema)
{
    FormRow *rows = ARENA_ARRAY(sema->arena, FormRow, FORM_ROW_COUNT);
    for (int i = 0; i < FORM_ROW_COUNT; i++) {
        rows[i].form = (Form){ .category = form_rows[i].category,
                               .name = intern_cstr(sema->names, form_rows[i].name),
                               .help = form_rows[i].help,
                               .row = i };
        rows[i].signature = form_rows[i].signature;
        name_map_set(sema->arena, &sema->rows[form_rows[i].category], rows[i].form.name,
                     &rows[i].form);
    }
}

/* The end of a part: at a top-level comma or the text's end. */
static const char *part_end(const char *at)
{
    int depth = 0;
    bool quoted = false;
    for (; *at; at++)
        if (*at == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (*at == '(' || *at == '[')
            depth++;
        else if (*at == ')' || *at == ']')
            depth--;
        else if (*at == ',' && !depth)
            break;
    return at;
}

static const char *trimmed(Arena *arena, const char *begin, const char *end)
{
    while (begin < end && isspace((unsigned char)*begin))
        begin++;
    while (end > begin && isspace((unsigned char)end[-1]))
        end--;
    return arena_strndup(arena, begin, (size_t)(end - begin));
}

typedef VEC(ArgSpec) ArgSpecs;

static void parse_signature(Sema *sema, const char *signature, ArgSpecs *out)
{
    for (const char *at = signature; *at;) {
        const char *end = part_end(at);
        while (isspace((unsigned char)*at))
            at++;
        if (*at == '+') {
            parse_signature(sema, weights_signature, out);
        } else {
            const char *colon = strchr(at, ':'), *type_end = colon;
            while (type_end < end && *type_end != '=')
                type_end++;
            const char *name = trimmed(sema->arena, at, colon);
            ArgSpec spec = { .name = intern_cstr(sema->names, name),
                             .type = trimmed(sema->arena, colon + 1, type_end) };
            if (type_end < end)
                spec.fallback = trimmed(sema->arena, type_end + 1, end);
            vec_push(sema->arena, out, spec);
        }
        at = *end ? end + 1 : end;
    }
}

const Form *form_ready(Sema *sema, const Form *form)
{
    if (!form || form->row < 0)
        return form;
    FormRow *row = (FormRow *)form;
    if (row->parsed)
        return form;
    row->parsed = true;
    ArgSpecs specs = { 0 };
    parse_signature(sema, row->signature, &specs);
    row->form.args = specs.data;
    row->form.arg_count = specs.len;
    for (size_t i = 0; i < specs.len; i++) {
        if (specs.data[i].fallback) {
            specs.data[i].default_value =
                fallback_value(sema, specs.data[i].fallback, specs.data[i].type, (Span){ 0 });
        }
    }
    return form;
}

/* A name, with or without empty arguments: a form of one of the type's categories, else a word. */
static Value named_fallback(Sema *sema, const char *text, const char *type, Span span)
{
    size_t length = strcspn(text, "(");
    const char *name = intern(sema->names, text, length);
    for (const char *at = type; *at;) {
        size_t atom = strcspn(at, "|(");
        int category = category_by_name(at, atom);
        const Form *form = category >= 0 ? find_form(sema, (FormCategory)category, name) : NULL;
        if (form) {
            return (Value){ .kind = VALUE_CALL,
                            .call = call_with_defaults(sema, form, span),
                            .span = span };
        }
        at += atom;
        if (*at == '(')
            at += strcspn(at, ")");
        at += strcspn(at, "|");
        at += *at == '|';
    }
    return value_string(name, length, span);
}

Value fallback_value(Sema *sema, const char *text, const char *type, Span span)
{
    if (!strcmp(text, "none"))
        return value_none(span);
    if (!strcmp(text, "true") || !strcmp(text, "false"))
        return value_bool(*text == 't', span);
    if (isdigit((unsigned char)*text)) {
        char *end;
        double number = strtod(text, &end);
        bool whole = !strpbrk(text, ".e%");
        return value_number(*end == '%' ? number / 100 : number, whole, span);
    }
    if (*text == '"') {
        size_t length = strlen(text) - 2;
        return value_string(arena_strndup(sema->arena, text + 1, length), length, span);
    }
    return named_fallback(sema, text, type, span);
}
