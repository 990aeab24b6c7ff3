/* boost.c: `boost`: networks one after the other, each looking at what those before it got wrong.
 *
 * adaboost of classes: SAMME (Zhu and others, Multi-class AdaBoost, 2009); of real values:
 * AdaBoost.R2 (Drucker, Improving regressors using boosting techniques, 1997). Samples count by
 * their weight in that they are drawn by it; the first network sees each once. gradient: each
 * network fits the negative derivative of the loss by the outputs so far, and is added `rate` times
 * (Friedman, Greedy function approximation, 2001). The weights of `model` are afterwards what they
 * were. */
#include "experiments/records.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct boosting {
    nnrt_program *program;
    nnrt_model *model;
    const nnrt_data *data;
    nnrt_ensemble *ensemble;
    uint64_t seed;
    int64_t count;
    size_t rounds, members;
    double *weight; /* of each sample; they sum to 1 */
    double *wrong;  /* how far a sample is from right, 0..1 */
    uint32_t *sample;
    /* gradient: outputs so far, and residuals left to fit, of the training and the validation part
     */
    float *score[2], *residual[2];
} boosting;

static bool train_round(boosting *b, size_t round, const nnrt_data *data, const uint32_t *sample,
                        nnrt_error *e)
{
    char numbers[200];
    nnrt_within within = { .data = data,
                           .seed = nnrt_nth_seed(b->seed, round),
                           .sample = sample,
                           .sample_count = b->count };
    json_t *result = nnrt_model_fresh(b->model, within.seed, e)
                         ? nnrt_train_within(b->program, &within, e)
                         : NULL;
    if (!result)
        return false;
    nnrt_numbers_text(json_object_get(result, "train"), numbers, sizeof numbers);
    nnrt_print_progress(b->program, "round %zu of %zu: %s", round + 1, b->rounds, numbers);
    json_decref(result);
    return true;
}

static void keep_member(boosting *b, double share)
{
    nnrt_ensemble_keep(b->ensemble, b->members, b->model);
    nnrt_ensemble_share(b->ensemble)[b->members++] = (float)share;
}

/* ---- adaboost ---- */
static void even_weights(boosting *b)
{
    for (int64_t i = 0; i < b->count; i++)
        b->weight[i] = 1 / (double)b->count;
}

static bool draw_by_weight(boosting *b, size_t round, nnrt_error *e)
{
    nnrt_random random = nnrt_random_new(b->seed ^ b->data->seed * UINT64_C(0x9E3779B97F4A7C15),
                                         NNRT_DRAW_BOOTSTRAP, (uint32_t)round, 1);
    double *upto = malloc((size_t)b->count * sizeof *upto), sum = 0;
    if (!upto)
        return nnrt_no_memory(e);
    for (int64_t i = 0; i < b->count; i++)
        upto[i] = sum += b->weight[i];
    for (int64_t i = 0; i < b->count; i++) {
        double at = nnrt_random_uniform(&random) * sum;
        int64_t low = 0, high = b->count - 1;
        while (low < high) {
            int64_t middle = (low + high) / 2;
            if (upto[middle] > at)
                high = middle;
            else
                low = middle + 1;
        }
        b->sample[i] = (uint32_t)low;
    }
    free(upto);
    return true;
}

/* Of classes, the share of a sample's answers that are wrong; of real values, its largest error as
 * a share of the worst sample's. */
static void measure_errors(boosting *b, const float *out)
{
    const float *y = b->data->part[NNRT_TRAIN].y;
    int64_t targets = b->data->target_size, outputs = b->model->output_size;
    double worst = 0;
    if (b->data->classify) {
        nnrt_sample_set set = nnrt_samples_of(b->data, b->model, b->count, out, y);
        for (int64_t i = 0; i < b->count; i++) {
            int64_t wrong = 0;
            for (int64_t t = 0; t < targets; t++)
                wrong += nnrt_predicted_class(&set, i * targets + t) != (int64_t)y[i * targets + t];
            b->wrong[i] = (double)wrong / (double)targets;
        }
        return;
    }
    for (int64_t i = 0; i < b->count; i++) {
        b->wrong[i] = 0;
        for (int64_t k = 0; k < outputs; k++) {
            b->wrong[i] =
                fmax(b->wrong[i], fabs((double)out[i * outputs + k] - y[i * outputs + k]));
        }
        worst = fmax(worst, b->wrong[i]);
    }
    for (int64_t i = 0; i < b->count; i++)
        b->wrong[i] = worst > 0 ? b->wrong[i] / worst : 0;
}

/* Over the samples as boosting weighs them, times the weights that they came with. */
static double error_of_round(const boosting *b)
{
    const float *own = b->data->part[NNRT_TRAIN].w;
    double error = 0, all = 0;
    for (int64_t i = 0; i < b->count; i++) {
        double weight = b->weight[i] * (own ? own[i] : 1);
        error += weight * b->wrong[i];
        all += weight;
    }
    if (!own)
        return error;
    return all > 0 ? error / all : 0;
}

/* The network's share by its error; weights as it leaves them. *done: nothing is left to learn.
 */
static void reweigh(boosting *b, bool *done)
{
    static const double least = 1e-10; /* an error, or a share, that is not 0 */
    int64_t classes = b->data->classes > 1 ? b->data->classes : 2;
    double error = error_of_round(b), sum = 0,
           chance = b->data->classify ? 1 - 1 / (double)classes : 0.5, share;
    *done = error <= least;

    /* No better than guessing: the samples' weights have led astray, so they start again. */
    if (error >= chance) {
        if (!b->members)
            keep_member(b, least);
        even_weights(b);
        return;
    }

    double odds = (1 - fmax(error, least)) / fmax(error, least);
    share = log(odds) +
            (b->data->classify && b->data->classes > 2 ? log((double)b->data->classes - 1) : 0);
    for (int64_t i = 0; i < b->count; i++) {
        sum += b->weight[i] *=
            b->data->classify ? exp(share * b->wrong[i]) : pow(1 / odds, 1 - b->wrong[i]);
    }
    for (int64_t i = 0; i < b->count; i++)
        b->weight[i] /= sum;
    keep_member(b, share);
}

static bool adaboost(boosting *b, nnrt_error *e)
{
    const nnrt_part *part = &b->data->part[NNRT_TRAIN];
    bool done = false;
    b->weight = malloc((size_t)b->count * sizeof *b->weight);
    b->wrong = malloc((size_t)b->count * sizeof *b->wrong);
    b->sample = malloc((size_t)b->count * sizeof *b->sample);
    if (!b->weight || !b->wrong || !b->sample)
        return nnrt_no_memory(e);
    even_weights(b);
    for (size_t round = 0; round < b->rounds && !done; round++) {
        if (round && !draw_by_weight(b, round, e))
            return false;
        if (!train_round(b, round, NULL, round ? b->sample : NULL, e))
            return false;
        float *out = nnrt_outputs(b->program, "predict_unit", b->model, part, b->seed, e);
        if (!out)
            return false;
        measure_errors(b, out);
        free(out);
        reweigh(b, &done);
    }
    return true;
}

/* ---- gradient ---- */
/* Of sample i, for its output k: the value, or whether it is of class k (of one output: class 1).
 */
static double target_of(const nnrt_data *data, const float *y, int64_t i, int64_t k,
                        int64_t outputs)
{
    if (!data->classify)
        return y[i * outputs + k];
    return outputs == 1 ? y[i] : (int64_t)y[i] == k;
}

/* The constant outputs to begin with: means of real values, the classes' shares as scores. */
static void find_initial(const boosting *b, float *base)
{
    const nnrt_part *part = &b->data->part[NNRT_TRAIN];
    int64_t outputs = b->model->output_size;
    const char *loss = nnrt_action_text(b->program, "loss");
    bool entropy =
        loss && (!strcmp(loss, "cross_entropy") || !strcmp(loss, "binary_cross_entropy"));
    for (int64_t k = 0; k < outputs; k++) {
        double sum = 0, all = 0;
        base[k] = 0;
        if (b->data->classify && (!entropy || b->data->target_size != 1))
            continue;
        for (int64_t i = 0; i < part->count; i++) {
            double weight = part->w ? part->w[i] : 1;
            sum += weight * target_of(b->data, part->y, i, k, outputs);
            all += weight;
        }
        double mean = all > 0 ? sum / all : 0, share = (sum + 1) / (all + 2);
        if (!b->data->classify)
            base[k] = (float)mean;
        else
            base[k] = (float)(outputs == 1 ? log(share / (1 - share)) : log(share));
    }
}

/* Losses are means over a sample's outputs or positions; residuals are of each of them. The
 * square's derivative is twice the residual. */
static double scale_of(const boosting *b)
{
    const char *loss = nnrt_action_text(b->program, "loss");
    bool scores =
        b->data->classify && loss && (!strcmp(loss, "cross_entropy") || !strcmp(loss, "hinge"));
    double each = (double)(scores ? b->data->target_size : b->model->output_size);
    return loss && !strcmp(loss, "mse") ? each / 2 : each;
}

static bool find_residuals(boosting *b, int part, nnrt_error *e)
{
    int64_t n = b->data->part[part].count * b->model->output_size;
    double loss, scale = scale_of(b);
    if (!nnrt_outputs_loss(b->program, b->data, &b->data->part[part], b->score[part],
                           b->residual[part], &loss, e)) {
        return false;
    }
    for (int64_t i = 0; i < n; i++)
        b->residual[part][i] = (float)(-scale * b->residual[part][i]);
    return true;
}

static bool add_network(boosting *b, int part, double rate, nnrt_error *e)
{
    int64_t n = b->data->part[part].count * b->model->output_size;
    float *out =
        nnrt_outputs(b->program, "predict_unit", b->model, &b->data->part[part], b->seed, e);
    for (int64_t i = 0; out && i < n; i++)
        b->score[part][i] = (float)(b->score[part][i] + rate * out[i]);
    free(out);
    return out != NULL;
}

/* The data as a network that fits residuals sees it: real values in the shape of its outputs. */
static nnrt_data residual_view(const boosting *b)
{
    nnrt_data view = *b->data;
    view.classify = false;
    view.classes = 0;
    view.target_size = b->model->output_size;
    view.target_rank = 0;
    for (int i = 0; i < b->model->output_rank && i < NNRT_MAX_RANK; i++)
        view.target_shape[view.target_rank++] = b->model->output[i];
    return view;
}

static bool gradient(boosting *b, nnrt_error *e)
{
    double rate = (double)(float)nnrt_action_number(b->program, "rate", 0.1);
    float *base = nnrt_ensemble_base(b->ensemble);
    int64_t outputs = b->model->output_size;
    int parts = b->data->part[NNRT_VALIDATION].count ? 2 : 1;
    nnrt_data view = residual_view(b);
    find_initial(b, base);

    for (int part = 0; part < parts; part++) {
        int64_t n = b->data->part[part].count * outputs;
        b->score[part] = nnrt_tensor_new((size_t)n);
        b->residual[part] = nnrt_tensor_new((size_t)n);
        if (!b->score[part] || !b->residual[part])
            return nnrt_no_memory(e);
        for (int64_t i = 0; i < n; i++)
            b->score[part][i] = base[i % outputs];
        view.part[part].y = b->residual[part];
    }

    for (size_t round = 0; round < b->rounds; round++) {
        for (int part = 0; part < parts; part++)
            if (!find_residuals(b, part, e))
                return false;
        if (!train_round(b, round, &view, NULL, e))
            return false;
        for (int part = 0; part < parts; part++)
            if (!add_network(b, part, rate, e))
                return false;
        keep_member(b, rate);
    }
    return true;
}

/* ---- the action ---- */
static void clear(boosting *b)
{
    free(b->weight);
    free(b->wrong);
    free(b->sample);
    for (int part = 0; part < 2; part++) {
        free(b->score[part]);
        free(b->residual[part]);
    }
}

/* Makes the ensemble. */
static bool boost(boosting *b, nnrt_error *e)
{
    const char *method = nnrt_action_text(b->program, "method");
    bool by_gradient = method && !strcmp(method, "gradient");
    nnrt_combine combine = b->data->classify ? NNRT_VOTE : NNRT_MEDIAN;
    nnrt_snapshot *before = nnrt_snapshot_take(b->model, e);
    if (!before)
        return false;

    b->ensemble = nnrt_ensemble_new(b->model, b->rounds, by_gradient ? NNRT_SUM : combine, true, e);
    bool ok = b->ensemble && (by_gradient ? gradient(b, e) : adaboost(b, e));
    if (ok)
        nnrt_ensemble_shorten(b->ensemble, b->members);
    nnrt_snapshot_put_back(before);
    nnrt_snapshot_free(before);
    return ok;
}

bool nnrt_do_boost(nnrt_program *program, nnrt_error *e)
{
    const char *as = nnrt_action_text(program, "as"), *data = nnrt_action_text(program, "data");
    boosting b = { .program = program,
                   .model = nnrt_program_model(program, nnrt_action_text(program, "model"), e),
                   .seed = nnrt_action_seed(program),
                   .rounds = (size_t)nnrt_action_number(program, "rounds", 20) };
    if (!b.model || !(b.data = nnrt_program_training_data(program, b.model, data, e)))
        return false;
    if (program->session->options.dry_run && b.rounds > 2)
        b.rounds = 2;
    b.count = b.data->part[NNRT_TRAIN].count;

    bool ok = boost(&b, e);
    clear(&b);
    if (!ok || !nnrt_ensembles_set(&program->session->ensembles, b.ensemble, as, e)) {
        nnrt_ensemble_free(b.ensemble);
        return false;
    }

    json_t *result = json_pack("{s:I}", "members", (json_int_t)b.members);
    nnrt_log_record(program, "boost", result);
    if (!as) {
        printf("boost %s on %s\n  members  %zu\n", nnrt_action_text(program, "model"), data,
               b.members);
    }
    return nnrt_result_set(&program->session->results, as, result, NULL, NULL, e);
}
