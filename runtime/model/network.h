/* network.h: a model as its actions see it: the session's weights under the model's own names. */
#ifndef NNRT_NETWORK_H
#define NNRT_NETWORK_H
#include "model/preparations.h"
#include "model/weights.h"

/* What a model's outputs are: scores of classes, or what its last layer has made of them. */
typedef enum nnrt_head { NNRT_SCORES, NNRT_SOFTMAX, NNRT_SIGMOID, NNRT_VALUES } nnrt_head;

typedef struct nnrt_model {
    const char *name;
    int64_t parameters; /* trainable numbers */
    nnrt_head head;
    int output_rank;
    int64_t output[NNRT_TENSOR_RANK], output_size;
    size_t count;
    nnrt_weight **weight;     /* the session's */
    const char **weight_name; /* "dense1.weight" */
} nnrt_model;

/* From the program's declaration of it, whose texts it refers to. NULL: e says why. */
nnrt_model *nnrt_model_new(const nnrt_weights *weights, const json_t *declared, nnrt_error *e);
void nnrt_model_free(nnrt_model *model);
/* Draws the weights that hold nothing yet. */
bool nnrt_model_draw(nnrt_model *model, uint64_t seed, nnrt_error *e);
/* Draws the model's own weights again. Those of other models that it shares stay as they are, and
 * are drawn where they hold nothing. */
bool nnrt_model_fresh(nnrt_model *model, uint64_t seed, nnrt_error *e);
/* whether any of its weights is pruned */
bool nnrt_model_pruned(const nnrt_model *model);
/* model_file.c: safetensors with the weights under their names. Loading is all or nothing. */
bool nnrt_model_save(const nnrt_model *model, const nnrt_preparation *preparation, const char *path,
                     nnrt_error *e);
/* *preparation: what the file says of it, held; NULL: nothing. */
bool nnrt_model_load(nnrt_model *model, const char *path, nnrt_preparation **preparation,
                     nnrt_error *e);
/* By the rules of a `load` of the program (offers.h); `left`, a weight, all false before: those
 * that stayed as they were, where `partial` allows it. */
bool nnrt_model_load_by(nnrt_model *model, const char *path, const json_t *rules, bool *left,
                        nnrt_preparation **preparation, nnrt_error *e);

/* A model's weights as they are at one moment, drawn or not. */
typedef struct nnrt_snapshot {
    nnrt_model *model;
    float **values;
    bool *drawn;
} nnrt_snapshot;

nnrt_snapshot *nnrt_snapshot_take(nnrt_model *model, nnrt_error *e);
void nnrt_snapshot_put_back(const nnrt_snapshot *snapshot);
void nnrt_snapshot_free(nnrt_snapshot *snapshot);
#endif
