/* csv_survey.c: the columns of a CSV: whether its first row names them, and what they hold. */
#include "data/csv.h"
#include <stdlib.h>
#include <string.h>

bool csv_no_memory(const csv_load *l)
{
    return nnrt_no_memory_for(l->e, l->reader->name);
}

bool csv_next_row(csv_load *l)
{
    if (!csv_next(l->reader, l->e))
        return false;
    if (l->reader->cells && l->table && l->reader->cells != l->table->columns) {
        return nnrt_fail(l->e, NNRT_FILES, "ragged-row",
                         "%s: row %lld has %zu cells, the first row has %zu", l->reader->name,
                         (long long)l->reader->row_line, l->reader->cells, l->table->columns);
    }
    return true;
}

/* Without point and exponent. */
static bool is_whole(const csv_cell *cell)
{
    for (size_t i = 0; i < cell->length; i++)
        if (strchr(".eE", cell->text[i]))
            return false;
    return true;
}

bool csv_count_cell(csv_counts *count, const csv_cell *cell)
{
    double value;
    int64_t integer;
    if (csv_is_missing(cell)) {
        count->missing++;
        return true;
    }

    nnrt_number kind = nnrt_parse_number(cell->text, cell->length, &value, &integer);
    if (kind == NNRT_NUMBER_NONE) {
        count->texts++;
        return false;
    }
    count->numbers++;
    count->integers += kind == NNRT_NUMBER_INTEGER;
    count->vast += kind == NNRT_NUMBER_REAL && is_whole(cell);
    return true;
}

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
        const csv_counts *c = &l->count[j];
        csv_counts here = { 0 };
        uint32_t number;
        bool text = !csv_count_cell(&here, &s->first[j]), numeric = c->numbers > c->texts;
        if (numeric && text)
            return true;
        against |= (numeric || !l->table->rows) && !text;
        recurs |=
            text && nnrt_name_map_find(&s->below[j], s->first[j].text, s->first[j].length, &number);
        repeats |= (int64_t)s->below[j].count < c->texts;
    }
    return !against && !recurs && (repeats || !l->table->rows);
}

static bool take_names(csv_load *l, const csv_cell *cell)
{
    for (size_t j = 0; j < l->table->columns; j++)
        if (!(l->table->column[j].name = strndup(cell[j].text, cell[j].length)))
            return csv_no_memory(l);
    return true;
}

/* ---- the survey ---- */
/* Makes the table's columns, as many as the row last read has cells. */
static bool make_columns(csv_load *l)
{
    size_t columns = l->reader->cells;
    if (!columns)
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: is empty", l->reader->name);
    if (columns > CSV_MOST_COLUMNS) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: row %lld has %zu cells",
                         l->reader->name, (long long)l->reader->row_line, columns);
    }
    l->count = calloc(columns, sizeof *l->count);
    l->table = nnrt_table_new(nnrt_form_text(l->request->form, "file", ""), columns, l->e);
    return l->table && (l->count || csv_no_memory(l));
}

/* Copies the row last read, which the next one overwrites. */
static bool survey_begin(survey *s, const csv_load *l)
{
    size_t columns = l->table->columns, bytes = 0;
    for (size_t j = 0; j < columns; j++)
        bytes += l->reader->cell[j].length;
    *s = (survey){ .first = calloc(columns, sizeof *s->first),
                   .text = malloc(bytes + 1),
                   .below = calloc(columns, sizeof *s->below) };
    if (!s->first || !s->text || !s->below)
        return csv_no_memory(l);

    char *to = s->text;
    for (size_t j = 0; j < columns; j++) {
        s->first[j] = (csv_cell){ to, l->reader->cell[j].length };
        to = mempcpy(to, l->reader->cell[j].text, s->first[j].length);
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
        if (!csv_next_row(l))
            return false;
        if (!l->reader->cells)
            return true;
        l->table->rows++;
        for (size_t j = 0; j < l->table->columns; j++) {
            const csv_cell *cell = &l->reader->cell[j];
            uint32_t number;
            bool text = !csv_count_cell(&l->count[j], cell);
            if (text && keep && s->below[j].count < CSV_MOST_VALUES &&
                !nnrt_name_map_add(&s->below[j], cell->text, cell->length, &number)) {
                return csv_no_memory(l);
            }
        }
    }
}

/* How many of the first row's cells are names of columns that the training file, or the model, has.
 */
static size_t known_names(const csv_load *l, const survey *s)
{
    size_t known = 0;

    for (size_t j = 0; j < l->table->columns; j++) {
        for (size_t i = 0; i < l->request->known_count; i++) {
            const char *name = l->request->known[i];
            if (strlen(name) == s->first[j].length &&
                memcmp(name, s->first[j].text, s->first[j].length) == 0) {
                known++;
                break;
            }
        }
    }
    return known;
}

/* Does the form name a column? Then there is a header. */
static bool names_columns(const json_t *form)
{
    static const char *const keys[] = { "target", "columns", "drop", "id", "weight" };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *value = json_object_get(form, keys[i]);
        if (json_is_string(value) ||
            (json_array_size(value) && json_is_string(json_array_get(value, 0)))) {
            return true;
        }
    }
    return false;
}

/* Whether the first row is a header: as the form says; else where it holds names that are known;
 * else where the form names a column; else by a look at the rows. */
static bool survey_rows(csv_load *l, survey *s)
{
    const json_t *header = json_object_get(l->request->form, "header");
    bool told = json_is_boolean(header), named = names_columns(l->request->form);
    if (!count_rows_below(l, s, !told && !named))
        return false;

    if (told)
        l->table->header = json_is_true(header);
    else if (l->request->known_count)
        l->table->header = known_names(l, s) * 2 > l->table->columns || named;
    else
        l->table->header = named || first_row_is_header(l, s);

    if (!l->table->header) {
        l->table->rows++;
        for (size_t j = 0; j < l->table->columns; j++)
            csv_count_cell(&l->count[j], &s->first[j]);
    }
    return !l->table->header || take_names(l, s->first);
}

/* ---- further files ---- */
/* The row last read must be the first file's header. */
static bool check_header(const csv_load *l)
{
    for (size_t j = 0; j < l->table->columns; j++) {
        const csv_cell *cell = &l->reader->cell[j];
        const char *name = l->table->column[j].name;
        if (strlen(name) == cell->length && memcmp(name, cell->text, cell->length) == 0)
            continue;
        return nnrt_fail(l->e, NNRT_FILES, "shape-mismatch",
                         "%s: its column %zu (counted from 0) is '%.*s', that of %s is '%.80s': "
                         "files of one pattern have one header",
                         l->reader->name, j, (int)(cell->length < 80 ? cell->length : 80),
                         cell->text, l->file[0].reader.name, name);
    }
    return true;
}

static bool survey_further(csv_load *l, size_t file)
{
    survey none = { 0 };

    csv_turn_to(l, file);
    if (l->table->header) {
        if (!csv_next(l->reader, l->e))
            return false;
        if (l->reader->cells != l->table->columns) {
            return nnrt_fail(
                l->e, NNRT_FILES, "shape-mismatch",
                "%s: has %zu columns, %s has %zu: files of one pattern have one header",
                l->reader->name, l->reader->cells, l->file[0].reader.name, l->table->columns);
        }
        if (!check_header(l))
            return false;
    }
    return count_rows_below(l, &none, false);
}

void csv_turn_to(csv_load *l, size_t file)
{
    l->reader = &l->file[file].reader;
    csv_rewind(l->reader);
}

bool csv_survey(csv_load *l)
{
    csv_turn_to(l, 0);
    if (!csv_next_row(l) || !make_columns(l))
        return false;

    survey s;
    bool ok = survey_begin(&s, l) && survey_rows(l, &s);
    survey_end(&s, l);

    for (size_t i = 1; ok && i < l->files; i++)
        ok = survey_further(l, i);
    return ok && (l->table->rows || nnrt_fail(l->e, NNRT_FILES, "bad-file",
                                              "%s: holds no rows of data", l->table->file));
}
