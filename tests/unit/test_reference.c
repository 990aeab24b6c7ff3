/* test_reference.c: models, losses, optimizers and schedules lowered to graphs, which a naive
 * interpreter then runs for three steps: losses, weights and outputs must be PyTorch's
 * (tests/conformance/lower_reference.py). */
#include "interpret.h"
#include "lowering.h"
#include "tap.h"
#include "tests/conformance/lower_reference.h"
#include <math.h>
#include <string.h>

/* ---- the formulas that lower_reference.py has too ---- */
static double start_value(const char *name, size_t i)
{
    unsigned sum = 0;
    for (const char *p = name; *p; p++)
        sum += (unsigned char)*p;
    double v = 0.6 * sin(1 + 1.7 * (double)i + 0.9 * (sum % 97));
    size_t n = strlen(name);
    return n > 11 && !strcmp(name + n - 11, "running_var") ? 1.2 + v : v;
}

static double input_value(size_t i)
{
    return sin(1.1 * (double)i) * 1.5 + cos(0.3 * (double)i * (double)i);
}

static double off_by(const double *got, const double *want, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= worst))
            worst = fabs(got[i] - want[i]);
    return worst;
}

/* Values that outlive a step, by tensor name. */
typedef struct Store {
    Arena *arena;
    VEC(const char *) names;
    VEC(double *) values;
} Store;

static double **store_find(Store *s, const char *name)
{
    for (size_t i = 0; i < s->names.len; i++)
        if (!strcmp(s->names.data[i], name))
            return &s->values.data[i];
    return NULL;
}

static double **store_tensors(Store *s, const Graph *g)
{
    double **tensors = ARENA_ARRAY(s->arena, double *, g->tensors.len + 1);
    for (size_t i = 0; i < g->tensors.len; i++) {
        const Tensor *t = &g->tensors.data[i];
        double **known = store_find(s, t->name);
        if (!known) {
            size_t n = (size_t)shape_elements(t->shape);
            double *v = ARENA_ARRAY(s->arena, double, n);
            for (size_t k = 0; k < n; k++)
                v[k] = t->initial;
            vec_push(s->arena, &s->names, t->name);
            vec_push(s->arena, &s->values, v);
            known = &s->values.data[s->values.len - 1];
        }
        tensors[i] = *known;
    }
    return tensors;
}

static void store_assign(Store *s, const Interpretation *in)
{
    for (size_t i = 0; i < in->g->tensors.len; i++)
        if (in->assigned[i])
            *store_find(s, in->g->tensors.data[i].name) = in->assigned[i];
}

static Store store_start(Arena *arena, const ModelInstance *model)
{
    Store s = { .arena = arena };
    for (size_t i = 0; i < model->weights.len; i++) {
        const WeightSpec *w = &model->weights.data[i];
        size_t n = (size_t)shape_elements(w->shape);
        double *v = ARENA_ARRAY(arena, double, n);
        for (size_t k = 0; k < n; k++)
            v[k] = start_value(w->name, k);
        vec_push(arena, &s.names, w->key);
        vec_push(arena, &s.values, v);
    }
    return s;
}

/* A case lowered: its units, and its samples as lower_reference.py makes them. */
typedef struct Reference {
    const ReferenceCase *of;
    Arena *arena;
    Bench bench;
    DataInfo data;
    ModelInstance *model;
    Graph *train, *evaluate;
    const Checked *recipe;
    double *x, *y;
    size_t size, width; /* floats of a sample and of its target */
} Reference;

static bool reference_lowered(Reference *r)
{
    Bench *b = &r->bench;
    const CheckedAction *action = action_of(b, VERB_TRAIN);
    if (action && !b->diags->errors)
        r->model = lower_model(b->lower, action->model, &r->data, action->span);
    bool fits = r->model && lower_check_fit(b->lower, r->model, &r->data, action);

    UnitSpec spec = unit_spec(UNIT_TRAIN, r->model, &r->data, action);
    r->recipe = spec.recipe;
    r->train = fits ? lower_unit(b->lower, &spec) : NULL;
    spec.kind = UNIT_EVALUATE;
    r->evaluate = r->train ? lower_unit(b->lower, &spec) : NULL;
    if (!ok(r->evaluate != NULL, "%s: lowered", r->of->name))
        complain(b);
    return r->evaluate;
}

static void reference_samples(Reference *r)
{
    int classes = r->of->classes;
    r->size = (size_t)shape_elements(r->data.sample);
    r->width = classes ? 1 : (size_t)r->of->targets;
    r->x = ARENA_ARRAY(r->arena, double, 13 * r->size);
    r->y = ARENA_ARRAY(r->arena, double, 13 * r->width);
    for (size_t i = 0; i < 13 * r->size; i++)
        r->x[i] = input_value(i);
    for (size_t i = 0; i < 13 * r->width; i++)
        r->y[i] = classes ? (double)((7 * i + i / 3) % (size_t)classes) : cos(0.9 * (double)i) * 2;
}

/* Three steps of one epoch each, over batches of 5, 5 and 3. */
static void check_losses(Reference *r, Store *store)
{
    double losses[3];
    for (size_t step = 0, at = 0; step < 3; step++) {
        Interpretation in = { .g = r->train,
                              .n = step < 2 ? 5 : 3,
                              .x = r->x + at * r->size,
                              .y = r->y + at * r->width,
                              .tensor = store_tensors(store, r->train) };
        double hyper[HYPER_COUNT] = { [HYPER_LR] = lower_optimizer_lr(r->bench.lower, r->recipe),
                                      [HYPER_STEP] = (double)step,
                                      [HYPER_STEPS] = 3,
                                      [HYPER_EPOCH] = (double)step,
                                      [HYPER_EPOCHS] = 3,
                                      [HYPER_PER_EPOCH] = 1 };
        memcpy(in.hyper, hyper, sizeof hyper);
        interpret(&in);
        losses[step] = in.slot[SLOT_LOSS];
        store_assign(store, &in);
        at += 5;
    }

    double worst = off_by(losses, r->of->losses, 3);
    ok(worst < 1e-6, "%s: losses (off by %.2g)", r->of->name, worst);
}

static void check_weights(Reference *r, Store *store)
{
    char *names = arena_printf(r->arena, "%s", r->of->weights), *save = NULL;
    double worst = 0;
    size_t at = 0, count = 0;
    for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
        const WeightSpec *w = weight_of(r->model, name);
        if (!w) {
            printf("# no weight %s\n", name);
            worst = INFINITY;
            break;
        }
        size_t n = (size_t)shape_elements(w->shape);
        worst = fmax(worst, off_by(*store_find(store, w->key), r->of->values + at, n));
        at += n;
        count++;
    }

    ok(worst < 1e-6 && at == r->of->count && count == r->model->weights.len,
       "%s: weights (off by %.2g)", r->of->name, worst);
}

static void check_outputs(Reference *r, Store *store)
{
    Interpretation in = {
        .g = r->evaluate, .n = 5, .x = r->x, .y = r->y, .tensor = store_tensors(store, r->evaluate)
    };
    interpret(&in);
    double worst = off_by(in.out, r->of->out, r->of->out_count);
    ok(worst < 1e-6 && (size_t)shape_elements(in.out_shape) == r->of->out_count,
       "%s: outputs (off by %.2g)", r->of->name, worst);
}

static void check_reference(const ReferenceCase *c)
{
    Arena *arena = arena_new();
    Reference r = { .of = c,
                    .arena = arena,
                    .bench = bench_new(script_for(arena, c->declare, c->body, c->recipe)),
                    .data = { .name = "d",
                              .classify = c->classes > 0,
                              .classes = c->classes,
                              .sample = shape_of(c->rank, c->shape),
                              .count = { 13 } } };
    if (!c->classes)
        r.data.target = shape_of(1, (int64_t[]){ c->targets });

    if (reference_lowered(&r)) {
        Store store = store_start(arena, r.model);
        reference_samples(&r);
        check_losses(&r, &store);
        check_weights(&r, &store);
        check_outputs(&r, &store);
    }
    bench_free(&r.bench);
    arena_free(arena);
}

int main(void)
{
    for (size_t i = 0; i < sizeof reference_cases / sizeof *reference_cases; i++)
        check_reference(&reference_cases[i]);
    return done_testing();
}
