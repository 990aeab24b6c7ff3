/* settings.c: the rows of settings.def, and settings in braces checked against them. */
#include "sema/internal.h"
#include <stdio.h>
#include <stdlib.h>

static const struct SettingRow rows[] = {
#define SETTING(table, key, type, fallback, help) { #key, type, fallback, help },
#include "sema/settings.def"
#undef SETTING
};

static const SettingTable row_tables[] = {
#define SETTING(table, key, type, fallback, help) TABLE_##table,
#include "sema/settings.def"
#undef SETTING
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

const char *setting_table_name(SettingTable table)
{
    static const char *const names[] = {
        [TABLE_DATA] = "data",         [TABLE_RECIPE] = "recipes",
        [TABLE_EVALUATE] = "evaluate", [TABLE_PREDICT] = "predict",
        [TABLE_GENERATE] = "generate", [TABLE_CROSSVALIDATE] = "crossvalidate",
        [TABLE_TUNE] = "tune",         [TABLE_BAG] = "bag",
        [TABLE_BOOST] = "boost",       [TABLE_PRUNE] = "prune",
        [TABLE_FREEZE] = "freeze",     [TABLE_MINIMIZE] = "minimize",
        [TABLE_LOAD] = "load",
    };
    return names[table];
}

Checked checked_new(Sema *sema, SettingTable table, Span span)
{
    Checked checked = { .span = span };
    size_t first = 0;
    while (first < ROW_COUNT && row_tables[first] != table)
        first++;
    while (first + checked.count < ROW_COUNT && row_tables[first + checked.count] == table)
        checked.count++;
    checked.rows = rows + (checked.count ? first : 0);
    checked.values = ARENA_ARRAY(sema->arena, Value, checked.count + 1);
    checked.given = ARENA_ARRAY(sema->arena, bool, checked.count + 1);
    checked.key_spans = ARENA_ARRAY(sema->arena, Span, checked.count + 1);
    for (size_t i = 0; i < checked.count; i++) {
        checked.values[i] =
            checked.rows[i].fallback
                ? fallback_value(sema, checked.rows[i].fallback, checked.rows[i].type, span)
                : value_none(span);
        checked.key_spans[i] = span;
    }
    return checked;
}

Checked checked_copy(Sema *sema, const Checked *checked)
{
    Checked copy = *checked;
    copy.values =
        arena_dup(sema->arena, checked->values, (checked->count + 1) * sizeof *copy.values);
    copy.given = arena_dup(sema->arena, checked->given, (checked->count + 1) * sizeof *copy.given);
    copy.key_spans =
        arena_dup(sema->arena, checked->key_spans, (checked->count + 1) * sizeof *copy.key_spans);
    return copy;
}

int checked_find(const Checked *checked, const char *key)
{
    for (size_t i = 0; i < checked->count; i++)
        if (!strcmp(checked->rows[i].key, key))
            return (int)i;
    return -1;
}

void list_keys(Sema *sema, const Checked *checked, NameList *out)
{
    for (size_t i = 0; i < checked->count; i++)
        name_list_add(sema->arena, out, checked->rows[i].key);
}

static int row_index(const Checked *checked, const char *key)
{
    int row = checked_find(checked, key);
    if (row >= 0)
        return row;
    fprintf(stderr, "nnc: internal error: no setting '%s'\n", key);
    abort();
}

const Value *setting(const Checked *checked, const char *key)
{
    return &checked->values[row_index(checked, key)];
}

bool checked_has(const Checked *checked, const char *key)
{
    return checked_find(checked, key) >= 0;
}

bool setting_given(const Checked *checked, const char *key)
{
    return checked->given[row_index(checked, key)];
}

Span setting_span(const Checked *checked, const char *key)
{
    return checked->key_spans[row_index(checked, key)];
}

void checked_set(Sema *sema, const Scope *scope, Checked *checked, int row, const Setting *setting)
{
    const struct SettingRow *r = &checked->rows[row];
    Value value =
        eval_as(sema, scope, setting->value, r->type, arena_printf(sema->arena, "'%s'", r->key));
    checked->values[row] = value;
    checked->given[row] = true;
    checked->key_spans[row] = setting->span;
}

bool report_repeated_key(Sema *sema, const Settings *settings, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (settings->data[j].key.text == settings->data[i].key.text) {
            Diagnostic *d = diag_error(sema->diags, DIAG_REPEATED_KEY, settings->data[i].key.span,
                                       "'%s' is given twice", settings->data[i].key.text);
            diag_note(sema->diags, d, settings->data[j].key.span, "first given here");
            return true;
        }
    }
    return false;
}
