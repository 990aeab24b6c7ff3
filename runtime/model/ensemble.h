/* ensemble.h: networks that answer together: made by `bag` and `boost`, used like a model.
 *
 * What is stored of an ensemble looks like a model: its members' weights as
 * "member1.dense1.weight", ..., and, of boosting, the members' shares "boost.share" and what their
 * sum begins with, "boost.base". So it is saved and loaded as a model is. */
#ifndef NNRT_ENSEMBLE_H
#define NNRT_ENSEMBLE_H
#include "model/network.h"

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

/* Those of a session, by name. */
typedef struct nnrt_ensembles {
    nnrt_ensemble **item;
    size_t count;
} nnrt_ensembles;

/* NULL: there is none */
nnrt_ensemble *nnrt_ensembles_find(const nnrt_ensembles *ensembles, const char *name);
/* Takes the ensemble over, in place of an earlier one of this name; `name` NULL: frees it. False:
 * out of memory, and it is still the caller's. */
bool nnrt_ensembles_set(nnrt_ensembles *ensembles, nnrt_ensemble *ensemble, const char *name,
                        nnrt_error *e);
void nnrt_ensembles_clear(nnrt_ensembles *ensembles);

/* Room for members of this model; the caller's. */
nnrt_ensemble *nnrt_ensemble_new(nnrt_model *model, size_t members, nnrt_combine combine,
                                 bool shared, nnrt_error *e);
void nnrt_ensemble_free(nnrt_ensemble *ensemble);
/* whether it was made of models with the same weights */
bool nnrt_ensemble_fits(const nnrt_ensemble *ensemble, const nnrt_model *model);
/* Copies the model's weights into the member, and the member's into the model. */
void nnrt_ensemble_keep(nnrt_ensemble *ensemble, size_t member, const nnrt_model *model);
void nnrt_ensemble_put(const nnrt_ensemble *ensemble, size_t member, nnrt_model *model);
/* Drops the last members: fewer than there was room for. */
void nnrt_ensemble_shorten(nnrt_ensemble *ensemble, size_t members);
/* [members]; NULL where not shared */
float *nnrt_ensemble_share(const nnrt_ensemble *ensemble);
/* [output_size]; NULL where not shared */
float *nnrt_ensemble_base(const nnrt_ensemble *ensemble);
/* The model as those who read its outputs must see it: votes are shares of classes. */
nnrt_model nnrt_ensemble_view(const nnrt_ensemble *ensemble, const nnrt_model *model);
#endif
