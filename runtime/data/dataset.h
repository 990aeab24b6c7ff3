/* dataset.h: a data declaration, opened: read or generated, checked, split into parts, normalised,
 * as float32 in memory.
 *
 * The declaration comes as JSON (program.h). Everything that is wrong is an nnrt_error that names
 * file, row and column. */
#ifndef NNRT_DATASET_H
#define NNRT_DATASET_H
#include "data/preparation.h"

/* NNRT_NEW: samples without targets, for predictions. */
enum { NNRT_TRAIN, NNRT_VALIDATION, NNRT_TEST, NNRT_NEW, NNRT_PARTS };

enum { NNRT_MAX_RANK = 5 };

/* x: [count][sample_size], y: [count][target_size], w: [count], the weights of samples (NULL: all
 * count alike); count 0: no such part. Targets of the new part are 0. */
typedef struct nnrt_part {
    int64_t count;
    float *x, *y, *w;
    char **caption; /* [count][captions of the data] */
} nnrt_part;

typedef struct nnrt_augmentation nnrt_augmentation; /* augment.h */

typedef struct nnrt_data {
    char *name;
    /* targets are class numbers 0 .. classes - 1 (as floats); else real values */
    bool classify;
    bool multilabel;    /* targets are 0 or 1, each told by itself */
    bool weighted;      /* parts have weights */
    bool targetless;    /* the source has no targets: they are 0 */
    int64_t classes;    /* 0 where !classify */
    char **class_name;  /* as text, in order: "setosa", "-1", "7" */
    int64_t vocabulary; /* of tokens; 0: samples are no texts */
    bool padded;        /* texts may end before their samples do, with `padding` behind them */
    int64_t padding;
    bool sequence; /* samples are windows of rows in time order */
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
    char **feature_name; /* sample_size names where a table gives them, else NULL */
    char **target_name;  /* target_size names where a table gives them, else NULL */
    /* What predictions copy from the file: the id first, where there is one, then kept columns. */
    size_t captions;
    char **caption_name;
    bool has_id;
    nnrt_preparation *preparation;  /* what has been done to the samples */
    float *storage[3 * NNRT_PARTS]; /* the blocks that the parts' x, y and w lie in */
    /* a view (views.c): what it is cut from and shares names with; else NULL */
    const struct nnrt_data *whole;
    /* of a whole (views.h): the table that its samples are rows of, and which; else NULL */
    struct nnrt_raw *raw;
} nnrt_data;

/* `folder`: where relative paths start. `seed`: for declarations without a seed of their own.
 * `preparation`: a model's, by which everything is prepared; NULL: one is fitted to the training
 * part, as the declaration says. With one, a declaration needs no training part. NULL and e filled
 * where it fails. */
nnrt_data *nnrt_data_open(const json_t *declaration, const char *folder, uint64_t seed,
                          nnrt_preparation *preparation, nnrt_error *e);
/* Targets or outputs, [count][target_size], from normalised ones to the file's units; in place. */
void nnrt_data_restore_targets(const nnrt_data *data, float *values, int64_t count);
void nnrt_data_free(nnrt_data *data);
/* Whether all targets are shares, from 0 to 1, as binary_cross_entropy takes them. */
bool nnrt_data_targets_are_shares(const nnrt_data *data, nnrt_error *e);
const char *nnrt_part_name(int part);
/* Whether every sample holds only whole numbers from 0 to below `below`, as embeddings need them.
 */
bool nnrt_data_numbers_below(const nnrt_data *data, int64_t below, nnrt_error *e);
#endif
