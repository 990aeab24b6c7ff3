/* array.h: an array file (.npy, IDX) being read: its element type and shape, then its elements in
 * order, converted. */
#ifndef NNRT_ARRAY_H
#define NNRT_ARRAY_H
#include "data/reader.h"

enum { NNRT_ARRAY_RANK = 32 }; /* numpy's limit */

typedef enum nnrt_element {
    NNRT_ELEMENT_BOOL,
    NNRT_ELEMENT_SIGNED,
    NNRT_ELEMENT_UNSIGNED,
    NNRT_ELEMENT_FLOAT,
    NNRT_ELEMENT_BYTES,
    NNRT_ELEMENT_UCS4
} nnrt_element;

typedef struct nnrt_array {
    nnrt_stream *stream;
    nnrt_element element;
    size_t bytes; /* of an element */
    bool big_endian, fortran;
    int rank;
    int64_t shape[NNRT_ARRAY_RANK];
    int64_t count; /* of elements */
} nnrt_array;

/* Header read, elements to come; checks that the file is long enough for what the header claims. */
bool nnrt_npy_begin(nnrt_stream *stream, nnrt_array *array, nnrt_error *e);
bool nnrt_idx_begin(nnrt_stream *stream, nnrt_array *array, nnrt_error *e);
/* count = product of shape; judges the shape against the bytes that may follow. */
bool nnrt_array_measure(nnrt_array *array, nnrt_error *e);

/* The first axis counts the samples, the others are a sample's shape. `wide`: the source keeps
 * numbers that float32 does not hold as float64 too. */
bool nnrt_array_samples(nnrt_array *array, bool wide, nnrt_source *source, nnrt_error *e);
bool nnrt_array_targets(nnrt_array *array, nnrt_source *source, nnrt_error *e);
#endif
