/* reader.c: what the readers of sources share (reader.h). */
#include "data/reader.h"
#include <stdlib.h>
#include <string.h>

bool nnrt_source_name(nnrt_source *source, const char *x, const char *y, nnrt_error *e)
{
    source->x_name = strdup(x);
    source->y_name = strdup(y);
    return (source->x_name && source->y_name) || nnrt_no_memory(e);
}

bool nnrt_source_allocate(nnrt_source *source, nnrt_error *e)
{
    int64_t floats;
    source->sample_size = 1;
    for (int i = 0; i < source->rank; i++)
        if (__builtin_mul_overflow(source->sample_size, source->shape[i], &source->sample_size))
            return nnrt_no_memory_for(e, source->x_name);
    if (__builtin_mul_overflow(source->count, source->sample_size, &floats))
        return nnrt_no_memory_for(e, source->x_name);
    return (source->x = nnrt_floats_new(floats, e)) != NULL;
}

char *nnrt_source_path(const nnrt_source_request *request, const char *name)
{
    const char *folder = request->folder;
    char *path = NULL;
    if (*name == '/' || !folder || !*folder)
        return strdup(name);
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

char *nnrt_form_path(const nnrt_source_request *request, const char *argument, nnrt_error *e)
{
    const char *file = nnrt_form_text(request->form, argument, NULL);
    if (!file) {
        nnrt_fail(e, NNRT_SCRIPT, "missing-argument", "the source '%s' has no '%s'",
                  nnrt_form_text(request->form, "form", ""), argument);
        return NULL;
    }
    char *path = nnrt_source_path(request, file);
    if (!path)
        nnrt_no_memory_for(e, file);
    return path;
}

bool nnrt_labels_sort(nnrt_source *source, nnrt_name_map *names, int64_t count, nnrt_error *e)
{
    char **before = malloc((names->count + 1) * sizeof *before);
    uint32_t *number = malloc((names->count + 1) * sizeof *number);
    bool ok = before && number;
    if (ok) {
        for (size_t i = 0; i < names->count; i++)
            before[i] = names->text[i];
        ok = nnrt_name_map_sort(names);
    }

    if (ok) {
        for (size_t i = 0; i < names->count; i++)
            nnrt_name_map_find(names, before[i], strlen(before[i]), &number[i]);
        for (int64_t i = 0; i < count; i++)
            source->text[i] = number[source->text[i]];
        source->texts = names->text;
        source->text_count = names->count;
        names->text = NULL;
        names->count = names->capacity = 0;
    }

    free(before);
    free(number);
    return ok || nnrt_no_memory_for(e, source->y_name);
}
