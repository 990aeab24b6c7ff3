/* find_lr.c: `find_lr`: one short training whose rate grows step by step until the loss runs away
 * (Smith, Cyclical Learning Rates for Training Neural Networks, 2017, section 3.3).
 *
 * Batches differ more from one another than one step changes, so each batch's loss is compared with
 * its own loss under the first weights, which a round at a rate of 0 tells; the differences are
 * smoothed by an exponential mean without its bias. The rate found is that of the steepest fall
 * over the logarithm of the rate, before the minimum. The unit's schedule is constant: the rate is
 * the runtime's to set. */
#include "experiments/records.h"
#include "data/data.h"
#include "base/base.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 160, REACH = 5 }; /* slopes are taken over REACH steps either way */

static const double lowest = 1e-7, highest = 10, smoothing = 0.85, runaway = 4;

typedef struct sweep {
    nnrt_program *program;
    nnrt_instance *unit;
    const nnrt_data *data;
    uint64_t seed;
    int64_t samples, per_epoch;
    uint32_t *order; /* the same each round */
    nnrt_feed *feed; /* NULL: samples are used as they lie */
    int count;
    double first[STEPS]; /* each batch's loss under the first weights */
    double lr[STEPS], loss[STEPS], smooth[STEPS];
} sweep;

static double step_at(sweep *s, int step, double lr)
{
    const nnrt_part *part = &s->data->part[NNRT_TRAIN];
    int64_t batch = s->unit->batch, at = step % s->per_epoch * batch;
    nnrt_call call = nnrt_instance_call(s->program, s->unit, s->seed);
    call.x = part->x;
    call.y = part->y;
    call.w = part->w;
    call.order = s->order;
    call.first = at;
    call.last = at + batch < s->samples ? at + batch : s->samples;
    call.step = step;
    if (s->feed)
        nnrt_feed_prepare(s->feed, &call, s->order, 0);
    nnrt_set_hypers(s->unit, lr, STEPS, step / s->per_epoch,
                    (STEPS + s->per_epoch - 1) / s->per_epoch, s->per_epoch);
    nnrt_launch(s->unit, &call);
    return call.halt ? NAN : nnrt_mean_loss(s->unit, call.metric, call.last - call.first);
}

static bool set_up_samples(sweep *s, nnrt_error *e)
{
    s->samples = s->data->part[NNRT_TRAIN].count;
    s->per_epoch = (s->samples + s->unit->batch - 1) / s->unit->batch;
    if (!nnrt_instance_weigh_classes(s->unit, s->data, e))
        return false;
    if (!(s->order = malloc((size_t)s->samples * sizeof *s->order)))
        return nnrt_no_memory(e);
    nnrt_mix mix = { nnrt_action_number(s->program, "mixup", 0),
                     nnrt_action_number(s->program, "cutmix", 0) };
    if (!nnrt_feed_new(s->data, mix, s->unit->batch, s->program->session->team.threads, s->seed,
                       &s->feed, e)) {
        return false;
    }
    nnrt_random random = nnrt_random_new(s->seed ^ s->data->seed * UINT64_C(0x9E3779B97F4A7C15),
                                         NNRT_DRAW_ORDER, 0, 0);
    for (int64_t i = 0; i < s->samples; i++)
        s->order[i] = (uint32_t)i;
    if (s->data->shuffle)
        nnrt_shuffle(&random, s->order, (size_t)s->samples);
    return true;
}

static bool run_sweep(sweep *s, const nnrt_snapshot *start, nnrt_error *e)
{
    int steps = s->program->session->options.dry_run ? 2 : STEPS,
        rounds = s->per_epoch < steps ? (int)s->per_epoch : steps;
    double level = 0, mean = 0, best = INFINITY;
    nnrt_instance_reset(s->unit);
    for (int i = 0; i < rounds; i++) {
        level += (s->first[i] = step_at(s, i, 0)) / rounds;
        if (nnrt_stop_asked())
            return nnrt_interrupted(e);
    }

    nnrt_snapshot_put_back(start);
    nnrt_instance_reset(s->unit);
    for (int i = 0; i < steps; i++) {
        double lr = lowest * pow(highest / lowest, (double)i / (STEPS - 1)),
               loss = step_at(s, i, lr);
        if (!isfinite(loss))
            break;
        mean = smoothing * mean + (1 - smoothing) * (loss - s->first[i % s->per_epoch] + level);
        s->lr[i] = lr;
        s->loss[i] = loss;
        s->smooth[i] = mean / (1 - pow(smoothing, i + 1));
        s->count = i + 1;
        best = fmin(best, s->smooth[i]);
        if (i > 2 * REACH && s->smooth[i] > best + (runaway - 1) * fabs(level))
            break;
        if (nnrt_stop_asked())
            return nnrt_interrupted(e);
    }

    return s->count >= 2 || nnrt_fail(e, NNRT_DIVERGED, "diverged",
                                      "the loss is not finite at a learning rate of %g: look at "
                                      "the data (normalize = standard) and at the network",
                                      lowest);
}

/* The smoothed loss lags behind, so its least lies where training is no longer stable: what is
 * proposed is a quarter of that rate at most, and a tenth of one at which the loss ran away. */
static int last_stable(const sweep *s, int bottom)
{
    double most = s->lr[bottom] / 4;
    if (s->count < STEPS)
        most = fmin(most, s->lr[s->count - 1] / 10);
    int last = bottom;
    while (last > 0 && s->lr[last] > most)
        last--;
    return last;
}

/* The rate at which the loss falls fastest, of those that are stable. */
static double steepest(const sweep *s)
{
    int bottom = 0;
    for (int i = 1; i < s->count; i++)
        if (s->smooth[i] < s->smooth[bottom])
            bottom = i;
    int stable = last_stable(s, bottom), best = stable;
    double fall = 0;
    for (int i = 0; i <= stable; i++) {
        int a = i > REACH ? i - REACH : 0, b = i + REACH < bottom ? i + REACH : bottom;
        double slope = (s->smooth[b] - s->smooth[a]) / (b - a);
        if (slope < fall) {
            fall = slope;
            best = i;
        }
    }
    return s->lr[best];
}

bool nnrt_do_find_lr(nnrt_program *program, nnrt_error *e)
{
    const char *as = nnrt_action_text(program, "as"), *on = nnrt_action_text(program, "data");
    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e);
    sweep *s = calloc(1, sizeof *s);
    if (!s)
        return nnrt_no_memory(e);
    *s = (sweep){ .program = program,
                  .seed = nnrt_action_seed(program),
                  .data = model ? nnrt_program_data(program, on, e) : NULL };

    nnrt_snapshot *before = s->data ? nnrt_snapshot_take(model, e) : NULL;
    const char *taught_by = nnrt_action_text(program, "teacher");
    nnrt_model *teacher = before && taught_by ? nnrt_program_model(program, taught_by, e) : NULL;
    bool drawn = before && nnrt_model_draw(model, s->seed, e) &&
                 (!taught_by || (teacher && nnrt_model_draw(teacher, s->seed, e)));
    nnrt_snapshot *start = drawn ? nnrt_snapshot_take(model, e) : NULL;
    if (start)
        s->unit = nnrt_program_instance(program, nnrt_action_text(program, "unit"), NULL, e);
    bool ok = s->unit && set_up_samples(s, e) && run_sweep(s, start, e);
    if (before)
        nnrt_snapshot_put_back(before);
    nnrt_snapshot_free(before);
    nnrt_snapshot_free(start);

    json_t *curve = json_array();
    for (int i = 0; i < s->count; i++) {
        json_array_append_new(
            curve, json_pack("{s:i, s:f, s:f}", "step", i + 1, "lr", s->lr[i], "loss", s->loss[i]));
    }

    double best = ok ? steepest(s) : 0, last = ok ? s->lr[s->count - 1] : 0;
    nnrt_feed_free(s->feed);
    free(s->order);
    free(s);
    if (!ok) {
        json_decref(curve);
        return false;
    }
    if (!as) {
        printf("find_lr %s on %s\n  best  %.6g\n  the loss falls fastest there; the test went up "
               "to %.3g\n",
               nnrt_action_text(program, "model"), on, best, last);
    }
    return nnrt_result_set(&program->session->results, as,
                           json_pack("{s:f, s:o}", "best", best, "curve", curve), NULL, NULL, e);
}
