/* dataset.h: a data declaration, opened: read or generated, checked, split into parts, normalised,
 * as float32 in memory.
 *
 * The declaration comes as JSON (program.h). Everything that is wrong is an nnrt_error that names
 * file, row and column. */
#ifndef NNRT_DATASET_H
#define NNRT_DATASET_H
#include "base/base.h"
#include <jansson.h>

enum { NNRT_TRAIN, NNRT_VALIDATION, NNRT_TEST, NNRT_PARTS };

enum { NNRT_MAX_RANK = 5 };

/* x: [count][sample_size], y: [count][target_size], w: [count], the weights of samples (NULL: all
 * count alike); count 0: no such part */
typedef struct nnrt_part {
    int64_t count;
    float *x, *y, *w;
} nnrt_part;

typedef struct nnrt_augmentation nnrt_augmentation; /* augment.h */

typedef struct nnrt_data {
    char *name;
    /* targets are class numbers 0 .. classes - 1 (as floats); else real values */
    bool classify;
    bool multilabel;   /* targets are 0 or 1, each told by itself */
    bool weighted;     /* parts have weights */
    int64_t classes;   /* 0 where !classify */
    char **class_name; /* as text, in order: "setosa", "-1", "7" */
    int rank;
    int64_t shape[NNRT_MAX_RANK]; /* of a sample */
    /* rank 0: one value (or class) a sample */
    int target_rank;
    int64_t target_shape[NNRT_MAX_RANK];
    int64_t sample_size, target_size;
    int64_t total; /* samples in all parts */
    nnrt_part part[NNRT_PARTS];
    uint64_t seed;
    bool shuffle;
    /* the file of the training samples, for messages; NULL: none */
    char *x_name;
    /* of training samples, in order */
    nnrt_augmentation *augmentation;
    size_t augmentation_count;
    char **feature_name;            /* sample_size names where a CSV gives them, else NULL */
    char **target_name;             /* target_size names where a table gives them, else NULL */
    float *storage[2 * NNRT_PARTS]; /* the blocks that the parts' x and y lie in */
    /* a view (views.c): what it is cut from and shares names with; else NULL */
    const struct nnrt_data *whole;
} nnrt_data;

/* `folder`: where relative paths start. `seed`: for declarations without a seed of their own. NULL
 * and e filled where it fails. */
nnrt_data *nnrt_data_open(const json_t *declaration, const char *folder, uint64_t seed,
                          nnrt_error *e);
void nnrt_data_free(nnrt_data *data);
const char *nnrt_part_name(int part);
/* Whether every sample holds only whole numbers from 0 to below `below`, as embeddings need them.
 */
bool nnrt_data_numbers_below(const nnrt_data *data, int64_t below, nnrt_error *e);
#endif
