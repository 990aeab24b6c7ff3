/* opened.h: data declarations that have been opened, each once, however often and by however many
 * threads it is asked for. */
#ifndef NNRT_OPENED_H
#define NNRT_OPENED_H
#include "data/dataset.h"

typedef struct nnrt_opened nnrt_opened;
nnrt_opened *nnrt_opened_new(void); /* NULL: out of memory */
void nnrt_opened_free(nnrt_opened *opened);
/* What this declaration is, opened in this folder; owned by the table. `seed` and `preparation`: as
 * nnrt_data_open's. NULL: e says why. */
const nnrt_data *nnrt_opened_data(nnrt_opened *opened, const json_t *declaration,
                                  const char *folder, uint64_t seed, nnrt_preparation *preparation,
                                  nnrt_error *e);
#endif
