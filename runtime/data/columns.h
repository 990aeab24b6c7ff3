/* columns.h: what each column of a table is for: a feature, a target, the samples' id or weight, or
 * nothing. */
#ifndef NNRT_COLUMNS_H
#define NNRT_COLUMNS_H
#include "data/source.h"

typedef struct nnrt_uses {
    bool *feature; /* [columns] */
    size_t *target;
    size_t targets;
    size_t id, weight; /* columns: there is none */
} nnrt_uses;

/* As the form's `columns`, `drop`, `target`, `id` and `weight` say. `needs_target` false: targets
 * are not needed (samples to predict), but are no features where they are there. False: e names
 * what meets no column. */
bool nnrt_uses_find(const json_t *form, const nnrt_table *table, bool needs_target, nnrt_uses *uses,
                    nnrt_error *e);
void nnrt_uses_free(nnrt_uses *uses);
/* Of a series: its target columns of numbers are features, too, unless the form drops them or lists
 * other columns. */
void nnrt_uses_see_targets(const json_t *form, const nnrt_table *table, nnrt_uses *uses);
/* Whether the form's list under this key (names, patterns with `*`, numbers from 0) has the column.
 */
bool nnrt_column_is_listed(const json_t *form, const char *key, const nnrt_table *table,
                           size_t column);
/* Whether the text of a column's numbers must be kept: an id, or what a prediction copies. */
bool nnrt_text_is_kept(const json_t *form, const nnrt_table *table, size_t column);

/* Fills a source from its table: which rows are samples (`missing = drop` leaves some out), their
 * targets and weights. `feature` (NULL: uses->feature): the columns that must not be missing. */
bool nnrt_source_take_table(nnrt_source *source, const nnrt_source_request *request,
                            const nnrt_uses *uses, const bool *feature, nnrt_error *e);
#endif
