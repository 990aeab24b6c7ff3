/* offers.h: the tensors of a weights file under the names that a model knows, after what `load`
 * renames, transposes and skips. */
#ifndef NNRT_OFFERS_H
#define NNRT_OFFERS_H
#include "base/base.h"
#include <jansson.h>

typedef struct nnrt_offer {
    const nnrt_tensor_in *tensor;
    bool transposed;
    int64_t dims[2]; /* of a transposed one, as it is offered */
} nnrt_offer;

/* All zeros: none. */
typedef struct nnrt_offers {
    nnrt_name_map names; /* an offer's number is its name's */
    nnrt_offer *offer;
} nnrt_offers;

/* Of an open file, by the rules of a `load` (`rename`, `transpose`, `skip`; NULL: none). What no
 * model has (the optimizer's states, counters of batches) is left out. */
bool nnrt_offers_make(nnrt_offers *offers, const nnrt_safetensors *file, const json_t *rules,
                      const char *path, nnrt_error *e);
void nnrt_offers_free(nnrt_offers *offers);
/* NULL: none of that name */
const nnrt_offer *nnrt_offers_find(const nnrt_offers *offers, const char *name);
int nnrt_offer_rank(const nnrt_offer *offer);
const int64_t *nnrt_offer_dims(const nnrt_offer *offer);
/* All elements, row-major. */
bool nnrt_offer_read(const nnrt_offer *offer, const nnrt_safetensors *file, float *out,
                     nnrt_error *e);
#endif
