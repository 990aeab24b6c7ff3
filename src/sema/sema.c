/* sema.c: a session of semantic analysis: statements in their order, each handed to the file that
 * knows its kind. */
#include "sema/internal.h"
#include "sema/prelude.h"
#include <ctype.h>

Sema *sema_new(Arena *arena, Interner *names, Diagnostics *diags)
{
    Sema *sema = ARENA_NEW(arena, Sema);
    sema->arena = arena;
    sema->names = names;
    sema->diags = diags;
    sema->globals = ARENA_NEW(arena, Scope);
    sema->globals->sema = sema;
    sema->globals->kind = SCOPE_GLOBAL;
    sema->word.in = intern_cstr(names, "in");
    sema->word.in_channels = intern_cstr(names, "in.channels");
    sema->word.in_features = intern_cstr(names, "in.features");
    sema->word.in_shape = intern_cstr(names, "in.shape");
    sema->word.classes = intern_cstr(names, "classes");
    sema->word.vocabulary = intern_cstr(names, "vocabulary");
    sema->word.features = intern_cstr(names, "features");
    sema->word.shape = intern_cstr(names, "shape");
    sema->word.train = intern_cstr(names, "train");
    sema->word.validation = intern_cstr(names, "validation");
    sema->word.test = intern_cstr(names, "test");
    tables_add_rows(sema);
    return sema;
}

void sema_load_prelude(Sema *sema)
{
    bool repl = sema->repl;
    sema->in_prelude = true;
    sema->repl = false;
    for (size_t i = 0; i < prelude_file_count; i++) {
        const char *text = prelude_files[i].text;
        SourceFile *file = source_from_text(sema->arena, prelude_files[i].path, text, strlen(text));
        check_statements(sema, parse_file(sema->arena, sema->names, sema->diags, file), NULL);
    }
    sema->in_prelude = false;
    sema->repl = repl;
}

void sema_set_repl(Sema *sema, bool repl)
{
    sema->repl = repl;
}

Arena *sema_arena(Sema *sema)
{
    return sema->arena;
}

Diagnostics *sema_diagnostics(Sema *sema)
{
    return sema->diags;
}

Interner *sema_names(Sema *sema)
{
    return sema->names;
}

const Scope *sema_globals(Sema *sema)
{
    return sema->globals;
}

Diagnostic *report_unknown(Sema *sema, DiagId id, Span span, const char *what, const char *name,
                           const char *const *accepted, size_t count)
{
    const Script *script = sema->script;
    Diagnostic *d = diag_unknown(sema->diags, id, span, what, name, accepted, count);
    for (size_t i = 0; script && script->file == span.file && i < script->len; i++) {
        const Name *declared = &script->data[i]->name;
        uint32_t line, column;
        if (declared->text != name || declared->span.begin < span.begin)
            continue;
        source_position(script->file, declared->span.begin, &line, &column);
        diag_help(sema->diags, d,
                  "'%s' is declared below, on line %u: a declaration must come before its uses",
                  name, line);
        break;
    }
    return d;
}

void help_declared(Sema *sema, Diagnostic *to, const char *kinds, const NameMap *map)
{
    NameList names = { 0 };
    name_list_add_map(sema->arena, &names, map);
    if (names.len) {
        diag_help(sema->diags, to, "declared %s: %s", kinds,
                  name_list_text(sema->arena, names.data, names.len));
    }
}

bool declare_name(Sema *sema, NameMap *map, Name name, const char *kind, Span earlier)
{
    if (!name_map_get(map, name.text) || sema->repl)
        return true;
    Diagnostic *d = diag_error(sema->diags, DIAG_REPEATED_NAME, name.span,
                               "%s '%s' is already declared", kind, name.text);
    diag_note(sema->diags, d, earlier, "first declared here");
    return false;
}

bool symbol_add(Sema *sema, Name name, Value value, Symbol **out)
{
    Symbol *earlier = name_map_get(&sema->symbols, name.text);
    const char *kind = earlier && earlier->is_param ? "param" : "constant";
    if (earlier && earlier->is_result)
        kind = "result";
    if (earlier && !declare_name(sema, &sema->symbols, name, kind, earlier->span))
        return false;

    Symbol *symbol = ARENA_NEW(sema->arena, Symbol);
    *symbol = (Symbol){ .name = name.text, .span = name.span, .value = value };
    name_map_set(sema->arena, &sema->symbols, name.text, symbol);
    *out = symbol;
    return true;
}

void declare_const(Sema *sema, const Stmt *stmt)
{
    Symbol *symbol;
    Value value = eval(sema, sema->globals, stmt->value);
    if (sema->repl && value_failed(&value))
        return;
    symbol_add(sema, stmt->name, value, &symbol);
}

static void import_only_declares(Sema *sema, const Stmt *stmt)
{
    Diagnostic *d = diag_error(sema->diags, DIAG_IMPORT_ACTION, stmt->span,
                               "an imported file may only declare things, but this is an action");
    diag_help(sema->diags, d, "move it into the script that is run");
}

void check_statements(Sema *sema, const Script *script, CheckedScript *out)
{
    static void (*const declare[])(Sema *, const Stmt *) = {
        [STMT_CONST] = declare_const,        [STMT_PARAM] = declare_param,
        [STMT_FN] = declare_function,        [STMT_SCHEDULE] = declare_function,
        [STMT_OPTIMIZER] = declare_function, [STMT_DATA] = declare_data,
        [STMT_RECIPE] = declare_recipe,      [STMT_BLOCK] = declare_block,
        [STMT_MODEL] = declare_block,        [STMT_IMPORT] = check_import,
    };
    VEC(CheckedAction *) actions = { 0 };

    const Script *outer = sema->script;
    sema->script = script;
    for (size_t i = 0; script && i < script->len; i++) {
        const Stmt *stmt = script->data[i];
        sema->calls = 0;
        if (stmt->kind != STMT_ACTION) {
            declare[stmt->kind](sema, stmt);
        } else if (sema->in_import || sema->in_prelude) {
            import_only_declares(sema, stmt);
        } else {
            CheckedAction *action = check_action(sema, stmt);
            if (action)
                vec_push(sema->arena, &actions, action);
        }
    }
    sema->script = outer;

    if (out)
        *out = (CheckedScript){ actions.data, actions.len };
}

CheckedScript *sema_check(Sema *sema, const Script *script)
{
    CheckedScript *checked = ARENA_NEW(sema->arena, CheckedScript);
    sema->broken.len = 0;
    for (size_t i = 0; i < sema->diags->list.len; i++) {
        if (script->file && sema->diags->list.data[i]->severity == SEVERITY_ERROR &&
            sema->diags->list.data[i]->span.file == script->file) {
            vec_push(sema->arena, &sema->broken, script->file);
            break;
        }
    }
    remember_script(sema, script->file);
    check_statements(sema, script, checked);
    return checked;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool declares(const SourceFile *file, size_t at, size_t length)
{
    static const char *const words[] = { "param",    "data",   "fn",    "optimizer",
                                         "schedule", "block",  "model", "recipe",
                                         "layer",    "weight", "as" };
    const char *text = file->text;
    size_t end = at, begin, next = at + length;
    while (end && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    for (begin = end; begin && is_word(text[begin - 1]); begin--)
        continue;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (end - begin == strlen(words[i]) && end < at &&
            !memcmp(text + begin, words[i], end - begin)) {
            return true;
        }
    }
    while (next < file->length && (text[next] == ' ' || text[next] == '\t'))
        next++;
    return (!end || text[end - 1] == '\n') && next < file->length && text[next] == '=' &&
           text[next + 1] != '=';
}

/* After a syntax error the statement that declares a name may be lost; its uses are then no
 * mistakes of their own. */
bool may_be_declared_in_broken_text(Sema *sema, const char *name)
{
    enum { MOST_SEARCHES = 500 };

    size_t length = strlen(name);
    for (size_t i = 0; i < sema->broken.len; i++) {
        const SourceFile *file = sema->broken.data[i];
        if (sema->searches++ > MOST_SEARCHES)
            return false;
        for (const char *at = file->text, *end = file->text + file->length;
             (at = memmem(at, (size_t)(end - at), name, length)); at++) {
            size_t offset = (size_t)(at - file->text);
            bool whole = (!offset || !is_word(at[-1])) && !is_word(at[length]);
            if (whole && declares(file, offset, length))
                return true;
        }
    }
    return false;
}

void sema_each_name(Sema *sema, void (*visit)(void *context, const char *name, const char *help),
                    void *context)
{
    for (int c = 0; c < FORM_CATEGORY_COUNT; c++) {
        const NameMap *maps[] = { &sema->rows[c], &sema->prelude[c], &sema->forms[c] };
        for (size_t m = 0; m < 3; m++) {
            for (size_t i = 0; i < maps[m]->len; i++)
                if (maps[m]->values[i])
                    visit(context, maps[m]->keys[i], ((const Form *)maps[m]->values[i])->help);
        }
    }
    for (size_t i = 0; i < sema->symbols.len; i++)
        visit(context, sema->symbols.keys[i], "a value");
    for (size_t i = 0; i < sema->data.len; i++)
        visit(context, sema->data.keys[i], "data");
    for (size_t i = 0; i < sema->recipes.len; i++)
        visit(context, sema->recipes.keys[i], "a recipe");
    for (int table = 0; table < TABLE_NONE; table++) {
        Checked keys = checked_new(sema, (SettingTable)table, (Span){ 0 });
        for (size_t i = 0; i < keys.count; i++)
            visit(context, keys.rows[i].key, keys.rows[i].help);
    }
}
