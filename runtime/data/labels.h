/* labels.h: the classes of a training source, and the targets of each source as class numbers or
 * real values. */
#ifndef NNRT_LABELS_H
#define NNRT_LABELS_H
#include "data/source.h"

typedef struct nnrt_classes {
    nnrt_label_kind kind;
    int64_t count;
    int64_t *integer;
    float *real;        /* sorted, of the kind; texts in name */
    nnrt_name_map name; /* all of them as text, in order */
} nnrt_classes;

/* The distinct targets of the training source, in sorted order: numbers as numbers, texts bytewise.
 */
bool nnrt_classes_find(const nnrt_source *training, nnrt_classes *classes, nnrt_error *e);
void nnrt_classes_free(nnrt_classes *classes);
/* The source's targets as class numbers; NULL and e filled where the training source does not have
 * one. free() */
float *nnrt_class_numbers(const nnrt_source *source, const nnrt_classes *classes, nnrt_error *e);
/* The source's targets as values; takes them out of the source where it holds such. free() */
float *nnrt_real_targets(nnrt_source *source, nnrt_error *e);
#endif
