/* parquet_footer.c: what a Parquet file says of itself: its schema, and where each column of each
 * row group lies (parquet.h; field numbers from parquet.thrift). */
#include "data/parquet.h"
#include "data/thrift.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 1 << 20 };

/* ConvertedType and LogicalType of parquet.thrift, as far as they change what a number means. */
enum {
    CONVERTED_DECIMAL = 5,
    CONVERTED_UINT_8 = 11,
    CONVERTED_UINT_64 = 14,
    CONVERTED_INTERVAL = 21,
    LOGICAL_DECIMAL = 5,
    LOGICAL_INTEGER = 10,
    LOGICAL_UUID = 14,
    LOGICAL_FLOAT16 = 15
};

/* One element of the schema, which is a tree in depth-first order. */
typedef struct element {
    thrift_bytes name;
    int64_t type, repetition, children, converted, scale;
    int64_t logical; /* the union's field; 0: none */
    bool has_type, logical_signed;
} element;

typedef struct reading {
    thrift t;
    parquet_footer *footer;
    int64_t file_size;
    const char *name;
    nnrt_error *e;
} reading;

static bool damaged(const reading *r, const char *what)
{
    return nnrt_fail(r->e, NNRT_FILES, "bad-file", "%s: the Parquet footer is damaged: %s", r->name,
                     what);
}

/* ---- schema ---- */

static void read_logical(thrift *t, element *s)
{
    int last = 0;

    for (thrift_field f; thrift_next(t, &last, &f);) {
        s->logical = f.id;
        if (!thrift_is_struct(t, f))
            return;

        int inner = 0;
        for (thrift_field g; thrift_next(t, &inner, &g);)
            if (f.id == LOGICAL_INTEGER && g.id == 2)
                s->logical_signed = thrift_integer(t, g) != 0;
            else if (f.id == LOGICAL_DECIMAL && g.id == 1)
                s->scale = thrift_integer(t, g);
            else
                thrift_skip(t, g.type);
    }
}

static element read_element(thrift *t)
{
    element s = { .name = { "", 0 }, .converted = -1 };
    int last = 0;

    for (thrift_field f; thrift_next(t, &last, &f);) {
        switch (f.id) {
        case 1:
            s.type = thrift_integer(t, f);
            s.has_type = true;
            break;
        case 3: s.repetition = thrift_integer(t, f); break;
        case 4: s.name = thrift_binary(t, f); break;
        case 5: s.children = thrift_integer(t, f); break;
        case 6: s.converted = thrift_integer(t, f); break;
        case 7: s.scale = thrift_integer(t, f); break;
        case 10:
            if (thrift_is_struct(t, f))
                read_logical(t, &s);
            break;
        default: thrift_skip(t, f.type);
        }
    }
    return s;
}

static bool is_decimal(const element *s)
{
    return s->converted == CONVERTED_DECIMAL || s->logical == LOGICAL_DECIMAL;
}

/* Why a leaf's table can be neither numbers nor texts; NULL: they can. */
static const char *why_unreadable(const element *s)
{
    bool bytes = s->type == PARQUET_BYTES || s->type == PARQUET_FIXED_BYTES;

    if (s->repetition == 2)
        return "is repeated";
    if (s->type == PARQUET_INT96)
        return "is of type INT96";
    if (bytes && is_decimal(s))
        return "holds decimals stored as bytes";
    if (s->converted == CONVERTED_INTERVAL)
        return "holds intervals";
    if (s->type == PARQUET_FIXED_BYTES && s->logical == LOGICAL_FLOAT16)
        return "holds 16-bit floats";
    if (s->type == PARQUET_FIXED_BYTES)
        return "holds bytes of fixed length";
    return NULL;
}

static bool is_signed(const element *s)
{
    if (s->logical == LOGICAL_INTEGER)
        return s->logical_signed;
    return s->converted < CONVERTED_UINT_8 || s->converted > CONVERTED_UINT_64;
}

static bool set_unreadable(reading *r, parquet_column *c, const char *why)
{
    return !why || (c->unreadable = strdup(why)) || nnrt_no_memory_for(r->e, r->name);
}

static bool take_leaf(reading *r, const element *s, parquet_column *c)
{
    if (!s->has_type || s->type < 0 || s->type > PARQUET_FIXED_BYTES)
        return damaged(r, "a column has no type");

    c->type = (parquet_type)s->type;
    c->optional = s->repetition == 1;
    c->is_signed = is_signed(s);
    c->divisor = is_decimal(s) ? pow(10, (double)s->scale) : 1;
    return set_unreadable(r, c, why_unreadable(s));
}

/* Passes over what is within a group; counts its leaves. */
static bool pass_group(reading *r, int64_t *elements_left, int64_t children)
{
    for (int64_t open = children; open > 0; open--) {
        if (--*elements_left < 0)
            return damaged(r, "its schema ends within a group");

        element s = read_element(&r->t);
        if (s.children < 0 || s.children > MOST_COLUMNS)
            return damaged(r, "a group has too many columns");
        open += s.children;
        r->footer->leaves += s.children == 0;
    }
    return true;
}

static bool take_column(reading *r, int64_t *elements_left)
{
    parquet_footer *footer = r->footer;
    parquet_column *c = &footer->column[footer->columns];
    element s = read_element(&r->t);

    if (memchr(s.name.text, '\0', s.name.length))
        return damaged(r, "a column's name holds a NUL");
    if (!(c->name = strndup(s.name.text, s.name.length)))
        return nnrt_no_memory_for(r->e, r->name);

    footer->columns++;
    c->leaf = footer->leaves;
    if (s.children > 0)
        return set_unreadable(r, c, "is nested") && pass_group(r, elements_left, s.children);
    footer->leaves++;
    return take_leaf(r, &s, c);
}

static bool read_schema(reading *r, thrift_field f)
{
    thrift_field item;
    int64_t left = (int64_t)thrift_list(&r->t, f, &item);
    if (r->footer->column || left < 1 || left > MOST_COLUMNS)
        return damaged(r, "its schema is empty, repeated or too long");

    element root = read_element(&r->t);
    left--;
    if (root.children < 0 || root.children > left)
        return damaged(r, "its schema ends early");

    r->footer->column = calloc((size_t)root.children + 1, sizeof *r->footer->column);
    if (!r->footer->column)
        return nnrt_no_memory_for(r->e, r->name);

    for (int64_t i = 0; i < root.children; i++)
        if (--left < 0 || !take_column(r, &left))
            return damaged(r, "its schema ends early");
    return true;
}

/* ---- row groups ---- */

static parquet_chunk read_chunk_metadata(thrift *t)
{
    parquet_chunk c = { .codec = -1 };
    int64_t data = -1, dictionary = -1;
    int last = 0;

    for (thrift_field f; thrift_next(t, &last, &f);) {
        switch (f.id) {
        case 4: c.codec = (int)thrift_integer(t, f); break;
        case 5: c.values = thrift_integer(t, f); break;
        case 6: c.unpacked = thrift_integer(t, f); break;
        case 7: c.length = thrift_integer(t, f); break;
        case 9: data = thrift_integer(t, f); break;
        case 11: dictionary = thrift_integer(t, f); break;
        default: thrift_skip(t, f.type);
        }
    }

    /* Some writers leave a dictionary's offset at 0 where there is none. */
    c.offset = dictionary > 0 && dictionary < data ? dictionary : data;
    return c;
}

static bool read_chunk(reading *r, parquet_chunk *chunk)
{
    bool elsewhere = false, told = false;
    int last = 0;

    for (thrift_field f; thrift_next(&r->t, &last, &f);) {
        if (f.id == 1) {
            elsewhere = thrift_binary(&r->t, f).length > 0;
        } else if (f.id == 3 && thrift_is_struct(&r->t, f)) {
            *chunk = read_chunk_metadata(&r->t);
            told = true;
        } else {
            thrift_skip(&r->t, f.type);
        }
    }

    if (elsewhere)
        return damaged(r, "its columns lie in other files");
    return (told && chunk->offset >= 4 && chunk->length >= 0 && chunk->values >= 0 &&
            chunk->offset <= r->file_size && chunk->length <= r->file_size - chunk->offset) ||
           damaged(r, "a column lies outside the file");
}

static bool read_chunks(reading *r, thrift_field f, size_t group)
{
    thrift_field item;
    size_t count = thrift_list(&r->t, f, &item), leaves = r->footer->leaves;
    if (count != leaves)
        return damaged(r, "a row group has another number of columns than the schema");

    for (size_t i = 0; i < count; i++)
        if (!read_chunk(r, &r->footer->chunk[group * leaves + i]))
            return false;
    return true;
}

static bool read_group(reading *r, size_t group)
{
    int64_t rows = -1;
    bool told = false;
    int last = 0;

    for (thrift_field f; thrift_next(&r->t, &last, &f);) {
        if (f.id == 1) {
            if (!read_chunks(r, f, group))
                return false;
            told = true;
        } else if (f.id == 3) {
            rows = thrift_integer(&r->t, f);
        } else {
            thrift_skip(&r->t, f.type);
        }
    }

    r->footer->group_rows[group] = rows;
    return (told && rows >= 0) || damaged(r, "a row group says no rows");
}

static bool read_groups(reading *r, thrift_field f)
{
    parquet_footer *footer = r->footer;
    thrift_field item;
    size_t count = thrift_list(&r->t, f, &item), chunks;
    if (footer->chunk || !footer->column)
        return damaged(r, "its row groups come twice, or ahead of the schema");
    if (__builtin_mul_overflow(count, footer->leaves, &chunks) ||
        chunks > (size_t)(r->t.end - r->t.at)) {
        return damaged(r, "it has more row groups than there is room for");
    }

    footer->groups = count;
    footer->chunk = calloc(chunks + 1, sizeof *footer->chunk);
    footer->group_rows = calloc(count + 1, sizeof *footer->group_rows);
    if (!footer->chunk || !footer->group_rows)
        return nnrt_no_memory_for(r->e, r->name);

    for (size_t g = 0; g < count; g++)
        if (!read_group(r, g))
            return false;
    return true;
}

static bool check_rows(reading *r)
{
    int64_t rows = 0;

    for (size_t g = 0; g < r->footer->groups; g++)
        if (__builtin_add_overflow(rows, r->footer->group_rows[g], &rows))
            return damaged(r, "it has too many rows");
    if (rows != r->footer->rows)
        return damaged(r, "its row groups do not add up to its rows");
    return rows <= INT32_MAX || nnrt_fail(r->e, NNRT_FILES, "too-large",
                                          "%s: holds more samples than can be numbered", r->name);
}

bool parquet_footer_read(const uint8_t *bytes, size_t length, int64_t file_size,
                         parquet_footer *footer, const char *name, nnrt_error *e)
{
    reading r = { .t = { .at = bytes, .end = bytes + length },
                  .footer = footer,
                  .file_size = file_size,
                  .name = name,
                  .e = e };
    bool ok = true;
    int last = 0;

    *footer = (parquet_footer){ .rows = -1 };
    for (thrift_field f; ok && thrift_next(&r.t, &last, &f);) {
        switch (f.id) {
        case 2: ok = read_schema(&r, f); break;
        case 3: footer->rows = thrift_integer(&r.t, f); break;
        case 4: ok = read_groups(&r, f); break;
        default: thrift_skip(&r.t, f.type);
        }
    }

    if (ok && (r.t.failed || !footer->column || !footer->chunk))
        ok = damaged(&r, "it ends early");
    return ok && check_rows(&r);
}

void parquet_footer_free(parquet_footer *footer)
{
    for (size_t j = 0; j < footer->columns; j++) {
        free(footer->column[j].name);
        free(footer->column[j].unreadable);
    }
    free(footer->column);
    free(footer->chunk);
    free(footer->group_rows);
    *footer = (parquet_footer){ 0 };
}
