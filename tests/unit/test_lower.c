/* test_lower.c: names, initialisers, states, random layers, errors and sizes of what is lowered.
 * Numbers: test_reference.c. */
#include "interpret.h"
#include "lowering.h"
#include "tap.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Diagnostic *error_of(const Bench *b, DiagId id)
{
    for (size_t i = 0; i < b->diags->list.len; i++)
        if (b->diags->list.data[i]->id == id)
            return b->diags->list.data[i];
    return NULL;
}

/* ---- one model at a time ---- */
static ModelInstance *model_of(Bench *b, const DataInfo *data)
{
    const CheckedAction *action = action_of(b, VERB_TRAIN);
    ModelInstance *m = action ? lower_model(b->lower, action->model, data, action->span) : NULL;
    if (m && !lower_check_fit(b->lower, m, data, action))
        return NULL;
    return m;
}

static DataInfo classes_data(int classes, int rank, const int64_t *shape)
{
    return (DataInfo){ .name = "d",
                       .classify = true,
                       .classes = classes,
                       .sample = shape_of(rank, shape),
                       .count = { 13 } };
}

static DataInfo real_data(int rank, const int64_t *shape)
{
    return (DataInfo){ .name = "d", .sample = shape_of(rank, shape), .count = { 13 } };
}

static void check_initialisers(void)
{
    static const struct {
        const char *layer;
        InitKind kind;
        double a, b;
    } rows[] = {
        { "dense(30) -> relu", INIT_NORMAL, 0, 0.1 },
        { "dense(30) -> dropout(0.1) -> layernorm -> gelu", INIT_NORMAL, 0, 0.1 },
        { "dense(30) -> selu", INIT_NORMAL, 0, 0.07071067811865475 },
        { "dense(30) -> tanh", INIT_NORMAL, 0, 0.09325048082403138 },
        { "dense(30)", INIT_NORMAL, 0, 0.09325048082403138 },
        { "dense(30) -> dense(30) -> relu", INIT_NORMAL, 0, 0.09325048082403138 },
        { "dense(30, init = he_uniform)", INIT_UNIFORM, -0.17320508075688773, 0.17320508075688773 },
        { "dense(30, init = xavier)", INIT_UNIFORM, -0.16151457061744964, 0.16151457061744964 },
        { "dense(30, init = lecun)", INIT_NORMAL, 0, 0.07071067811865475 },
        { "dense(30, init = constant(-0.25))", INIT_CONSTANT, -0.25, 0 },
        { "dense(30, init = truncated_normal(0.5))", INIT_TRUNCATED_NORMAL, 0.5, 0 },
        { "dense(30, init = uniform(-1, 2))", INIT_UNIFORM, -1, 2 },
        { "dense(30, init = orthogonal)", INIT_ORTHOGONAL, 1, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *arena = arena_new();
        Bench b = bench_new(script_for(
            arena, "", arena_printf(arena, "%s\n    dense(classes)", rows[i].layer), ""));
        DataInfo data = classes_data(30, 1, (int64_t[]){ 200 });
        const WeightSpec *w = weight_of(model_of(&b, &data), "dense1.weight");
        ok(w && w->init.kind == rows[i].kind && fabs(w->init.a - rows[i].a) < 1e-9 &&
               fabs(w->init.b - rows[i].b) < 1e-9,
           "initialiser: %s", rows[i].layer);
        if (!w)
            complain(&b);
        bench_free(&b);
        arena_free(arena);
    }
}

static void check_names(void)
{
    Arena *arena = arena_new();
    Bench b =
        bench_new(script_for(arena,
                             "model a {\n"
                             "    input(6)\n"
                             "    h = dense(8, bias = false) -> tanh\n"
                             "    h -> dense(5, bias = false)\n"
                             "}\n"
                             "block two(n) { dense(n) -> batchnorm\n"
                             "    dense(n, name = \"last\") }",
                             "a.h -> two(4)\n    repeat 2 { two(3) }\n    dense(classes)", ""));
    DataInfo data = classes_data(3, 1, (int64_t[]){ 6 });
    ModelInstance *m = model_of(&b, &data);
    if (!ok(m != NULL, "names: lowered"))
        complain(&b);

    const WeightSpec *part = weight_of(m, "a.dense1.weight");
    ok(part && !strcmp(part->key, "a/dense1.weight"),
       "a part keeps its owner's key and is saved under its model's name");
    ok(!weight_of(m, "a.dense2.weight"), "what comes after the part is not in the model");

    const WeightSpec *third = weight_of(m, "two3.last.weight");
    ok(third && !strcmp(third->key, "m/two3.last.weight") && !strcmp(third->layer, "two3.last"),
       "a block's third use, a layer with a name");

    ok(weight_of(m, "two1.dense1.weight") && !weight_of(m, "two1.dense1.bias") && m &&
           m->remarks.len == 3,
       "biases that a batchnorm cancels are dropped, with a remark each");
    ok(weight_of(m, "two2.batchnorm1.running_var") && weight_of(m, "dense1.bias"),
       "buffers, and the model's own first dense");

    bench_free(&b);
    arena_free(arena);
}

/* A model that its data does not suit, and what the error must say. */
typedef struct WrongModel {
    const char *name, *declare, *body, *recipe;
    int classes; /* 0: real targets */
    const char *shape;
    DiagId id;
    const char *says, *also;
} WrongModel;

static const WrongModel wrong_models[] = {
    { "dense on an image", "", "dense(1)", "", 0, "2x3x3", DIAG_WRONG_SHAPE, "2x3x3", "flatten" },
    { "add of two shapes", "", "a = dense(4)\n    dense(5) -> add(a) -> dense(1)", "", 0, "6",
      DIAG_SHAPE_MISMATCH, "5", "4" },
    { "add of two images", "",
      "a = reshape(4x3x3)\n    reshape(2x6x3) -> add(a) -> flatten -> dense(1)", "", 0, "36",
      DIAG_SHAPE_MISMATCH, "2x6x3", "4x3x3" },
    { "concat of two images", "",
      "a = reshape(4x3x3)\n    reshape(2x6x3) -> concat(a) -> flatten -> dense(1)", "", 0, "36",
      DIAG_SHAPE_MISMATCH, "2x6x3", "4x3x3" },
    { "reshape", "", "reshape(3x5) -> flatten -> dense(1)", "", 0, "2x3x3", DIAG_SHAPE_MISMATCH,
      "2x3x3", "3x5" },
    { "input unlike the data", "", "input(71)\n    dense(classes)", "", 2, "2", DIAG_SHAPE_MISMATCH,
      "input 71", "gives 2" },
    { "fewer outputs than classes", "", "dense(11)", "", 13, "2", DIAG_TOO_FEW_OUTPUTS, "11",
      "13" },
    { "cross entropy of real targets", "", "dense(3)", "loss = cross_entropy", 0, "2",
      DIAG_WRONG_TARGET, "cross_entropy", "real" },
    { "outputs unlike the targets", "", "dense(3)", "", 0, "2", DIAG_SHAPE_MISMATCH, "3", "1" },
    { "a name used twice", "", "dense(4, name = \"a\") -> dense(1, name = \"a\")", "", 0, "2",
      DIAG_REPEATED_NAME, "'a'", "" },
    { "a shared layer of two shapes", "", "layer a = dense(4)\n    a -> a -> dense(1)", "", 0, "2",
      DIAG_SHAPE_MISMATCH, "4x4", "4x2" },
    { "too many layers", "", "repeat 3000000 { relu }\n    dense(1)", "", 0, "2", DIAG_TOO_LARGE,
      "million", "" },
    { "inside a block", "block b(n) { reshape(n) }\nblock c(n) { b(n) }",
      "c(6) -> c(5)\n    dense(1)", "", 0, "6", DIAG_SHAPE_MISMATCH, "6", "5" },
};

static void check_error(const WrongModel *w)
{
    Arena *arena = arena_new();
    Bench b = bench_new(script_for(arena, w->declare, w->body, w->recipe));
    int64_t shape[3];
    int rank =
        sscanf(w->shape, "%" SCNd64 "x%" SCNd64 "x%" SCNd64, &shape[0], &shape[1], &shape[2]);
    DataInfo data = w->classes ? classes_data(w->classes, rank, shape) : real_data(rank, shape);

    ModelInstance *m = model_of(&b, &data);
    const Diagnostic *d = error_of(&b, w->id);
    const char *heard = "";
    if (d)
        heard = arena_printf(arena, "%s %s", d->message, d->help ? d->help : "");
    if (!ok(!m && d && strstr(heard, w->says) && strstr(heard, w->also), "error: %s (%s)", w->name,
            heard)) {
        complain(&b);
    }

    if (!strcmp(w->name, "inside a block")) {
        size_t used = 0;
        for (size_t k = 0; d && k < d->notes.len; k++)
            used += !strcmp(d->notes.data[k]->message, "used here");
        ok(used == 2, "every use that led to the error is noted");
    }

    bench_free(&b);
    arena_free(arena);
}

static void check_errors(void)
{
    for (size_t i = 0; i < sizeof wrong_models / sizeof *wrong_models; i++)
        check_error(&wrong_models[i]);
}

/* ---- states, averages, freezing, random layers ---- */
static Graph *graph_for(Bench *b, const DataInfo *data, UnitKind kind, ModelInstance **model)
{
    *model = model_of(b, data);
    UnitSpec spec = unit_spec(kind, *model, data, action_of(b, VERB_TRAIN));
    Graph *g = *model ? lower_unit(b->lower, &spec) : NULL;
    if (!g)
        complain(b);
    return g;
}

static void check_states_of_optimizer(void)
{
    Arena *arena = arena_new();
    ModelInstance *m;
    DataInfo data = classes_data(3, 1, (int64_t[]){ 4 });
    Bench b = bench_new(script_for(arena,
                                   "optimizer mine(lr = 0.1) {\n"
                                   "    state seen = 5\n"
                                   "    state last = 0\n"
                                   "    state still = 2\n"
                                   "    seen = seen + 1\n"
                                   "    last = g\n"
                                   "    w = w - lr * g + 0 * still\n"
                                   "}",
                                   "dense(3)", "optimizer = mine()"));
    Graph *g = graph_for(&b, &data, UNIT_TRAIN, &m);

    int seen = g ? graph_find_tensor(g, TENSOR_STATE, "optimizer.dense1.weight.seen") : -1;
    ok(seen >= 0 && g->tensors.data[seen].shape.rank == 2 &&
           g->tensors.data[seen].feature_axis == 0 && g->tensors.data[seen].initial == 5,
       "a state has its weight's shape");
    ok(g && graph_find_tensor(g, TENSOR_STATE, "optimizer.dense1.bias.last") >= 0,
       "a state that is only written is kept");
    ok(g && graph_find_tensor(g, TENSOR_STATE, "optimizer.dense1.bias.still") < 0,
       "a state that nothing assigns is a constant");

    bench_free(&b);
    arena_free(arena);
}

static void check_states_of_average(void)
{
    Arena *arena = arena_new();
    ModelInstance *m;
    DataInfo data = classes_data(3, 1, (int64_t[]){ 4 });
    Bench b = bench_new(
        script_for(arena, "", "dense(3)", "optimizer = sgd(lr = 0.1), average = ema(0.9)"));
    Graph *g = graph_for(&b, &data, UNIT_TRAIN, &m);
    ok(g && graph_find_tensor(g, TENSOR_STATE, "optimizer.dense1.weight.m") < 0,
       "sgd without momentum has no state");
    ok(g && graph_find_tensor(g, TENSOR_STATE, "average.dense1.weight") >= 0, "ema has one");
    bench_free(&b);
    arena_free(arena);
}

static void check_frozen(void)
{
    Arena *arena = arena_new();
    DataInfo data = classes_data(3, 1, (int64_t[]){ 4 });
    Bench b = bench_new(script_for(arena, "", "dense(4) -> batchnorm -> relu -> dense(3)", ""));
    ModelInstance *m = model_of(&b, &data);
    Value pattern = { .kind = VALUE_STRING, .text = "*1", .length = 2 },
          list = { .kind = VALUE_LIST, .items = &pattern, .count = 1 };
    if (m)
        lower_set_frozen(b.lower, m, &list, true);
    Graph *g = m ? graph_for(&b, &data, UNIT_TRAIN, &m) : NULL;

    size_t assigned = 0, others = 0;
    for (size_t i = 0; g && i < g->roots.len; i++) {
        const Node *n = graph_node(g, g->roots.data[i]);
        if (n->op != IR_ASSIGN)
            continue;
        assigned++;
        others += strncmp(g->tensors.data[n->as.tensor].name, "m/dense2", 8) != 0;
    }
    ok(assigned == 2 && !others, "frozen layers change neither weights nor statistics");

    bench_free(&b);
    arena_free(arena);
}

static void check_frozen_statistics(void)
{
    Arena *arena = arena_new();
    DataInfo data = classes_data(3, 1, (int64_t[]){ 4 });
    Bench b = bench_new(script_for(arena, "", "batchnorm(affine = false) -> dense(3)", ""));
    ModelInstance *m = model_of(&b, &data);
    Value pattern = { .kind = VALUE_STRING, .text = "batch*", .length = 6 },
          list = { .kind = VALUE_LIST, .items = &pattern, .count = 1 };
    if (m)
        lower_set_frozen(b.lower, m, &list, true);
    Graph *g = m ? graph_for(&b, &data, UNIT_TRAIN, &m) : NULL;

    size_t moved = 0;
    for (size_t i = 0; g && i < g->roots.len; i++) {
        const Node *n = graph_node(g, g->roots.data[i]);
        moved += n->op == IR_ASSIGN && strstr(g->tensors.data[n->as.tensor].name, "running");
    }
    ok(g && !moved, "freeze keeps the statistics of a batchnorm without weights");
    bench_free(&b);
    arena_free(arena);
}

/* Kernels are [in, out / groups, size]: output channel o of group q is made of that group's inputs.
 */
static void check_bounded_filters(int groups)
{
    enum { IN = 4, OUT = 6, SIZE = 2 };

    Arena *arena = arena_new();
    ModelInstance *m;
    DataInfo data = real_data(2, (int64_t[]){ IN, 3 });
    data.target = shape_of(2, (int64_t[]){ OUT, 6 });
    Bench b = bench_new(script_for(
        arena, "",
        arena_printf(arena, "conv_transpose(%d, %d, stride = 2, bias = false, groups = %d)", OUT,
                     SIZE, groups),
        "optimizer = sgd(lr = 0), constraint = max_norm(0.5)"));
    Graph *g = graph_for(&b, &data, UNIT_TRAIN, &m);
    int each = OUT / groups;
    double w[IN * OUT * SIZE], x[IN * 3] = { 0 }, y[OUT * 6] = { 0 };
    for (int i = 0; i < IN * each * SIZE; i++)
        w[i] = i % 7 * 0.2 - 0.5;
    Interpretation in = { .g = g, .n = 1, .x = x, .y = y, .tensor = (double *[]){ w } };
    if (g)
        interpret(&in);

    bool right = g && in.assigned[0];
    for (int o = 0; right && o < OUT; o++) {
        double before = 0, after = 0;
        for (int i = o / each * (IN / groups); i < (o / each + 1) * (IN / groups); i++) {
            for (int k = 0; k < SIZE; k++) {
                int at = (i * each + o % each) * SIZE + k;
                before += w[at] * w[at];
                after += in.assigned[0][at] * in.assigned[0][at];
            }
        }
        right = fabs(sqrt(after) - fmin(0.5, sqrt(before))) < 1e-9;
    }
    ok(right, "max_norm bounds what makes one output channel of conv_transpose, groups = %d",
       groups);
    bench_free(&b);
    arena_free(arena);
}

/* One weight w = 0.5, mse, sgd(0.1): the batch's loss is sum(v (w x - y)^2) / sum(v). */
static void check_sample_weights(void)
{
    Arena *arena = arena_new();
    ModelInstance *m;
    DataInfo data = real_data(1, (int64_t[]){ 1 });
    data.weighted = true;
    Bench b =
        bench_new(script_for(arena, "", "dense(1, bias = false)", "optimizer = sgd(lr = 0.1)"));
    Graph *g = graph_for(&b, &data, UNIT_TRAIN, &m);
    double w = 0.5, lr = 0.1, x[] = { 1, -2, 3 }, y[] = { 2, 1, 0 }, v[] = { 0.5, 0, 2 };
    Interpretation in = {
        .g = g, .n = 3, .x = x, .y = y, .w = v, .tensor = (double *[]){ &w }, .hyper = { 0 }
    };
    in.hyper[HYPER_LR] = lr;

    double sum = 0, slope = 0;
    for (int i = 0; i < 3; i++) {
        sum += v[i] * (w * x[i] - y[i]) * (w * x[i] - y[i]);
        slope += v[i] * 2 * (w * x[i] - y[i]) * x[i];
    }
    if (g)
        interpret(&in);
    ok(g && fabs(in.slot[SLOT_LOSS] - sum) < 1e-12 && fabs(in.slot[SLOT_WEIGHT] - 2.5) < 1e-12,
       "a sample's weight multiplies its loss, and the weights are added up");
    ok(g && in.assigned[0] && fabs(in.assigned[0][0] - (w - lr * slope / 2.5)) < 1e-12,
       "the loss is divided by the batch's weights");

    memset(v, 0, sizeof v);
    if (g)
        interpret(&in);
    ok(g && in.slot[SLOT_LOSS] == 0 && in.assigned[0] && in.assigned[0][0] == w,
       "a batch of weights that are all 0 changes nothing");
    bench_free(&b);
    arena_free(arena);
}

static void check_random(void)
{
    Arena *arena = arena_new();
    DataInfo data = real_data(1, (int64_t[]){ 64 });
    data.target = shape_of(1, (int64_t[]){ 64 });
    double *x = ARENA_ARRAY(arena, double, 64 * 64);
    for (size_t i = 0; i < 64 * 64; i++)
        x[i] = 1;

    static const struct {
        const char *layer;
        UnitKind kind;
        double mean, square;
    } rows[] = {
        { "dropout(0.3)", UNIT_TRAIN, 0, 1 / 0.7 }, { "dropout(0.3)", UNIT_PASSES, 1, 1 / 0.7 },
        { "dropout(0.3)", UNIT_PREDICT, 1, 1 },     { "noise(0.5)", UNIT_TRAIN, 0, 1.25 },
        { "noise(0.5)", UNIT_PASSES, 1, 1 },        { "rrelu", UNIT_PREDICT, 1, 1 },
        { "blur", UNIT_TRAIN, 0, 1 / 3.0 + 0.25 },  { "blur", UNIT_PREDICT, 0, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Bench b = bench_new(script_for(arena, "fn blur(x) = x * uniform(-1, 1) + normal(0, 0.5)",
                                       rows[i].layer, "loss = mse"));
        ModelInstance *m;
        Graph *g = graph_for(&b, &data, rows[i].kind, &m);
        Interpretation in = { .g = g, .n = 64, .x = x, .y = ARENA_ARRAY(arena, double, 64 * 64) };
        if (g)
            interpret(&in);
        double mean = 0, square = g ? in.slot[SLOT_LOSS] / 64 : 0;
        if (g && rows[i].kind != UNIT_TRAIN) {
            square = 0;
            for (size_t k = 0; k < 64 * 64; k++) {
                mean += in.out[k] / (64 * 64);
                square += in.out[k] * in.out[k] / (64 * 64);
            }
        }
        ok(g && fabs(mean - rows[i].mean) < 0.05 && fabs(square - rows[i].square) < 0.08,
           "random: %s, mean %.3g, mean square %.3g", rows[i].layer, mean, square);
        bench_free(&b);
    }
    arena_free(arena);
}

/* Values and weights of a body as arguments of blocks and fns; defaults where no recipe is given.
 */
static void check_arguments(void)
{
    Arena *arena = arena_new();
    DataInfo data = real_data(1, (int64_t[]){ 2 });
    data.target = shape_of(1, (int64_t[]){ 2 });
    double x[2] = { 1, -2 }, scale = 3;
    Bench b =
        bench_new(script_for(arena,
                             "block gate(v, k = 2) { h = multiply(v, k)\n"
                             "    in -> add(h) }\n"
                             "fn swish(x, beta = 1) = x * beta",
                             "weight scale = ones\n    gate(in)\n    swish(beta = scale)", ""));

    ModelInstance *m;
    Graph *g = graph_for(&b, &data, UNIT_PREDICT, &m);
    Interpretation in = { .g = g, .n = 1, .x = x, .tensor = (double *[]){ &scale } };
    if (g)
        interpret(&in);
    ok(g && fabs(in.out[0] - 9) < 1e-9 && fabs(in.out[1] - 18) < 1e-9,
       "values of a body as arguments");

    UnitSpec spec = unit_spec(UNIT_TRAIN, m, &data, NULL);
    Graph *train = m ? lower_unit(b.lower, &spec) : NULL;
    ok(train && graph_find_tensor(train, TENSOR_STATE, "optimizer.scale.v") >= 0 &&
           lower_optimizer_lr(b.lower, NULL) == 1e-3,
       "without a recipe: adam");
    if (!train)
        complain(&b);

    spec.kind = UNIT_DIAGNOSE;
    Graph *diagnose = m ? lower_unit(b.lower, &spec) : NULL;
    ok(diagnose && graph_find_tensor(diagnose, TENSOR_RESULT, "nonfinite.gate1.multiply1") >= 0 &&
           graph_find_tensor(diagnose, TENSOR_RESULT, "nonfinite.swish1") >= 0,
       "diagnosis names every layer");

    spec.kind = UNIT_GRADIENTS;
    Graph *gradients = m ? lower_unit(b.lower, &spec) : NULL;
    ok(gradients && graph_find_tensor(gradients, TENSOR_RESULT, "gradient.m/scale") >= 0,
       "gradients by key");

    if (m)
        lower_set_frozen(b.lower, m, NULL, true);
    spec.kind = UNIT_TRAIN;
    train = m ? lower_unit(b.lower, &spec) : NULL;
    ok(train != NULL, "a step in which everything is frozen");

    bench_free(&b);
    arena_free(arena);
}

static void check_size(void)
{
    Arena *arena = arena_new();
    DataInfo data = real_data(1, (int64_t[]){ 2 });
    Bench b = bench_new(script_for(arena, "", "dense(9000000000000) -> dense(9000000000000)", ""));
    ok(!model_of(&b, &data) && error_of(&b, DIAG_TOO_LARGE), "weights beyond memory are refused");
    bench_free(&b);
    char *blocks = arena_printf(arena, "block b0 { relu }");
    for (int i = 1; i <= 40; i++)
        blocks = arena_printf(arena, "%s\nblock b%d { b%d -> b%d }", blocks, i, i - 1, i - 1);
    b = bench_new(script_for(arena, blocks, "b40 -> dense(1)", ""));
    ok(!model_of(&b, &data) && error_of(&b, DIAG_TOO_LARGE),
       "blocks that double forty times are refused at once");
    bench_free(&b);
    b = bench_new(script_for(arena, "", "repeat 100000 { relu }\n    dense(1)", ""));
    ok(model_of(&b, &data) != NULL, "a hundred thousand layers");
    bench_free(&b);
    arena_free(arena);
}

static void check_functions(void)
{
    Bench b = bench_new("fn bowl(x, y, k = 20) = x^2 / k + y^2\n"
                        "recipe r { optimizer = sgd(lr = 0.1), clip = norm(1) }\n"
                        "minimize bowl with r as p { x = -7, y = 2, steps = 3 }\n"
                        "check_gradients bowl as g\n");
    const CheckedAction *action = action_of(&b, VERB_MINIMIZE);
    UnitSpec spec = unit_spec(UNIT_MINIMIZE, NULL, NULL, action);
    spec.batch = 0;
    Graph *g = action ? lower_unit(b.lower, &spec) : NULL;
    if (!ok(g != NULL, "minimize: lowered"))
        complain(&b);

    if (g) {
        double x = -7, y = 2;
        double *tensors[2] = { &x, &y };
        Interpretation in = {
            .g = g, .n = 1, .tensor = tensors, .hyper = { [HYPER_LR] = 0.1, [HYPER_STEPS] = 3 }
        };
        interpret(&in);
        double norm = sqrt(0.7 * 0.7 + 16), nx = -7 + 0.1 * 0.7 / norm, ny = 2 - 0.1 * 4 / norm;
        ok(fabs(in.assigned[0][0] - nx) < 1e-6 && fabs(in.assigned[1][0] - ny) < 1e-6,
           "minimize: one step with a clip over both variables");
        ok(fabs(in.slot[SLOT_VALUE] - (nx * nx / 20 + ny * ny)) < 1e-6 && in.slot[SLOT_LR] == 0.1,
           "minimize: the value after the step");
    }

    action = action_of(&b, VERB_CHECK_GRADIENTS);
    spec = unit_spec(UNIT_GRADIENTS, NULL, NULL, action);
    g = action ? lower_unit(b.lower, &spec) : NULL;
    ok(g && graph_find_tensor(g, TENSOR_RESULT, "gradient.x") >= 0 &&
           graph_find_tensor(g, TENSOR_RESULT, "gradient.y") >= 0 &&
           graph_find_tensor(g, TENSOR_RESULT, "gradient.k") < 0,
       "check_gradients of a fn: its leading arguments");
    bench_free(&b);
}

/* Derivatives where they jump, far out, and the way of a NaN. */
static void check_kinks(void)
{
    static const struct {
        const char *name;
        double at_zero;
    } rows[] = {
        { "linear", 1 },
        { "logistic", 0.25 },
        { "relu", 0 },
        { "leaky_relu", 0.01 },
        { "rrelu", 11 / 48.0 },
        { "elu", 1 },
        { "selu", 1.7580993408473766 },
        { "gelu", 0.5 },
        { "silu", 0.5 },
        { "softplus", 0.5 },
        { "mish", 0.6 },
        { "hard_swish", 0.5 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Bench b = bench_new("");
        const Form *form =
            sema_find_form(b.sema, FORM_FN, intern_cstr(sema_names(b.sema), rows[i].name));
        CheckedAction action = { .verb = VERB_CHECK_GRADIENTS,
                                 .function = form ? form->decl : NULL };
        UnitSpec spec = unit_spec(UNIT_GRADIENTS, NULL, NULL, &action);
        Graph *g = action.function ? lower_unit(b.lower, &spec) : NULL;
        double x[LOWER_CHECK_POINTS] = { 0, 200, -200 };
        Interpretation in = { .g = g, .n = 1, .tensor = (double *[]){ x, NULL } };
        if (g)
            interpret(&in);
        const double *gradient = g ? in.assigned[1] : NULL;
        bool right = g && fabs(gradient[0] - rows[i].at_zero) < 1e-9 && isfinite(gradient[1]) &&
                     isfinite(gradient[2]);
        x[5] = NAN;
        if (g)
            interpret(&in);
        ok(right && isnan(in.slot[SLOT_LOSS]), "kinks: %s, derivative %.4g at 0", rows[i].name,
           gradient ? gradient[0] : NAN);
        bench_free(&b);
    }
}

static void check_long_expressions(void)
{
    Arena *arena = arena_new();
    char *text = malloc(2000000), *p = text;
    p += sprintf(p, "fn long_sum(x) = x");
    for (int i = 0; i < 20000; i++)
        p += sprintf(p, " + 1");
    p += sprintf(p, "\nfn signs(x) = ");
    for (int i = 0; i < 10000; i++)
        p += sprintf(p, "- ");
    p += sprintf(p, "x\nfn choices(x) = ");
    for (int i = 0; i < 5000; i++)
        p += sprintf(p, "x > %d ? %d : ", 6000 - i, i);
    sprintf(p, "x\n");
    Bench b = bench_new(script_for(arena, text, "long_sum -> signs -> choices -> dense(1)", ""));
    DataInfo data = real_data(1, (int64_t[]){ 2 });
    ModelInstance *m;
    Graph *g = b.diags->errors ? NULL : graph_for(&b, &data, UNIT_TRAIN, &m);
    ok(g || b.diags->errors, "expressions of many thousand terms are lowered or refused");
    bench_free(&b);
    arena_free(arena);
    free(text);
}

int main(void)
{
    check_initialisers();
    check_names();
    check_errors();
    check_states_of_optimizer();
    check_states_of_average();
    check_frozen();
    check_frozen_statistics();
    check_bounded_filters(1);
    check_bounded_filters(2);
    check_sample_weights();
    check_random();
    check_arguments();
    check_size();
    check_functions();
    check_kinks();
    check_long_expressions();
    return done_testing();
}
