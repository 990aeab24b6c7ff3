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

/* Of these kernels' weights together, the given share; of equal ones those that come first. */
static bool prune_kernels(kernel *kernels, size_t count, double sparsity, nnrt_error *e)
{
    size_t total = 0, at = 0;
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
    size_t equal = 0;
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

/* Bytes: 4 for each weight that is left and for all others, and a bit a weight that says where the
 * kernels' zeros are; no more than dense. */
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

bool nnrt_do_prune(nnrt_program *program, nnrt_error *e)
{
    const char *name = nnrt_action_text(program, "model"), *as = nnrt_action_text(program, "as"),
               *per = nnrt_action_text(program, "per");
    nnrt_model *model = nnrt_program_model(program, name, e);
    if (!model || !nnrt_model_draw(model, nnrt_action_seed(program), e))
        return false;
    double sparsity = nnrt_action_number(program, "sparsity", 0.9);
    size_t count = 0;
    kernel *kernels = calloc(model->count + 1, sizeof *kernels);
    bool well = kernels || nnrt_no_memory(e);
    for (size_t i = 0; well && i < model->count; i++) {
        nnrt_weight *weight = model->weight[i];
        if (!weight->kernel)
            continue;
        kernel *k = &kernels[count++];
        *k = (kernel){ weight, nnrt_tensor_new((size_t)weight->layout.elements) };
        if (!k->logical) {
            well = nnrt_no_memory(e);
        } else {
            nnrt_unpack(weight->values, k->logical, weight->layout.dims, weight->layout.rank,
                        weight->layout.feature_axis);
        }
    }
    if (well && per && !strcmp(per, "layer"))
        for (size_t i = 0; well && i < count; i++)
            well = prune_kernels(&kernels[i], 1, sparsity, e);
    else
        well = well && prune_kernels(kernels, count, sparsity, e);
    json_t *result = well ? result_of(model, kernels, count) : NULL;
    for (size_t i = 0; kernels && i < count; i++) {
        nnrt_weight *weight = kernels[i].weight;
        if (well) {
            nnrt_pack(kernels[i].logical, weight->values, weight->layout.dims, weight->layout.rank,
                      weight->layout.feature_axis);
        }
        weight->pruned |= well;
        free(kernels[i].logical);
    }
    free(kernels);
    if (!well)
        return false;
    if (!as) {
        printf("prune %s\n", name);
        nnrt_print_fields(result);
    }
    return nnrt_result_set(&program->session->results, as, result, NULL, NULL, e);
}
