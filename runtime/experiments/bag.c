/* bag.c: `bag`: members trained on samples drawn with replacement, each judged by the samples it
 * has not seen (Breiman, Bagging predictors, 1996; Out-of-bag estimation, 1996). */
#include "experiments/records.h"
#include "experiments/side_by_side.h"
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

    /* of each member until it is finished: the samples drawn, and its outputs for the training
     * part, [count] */
    struct member {
        uint32_t *sample;
        float *out;
    } *member;

    /* the members' answers for the samples that they have not seen, [count][outputs] */
    double *sum;
    int64_t *answers; /* how many there are for each sample, [count] */
} bagging;

static bool set_up_member(void *context, size_t i, nnrt_run_setup *setup, nnrt_error *e)
{
    const bagging *b = context;
    uint32_t *sample = b->member[i].sample = malloc((size_t)b->count * sizeof *sample);
    if (!sample)
        return nnrt_no_memory(e);
    nnrt_random random = nnrt_random_new(b->seed ^ b->data->seed * UINT64_C(0x9E3779B97F4A7C15),
                                         NNRT_DRAW_BOOTSTRAP, (uint32_t)i, 0);
    for (int64_t k = 0; k < b->count; k++)
        sample[k] = nnrt_random_below(&random, (uint32_t)b->count);
    *setup = (nnrt_run_setup){
        .within = { .seed = nnrt_nth_seed(b->seed, i), .sample = sample, .sample_count = b->count }
    };
    return true;
}

static bool keep_member(void *context, size_t i, const nnrt_trained_run *trained, nnrt_error *e)
{
    const bagging *b = context;
    nnrt_ensemble_keep(b->ensemble, i, trained->model);
    b->member[i].out = nnrt_outputs(trained->program, "predict_unit", trained->model,
                                    &b->data->part[NNRT_TRAIN], b->seed, e);
    return b->member[i].out != NULL;
}

/* Adds the member's answer for one sample to `sum`: its outputs, or votes for classes. */
static void add_answer(const bagging *b, const float *row, double *sum)
{
    if (b->ensemble->combine == NNRT_MEAN) {
        for (int64_t k = 0; k < b->outputs; k++)
            sum[k] += row[k];
        return;
    }
    nnrt_sample_set set = nnrt_samples_of(b->data, b->model, 1, row, NULL);
    for (int64_t r = 0; r < set.rows; r++) {
        int64_t predicted = nnrt_predicted_class(&set, r);
        if (set.width == 1)
            sum[r] += (double)predicted;
        else
            sum[r * set.width + predicted] += 1;
    }
}

/* The member's answers for the samples that it was not trained on. */
static bool add_out_of_bag(bagging *b, size_t member, nnrt_error *e)
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
        b->answers[i]++;
        add_answer(b, out + i * b->outputs, b->sum + i * b->outputs);
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

static bool finish_member(void *context, size_t i, const json_t *result, nnrt_error *e)
{
    bagging *b = context;
    char numbers[200];
    if (!result)
        return false;
    nnrt_numbers_text(json_object_get(result, "train"), numbers, sizeof numbers);
    nnrt_print_progress(b->program, "member %zu of %zu: %s", i + 1, b->members, numbers);
    bool ok = add_out_of_bag(b, i, e);
    member_clear(&b->member[i]);
    return ok;
}

/* Loss and metrics of the samples that at least one member has not seen. */
static json_t *out_of_bag(bagging *b, nnrt_error *e)
{
    const nnrt_part *part = &b->data->part[NNRT_TRAIN];
    size_t width = (size_t)b->outputs, targets = (size_t)b->data->target_size;
    float *out = nnrt_tensor_new((size_t)b->count * width),
          *y = nnrt_tensor_new((size_t)b->count * targets), *w = nnrt_tensor_new((size_t)b->count);
    json_t *result = json_object();
    int64_t count = 0;
    double loss = NAN;

    bool ok = (out && y && w) || nnrt_no_memory(e);
    for (int64_t i = 0; ok && i < b->count; i++) {
        if (!b->answers[i])
            continue;
        for (size_t k = 0; k < width; k++) {
            out[(size_t)count * width + k] =
                (float)(b->sum[(size_t)i * width + k] / (double)b->answers[i]);
        }
        memcpy(y + (size_t)count * targets, part->y + (size_t)i * targets, targets * sizeof *y);
        w[count] = part->w ? part->w[i] : 1;
        count++;
    }

    nnrt_model view = nnrt_ensemble_view(b->ensemble, b->model);
    nnrt_part unseen = { .count = count, .y = y, .w = w };
    if (ok && count)
        ok = nnrt_outputs_loss(b->program, b->data, &unseen, out, NULL, &loss, e);
    nnrt_put_number(result, "loss", loss, false);
    nnrt_sample_set set = nnrt_samples_of(b->data, &view, count, out, y);
    if (ok)
        ok = nnrt_measure(b->program, b->data, count ? &set : NULL, result, e);
    free(out);
    free(y);
    free(w);
    if (ok)
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
    if (!b.model || !(b.data = nnrt_program_training_data(program, b.model,
                                                          nnrt_action_text(program, "data"), e)))
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
    b.answers = calloc((size_t)b.count, sizeof *b.answers);
    bool ok = b.ensemble && ((b.member && b.sum && b.answers) || nnrt_no_memory(e));
    ok = ok &&
         nnrt_train_side_by_side(
             &(nnrt_runs){ program, members, &b, set_up_member, keep_member, finish_member }, e);

    for (size_t m = 0; b.member && m < members; m++)
        member_clear(&b.member[m]);
    free(b.member);
    json_t *score = ok ? out_of_bag(&b, e) : NULL;
    free(b.sum);
    free(b.answers);
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
