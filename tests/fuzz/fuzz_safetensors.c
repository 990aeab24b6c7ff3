/* fuzz_safetensors.c: a libFuzzer target: any bytes as a weights file.
 * clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iruntime tests/fuzz/fuzz_safetensors.c
 * runtime/{safetensors,atomic_file,error}.c -ljansson */
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
