/* parquet_page.c: the pages of one column of one row group (parquet.h).
 *
 * A chunk is an optional dictionary page and data pages. A data page holds, for each of its rows,
 * whether the cell is null (definition levels) and then the values that are not, plain or as
 * numbers in the dictionary. Levels and dictionary numbers are runs and bit-packed groups of eight
 * by turns (the RLE/bit-packing hybrid). Every length comes from the file, so each is checked
 * against the bytes that are there. */
#include "data/parquet.h"
#include "data/thrift.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_DATA, PAGE_INDEX, PAGE_DICTIONARY, PAGE_DATA_V2 };

enum { PLAIN = 0, PLAIN_DICTIONARY = 2, RLE = 3, RLE_DICTIONARY = 8 };

typedef struct page_header {
    int64_t type, unpacked, packed;
    int64_t values, encoding, level_encoding;
    int64_t definition_bytes, repetition_bytes; /* of version 2 */
    bool is_packed;
} page_header;

typedef struct bytes {
    const uint8_t *at, *end;
} bytes;

typedef struct cell {
    int64_t integer;
    double number;
    const char *text;
    size_t length;
} cell;

/* Runs and bit-packed groups. */
typedef struct hybrid {
    bytes from;
    int width; /* bits of a value, 0 to 32 */
    uint64_t run_left, packed_left;
    uint32_t run_value;
    uint64_t bits; /* read and not used up, the next value lowest */
    int bit_count;
} hybrid;

typedef struct chunk_reader {
    const parquet_column *column;
    nnrt_column *to;
    size_t row, end_row;
    cell *dictionary;
    uint32_t
        *dictionary_text; /* each entry's number in to->values; NNRT_TEXT_MISSING: not met yet */
    size_t dictionary_count;
    uint8_t *dictionary_bytes, *page; /* unpacked; the dictionary's texts lie in the former */
    const char *name;
    nnrt_error *e;
} chunk_reader;

static bool damaged(const chunk_reader *r, const char *what)
{
    return nnrt_fail(r->e, NNRT_FILES, "bad-file", "%s: column '%.80s' is damaged: %s", r->name,
                     r->column->name, what);
}

static bool unsupported(const chunk_reader *r, const char *what, int64_t number)
{
    return nnrt_fail(
        r->e, NNRT_FILES, "bad-file",
        "%s: column '%.80s' is stored with %s %lld of Parquet, which nnc does not read", r->name,
        r->column->name, what, (long long)number);
}

/* ---- page headers ---- */

static void read_data_header(thrift *t, page_header *h)
{
    int last = 0;

    for (thrift_field f; thrift_next(t, &last, &f);) {
        switch (f.id) {
        case 1: h->values = thrift_integer(t, f); break;
        case 2: h->encoding = thrift_integer(t, f); break;
        case 3: h->level_encoding = thrift_integer(t, f); break;
        default: thrift_skip(t, f.type);
        }
    }
}

static void read_data_header_v2(thrift *t, page_header *h)
{
    int last = 0;

    for (thrift_field f; thrift_next(t, &last, &f);) {
        switch (f.id) {
        case 1: h->values = thrift_integer(t, f); break;
        case 4: h->encoding = thrift_integer(t, f); break;
        case 5: h->definition_bytes = thrift_integer(t, f); break;
        case 6: h->repetition_bytes = thrift_integer(t, f); break;
        case 7: h->is_packed = thrift_integer(t, f) != 0; break;
        default: thrift_skip(t, f.type);
        }
    }
}

/* A dictionary's header has its first two fields in common with a data page's. */
static page_header read_header(thrift *t)
{
    page_header h = { .type = -1, .level_encoding = RLE, .is_packed = true };
    int last = 0;

    for (thrift_field f; thrift_next(t, &last, &f);)
        if (f.id == 1)
            h.type = thrift_integer(t, f);
        else if (f.id == 2)
            h.unpacked = thrift_integer(t, f);
        else if (f.id == 3)
            h.packed = thrift_integer(t, f);
        else if ((f.id == 5 || f.id == 7) && thrift_is_struct(t, f))
            read_data_header(t, &h);
        else if (f.id == 8 && thrift_is_struct(t, f))
            read_data_header_v2(t, &h);
        else
            thrift_skip(t, f.type);
    return h;
}

/* ---- runs and bit-packed groups ---- */

static bool hybrid_begin_run(hybrid *h)
{
    uint64_t head = 0;

    for (int shift = 0;; shift += 7) {
        if (h->from.at == h->from.end || shift > 63)
            return false;
        uint8_t byte = *h->from.at++;
        head |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            break;
    }

    if (head & 1) {
        h->packed_left = (head >> 1) * 8;
        h->bits = 0;
        h->bit_count = 0;
        return h->packed_left > 0;
    }

    h->run_left = head >> 1;
    h->run_value = 0;
    for (int i = 0; i < (h->width + 7) / 8; i++) {
        if (h->from.at == h->from.end)
            return false;
        h->run_value |= (uint32_t)*h->from.at++ << 8 * i;
    }
    return h->run_left > 0;
}

static bool hybrid_next(hybrid *h, uint32_t *value)
{
    if (!h->run_left && !h->packed_left && !hybrid_begin_run(h))
        return false;

    if (h->run_left) {
        h->run_left--;
        *value = h->run_value;
        return true;
    }

    while (h->bit_count < h->width) {
        if (h->from.at == h->from.end)
            return false;
        h->bits |= (uint64_t)*h->from.at++ << h->bit_count;
        h->bit_count += 8;
    }

    *value = (uint32_t)(h->bits & ((UINT64_C(1) << h->width) - 1));
    h->bits >>= h->width;
    h->bit_count -= h->width;
    h->packed_left--;
    return true;
}

/* ---- plain values ---- */

static uint64_t little_endian(const uint8_t *at, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static bool take_bytes(bytes *from, size_t count, const uint8_t **at)
{
    if ((size_t)(from->end - from->at) < count)
        return false;
    *at = from->at;
    from->at += count;
    return true;
}

static void set_integer(const parquet_column *column, cell *c, int64_t value, bool beyond)
{
    c->integer = value;
    c->number = (beyond ? (double)(uint64_t)value : (double)value) / column->divisor;
}

/* One value that is not a boolean. */
static bool plain_next(const parquet_column *column, bytes *from, cell *c)
{
    const uint8_t *at;
    float single;

    switch (column->type) {
    case PARQUET_INT32: {
        if (!take_bytes(from, 4, &at))
            return false;
        uint32_t value = (uint32_t)little_endian(at, 4);
        set_integer(column, c, column->is_signed ? (int32_t)value : (int64_t)value, false);
        return true;
    }
    case PARQUET_INT64: {
        if (!take_bytes(from, 8, &at))
            return false;
        int64_t value = (int64_t)little_endian(at, 8);
        set_integer(column, c, value, !column->is_signed && value < 0);
        return true;
    }
    case PARQUET_FLOAT:
        if (!take_bytes(from, 4, &at))
            return false;
        memcpy(&single, at, 4);
        c->number = single;
        return true;
    case PARQUET_DOUBLE:
        if (!take_bytes(from, 8, &at))
            return false;
        memcpy(&c->number, at, 8);
        return true;
    case PARQUET_BYTES:
        if (!take_bytes(from, 4, &at))
            return false;
        c->length = (size_t)little_endian(at, 4);
        if (!take_bytes(from, c->length, &at))
            return false;
        c->text = (const char *)at;
        return true;
    default: return false;
    }
}

/* ---- table into the column ---- */

static bool add_number(chunk_reader *r, const cell *c)
{
    const parquet_column *column = r->column;
    bool integers = column->type == PARQUET_INT32 || column->type == PARQUET_INT64 ||
                    column->type == PARQUET_BOOLEAN;
    bool whole = integers && column->divisor == 1 && (column->is_signed || c->integer >= 0);
    bool ok;

    if (isnan(c->number) && !integers)
        ok = nnrt_column_add_missing(r->to, r->row++);
    else if (whole)
        ok = nnrt_column_add_integer(r->to, r->row++, c->integer);
    else
        ok = nnrt_column_add_number(r->to, r->row++, c->number);
    return ok || nnrt_no_memory_for(r->e, r->name);
}

static bool add_text(chunk_reader *r, const cell *c)
{
    if (!nnrt_utf8_is_text(c->text, c->length)) {
        return nnrt_fail(r->e, NNRT_FILES, "bad-file",
                         "%s: row %zu, column '%.80s': the text is not UTF-8, or holds a NUL",
                         r->name, r->row, r->column->name);
    }
    return nnrt_column_add_text(r->to, r->row++, c->text, c->length) ||
           nnrt_no_memory_for(r->e, r->name);
}

static bool add_cell(chunk_reader *r, const cell *c)
{
    return r->column->type == PARQUET_BYTES ? add_text(r, c) : add_number(r, c);
}

/* A text of the dictionary is looked up once. */
static bool add_entry(chunk_reader *r, uint32_t number)
{
    if (number >= r->dictionary_count)
        return damaged(r, "a value is beyond the dictionary");
    if (r->column->type != PARQUET_BYTES)
        return add_number(r, &r->dictionary[number]);

    uint32_t *known = &r->dictionary_text[number];
    if (*known == NNRT_TEXT_MISSING) {
        size_t row = r->row;
        if (!add_text(r, &r->dictionary[number]))
            return false;
        *known = r->to->text[row];
        return true;
    }

    if (!nnrt_column_add_missing(r->to, r->row))
        return nnrt_no_memory_for(r->e, r->name);
    r->to->text[r->row++] = *known;
    return true;
}

/* ---- data pages ---- */

/* Where the values that are not null come from. */
typedef struct value_source {
    int64_t encoding;
    bytes plain;
    hybrid numbers; /* in the dictionary; or booleans */
    int boolean_bit;
} value_source;

static bool begin_values(chunk_reader *r, int64_t encoding, bytes from, value_source *v)
{
    bool boolean = r->column->type == PARQUET_BOOLEAN;
    *v = (value_source){ .encoding = encoding, .plain = from };

    if (encoding == PLAIN)
        return true;
    if (encoding == PLAIN_DICTIONARY || encoding == RLE_DICTIONARY) {
        if (!r->dictionary)
            return damaged(r, "a page needs a dictionary that is not there");
        if (from.at == from.end)
            return true; /* a page of nulls */
        v->numbers = (hybrid){ .from = { from.at + 1, from.end }, .width = *from.at };
        return v->numbers.width <= 32 || damaged(r, "dictionary numbers of more than 32 bits");
    }
    if (encoding == RLE && boolean) {
        if (from.end - from.at < 4)
            return damaged(r, "a page ends early");
        v->numbers = (hybrid){ .from = { from.at + 4, from.end }, .width = 1 };
        return true;
    }
    return unsupported(r, "encoding", encoding);
}

static bool next_boolean(value_source *v, int64_t *value)
{
    uint32_t bit;

    if (v->encoding != PLAIN) {
        bool ok = hybrid_next(&v->numbers, &bit);
        *value = ok && bit;
        return ok;
    }

    if (v->plain.at == v->plain.end)
        return false;
    *value = *v->plain.at >> v->boolean_bit & 1;
    if (++v->boolean_bit == 8) {
        v->boolean_bit = 0;
        v->plain.at++;
    }
    return true;
}

static bool add_value(chunk_reader *r, value_source *v)
{
    cell c = { 0 };
    uint32_t number;

    if (v->encoding == PLAIN_DICTIONARY || v->encoding == RLE_DICTIONARY) {
        return hybrid_next(&v->numbers, &number) ? add_entry(r, number)
                                                 : damaged(r, "a page ends early");
    }

    bool ok = r->column->type == PARQUET_BOOLEAN ? next_boolean(v, &c.integer)
                                                 : plain_next(r->column, &v->plain, &c);
    return ok ? add_cell(r, &c) : damaged(r, "a page ends early");
}

static bool add_page(chunk_reader *r, const page_header *h, bytes levels, bytes values)
{
    hybrid present = { .from = levels, .width = 1 };
    value_source v;

    if (h->values < 0 || (uint64_t)h->values > r->end_row - r->row)
        return damaged(r, "it has more values than the file has rows");
    if (!begin_values(r, h->encoding, values, &v))
        return false;

    for (int64_t i = 0; i < h->values; i++) {
        uint32_t there = 1;
        if (r->column->optional && !hybrid_next(&present, &there))
            return damaged(r, "a page's levels end early");

        if (there ? !add_value(r, &v)
                  : !nnrt_column_add_missing(r->to, r->row++) && !nnrt_no_memory_for(r->e, r->name))
            return false;
    }
    return true;
}

static bool unpack(chunk_reader *r, nnrt_codec codec, bytes from, int64_t size, uint8_t **to)
{
    uint8_t *grown = realloc(*to, (size_t)size + 1);
    if (!grown)
        return nnrt_no_memory_for(r->e, r->name);
    *to = grown;
    return nnrt_unpack_block(codec, from.at, (size_t)(from.end - from.at), grown, (size_t)size,
                             r->name, r->e);
}

static bool data_page(chunk_reader *r, const page_header *h, nnrt_codec codec, bytes packed)
{
    if (!unpack(r, codec, packed, h->unpacked, &r->page))
        return false;

    bytes levels = { NULL, NULL }, values = { r->page, r->page + h->unpacked };
    if (r->column->optional) {
        if (h->level_encoding != RLE)
            return unsupported(r, "level encoding", h->level_encoding);

        const uint8_t *at;
        if (!take_bytes(&values, 4, &at))
            return damaged(r, "a page ends early");
        size_t length = (size_t)little_endian(at, 4);
        if (!take_bytes(&values, length, &at))
            return damaged(r, "a page's levels are longer than the page");
        levels = (bytes){ at, at + length };
    }
    return add_page(r, h, levels, values);
}

/* Levels come first, never packed. */
static bool data_page_v2(chunk_reader *r, const page_header *h, nnrt_codec codec, bytes packed)
{
    int64_t definition = h->definition_bytes, repetition = h->repetition_bytes;
    const uint8_t *at;

    if (definition < 0 || repetition < 0 || definition > h->packed || repetition > h->packed ||
        definition + repetition > h->packed || definition + repetition > h->unpacked) {
        return damaged(r, "a page's levels are longer than the page");
    }
    if (repetition)
        return damaged(r, "a flat column has repetition levels");
    if (!take_bytes(&packed, (size_t)definition, &at))
        return damaged(r, "a page ends early");

    if (!unpack(r, h->is_packed ? codec : NNRT_CODEC_NONE, packed, h->unpacked - definition,
                &r->page)) {
        return false;
    }
    return add_page(r, h, (bytes){ at, at + definition },
                    (bytes){ r->page, r->page + (h->unpacked - definition) });
}

static bool dictionary_page(chunk_reader *r, const page_header *h, nnrt_codec codec, bytes packed)
{
    if (r->dictionary)
        return damaged(r, "it has two dictionaries");
    if (h->encoding != PLAIN && h->encoding != PLAIN_DICTIONARY)
        return unsupported(r, "dictionary encoding", h->encoding);
    if (r->column->type == PARQUET_BOOLEAN || h->values < 0 || h->values > h->unpacked)
        return damaged(r, "its dictionary is larger than its bytes");
    if (!unpack(r, codec, packed, h->unpacked, &r->dictionary_bytes))
        return false;

    size_t count = (size_t)h->values;
    r->dictionary = calloc(count + 1, sizeof *r->dictionary);
    r->dictionary_text = malloc((count + 1) * sizeof *r->dictionary_text);
    if (!r->dictionary || !r->dictionary_text)
        return nnrt_no_memory_for(r->e, r->name);

    bytes from = { r->dictionary_bytes, r->dictionary_bytes + h->unpacked };
    for (size_t i = 0; i < count; i++) {
        if (!plain_next(r->column, &from, &r->dictionary[i]))
            return damaged(r, "its dictionary ends early");
        r->dictionary_text[i] = NNRT_TEXT_MISSING;
    }
    r->dictionary_count = count;
    return true;
}

static bool read_page(chunk_reader *r, const page_header *h, nnrt_codec codec, bytes packed)
{
    switch (h->type) {
    case PAGE_DATA: return data_page(r, h, codec, packed);
    case PAGE_DATA_V2: return data_page_v2(r, h, codec, packed);
    case PAGE_DICTIONARY: return dictionary_page(r, h, codec, packed);
    default: return true; /* indexes, and what later versions add, hold no values */
    }
}

/* ---- chunks ---- */

static bool find_codec(chunk_reader *r, int number, nnrt_codec *codec)
{
    switch (number) {
    case 0: *codec = NNRT_CODEC_NONE; return true;
    case 1: *codec = NNRT_CODEC_SNAPPY; return true;
    case 2: *codec = NNRT_CODEC_GZIP; return true;
    case 6: *codec = NNRT_CODEC_ZSTD; return true;
    default: return unsupported(r, "compression", number);
    }
}

static bool read_pages(chunk_reader *r, const parquet_chunk *chunk, const uint8_t *from)
{
    bytes rest = { from, from + chunk->length };
    nnrt_codec codec = NNRT_CODEC_NONE;
    if (!find_codec(r, chunk->codec, &codec))
        return false;

    while (r->row < r->end_row) {
        thrift t = { .at = rest.at, .end = rest.end };
        page_header h = read_header(&t);
        if (t.failed || h.packed < 0 || h.packed > rest.end - t.at)
            return damaged(r, "it ends early");
        if (h.unpacked < 0 || h.unpacked > chunk->unpacked)
            return damaged(r, "a page is larger than the column that it belongs to");

        bytes packed = { t.at, t.at + h.packed };
        if (!read_page(r, &h, codec, packed))
            return false;
        rest.at = packed.end;
    }
    return true;
}

bool parquet_chunk_read(const parquet_column *column, const parquet_chunk *chunk,
                        const uint8_t *from, int64_t rows, nnrt_column *to, size_t row,
                        const char *name, nnrt_error *e)
{
    chunk_reader r = {
        .column = column, .to = to, .row = row, .end_row = row + (size_t)rows, .name = name, .e = e
    };
    bool ok = read_pages(&r, chunk, from);

    free(r.dictionary);
    free(r.dictionary_text);
    free(r.dictionary_bytes);
    free(r.page);
    return ok;
}
