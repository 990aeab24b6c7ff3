/* checkpoint_file.c: what writers and readers of checkpoints share: tensors gathered for a file,
 * tensors taken out of one, and the names of files. */
#include "train/checkpoint.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */
void nnrt_bundle_free(nnrt_bundle *b)
{
    for (size_t i = 0; i < b->count; i++) {
        free((char *)b->tensor[i].name);
        free((float *)b->tensor[i].data);
    }
    free(b->tensor);
}

void nnrt_bundle_take(nnrt_bundle *b, const char *prefix, const char *name, int rank,
                      const int64_t *dims, float *data)
{
    char *whole = NULL;
    if (b->count == b->capacity) {
        size_t capacity = 2 * b->capacity + 32;
        nnrt_tensor_out *grown = realloc(b->tensor, capacity * sizeof *grown);
        if (grown) {
            b->tensor = grown;
            b->capacity = capacity;
        }
    }
    if (!data || b->count == b->capacity || asprintf(&whole, "%s%s", prefix, name) < 0) {
        free(data);
        b->failed = true;
        return;
    }
    b->tensor[b->count++] = (nnrt_tensor_out){ whole, rank, dims, data };
}

void nnrt_bundle_add(nnrt_bundle *b, const char *prefix, const char *name,
                     const nnrt_layout *layout, const float *packed)
{
    float *logical = nnrt_tensor_new((size_t)layout->elements);
    if (logical)
        nnrt_unpack(packed, logical, layout->dims, layout->rank, layout->feature_axis);
    nnrt_bundle_take(b, prefix, name, layout->file_rank, layout->dims, logical);
}

bool nnrt_bundle_write(const nnrt_bundle *b, const json_t *state, const char *path, bool pruned,
                       nnrt_error *e)
{
    char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
    json_t *metadata = text ? json_pack("{s:s, s:s}", "format", "pt", "nnc", text) : NULL;
    bool ok = metadata && !b->failed;
    if (ok && pruned)
        ok = !json_object_set_new(metadata, NNRT_PRUNED_MARK, json_string("true"));
    ok = ok ? nnrt_safetensors_write(path, b->tensor, b->count, metadata, e) : nnrt_no_memory(e);
    json_decref(metadata);
    free(text);
    return ok;
}

/* ---- reading ---- */
bool nnrt_resume_fits(const nnrt_tensor_in *tensor, const nnrt_layout *layout)
{
    return tensor->real && nnrt_layout_is(layout, tensor->rank, tensor->dims);
}

bool nnrt_resume_read(const nnrt_resume *resume, const nnrt_tensor_in *tensor,
                      const nnrt_layout *layout, float *packed, nnrt_error *e)
{
    float *logical = nnrt_tensor_new((size_t)layout->elements);
    if (!logical)
        return nnrt_no_memory(e);
    bool ok = nnrt_safetensors_read(resume->file, tensor, logical, e);
    if (ok)
        nnrt_pack(logical, packed, layout->dims, layout->rank, layout->feature_axis);
    free(logical);
    return ok;
}

bool nnrt_resume_changed(const nnrt_resume *resume, const char *name, const nnrt_tensor_in *tensor,
                         const nnrt_layout *layout, nnrt_error *e)
{
    char is[128], was[128];
    nnrt_shape_text(layout->file_rank, layout->dims, is, sizeof is);
    if (!tensor) {
        return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                         "the network has changed since '%s' was written: it has no '%s', which is "
                         "%s now",
                         resume->path, name, is);
    }
    nnrt_shape_text(tensor->rank, tensor->dims, was, sizeof was);
    return nnrt_fail(e, NNRT_FILES, "bad-checkpoint",
                     "the network has changed since '%s' was written: '%s' was %s there and is %s "
                     "now",
                     resume->path, name, was, is);
}

/* ---- names of files ---- */
char *nnrt_path_beside(const char *path, const char *infix)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);
    char *beside = NULL;
    int length = asprintf(&beside, "%.*s.%s%s", (int)stem, path, infix, path + stem);
    return length < 0 ? NULL : beside;
}

char *nnrt_numbered_path(const char *path, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    return nnrt_path_beside(path, text);
}
