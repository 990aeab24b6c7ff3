/* csv.c: the columns of a CSV as samples and targets.
 *
 * The text is read two or three times: once to see what each column holds, once, where there are
 * texts, to collect them, and once to fill the samples. So no cell is kept but as the number it
 * becomes. */
#include "data/csv.h"
#include "base/base.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 1 << 16, MOST_COLUMNS = 1 << 24 };

typedef enum missing_policy { MISSING_ERROR, MISSING_MEAN, MISSING_DROP } missing_policy;

typedef struct column {
    char *name;                                /* NULL without a header */
    int64_t numbers, integers, texts, missing; /* cells of each kind */
    /* of the numbers, those without point and exponent that are beyond an int64_t */
    int64_t vast;
    bool categorical;
    nnrt_name_map values; /* of a categorical one, sorted; of a text target too */
    int64_t feature;      /* the first of its features in a sample */
} column;

struct nnrt_table {
    size_t columns;
    column *column;
    size_t target;
    bool header;
    char *file;
};

/* The file being read. */
typedef struct csv_load {
    const nnrt_source_request *request;
    nnrt_source *source;
    nnrt_table *table;
    csv_reader reader;
    missing_policy missing;
    bool header;   /* of this file */
    size_t *place; /* this file's column -> the table's */
    int64_t rows;  /* that are kept */
    nnrt_error *e;
} csv_load;

void nnrt_table_free(nnrt_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->columns; i++) {
        free(table->column[i].name);
        nnrt_name_map_free(&table->column[i].values);
    }
    free(table->column);
    free(table->file);
    free(table);
}

char **nnrt_table_feature_names(const nnrt_table *table, int64_t features)
{
    char **names = calloc((size_t)features + 1, sizeof *names);
    if (!names)
        return NULL;
    for (size_t j = 0; j < table->columns; j++) {
        const column *c = &table->column[j];
        size_t width = c->categorical ? c->values.count : 1;
        for (size_t v = 0; v < width && j != table->target; v++) {
            char **name = &names[c->feature + (int64_t)v];
            int made = c->name && c->categorical
                           ? asprintf(name, "%s=%s", c->name, c->values.text[v])
                       : c->name        ? asprintf(name, "%s", c->name)
                       : c->categorical ? asprintf(name, "%zu=%s", j, c->values.text[v])
                                        : asprintf(name, "%zu", j);
            if (made < 0)
                *name = NULL;
        }
    }
    return names;
}

/* ---- messages ---- */
/* "f.csv: row 7, column 'mass'"; j is the table's column. */
static const char *cell_place(const csv_load *l, size_t j, char *buffer, size_t size)
{
    const char *name = l->table->column[j].name;
    if (name) {
        snprintf(buffer, size, "%s: row %lld, column '%.80s'", l->reader.name,
                 (long long)l->reader.row_line, name);
    } else {
        snprintf(buffer, size, "%s: row %lld, column %zu (counted from 0)", l->reader.name,
                 (long long)l->reader.row_line, j);
    }
    return buffer;
}

static bool fail_cell(const csv_load *l, const char *code, size_t j, const csv_cell *cell,
                      const char *what)
{
    char place[512];
    cell_place(l, j, place, sizeof place);
    if (!cell)
        return nnrt_fail(l->e, NNRT_FILES, code, "%s: %s", place, what);
    return nnrt_fail(l->e, NNRT_FILES, code, "%s: '%.*s' %s", place,
                     (int)(cell->length < 80 ? cell->length : 80), cell->text, what);
}

static bool fail_missing(const csv_load *l, size_t j)
{
    bool target = j == l->table->target;
    fail_cell(l, "missing-cell", j, NULL, target ? "the target is missing" : "the cell is missing");
    snprintf(l->e->help, sizeof l->e->help,
             target ? "'missing = drop' leaves such rows out"
                    : "'missing = drop' leaves such rows out, 'missing = mean' takes the training "
                      "part's mean");
    return false;
}

static bool no_memory(const csv_load *l)
{
    return nnrt_no_memory_for(l->e, l->reader.name);
}

/* ---- rows ---- */
static bool next_row(csv_load *l)
{
    if (!csv_next(&l->reader, l->e))
        return false;
    if (l->reader.cells && l->table->columns && l->reader.cells != l->table->columns) {
        return nnrt_fail(l->e, NNRT_FILES, "ragged-row",
                         "%s: row %lld has %zu cells, the %s has %zu", l->reader.name,
                         (long long)l->reader.row_line, l->reader.cells,
                         l->request->like ? "training file" : "first row", l->table->columns);
    }
    return true;
}

/* Is the row left out for a missing cell? */
static bool is_dropped(const csv_load *l)
{
    for (size_t j = 0; l->missing == MISSING_DROP && j < l->reader.cells; j++)
        if (csv_is_missing(&l->reader.cell[j]))
            return true;
    return false;
}

/* To the first row of data. */
static bool rewind_to_data(csv_load *l)
{
    csv_rewind(&l->reader);
    return !l->header || next_row(l);
}

static bool is_whole(const csv_cell *cell)
{
    for (size_t i = 0; i < cell->length; i++)
        if (strchr(".eE", cell->text[i]))
            return false;
    return true;
}

/* False: a text. */
static bool count_cell(column *c, const csv_cell *cell)
{
    double value;
    int64_t integer;
    nnrt_number kind = NNRT_NUMBER_REAL;
    if (csv_is_missing(cell)) {
        c->missing++;
    } else if ((kind = nnrt_parse_number(cell->text, cell->length, &value, &integer)) ==
               NNRT_NUMBER_NONE) {
        c->texts++;
    } else {
        c->numbers++, c->integers += kind == NNRT_NUMBER_INTEGER,
            c->vast += kind == NNRT_NUMBER_REAL && is_whole(cell);
    }
    return kind != NNRT_NUMBER_NONE;
}

/* ---- the header ---- */
/* Does the first row name the columns? A number column below a text says so, a number column that
 * begins with a number says no. Where all columns are text: it does where none of its cells comes
 * again below, though others do. `first` holds the row's cells, the columns' counts leave it out.
 */
static bool first_row_is_header(const csv_load *l, const csv_cell *first,
                                const nnrt_name_map *below)
{
    bool repeats = false, recurs = false, against = false;
    for (size_t j = 0; j < l->table->columns; j++) {
        const column *c = &l->table->column[j];
        column here = { 0 };
        uint32_t number;
        bool text = !count_cell(&here, &first[j]), numeric = c->numbers > c->texts;
        if (numeric && text)
            return true;
        against |= (numeric || !l->rows) && !text;
        recurs |= text && nnrt_name_map_find(&below[j], first[j].text, first[j].length, &number);
        repeats |= (int64_t)below[j].count < c->texts;
    }
    return !against && !recurs && (repeats || !l->rows);
}

static const char *list_columns(const nnrt_table *table, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (size_t j = 0; j < table->columns; j++) {
        const char *name = table->column[j].name ? table->column[j].name : "";
        if (used + strlen(name) + 8 > size) {
            snprintf(buffer + used, size - used, ", ...");
            break;
        }
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", j ? ", " : "", name);
    }
    return buffer;
}

static bool take_names(csv_load *l, const csv_cell *cell)
{
    for (size_t j = 0; j < l->table->columns; j++)
        if (!(l->table->column[j].name = strndup(cell[j].text, cell[j].length)))
            return no_memory(l);
    return true;
}

/* The column that the form's `target` means: a name, or a number from 0. */
static bool find_target(csv_load *l)
{
    const json_t *target = json_object_get(l->request->form, "target");
    const char *name = json_string_value(target);
    char there[400];
    if (name) {
        size_t found = 0;
        for (size_t j = 0; l->header && j < l->table->columns; j++) {
            if (strcmp(l->table->column[j].name, name) == 0) {
                l->table->target = j;
                found++;
            }
        }
        if (found == 1)
            return true;
        if (!l->header) {
            return nnrt_fail(
                l->e, NNRT_FILES, "bad-target",
                "%s: has no header, so no column '%s': give the target's number, from 0",
                l->reader.name, name);
        }
        return nnrt_fail(l->e, NNRT_FILES, "bad-target",
                         found ? "%s: has more than one column '%s'; its columns: %s"
                               : "%s: has no column '%s'; its columns: %s",
                         l->reader.name, name, list_columns(l->table, there, sizeof there));
    }
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

static bool empty_file(const csv_load *l)
{
    return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: holds no rows of data", l->reader.name);
}

static bool is_true(const json_t *form, const char *name)
{
    return json_is_true(json_object_get(form, name));
}

/* Reads all rows once: what each column holds, and whether the first row is a header. */
static bool survey_columns(csv_load *l)
{
    csv_rewind(&l->reader);
    if (!next_row(l))
        return false;
    size_t columns = l->reader.cells;
    if (!columns)
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: is empty", l->reader.name);
    if (columns > MOST_COLUMNS) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: row %lld has %zu cells", l->reader.name,
                         (long long)l->reader.row_line, columns);
    }
    if (!(l->table->column = calloc(columns, sizeof *l->table->column)))
        return no_memory(l);
    l->table->columns = columns;
    const json_t *header = json_object_get(l->request->form, "header");
    bool named = json_is_string(json_object_get(l->request->form, "target"));
    bool told = json_is_boolean(header), guess = !told && !named, good = false;
    l->header = told ? is_true(l->request->form, "header") : named;
    csv_cell *first = calloc(columns, sizeof *first);
    nnrt_name_map *below = calloc(columns, sizeof *below);
    char *copy = NULL;
    if (!first || !below)
        goto done;
    size_t bytes = 0;
    for (size_t j = 0; j < columns; j++)
        bytes += l->reader.cell[j].length;
    char *to = copy = malloc(bytes + 1);
    if (!copy)
        goto done;
    for (size_t j = 0; j < columns; j++) {
        first[j] = (csv_cell){ to, l->reader.cell[j].length };
        to = mempcpy(to, l->reader.cell[j].text, first[j].length);
    }
    bool first_dropped = is_dropped(l);
    for (;;) {
        if (!next_row(l))
            goto done;
        if (!l->reader.cells)
            break;
        if (is_dropped(l))
            continue;
        l->rows++;
        for (size_t j = 0; j < columns; j++) {
            bool text = !count_cell(&l->table->column[j], &l->reader.cell[j]);
            uint32_t number;
            if (text && guess && below[j].count < MOST_VALUES &&
                !nnrt_name_map_add(&below[j], l->reader.cell[j].text, l->reader.cell[j].length,
                                   &number)) {
                goto done;
            }
        }
    }
    if (guess)
        l->header = first_row_is_header(l, first, below);
    if (!l->header && !first_dropped) {
        l->rows++;
        for (size_t j = 0; j < columns; j++)
            count_cell(&l->table->column[j], &first[j]);
    }
    l->table->header = l->header;
    good = (!l->header || take_names(l, first)) && find_target(l) && (l->rows || empty_file(l));
done:
    for (size_t j = 0; below && j < columns; j++)
        nnrt_name_map_free(&below[j]);
    free(below);
    free(first);
    free(copy);
    return good || (l->e->status == NNRT_OK && no_memory(l));
}

/* ---- columns ---- */
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

static bool is_text(const csv_cell *cell)
{
    double value;
    int64_t integer;
    return !csv_is_missing(cell) &&
           nnrt_parse_number(cell->text, cell->length, &value, &integer) == NNRT_NUMBER_NONE;
}

/* The error of the first text in this file's column i. */
static bool fail_text(csv_load *l, size_t i, const char *code, const char *what)
{
    if (!rewind_to_data(l))
        return false;
    do {
        if (!next_row(l))
            return false;
    } while (l->reader.cells && (is_dropped(l) || !is_text(&l->reader.cell[i])));
    return fail_cell(l, code, l->place ? l->place[i] : i,
                     l->reader.cells ? &l->reader.cell[i] : NULL, what);
}

static const char target_text[] = "is no number, and the target is regressed on";

/* What `categorical` names must be there. */
static bool check_listed(const csv_load *l)
{
    const json_t *list = json_object_get(l->request->form, "categorical"), *item;
    size_t i;
    char there[400];
    json_array_foreach (list, i, item) {
        const char *name = json_string_value(item);
        bool found = !name && json_number_value(item) < (double)l->table->columns;
        for (size_t j = 0; name && j < l->table->columns && !found; j++)
            found = l->table->column[j].name && strcmp(name, l->table->column[j].name) == 0;
        if (found)
            continue;
        if (!name) {
            return nnrt_fail(l->e, NNRT_FILES, "bad-file",
                             "%s: has no column %g, which 'categorical' names: its %zu columns are "
                             "numbered from 0",
                             l->reader.name, json_number_value(item), l->table->columns);
        }
        if (!l->header) {
            return nnrt_fail(l->e, NNRT_FILES, "bad-file",
                             "%s: has no header, so no column '%.80s', which 'categorical' names",
                             l->reader.name, name);
        }
        return nnrt_fail(l->e, NNRT_FILES, "bad-file",
                         "%s: has no column '%.80s', which 'categorical' names; its columns: %s",
                         l->reader.name, name, list_columns(l->table, there, sizeof there));
    }
    return true;
}

static bool judge_columns(csv_load *l)
{
    nnrt_table *table = l->table;
    if (!check_listed(l))
        return false;
    bool none = json_is_false(json_object_get(l->request->form, "categorical")) ||
                strcmp(nnrt_form_text(l->request->form, "categorical", "auto"), "none") == 0;
    for (size_t j = 0; j < table->columns; j++) {
        column *c = &table->column[j];
        if (j == table->target) {
            l->source->kind = c->texts                    ? NNRT_LABEL_TEXT
                              : c->integers == c->numbers ? NNRT_LABEL_INTEGER
                                                          : NNRT_LABEL_REAL;
            if (c->texts && l->request->task == NNRT_TASK_REGRESS)
                return fail_text(l, j, "bad-target", target_text);
            if (c->vast && !c->texts && c->integers + c->vast == c->numbers &&
                l->request->task != NNRT_TASK_REGRESS) {
                nnrt_fail(l->e, NNRT_FILES, "bad-target",
                          "%s: the target holds whole numbers that are too large to be classes, "
                          "beyond 9223372036854775807",
                          l->reader.name);
                snprintf(l->e->help, sizeof l->e->help,
                         "`task = regress` takes them as real values");
                return false;
            }
            continue;
        }
        c->categorical = c->texts > 0 || is_listed(l, j);
        if (c->texts && none)
            return fail_text(l, j, "bad-file", "is no number");
        if (!c->texts && !c->numbers && l->missing == MISSING_MEAN) {
            return nnrt_fail(l->e, NNRT_FILES, "missing-cell",
                             "%s: column '%.80s' has no cell that is not missing", l->reader.name,
                             c->name ? c->name : "");
        }
    }
    return true;
}

/* The distinct texts of categorical columns and of a text target, sorted. */
static bool collect_values(csv_load *l)
{
    nnrt_table *table = l->table;
    bool any = l->source->kind == NNRT_LABEL_TEXT;
    for (size_t j = 0; j < table->columns; j++)
        any |= table->column[j].categorical;
    if (!any)
        return true;
    if (!rewind_to_data(l))
        return false;
    for (;;) {
        if (!next_row(l))
            return false;
        if (!l->reader.cells)
            break;
        if (is_dropped(l))
            continue;
        for (size_t j = 0; j < table->columns; j++) {
            column *c = &table->column[j];
            const csv_cell *cell = &l->reader.cell[j];
            uint32_t number;
            if (!c->categorical || csv_is_missing(cell))
                continue;
            if (!nnrt_name_map_add(&c->values, cell->text, cell->length, &number))
                return no_memory(l);
            if (c->values.count > MOST_VALUES) {
                return fail_cell(
                    l, "bad-file", j, NULL,
                    "the column holds more different texts than could each be a feature");
            }
        }
    }
    for (size_t j = 0; j < table->columns; j++)
        if (!nnrt_name_map_sort(&table->column[j].values))
            return no_memory(l);
    return true;
}

/* A further file's columns onto the training file's: by name where it has them, else one by one. */
static bool match_columns(csv_load *l, const nnrt_table *like)
{
    csv_rewind(&l->reader);
    if (!next_row(l))
        return false;
    if (!l->reader.cells)
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: is empty", l->reader.name);
    const json_t *header = json_object_get(l->request->form, "header");
    size_t matches = 0, unmatched = 0;
    for (size_t j = 0; j < like->columns; j++)
        l->place[j] = j;
    for (size_t i = 0; like->header && i < l->reader.cells; i++) {
        const csv_cell *cell = &l->reader.cell[i];
        size_t j = 0;
        while (j < like->columns && (strlen(like->column[j].name) != cell->length ||
                                     memcmp(like->column[j].name, cell->text, cell->length) != 0)) {
            j++;
        }
        if (j == like->columns)
            unmatched = i + 1;
        else
            l->place[i] = j, matches++;
    }
    l->header =
        json_is_boolean(header)
            ? json_is_true(header)
            : matches * 2 > l->reader.cells ||
                  (like->header && json_is_string(json_object_get(l->request->form, "target")));
    if (!l->header || !like->header) {
        for (size_t j = 0; j < like->columns; j++)
            l->place[j] = j;
        return true;
    }
    if (unmatched) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: has a column '%.*s', which %s has not",
                         l->reader.name, (int)l->reader.cell[unmatched - 1].length,
                         l->reader.cell[unmatched - 1].text, like->file);
    }
    for (size_t j = 0; j < like->columns; j++) {
        for (size_t i = 0; i < j; i++) {
            if (l->place[i] == l->place[j] &&
                strcmp(like->column[i].name, like->column[j].name) != 0) {
                return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: has the column '%.80s' twice",
                                 l->reader.name, like->column[l->place[i]].name);
            }
        }
    }
    return true;
}

/* ---- samples ---- */
static bool take_feature(csv_load *l, const csv_cell *cell, size_t j, float *sample)
{
    const column *c = &l->table->column[j];
    bool missing = csv_is_missing(cell);
    if (missing && l->missing == MISSING_ERROR)
        return fail_missing(l, j);
    if (c->categorical) {
        uint32_t number;
        memset(sample + c->feature, 0, c->values.count * sizeof *sample);
        if (missing)
            return true;
        if (!nnrt_name_map_find(&c->values, cell->text, cell->length, &number)) {
            return fail_cell(l, "unknown-class", j, cell,
                             "is a value that the training part never had");
        }
        sample[c->feature + number] = 1;
        return true;
    }
    double value = NAN;
    int64_t integer;
    nnrt_number kind =
        missing ? NNRT_NUMBER_REAL : nnrt_parse_number(cell->text, cell->length, &value, &integer);
    if (kind == NNRT_NUMBER_NONE)
        return fail_cell(l, "bad-file", j, cell, "is no number, as the column's other cells are");
    if (kind == NNRT_NUMBER_INFINITE || fabs(value) > FLT_MAX)
        return fail_cell(l, "nan-cell", j, cell, "is beyond every finite number");
    if (missing)
        l->source->has_missing = true;
    sample[c->feature] = (float)value;
    return true;
}

static bool take_target(csv_load *l, const csv_cell *cell, int64_t row, nnrt_name_map *labels)
{
    size_t j = l->table->target;
    nnrt_source *s = l->source;
    double value = 0;
    if (csv_is_missing(cell))
        return fail_missing(l, j);
    if (s->kind == NNRT_LABEL_TEXT)
        return nnrt_name_map_add(labels, cell->text, cell->length, &s->text[row]) || no_memory(l);
    int64_t integer = 0;
    nnrt_number kind = nnrt_parse_number(cell->text, cell->length, &value, &integer);
    if (kind == NNRT_NUMBER_INFINITE || fabs(value) > FLT_MAX)
        return fail_cell(l, "nan-cell", j, cell, "is beyond every finite number");
    if (s->kind == NNRT_LABEL_INTEGER)
        s->integer[row] = integer;
    else
        s->real[row] = (float)value;
    return true;
}

static bool fill_samples(csv_load *l, nnrt_name_map *labels)
{
    nnrt_source *s = l->source;
    int64_t row = 0;
    if (!rewind_to_data(l))
        return false;
    for (;;) {
        if (!next_row(l))
            return false;
        if (!l->reader.cells)
            break;
        if (is_dropped(l))
            continue;
        float *sample = s->x + row * s->sample_size;
        s->row[row] = l->reader.row_line;
        for (size_t i = 0; i < l->reader.cells; i++) {
            size_t j = l->place[i];
            if (!(j == l->table->target ? take_target(l, &l->reader.cell[i], row, labels)
                                        : take_feature(l, &l->reader.cell[i], j, sample))) {
                return false;
            }
        }
        row++;
    }
    return true;
}

static bool allocate_samples(csv_load *l, int64_t features)
{
    nnrt_source *s = l->source;
    size_t rows = (size_t)l->rows;
    s->count = l->rows;
    s->rank = 1;
    s->shape[0] = features;
    s->target_size = 1;
    if (!nnrt_source_allocate(s, l->e))
        return false;
    bool allocated = (s->row = malloc(rows * sizeof *s->row)) != NULL;
    if (s->kind == NNRT_LABEL_TEXT)
        allocated &= (s->text = malloc(rows * sizeof *s->text)) != NULL;
    else if (s->kind == NNRT_LABEL_INTEGER)
        allocated &= (s->integer = malloc(rows * sizeof *s->integer)) != NULL;
    else
        allocated &= (s->real = nnrt_floats_new(l->rows, l->e)) != NULL;
    return allocated || no_memory(l);
}

/* Counts a further file's rows, and sees what its targets are: what its columns are, the training
 * file has said. */
static bool survey_rows(csv_load *l)
{
    column targets = { 0 };
    size_t target = 0;
    const nnrt_source *like = l->request->like;
    while (l->place[target] != l->table->target)
        target++;
    if (!rewind_to_data(l))
        return false;
    for (;;) {
        if (!next_row(l))
            return false;
        if (!l->reader.cells)
            break;
        if (is_dropped(l))
            continue;
        l->rows++;
        count_cell(&targets, &l->reader.cell[target]);
    }
    bool regressed = l->request->task == NNRT_TASK_REGRESS ||
                     (l->request->task == NNRT_TASK_AUTO && like->kind == NNRT_LABEL_REAL);
    if (targets.texts && regressed)
        return fail_text(l, target, "bad-target", target_text);
    l->source->kind = targets.texts                         ? NNRT_LABEL_TEXT
                      : targets.integers == targets.numbers ? NNRT_LABEL_INTEGER
                                                            : NNRT_LABEL_REAL;
    return l->rows || empty_file(l);
}

static bool load_training(csv_load *l)
{
    nnrt_table *table = l->table = l->source->table = calloc(1, sizeof *table);
    if (!table || !(table->file = strdup(l->reader.name)))
        return no_memory(l);
    if (!survey_columns(l) || !judge_columns(l) || !collect_values(l))
        return false;
    int64_t features = 0;
    for (size_t j = 0; j < table->columns; j++) {
        column *c = &table->column[j];
        c->feature = features;
        if (j != table->target)
            features += c->categorical ? (int64_t)c->values.count : 1;
    }
    if (!features) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: has no column beside the target",
                         l->reader.name);
    }
    if (!(l->place = malloc(table->columns * sizeof *l->place)))
        return no_memory(l);
    for (size_t j = 0; j < table->columns; j++)
        l->place[j] = j;
    return allocate_samples(l, features);
}

static bool load_further(csv_load *l)
{
    l->table = l->request->like->table;
    if (!(l->place = malloc(l->table->columns * sizeof *l->place)))
        return no_memory(l);
    return match_columns(l, l->table) && survey_rows(l) &&
           allocate_samples(l, l->request->like->shape[0]);
}

static bool read_policy(csv_load *l, char *delimiter)
{
    const char *missing = nnrt_form_text(l->request->form, "missing", "error"),
               *text = nnrt_form_text(l->request->form, "delimiter", ",");
    l->missing = strcmp(missing, "mean") == 0   ? MISSING_MEAN
                 : strcmp(missing, "drop") == 0 ? MISSING_DROP
                                                : MISSING_ERROR;
    *delimiter = text[0];
    return (strlen(text) == 1 && !strchr("\"\r\n", text[0])) ||
           nnrt_fail(l->e, NNRT_SCRIPT, "out-of-range",
                     "a delimiter is one character of ASCII, no quote and no end of line, not '%s'",
                     text);
}

bool nnrt_read_csv(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    csv_load load = { .request = request, .source = source, .e = e };
    char delimiter;
    size_t length;
    source->x_name = strdup(nnrt_form_text(request->form, "file", ""));
    source->y_name = strdup(nnrt_form_text(request->form, "file", ""));
    if (!source->x_name || !source->y_name)
        return nnrt_no_memory(e);
    char *path = nnrt_form_path(request, "file", e);
    nnrt_stream *stream =
        path && read_policy(&load, &delimiter) ? nnrt_stream_open(path, source->x_name, e) : NULL;
    char *text = stream ? nnrt_stream_rest(stream, &length, e) : NULL;
    nnrt_stream_close(stream);
    nnrt_name_map labels = { 0 };
    bool read =
        text && csv_open(&load.reader, source->x_name, text, length, delimiter, e) &&
        (request->like && request->like->table ? load_further(&load) : load_training(&load)) &&
        fill_samples(&load, &labels) &&
        (source->kind != NNRT_LABEL_TEXT || nnrt_labels_sort(source, &labels, source->count, e));
    nnrt_name_map_free(&labels);
    csv_close(&load.reader);
    free(load.place);
    free(text);
    free(path);
    return read;
}
