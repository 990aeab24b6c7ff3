/* ensemble_outputs.c: the members' answers put together. Sums over members run in their order, in
 * float64, and are rounded once. */
#include "model/outputs.h"
#include <math.h>
#include <stdlib.h>

static void softmax_row(float *row, int64_t width)
{
    double top = row[0], sum = 0;
    for (int64_t c = 1; c < width; c++)
        top = row[c] > top ? row[c] : top;
    for (int64_t c = 0; c < width; c++)
        sum += exp(row[c] - top);
    for (int64_t c = 0; c < width; c++)
        row[c] = (float)(exp(row[c] - top) / sum);
}

void nnrt_apply_head(const nnrt_model *model, float *scores, int64_t count)
{
    int64_t width = model->output_rank ? model->output[model->output_rank - 1] : 1,
            n = count * model->output_size;
    if (model->head == NNRT_SIGMOID)
        for (int64_t i = 0; i < n; i++)
            scores[i] = (float)(1 / (1 + exp(-(double)scores[i])));
    if (model->head == NNRT_SOFTMAX)
        for (int64_t r = 0; r < n; r += width)
            softmax_row(scores + r, width);
}

/* Adds one member's vote of weight `share` to each row. */
static void add_votes(const nnrt_data *data, const nnrt_model *model, int64_t count,
                      const float *out, double share, double *sum)
{
    nnrt_sample_set set = nnrt_samples_of(data, model, count, out, NULL);
    for (int64_t r = 0; r < set.rows; r++) {
        int64_t said = nnrt_predicted_class(&set, r);
        if (set.width == 1)
            sum[r] += said ? share : 0;
        else
            sum[r * set.width + said] += share;
    }
}

/* One member's answer for one output. */
typedef struct answer {
    float value;
    float share;
    size_t member;
} answer;

static int compare_answers(const void *a, const void *b)
{
    const answer *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->member < y->member ? -1 : x->member > y->member;
}

/* The least answer with at least half of the shares at or below it. */
static float weighted_median(answer *answers, size_t count)
{
    double all = 0, below = 0;
    for (size_t m = 0; m < count; m++)
        all += answers[m].share;
    qsort(answers, count, sizeof *answers, compare_answers);
    for (size_t m = 0; m < count; m++)
        if ((below += answers[m].share) >= all / 2)
            return answers[m].value;
    return answers[count - 1].value;
}

/* Lets the members predict one after the other, and adds their outputs up; for the median all of
 * them are kept too. */
static bool ask_members(nnrt_program *program, const nnrt_ensemble *ensemble, nnrt_model *model,
                        const nnrt_data *data, const nnrt_part *part, uint64_t seed, double *sum,
                        float **kept, nnrt_error *e)
{
    size_t n = (size_t)(part->count * model->output_size);
    const float *share = nnrt_ensemble_share(ensemble);
    for (size_t m = 0; m < ensemble->members; m++) {
        nnrt_ensemble_put(ensemble, m, model);
        float *out = nnrt_outputs(program, "predict_unit", model, part, seed, e);
        double weight = share ? share[m] : 1;
        if (!out)
            return false;
        if (ensemble->combine == NNRT_VOTE)
            add_votes(data, model, part->count, out, weight, sum);
        else
            for (size_t i = 0; i < n; i++)
                sum[i] += weight * out[i];
        if (ensemble->combine == NNRT_MEDIAN)
            kept[m] = out;
        else
            free(out);
    }
    return true;
}

static void combine(const nnrt_ensemble *ensemble, const nnrt_model *model, int64_t count,
                    const double *sum, float *const *kept, answer *answers, float *out)
{
    size_t n = (size_t)(count * model->output_size), outputs = (size_t)model->output_size;
    const float *share = nnrt_ensemble_share(ensemble), *base = nnrt_ensemble_base(ensemble);
    double all = 0;
    for (size_t m = 0; m < ensemble->members; m++)
        all += share ? share[m] : 1;
    for (size_t i = 0; i < n; i++) {
        if (ensemble->combine == NNRT_SUM) {
            out[i] = (float)(base[i % outputs] + sum[i]);
        } else if (ensemble->combine != NNRT_MEDIAN) {
            out[i] = (float)(sum[i] / all);
        } else {
            for (size_t m = 0; m < ensemble->members; m++)
                answers[m] = (answer){ kept[m][i], share[m], m };
            out[i] = weighted_median(answers, ensemble->members);
        }
    }
    if (ensemble->combine == NNRT_SUM)
        nnrt_apply_head(model, out, count);
}

float *nnrt_ensemble_outputs(nnrt_program *program, const nnrt_ensemble *ensemble,
                             nnrt_model *model, const nnrt_data *data, const nnrt_part *part,
                             uint64_t seed, nnrt_error *e)
{
    size_t n = (size_t)(part->count * model->output_size);
    double *sum = calloc(n + 1, sizeof *sum);
    float **kept = calloc(ensemble->members + 1, sizeof *kept), *out = nnrt_tensor_new(n);
    answer *answers = calloc(ensemble->members + 1, sizeof *answers);
    nnrt_snapshot *before = nnrt_snapshot_take(model, e);
    bool ok = before && ((sum && kept && out && answers) || nnrt_no_memory(e)) &&
              ask_members(program, ensemble, model, data, part, seed, sum, kept, e);
    if (ok)
        combine(ensemble, model, part->count, sum, kept, answers, out);
    if (before)
        nnrt_snapshot_put_back(before);
    nnrt_snapshot_free(before);
    for (size_t m = 0; kept && m < ensemble->members; m++)
        free(kept[m]);
    free(kept);
    free(sum);
    free(answers);
    if (ok)
        return out;
    free(out);
    return NULL;
}
