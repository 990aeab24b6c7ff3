/* views.h: other training and validation parts of the same samples, for cross-validation and
 * bagging. */
#ifndef NNRT_VIEWS_H
#define NNRT_VIEWS_H
#include "data/dataset.h"

/* The declaration that opens all samples but the test part as one training part, neither filled nor
 * normalised. A validation part that has a source of its own is left out. A new reference. */
json_t *nnrt_whole_declaration(const json_t *declaration);
/* Samples of such a whole, by number, as a training and a validation part: filled and normalised by
 * this training part alone, as the declaration says. */
nnrt_data *nnrt_view_new(const nnrt_data *whole, const json_t *declaration, const uint32_t *train,
                         int64_t train_count, const uint32_t *validation, int64_t validation_count,
                         nnrt_error *e);
/* The fold (0 .. folds - 1) of each sample of a training part: sizes differ by one at most, classes
 * are spread evenly. free() */
uint32_t *nnrt_folds(const nnrt_data *data, int64_t folds, uint64_t seed, nnrt_error *e);
#endif
