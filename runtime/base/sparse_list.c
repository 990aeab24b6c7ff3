/* sparse_list.c: what is not 0 in a pruned kernel, listed for products that skip zeros. */
#include "abi/nnrt.h"
#include <string.h>

static bool is_zero(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return !(bits << 1);
}

void nnrt_sparse_list(const float *panel, int64_t inputs, int64_t units, int64_t most,
                      int32_t *list)
{
    nnrt_list_entry *entry = (nnrt_list_entry *)(void *)(list + NNRT_LIST_ENTRIES);
    int32_t at = 0;
    for (int64_t u = 0; u < NNRT_LANES && at <= most; u++) {
        list[u] = at;
        /* without branches: the next entry overwrites that of a zero */
        for (int64_t k = u; u < units && k < inputs * NNRT_LANES; k += NNRT_LANES) {
            entry[at] = (nnrt_list_entry){ (int32_t)(k - u), panel[k] };
            at += !is_zero(panel[k]);
        }
    }
    list[NNRT_LANES] = at;
    list[NNRT_LIST_MADE] = at <= most;
}
