/* ensemble.h: networks that answer together: made by `bag` and `boost`, used like a model.
 *
 * What is stored of an ensemble looks like a model: its members' weights as
 * "member1.dense1.weight", ..., and, of boosting, the members' shares "boost.share" and what their
 * sum begins with, "boost.base". So it is saved and loaded as a model is. */
#ifndef NNRT_ENSEMBLE_H
#define NNRT_ENSEMBLE_H
#include "experiments/experiment.h"

/* How answers are put together: the mean of the outputs; shares of votes, each weighing as much as
 * its member's share; the median of real values by the members' shares; base and the sum of the
 * outputs times share, under the network's last softmax or sigmoid. */
typedef enum nnrt_combine { NNRT_MEAN, NNRT_VOTE, NNRT_MEDIAN, NNRT_SUM } nnrt_combine;

typedef struct nnrt_ensemble {
    int holders;        /* besides the one that made it; the last one frees it */
    char *name, *model; /* model: what it is made of */
    nnrt_combine combine;
    bool shared;             /* has shares and a base */
    size_t members, weights; /* weights: of one member */
    nnrt_model stored;       /* members * weights, then share and base where `shared` */
    char **text;             /* owns stored.weight_name */
} nnrt_ensemble;

/* Room for members of this model; the caller's. */
nnrt_ensemble *nnrt_ensemble_new(nnrt_model *model, size_t members, nnrt_combine combine,
                                 bool shared, nnrt_error *e);
void nnrt_ensemble_free(nnrt_ensemble *ensemble);
/* Gives it to the session, in place of an earlier one of this name; `name` NULL: frees it. False:
 * out of memory, and it is still the caller's. */
bool nnrt_ensemble_name(nnrt_session *session, nnrt_ensemble *ensemble, const char *name,
                        nnrt_error *e);
/* The action's own ("ensemble"); fails where its bag or boost was not carried out. */
nnrt_ensemble *nnrt_action_ensemble(nnrt_program *program, nnrt_model *model, nnrt_error *e);
/* the model's weights as they are now */
void nnrt_ensemble_keep(nnrt_ensemble *ensemble, size_t member, const nnrt_model *model);
/* the member's weights into the model */
void nnrt_ensemble_put(const nnrt_ensemble *ensemble, size_t member, nnrt_model *model);
/* fewer than there was room for */
void nnrt_ensemble_shorten(nnrt_ensemble *ensemble, size_t members);
/* [members]; NULL where not shared */
float *nnrt_ensemble_share(const nnrt_ensemble *ensemble);
/* [outputs] */
float *nnrt_ensemble_base(const nnrt_ensemble *ensemble);
/* The members' answers together, [count][output_size]; free(). The model's weights are afterwards
 * what they were. */
float *nnrt_ensemble_outputs(nnrt_program *program, const nnrt_ensemble *ensemble,
                             nnrt_model *model, const nnrt_data *data, const nnrt_part *part,
                             uint64_t seed, nnrt_error *e);
/* The model as those who read its outputs must see it: votes are shares of classes. */
nnrt_model nnrt_ensemble_view(const nnrt_ensemble *ensemble, const nnrt_model *model);
/* How base and sum become outputs: the model's last softmax or sigmoid, in place. */
void nnrt_apply_head(const nnrt_model *model, float *scores, int64_t count);
/* Summed loss of outputs by the action's "loss_unit"; derivative by the scores into `gradient`
 * where it is not NULL. */
bool nnrt_outputs_loss(nnrt_program *program, const float *out, const float *y, int64_t count,
                       float *gradient, double *loss, nnrt_error *e);
#endif
