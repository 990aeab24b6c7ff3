/* table_samples.c: the rows of a table that are samples, with their targets and weights
 * (columns.h). */
#include "data/block.h"
#include "data/columns.h"
#include "data/reader.h"
#include "data/form.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct taking {
    nnrt_source *source;
    const nnrt_table *table;
    const nnrt_source_request *request;
    const nnrt_uses *uses;
    const bool *feature;
    nnrt_error *e;
} taking;

static bool no_memory(const taking *t)
{
    return nnrt_no_memory_for(t->e, t->table->file);
}

static bool fail_cell(const taking *t, size_t column, int64_t row, const char *code,
                      const char *what)
{
    char place[512], buffer[NNRT_CELL_TEXT];
    const nnrt_column *c = &t->table->column[column];

    nnrt_cell_place(t->table, column, row, place, sizeof place);
    if (nnrt_cell_is_missing(c, row))
        return nnrt_fail(t->e, NNRT_FILES, code, "%s: %s", place, what);
    return nnrt_fail(t->e, NNRT_FILES, code, "%s: '%.80s' %s", place,
                     nnrt_cell_text(c, row, buffer), what);
}

static bool fail_missing(const taking *t, size_t column, int64_t row, const char *what)
{
    fail_cell(t, column, row, "missing-cell", what);
    snprintf(t->e->help, sizeof t->e->help, "'missing = drop' leaves such rows out");
    return false;
}

/* ---- rows ---- */

static bool is_dropped(const taking *t, int64_t row)
{
    for (size_t j = 0; j < t->table->columns; j++)
        if (t->feature[j] && nnrt_cell_is_missing(&t->table->column[j], row))
            return true;
    for (size_t i = 0; i < t->uses->targets; i++)
        if (nnrt_cell_is_missing(&t->table->column[t->uses->target[i]], row))
            return true;
    return t->uses->weight < t->table->columns &&
           nnrt_cell_is_missing(&t->table->column[t->uses->weight], row);
}

static bool take_rows(const taking *t)
{
    nnrt_source *s = t->source;
    size_t rows = (size_t)t->table->rows;
    bool drops = strcmp(nnrt_form_text(t->request->form, "missing", "error"), "drop") == 0;

    s->at = malloc((rows + 1) * sizeof *s->at);
    s->row = t->table->line ? malloc((rows + 1) * sizeof *s->row) : NULL;
    if (!s->at || (t->table->line && !s->row))
        return no_memory(t);

    for (int64_t row = 0; row < t->table->rows; row++) {
        if (drops && is_dropped(t, row))
            continue;
        if (s->row)
            s->row[s->count] = t->table->line[row];
        s->at[s->count++] = (uint32_t)row;
    }
    s->rows = s->count;
    return s->count ||
           nnrt_fail(t->e, NNRT_FILES, "bad-file", "%s: holds no rows of data", t->table->file);
}

/* ---- targets ---- */

/* The first cell of a text column that is not a number. */
static bool fail_text(const taking *t, size_t column, const char *what)
{
    const nnrt_column *c = &t->table->column[column];

    for (int64_t i = 0; i < t->source->count; i++) {
        int64_t row = t->source->at[i], integer;
        double value;
        if (nnrt_cell_is_missing(c, row))
            continue;
        const char *text = c->values.text[c->text[row]];
        if (nnrt_parse_number(text, strlen(text), &value, &integer) == NNRT_NUMBER_NONE)
            return fail_cell(t, column, row, "bad-target", what);
    }
    return fail_cell(t, column, t->source->at[0], "bad-target", what);
}

static bool fail_vast(const taking *t)
{
    nnrt_fail(t->e, NNRT_FILES, "bad-target",
              "%s: the target holds whole numbers that are too large to be classes, beyond "
              "9223372036854775807",
              t->table->file);
    snprintf(t->e->help, sizeof t->e->help, "`task = regress` takes them as real values");
    return false;
}

/* What the targets of a source are: of a further one where the training's are real, too. */
static bool find_kind(const taking *t)
{
    const nnrt_column *c = &t->table->column[t->uses->target[0]];
    nnrt_task task = t->request->task;
    bool real_task = task == NNRT_TASK_REGRESS || task == NNRT_TASK_MULTILABEL;
    bool like_real =
        task == NNRT_TASK_AUTO && t->request->like && t->request->like->kind == NNRT_LABEL_REAL;

    if (t->uses->targets > 1 || real_task || like_real) {
        for (size_t i = 0; i < t->uses->targets; i++)
            if (t->table->column[t->uses->target[i]].is_text)
                return fail_text(t, t->uses->target[i],
                                 "is not a number, as targets of a regression must be");
        t->source->kind = NNRT_LABEL_REAL;
        return true;
    }
    if (c->is_text) {
        t->source->kind = NNRT_LABEL_TEXT;
        return true;
    }
    t->source->kind = c->whole ? NNRT_LABEL_INTEGER : NNRT_LABEL_REAL;
    return !(c->whole && c->vast) || fail_vast(t);
}

static bool allocate_targets(const taking *t)
{
    nnrt_source *s = t->source;
    size_t count = (size_t)(s->count * s->target_size);

    if (s->kind == NNRT_LABEL_TEXT)
        return (s->text = malloc(count * sizeof *s->text)) || no_memory(t);
    if (s->kind == NNRT_LABEL_INTEGER)
        return (s->integer = malloc(count * sizeof *s->integer)) || no_memory(t);
    s->exact = malloc(count * sizeof *s->exact);
    return (s->exact && (s->real = nnrt_floats_new((int64_t)count, t->e))) || no_memory(t);
}

static bool take_real(const taking *t, size_t column, int64_t row, size_t at)
{
    double value = t->table->column[column].number[row];

    if (fabs(value) > FLT_MAX)
        return fail_cell(t, column, row, "nan-cell", "is beyond every finite number");
    if (t->request->task == NNRT_TASK_MULTILABEL && value != 0 && value != 1)
        return fail_cell(t, column, row, "bad-target", "is not a label: those are 0 and 1");
    t->source->exact[at] = value;
    t->source->real[at] = (float)value;
    return true;
}

static bool take_target(const taking *t, int64_t i, size_t k, nnrt_name_map *labels)
{
    nnrt_source *s = t->source;
    size_t column = t->uses->target[k], at = (size_t)i * t->uses->targets + k;
    int64_t row = s->at[i];
    const nnrt_column *c = &t->table->column[column];

    if (nnrt_cell_is_missing(c, row))
        return fail_missing(t, column, row, "the target is missing");
    if (s->kind == NNRT_LABEL_TEXT) {
        const char *text = c->values.text[c->text[row]];
        return nnrt_name_map_add(labels, text, strlen(text), &s->text[at]) || no_memory(t);
    }
    if (s->kind == NNRT_LABEL_INTEGER) {
        s->integer[at] = c->integer ? c->integer[row] : (int64_t)c->number[row];
        return true;
    }
    return take_real(t, column, row, at);
}

static bool take_targets(const taking *t)
{
    nnrt_source *s = t->source;
    nnrt_name_map labels = { 0 };
    size_t targets = t->uses->targets;

    s->target_size = targets ? (int64_t)targets : 1;
    if (!targets)
        return true;
    s->target_rank = targets > 1;
    s->target_shape[0] = (int64_t)targets;

    bool ok = find_kind(t) && allocate_targets(t);
    for (int64_t i = 0; ok && i < s->count; i++)
        for (size_t k = 0; ok && k < targets; k++)
            ok = take_target(t, i, k, &labels);
    if (ok && s->kind == NNRT_LABEL_TEXT)
        ok = nnrt_labels_sort(s, &labels, s->count, t->e);

    nnrt_name_map_free(&labels);
    return ok;
}

/* ---- weights and ids ---- */

static bool take_weights(const taking *t)
{
    nnrt_source *s = t->source;
    size_t column = t->uses->weight;
    const nnrt_column *c = &t->table->column[column];

    if (column == t->table->columns)
        return true;
    if (!(s->weight = nnrt_floats_new(s->count, t->e)))
        return false;

    for (int64_t i = 0; i < s->count; i++) {
        int64_t row = s->at[i];
        if (nnrt_cell_is_missing(c, row))
            return fail_missing(t, column, row, "the sample's weight is missing");
        if (c->is_text || !(c->number[row] >= 0) || c->number[row] > FLT_MAX) {
            return fail_cell(t, column, row, "out-of-range",
                             "is not a weight: those are finite and not below 0");
        }
        s->weight[i] = (float)c->number[row];
    }
    return true;
}

bool nnrt_source_take_table(nnrt_source *source, const nnrt_source_request *request,
                            const nnrt_uses *uses, const bool *feature, nnrt_error *e)
{
    taking t = { .source = source,
                 .table = source->table,
                 .request = request,
                 .uses = uses,
                 .feature = feature ? feature : uses->feature,
                 .e = e };

    source->count = 0;
    source->id = uses->id < source->table->columns ? &source->table->column[uses->id] : NULL;
    return take_rows(&t) && take_targets(&t) && take_weights(&t);
}
