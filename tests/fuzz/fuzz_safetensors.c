/* fuzz_safetensors.c: any bytes as a file of weights. All that it lists can be read, or the file is
 * refused; nothing may crash, leak or hang. */
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, bytes, length) == (ssize_t)length) {
        nnrt_error e = { 0 };
        nnrt_safetensors *file = nnrt_safetensors_open(path, &e);
        for (size_t i = 0; file && i < nnrt_safetensors_count(file); i++) {
            const nnrt_tensor_in *t = nnrt_safetensors_at(file, i);
            float *values = malloc((size_t)t->elements * sizeof *values + 1);
            if (nnrt_safetensors_find(file, t->name) != t)
                abort();
            if (t->real && !nnrt_safetensors_read(file, t, values, &e))
                abort();
            free(values);
        }
        if (!file && e.status != NNRT_FILES)
            abort();
        nnrt_safetensors_close(file);
    }
    close(fd);
    return 0;
}
