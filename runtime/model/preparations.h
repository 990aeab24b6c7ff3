/* preparations.h: how each model's data is prepared: by the preparation of the data that it was
 * last trained on, or by that of the file it was loaded from. */
#ifndef NNRT_PREPARATIONS_H
#define NNRT_PREPARATIONS_H
#include "data/data.h"

typedef struct nnrt_model_preparation {
    char *model;
    nnrt_preparation *preparation;
} nnrt_model_preparation;

/* All zeros: none. */
typedef struct nnrt_preparations {
    nnrt_model_preparation *item;
    size_t count;
} nnrt_preparations;

/* NULL: the model has none, and data is prepared as it says itself. */
nnrt_preparation *nnrt_preparations_find(const nnrt_preparations *preparations, const char *model);
/* Holds it. NULL: the model has none from now on. */
bool nnrt_preparations_set(nnrt_preparations *preparations, const char *model,
                           nnrt_preparation *preparation, nnrt_error *e);
void nnrt_preparations_clear(nnrt_preparations *preparations);

/* All of them as JSON, and back: for checkpoints. */
json_t *nnrt_preparations_json(const nnrt_preparations *preparations);
bool nnrt_preparations_restore(nnrt_preparations *preparations, const json_t *saved,
                               const char *file, nnrt_error *e);

/* What a model's file says under "nnc" (NULL: nothing); a held preparation in *preparation, NULL
 * where the file has none. False: it is damaged. */
bool nnrt_preparation_of_file(const char *text, const char *path, const char *model,
                              nnrt_preparation **preparation, nnrt_error *e);
#endif
