/* fuzz_preparation.c: any bytes as what a file of weights says of its preparation. It is read, and
 * then written and read again the same, or refused with a reason. */
#include "data/data.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void write_and_read(const nnrt_preparation *p)
{
    nnrt_error e = { 0 };
    json_t *saved = nnrt_preparation_json(p);
    nnrt_preparation *again = saved ? nnrt_preparation_read(saved, "again", &e) : NULL;

    if (!again || !nnrt_preparation_equal(p, again))
        abort();
    nnrt_preparation_free(again);
    json_decref(saved);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    nnrt_error e = { 0 };
    json_t *saved = json_loadb((const char *)bytes, length, 0, NULL);
    nnrt_preparation *p = saved ? nnrt_preparation_read(saved, "fuzz", &e) : NULL;

    if (saved && !p && e.status != NNRT_FILES)
        abort();
    if (p)
        write_and_read(p);
    nnrt_preparation_free(p);
    json_decref(saved);
    return 0;
}
