/* encoding.c: the rows of a table as numbers (encoding.h). */
#include "data/encoding.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN UINT32_MAX

enum { LISTED = 400 };

struct nnrt_encoding {
    const nnrt_preparation *preparation;
    const nnrt_table *table;
    size_t *place;    /* [columns of the preparation]: the table's column */
    uint32_t **value; /* likewise: a categorical column's texts -> its values; NULL: of numbers */
    bool *reads;      /* [columns of the table] */
};

/* ---- finding columns ---- */

static bool no_column(const nnrt_feature_column *c, const nnrt_table *table, size_t count,
                      nnrt_error *e)
{
    char there[LISTED];

    if (c->name && table->header) {
        return nnrt_fail(e, NNRT_FILES, "no-such-column",
                         count
                             ? "%s: has more than one column '%.80s', which the model knows; its "
                               "columns: %s"
                             : "%s: has no column '%.80s', which the model knows; its columns: %s",
                         table->file, c->name, nnrt_table_list(table, there, sizeof there));
    }
    return nnrt_fail(
        e, NNRT_FILES, "no-such-column",
        "%s: has %zu columns, so no column %zu (counted from 0), which the model knows",
        table->file, table->columns, c->number);
}

/* How many of the preparation's columns up to the j-th have its name, and how many in all. */
static void count_namesakes(const nnrt_preparation *p, size_t j, size_t *before, size_t *all)
{
    *before = *all = 0;
    for (size_t i = 0; i < p->columns; i++) {
        if (p->column[i].name && strcmp(p->column[i].name, p->column[j].name) == 0) {
            *before += i < j;
            ++*all;
        }
    }
}

/* By name; columns of one name keep their order. *count: how many the table has. */
static size_t find_by_name(const nnrt_encoding *n, size_t j, size_t *count)
{
    size_t before, all, place = n->table->columns;

    count_namesakes(n->preparation, j, &before, &all);
    *count = 0;
    for (size_t i = 0; i < n->table->columns; i++) {
        if (strcmp(n->table->column[i].name, n->preparation->column[j].name) != 0)
            continue;
        if (*count == before)
            place = i;
        ++*count;
    }
    return *count == all ? place : n->table->columns;
}

static bool place_column(nnrt_encoding *n, size_t j, nnrt_error *e)
{
    const nnrt_feature_column *c = &n->preparation->column[j];
    size_t count = 0, place = c->number;

    if (c->name && n->table->header)
        place = find_by_name(n, j, &count);
    if (place >= n->table->columns)
        return no_column(c, n->table, count, e);

    n->place[j] = place;
    n->reads[place] = true;
    if (!n->table->column[place].unreadable)
        return true;
    return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: column '%.80s' %s, so it can't be used",
                     n->table->file, c->name ? c->name : "", n->table->column[place].unreadable);
}

/* Looks each of a text column's values up once. */
static bool map_values(nnrt_encoding *n, size_t j, nnrt_error *e)
{
    const nnrt_feature_column *c = &n->preparation->column[j];
    const nnrt_column *from = &n->table->column[n->place[j]];
    if (!c->categorical || !from->is_text)
        return true;

    uint32_t *value = n->value[j] = malloc((from->values.count + 1) * sizeof *value);
    if (!value)
        return nnrt_no_memory_for(e, n->table->file);

    for (size_t v = 0; v < from->values.count; v++) {
        const char *text = from->values.text[v];
        value[v] = UNKNOWN;
        nnrt_name_map_find(&c->values, text, strlen(text), &value[v]);
    }
    return true;
}

nnrt_encoding *nnrt_encoding_new(const nnrt_preparation *p, const nnrt_table *table, nnrt_error *e)
{
    nnrt_encoding *n = calloc(1, sizeof *n);

    if (n) {
        *n = (nnrt_encoding){ .preparation = p,
                              .table = table,
                              .place = calloc(p->columns + 1, sizeof *n->place),
                              .value = calloc(p->columns + 1, sizeof *n->value),
                              .reads = calloc(table->columns + 1, sizeof *n->reads) };
    }
    bool ok = n && n->place && n->value && n->reads;
    if (!ok)
        nnrt_no_memory_for(e, table->file);

    for (size_t j = 0; ok && j < p->columns; j++)
        ok = place_column(n, j, e) && map_values(n, j, e);
    if (ok)
        return n;
    nnrt_encoding_free(n);
    return NULL;
}

void nnrt_encoding_free(nnrt_encoding *n)
{
    if (!n)
        return;
    for (size_t j = 0; n->value && j < n->preparation->columns; j++)
        free(n->value[j]);
    free(n->value);
    free(n->place);
    free(n->reads);
    free(n);
}

const bool *nnrt_encoding_columns(const nnrt_encoding *n)
{
    return n->reads;
}

/* ---- rows ---- */

static bool fail_cell(const nnrt_encoding *n, size_t column, int64_t row, const char *code,
                      const char *what, nnrt_error *e)
{
    char place[512], buffer[NNRT_CELL_TEXT];
    const nnrt_column *c = &n->table->column[column];

    nnrt_cell_place(n->table, column, row, place, sizeof place);
    if (nnrt_cell_is_missing(c, row))
        return nnrt_fail(e, NNRT_FILES, code, "%s: %s", place, what);
    return nnrt_fail(e, NNRT_FILES, code, "%s: '%.80s' %s", place, nnrt_cell_text(c, row, buffer),
                     what);
}

static bool fail_missing(const nnrt_encoding *n, size_t column, int64_t row, nnrt_error *e)
{
    fail_cell(n, column, row, "missing-cell", "the cell is missing", e);
    snprintf(e->help, sizeof e->help,
             "'missing = drop' leaves such rows out, 'missing = mean' takes the training part's "
             "mean");
    return false;
}

static bool encode_category(const nnrt_encoding *n, size_t j, int64_t row, double *feature,
                            nnrt_error *e)
{
    const nnrt_feature_column *c = &n->preparation->column[j];
    const nnrt_column *from = &n->table->column[n->place[j]];
    uint32_t value = UNKNOWN;

    memset(feature, 0, c->values.count * sizeof *feature);
    if (nnrt_cell_is_missing(from, row))
        return true;

    if (n->value[j]) {
        value = n->value[j][from->text[row]];
    } else {
        char buffer[NNRT_CELL_TEXT];
        const char *text = nnrt_cell_text(from, row, buffer);
        nnrt_name_map_find(&c->values, text, strlen(text), &value);
    }

    if (value != UNKNOWN) {
        feature[value] = 1;
        return true;
    }
    if (n->preparation->ignores_unknown)
        return true;
    fail_cell(n, n->place[j], row, "unknown-class", "is a value that the training part never had",
              e);
    snprintf(e->help, sizeof e->help,
             "`unknown = ignore` makes such a value 0 in all of the "
             "column's features");
    return false;
}

static bool encode_number(const nnrt_encoding *n, size_t j, int64_t row, double *feature,
                          nnrt_error *e)
{
    size_t column = n->place[j];
    const nnrt_column *from = &n->table->column[column];

    if (nnrt_cell_is_missing(from, row)) {
        *feature = NAN;
        return true;
    }
    if (from->is_text) {
        const char *text = from->values.text[from->text[row]];
        int64_t integer;
        if (nnrt_parse_number(text, strlen(text), feature, &integer) == NNRT_NUMBER_NONE) {
            return fail_cell(n, column, row, "bad-file",
                             "is not a number, as the column's other cells are", e);
        }
    } else {
        *feature = from->number[row];
    }
    return fabs(*feature) <= FLT_MAX ||
           fail_cell(n, column, row, "nan-cell", "is beyond every finite number", e);
}

bool nnrt_encode(const nnrt_encoding *n, int64_t row, double *out, nnrt_error *e)
{
    const nnrt_preparation *p = n->preparation;

    for (size_t j = 0; j < p->columns; j++) {
        const nnrt_feature_column *c = &p->column[j];
        double *feature = out + c->feature;

        if (p->missing == NNRT_MISSING_ERROR &&
            nnrt_cell_is_missing(&n->table->column[n->place[j]], row)) {
            return fail_missing(n, n->place[j], row, e);
        }
        if (!(c->categorical ? encode_category(n, j, row, feature, e)
                             : encode_number(n, j, row, feature, e))) {
            return false;
        }
    }
    return true;
}
