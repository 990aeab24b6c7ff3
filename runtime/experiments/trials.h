/* trials.h: trials of params: each a training of the script as it is with these params, from fresh
 * weights; the best one's weights are kept. */
#ifndef NNRT_TRIALS_H
#define NNRT_TRIALS_H
#include "experiments/records.h"
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
    const char *objective;
    bool maximize;
    uint64_t seed;
    /* records of all attempts so far, in order; an earlier process's come first */
    json_t *journal;
    size_t done; /* attempts */
    /* attempts of an earlier process; the best one's weights are there from the start */
    size_t resumed;
    json_t *best_params;
    double best; /* higher is better */
    bool found;
    nnrt_kept weights; /* of the best */
    char *checkpoint;  /* path; NULL: none is asked for */
    bool numbered;     /* each checkpoint has a file of its own */
    bool (*report)(struct nnrt_tuning *tuning, nnrt_attempt *attempt, nnrt_error *e);
} nnrt_tuning;

/* 1 or -1, by which the objective is multiplied so that higher is better. */
double nnrt_tuning_sign(const nnrt_tuning *tuning);
/* Makes all of them, and gives each in order to `tuning->report`, with its record: { "trial",
 * "params", "value" (null: it diverged), "share", "train", ... }. */
bool nnrt_run_attempts(nnrt_tuning *tuning, nnrt_attempt *attempts, size_t count, nnrt_error *e);

/* ---- tune_checkpoint.c ---- */
/* Where the next checkpoint goes; malloc'ed, NULL: out of memory. */
char *nnrt_tuning_checkpoint_path(const nnrt_tuning *tuning);
/* Writes the finished trials, with the best one's weights, to the search's own path; and takes them
 * out of such a file. */
bool nnrt_checkpoint_tuning(nnrt_tuning *tuning, nnrt_error *e);
bool nnrt_resume_tuning(const nnrt_resume *resume, nnrt_tuning *tuning, nnrt_error *e);
#endif
