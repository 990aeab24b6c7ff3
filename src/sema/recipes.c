/* recipes.c: data and recipes: their settings, inheritance, and what their keys must fulfil
 * together. */
#include "sema/internal.h"

static void unknown_key(Sema *sema, const Checked *checked, const Setting *setting,
                        const char *what)
{
    NameList names = { 0 };
    list_keys(sema, checked, &names);
    diag_unknown(sema->diags, DIAG_UNKNOWN_KEY, setting->key.span, what, setting->key.text,
                 names.data, names.len);
}

/* A number alone is the shape of one row. */
static Value value_row(Sema *sema, const Value *number)
{
    Value value = { .kind = VALUE_SHAPE,
                    .count = 1,
                    .dims = ARENA_ARRAY(sema->arena, int64_t, 1),
                    .span = number->span };
    value.dims[0] = (int64_t)number->number;
    return value;
}

static const DataDecl *data_decl(Sema *sema, const Stmt *stmt, Checked settings)
{
    DataDecl *decl = ARENA_NEW(sema->arena, DataDecl);
    *decl = (DataDecl){ .name = stmt->name.text,
                        .span = stmt->span,
                        .name_span = stmt->name.span,
                        .settings = settings };
    return decl;
}

/* Samples come from 'source', or from 'train'. */
static void check_sources(Sema *sema, const Checked *checked, Name name, bool misnamed)
{
    bool source = setting_given(checked, "source"), train = setting_given(checked, "train");
    if (source && train) {
        Diagnostic *d = diag_error(sema->diags, DIAG_REPEATED_KEY, setting_span(checked, "train"),
                                   "data '%s' has both 'source' and 'train'", name.text);
        diag_help(sema->diags, d,
                  "'source' is split into parts; 'train' goes with a 'test' of its own");
    } else if (!source && !train && !misnamed && !setting_given(checked, "new")) {
        Diagnostic *d = diag_error(sema->diags, DIAG_MISSING_ARGUMENT, name.span,
                                   "data '%s' has no 'source'", name.text);
        diag_help(sema->diags, d,
                  "write 'source = csv(\"file.csv\", target = \"column\")', or 'train = ...' and "
                  "'test = ...'");
    }
}

void declare_data(Sema *sema, const Stmt *stmt)
{
    const DataDecl *earlier = name_map_get(&sema->data, stmt->name.text);
    if (!declare_name(sema, &sema->data, stmt->name, "data",
                      earlier ? earlier->name_span : stmt->name.span)) {
        return;
    }

    size_t errors = sema->diags->errors;
    Checked checked = checked_new(sema, TABLE_DATA, stmt->name.span);
    bool misnamed = stmt->broken;
    for (size_t i = 0; i < stmt->settings.len; i++) {
        const Setting *one = &stmt->settings.data[i];
        int row = checked_find(&checked, one->key.text);
        if (row < 0) {
            unknown_key(sema, &checked, one, "key of data");
            misnamed = true;
        } else if (!report_repeated_key(sema, &stmt->settings, i)) {
            checked_set(sema, sema->globals, &checked, row, one);
        }
    }
    int shape = checked_find(&checked, "shape");
    if (checked.values[shape].kind == VALUE_NUMBER)
        checked.values[shape] = value_row(sema, &checked.values[shape]);
    check_sources(sema, &checked, stmt->name, misnamed);

    if (sema->repl && sema->diags->errors > errors)
        return;
    name_map_set(sema->arena, &sema->data, stmt->name.text, (void *)data_decl(sema, stmt, checked));
}

/* A length in this place replaces the one said elsewhere, whichever of the two it was. */
static void take_length(Sema *sema, Checked *recipe, const Setting *one, bool *seen_length)
{
    int other = checked_find(recipe, strcmp(one->key.text, "epochs") ? "epochs" : "steps");
    if (*seen_length && recipe->given[other]) {
        Diagnostic *d = diag_error(sema->diags, DIAG_REPEATED_KEY, one->key.span,
                                   "both 'epochs' and 'steps' are given");
        diag_help(sema->diags, d, "each says how long to train: keep one of them");
        return;
    }
    *seen_length = true;
    recipe->given[other] = false;
    recipe->values[other] = value_none(one->span);
}

void recipe_take(Sema *sema, const Scope *scope, Checked *recipe, const Settings *settings,
                 size_t only, bool *seen_length)
{
    const Setting *one = &settings->data[only];
    int row = checked_find(recipe, one->key.text);
    bool length = !strcmp(one->key.text, "epochs") || !strcmp(one->key.text, "steps");
    if (length)
        take_length(sema, recipe, one, seen_length);
    checked_set(sema, scope, recipe, row, one);
    /* epochs = none: the default again */
    if (length && recipe->values[row].kind == VALUE_NONE) {
        recipe->given[row] = false;
        recipe->values[checked_find(recipe, "epochs")] = value_number(10, true, one->span);
    }
}

/* What a recipe starts from: the defaults, or the recipe after `from`. */
static Checked base_settings(Sema *sema, const Stmt *stmt)
{
    Name name = stmt->base;
    const RecipeDecl *base = name.text ? name_map_get(&sema->recipes, name.text) : NULL;
    if (base)
        return checked_copy(sema, &base->settings);

    if (name.text && name.text == stmt->name.text) {
        diag_error(sema->diags, DIAG_RECURSION, name.span, "recipe '%s' is based on itself",
                   name.text);
    } else if (name.text && !may_be_declared_in_broken_text(sema, name.text)) {
        NameList names = { 0 };
        name_list_add_map(sema->arena, &names, &sema->recipes);
        report_unknown(sema, DIAG_UNKNOWN_RECIPE, name.span, "recipe", name.text, names.data,
                       names.len);
    }
    return checked_new(sema, TABLE_RECIPE, stmt->name.span);
}

void declare_recipe(Sema *sema, const Stmt *stmt)
{
    const RecipeDecl *earlier = name_map_get(&sema->recipes, stmt->name.text);
    if (!declare_name(sema, &sema->recipes, stmt->name, "recipe",
                      earlier ? earlier->span : stmt->name.span)) {
        return;
    }

    size_t errors = sema->diags->errors;
    Checked checked = base_settings(sema, stmt);
    bool seen_length = false;
    for (size_t i = 0; i < stmt->settings.len; i++) {
        const Setting *one = &stmt->settings.data[i];
        if (checked_find(&checked, one->key.text) < 0)
            unknown_key(sema, &checked, one, "key of a recipe");
        else if (!report_repeated_key(sema, &stmt->settings, i))
            recipe_take(sema, sema->globals, &checked, &stmt->settings, i, &seen_length);
    }

    if (sema->repl && sema->diags->errors > errors)
        return;
    RecipeDecl *decl = ARENA_NEW(sema->arena, RecipeDecl);
    *decl = (RecipeDecl){ .name = stmt->name.text, .span = stmt->name.span, .settings = checked };
    name_map_set(sema->arena, &sema->recipes, stmt->name.text, decl);
}

const DataDecl *sema_find_data(Sema *sema, const char *name)
{
    return name_map_get(&sema->data, intern_cstr(sema->names, name));
}
