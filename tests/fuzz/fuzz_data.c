/* fuzz_data.c: any bytes as a data file, in the form that the first byte chooses. It must be read,
 * or refused with a status; nothing may crash, leak or hang. */
#include "data/data.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const char *const declarations[] = {
    "{\"source\":{\"form\":\"csv\",\"file\":\"%1$s\",\"target\":0}}",
    "{\"source\":{\"form\":\"csv\",\"file\":\"%1$s\",\"target\":\"y\",\"missing\":\"mean\"},"
    "\"test\":0.3,\"normalize\":{\"form\":\"standard\"}}",
    "{\"source\":{\"form\":\"csv\",\"file\":\"%1$s\",\"target\":1,\"missing\":\"drop\","
    "\"delimiter\":\";\"},\"validation\":0.5,\"task\":\"classify\",\"normalize\":{\"form\":"
    "\"minmax\"}}",
    "{\"train\":{\"form\":\"csv\",\"file\":\"%1$s\",\"target\":0},\"test\":{\"form\":\"csv\","
    "\"file\":\"%1$s\",\"target\":0}}",
    "{\"source\":{\"form\":\"npy\",\"x\":\"%1$s\",\"y\":\"%1$s\"},\"test\":0.2}",
    "{\"source\":{\"form\":\"npz\",\"file\":\"%1$s\",\"x\":\"x\",\"y\":\"x\"}}",
    "{\"source\":{\"form\":\"idx\",\"images\":\"%1$s\",\"labels\":\"%1$s\"}}",
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char path[64], text[512];
    int fd = length ? memfd_create("fuzz", 0) : -1;
    if (fd < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, bytes + 1, length - 1) == (ssize_t)length - 1) {
        nnrt_error e = { 0 };
        snprintf(text, sizeof text,
                 declarations[bytes[0] % (sizeof declarations / sizeof *declarations)], path);
        json_t *declaration = json_loads(text, 0, NULL);
        nnrt_data *data = nnrt_data_open(declaration, NULL, 0, NULL, &e);
        if (!data && !e.status)
            abort();
        nnrt_data_free(data);
        json_decref(declaration);
    }
    close(fd);
    return 0;
}
