/* opening.h: a data declaration on its way from files to parts: what dataset.c reads and
 * dataset_parts.c splits and prepares. */
#ifndef NNRT_OPENING_H
#define NNRT_OPENING_H
#include "data/columns.h"
#include "data/dataset.h"
#include "data/encoding.h"
#include "data/tokens.h"

/* A whole's table and the rows of its samples (views.h). */
typedef struct nnrt_raw {
    nnrt_table *table;
    nnrt_encoding *encoding;
    double *wide;  /* of arrays with more digits than float32, in place of a table */
    int64_t width; /* rows of a sample */
    uint32_t *row; /* [count of the training part * width] */
} nnrt_raw;

typedef struct opening {
    const json_t *declaration;
    const char *folder;
    nnrt_task task;
    nnrt_data *data;
    bool fitted; /* the preparation comes from a model; else it is being fitted */
    /* of validation, test and new samples only where they have files of their own */
    nnrt_source source[NNRT_PARTS];
    nnrt_uses uses[NNRT_PARTS];
    nnrt_encoding *encoding[NNRT_PARTS]; /* of tables */
    bool given[NNRT_PARTS];
    nnrt_tokenizer *tokenizer; /* of texts */
    int first;                 /* the first part that has a source, whose shape is the data's */
    nnrt_error *e;
} opening;

const json_t *opening_setting(const opening *o, const char *key);
/* Fills a part's source from its table or its one text. */
bool opening_take_documents(opening *o, int part, const nnrt_source_request *request);
bool opening_take_text(opening *o, int part, const json_t *form);
/* Fits the tokenizer to these samples of the training source, and makes each source's samples, and
 * the targets of one text. */
bool opening_number_texts(opening *o, const uint32_t *sample, int64_t count);
/* Splits the training source, fits what is to be fitted, and prepares every part. The targets of
 * each source are in data->storage[3 * part + 1] already. */
bool opening_make_parts(opening *o);
#endif
