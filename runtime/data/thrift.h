/* thrift.h: Thrift's compact protocol, read from memory: what Parquet's footers and page headers
 * are written in (github.com/apache/thrift, doc/specs/thrift-compact-protocol.md).
 *
 * A struct is read field by field:
 *
 *     int last = 0;
 *     for (thrift_field f; thrift_next(t, &last, &f);)
 *         switch (f.id) {
 *         case 1: x = thrift_integer(t, f); break;
 *         default: thrift_skip(t, f.type);
 *         }
 *
 * What is damaged sets `failed`, after which everything reads as 0 and every loop ends; callers
 * look at it once, at the end. Nothing is read beyond `end`. */
#ifndef NNRT_THRIFT_H
#define NNRT_THRIFT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct thrift {
    const uint8_t *at, *end;
    bool failed;
    int depth; /* of nested structs being skipped */
} thrift;

typedef struct thrift_field {
    int id, type;
} thrift_field;

typedef struct thrift_bytes {
    const char *text; /* in the thrift's own memory, not NUL-terminated */
    size_t length;
} thrift_bytes;

/* False: the struct's end. `last`: the number of the field before, 0 ahead of the first. */
bool thrift_next(thrift *t, int *last, thrift_field *field);
/* A bool (0 or 1), or a byte, i16, i32 or i64. */
int64_t thrift_integer(thrift *t, thrift_field field);
thrift_bytes thrift_binary(thrift *t, thrift_field field);
/* The number of elements of a list, which has no more than bytes are left. `element`: what to hand
 * to the functions above for each. */
size_t thrift_list(thrift *t, thrift_field field, thrift_field *element);
/* Whether the field is a struct, whose own fields follow. */
bool thrift_is_struct(thrift *t, thrift_field field);
void thrift_skip(thrift *t, int type);
#endif
