/* fuzz_tables.c: any bytes as a Parquet file or as JSON lines: the first byte says as which. They
 * are a table, or refused with a reason; nothing may crash, leak or hang. */
#include "data/data.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void open_as(const char *form, int file)
{
    nnrt_error e = { 0 };
    json_t *declaration =
        json_pack("{s:s, s:{s:s, s:o, s:i}, s:b}", "name", "d", "source", "form", form, "file",
                  json_sprintf("/proc/self/fd/%d", file), "target", 0, "shuffle", 0);
    nnrt_data *data = nnrt_data_open(declaration, NULL, 0, NULL, &e);

    if (!data && (!e.status || !*e.text))
        abort();
    nnrt_data_free(data);
    json_decref(declaration);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    int file = memfd_create("fuzz", 0);

    if (file >= 0 && length > 0 && write(file, bytes + 1, length - 1) == (ssize_t)length - 1)
        open_as(bytes[0] == 'p' ? "parquet" : "jsonl", file);
    if (file >= 0)
        close(file);
    return 0;
}
