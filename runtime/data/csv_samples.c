/* csv_samples.c: the cells of a CSV as samples and targets. */
#include "data/csv.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One feature for each value of the column: 1 for the cell's, 0 for the others. */
static bool take_category(csv_load *l, const csv_cell *cell, size_t j, float *feature)
{
    const nnrt_column *c = &l->table->column[j];
    uint32_t number;
    memset(feature, 0, c->values.count * sizeof *feature);
    if (csv_is_missing(cell))
        return true;
    if (!nnrt_name_map_find(&c->values, cell->text, cell->length, &number)) {
        return csv_fail_cell(l, "unknown-class", j, cell,
                             "is a value that the training part never had");
    }
    feature[number] = 1;
    return true;
}

static bool take_feature(csv_load *l, const csv_cell *cell, size_t j, float *sample)
{
    const nnrt_column *c = &l->table->column[j];
    bool missing = csv_is_missing(cell);
    if (missing && l->missing == CSV_MISSING_ERROR)
        return csv_fail_missing(l, j);
    if (c->categorical)
        return take_category(l, cell, j, sample + c->feature);
    if (missing) {
        l->source->has_missing = true;
        sample[c->feature] = NAN;
        return true;
    }

    double value;
    int64_t integer;
    nnrt_number kind = nnrt_parse_number(cell->text, cell->length, &value, &integer);
    if (kind == NNRT_NUMBER_NONE) {
        return csv_fail_cell(l, "bad-file", j, cell,
                             "is not a number, as the column's other cells are");
    }
    if (kind == NNRT_NUMBER_INFINITE || fabs(value) > FLT_MAX)
        return csv_fail_cell(l, "nan-cell", j, cell, "is beyond every finite number");
    sample[c->feature] = (float)value;
    return true;
}

/* Texts are numbered as they come; `labels` holds them. */
static bool take_target(csv_load *l, const csv_cell *cell, int64_t row, nnrt_name_map *labels)
{
    size_t j = l->table->target;
    nnrt_source *s = l->source;
    double value = 0;
    int64_t integer = 0;
    if (csv_is_missing(cell))
        return csv_fail_missing(l, j);
    if (s->kind == NNRT_LABEL_TEXT) {
        return nnrt_name_map_add(labels, cell->text, cell->length, &s->text[row]) ||
               csv_no_memory(l);
    }

    nnrt_number kind = nnrt_parse_number(cell->text, cell->length, &value, &integer);
    if (kind == NNRT_NUMBER_INFINITE || fabs(value) > FLT_MAX)
        return csv_fail_cell(l, "nan-cell", j, cell, "is beyond every finite number");
    if (s->kind == NNRT_LABEL_INTEGER)
        s->integer[row] = integer;
    else
        s->real[row] = (float)value;
    return true;
}

static bool take_row(csv_load *l, int64_t row, nnrt_name_map *labels)
{
    nnrt_source *s = l->source;
    float *sample = s->x + row * s->sample_size;
    s->row[row] = l->reader.row_line;
    for (size_t i = 0; i < l->reader.cells; i++) {
        size_t j = l->place ? l->place[i] : i;
        const csv_cell *cell = &l->reader.cell[i];
        bool ok = j == l->table->target ? take_target(l, cell, row, labels)
                                        : take_feature(l, cell, j, sample);
        if (!ok)
            return false;
    }
    return true;
}

static bool take_rows(csv_load *l, nnrt_name_map *labels)
{
    if (!csv_rewind_to_data(l))
        return false;
    for (int64_t row = 0;; row++) {
        if (!csv_next_kept_row(l))
            return false;
        if (!l->reader.cells)
            return true;
        if (!take_row(l, row, labels))
            return false;
    }
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

    bool ok = (s->row = malloc(rows * sizeof *s->row)) != NULL;
    if (s->kind == NNRT_LABEL_TEXT)
        ok &= (s->text = malloc(rows * sizeof *s->text)) != NULL;
    else if (s->kind == NNRT_LABEL_INTEGER)
        ok &= (s->integer = malloc(rows * sizeof *s->integer)) != NULL;
    else
        ok &= (s->real = nnrt_floats_new(l->rows, l->e)) != NULL;
    return ok || csv_no_memory(l);
}

bool csv_fill_samples(csv_load *l, int64_t features)
{
    nnrt_name_map labels = { 0 };
    nnrt_source *s = l->source;
    bool ok = allocate_samples(l, features) && take_rows(l, &labels) &&
              (s->kind != NNRT_LABEL_TEXT || nnrt_labels_sort(s, &labels, s->count, l->e));
    nnrt_name_map_free(&labels);
    return ok;
}
