/* csv_further.c: a validation or test file whose columns the training file has settled. */
#include "data/csv.h"
#include <stdlib.h>
#include <string.h>

static bool is_name_of(const nnrt_column *column, const csv_cell *cell)
{
    return strlen(column->name) == cell->length &&
           memcmp(column->name, cell->text, cell->length) == 0;
}

static void place_in_order(csv_load *l)
{
    for (size_t j = 0; j < l->table->columns; j++)
        l->place[j] = j;
}

/* The column of this name that has no place yet; else the first of this name; else `columns`. */
static size_t column_named(const nnrt_table *table, const csv_cell *cell, const bool *taken)
{
    size_t first = table->columns;
    for (size_t j = 0; j < table->columns; j++) {
        if (!is_name_of(&table->column[j], cell))
            continue;
        if (!taken[j])
            return j;
        if (first == table->columns)
            first = j;
    }
    return first;
}

/* Takes the row last read for names of columns; returns how many are. *unmatched: one that is not,
 * + 1; or 0. */
static size_t place_by_name(csv_load *l, bool *taken, size_t *unmatched)
{
    const nnrt_table *table = l->table;
    size_t matches = 0;
    *unmatched = 0;
    place_in_order(l);
    for (size_t i = 0; table->header && i < l->reader.cells; i++) {
        size_t j = column_named(table, &l->reader.cell[i], taken);
        if (j == table->columns) {
            *unmatched = i + 1;
        } else {
            l->place[i] = j;
            taken[j] = true;
            matches++;
        }
    }
    return matches;
}

static bool check_no_column_twice(const csv_load *l)
{
    const nnrt_table *table = l->table;
    for (size_t j = 0; j < table->columns; j++) {
        for (size_t i = 0; i < j; i++) {
            if (l->place[i] == l->place[j]) {
                return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: has the column '%.80s' twice",
                                 l->reader.name, table->column[l->place[i]].name);
            }
        }
    }
    return true;
}

static bool has_header(const csv_load *l, size_t matches)
{
    const json_t *header = json_object_get(l->request->form, "header");
    if (json_is_boolean(header))
        return json_is_true(header);
    bool named = json_is_string(json_object_get(l->request->form, "target"));
    return matches * 2 > l->reader.cells || (l->table->header && named);
}

/* This file's columns onto the training file's: by name where both have names, else one by one. */
static bool match_columns(csv_load *l)
{
    size_t unmatched;
    csv_rewind(&l->reader);
    if (!csv_next_row(l))
        return false;
    if (!l->reader.cells)
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: is empty", l->reader.name);

    bool *taken = calloc(l->table->columns, sizeof *taken);
    if (!taken)
        return csv_no_memory(l);
    l->header = has_header(l, place_by_name(l, taken, &unmatched));
    free(taken);
    if (!l->header || !l->table->header) {
        place_in_order(l);
        return true;
    }
    if (unmatched) {
        const csv_cell *cell = &l->reader.cell[unmatched - 1];
        return nnrt_fail(l->e, NNRT_FILES, "bad-file",
                         "%s: has a column '%.*s', which %s does not have", l->reader.name,
                         (int)cell->length, cell->text, l->table->file);
    }
    return check_no_column_twice(l);
}

/* Counts the rows, and sees what the targets are. */
static bool survey_rows(csv_load *l)
{
    nnrt_column targets = { 0 };
    size_t target = 0;
    while (l->place[target] != l->table->target)
        target++;
    if (!csv_rewind_to_data(l))
        return false;
    for (;;) {
        if (!csv_next_kept_row(l))
            return false;
        if (!l->reader.cells)
            break;
        l->rows++;
        csv_count_cell(&targets, &l->reader.cell[target]);
    }

    bool regress =
        l->request->task == NNRT_TASK_REGRESS ||
        (l->request->task == NNRT_TASK_AUTO && l->request->like->kind == NNRT_LABEL_REAL);
    if (targets.texts && regress)
        return csv_fail_text_target(l, target);
    l->source->kind = csv_label_kind(&targets);
    return l->rows || csv_fail_empty(l);
}

bool csv_survey_further(csv_load *l)
{
    if (!(l->place = malloc(l->table->columns * sizeof *l->place)))
        return csv_no_memory(l);
    return match_columns(l) && survey_rows(l);
}
