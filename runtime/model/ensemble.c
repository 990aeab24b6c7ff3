/* ensemble.c: members kept, put back, and heard together (ensemble.h). Sums over members run in
 * their order, in float64, and are rounded once. */
#include "model/ensemble.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keeping ---- */
static bool store(nnrt_ensemble *ensemble, const char *name, const nnrt_layout *layout)
{
    nnrt_model *stored = &ensemble->stored;
    nnrt_weight *weight = calloc(1, sizeof *weight);
    size_t i = stored->count;
    if (weight)
        weight->values = nnrt_tensor_new(layout->packed);
    if (!weight || !weight->values || !(ensemble->text[i] = strdup(name))) {
        if (weight)
            free(weight->values);
        free(weight);
        return false;
    }
    weight->layout = *layout;
    weight->drawn = true;
    stored->weight[i] = weight;
    stored->weight_name[i] = ensemble->text[i];
    stored->count++;
    return true;
}

static bool store_row(nnrt_ensemble *ensemble, const char *name, int64_t length)
{
    nnrt_layout layout = {
        .rank = 1, .file_rank = 1, .dims = { length }, .feature_axis = 0, .elements = length
    };
    layout.packed = nnrt_packed_floats(layout.dims, 1, 0);
    return store(ensemble, name, &layout);
}

static bool fill(nnrt_ensemble *ensemble, const nnrt_model *model)
{
    char name[512];
    for (size_t m = 0; m < ensemble->members; m++) {
        for (size_t i = 0; i < model->count; i++) {
            snprintf(name, sizeof name, "member%zu.%s", m + 1, model->weight_name[i]);
            if (!store(ensemble, name, &model->weight[i]->layout))
                return false;
        }
    }
    return !ensemble->shared || (store_row(ensemble, "boost.share", (int64_t)ensemble->members) &&
                                 store_row(ensemble, "boost.base", model->output_size));
}

void nnrt_ensemble_free(nnrt_ensemble *ensemble)
{
    if (!ensemble || ensemble->holders-- > 0)
        return;
    for (size_t i = 0; i < ensemble->stored.count; i++) {
        free(ensemble->stored.weight[i]->values);
        free(ensemble->stored.weight[i]);
        free(ensemble->text[i]);
    }
    free(ensemble->stored.weight);
    free(ensemble->stored.weight_name);
    free(ensemble->text);
    free(ensemble->name);
    free(ensemble->model);
    free(ensemble);
}

nnrt_ensemble *nnrt_ensemble_new(nnrt_model *model, size_t members, nnrt_combine combine,
                                 bool shared, nnrt_error *e)
{
    nnrt_ensemble *ensemble = calloc(1, sizeof *ensemble);
    size_t room = members * model->count + 2;
    if (ensemble) {
        *ensemble = (nnrt_ensemble){ .model = strdup(model->name),
                                     .combine = combine,
                                     .shared = shared,
                                     .members = members,
                                     .weights = model->count };
        ensemble->stored.weight = calloc(room, sizeof *ensemble->stored.weight);
        ensemble->stored.weight_name = calloc(room, sizeof *ensemble->stored.weight_name);
        ensemble->text = calloc(room, sizeof *ensemble->text);
        if (ensemble->model && ensemble->stored.weight && ensemble->stored.weight_name &&
            ensemble->text && fill(ensemble, model)) {
            return ensemble;
        }
    }
    nnrt_ensemble_free(ensemble);
    nnrt_no_memory(e);
    return NULL;
}

bool nnrt_ensemble_name(nnrt_session *session, nnrt_ensemble *ensemble, const char *name,
                        nnrt_error *e)
{
    if (!name) {
        nnrt_ensemble_free(ensemble);
        return true;
    }
    if (!(ensemble->name = strdup(name)))
        return nnrt_no_memory(e);
    ensemble->stored.name = ensemble->name;
    for (size_t i = 0; i < session->ensemble_count; i++) {
        if (!strcmp(session->ensemble[i]->name, name)) {
            nnrt_ensemble_free(session->ensemble[i]);
            session->ensemble[i] = ensemble;
            return true;
        }
    }
    nnrt_ensemble **grown =
        realloc(session->ensemble, (session->ensemble_count + 1) * sizeof(nnrt_ensemble *));
    if (!grown)
        return nnrt_no_memory(e);
    session->ensemble = grown;
    session->ensemble[session->ensemble_count++] = ensemble;
    return true;
}

nnrt_ensemble *nnrt_action_ensemble(nnrt_program *program, nnrt_model *model, nnrt_error *e)
{
    const char *name = nnrt_action_text(program, "ensemble");
    nnrt_ensemble *found = NULL;
    for (size_t i = 0; i < program->session->ensemble_count; i++)
        if (!strcmp(program->session->ensemble[i]->name, name))
            found = program->session->ensemble[i];
    bool fits = found && found->weights == model->count;
    for (size_t i = 0; fits && i < model->count; i++)
        fits = nnrt_layout_equal(&found->stored.weight[i]->layout, &model->weight[i]->layout);
    if (fits)
        return found;
    if (found) {
        nnrt_fail(e, NNRT_SCRIPT, "unknown-name",
                  "the model '%s' has changed since the ensemble '%s' was made", model->name, name);
    } else {
        nnrt_fail(e, NNRT_SCRIPT, "unknown-name",
                  "'%s' has no members: its bag or boost was not carried out", name);
    }
    return NULL;
}

void nnrt_ensemble_keep(nnrt_ensemble *ensemble, size_t member, const nnrt_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        memcpy(ensemble->stored.weight[member * ensemble->weights + i]->values,
               model->weight[i]->values, model->weight[i]->layout.packed * sizeof(float));
    }
}

void nnrt_ensemble_put(const nnrt_ensemble *ensemble, size_t member, nnrt_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        memcpy(model->weight[i]->values,
               ensemble->stored.weight[member * ensemble->weights + i]->values,
               model->weight[i]->layout.packed * sizeof(float));
        model->weight[i]->drawn = true;
    }
}

void nnrt_ensemble_shorten(nnrt_ensemble *ensemble, size_t members)
{
    nnrt_model *stored = &ensemble->stored;
    size_t from = members * ensemble->weights, to = ensemble->members * ensemble->weights,
           behind = stored->count - to;
    if (members == ensemble->members)
        return;
    for (size_t i = from; i < to; i++) {
        free(stored->weight[i]->values);
        free(stored->weight[i]);
        free(ensemble->text[i]);
    }
    memmove(stored->weight + from, stored->weight + to, behind * sizeof(nnrt_weight *));
    memmove(stored->weight_name + from, stored->weight_name + to, behind * sizeof(char *));
    memmove(ensemble->text + from, ensemble->text + to, behind * sizeof(char *));
    stored->count = from + behind;
    ensemble->members = members;
    if (ensemble->shared) {
        nnrt_layout *share = &stored->weight[from]->layout;
        share->dims[0] = share->elements = (int64_t)members;
    }
}

float *nnrt_ensemble_share(const nnrt_ensemble *ensemble)
{
    return ensemble->shared ? ensemble->stored.weight[ensemble->members * ensemble->weights]->values
                            : NULL;
}

float *nnrt_ensemble_base(const nnrt_ensemble *ensemble)
{
    return ensemble->shared
               ? ensemble->stored.weight[ensemble->members * ensemble->weights + 1]->values
               : NULL;
}

/* ---- answering ---- */
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

nnrt_model nnrt_ensemble_view(const nnrt_ensemble *ensemble, const nnrt_model *model)
{
    nnrt_model view = *model;
    bool one = !model->output_rank || model->output[model->output_rank - 1] == 1;
    if (ensemble->combine == NNRT_VOTE)
        view.head = one ? NNRT_SIGMOID : NNRT_SOFTMAX;
    return view;
}

/* Adds one member's vote of weight `share` to each row. */
static void add_votes(const nnrt_data *data, const nnrt_model *model, int64_t count,
                      const float *out, double share, double *sum)
{
    nnrt_sample_set set = nnrt_samples_of(data, model, count, out, NULL);
    for (int64_t r = 0; r < set.rows; r++) {
        int64_t said = nnrt_said(&set, r);
        if (set.width == 1)
            sum[r] += said ? share : 0;
        else
            sum[r * set.width + said] += share;
    }
}

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

/* The members' outputs one after the other: each is added up, and where the median is wanted kept
 * whole. */
static bool hear(nnrt_program *program, const nnrt_ensemble *ensemble, nnrt_model *model,
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

static void settle(const nnrt_ensemble *ensemble, const nnrt_model *model, int64_t count,
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
    bool well = before && ((sum && kept && out && answers) || nnrt_no_memory(e)) &&
                hear(program, ensemble, model, data, part, seed, sum, kept, e);
    if (well)
        settle(ensemble, model, part->count, sum, kept, answers, out);
    if (before)
        nnrt_snapshot_put_back(before);
    nnrt_snapshot_free(before);
    for (size_t m = 0; kept && m < ensemble->members; m++)
        free(kept[m]);
    free(kept);
    free(sum);
    free(answers);
    if (well)
        return out;
    free(out);
    return NULL;
}

bool nnrt_outputs_loss(nnrt_program *program, const float *out, const float *y, int64_t count,
                       float *gradient, double *loss, nnrt_error *e)
{
    nnrt_instance *unit =
        nnrt_program_instance(program, nnrt_action_text(program, "loss_unit"), NULL, e);
    if (!unit)
        return false;
    nnrt_call call = nnrt_instance_call(program, unit, 0);
    call.x = out;
    call.y = y;
    call.out = gradient;
    if (!nnrt_run_batches(unit, &call, 0, count, true))
        return nnrt_interrupted(e);
    *loss = call.halt ? NAN : call.metric[NNRT_METRIC_LOSS];
    return true;
}
