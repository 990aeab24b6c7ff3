/* source.h: what a source of data gives: all samples of one file, or pair of files, or generator,
 * not yet split into parts.
 *
 * The forms of sources are the rows of sources.def. */
#ifndef NNRT_SOURCE_H
#define NNRT_SOURCE_H
#include "data/dataset.h"
#include "data/table.h"

typedef enum nnrt_label_kind {
    NNRT_LABEL_REAL,
    NNRT_LABEL_INTEGER,
    NNRT_LABEL_TEXT
} nnrt_label_kind;

typedef enum nnrt_task {
    NNRT_TASK_AUTO,
    NNRT_TASK_CLASSIFY,
    NNRT_TASK_REGRESS,
    NNRT_TASK_MULTILABEL
} nnrt_task;

typedef struct nnrt_texts nnrt_texts;

typedef struct nnrt_source {
    /* the files that hold samples and targets, as the script names them */
    char *x_name, *y_name;
    int64_t count; /* of samples */
    int rank;
    int64_t shape[NNRT_MAX_RANK]; /* of a sample */
    int64_t sample_size;
    float *x; /* [count][sample_size], from nnrt_floats_new; NULL: the table's rows hold them */
    double
        *wide; /* the same in float64, where the file has more digits and `wants_wide`; else NULL */
    int target_rank;
    int64_t target_shape[NNRT_MAX_RANK];
    int64_t target_size;
    nnrt_label_kind kind; /* which of these holds count * target_size targets */
    float *real;
    double *exact; /* the same in float64, where the file has more digits; else NULL */
    int64_t *integer;
    uint32_t *text; /* numbers into texts, which are sorted bytewise */
    char **texts;
    size_t text_count;
    /* a sample's line in the file, from 1; NULL: samples count from 0 */
    int64_t *row;
    float *weight; /* [count]; NULL: all samples count alike */
    /* Of a file with columns: its table, the rows that are used, and the column of ids (NULL). */
    nnrt_table *table;
    uint32_t *at;
    int64_t rows;   /* used */
    int64_t window; /* the used rows that make a sample; 0: each row is one */
    /* Where samples overlap: sample i begins at i * stride and covers `span` rows or tokens, with
     * its targets; span 0: samples share nothing. */
    int64_t stride, span;
    const nnrt_column *id;
    char *content; /* of one text that is yet to be cut into tokens */
    size_t content_size;
    nnrt_texts *tokens; /* cut into tokens (dataset_texts.c) */
} nnrt_source;

typedef struct nnrt_source_request {
    const json_t *form;
    const char *folder; /* where relative paths start; NULL: the current folder */
    uint64_t seed;
    nnrt_task task;
    bool wants_wide; /* samples will be normalised, so every digit of the file counts */
    /* the training source, when this is another part's; else NULL */
    const nnrt_source *like;
    /* names of columns that the file probably has, since the training file or the model has them */
    char *const *known;
    size_t known_count;
} nnrt_source_request;

void nnrt_source_free(nnrt_source *source);
void nnrt_texts_free(nnrt_texts *texts); /* NULL is fine */
/* The values of a sample that are prepared together: those of a row, in a window. */
int64_t nnrt_source_features(const nnrt_source *source);
/* The row of the table that sample i is, or that its window ends with. */
uint32_t nnrt_source_row(const nnrt_source *source, int64_t i);
/* "f.csv: row 12", "x.npy: sample 11": the place of sample i, for messages. */
const char *nnrt_source_place(const nnrt_source *source, const char *file, int64_t i, char *buffer,
                              size_t size);
#endif
