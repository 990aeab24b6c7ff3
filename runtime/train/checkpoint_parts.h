/* checkpoint_parts.h: what the checkpoints of trainings (checkpoint.c) and of searches
 * (checkpoint_tune.c) share: a file in the making, and one that is read. */
#ifndef NNRT_CHECKPOINT_PARTS_H
#define NNRT_CHECKPOINT_PARTS_H
#include "train/checkpoint.h"
#include "model/model.h"
#include "base/base.h"

enum { NNRT_CHECKPOINT_VERSION = 1 };

struct nnrt_resume {
    char *path;
    nnrt_safetensors *file;
    json_t *state;
    size_t action;
};

/* Tensors to be written, which it owns. */
typedef struct nnrt_bundle {
    nnrt_tensor_out *tensor;
    size_t count, capacity;
    bool failed;
} nnrt_bundle;

void nnrt_bundle_free(nnrt_bundle *bundle);
/* takes data over */
void nnrt_bundle_take(nnrt_bundle *bundle, const char *prefix, const char *name, int rank,
                      const int64_t *dims, float *data);
void nnrt_bundle_add(nnrt_bundle *bundle, const char *prefix, const char *name,
                     const nnrt_layout *layout, const float *packed);
/* The session's weights but for this model's (NULL: all), and its ensembles. */
void nnrt_bundle_session(nnrt_bundle *bundle, nnrt_session *session, const nnrt_model *model);
/* What every state says: where the run is, its results, the params in force, the ensembles. */
json_t *nnrt_state_new(const nnrt_program *program);
bool nnrt_bundle_write(const nnrt_bundle *bundle, const json_t *state, const char *path,
                       bool pruned, nnrt_error *e);

bool nnrt_resume_read(const nnrt_resume *resume, const nnrt_tensor_in *tensor,
                      const nnrt_layout *layout, float *packed, nnrt_error *e);
bool nnrt_resume_fits(const nnrt_tensor_in *tensor, const nnrt_layout *layout);
/* always false */
bool nnrt_resume_changed(const nnrt_resume *resume, const char *name, const nnrt_tensor_in *tensor,
                         const nnrt_layout *layout, nnrt_error *e);
#endif
