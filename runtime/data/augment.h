/* augment.h: what a data declaration's `augment` does to one sample (docs/language.md).
 *
 * Images are channels x height x width; a change is drawn once for all channels and cells that it
 * leaves empty are 0. The forms are rows of the table in augment.c, carried out in the order of the
 * list. */
#ifndef NNRT_AUGMENT_H
#define NNRT_AUGMENT_H
#include "data/dataset.h"

struct nnrt_augmentation {
    const struct augment_row *row;
    double amount;
    bool vertical;
};

/* From the declaration's list (program.h). *list NULL where there is nothing to do; free(). */
bool nnrt_augment_read(const json_t *declared, nnrt_augmentation **list, size_t *count,
                       nnrt_error *e);
/* Whether the form moves cells about, and so must know which of them are neighbours. */
bool nnrt_augment_needs_image(const char *form);
/* Whether samples of whole numbers, as embeddings need them, do not stay so. */
bool nnrt_augment_blends(const char *form, double amount);
/* Changes the sample at x in place, as the data's list says; `scratch` has room for one sample. */
void nnrt_augment_sample(const nnrt_data *data, nnrt_random *random, float *x, float *scratch);
#endif
