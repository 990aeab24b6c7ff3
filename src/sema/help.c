/* help.c: what a name means, told to a person: the REPL's `help NAME`. All of it comes from the
 * tables and from the declarations themselves. */
#include "sema/verbs.h"

static void print_row(Sema *sema, const Form *form, FILE *out)
{
    form = form_ready(sema, form);
    fprintf(out, "%s %s", category_noun(form->category), form->name);
    for (size_t i = 0; i < form->arg_count; i++) {
        const ArgSpec *a = &form->args[i];
        fprintf(out, "%s%s: %s", i ? ", " : "(", a->name, a->type);
        if (a->fallback)
            fprintf(out, " = %s", a->fallback);
    }
    fprintf(out, "%s\n  %s\n", form->arg_count ? ")" : "", form->help);
}

/* The first byte of the lines of comment right above this one. */
static uint32_t comment_above(const SourceFile *file, uint32_t begin)
{
    const char *text = file->text;
    while (begin) {
        uint32_t line = begin - 1;
        while (line && text[line - 1] != '\n')
            line--;
        if (text[line] != '#')
            break;
        begin = line;
    }
    return begin;
}

static void print_declaration(const Form *form, FILE *out)
{
    Span span = form->decl->span;
    uint32_t begin = comment_above(span.file, span.begin);
    fprintf(out, "%.*s\n", (int)(span.end - begin), span.file->text + begin);
}

static bool print_form(Sema *sema, const Form *form, FILE *out)
{
    if (!form)
        return false;
    if (form->decl)
        print_declaration(form, out);
    else
        print_row(sema, form, out);
    return true;
}

void sema_each_argument(Sema *sema, const char *name,
                        void (*visit)(void *context, const char *name, const char *help),
                        void *context)
{
    name = intern_cstr(sema->names, name);
    for (int c = 0; c < FORM_CATEGORY_COUNT; c++) {
        const Form *form = name_map_get(&sema->forms[c], name);
        if (!form)
            form = name_map_get(&sema->prelude[c], name);
        if (!form)
            form = form_ready(sema, name_map_get(&sema->rows[c], name));
        for (size_t i = 0; form && i < form->arg_count; i++) {
            visit(context, form->args[i].name,
                  form->args[i].type ? form->args[i].type : "an argument");
        }
    }
}

static void print_setting(const struct SettingRow *row, const char *what, FILE *out)
{
    fprintf(out, "key of %s: %s: %s%s%s\n  %s\n", what, row->key, row->type,
            row->fallback ? " = " : "", row->fallback ? row->fallback : "", row->help);
}

static bool print_settings(Sema *sema, const char *key, FILE *out)
{
    bool found = false;
    for (int table = 0; table < TABLE_NONE; table++) {
        Checked keys = checked_new(sema, (SettingTable)table, (Span){ 0 });
        int row = checked_find(&keys, key);
        if (row < 0)
            continue;
        print_setting(&keys.rows[row], setting_table_name((SettingTable)table), out);
        found = true;
    }
    return found;
}

static bool print_verb(Sema *sema, const char *name, FILE *out)
{
    Verb verb = verb_find(name);
    if (verb == VERB_COUNT)
        return false;
    fprintf(out, "action: %s\n", verb_row(verb)->form);
    Checked keys = checked_new(sema, verb_row(verb)->table, (Span){ 0 });
    for (size_t i = 0; i < keys.count; i++) {
        fprintf(out, "  %s: %s%s%s\n      %s\n", keys.rows[i].key, keys.rows[i].type,
                keys.rows[i].fallback ? " = " : "",
                keys.rows[i].fallback ? keys.rows[i].fallback : "", keys.rows[i].help);
    }
    return true;
}

/* All names of a category, by its noun or plural: `help optimizers`. */
static bool print_category(Sema *sema, const char *word, FILE *out)
{
    for (int c = 0; c < FORM_CATEGORY_COUNT; c++) {
        if (strcmp(word, category_noun((FormCategory)c)) &&
            strcmp(word, category_plural((FormCategory)c))) {
            continue;
        }
        NameList names = { 0 };
        list_forms(sema, (FormCategory)c, &names);
        if (!names.len)
            continue;
        fprintf(out, "%s: %s\n", category_plural((FormCategory)c),
                name_list_text(sema->arena, names.data, names.len));
        return true;
    }
    return false;
}

/* What a declaration looks like, by its word. */
static bool print_declaration_form(Sema *sema, const char *word, FILE *out)
{
    static const struct {
        const char *word, *form, *help;
        SettingTable table;
    } rows[] = {
        { "data", "data NAME { source = csv(\"f.csv\", target = \"y\"), test = 20% }",
          "samples, and how they are split and prepared; the keys:", TABLE_DATA },
        { "recipe", "recipe NAME { epochs = 10, optimizer = adam(lr = 1e-3) }",
          "how to train; the keys:", TABLE_RECIPE },
        { "model", "model NAME { dense(32) -> relu -> dense(classes) }",
          "a network: layers joined by '->', or a line each; `help layers` lists them",
          TABLE_NONE },
        { "block", "block NAME(channels, stride = 1) { conv(channels, 3) -> relu }",
          "layers that are used like one, with weights of its own each time", TABLE_NONE },
        { "fn", "fn swish(x, beta = 1) = x / (1 + exp(-beta * x))",
          "a function of one value is an activation, of two (prediction, target) a loss",
          TABLE_NONE },
        { "param", "param width = 64 in choice(32, 64, 128)",
          "a constant that --set overrides and `tune` searches", TABLE_NONE },
        { "optimizer", "optimizer NAME(lr = 0.01) { w = w - lr * g }",
          "an update of a weight w by its gradient g; values that live on are `state m = 0`",
          TABLE_NONE },
        { "schedule", "schedule NAME(over) = lr * 0.1 ^ (step / over)",
          "the learning rate from lr, step, steps, epoch, epochs and progress", TABLE_NONE },
        { "import", "import \"blocks.nn\"", "the declarations of another file", TABLE_NONE },
        { "weight", "weight table[n, m] = normal(0.1)", "a learned tensor of a model's own",
          TABLE_NONE },
        { "layer", "layer enc = dense(32)", "a layer whose uses in a model share its weights",
          TABLE_NONE },
        { "repeat", "repeat i in 1..3 { dense(32) -> relu }", "layers several times", TABLE_NONE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].word, word) != 0)
            continue;
        fprintf(out, "%s\n  %s\n", rows[i].form, rows[i].help);
        if (rows[i].table == TABLE_NONE)
            return true;
        Checked keys = checked_new(sema, rows[i].table, (Span){ 0 });
        for (size_t k = 0; k < keys.count; k++)
            fprintf(out, "  %-18s %s\n", keys.rows[k].key, keys.rows[k].help);
        return true;
    }
    return false;
}

bool sema_help(Sema *sema, const char *name, FILE *out)
{
    name = intern_cstr(sema->names, name);
    const Symbol *symbol = name_map_get(&sema->symbols, name);
    bool found = print_verb(sema, name, out);
    found |= print_declaration_form(sema, name, out);
    for (int c = 0; c < FORM_CATEGORY_COUNT; c++) {
        const Form *declared = name_map_get(&sema->forms[c], name);
        if (!declared)
            declared = name_map_get(&sema->prelude[c], name);
        found |= print_form(sema, declared ? declared : name_map_get(&sema->rows[c], name), out);
    }
    found |= print_settings(sema, name, out);
    if (symbol && !symbol->is_result) {
        fprintf(out, "%s %s = %s\n", symbol->is_param ? "param" : "constant", name,
                value_text(sema->arena, &symbol->value));
        found = true;
    }
    return found | print_category(sema, name, out);
}

static bool list_line(Sema *sema, const char *what, const NameMap *map, FILE *out)
{
    NameList names = { 0 };
    name_list_add_map(sema->arena, &names, map);
    if (names.len)
        fprintf(out, "%s: %s\n", what, name_list_text(sema->arena, names.data, names.len));
    return names.len > 0;
}

bool sema_list_declared(Sema *sema, bool (*is_there)(void *context, const char *result),
                        void *context, FILE *out)
{
    bool some = false;
    for (size_t i = 0; i < sema->symbols.len; i++) {
        const Symbol *symbol = sema->symbols.values[i];
        if (symbol->is_result && !is_there(context, symbol->name))
            continue;
        if (symbol->is_result) {
            fprintf(out, "result %s\n", symbol->name);
        } else {
            fprintf(out, "%s%s = %s\n", symbol->is_param ? "param " : "", symbol->name,
                    value_text(sema->arena, &symbol->value));
        }
        some = true;
    }
    for (int c = 0; c < FORM_CATEGORY_COUNT; c++)
        some |= list_line(sema, category_plural((FormCategory)c), &sema->forms[c], out);
    some |= list_line(sema, "data", &sema->data, out);
    return list_line(sema, "recipes", &sema->recipes, out) || some;
}
