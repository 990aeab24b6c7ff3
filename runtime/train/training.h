/* training.h: one training: what is trained and how long, its rules, its position, and what it
 * remembers from epoch to epoch. Seen inside this wing only. */
#ifndef NNRT_TRAINING_H
#define NNRT_TRAINING_H
#include "data/data.h"
#include "train/progress.h"
#include "train/train.h"

enum { NNRT_COLUMNS = 32, NNRT_VALIDATION_METRICS = 16 };

/* The numbers of an epoch: columns of the history, of the log and of the result. */
typedef struct nnrt_columns {
    const char *name[NNRT_COLUMNS];
    bool whole[NNRT_COLUMNS];
    size_t count;
    int accuracy, penalty, validation_loss; /* where these are; -1: there is none */
    char text[NNRT_VALIDATION_METRICS][48]; /* the names of the validation part's metrics */
} nnrt_columns;

/* The columns that are always there, in this order. */
enum { COLUMN_EPOCH, COLUMN_STEP, COLUMN_LR, COLUMN_SECONDS, COLUMN_RATE, COLUMN_LOSS };

/* Lowers the learning rate when a column of the epochs' numbers stops improving. */
typedef struct nnrt_plateau {
    int monitor; /* column; -1: not in use */
    bool rises;  /* higher is better */
    double factor, threshold, min_lr, best;
    int64_t patience, bad; /* bad: epochs without improvement */
} nnrt_plateau;

/* Ends the training when a column stops improving, and remembers its best epoch. */
typedef struct nnrt_early {
    int monitor; /* column; -1: not in use */
    bool rises, restore;
    double min_delta, best;
    int64_t patience, bad;

    int64_t best_epoch;
    double best_row[NNRT_COLUMNS];
    json_t *best_confusion;
    float **best_weights; /* one tensor a weight; NULL: none yet, or not `restore` */
} nnrt_early;

typedef enum nnrt_averaging {
    NNRT_AVERAGE_NONE,
    NNRT_AVERAGE_EMA, /* kept by the unit, as states "average.<weight>" */
    NNRT_AVERAGE_SWA  /* kept here, a mean over epochs */
} nnrt_averaging;

typedef struct nnrt_average {
    nnrt_averaging kind;
    int64_t start, count; /* swa: first epoch of the mean; epochs in it so far */
    float **swa;          /* one tensor a weight; NULL: nothing yet */
    /* one tensor a weight, of which buffers are used: made anew with the averaged weights; NULL:
     * nothing yet */
    float **statistics;
    bool evaluated; /* the evaluation's table points at the averaged weights */
} nnrt_average;

typedef enum nnrt_keep { NNRT_KEEP_LAST, NNRT_KEEP_BEST, NNRT_KEEP_ALL } nnrt_keep;

typedef struct nnrt_checkpointing {
    char *path;    /* NULL: none are asked for */
    int64_t every; /* epochs */
    nnrt_keep keep;
    int monitor; /* column, of what the best is best at */
    bool rises;  /* better is higher */
    double best; /* the best one that one was written at */
} nnrt_checkpointing;

typedef struct nnrt_training {
    /* ---- what is trained, and by what ---- */
    nnrt_program *program;
    nnrt_session *session;
    const nnrt_within *within; /* NULL: a `train` of its own */
    const char *model_name, *data_name, *result_name;
    nnrt_model *model;
    const nnrt_data *data;
    uint64_t seed;
    nnrt_instance *unit, *eval_unit; /* eval_unit NULL: there is nothing to validate on */
    double compile_seconds;

    /* ---- its length ---- */
    int64_t samples, batch, per_epoch; /* per_epoch: steps */
    int64_t epochs, steps;             /* of the whole training */

    /* ---- its samples: in which order, and as what ---- */
    uint32_t *order;     /* [samples]; NULL: as they lie in the data */
    int64_t order_epoch; /* the epoch it was drawn for; -1: none */
    nnrt_feed *feed;     /* NULL: they are used as they are */

    /* ---- what is measured each epoch ---- */
    nnrt_columns columns;
    nnrt_metric metric[NNRT_VALIDATION_METRICS]; /* columns after validation_loss */
    size_t metric_count;
    bool confusion; /* of the validation part, wanted */
    float *out;     /* outputs for the validation part */

    /* ---- its rules ---- */
    nnrt_plateau plateau;
    nnrt_early early;
    nnrt_average average;
    nnrt_checkpointing checkpoint;

    /* ---- where it is ---- */
    int64_t step, epoch;             /* done; only whole epochs count */
    double lr;                       /* as written, times what plateau has left of it */
    double metric_sum[NNRT_METRICS]; /* of the epoch under way */
    double epoch_spent;              /* seconds in the steps of the epoch under way */
    double seconds;                  /* of the processes before this one */
    double began;                    /* when this one began, by nnrt_seconds() */
    bool done, stopped;              /* stopped: by early stopping */

    /* ---- the last epoch's numbers, and all of them ---- */
    double row[NNRT_COLUMNS];
    json_t *confusion_now;
    nnrt_history *history; /* NULL: nobody will ask */

    nnrt_progress progress;
} nnrt_training;

/* ---- train_setup.c ---- */
/* Everything above, as the action says; at step 0. */
bool nnrt_training_set_up(nnrt_training *training, nnrt_error *e);
void nnrt_training_clear(nnrt_training *training);
/* Room for a copy of each weight, packed; NULL: out of memory, and e says so. */
float **nnrt_training_copies_new(const nnrt_training *training, nnrt_error *e);
void nnrt_training_copies_free(const nnrt_training *training, float **copies);

/* ---- train_measure.c ---- */
bool nnrt_training_set_up_columns(nnrt_training *training, nnrt_error *e);
/* The column called `name`: "validation.loss", "train.accuracy", "loss" (of the training part); a
 * metric of the validation part becomes a column where it was none. */
bool nnrt_training_find_monitor(nnrt_training *training, const char *name, int *monitor,
                                bool *rises, nnrt_error *e);
/* Fills `row` for the epoch that has ended, the validation part's numbers included. */
bool nnrt_training_measure(nnrt_training *training, nnrt_error *e);
/* Adds the training part's metrics to a result, with the model's weights as they are now. */
bool nnrt_training_measure_samples(nnrt_training *training, json_t *result, nnrt_error *e);

/* ---- train_rules.c ---- */
bool nnrt_training_set_up_rules(nnrt_training *training, nnrt_error *e);
void nnrt_training_apply_plateau(nnrt_training *training);
bool nnrt_training_apply_early_stopping(nnrt_training *training, nnrt_error *e);
bool nnrt_training_checkpoint_if_due(nnrt_training *training, nnrt_error *e);

/* ---- train_average.c ---- */
/* Takes the epoch's weights into the mean, where there is one. */
bool nnrt_training_average_epoch(nnrt_training *training, nnrt_error *e);
/* Makes moving statistics anew with the averaged weights, over the training part as it lies, where
 * there are any of either. */
bool nnrt_training_renew_statistics(nnrt_training *training, nnrt_error *e);
/* Is it the averaged weights that count now? */
bool nnrt_training_averaged(const nnrt_training *training);
/* The values that count now of the model's i-th weight, packed: averaged or as trained. */
float *nnrt_training_effective_weight(const nnrt_training *training, size_t i);
/* Points the evaluation at the averaged weights once there are any; and back at the model's. */
void nnrt_training_evaluate_averaged(nnrt_training *training);
void nnrt_training_evaluate_model(nnrt_training *training);

/* ---- train_report.c ---- */
void nnrt_training_report_start(nnrt_training *training);
void nnrt_training_report_epoch(nnrt_training *training);
void nnrt_training_report_end(const nnrt_training *training, const json_t *result);

/* ---- train_result.c ---- */
/* Puts the weights that count into the model and measures them. The result; NULL: e says why. */
json_t *nnrt_training_finish(nnrt_training *training, nnrt_error *e);

/* ---- train_diverged.c ---- */
/* Says where the first value that is not finite came from; fills e. Always false. */
bool nnrt_training_diverged(nnrt_training *training, int64_t step, nnrt_error *e);
/* The name of the first weight that is not finite, or NULL. */
const char *nnrt_training_bad_weight(const nnrt_training *training);
#endif
