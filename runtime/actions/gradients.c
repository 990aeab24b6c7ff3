/* gradients.c: `check_gradients`: the compiler's derivatives against central differences, element
 * by element, at most 200 of each tensor.
 *
 * The loss is computed in float32, so no one distance suits: a wide one crosses kinks, a narrow one
 * drowns in rounding. Of several, the difference that agrees best counts; a wrong derivative agrees
 * with none. */
#include "actions/actions.h"
#include "base/base.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ELEMENTS = 200, MOST_SAMPLES = 64 };

/* Tried until one agrees: a short step strays least where the loss bends, a long one where it is so
 * flat that its rounding shows. */
static const double distances[] = { 1e-2, 2e-3, 6e-2 };
static const double agrees = 1e-3;

typedef struct check {
    nnrt_program *program;
    nnrt_instance *unit;
    nnrt_call call;
    int64_t count;  /* samples; 1 of a fn */
    double largest; /* gradient of all tensors */
    double worst;
    int64_t checked;
    json_t *by_weight;
} check;

static double compute_loss(check *c)
{
    memset(c->unit->metric, 0, sizeof c->unit->metric);
    c->call.first = c->call.step = 0;
    c->call.last = c->count;
    c->call.halt = 0;
    nnrt_launch(c->unit, &c->call);
    return c->unit->metric[NNRT_METRIC_LOSS] + c->unit->metric[NNRT_METRIC_VALUE];
}

static double difference(check *c, float *at, double distance)
{
    float before = *at;
    double h = distance * fmax(1, fabs(before));
    *at = (float)(before + h);
    double up = *at, above = compute_loss(c);
    *at = (float)(before - h);
    double down = *at, below = compute_loss(c);
    *at = before;
    return (above - below) / (up - down);
}

static size_t place_of(const nnrt_layout *layout, int64_t element)
{
    int64_t inner = 1, dims = layout->dims[layout->feature_axis], rows = layout->elements / dims;
    for (int a = layout->feature_axis + 1; a < layout->rank; a++)
        inner *= layout->dims[a];
    int64_t f = element / inner % dims, r = element / (inner * dims) * inner + element % inner;
    return (size_t)((f / NNRT_LANES) * rows * NNRT_LANES + r * NNRT_LANES + f % NNRT_LANES);
}

static double largest_of(const nnrt_layout *layout, const float *values)
{
    double largest = 0;
    for (int64_t i = 0; i < layout->elements; i++)
        largest = fmax(largest, fabs(values[place_of(layout, i)]));
    return largest;
}

static bool check_tensor(check *c, nnrt_slot *slot, float *weight, const float *gradient,
                         nnrt_error *e)
{
    const nnrt_layout *layout = &slot->layout;
    double scale = fmax(fmax(largest_of(layout, gradient), 1e-3 * c->largest), 1e-8), worst = 0;
    int64_t stride = layout->elements > MOST_ELEMENTS ? layout->elements / MOST_ELEMENTS : 1;
    for (int64_t i = 0, n = 0; i < layout->elements && n < MOST_ELEMENTS; i += stride, n++) {
        size_t place = place_of(layout, i);
        double least = INFINITY;
        for (size_t d = 0; d < sizeof distances / sizeof *distances && !(least < agrees); d++) {
            double off =
                fabs(difference(c, &weight[place], distances[d]) - gradient[place]) / scale;
            if (off < least)
                least = off;
        }
        if (!(least <= worst))
            worst = least;
        c->checked++;
        if (nnrt_stop_asked())
            return nnrt_interrupted(e);
    }
    if (worst > c->worst)
        c->worst = worst;
    nnrt_put_number(c->by_weight, slot->name, worst, false);
    return true;
}

/* Copies of the gradients, by slot, since every call of the unit writes them again; NULL where a
 * slot is not a weight that has one. */
static bool copy_gradients(check *c, float **copy, nnrt_error *e)
{
    nnrt_instance *unit = c->unit;
    for (size_t i = 0; i < unit->count; i++) {
        const nnrt_slot *slot = &unit->slot[i];
        char name[512];
        snprintf(name, sizeof name, "gradient.%s", slot->name);
        const float *gradient = NULL;
        if (slot->role == NNRT_WEIGHT)
            gradient = nnrt_instance_values(unit, NNRT_RESULT, name);
        if (!gradient)
            continue;
        if (!(copy[i] = nnrt_tensor_new(slot->layout.packed)))
            return nnrt_no_memory(e);
        memcpy(copy[i], gradient, slot->layout.packed * sizeof *gradient);
        c->largest = fmax(c->largest, largest_of(&slot->layout, copy[i]));
    }
    return true;
}

static bool check_all(check *c, nnrt_error *e)
{
    nnrt_instance *unit = c->unit;
    float **copy = calloc(unit->count + 1, sizeof *copy);
    if (!copy)
        return nnrt_no_memory(e);
    bool ok = isfinite(compute_loss(c)) ||
              nnrt_fail(e, NNRT_DIVERGED, "diverged",
                        "check_gradients: the loss is not finite, so its derivatives can't be "
                        "compared");

    ok = ok && copy_gradients(c, copy, e);
    for (size_t i = 0; ok && i < unit->count; i++)
        if (copy[i])
            ok = check_tensor(c, &unit->slot[i], unit->table[i], copy[i], e);

    for (size_t i = 0; i < unit->count; i++)
        free(copy[i]);
    free(copy);
    return ok;
}

/* The first samples of the training part. */
static bool give_samples(check *c, const char *data_name, nnrt_error *e)
{
    const nnrt_data *data = nnrt_program_data(c->program, data_name, e);
    if (!data)
        return false;
    const nnrt_part *part = &data->part[NNRT_TRAIN];
    int64_t most = c->unit->batch < MOST_SAMPLES ? c->unit->batch : MOST_SAMPLES;
    c->count = part->count < most ? part->count : most;
    if (!nnrt_call_of_part(&c->call, c->unit, data, part, e))
        return false;
    return c->count > 0 ||
           nnrt_fail(e, NNRT_FILES, "no-part", "data '%s' has no samples to train on", data_name);
}

/* What the loss is computed from: weights, and samples unless it is a fn's. */
static bool set_up(check *c, nnrt_error *e)
{
    nnrt_program *program = c->program;
    uint64_t seed = nnrt_action_seed(program);
    const char *model_name = nnrt_action_text(program, "model"),
               *data_name = nnrt_action_text(program, "data");
    nnrt_model *model = model_name ? nnrt_program_model(program, model_name, e) : NULL;
    if (model_name && (!model || !nnrt_model_draw(model, seed, e)))
        return false;

    if (!(c->unit = nnrt_program_instance(program, nnrt_action_text(program, "unit"), NULL, e)))
        return false;
    for (size_t i = 0; i < c->unit->count; i++) {
        if (c->unit->slot[i].weight &&
            !nnrt_weight_draw(c->unit->slot[i].weight, c->unit->slot[i].name, seed, e)) {
            return false;
        }
    }

    c->call = nnrt_instance_call(program, c->unit, seed);
    nnrt_set_hypers(c->unit, 0, 1, 0, 1, 1);
    c->count = 1;
    return !data_name || give_samples(c, data_name, e);
}

bool nnrt_do_check_gradients(nnrt_program *program, nnrt_error *e)
{
    check c = { .program = program, .by_weight = json_object() };
    const char *as = nnrt_action_text(program, "as"), *of = nnrt_action_text(program, "model");
    bool ok = set_up(&c, e) && check_all(&c, e);
    if (!ok) {
        json_decref(c.by_weight);
        return false;
    }
    json_t *result = json_object();
    nnrt_put_number(result, "worst", c.worst, false);
    nnrt_put_number(result, "checked", (double)c.checked, true);
    if (!of)
        of = nnrt_action_text(program, "function");
    if (!as) {
        printf("check_gradients%s%s\n", of ? " " : "", of ? of : "");
        nnrt_print_fields(c.by_weight);
        nnrt_print_fields(result);
    }
    json_object_set_new(result, "weights", c.by_weight);
    return nnrt_result_set(&program->session->results, as, result, NULL, NULL, e);
}
