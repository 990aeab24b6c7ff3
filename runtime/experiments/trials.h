/* trials.h: trials of params: each a training of the script as it is with these params, from fresh
 * weights; the best one's weights are kept. */
#ifndef NNRT_TRIALS_H
#define NNRT_TRIALS_H
#include "experiments/experiment.h"
#include "experiments/search.h"

/* Weights by key, as the best trial left them. */
typedef struct nnrt_kept_weight {
    char *key, *name;
    nnrt_layout layout;
    float *values;
} nnrt_kept_weight;

typedef struct nnrt_kept {
    size_t count;
    nnrt_kept_weight *weight;
} nnrt_kept;

void nnrt_kept_clear(nnrt_kept *kept);

/* One training asked for: a point of the search with this part of the epochs (0: all). */
typedef struct nnrt_attempt {
    size_t trial;
    double share;
    json_t *record;
} nnrt_attempt;

typedef struct nnrt_tuning {
    nnrt_program *program;
    nnrt_search search;
    const char *watch;
    bool maximize;
    uint64_t seed;
    /* records of all attempts so far, in order; those of a run before stand there first */
    json_t *journal;
    size_t done; /* attempts */
    /* attempts of a run before; the best one's weights are there from the start */
    size_t resumed;
    json_t *best_params;
    double best; /* higher is better */
    bool found;
    nnrt_kept weights; /* of the best */
    char *checkpoint;  /* path; NULL: none is asked for */
    bool numbered;     /* each checkpoint has a file of its own */
    bool (*tell)(struct nnrt_tuning *tuning, nnrt_attempt *attempt, nnrt_error *e);
} nnrt_tuning;

/* Makes all of them; `tuning->tell` hears of each in order, with its record: { "trial", "params",
 * "value" (null: it diverged), "share", "train", ... }. */
bool nnrt_try_all(nnrt_tuning *tuning, nnrt_attempt *attempts, size_t count, nnrt_error *e);

/* ---- tune_checkpoint.c ---- */
/* Writes the finished trials, with the best one's weights, to the search's own path; and takes them
 * out of such a file. */
bool nnrt_checkpoint_tuning(nnrt_tuning *tuning, nnrt_error *e);
bool nnrt_resume_tuning(const nnrt_resume *resume, nnrt_tuning *tuning, nnrt_error *e);
#endif
