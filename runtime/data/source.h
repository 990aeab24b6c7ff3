/* source.h: what a source of data gives: all samples of one file, or pair of files, or generator,
 * not yet split into parts.
 *
 * A form is a row of the table in source.c; its reader fills an nnrt_source from the JSON of the
 * form (program.h). */
#ifndef NNRT_SOURCE_H
#define NNRT_SOURCE_H
#include "data/dataset.h"

/* csv.h: the columns of a CSV, which further files must have too */
typedef struct nnrt_table nnrt_table;

typedef enum nnrt_label_kind {
    NNRT_LABEL_REAL,
    NNRT_LABEL_INTEGER,
    NNRT_LABEL_TEXT
} nnrt_label_kind;

typedef enum nnrt_task { NNRT_TASK_AUTO, NNRT_TASK_CLASSIFY, NNRT_TASK_REGRESS } nnrt_task;

typedef struct nnrt_source {
    /* the files that hold samples and targets, as the script says them */
    char *x_name, *y_name;
    int64_t count;
    int rank;
    int64_t shape[NNRT_MAX_RANK];
    int64_t sample_size;
    float *x; /* nnrt_floats_new */
    int target_rank;
    int64_t target_shape[NNRT_MAX_RANK];
    int64_t target_size;
    nnrt_label_kind kind; /* which of these holds count * target_size targets */
    float *real;
    int64_t *integer;
    /* numbers into texts, which is sorted bytewise */
    uint32_t *text;
    char **texts;
    size_t text_count;
    /* a sample's line in the file, from 1; NULL: samples count from 0 */
    int64_t *row;
    bool has_missing;  /* x holds NaN where the training part's mean is to stand */
    nnrt_table *table; /* of a CSV */
} nnrt_source;

typedef struct nnrt_source_request {
    const json_t *form;
    const char *folder; /* NULL: the current one */
    uint64_t seed;
    nnrt_task task;
    /* the training source, when this is another part's; else NULL */
    const nnrt_source *like;
} nnrt_source_request;

bool nnrt_source_read(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
void nnrt_source_free(nnrt_source *source);
/* "f.csv: row 12", "x.npy: sample 11": where sample i stands, for messages. */
const char *nnrt_source_place(const nnrt_source *source, const char *file, int64_t i, char *buffer,
                              size_t size);

/* The readers behind the table. */
bool nnrt_read_csv(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
bool nnrt_read_npy(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
bool nnrt_read_npz(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
bool nnrt_read_idx(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
bool nnrt_read_text(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
bool nnrt_read_images(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
bool nnrt_generate_digits(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
bool nnrt_generate_points(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);

/* ---- for readers ---- */
/* aligned to 64 bytes, with room to align each part; not zeroed; free() */
float *nnrt_floats_new(int64_t count, nnrt_error *e);
/* x for `count` samples of the source's shape. */
bool nnrt_source_allocate(nnrt_source *source, nnrt_error *e);
/* A form's arguments; the fallback where it is absent or null. */
const char *nnrt_form_text(const json_t *form, const char *name, const char *fallback);
double nnrt_form_number(const json_t *form, const char *name, double fallback);
/* The path of a file argument, from the request's folder; NULL and e filled where the argument is
 * missing. free() */
char *nnrt_form_path(const nnrt_source_request *request, const char *name, nnrt_error *e);

/* Text targets numbered as they came (source->text, `count` of them): numbers them anew in sorted
 * order and takes the texts out of `names`. */
bool nnrt_labels_sort(nnrt_source *source, nnrt_name_map *names, int64_t count, nnrt_error *e);
#endif
