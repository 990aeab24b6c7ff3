/* safetensors.h: weights files: 8 bytes with the header's length, a JSON header, the tensors back
 * to back (https://github.com/huggingface/safetensors). Written in F32; F64, F16 and BF16 are
 * converted when read.
 *
 * A file is judged whole before anything in it is used. Errors: status 3, code "bad-weights"
 * ("missing-file" where it can't be opened, "write-failed" where it can't be written), naming the
 * file. */
#ifndef NNRT_SAFETENSORS_H
#define NNRT_SAFETENSORS_H
#include "base/error.h"
#include <jansson.h>
#include <stdint.h>

/* A tensor to write: row-major in its logical shape (no panels). */
typedef struct nnrt_tensor_out {
    const char *name;
    int rank;
    const int64_t *dims;
    const float *data;
} nnrt_tensor_out;

/* `metadata`: an object of strings, or NULL. The file appears whole or not at all (atomic_file.h).
 */
bool nnrt_safetensors_write(const char *path, const nnrt_tensor_out *tensors, size_t count,
                            const json_t *metadata, nnrt_error *e);

/* A tensor of an open file. `real`: it holds F64, F32, F16 or BF16, so nnrt_safetensors_read can
 * give it as floats. */
typedef struct nnrt_tensor_in {
    const char *name, *dtype;
    int rank;
    const int64_t *dims;
    int64_t elements;
    bool real;
    uint64_t begin, end;
} nnrt_tensor_in;
typedef struct nnrt_safetensors nnrt_safetensors;
nnrt_safetensors *nnrt_safetensors_open(const char *path, nnrt_error *e);
void nnrt_safetensors_close(nnrt_safetensors *file); /* NULL is fine */
size_t nnrt_safetensors_count(const nnrt_safetensors *file);
/* in order of their bytes */
const nnrt_tensor_in *nnrt_safetensors_at(const nnrt_safetensors *file, size_t i);
/* NULL: none of that name */
const nnrt_tensor_in *nnrt_safetensors_find(const nnrt_safetensors *file, const char *name);
/* NULL: none; lives as long as the file */
const char *nnrt_safetensors_metadata(const nnrt_safetensors *file, const char *key);
/* In the metadata of files whose weights were pruned: their zeros are to stay. */
#define NNRT_PRUNED_MARK "nnc.pruned"
/* All elements as floats, row-major; an error where the tensor is not real. */
bool nnrt_safetensors_read(const nnrt_safetensors *file, const nnrt_tensor_in *tensor, float *out,
                           nnrt_error *e);
#endif
