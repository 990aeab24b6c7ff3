/* bag.c: `bag`: members trained on samples drawn with replacement, each judged by the samples it
 * has not seen (Breiman, Bagging predictors, 1996; Out-of-bag estimation, 1996). */
#include "experiments/experiment.h"
#include "experiments/several.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bagging {
    nnrt_program *program;
    nnrt_model *model;
    const nnrt_data *data;
    nnrt_ensemble *ensemble;
    uint64_t seed;
    int64_t count, outputs;
    size_t members;

    /* those at work: samples drawn and outputs for the training part, [count] */
    struct member {
        uint32_t *sample;
        float *out;
    } *member;

    /* what members say of the samples they have not seen, [count][outputs] */
    double *sum;
    int64_t *heard; /* how many they are, [count] */
} bagging;

static bool begin(void *context, size_t i, nnrt_start *start, nnrt_error *e)
{
    const bagging *b = context;
    uint32_t *sample = b->member[i].sample = malloc((size_t)b->count * sizeof *sample);
    if (!sample)
        return nnrt_no_memory(e);
    nnrt_random random = nnrt_random_new(b->seed ^ b->data->seed * UINT64_C(0x9E3779B97F4A7C15),
                                         NNRT_DRAW_BOOTSTRAP, (uint32_t)i, 0);
    for (int64_t k = 0; k < b->count; k++)
        sample[k] = nnrt_random_below(&random, (uint32_t)b->count);
    *start = (nnrt_start){
        .within = { .seed = nnrt_seed_of(b->seed, i), .sample = sample, .sample_count = b->count }
    };
    return true;
}

static bool after(void *context, size_t i, const nnrt_trained *trained, nnrt_error *e)
{
    const bagging *b = context;
    nnrt_ensemble_keep(b->ensemble, i, trained->model);
    b->member[i].out = nnrt_outputs(trained->program, "predict_unit", trained->model,
                                    &b->data->part[NNRT_TRAIN], b->seed, e);
    return b->member[i].out != NULL;
}

/* The member's answers about the samples it was not trained on. */
static bool hear_member(bagging *b, size_t member, nnrt_error *e)
{
    const float *out = b->member[member].out;
    const uint32_t *sample = b->member[member].sample;
    uint8_t *seen = calloc((size_t)b->count, 1);
    if (!seen)
        return nnrt_no_memory(e);
    for (int64_t i = 0; i < b->count; i++)
        seen[sample[i]] = 1;
    for (int64_t i = 0; i < b->count; i++) {
        if (seen[i])
            continue;
        b->heard[i]++;
        double *sum = b->sum + i * b->outputs;
        const float *row = out + i * b->outputs;
        if (b->ensemble->combine == NNRT_MEAN) {
            for (int64_t k = 0; k < b->outputs; k++)
                sum[k] += row[k];
        } else {
            nnrt_sample_set set = nnrt_samples_of(b->data, b->model, 1, row, NULL);
            for (int64_t r = 0; r < set.rows; r++) {
                int64_t said = nnrt_predicted_class(&set, r);
                if (set.width == 1)
                    sum[r] += (double)said;
                else
                    sum[r * set.width + said] += 1;
            }
        }
    }
    free(seen);
    return true;
}

static void member_clear(struct member *member)
{
    free(member->sample);
    free(member->out);
    *member = (struct member){ 0 };
}

static bool finish(void *context, size_t i, const json_t *result, nnrt_error *e)
{
    bagging *b = context;
    char numbers[200];
    if (!result)
        return false;
    nnrt_numbers_text(json_object_get(result, "train"), numbers, sizeof numbers);
    nnrt_say_progress(b->program, "member %zu of %zu: %s", i + 1, b->members, numbers);
    bool well = hear_member(b, i, e);
    member_clear(&b->member[i]);
    return well;
}

/* Loss and metrics of the samples that at least one member has not seen. */
static json_t *out_of_bag(bagging *b, nnrt_error *e)
{
    const nnrt_part *part = &b->data->part[NNRT_TRAIN];
    size_t width = (size_t)b->outputs, targets = (size_t)b->data->target_size;
    float *out = nnrt_tensor_new((size_t)b->count * width),
          *y = nnrt_tensor_new((size_t)b->count * targets);
    json_t *result = json_object();
    int64_t count = 0;
    double loss = NAN;
    bool well = (out && y) || nnrt_no_memory(e);
    for (int64_t i = 0; well && i < b->count; i++) {
        if (!b->heard[i])
            continue;
        for (size_t k = 0; k < width; k++) {
            out[(size_t)count * width + k] =
                (float)(b->sum[(size_t)i * width + k] / (double)b->heard[i]);
        }
        memcpy(y + (size_t)count * targets, part->y + (size_t)i * targets, targets * sizeof *y);
        count++;
    }
    nnrt_model view = nnrt_ensemble_view(b->ensemble, b->model);
    if (well && count)
        well = nnrt_outputs_loss(b->program, out, y, count, NULL, &loss, e);
    nnrt_put_number(result, "loss", loss / (double)count, false);
    nnrt_sample_set set = nnrt_samples_of(b->data, &view, count, out, y);
    if (well)
        well = nnrt_measure(b->program, b->data, count ? &set : NULL, result, e);
    free(out);
    free(y);
    if (well)
        return result;
    json_decref(result);
    return NULL;
}

bool nnrt_do_bag(nnrt_program *program, nnrt_error *e)
{
    const char *as = nnrt_action_text(program, "as"),
               *combine = nnrt_action_text(program, "combine");
    size_t members = (size_t)nnrt_action_number(program, "members", 10);
    bagging b = { .program = program,
                  .model = nnrt_program_model(program, nnrt_action_text(program, "model"), e),
                  .seed = nnrt_action_seed(program) };
    if (!b.model || !(b.data = nnrt_program_data(program, nnrt_action_text(program, "data"), e)))
        return false;
    if (program->session->options.dry_run && members > 2)
        members = 2;
    b.members = members;
    b.count = b.data->part[NNRT_TRAIN].count;
    b.outputs = b.model->output_size;
    b.ensemble = nnrt_ensemble_new(
        b.model, members, combine && !strcmp(combine, "vote") ? NNRT_VOTE : NNRT_MEAN, false, e);
    b.member = calloc(members + 1, sizeof *b.member);
    b.sum = calloc((size_t)(b.count * b.outputs), sizeof *b.sum);
    b.heard = calloc((size_t)b.count, sizeof *b.heard);
    bool well = b.ensemble && ((b.member && b.sum && b.heard) || nnrt_no_memory(e));
    well = well &&
           nnrt_train_several(&(nnrt_several){ program, members, &b, begin, after, finish }, e);
    for (size_t m = 0; b.member && m < members; m++)
        member_clear(&b.member[m]);
    free(b.member);
    json_t *score = well ? out_of_bag(&b, e) : NULL;
    free(b.sum);
    free(b.heard);
    if (!score || !nnrt_ensembles_set(&program->session->ensembles, b.ensemble, as, e)) {
        json_decref(score);
        nnrt_ensemble_free(b.ensemble);
        return false;
    }
    json_t *result = json_pack("{s:I, s:o}", "members", (json_int_t)members, "out_of_bag", score);
    nnrt_log_record(program, "bag", result);
    if (!as) {
        printf("bag %s on %s (%zu members), out of bag:\n", nnrt_action_text(program, "model"),
               nnrt_action_text(program, "data"), members);
        nnrt_print_fields(score);
    }
    return nnrt_result_set(&program->session->results, as, result, NULL, NULL, e);
}
