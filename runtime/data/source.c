/* source.c: the forms of sources, and what their readers share. */
#include "data/source.h"
#include "data/csv.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *form;
    bool (*read)(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
} forms[] = {
    { "csv", nnrt_read_csv },
    { "npy", nnrt_read_npy },
    { "npz", nnrt_read_npz },
    { "idx", nnrt_read_idx },
    { "text", nnrt_read_text },
    { "images", nnrt_read_images },
    { "digits", nnrt_generate_digits },
    { "moons", nnrt_generate_points },
    { "circles", nnrt_generate_points },
    { "spirals", nnrt_generate_points },
    { "blobs", nnrt_generate_points },
    { "xor", nnrt_generate_points },
    { "sine", nnrt_generate_points },
    { "regression", nnrt_generate_points },
};

/* A target of one value a sample is that value, whether the file says [n] or [n, 1]. */
static void drop_unit_axis(nnrt_source *source)
{
    if (source->target_rank == 1 && source->target_shape[0] == 1)
        source->target_rank = 0;
}

bool nnrt_source_read(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *form = nnrt_form_text(request->form, "form", "");
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(forms[i].form, form) == 0) {
            bool read = forms[i].read(request, source, e);
            drop_unit_axis(source);
            return read;
        }
    }
    return nnrt_fail(e, NNRT_SCRIPT, "not-available",
                     "the source '%s' is not available in this version", form);
}

void nnrt_source_free(nnrt_source *source)
{
    for (size_t i = 0; i < source->text_count; i++)
        free(source->texts[i]);
    free(source->texts);
    free(source->text);
    free(source->integer);
    free(source->real);
    free(source->x);
    free(source->row);
    free(source->x_name);
    free(source->y_name);
    nnrt_table_free(source->table);
    *source = (nnrt_source){ 0 };
}

const char *nnrt_source_place(const nnrt_source *source, const char *file, int64_t i, char *buffer,
                              size_t size)
{
    if (source->row)
        snprintf(buffer, size, "%s: row %lld", file, (long long)source->row[i]);
    else
        snprintf(buffer, size, "%s: sample %lld", file, (long long)i);
    return buffer;
}

float *nnrt_floats_new(int64_t count, nnrt_error *e)
{
    int64_t bytes;
    float *floats = NULL;
    if (!__builtin_mul_overflow(count, (int64_t)sizeof(float), &bytes) &&
        bytes < INT64_MAX - NNRT_PARTS * NNRT_ALIGN) {
        floats = aligned_alloc(NNRT_ALIGN, ((size_t)bytes / NNRT_ALIGN + NNRT_PARTS) * NNRT_ALIGN);
    }
    if (!floats) {
        nnrt_fail(e, NNRT_FILES, "out-of-memory", "not enough memory for %lld numbers of data",
                  (long long)count);
    }
    return floats;
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

bool nnrt_labels_sort(nnrt_source *source, nnrt_name_map *names, int64_t count, nnrt_error *e)
{
    char **before = malloc((names->count + 1) * sizeof *before);
    uint32_t *number = malloc((names->count + 1) * sizeof *number);
    bool sorted = before && number;
    if (sorted) {
        for (size_t i = 0; i < names->count; i++)
            before[i] = names->text[i];
        sorted = nnrt_name_map_sort(names);
    }
    if (sorted) {
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
    return sorted || nnrt_no_memory_for(e, source->y_name);
}

const char *nnrt_form_text(const json_t *form, const char *name, const char *fallback)
{
    const char *text = json_string_value(json_object_get(form, name));
    return text ? text : fallback;
}

double nnrt_form_number(const json_t *form, const char *name, double fallback)
{
    const json_t *value = json_object_get(form, name);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

char *nnrt_form_path(const nnrt_source_request *request, const char *name, nnrt_error *e)
{
    const char *file = nnrt_form_text(request->form, name, NULL), *folder = request->folder;
    char *path = NULL;
    if (!file) {
        nnrt_fail(e, NNRT_SCRIPT, "missing-argument", "the source '%s' has no '%s'",
                  nnrt_form_text(request->form, "form", ""), name);
        return NULL;
    }
    if (*file == '/' || !folder || !*folder)
        path = strdup(file);
    else if (asprintf(&path, "%s/%s", folder, file) < 0)
        path = NULL;
    if (!path)
        nnrt_no_memory_for(e, file);
    return path;
}
