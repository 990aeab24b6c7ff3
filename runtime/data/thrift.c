/* thrift.c: Thrift's compact protocol (thrift.h). */
#include "data/thrift.h"

enum {
    TYPE_STOP,
    TYPE_TRUE,
    TYPE_FALSE,
    TYPE_BYTE,
    TYPE_I16,
    TYPE_I32,
    TYPE_I64,
    TYPE_DOUBLE,
    TYPE_BINARY,
    TYPE_LIST,
    TYPE_SET,
    TYPE_MAP,
    TYPE_STRUCT
};

/* Of structs within structs in what is skipped: Parquet has some five. */
enum { MOST_DEPTH = 64 };

static uint8_t read_byte(thrift *t)
{
    if (t->failed || t->at == t->end) {
        t->failed = true;
        return 0;
    }
    return *t->at++;
}

static uint64_t read_varint(thrift *t)
{
    uint64_t value = 0;

    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_byte(t);
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            return value;
    }

    t->failed = true;
    return 0;
}

static int64_t read_zigzag(thrift *t)
{
    uint64_t value = read_varint(t);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static size_t bytes_left(const thrift *t)
{
    return t->failed ? 0 : (size_t)(t->end - t->at);
}

static void pass_over(thrift *t, uint64_t bytes)
{
    if (bytes > bytes_left(t))
        t->failed = true;
    else
        t->at += bytes;
}

bool thrift_next(thrift *t, int *last, thrift_field *field)
{
    uint8_t head = read_byte(t);
    if (t->failed || (head & 0x0F) == TYPE_STOP)
        return false;

    int delta = head >> 4;
    int64_t id = delta ? *last + delta : read_zigzag(t);
    if (id < 1 || id > INT16_MAX)
        t->failed = true;

    field->id = *last = (int)id;
    field->type = head & 0x0F;
    return !t->failed;
}

int64_t thrift_integer(thrift *t, thrift_field field)
{
    switch (field.type) {
    case TYPE_TRUE: return 1;
    case TYPE_FALSE: return 0;
    case TYPE_BYTE: return (int8_t)read_byte(t);
    case TYPE_I16:
    case TYPE_I32:
    case TYPE_I64: return read_zigzag(t);
    default: t->failed = true; return 0;
    }
}

thrift_bytes thrift_binary(thrift *t, thrift_field field)
{
    uint64_t length = field.type == TYPE_BINARY ? read_varint(t) : 0;
    if (field.type != TYPE_BINARY || length > bytes_left(t))
        t->failed = true;
    if (t->failed)
        return (thrift_bytes){ "", 0 };

    thrift_bytes bytes = { (const char *)t->at, (size_t)length };
    t->at += length;
    return bytes;
}

size_t thrift_list(thrift *t, thrift_field field, thrift_field *element)
{
    if (field.type != TYPE_LIST && field.type != TYPE_SET) {
        t->failed = true;
        return 0;
    }

    uint8_t head = read_byte(t);
    uint64_t count = head >> 4;
    if (count == 15)
        count = read_varint(t);

    *element = (thrift_field){ .type = head & 0x0F };
    if (count > bytes_left(t))
        t->failed = true;
    return t->failed ? 0 : (size_t)count;
}

bool thrift_is_struct(thrift *t, thrift_field field)
{
    if (field.type != TYPE_STRUCT)
        t->failed = true;
    return !t->failed;
}

/* A bool within a list or map is a byte of its own; as a field it is its type. */
static void skip_element(thrift *t, int type)
{
    if (type == TYPE_TRUE || type == TYPE_FALSE)
        read_byte(t);
    else
        thrift_skip(t, type);
}

static void skip_list(thrift *t, int type)
{
    thrift_field element;
    size_t count = thrift_list(t, (thrift_field){ .type = type }, &element);

    for (size_t i = 0; i < count && !t->failed; i++)
        skip_element(t, element.type);
}

static void skip_map(thrift *t)
{
    uint64_t count = read_varint(t);
    if (count > bytes_left(t))
        t->failed = true;

    uint8_t types = count ? read_byte(t) : 0;
    for (uint64_t i = 0; i < count && !t->failed; i++) {
        skip_element(t, types >> 4);
        skip_element(t, types & 0x0F);
    }
}

static void skip_struct(thrift *t)
{
    int last = 0;
    for (thrift_field f; thrift_next(t, &last, &f);)
        thrift_skip(t, f.type);
}

void thrift_skip(thrift *t, int type)
{
    if (++t->depth > MOST_DEPTH)
        t->failed = true;

    switch (type) {
    case TYPE_TRUE:
    case TYPE_FALSE: break;
    case TYPE_BYTE: read_byte(t); break;
    case TYPE_I16:
    case TYPE_I32:
    case TYPE_I64: read_varint(t); break;
    case TYPE_DOUBLE: pass_over(t, 8); break;
    case TYPE_BINARY: pass_over(t, read_varint(t)); break;
    case TYPE_LIST:
    case TYPE_SET: skip_list(t, type); break;
    case TYPE_MAP: skip_map(t); break;
    case TYPE_STRUCT: skip_struct(t); break;
    default: t->failed = true;
    }

    t->depth--;
}
