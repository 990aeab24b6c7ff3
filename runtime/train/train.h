/* train.h: one training: its rules, its position, and what it remembers from epoch to epoch. */
#ifndef NNRT_TRAIN_H
#define NNRT_TRAIN_H
#include "data/data.h"
#include "model/model.h"
#include "train/progress.h"

enum { NNRT_COLUMNS = 32, NNRT_VALIDATION_METRICS = 16 };

/* Looks at one column of an epoch's numbers; -1: not in use. */
typedef struct nnrt_plateau {
    int monitor;
    bool rises;
    double factor, threshold, min_lr, best;
    int64_t patience, bad;
} nnrt_plateau;

typedef struct nnrt_early {
    int monitor;
    bool rises, restore;
    double min_delta, best;
    int64_t patience, bad, best_epoch;
} nnrt_early;

typedef enum nnrt_averaging {
    NNRT_AVERAGE_NONE,
    NNRT_AVERAGE_EMA,
    NNRT_AVERAGE_SWA
} nnrt_averaging;

/* The numbers of an epoch: columns of the history, of the log and of the result. */
typedef struct nnrt_columns {
    const char *name[NNRT_COLUMNS];
    bool whole[NNRT_COLUMNS];
    size_t count;
    char text[NNRT_VALIDATION_METRICS][48];
} nnrt_columns;

enum { COLUMN_EPOCH, COLUMN_STEP, COLUMN_LR, COLUMN_SECONDS, COLUMN_RATE, COLUMN_LOSS };

typedef struct nnrt_training {
    nnrt_program *program;
    nnrt_session *session;
    nnrt_model *model;
    const nnrt_data *data;
    const char *model_name, *data_name, *result_name;
    nnrt_instance *unit, *eval_unit;
    uint64_t seed;
    int64_t samples, batch, per_epoch, epochs, steps; /* steps: of the whole training */
    double base_lr, lr;                               /* as written; after plateau */

    nnrt_columns columns;
    /* -1: none; validation_column is its loss */
    int accuracy_column, penalty_column, validation_column;
    /* of the validation part, behind its loss */
    nnrt_metric metric[NNRT_VALIDATION_METRICS];
    size_t metric_count;
    bool confusion;

    nnrt_plateau plateau;
    nnrt_early early;
    nnrt_averaging averaging;
    int64_t swa_start, swa_count;
    int64_t checkpoint_every; /* 0: none */
    char *checkpoint_path;

    enum { KEEP_LAST, KEEP_BEST, KEEP_ALL } checkpoint_keep;

    double checkpoint_best;

    /* where it is */
    int64_t step, epoch;             /* done, epoch: whole ones */
    double metric_sum[NNRT_METRICS]; /* of the epoch under way */
    /* in its steps; since the start, before this process */
    double epoch_spent, seconds;
    bool done, stopped;
    uint32_t *order; /* NULL: as it lies */
    /* the epoch it was drawn for, -1 none */
    int64_t order_epoch;
    /* NULL: samples are used as they lie */
    nnrt_feed *feed;

    /* what it remembers: one tensor a weight of the model, NULL before there is anything */
    float **best, **swa;
    /* evaluation reads the averaged weights */
    bool pointed;
    double row[NNRT_COLUMNS], best_row[NNRT_COLUMNS];
    json_t *confusion_now, *confusion_best;
    /* NULL where the result has no name */
    nnrt_history *history;
    float *out; /* of the validation part */

    nnrt_progress progress;
    double began, compile_seconds;
    const struct nnrt_within *within; /* NULL: a `train` of its own */
} nnrt_training;

/* A training that is part of another action: a fold, a trial, a member. All is as the action's JSON
 * says, but for this; no checkpoint is written. */
typedef struct nnrt_within {
    const nnrt_data *data; /* NULL: the action's */
    /* samples of the training part, as often as they stand here; NULL: all of it once */
    const uint32_t *sample;
    int64_t sample_count;
    uint64_t seed;
    /* of the epochs or steps; 0: all of them */
    double share;
    /* what the result must hold: "validation.f1"; NULL: nothing beyond the metrics */
    const char *watch;
    /* its epochs are logged under this recipe's name, and the result holds them; NULL: neither */
    const char *recipe;
} nnrt_within;

/* The action `train`. */
bool nnrt_do_train(nnrt_program *program, nnrt_error *e);
/* What a `train` leaves as its result; NULL: e says why. */
json_t *nnrt_train_within(nnrt_program *program, const nnrt_within *within, nnrt_error *e);

/* train_epoch.c: what happens at an epoch's end. */
bool nnrt_training_epoch_end(nnrt_training *training, nnrt_error *e);
/* Adds the training part's metrics to a result; of the model's weights as they are now. */
bool nnrt_training_measure_samples(nnrt_training *training, json_t *result, nnrt_error *e);
/* Whether the averaged weights are the ones that count now; and those weights, packed, in the
 * model's order. */
bool nnrt_training_averaged(const nnrt_training *training);
float *nnrt_training_kept(const nnrt_training *training, size_t weight);
/* room for one tensor a weight */
float **nnrt_training_copies(const nnrt_training *training, nnrt_error *e);

/* train_fail.c: where the first value that is not finite came from; fills e. Always false. */
bool nnrt_training_diverged(nnrt_training *training, int64_t step, nnrt_error *e);
/* name of the first weight that is not finite, or NULL */
const char *nnrt_training_bad_weight(const nnrt_training *training);

#include "train/checkpoint_parts.h"
#endif
