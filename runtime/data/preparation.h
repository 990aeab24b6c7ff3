/* preparation.h: what is done to data before a network meets it: which columns are features and how
 * they become numbers, normalisation, the scale of targets, classes, tokens (docs/language.md).
 *
 * Fitting makes one from the training part (fit.h), or it comes from a model's file. It goes with
 * the model from then on: whatever the model meets is prepared by it. Once made it is never
 * changed; whoever keeps one holds it. */
#ifndef NNRT_PREPARATION_H
#define NNRT_PREPARATION_H
#include "base/base.h"
#include <jansson.h>

typedef enum nnrt_missing { NNRT_MISSING_ERROR, NNRT_MISSING_MEAN, NNRT_MISSING_DROP } nnrt_missing;

/* A column that is one feature, or one feature for each of its values (1 for the cell's own). */
typedef struct nnrt_feature_column {
    char *name;    /* NULL: the training file had no header */
    size_t number; /* its place among the training file's columns, from 0 */
    bool categorical;
    nnrt_name_map values; /* of a categorical one, in order */
    int64_t feature;      /* the first of its features in a sample */
} nnrt_feature_column;

/* x becomes (x - shift) / unit, or 0 where unit is 0; of NNRT_SCALE_FACTOR x times unit[0]; of
 * NNRT_SCALE_LOG ln(1 + x) is shifted and divided. */
typedef enum nnrt_scale {
    NNRT_SCALE_NONE,
    NNRT_SCALE_STANDARD,
    NNRT_SCALE_MINMAX,
    NNRT_SCALE_FACTOR,
    NNRT_SCALE_LOG
} nnrt_scale;

typedef struct nnrt_scaling {
    nnrt_scale kind;
    size_t width;
    double *shift, *unit; /* [width] */
} nnrt_scaling;

typedef enum nnrt_targets {
    NNRT_REAL_TARGETS,
    NNRT_CLASS_TARGETS,
    NNRT_LABEL_TARGETS
} nnrt_targets;

typedef struct nnrt_preparation {
    int holders; /* besides the one that made it; the last one frees it */
    /* Tables: their columns. None: samples are arrays of this many numbers. */
    size_t columns;
    nnrt_feature_column *column;
    int64_t features;
    nnrt_missing missing;
    bool ignores_unknown; /* a value that no feature stands for is 0 in all of its column's */
    double *mean;         /* [features], what a missing cell becomes; NULL: not asked for */
    nnrt_scaling samples;

    nnrt_targets targets;
    nnrt_name_map classes; /* NNRT_CLASS_TARGETS: their names, in order */
    char **target_name;    /* [target_count], where the file has several or names it */
    size_t target_count;
    nnrt_scaling target; /* of NNRT_REAL_TARGETS */

    json_t *tokens; /* what makes tokens of texts; NULL: samples are no texts */
} nnrt_preparation;

/* Empty: arrays of so many numbers, left as they are. NULL: out of memory. */
nnrt_preparation *nnrt_preparation_new(int64_t features);
/* Holds it too, and returns it; NULL is fine for both. */
nnrt_preparation *nnrt_preparation_hold(nnrt_preparation *preparation);
void nnrt_preparation_free(nnrt_preparation *preparation);

/* A copy that may be changed. NULL: out of memory. */
nnrt_preparation *nnrt_preparation_copy(const nnrt_preparation *preparation);

/* As files keep it; a new reference, NULL: out of memory. */
json_t *nnrt_preparation_json(const nnrt_preparation *preparation);
/* From a file's text under "nnc". `name`: of the file, for messages. NULL: e says what is damaged
 * (status 3). */
nnrt_preparation *nnrt_preparation_read(const json_t *saved, const char *name, nnrt_error *e);
bool nnrt_preparation_equal(const nnrt_preparation *a, const nnrt_preparation *b);

/* The names of the features, one for each of a sample's values: "mass", "colour=red", or numbers
 * of columns. NULL: out of memory, or the samples are arrays. free() each and the array. */
char **nnrt_preparation_feature_names(const nnrt_preparation *preparation);

/* ---- scaling ---- */
bool nnrt_scaling_new(nnrt_scaling *scaling, nnrt_scale kind, size_t width); /* zeroed */
void nnrt_scaling_free(nnrt_scaling *scaling);
/* Value i of a sample or target, and back again. Where there are more values than the scaling is
 * wide (the rows of a window), they repeat. */
double nnrt_scale_value(const nnrt_scaling *scaling, size_t i, double value);
double nnrt_unscale_value(const nnrt_scaling *scaling, size_t i, double value);
#endif
