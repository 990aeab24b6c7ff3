/* weights.h: shapes and panels of tensors, and the weights that a session holds, by key. */
#ifndef NNRT_WEIGHTS_H
#define NNRT_WEIGHTS_H
#include "base/base.h"
#include <jansson.h>
#include <stdint.h>

enum { NNRT_TENSOR_RANK = 6 };

/* A tensor's logical shape and how it lies in panels (nnrt.h). A single number, of rank 0 in the
 * script, is held as [1]; file_rank is the rank as declared, which files have. */
typedef struct nnrt_layout {
    int rank, file_rank;
    int64_t dims[NNRT_TENSOR_RANK];
    int feature_axis; /* the axis that lies in panels */
    int64_t elements;
    size_t packed; /* floats in panels, padding included */
} nnrt_layout;

/* From { "shape", "feature_axis" }; without a shape: one number. */
bool nnrt_layout_read(const json_t *declared, nnrt_layout *layout, nnrt_error *e);
/* Whether a tensor of these dimensions has this shape; a number may be [] or [1]. */
bool nnrt_layout_is(const nnrt_layout *layout, int rank, const int64_t *dims);
bool nnrt_layout_equal(const nnrt_layout *a, const nnrt_layout *b);
/* "[64, 784]" */
void nnrt_shape_text(int rank, const int64_t *dims, char *text, size_t size);

typedef struct nnrt_weight {
    char *key;
    nnrt_layout layout;
    bool buffer;         /* moving statistics: never averaged */
    bool kernel, pruned; /* pruned: its zeros are to stay; files say so */
    json_t *init;        /* how it is drawn (initializers.h) */
    int64_t generation;  /* a REPL that declares a model again raises it */
    float *values;       /* packed */
    bool drawn;          /* holds values: drawn, loaded or trained */
} nnrt_weight;

/* Weights by key. They are only ever added; pointers to them stay good. */
typedef struct nnrt_weights {
    json_t *index; /* key -> number */
    nnrt_weight **item;
    size_t count, capacity;
} nnrt_weights;

bool nnrt_weights_init(nnrt_weights *weights, nnrt_error *e);
void nnrt_weights_clear(nnrt_weights *weights);
/* Adds those of a program's "weights" that are not there yet. One whose shape or generation has
 * changed loses its values. */
bool nnrt_weights_declare(nnrt_weights *weights, const json_t *declared, nnrt_error *e);
/* NULL: there is none */
nnrt_weight *nnrt_weights_find(const nnrt_weights *weights, const char *key);
/* Draws its first values, unless it holds some. `name`: the one within its model, which with the
 * seed decides the values. */
bool nnrt_weight_draw(nnrt_weight *weight, const char *name, uint64_t seed, nnrt_error *e);
#endif
