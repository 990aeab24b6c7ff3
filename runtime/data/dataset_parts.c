/* dataset_parts.c: samples into parts: held out, fitted to and prepared (opening.h).
 *
 * Whatever is fitted is fitted to the training part alone, before anything is moved or changed:
 * which samples are held out, then the means of missing cells, then the scales. */
#include "data/block.h"
#include "data/fit.h"
#include "data/labels.h"
#include "data/opening.h"
#include "data/parts.h"
#include <stdlib.h>
#include <string.h>

/* The training source's samples by part. */
typedef struct split {
    uint8_t *part_of; /* [count of the source] */
    int64_t size[NNRT_DROPPED + 1];
    bool any;        /* some are held out */
    uint32_t *train; /* [size[NNRT_TRAIN]]: those that are left to train on */
} split;

static bool no_memory(const opening *o)
{
    return nnrt_no_memory_for(o->e, o->data->name);
}

/* ---- holding out ---- */

static bool hold_out(opening *o, split *s, int part)
{
    nnrt_data *data = o->data;
    const json_t *fraction = opening_setting(o, nnrt_part_name(part));
    if (!json_is_number(fraction) || json_number_value(fraction) == 0)
        return true;

    double share = json_number_value(fraction);
    o->e->setting = nnrt_part_name(part);
    s->any = true;
    if (!(share > 0 && share <= 1)) {
        return nnrt_fail(o->e, NNRT_SCRIPT, "out-of-range",
                         "data '%s': '%s' is a share between 0 and 100%%, not %g%%", data->name,
                         nnrt_part_name(part), 100 * share);
    }
    const nnrt_source *source = &o->source[NNRT_TRAIN];
    bool stratified = data->classify && data->target_rank == 0 && !source->span;
    return nnrt_hold_out(s->part_of, source->count, part, share, data,
                         stratified ? data->storage[3 * NNRT_TRAIN + 1] : NULL,
                         !data->shuffle || source->span, o->e);
}

/* Parts of a series or text share nothing. */
static bool part_overlaps(opening *o, split *s)
{
    const nnrt_source *source = &o->source[NNRT_TRAIN];
    int64_t before[NNRT_PARTS] = { 0 }, left[NNRT_DROPPED + 1] = { 0 };
    if (!source->span)
        return true;

    for (int64_t i = 0; i < source->count; i++)
        before[s->part_of[i]]++;
    nnrt_drop_overlaps(s->part_of, source->count, source->stride, source->span);
    for (int64_t i = 0; i < source->count; i++)
        left[s->part_of[i]]++;
    for (int part = NNRT_TRAIN; part < NNRT_PARTS; part++) {
        if (before[part] && !left[part]) {
            return nnrt_fail(o->e, NNRT_FILES, "no-part",
                             "data '%s': each of the %lld samples of the %s part shares something "
                             "with the part behind it: a sample covers %lld of %s",
                             o->data->name, (long long)before[part], nnrt_part_name(part),
                             (long long)source->span, source->x_name);
        }
    }
    return true;
}

static bool list_training(opening *o, split *s)
{
    int64_t count = o->source[NNRT_TRAIN].count, at = 0;

    for (int64_t i = 0; i < count; i++)
        s->size[s->part_of[i]]++;
    if (!s->size[NNRT_TRAIN]) {
        return nnrt_fail(o->e, NNRT_FILES, "no-part",
                         "data '%s': no sample is left to train on: all %lld of %s are held out",
                         o->data->name, (long long)count, o->source[NNRT_TRAIN].x_name);
    }

    s->train = malloc((size_t)s->size[NNRT_TRAIN] * sizeof *s->train);
    if (!s->train)
        return no_memory(o);
    for (int64_t i = 0; i < count; i++)
        if (s->part_of[i] == NNRT_TRAIN)
            s->train[at++] = (uint32_t)i;
    return true;
}

static bool make_split(opening *o, split *s)
{
    if (!o->given[NNRT_TRAIN])
        return true;
    s->part_of = calloc((size_t)o->source[NNRT_TRAIN].count + 1, sizeof *s->part_of);
    if (!s->part_of)
        return no_memory(o);

    bool ok = hold_out(o, s, NNRT_TEST) && hold_out(o, s, NNRT_VALIDATION) && part_overlaps(o, s) &&
              list_training(o, s);
    if (ok)
        o->e->setting = NULL;
    return ok;
}

static void free_split(split *s)
{
    free(s->part_of);
    free(s->train);
}

/* ---- fitting ---- */

static nnrt_samples samples_of(const opening *o, int part, const uint32_t *row, int64_t count)
{
    return (nnrt_samples){ .count = count,
                           .x = o->source[part].x,
                           .wide = o->source[part].wide,
                           .encoding = o->encoding[part],
                           .row = row,
                           .name = o->source[part].x_name };
}

/* The rows of a table that are a sample. */
static int64_t rows_of_sample(const nnrt_source *source)
{
    return source->window ? source->window : 1;
}

static uint32_t row_at(const nnrt_source *source, int64_t i)
{
    return source->at ? source->at[i] : (uint32_t)i;
}

/* Numbers of samples as rows of the source's table, each sample's together; free() */
static uint32_t *table_rows(const opening *o, int part, const uint32_t *sample, int64_t count)
{
    const nnrt_source *s = &o->source[part];
    int64_t width = rows_of_sample(s), stride = s->window ? s->stride : 1;
    uint32_t *row = malloc(((size_t)(count * width) + 1) * sizeof *row);

    for (int64_t i = 0; row && i < count; i++)
        for (int64_t t = 0; t < width; t++)
            row[i * width + t] = row_at(s, (sample ? sample[i] : i) * stride + t);
    if (!row)
        no_memory(o);
    return row;
}

/* The rows that the training samples cover, with their targets, each once; free() */
static uint32_t *training_rows(const opening *o, const split *s, int64_t *count)
{
    const nnrt_source *source = &o->source[NNRT_TRAIN];
    uint32_t *row;
    int64_t next = 0;

    *count = s->size[NNRT_TRAIN];
    if (!source->window)
        return table_rows(o, NNRT_TRAIN, s->train, *count);
    if (!(row = malloc((size_t)source->rows * sizeof *row))) {
        no_memory(o);
        return NULL;
    }

    *count = 0;
    for (int64_t i = 0; i < s->size[NNRT_TRAIN]; i++) {
        int64_t first = s->train[i] * source->stride, end = first + source->span;
        for (next = next > first ? next : first; next < end; next++)
            row[(*count)++] = source->at[next];
    }
    return row;
}

static bool fit_samples(opening *o, const split *s)
{
    nnrt_preparation *p = o->data->preparation;
    bool table = o->encoding[NNRT_TRAIN] != NULL;
    int64_t count = s->size[NNRT_TRAIN];
    uint32_t *row = table ? training_rows(o, s, &count) : NULL;
    if (table && !row)
        return false;

    nnrt_samples training = samples_of(o, NNRT_TRAIN, table ? row : s->train, count);
    bool ok = nnrt_fit_means(p, &training, o->e) &&
              nnrt_fit_scaling(p, opening_setting(o, "normalize"), &training, o->e);
    free(row);
    return ok;
}

typedef struct training_targets {
    const nnrt_source *source;
    const float *y;
    const uint32_t *sample;
    size_t width;
} training_targets;

static double target_value(const void *context, int64_t i, size_t k)
{
    const training_targets *t = context;
    size_t at = (size_t)(t->sample ? t->sample[i] : (uint32_t)i) * t->width + k;
    return t->source->exact ? t->source->exact[at] : (double)t->y[at];
}

/* A series' target columns over the rows that the training samples cover. */
typedef struct column_targets {
    const nnrt_table *table;
    const size_t *column;
    const uint32_t *row;
} column_targets;

static double column_value(const void *context, int64_t i, size_t k)
{
    const column_targets *t = context;
    return t->table->column[t->column[k]].number[t->row[i]];
}

static bool fit_columns(opening *o, const split *s)
{
    const nnrt_source *source = &o->source[NNRT_TRAIN];
    int64_t count;
    uint32_t *row = training_rows(o, s, &count);
    column_targets t = { source->table, o->uses[NNRT_TRAIN].target, row };

    bool ok = row && nnrt_fit_target_scaling(
                         o->data->preparation, opening_setting(o, "normalize_target"), count,
                         o->uses[NNRT_TRAIN].targets, column_value, &t, source->y_name, o->e);
    free(row);
    return ok;
}

static bool fit_targets(opening *o, const split *s)
{
    size_t width = (size_t)o->data->target_size;
    const nnrt_source *source = &o->source[NNRT_TRAIN];
    training_targets t = { source, o->data->storage[3 * NNRT_TRAIN + 1], s->train, width };
    if (source->window && !o->data->classify)
        return fit_columns(o, s);

    return o->data->classify || o->data->multilabel ||
           nnrt_fit_target_scaling(o->data->preparation, opening_setting(o, "normalize_target"),
                                   s->size[NNRT_TRAIN], width, target_value, &t, source->y_name,
                                   o->e);
}

/* Brings a part's targets to the scale that they are trained at, in the source's order. */
static void scale_targets(opening *o, int part)
{
    const nnrt_scaling *scaling = &o->data->preparation->target;
    const nnrt_source *source = &o->source[part];
    size_t width = (size_t)o->data->target_size;
    float *y = o->data->storage[3 * part + 1];
    training_targets t = { source, y, NULL, width };
    if (scaling->kind == NNRT_SCALE_NONE || part == NNRT_NEW || !scaling->width)
        return;

    for (int64_t i = 0; i < source->count; i++) {
        for (size_t k = 0; k < width; k++) {
            y[(size_t)i * width + k] =
                (float)nnrt_scale_value(scaling, k % scaling->width, target_value(&t, i, k));
        }
    }
}

/* ---- parts ---- */

static void take_part(nnrt_data *data, int part, nnrt_part what)
{
    if (what.count)
        data->part[part] = what;
    data->total += what.count;
}

/* The blocks of the training source, each part's samples together. */
static bool sort_blocks(opening *o, const split *s, float *start[3][NNRT_PARTS])
{
    nnrt_data *data = o->data;
    const int64_t width[] = { data->sample_size, data->target_size, 1 };

    for (int k = 0; k < 3; k++) {
        float *block = data->storage[3 * NNRT_TRAIN + k];
        if (!block)
            continue;
        if (!s->any)
            start[k][NNRT_TRAIN] = block;
        else if (!nnrt_sort_by_part(block, o->source[NNRT_TRAIN].count, width[k], s->part_of,
                                    start[k], o->e))
            return false;
    }
    return true;
}

static bool take_training_source(opening *o, const split *s)
{
    float *start[3][NNRT_PARTS] = { 0 };
    if (!o->given[NNRT_TRAIN])
        return true;
    if (!sort_blocks(o, s, start))
        return false;

    for (int part = 0; part < NNRT_PARTS; part++) {
        take_part(o->data, part,
                  (nnrt_part){ .count = s->size[part],
                               .x = start[0][part],
                               .y = start[1][part],
                               .w = start[2][part] });
    }
    return true;
}

static void take_other_sources(opening *o)
{
    nnrt_data *data = o->data;

    for (int part = NNRT_VALIDATION; part < NNRT_PARTS; part++) {
        if (o->given[part]) {
            take_part(data, part,
                      (nnrt_part){ .count = o->source[part].count,
                                   .x = data->storage[3 * part],
                                   .y = data->storage[3 * part + 1],
                                   .w = data->storage[3 * part + 2] });
        }
    }
}

/* The samples of a part, by number in their source; free(), NULL: all of them, or out of memory. */
static uint32_t *part_samples(const opening *o, const split *s, int part)
{
    if (o->given[part] && part != NNRT_TRAIN)
        return NULL;

    uint32_t *sample = malloc(((size_t)s->size[part] + 1) * sizeof *sample);
    int64_t at = 0;
    for (int64_t i = 0; sample && i < o->source[NNRT_TRAIN].count; i++)
        if (s->part_of[i] == part)
            sample[at++] = (uint32_t)i;
    return sample;
}

static int source_of(const opening *o, int part)
{
    return o->given[part] ? part : NNRT_TRAIN;
}

/* ---- captions ---- */

static bool is_caption(const opening *o, int source, size_t column)
{
    const json_t *form = opening_setting(o, nnrt_part_name(source));
    if (source == NNRT_TRAIN && !json_is_object(form))
        form = opening_setting(o, "source");
    return nnrt_column_is_listed(form, "keep", o->source[source].table, column);
}

/* The columns of a source that are copied, the id first; returns how many. */
static size_t caption_columns(const opening *o, int source, size_t *column)
{
    const nnrt_table *table = o->source[source].table;
    size_t count = 0;

    if (o->source[source].id)
        column[count++] = (size_t)(o->source[source].id - table->column);
    for (size_t j = 0; j < table->columns; j++)
        if (is_caption(o, source, j))
            column[count++] = j;
    return count;
}

static bool name_captions(opening *o, const nnrt_table *table, const size_t *column, size_t count)
{
    nnrt_data *data = o->data;

    data->caption_name = calloc(count + 1, sizeof *data->caption_name);
    for (size_t k = 0; data->caption_name && k < count; k++) {
        const char *name = table->column[column[k]].name;
        if (!(data->caption_name[k] = strdup(name ? name : "")))
            return no_memory(o);
        data->captions = k + 1;
    }
    return data->caption_name || no_memory(o);
}

static bool copy_captions(opening *o, const split *s, int part, const size_t *column)
{
    nnrt_part *to = &o->data->part[part];
    const nnrt_source *source = &o->source[source_of(o, part)];
    size_t captions = o->data->captions;
    uint32_t *sample = part_samples(o, s, part);
    bool ok = (to->caption = calloc((size_t)to->count * captions + 1, sizeof *to->caption)) != NULL;

    for (int64_t i = 0; ok && i < to->count; i++) {
        uint32_t row = nnrt_source_row(source, sample ? sample[i] : i);
        for (size_t k = 0; ok && k < captions; k++) {
            char buffer[NNRT_CELL_TEXT];
            const char *text = nnrt_cell_text(&source->table->column[column[k]], row, buffer);
            ok = (to->caption[(size_t)i * captions + k] = strdup(text)) != NULL;
        }
    }
    free(sample);
    return ok || no_memory(o);
}

static bool take_captions(opening *o, const split *s)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        int source = source_of(o, part);
        const nnrt_table *table = o->source[source].table;
        if (!o->data->part[part].count || !table)
            continue;

        size_t *column = calloc(2 * table->columns + 1, sizeof *column);
        size_t count = column ? caption_columns(o, source, column) : 0;
        bool ok = column || no_memory(o);
        if (ok && count && !o->data->caption_name) {
            o->data->has_id = o->source[source].id != NULL;
            ok = name_captions(o, table, column, count);
        }
        if (ok && count && count == o->data->captions)
            ok = copy_captions(o, s, part, column);
        free(column);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- preparing ---- */

static bool prepare_table(opening *o, const split *s, int part)
{
    nnrt_data *data = o->data;
    nnrt_part *to = &data->part[part];
    int source = source_of(o, part);
    uint32_t *sample = part_samples(o, s, part), *row = table_rows(o, source, sample, to->count);
    nnrt_samples samples =
        samples_of(o, source, row, to->count * rows_of_sample(&o->source[source]));

    free(sample);
    float *x = row ? nnrt_floats_new(to->count * data->sample_size, o->e) : NULL;
    bool ok = x && nnrt_prepare(data->preparation, &samples, x, o->e);
    free(row);
    free(data->storage[3 * part]);
    data->storage[3 * part] = to->x = x;
    return ok;
}

/* Where they lie, from float64 where the source has that. */
static bool prepare_array(opening *o, const split *s, int part)
{
    nnrt_data *data = o->data;
    nnrt_part *to = &data->part[part];
    const double *wide = o->source[source_of(o, part)].wide;
    uint32_t *sample = wide ? part_samples(o, s, part) : NULL;
    if (wide && !sample && (!o->given[part] || part == NNRT_TRAIN))
        return no_memory(o);

    nnrt_samples samples = {
        .count = to->count, .x = to->x, .wide = wide, .row = sample, .name = data->name
    };

    bool ok = data->preparation->samples.kind == NNRT_SCALE_NONE ||
              nnrt_prepare(data->preparation, &samples, to->x, o->e);
    free(sample);
    return ok;
}

static bool prepare_parts(opening *o, const split *s)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        if (!o->data->part[part].count)
            continue;
        bool table = o->encoding[source_of(o, part)] != NULL;
        if (!(table ? prepare_table(o, s, part) : prepare_array(o, s, part)))
            return false;
    }
    return true;
}

/* ---- wholes ---- */

/* Keeps the table, from which each view is prepared by its own training part. */
static bool keep_raw(opening *o, const split *s)
{
    nnrt_source *source = &o->source[NNRT_TRAIN];
    if (!o->encoding[NNRT_TRAIN] && !source->wide)
        return true;

    nnrt_raw *raw = o->data->raw = calloc(1, sizeof *raw);
    if (!raw)
        return no_memory(o);
    raw->width = rows_of_sample(source);
    raw->row = table_rows(o, NNRT_TRAIN, s->train, s->size[NNRT_TRAIN]);
    raw->table = source->table;
    raw->wide = source->wide;
    source->wide = NULL;
    raw->encoding = o->encoding[NNRT_TRAIN];
    source->table = NULL;
    o->encoding[NNRT_TRAIN] = NULL;
    return raw->row != NULL;
}

static bool name_features(opening *o)
{
    nnrt_data *data = o->data;
    if (data->preparation->features != data->sample_size)
        return true;

    data->feature_name = nnrt_preparation_feature_names(data->preparation);
    return data->feature_name || !data->preparation->columns || no_memory(o);
}

static void take_blocks(opening *o)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        nnrt_source *source = &o->source[part];
        o->data->storage[3 * part + 2] = source->weight;
        o->data->weighted |= source->weight != NULL;
        source->weight = NULL;
    }
}

/* An array's samples are needed where they lie until they are fitted to. */
static void take_samples(opening *o)
{
    for (int part = 0; part < NNRT_PARTS; part++) {
        o->data->storage[3 * part] = o->source[part].x;
        o->source[part].x = NULL;
    }
}

bool opening_make_parts(opening *o)
{
    bool whole = json_is_true(opening_setting(o, "whole"));
    split s = { 0 };

    take_blocks(o);
    bool ok = make_split(o, &s) && opening_number_texts(o, s.train, s.size[NNRT_TRAIN]);
    if (ok && !o->fitted && !whole)
        ok = fit_samples(o, &s) && fit_targets(o, &s);
    for (int part = 0; ok && part < NNRT_PARTS; part++)
        if (o->given[part])
            scale_targets(o, part);

    take_samples(o);
    ok = ok && take_training_source(o, &s);
    if (ok)
        take_other_sources(o);
    ok = ok && name_features(o) && take_captions(o, &s) &&
         (whole ? keep_raw(o, &s) : prepare_parts(o, &s));
    free_split(&s);
    return ok;
}
