/* declared.h: for tests of data: files in a scratch folder, declarations opened there, and what
 * they hold or why they are refused. */
#ifndef NNC_TESTS_DECLARED_H
#define NNC_TESTS_DECLARED_H
#include "data/data.h"
#include "tap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/nnrt-data-XXXXXX";
static char path[300];

static void put(const char *name, const void *bytes, size_t length)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, length, f) != length)
        abort();
    fclose(f);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static nnrt_data *open_data(const char *declaration, nnrt_error *e)
{
    json_error_t why;
    json_t *json = json_loads(declaration, 0, &why);
    *e = (nnrt_error){ 0 };
    if (!json) {
        printf("# %s: %s\n", declaration, why.text);
        return NULL;
    }
    nnrt_data *data = nnrt_data_open(json, folder, 0, NULL, e);
    json_decref(json);
    return data;
}

static bool close_to(double got, double want)
{
    return fabs(got - want) <= 1e-6 * (1 + fabs(want));
}

/* Does the training part hold these numbers (x then y, sample by sample)? */
static bool holds(nnrt_data *data, const double *want, size_t n)
{
    const nnrt_part *p = &data->part[NNRT_TRAIN];
    size_t at = 0;
    bool same = true;
    for (int64_t i = 0; same && i < p->count; i++) {
        for (int64_t f = 0; same && f < data->sample_size; f++, at++)
            same = at < n && close_to(p->x[i * data->sample_size + f], want[at]);
        for (int64_t f = 0; same && f < data->target_size; f++, at++)
            same = at < n && close_to(p->y[i * data->target_size + f], want[at]);
    }
    return same && at == n;
}

static void reads(const char *name, const char *declaration, const double *want, size_t n)
{
    nnrt_error e;
    nnrt_data *data = open_data(declaration, &e);
    bool good = data && holds(data, want, n);
    if (!ok(good, "%s", name))
        printf("# %s\n", e.text);
    nnrt_data_free(data);
}

#define READS(name, declaration, ...)                                                              \
    reads(name, declaration, (double[]){ __VA_ARGS__ },                                            \
          sizeof((double[]){ __VA_ARGS__ }) / sizeof(double))

static void refuses(const char *name, const char *declaration, const char *code, const char *says)
{
    nnrt_error e;
    nnrt_data *data = open_data(declaration, &e);
    if (!ok(!data && strcmp(e.code, code) == 0 && strstr(e.text, says), "%s", name))
        printf("# [%s] %s\n", e.code, e.text);
    nnrt_data_free(data);
}
#endif
