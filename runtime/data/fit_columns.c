/* fit_columns.c: which columns of a training table are features, and how (fit.h). */
#include "data/fit.h"
#include "data/form.h"
#include <stdlib.h>
#include <string.h>

/* A text column of more values than this, that are more than this share of its rows, is hardly
 * meant to be a feature for each value. */
enum { MANY_VALUES = 50, MANY_SHARE = 10, MOST_VALUES = 1 << 16 };

typedef struct fitting {
    nnrt_preparation *preparation;
    const json_t *form;
    const nnrt_table *table;
    nnrt_error *e;
} fitting;

static bool no_memory(const fitting *f)
{
    return nnrt_no_memory_for(f->e, f->table->file);
}

static const char *column_name(const nnrt_column *c)
{
    return c->name ? c->name : "";
}

/* ---- values ---- */

/* The distinct texts, in bytewise order. */
static bool text_values(const fitting *f, const nnrt_column *from, nnrt_name_map *values)
{
    uint32_t number;

    for (int64_t row = 0; row < f->table->rows; row++) {
        if (nnrt_cell_is_missing(from, row))
            continue;
        const char *text = from->values.text[from->text[row]];
        if (!nnrt_name_map_add(values, text, strlen(text), &number))
            return no_memory(f);
    }
    return nnrt_name_map_sort(values) || no_memory(f);
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distinct numbers, in order, as texts. */
static bool number_values(const fitting *f, const nnrt_column *from, nnrt_name_map *values)
{
    double *sorted = malloc(((size_t)f->table->rows + 1) * sizeof *sorted);
    int64_t count = 0;
    bool ok = sorted != NULL;

    for (int64_t row = 0; ok && row < f->table->rows; row++)
        if (!nnrt_cell_is_missing(from, row))
            sorted[count++] = from->number[row];
    if (ok)
        qsort(sorted, (size_t)count, sizeof *sorted, by_number);

    for (int64_t i = 0; ok && i < count; i++) {
        nnrt_column one = { .number = &sorted[i], .whole = from->whole };
        char buffer[NNRT_CELL_TEXT];
        const char *text = nnrt_cell_text(&one, 0, buffer);
        uint32_t number;
        ok = nnrt_name_map_add(values, text, strlen(text), &number);
    }
    free(sorted);
    return ok || no_memory(f);
}

static bool too_many(const fitting *f, const nnrt_column *from, size_t values)
{
    nnrt_fail(f->e, NNRT_FILES, "too-many-categories",
              "%s: column '%.80s' is text with %zu different values in %lld rows, each of which "
              "would be a feature",
              f->table->file, column_name(from), values, (long long)f->table->rows);
    snprintf(
        f->e->help, sizeof f->e->help,
        "`drop = [\"%.60s\"]` leaves it out, `id = \"%.60s\"` takes it for the samples' names, "
        "`categorical = [\"%.60s\"]` makes the features all the same",
        column_name(from), column_name(from), column_name(from));
    return false;
}

/* ---- columns ---- */

static bool fit_values(const fitting *f, const nnrt_column *from, bool listed,
                       nnrt_feature_column *c)
{
    const json_t *categorical = json_object_get(f->form, "categorical");
    bool none = json_is_false(categorical) ||
                strcmp(nnrt_form_text(f->form, "categorical", "auto"), "none") == 0;

    if (from->is_text && none && !listed) {
        return nnrt_fail(f->e, NNRT_FILES, "bad-file",
                         "%s: column '%.80s' holds texts, and 'categorical' is none",
                         f->table->file, column_name(from));
    }

    c->categorical = from->is_text || listed;
    if (!c->categorical)
        return true;
    if (!(from->is_text ? text_values(f, from, &c->values) : number_values(f, from, &c->values)))
        return false;

    size_t values = c->values.count;
    if (!listed && values > MANY_VALUES && (int64_t)values * MANY_SHARE > f->table->rows)
        return too_many(f, from, values);
    return values <= MOST_VALUES ||
           nnrt_fail(f->e, NNRT_FILES, "bad-file",
                     "%s: column '%.80s' holds more different values than could each be a feature",
                     f->table->file, column_name(from));
}

static bool fit_column(fitting *f, size_t j)
{
    nnrt_preparation *p = f->preparation;
    const nnrt_column *from = &f->table->column[j];
    nnrt_feature_column *c = &p->column[p->columns++];

    c->number = j;
    c->feature = p->features;
    if (from->name && !(c->name = strdup(from->name)))
        return no_memory(f);
    if (!fit_values(f, from, nnrt_column_is_listed(f->form, "categorical", f->table, j), c))
        return false;

    p->features += c->categorical ? (int64_t)c->values.count : 1;
    return true;
}

static nnrt_missing missing_policy(const char *word)
{
    if (strcmp(word, "mean") == 0)
        return NNRT_MISSING_MEAN;
    return strcmp(word, "drop") == 0 ? NNRT_MISSING_DROP : NNRT_MISSING_ERROR;
}

bool nnrt_fit_columns(nnrt_preparation *p, const json_t *form, const nnrt_table *table,
                      const nnrt_uses *uses, nnrt_error *e)
{
    fitting f = { p, form, table, e };

    p->missing = missing_policy(nnrt_form_text(form, "missing", "error"));
    p->ignores_unknown = strcmp(nnrt_form_text(form, "unknown", "error"), "ignore") == 0;
    p->features = 0;
    if (!(p->column = calloc(table->columns + 1, sizeof *p->column)))
        return no_memory(&f);

    for (size_t j = 0; j < table->columns; j++)
        if (uses->feature[j] && !fit_column(&f, j))
            return false;
    return p->features > 0 ||
           nnrt_fail(e, NNRT_FILES, "bad-file", "%s: has no column beside the target", table->file);
}
