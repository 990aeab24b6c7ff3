/* later.h: expressions over results, which are known only when the program runs: what `print` says,
 * what `assert` asks. */
#ifndef NNRT_LATER_H
#define NNRT_LATER_H
#include "model/results.h"

/* As `print` shows it (malloc'ed); NULL and e filled where it can't be known. */
char *nnrt_later_text(const nnrt_results *results, const json_t *later, nnrt_error *e);
/* A new reference to its value, and the notes on it, borrowed (NULL: none). */
json_t *nnrt_later_json(const nnrt_results *results, const json_t *later, const json_t **notes,
                        nnrt_error *e);
bool nnrt_later_truth(const nnrt_results *results, const json_t *later, bool *truth, nnrt_error *e);
#endif
