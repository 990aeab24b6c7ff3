/* fit.h: a preparation fitted to the training part, and samples prepared by one. */
#ifndef NNRT_FIT_H
#define NNRT_FIT_H
#include "data/columns.h"
#include "data/encoding.h"

/* Samples before they are prepared: rows of floats, or of a table. */
typedef struct nnrt_samples {
    int64_t count;
    const float *x;                /* [..][features]; NULL: wide, or encoding */
    const double *wide;            /* the same with more digits, and used where it is there */
    const nnrt_encoding *encoding; /* of a table */
    const uint32_t *row;           /* [count], numbers of rows; NULL: 0, 1, 2, ... */
    const char *name;              /* of the file, for messages */
} nnrt_samples;

/* The columns of a training table that are features, which of them are categorical and their
 * values, and what the form does to cells that are missing and values that are unknown. */
bool nnrt_fit_columns(nnrt_preparation *preparation, const json_t *form, const nnrt_table *table,
                      const nnrt_uses *uses, nnrt_error *e);
/* The mean of each feature over the samples in which it is not missing, where the preparation's
 * policy asks for it. */
bool nnrt_fit_means(nnrt_preparation *preparation, const nnrt_samples *training, nnrt_error *e);
/* `form`: a declaration's "normalize". */
bool nnrt_fit_scaling(nnrt_preparation *preparation, const json_t *form,
                      const nnrt_samples *training, nnrt_error *e);
/* `form`: a declaration's "normalize_target"; value(context, i, k): target k of sample i. */
bool nnrt_fit_target_scaling(nnrt_preparation *preparation, const json_t *form, int64_t count,
                             size_t width, double (*value)(const void *, int64_t, size_t),
                             const void *context, const char *name, nnrt_error *e);

/* Encodes, fills and scales samples into out[count][features], which may be where x lies. */
bool nnrt_prepare(const nnrt_preparation *preparation, const nnrt_samples *samples, float *out,
                  nnrt_error *e);
#endif
