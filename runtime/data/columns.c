/* columns.c: what each column of a table is for (columns.h). */
#include "data/columns.h"
#include "data/form.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 400 };

static bool item_means(const json_t *item, const nnrt_table *table, size_t column)
{
    const char *pattern = json_string_value(item), *name = table->column[column].name;

    if (pattern)
        return name && nnrt_pattern_meets(pattern, name);
    return json_is_integer(item) && json_integer_value(item) == (json_int_t)column;
}

bool nnrt_column_is_listed(const json_t *form, const char *key, const nnrt_table *table,
                           size_t column)
{
    const json_t *list = json_object_get(form, key), *item;
    size_t i;

    json_array_foreach (list, i, item)
        if (item_means(item, table, column))
            return true;
    return false;
}

bool nnrt_text_is_kept(const json_t *form, const nnrt_table *table, size_t column)
{
    return item_means(json_object_get(form, "id"), table, column) ||
           nnrt_column_is_listed(form, "keep", table, column);
}

/* ---- what meets no column ---- */

static bool no_such_column(const nnrt_table *table, const json_t *item, const char *key,
                           nnrt_error *e)
{
    const char *name = json_string_value(item);
    char there[LISTED];

    e->setting = NULL;
    if (!name) {
        return nnrt_fail(e, NNRT_FILES, "no-such-column",
                         "%s: has no column %g, which '%s' names: its %zu columns are numbered "
                         "from 0",
                         table->file, json_number_value(item), key, table->columns);
    }
    if (!table->header) {
        return nnrt_fail(e, NNRT_FILES, "no-such-column",
                         "%s: has no header, so no column '%.80s', which '%s' names", table->file,
                         name, key);
    }
    return nnrt_fail(e, NNRT_FILES, "no-such-column",
                     "%s: has no column '%.80s', which '%s' names; its columns: %s", table->file,
                     name, key, nnrt_table_list(table, there, sizeof there));
}

/* Every item of these lists must meet a column. */
static bool check_lists(const json_t *form, const nnrt_table *table, nnrt_error *e)
{
    static const char *const keys[] = { "columns", "drop", "categorical" };

    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const json_t *list = json_object_get(form, keys[k]), *item;
        size_t i;

        json_array_foreach (list, i, item) {
            bool met = false;
            for (size_t j = 0; j < table->columns && !met; j++)
                met = item_means(item, table, j);
            if (!met)
                return no_such_column(table, item, keys[k], e);
        }
    }
    return true;
}

/* ---- targets ---- */

static bool no_target(const nnrt_table *table, const char *name, size_t count, nnrt_error *e)
{
    char there[LISTED];

    if (!table->header) {
        return nnrt_fail(e, NNRT_FILES, "bad-target",
                         "%s: has no header, so no column '%s': give the target's number, from 0",
                         table->file, name);
    }
    return nnrt_fail(e, NNRT_FILES, "bad-target",
                     count ? "%s: has more than one column '%s'; its columns: %s"
                           : "%s: has no column '%s'; its columns: %s",
                     table->file, name, nnrt_table_list(table, there, sizeof there));
}

/* *column: what one target names; `columns` where it is not needed and not there. */
static bool find_target(const json_t *target, const nnrt_table *table, bool needed, size_t *column,
                        nnrt_error *e)
{
    size_t count;

    if (json_is_string(target)) {
        const char *name = json_string_value(target);
        *column = nnrt_table_find(table, name, &count);
        return *column < table->columns || !needed || no_target(table, name, count, e);
    }

    double number = json_number_value(target);
    bool there = number >= 0 && number < (double)table->columns && number == floor(number);
    *column = there ? (size_t)number : table->columns;
    return there || !needed ||
           nnrt_fail(e, NNRT_FILES, "bad-target",
                     "%s: has no column %g: its %zu columns are numbered from 0", table->file,
                     number, table->columns);
}

static bool find_targets(const json_t *form, const nnrt_table *table, bool needed, nnrt_uses *uses,
                         nnrt_error *e)
{
    const json_t *target = json_object_get(form, "target");
    size_t count = json_is_array(target) ? json_array_size(target) : 1;

    if (!needed && (!target || json_is_null(target)))
        return true;
    if (!json_is_string(target) && !json_is_number(target) && !json_array_size(target)) {
        return nnrt_fail(e, NNRT_SCRIPT, "missing-argument",
                         "%s: the source says no target: the name of a column, or its number "
                         "from 0",
                         table->file);
    }
    if (!(uses->target = calloc(count, sizeof *uses->target)))
        return nnrt_no_memory_for(e, table->file);

    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(target) ? json_array_get(target, i) : target;
        size_t column;
        if (!find_target(one, table, needed, &column, e))
            return false;
        if (column < table->columns)
            uses->target[uses->targets++] = column;
    }
    return true;
}

/* ---- all uses ---- */

/* The column under a key with one name or number; absent: `columns`. */
static bool find_single(const json_t *form, const char *key, const nnrt_table *table,
                        size_t *column, nnrt_error *e)
{
    const json_t *item = json_object_get(form, key);

    *column = table->columns;
    if (!json_is_string(item) && !json_is_number(item))
        return true;
    for (size_t j = 0; j < table->columns && *column == table->columns; j++)
        if (item_means(item, table, j))
            *column = j;
    return *column < table->columns || no_such_column(table, item, key, e);
}

static bool is_target(const nnrt_uses *uses, size_t column)
{
    for (size_t i = 0; i < uses->targets; i++)
        if (uses->target[i] == column)
            return true;
    return false;
}

static void find_features(const json_t *form, const nnrt_table *table, nnrt_uses *uses)
{
    bool chosen = json_array_size(json_object_get(form, "columns")) > 0;

    for (size_t j = 0; j < table->columns; j++) {
        bool other = is_target(uses, j) || j == uses->id || j == uses->weight;
        uses->feature[j] = !other && !nnrt_column_is_listed(form, "drop", table, j) &&
                           (!chosen || nnrt_column_is_listed(form, "columns", table, j));
    }
}

static bool check_readable(const nnrt_table *table, const nnrt_uses *uses, nnrt_error *e)
{
    for (size_t j = 0; j < table->columns; j++) {
        const nnrt_column *c = &table->column[j];
        if (!c->unreadable ||
            !(uses->feature[j] || is_target(uses, j) || j == uses->id || j == uses->weight)) {
            continue;
        }
        nnrt_fail(e, NNRT_FILES, "bad-file", "%s: column '%.80s' %s, so it can't be used",
                  table->file, c->name ? c->name : "", c->unreadable);
        snprintf(e->help, sizeof e->help, "`drop = [\"%.80s\"]` leaves it out",
                 c->name ? c->name : "");
        return false;
    }
    return true;
}

bool nnrt_uses_find(const json_t *form, const nnrt_table *table, bool needs_target, nnrt_uses *uses,
                    nnrt_error *e)
{
    *uses = (nnrt_uses){ .feature = calloc(table->columns + 1, sizeof *uses->feature) };
    if (!uses->feature)
        return nnrt_no_memory_for(e, table->file);

    if (!check_lists(form, table, e) || !find_targets(form, table, needs_target, uses, e) ||
        !find_single(form, "id", table, &uses->id, e) ||
        !find_single(form, "weight", table, &uses->weight, e)) {
        return false;
    }
    find_features(form, table, uses);
    return check_readable(table, uses, e);
}

void nnrt_uses_see_targets(const json_t *form, const nnrt_table *table, nnrt_uses *uses)
{
    bool chosen = json_array_size(json_object_get(form, "columns")) > 0;

    for (size_t i = 0; i < uses->targets; i++) {
        size_t j = uses->target[i];
        uses->feature[j] = !table->column[j].is_text &&
                           !nnrt_column_is_listed(form, "drop", table, j) &&
                           (!chosen || nnrt_column_is_listed(form, "columns", table, j));
    }
}

void nnrt_uses_free(nnrt_uses *uses)
{
    free(uses->feature);
    free(uses->target);
    *uses = (nnrt_uses){ 0 };
}
