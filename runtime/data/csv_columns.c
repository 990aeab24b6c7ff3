/* csv_columns.c: the columns of a training file: whether its first row names them, which one is the
 * target, and which ones are text. */
#include "data/csv.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the header ---- */
/* What a survey of the rows keeps until it knows whether the first one is a header. */
typedef struct survey {
    csv_cell *first;      /* the first row */
    char *text;           /* what its cells point into */
    nnrt_name_map *below; /* the texts of each column in the other rows */
} survey;

/* Does the first row name the columns? A text above a column of numbers says yes, a number above
 * one says no. Where all columns are text: yes, if none of its cells comes again below, while
 * others do come again. The columns' counts leave the first row out. */
static bool first_row_is_header(const csv_load *l, const survey *s)
{
    bool repeats = false, recurs = false, against = false;
    for (size_t j = 0; j < l->table->columns; j++) {
        const nnrt_column *c = &l->table->column[j];
        nnrt_column here = { 0 };
        uint32_t number;
        bool text = !csv_count_cell(&here, &s->first[j]), numeric = c->numbers > c->texts;
        if (numeric && text)
            return true;
        against |= (numeric || !l->rows) && !text;
        recurs |=
            text && nnrt_name_map_find(&s->below[j], s->first[j].text, s->first[j].length, &number);
        repeats |= (int64_t)s->below[j].count < c->texts;
    }
    return !against && !recurs && (repeats || !l->rows);
}

static bool take_names(csv_load *l, const csv_cell *cell)
{
    for (size_t j = 0; j < l->table->columns; j++)
        if (!(l->table->column[j].name = strndup(cell[j].text, cell[j].length)))
            return csv_no_memory(l);
    return true;
}

/* ---- the target ---- */
static bool find_target_named(csv_load *l, const char *name)
{
    char there[CSV_LISTED];
    size_t found = 0;
    if (!l->header) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-target",
                         "%s: has no header, so no column '%s': give the target's number, from 0",
                         l->reader.name, name);
    }
    for (size_t j = 0; j < l->table->columns; j++) {
        if (strcmp(l->table->column[j].name, name) == 0) {
            l->table->target = j;
            found++;
        }
    }
    return found == 1 ||
           nnrt_fail(l->e, NNRT_FILES, "bad-target",
                     found ? "%s: has more than one column '%s'; its columns: %s"
                           : "%s: has no column '%s'; its columns: %s",
                     l->reader.name, name, nnrt_table_list(l->table, there, sizeof there));
}

/* The column that the form's `target` means: a name, or a number from 0. */
static bool find_target(csv_load *l)
{
    const json_t *target = json_object_get(l->request->form, "target");
    if (json_is_string(target))
        return find_target_named(l, json_string_value(target));
    if (!json_is_number(target)) {
        return nnrt_fail(
            l->e, NNRT_SCRIPT, "missing-argument",
            "%s: the source says no target: the name of a column, or its number from 0",
            l->reader.name);
    }

    double number = json_number_value(target);
    if (!(number >= 0 && number < (double)l->table->columns) || number != floor(number)) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-target",
                         "%s: has no column %g: its %zu columns are numbered from 0",
                         l->reader.name, number, l->table->columns);
    }
    l->table->target = (size_t)number;
    return true;
}

/* ---- the survey ---- */
/* Makes the table's columns, as many as the row last read has cells. */
static bool make_columns(csv_load *l)
{
    size_t columns = l->reader.cells;
    if (!columns)
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: is empty", l->reader.name);
    if (columns > CSV_MOST_COLUMNS) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: row %lld has %zu cells", l->reader.name,
                         (long long)l->reader.row_line, columns);
    }
    if (!(l->table->column = calloc(columns, sizeof *l->table->column)))
        return csv_no_memory(l);
    l->table->columns = columns;
    return true;
}

/* Copies the row last read, which the next one overwrites. */
static bool survey_begin(survey *s, const csv_load *l)
{
    size_t columns = l->table->columns, bytes = 0;
    for (size_t j = 0; j < columns; j++)
        bytes += l->reader.cell[j].length;
    *s = (survey){ .first = calloc(columns, sizeof *s->first),
                   .text = malloc(bytes + 1),
                   .below = calloc(columns, sizeof *s->below) };
    if (!s->first || !s->text || !s->below)
        return csv_no_memory(l);

    char *to = s->text;
    for (size_t j = 0; j < columns; j++) {
        s->first[j] = (csv_cell){ to, l->reader.cell[j].length };
        to = mempcpy(to, l->reader.cell[j].text, s->first[j].length);
    }
    return true;
}

static void survey_end(survey *s, const csv_load *l)
{
    for (size_t j = 0; s->below && j < l->table->columns; j++)
        nnrt_name_map_free(&s->below[j]);
    free(s->below);
    free(s->first);
    free(s->text);
}

/* Counts the cells of all rows but the first, and keeps their texts where `keep` says so. */
static bool count_rows_below(csv_load *l, survey *s, bool keep)
{
    for (;;) {
        if (!csv_next_kept_row(l))
            return false;
        if (!l->reader.cells)
            return true;
        l->rows++;
        for (size_t j = 0; j < l->table->columns; j++) {
            const csv_cell *cell = &l->reader.cell[j];
            uint32_t number;
            bool text = !csv_count_cell(&l->table->column[j], cell);
            if (text && keep && s->below[j].count < CSV_MOST_VALUES &&
                !nnrt_name_map_add(&s->below[j], cell->text, cell->length, &number)) {
                return csv_no_memory(l);
            }
        }
    }
}

/* Whether the first row is a header: as the form says; else yes where the target has a name; else
 * by a look at the rows. */
static bool survey_rows(csv_load *l, survey *s)
{
    const json_t *header = json_object_get(l->request->form, "header");
    bool named = json_is_string(json_object_get(l->request->form, "target"));
    bool told = json_is_boolean(header), guess = !told && !named;
    bool first_is_dropped = csv_is_dropped(l);
    if (!count_rows_below(l, s, guess))
        return false;

    if (guess)
        l->header = first_row_is_header(l, s);
    else
        l->header = told ? json_is_true(header) : named;
    if (!l->header && !first_is_dropped) {
        l->rows++;
        for (size_t j = 0; j < l->table->columns; j++)
            csv_count_cell(&l->table->column[j], &s->first[j]);
    }
    l->table->header = l->header;
    return !l->header || take_names(l, s->first);
}

/* Reads all rows once: what each column holds, its name, and which one is the target. */
static bool survey_columns(csv_load *l)
{
    csv_rewind(&l->reader);
    if (!csv_next_row(l) || !make_columns(l))
        return false;
    survey s;
    bool ok = survey_begin(&s, l) && survey_rows(l, &s) && find_target(l) &&
              (l->rows || csv_fail_empty(l));
    survey_end(&s, l);
    return ok;
}

/* ---- types ---- */
/* Does `categorical` name the column? It is auto, none, or a list of names and numbers. */
static bool is_listed(const csv_load *l, size_t j)
{
    const json_t *list = json_object_get(l->request->form, "categorical"), *item;
    size_t i;
    json_array_foreach (list, i, item) {
        const char *name = json_string_value(item);
        if (name ? l->table->column[j].name && strcmp(name, l->table->column[j].name) == 0
                 : json_is_integer(item) && json_integer_value(item) == (json_int_t)j) {
            return true;
        }
    }
    return false;
}

static bool check_listed_name(const csv_load *l, const char *name)
{
    char there[CSV_LISTED];
    if (!l->header) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-file",
                         "%s: has no header, so no column '%.80s', which 'categorical' names",
                         l->reader.name, name);
    }
    for (size_t j = 0; j < l->table->columns; j++)
        if (strcmp(name, l->table->column[j].name) == 0)
            return true;
    return nnrt_fail(l->e, NNRT_FILES, "bad-file",
                     "%s: has no column '%.80s', which 'categorical' names; its columns: %s",
                     l->reader.name, name, nnrt_table_list(l->table, there, sizeof there));
}

/* What `categorical` names must be there. */
static bool check_listed(const csv_load *l)
{
    const json_t *list = json_object_get(l->request->form, "categorical"), *item;
    size_t i;
    json_array_foreach (list, i, item) {
        const char *name = json_string_value(item);
        if (name && !check_listed_name(l, name))
            return false;
        if (!name && json_number_value(item) >= (double)l->table->columns) {
            return nnrt_fail(l->e, NNRT_FILES, "bad-file",
                             "%s: has no column %g, which 'categorical' names: its %zu columns are "
                             "numbered from 0",
                             l->reader.name, json_number_value(item), l->table->columns);
        }
    }
    return true;
}

static bool judge_target(csv_load *l, const nnrt_column *c)
{
    bool regress = l->request->task == NNRT_TASK_REGRESS;
    l->source->kind = csv_label_kind(c);
    if (c->texts && regress)
        return csv_fail_text_target(l, l->table->target);
    if (c->vast && !c->texts && c->integers + c->vast == c->numbers && !regress) {
        nnrt_fail(l->e, NNRT_FILES, "bad-target",
                  "%s: the target holds whole numbers that are too large to be classes, beyond "
                  "9223372036854775807",
                  l->reader.name);
        snprintf(l->e->help, sizeof l->e->help, "`task = regress` takes them as real values");
        return false;
    }
    return true;
}

static bool judge_columns(csv_load *l)
{
    const json_t *form = l->request->form;
    bool none = json_is_false(json_object_get(form, "categorical")) ||
                strcmp(nnrt_form_text(form, "categorical", "auto"), "none") == 0;
    if (!check_listed(l))
        return false;

    for (size_t j = 0; j < l->table->columns; j++) {
        nnrt_column *c = &l->table->column[j];
        if (j == l->table->target) {
            if (!judge_target(l, c))
                return false;
            continue;
        }
        c->categorical = c->texts > 0 || is_listed(l, j);
        if (c->texts && none)
            return csv_fail_text(l, j, "bad-file", "is not a number");
        if (!c->texts && !c->numbers && l->missing == CSV_MISSING_MEAN) {
            return nnrt_fail(l->e, NNRT_FILES, "missing-cell",
                             "%s: column '%.80s' has no cell that is not missing", l->reader.name,
                             c->name ? c->name : "");
        }
    }
    return true;
}

/* ---- values ---- */
static bool collect_row(csv_load *l)
{
    for (size_t j = 0; j < l->table->columns; j++) {
        nnrt_column *c = &l->table->column[j];
        const csv_cell *cell = &l->reader.cell[j];
        uint32_t number;
        if (!c->categorical || csv_is_missing(cell))
            continue;
        if (!nnrt_name_map_add(&c->values, cell->text, cell->length, &number))
            return csv_no_memory(l);
        if (c->values.count > CSV_MOST_VALUES) {
            return csv_fail_cell(
                l, "bad-file", j, NULL,
                "the column holds more different texts than could each be a feature");
        }
    }
    return true;
}

/* The distinct texts of categorical columns, sorted. */
static bool collect_values(csv_load *l)
{
    bool any = false;
    for (size_t j = 0; j < l->table->columns; j++)
        any |= l->table->column[j].categorical;
    if (!any)
        return true;

    if (!csv_rewind_to_data(l))
        return false;
    do {
        if (!csv_next_kept_row(l) || (l->reader.cells && !collect_row(l)))
            return false;
    } while (l->reader.cells);

    for (size_t j = 0; j < l->table->columns; j++)
        if (!nnrt_name_map_sort(&l->table->column[j].values))
            return csv_no_memory(l);
    return true;
}

bool csv_survey(csv_load *l)
{
    return survey_columns(l) && judge_columns(l) && collect_values(l);
}
