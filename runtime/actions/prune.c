/* prune.c: `prune`: the kernels' weights of smallest magnitude become 0 (Han and others, Learning
 * both Weights and Connections for Efficient Neural Networks, 2015).
 *
 * The zeros are the mask: units compiled for later training leave a pruned model's zeros alone, so
 * it is in every file that holds the weights. */
#include "actions/actions.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kernel {
    nnrt_weight *weight;
    float *logical;
} kernel;

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Sets the given share of these kernels' weights together to 0, the smallest ones; of equal ones
 * those that come first. */
static bool prune_kernels(kernel *kernels, size_t count, double sparsity, nnrt_error *e)
{
    size_t total = 0, at = 0, equal = 0;
    for (size_t i = 0; i < count; i++)
        total += (size_t)kernels[i].weight->layout.elements;
    size_t go = (size_t)(sparsity * (double)total + 0.5);
    if (go > total)
        go = total;
    if (!go)
        return true;

    float *size = malloc(total * sizeof *size);
    if (!size)
        return nnrt_no_memory(e);
    for (size_t i = 0; i < count; i++)
        for (int64_t k = 0; k < kernels[i].weight->layout.elements; k++)
            size[at++] = fabsf(kernels[i].logical[k]);
    qsort(size, total, sizeof *size, by_size);
    float limit = size[go - 1];
    for (size_t i = go; i-- > 0 && size[i] == limit;)
        equal++;
    free(size);

    for (size_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < kernels[i].weight->layout.elements; k++) {
            float *w = &kernels[i].logical[k];
            if (fabsf(*w) < limit || (fabsf(*w) == limit && equal && equal--))
                *w = 0;
        }
    }
    return true;
}

/* Bytes: 4 for each number that is not a kernel's zero, and one bit for each kernel weight that
 * says whether it is zero; never more than dense storage takes. */
static json_t *result_of(const nnrt_model *model, const kernel *kernels, size_t count)
{
    double zeros = 0, prunable = 0, dense = 0;
    for (size_t i = 0; i < count; i++) {
        prunable += (double)kernels[i].weight->layout.elements;
        for (int64_t k = 0; k < kernels[i].weight->layout.elements; k++)
            zeros += kernels[i].logical[k] == 0;
    }
    for (size_t i = 0; i < model->count; i++)
        dense += 4 * (double)model->weight[i]->layout.elements;
    double sparse = dense - 4 * zeros + ceil(prunable / 8);
    json_t *result = json_object();
    nnrt_put_number(result, "sparsity", prunable > 0 ? zeros / prunable : 0, false);
    nnrt_put_number(result, "bytes", fmin(sparse, dense), true);
    return result;
}

/* The model's kernels, unpacked. */
static bool unpack_kernels(const nnrt_model *model, kernel *kernels, size_t *count, nnrt_error *e)
{
    for (size_t i = 0; i < model->count; i++) {
        nnrt_weight *weight = model->weight[i];
        const nnrt_layout *layout = &weight->layout;
        if (!weight->kernel)
            continue;
        kernel *k = &kernels[(*count)++];
        *k = (kernel){ weight, nnrt_tensor_new((size_t)layout->elements) };
        if (!k->logical)
            return nnrt_no_memory(e);
        nnrt_unpack(weight->values, k->logical, layout->dims, layout->rank, layout->feature_axis);
    }
    return true;
}

static void pack_kernel(kernel *k)
{
    nnrt_weight *weight = k->weight;
    const nnrt_layout *layout = &weight->layout;
    nnrt_pack(k->logical, weight->values, layout->dims, layout->rank, layout->feature_axis);
    weight->pruned = true;
}

/* Per layer or in all kernels together; nothing has changed where it fails. */
static json_t *prune_model(nnrt_model *model, double sparsity, bool per_layer, nnrt_error *e)
{
    size_t count = 0;
    kernel *kernels = calloc(model->count + 1, sizeof *kernels);
    if (!kernels) {
        nnrt_no_memory(e);
        return NULL;
    }
    bool ok = unpack_kernels(model, kernels, &count, e);
    if (ok && !per_layer)
        ok = prune_kernels(kernels, count, sparsity, e);
    for (size_t i = 0; ok && per_layer && i < count; i++)
        ok = prune_kernels(&kernels[i], 1, sparsity, e);

    json_t *result = ok ? result_of(model, kernels, count) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (ok)
            pack_kernel(&kernels[i]);
        free(kernels[i].logical);
    }
    free(kernels);
    return result;
}

bool nnrt_do_prune(nnrt_program *program, nnrt_error *e)
{
    const char *name = nnrt_action_text(program, "model"), *as = nnrt_action_text(program, "as"),
               *per = nnrt_action_text(program, "per");
    nnrt_model *model = nnrt_program_model(program, name, e);
    if (!model || !nnrt_model_draw(model, nnrt_action_seed(program), e))
        return false;

    json_t *result = prune_model(model, nnrt_action_number(program, "sparsity", 0.9),
                                 per && !strcmp(per, "layer"), e);
    if (!result)
        return false;
    if (!as) {
        printf("prune %s\n", name);
        nnrt_print_fields(result);
    }
    return nnrt_result_set(&program->session->results, as, result, NULL, NULL, e);
}
