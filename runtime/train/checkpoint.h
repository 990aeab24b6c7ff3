/* checkpoint.h: a run's whole state in a safetensors file, from which `--resume` goes on bit for
 * bit.
 *
 * What is in the file. The model's weights under their own names (as they are trained, not
 * averaged), "optimizer.<weight>.<state>" and "average.<weight>", and, under names that `load`
 * ignores: "nnc.best.<weight>" (what early stopping would restore), "nnc.swa.<weight>",
 * "nnc.weights.<key>" (the other models met so far), "nnc.ensemble.<name>.<weight>" and
 * "nnc.history" (float64 bits in pairs of float32). Its metadata has one text, "nnc": JSON of the
 * position (training_state.def), all results so far, the params that searches have put in force,
 * and the ensembles.
 *
 * From Ctrl-C to the file on disk:
 *
 *   base/signals.c            the handler of SIGINT or SIGTERM sets a flag, nothing else
 *   train.c                   train_steps() asks for it (nnrt_stop_asked) after each chunk of
 *                             steps, about 50 ms; stop_here() then writes the checkpoint
 *   checkpoint_training.c     nnrt_checkpoint_write() gathers tensors and state in a bundle
 *   checkpoint_file.c         nnrt_bundle_write() hands them on as one safetensors file
 *   base/safetensors.c        writes it through base/atomic_file.c: into a file beside its place,
 *                             flushed, fsynced, and only then renamed over the old one
 *   app/run_program.c             nnrt_session_run() reports the error that stop_here() gave, and
 * the process ends with 130
 *
 * The checkpoints of epochs go the same way from nnrt_training_checkpoint_if_due() on
 * (train_rules.c), those of a search from experiments/tune_checkpoint.c. A second signal of
 * the same kind ends the process at once; the old file is then still whole.
 *
 * And back: nnrt_resume_open() (checkpoint_resume.c) judges the file and restores the session
 * (checkpoint_session.c); the action that it was written in takes the rest over with
 * nnrt_resume_training(). */
#ifndef NNRT_CHECKPOINT_H
#define NNRT_CHECKPOINT_H
#include "base/base.h"
#include "model/model.h"

enum { NNRT_CHECKPOINT_VERSION = 1 };

/* ---- going on (checkpoint_resume.c) ---- */
struct nnrt_resume {
    char *path;
    nnrt_safetensors *file;
    json_t *state;
    size_t action; /* number of the action that it was written in */
};

/* Opens and judges the file: is it a checkpoint, of this program? Weights, ensembles and results
 * are restored at once; the rest waits for the action. NULL: e says why. */
nnrt_resume *nnrt_resume_open(nnrt_program *program, const char *path, nnrt_error *e);
void nnrt_resume_free(nnrt_resume *resume);
size_t nnrt_resume_action(const nnrt_resume *resume);

/* ---- a training (checkpoint_training.c) ---- */
struct nnrt_training;
/* Writes what --resume needs. */
bool nnrt_checkpoint_write(const struct nnrt_training *training, const char *path, nnrt_error *e);
/* The training, which is set up, goes on where the checkpoint was written. */
bool nnrt_resume_training(const nnrt_resume *resume, struct nnrt_training *training, nnrt_error *e);

/* ---- everything around it (checkpoint_session.c) ---- */
/* What every state says: where the run is, its results, the params in force, the ensembles. */
json_t *nnrt_state_new(const nnrt_program *program);
/* Does the model have this weight? */
bool nnrt_model_holds(const nnrt_model *model, const nnrt_weight *weight);
/* Restores the params in force, which are another program from then on. */
bool nnrt_resume_params(const nnrt_resume *resume, nnrt_program *program, nnrt_error *e);
/* Restores results, ensembles and all weights but those of `model` (NULL: there is none whose
 * weights are under their own names). */
bool nnrt_resume_session(const nnrt_resume *resume, nnrt_program *program, const nnrt_model *model,
                         nnrt_error *e);

/* ---- a file in the making, and reading from one (checkpoint_file.c) ---- */
/* Tensors to be written, which it owns. */
typedef struct nnrt_bundle {
    nnrt_tensor_out *tensor;
    size_t count, capacity;
    bool failed; /* out of memory: nnrt_bundle_write() will say so */
} nnrt_bundle;

/* Under `prefix` and `name`; takes `data` (malloc'ed, in logical order) over, but not `dims`, which
 * must outlive the bundle. */
void nnrt_bundle_take(nnrt_bundle *bundle, const char *prefix, const char *name, int rank,
                      const int64_t *dims, float *data);
/* A copy of packed values. */
void nnrt_bundle_add(nnrt_bundle *bundle, const char *prefix, const char *name,
                     const nnrt_layout *layout, const float *packed);
/* The session's weights but for this model's (NULL: all), and its ensembles. */
void nnrt_bundle_add_session(nnrt_bundle *bundle, nnrt_session *session, const nnrt_model *model);
/* `pruned`: the file's weights are, and whoever loads it must know. */
bool nnrt_bundle_write(const nnrt_bundle *bundle, const json_t *state, const char *path,
                       bool pruned, nnrt_error *e);
void nnrt_bundle_free(nnrt_bundle *bundle);

bool nnrt_resume_fits(const nnrt_tensor_in *tensor, const nnrt_layout *layout);
/* The tensor, which fits, into packed values. */
bool nnrt_resume_read(const nnrt_resume *resume, const nnrt_tensor_in *tensor,
                      const nnrt_layout *layout, float *packed, nnrt_error *e);
/* The error that a tensor is missing (NULL) or does not fit: the network has changed. Always
 * false. */
bool nnrt_resume_changed(const nnrt_resume *resume, const char *name, const nnrt_tensor_in *tensor,
                         const nnrt_layout *layout, nnrt_error *e);

/* "f.safetensors" and "best": "f.best.safetensors"; and 3: "f.3.safetensors". malloc'ed; NULL: out
 * of memory. */
char *nnrt_path_beside(const char *path, const char *infix);
char *nnrt_numbered_path(const char *path, int64_t number);
#endif
