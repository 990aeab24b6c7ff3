/* test_codegen.c: generated code against oracles: libm in float64, Philox in C, naive sums. Graphs
 * go through all passes. */
#include "codegen/backend.h"
#include "tap.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;
static Jit *jit;

typedef struct Run {
    Graph *graph;
    float *tensor[8];
    nnrt_call call;
    float *arena_memory;
} Run;

static float *floats(size_t count)
{
    float *p = aligned_alloc(NNRT_ALIGN, ((count + LANES) * sizeof(float) + 63) / 64 * 64);
    memset(p, 0, (count + LANES) * sizeof(float));
    return p;
}

static Graph *new_graph(int64_t batch)
{
    static int number;
    return graph_new(arena, arena_printf(arena, "t%d", number++), batch);
}

static int tensor(Graph *g, const char *name, int rank, const int64_t *dims, int feature_axis)
{
    return graph_add_tensor(g, (Tensor){ .role = TENSOR_WEIGHT,
                                         .name = name,
                                         .shape = shape_of(rank, dims),
                                         .feature_axis = feature_axis,
                                         .weight = -1 });
}

/* Compiles, packs the tensors given, runs n samples, unpacks. False: reported. */
static bool run_graph(Graph *g, float **logical, int64_t n, const float *x, float *out, int threads)
{
    char *error = NULL;
    PassOptions none = { 0 };
    Plan *plan = passes_run(g, &none, &error);
    if (!plan)
        return ok(0, "passes accept the graph: %s", error), false;
    nnrt_unit unit = cpu_backend.jit_compile(jit, plan, &error);
    if (!unit)
        return ok(0, "the plan compiles: %s", error), false;

    float *packed[16] = { 0 };
    for (size_t i = 0; i < g->tensors.len; i++) {
        const Tensor *t = &g->tensors.data[i];
        packed[i] = floats(nnrt_packed_floats(t->shape.dim, t->shape.rank, t->feature_axis));
        nnrt_pack(logical[i], packed[i], t->shape.dim, t->shape.rank, t->feature_axis);
    }

    double scalars[64] = { 0 }, metric[NNRT_METRICS] = { 0 };
    nnrt_call call = { .tensor = packed,
                       .arena = floats((size_t)plan->arena_bytes / 4 + 64),
                       .scalar = plan->scalar_count < 64 ? scalars : NULL,
                       .x = x,
                       .out = out,
                       .metric = metric,
                       .last = n,
                       .threads = threads,
                       .barrier = nnrt_barrier_new(threads),
                       .seed = 0x123456789abcdef0u,
                       .step = 7 };
    nnrt_parallel(unit, &call);

    for (size_t i = 0; i < g->tensors.len; i++) {
        const Tensor *t = &g->tensors.data[i];
        nnrt_unpack(packed[i], logical[i], t->shape.dim, t->shape.rank, t->feature_axis);
        free(packed[i]);
    }
    nnrt_barrier_free(call.barrier);
    free(call.arena);
    return true;
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* ---- elementary functions ---- */
typedef struct Elementary {
    Op op;
    const char *name;
    double low, high, ulp;
    double (*exact)(double);
} Elementary;

static const Elementary elementary[] = {
    { IR_EXP, "exp", -87, 88.7, 2, exp },     { IR_LN, "ln", 1e-30, 1e5, 2, log },
    { IR_LN, "ln near 1", 0.9, 1.1, 2, log }, { IR_TANH, "tanh", -12, 12, 2, tanh },
    { IR_ERF, "erf", -5, 5, 2, erf },         { IR_SIN, "sin", -1000, 1000, 2, sin },
    { IR_COS, "cos", -1000, 1000, 2, cos },   { IR_SIGMOID, "sigmoid", -50, 50, 4, logistic },
    { IR_SQRT, "sqrt", 0, 1e6, 0.51, sqrt },  { IR_FLOOR, "floor", -100, 100, 0, floor },
    { IR_ABS, "abs", -3, 3, 0, fabs },
};

static void test_scalar_table(void)
{
    const char *missing = NULL;
    for (int i = 0; i < IR_OP_COUNT; i++)
        if (op_class((Op)i) == CLASS_MAP && !cpu_backend.has_map((Op)i))
            missing = op_name((Op)i);
    ok(!missing, "each elementwise op has its code%s%s", missing ? ", but not " : "",
       missing ? missing : "");
}

static void test_elementary(const Elementary *f)
{
    enum { ROWS = 2048, COUNT = ROWS * LANES };

    static float x[COUNT], y[COUNT];
    const int64_t dims[] = { ROWS, LANES };
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)(f->low + (f->high - f->low) * (i + 0.37) / COUNT);
    Graph *g = new_graph(0);
    int from = tensor(g, "x", 2, dims, 1), to = tensor(g, "y", 2, dims, 1);
    g_assign(g, to, g_unary(g, f->op, g_weight(g, from)));
    if (!run_graph(g, (float *[]){ x, y }, 1, NULL, NULL, 1))
        return;
    double worst = 0;
    for (int i = 0; i < COUNT; i++) {
        double want = f->exact(x[i]), ulp = fabs(nextafterf((float)want, INFINITY) - (float)want);
        double off = fabs(y[i] - want) / fmax(ulp, FLT_MIN);
        if (!(off <= worst))
            worst = off;
    }
    ok(worst <= f->ulp, "%s is within %g ulp of libm's (%.2f)", f->name, f->ulp, worst);
}

static void test_pow(void)
{
    enum { ROWS = 512, COUNT = ROWS * LANES };

    static float a[COUNT], b[COUNT], y[COUNT];
    const int64_t dims[] = { ROWS, LANES };
    for (int i = 0; i < COUNT; i++) {
        a[i] = (float)exp((i % 97) * 0.2 - 9);
        b[i] = (float)((i / 97) % 41) * 0.37f - 7;
    }
    Graph *g = new_graph(0);
    int ta = tensor(g, "a", 2, dims, 1), tb = tensor(g, "b", 2, dims, 1),
        ty = tensor(g, "y", 2, dims, 1);
    g_assign(g, ty, g_binary(g, IR_POW, g_weight(g, ta), g_weight(g, tb)));
    if (!run_graph(g, (float *[]){ a, b, y }, 1, NULL, NULL, 1))
        return;
    double worst = 0;
    for (int i = 0; i < COUNT; i++) {
        float want = (float)pow(a[i], b[i]);
        double off = fabs((double)y[i] - want) / fmax(fabs((double)want), FLT_MIN);
        if (!(off <= worst))
            worst = off;
    }
    ok(worst < 2.4e-7, "a^b is within 2 ulp of libm's (%.3g)", worst);
    float base[] = { -2, -2, -2, 0, 0, 2, INFINITY, NAN, -8, 1, 0, 4, 9, -1, -3, 5 },
          power[] = { 3, 2, 0.5f, 2, -1, 0, -1, 1, 1, NAN, 0, 0.5f, -0.5f, 5, -3, 1 };
    memcpy(a, base, sizeof base);
    memcpy(b, power, sizeof power);
    Graph *h = new_graph(0);
    ta = tensor(h, "a", 2, dims, 1), tb = tensor(h, "b", 2, dims, 1),
    ty = tensor(h, "y", 2, dims, 1);
    g_assign(h, ty, g_binary(h, IR_POW, g_weight(h, ta), g_weight(h, tb)));
    if (!run_graph(h, (float *[]){ a, b, y }, 1, NULL, NULL, 1))
        return;
    int wrong = 0;
    for (int i = 0; i < LANES; i++) {
        double want = isnan(base[i]) || isnan(power[i]) ? NAN : pow(base[i], power[i]);
        wrong +=
            !(isnan(want) ? isnan(y[i]) : fabs(y[i] - want) <= 1e-6 * fabs(want) || y[i] == want);
    }
    ok(wrong == 0, "a^b of negative bases, zeros, infinities and NaN is libm's (%d differ)", wrong);
}

/* ---- random numbers ---- */
static void test_random(void)
{
    enum { N = 5, F = 37 };

    Graph *g = new_graph(8);
    g->sample = shape_of(2, (int64_t[]){ DIM_BATCH, F });
    NodeId u = g_random(g, RANDOM_UNIFORM, g->sample);
    uint32_t stream = graph_node(g, u)->as.random.stream;
    g_emit(g, SLOT_OUT, g_binary(g, IR_ADD, u, g_binary(g, IR_MUL, g_input(g), g_const(g, 1e-30))),
           -1);
    static float x[N * F], out[N * F];
    if (!run_graph(g, (float *[]){ NULL }, N, x, out, 1))
        return;
    int wrong = 0;
    for (uint32_t r = 0; r < N; r++) {
        for (uint32_t f = 0; f < F; f++) {
            uint32_t counter[] = { r, (f / 16) * 4 + f % 4, stream, 7 },
                     key[] = { 0x9abcdef0u, 0x12345678u }, word[4];
            nnrt_philox(counter, key, word);
            wrong += out[r * F + f] != (float)(word[(f % 16) / 4] >> 8) / 16777216.0f;
        }
    }
    ok(wrong == 0, "in-kernel Philox gives the runtime's numbers (%d differ)", wrong);
}

/* ---- products ---- one training step of y = x w^T with w -= dy^T x, for shapes at and around the
 * edges of tiles and panels */
static void test_product(int64_t n, int64_t in, int64_t units, int threads)
{
    Graph *g = new_graph(n);
    const int64_t dims[] = { units, in };
    g->sample = shape_of(2, (int64_t[]){ DIM_BATCH, in });
    int w = tensor(g, "w", 2, dims, 0);
    NodeId x = g_input(g), weight = g_weight(g, w);
    NodeId y = g_contract(g, x, weight, false, true, shape_of(2, (int64_t[]){ DIM_BATCH, units }));
    /* y w, as for the gradient of the input */
    NodeId back = g_contract(g, y, weight, false, false, g->sample);
    NodeId dw = g_contract(g, y, x, true, false, shape_of(2, dims));
    g_assign(g, w, g_binary(g, IR_SUB, weight, dw));
    g_emit(g, SLOT_OUT, back, -1);

    float *xs = floats((size_t)(n * in)), *ws = floats((size_t)(units * in)),
          *out = floats((size_t)(n * in)), *old = floats((size_t)(units * in));
    for (int64_t i = 0; i < n * in; i++)
        xs[i] = (float)((i * 7919) % 17 - 8) / 8;
    for (int64_t i = 0; i < units * in; i++)
        old[i] = ws[i] = (float)((i * 104729) % 13 - 6) / 8;
    if (!run_graph(g, (float *[]){ ws }, n, xs, out, threads))
        return;

    double *ys = calloc((size_t)(n * units), sizeof(double)), worst = 0;
    for (int64_t r = 0; r < n; r++) {
        for (int64_t j = 0; j < units; j++)
            for (int64_t k = 0; k < in; k++)
                ys[r * units + j] += (double)xs[r * in + k] * old[j * in + k];
    }

    for (int64_t j = 0; j < units; j++) {
        for (int64_t k = 0; k < in; k++) {
            double want = old[j * in + k], size = 1;
            for (int64_t r = 0; r < n; r++) {
                double term = ys[r * units + j] * xs[r * in + k];
                want -= term;
                size += fabs(term);
            }
            worst = fmax(worst, fabs(ws[j * in + k] - want) / size);
        }
    }

    for (int64_t r = 0; r < n; r++) {
        for (int64_t k = 0; k < in; k++) {
            double want = 0, size = 1;
            for (int64_t j = 0; j < units; j++) {
                double term = ys[r * units + j] * old[j * in + k];
                want += term;
                size += fabs(term);
            }
            worst = fmax(worst, fabs(out[r * in + k] - want) / size);
        }
    }

    ok(worst < 1e-6, "products of %d samples, %d inputs, %d units on %d threads (off by %.2g)",
       (int)n, (int)in, (int)units, threads, worst);
    free(xs), free(ws), free(out), free(old), free(ys);
}

/* ---- products of bfloat16 ---- the same step on rounded factors, bit for bit: pairs of terms, the
 * odd one first, nothing below the normal numbers */
static float round_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float normal(float x)
{
    return fabsf(x) < FLT_MIN ? copysignf(0, x) : x;
}

typedef struct Line {
    const float *at;
    int64_t step;
} Line;

static float dot_bf16(Line a, Line b, int64_t count)
{
    float sum = 0;
    for (int64_t k = 0; k < count; k += 2) {
        for (int64_t i = k + 1; i >= k; i--) {
            float x = i < count ? normal(round_bf16(a.at[i * a.step])) : 0,
                  y = i < count ? normal(round_bf16(b.at[i * b.step])) : 0;
            sum = normal(fmaf(x, y, sum));
        }
    }
    return sum;
}

static void test_bf16(const char *cpu, int64_t n, int64_t in, int64_t units, float scale)
{
    Graph *g = new_graph(n);
    const int64_t dims[] = { units, in };
    g->rounds_products = true;
    g->sample = shape_of(2, (int64_t[]){ DIM_BATCH, in });
    int w = tensor(g, "w", 2, dims, 0);
    NodeId x = g_input(g), weight = g_weight(g, w),
           y = g_contract(g, x, weight, false, true, shape_of(2, (int64_t[]){ DIM_BATCH, units }));
    g_assign(g, w,
             g_binary(g, IR_SUB, weight, g_contract(g, y, x, true, false, shape_of(2, dims))));
    g_emit(g, SLOT_OUT, g_contract(g, y, weight, false, false, g->sample), -1);

    float *xs = floats((size_t)(n * in)), *ws = floats((size_t)(units * in)),
          *out = floats((size_t)(n * in)), *old = floats((size_t)(units * in)),
          *ys = floats((size_t)(n * units));
    for (int64_t i = 0; i < n * in; i++)
        xs[i] = (float)((i * 7919) % 1013 - 500) / 77 * scale;
    for (int64_t i = 0; i < units * in; i++)
        old[i] = ws[i] = (float)((i * 104729) % 1009 - 504) / 99;
    if (!run_graph(g, (float *[]){ ws }, n, xs, out, 2))
        return;

    int wrong = 0;
    for (int64_t r = 0; r < n; r++)
        for (int64_t j = 0; j < units; j++)
            ys[r * units + j] = dot_bf16((Line){ xs + r * in, 1 }, (Line){ old + j * in, 1 }, in);
    for (int64_t r = 0; r < n; r++) {
        for (int64_t k = 0; k < in; k++) {
            wrong += out[r * in + k] !=
                     dot_bf16((Line){ ys + r * units, 1 }, (Line){ old + k, in }, units);
        }
    }
    for (int64_t j = 0; j < units; j++) {
        for (int64_t k = 0; k < in; k++) {
            wrong += ws[j * in + k] !=
                     old[j * in + k] - dot_bf16((Line){ ys + j, units }, (Line){ xs + k, in }, n);
        }
    }

    ok(!wrong, "bfloat16 for %s: %d samples, %d inputs, %d units, inputs times %g (%d differ)", cpu,
       (int)n, (int)in, (int)units, scale, wrong);
    free(xs), free(ws), free(out), free(old), free(ys);
}

static void test_bf16_on(const char *cpu)
{
    static const int64_t shapes[][3] = { { 64, 100, 80 }, { 37, 49, 33 },   { 32, 33, 34 },
                                         { 50, 784, 10 }, { 128, 32, 130 }, { 2, 400, 300 } };
    char *error = NULL;
    Jit *own = jit;
    Target *target = cpu_backend.target_new(arena, cpu, &error);
    jit = target ? cpu_backend.jit_new(target, &error) : NULL;
    if (jit)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            test_bf16(cpu, shapes[i][0], shapes[i][1], shapes[i][2], i % 2 ? 1 : 1e-20f);
    else
        ok(1, "bfloat16 for %s # SKIP %s", cpu, error);
    cpu_backend.jit_free(jit);
    cpu_backend.target_free(target);
    jit = own;
}

/* ---- zeros that are skipped ---- the same product and weights, once as a pruned kernel's: bit for
 * bit, numbers beyond the finite and sums that vanish included */
static void test_skipped_zeros(int64_t n, int64_t in, int64_t units, int every, int threads)
{
    enum { BATCH = 128 };

    const int64_t dims[] = { units, in };
    float *xs = floats((size_t)(n * in)), *ws = floats((size_t)(units * in)), *out[2];
    for (int64_t i = 0; i < n * in; i++)
        xs[i] = i % 5 == 0 ? 0 : (float)((i * 7919) % 1009 - 504) / 77;
    xs[70 * in + 3] = INFINITY;
    xs[100 * in + in - 1] = NAN;
    /* products that vanish, from below too */
    for (int64_t i = 0; i < 3 * in; i++)
        xs[i] = i % 2 ? -1e-30f : 1e-30f;
    for (int64_t i = 0; i < units * in; i++)
        if ((i * 104729 >> 3) % every)
            ws[i] = i % 2 ? 0 : -0.0f;
        else
            ws[i] = (float)((i * 1299709) % 1013 - 500) / 99 * (i < 9 * in ? 1e-30f : 1);
    bool fine = true;
    for (int pruned = 0; pruned < 2; pruned++) {
        Graph *g = new_graph(BATCH);
        g->sample = shape_of(2, (int64_t[]){ DIM_BATCH, in });
        int w = tensor(g, "w", 2, dims, 0);
        g->tensors.data[w].pruned = pruned;
        NodeId y = g_contract(g, g_input(g), g_weight(g, w), false, true,
                              shape_of(2, (int64_t[]){ DIM_BATCH, units }));
        g_emit(g, SLOT_OUT, y, -1);
        out[pruned] = floats((size_t)(n * units));
        fine = fine && run_graph(g, (float *[]){ ws }, n, xs, out[pruned], threads);
    }
    int wrong = 0, negative = 0, beyond = 0;
    for (int64_t i = 0; i < n * units; i++) {
        float full = out[0][i] + 0.0f, skipped = out[1][i];
        wrong += isnan(full) ? !isnan(skipped) : memcmp(&full, &skipped, sizeof full) != 0;
        negative += skipped == 0 && signbit(skipped);
        beyond += !isfinite(skipped);
    }
    ok(fine && !wrong && !negative && beyond,
       "%d samples by %d x %d of which one in %d is not 0, on %d threads: the same bits (%d "
       "differ, %d are -0)",
       (int)n, (int)units, (int)in, every, threads, wrong, negative);
    free(xs), free(ws), free(out[0]), free(out[1]);
}

/* Layers of one shape are the same functions, with arguments of their own. */
static size_t functions_of(Target *target, int depth, size_t *kernels)
{
    enum { N = 24, WIDTH = 40 };

    Graph *g = new_graph(N);
    g->sample = shape_of(2, (int64_t[]){ DIM_BATCH, WIDTH });
    NodeId at = g_input(g), layer[16], weight[16];
    for (int i = 0; i < depth; i++) {
        weight[i] = g_weight(
            g, tensor(g, arena_printf(arena, "w%d", i), 2, (int64_t[]){ WIDTH, WIDTH }, 0));
        layer[i] = at;
        at = g_unary(g, IR_TANH, g_contract(g, at, weight[i], false, true, g->sample));
    }
    for (int i = 0; i < depth; i++) {
        g_assign(g, i,
                 g_binary(g, IR_SUB, weight[i],
                          g_contract(g, at, layer[i], true, false,
                                     shape_of(2, (int64_t[]){ WIDTH, WIDTH }))));
    }
    g_emit(g, SLOT_OUT, at, -1);
    char *error = NULL;
    PassOptions none = { 0 };
    Plan *plan = passes_run(g, &none, &error);
    char *text = plan ? cpu_backend.unit_text(target, plan, CODE_LLVM, &error) : NULL;
    size_t count = 0;
    for (const char *c = text; c && (c = strstr(c, "\ndefine ")); c++)
        count++;
    free(text);
    *kernels = plan ? plan->kernels.len : 0;
    return count;
}

static void test_shared_kernels(Target *target)
{
    size_t kernels[2], few = functions_of(target, 5, &kernels[0]),
                       many = functions_of(target, 12, &kernels[1]);
    ok(few > 0 && few == many && kernels[1] >= kernels[0] + 14,
       "12 layers are no more functions than 5 (%zu and %zu, of %zu and %zu kernels)", many, few,
       kernels[1], kernels[0]);
}

static void test_products(void)
{
    static const int64_t shapes[][3] = { { 1, 1, 2 },      { 2, 3, 5 },     { 5, 16, 16 },
                                         { 7, 17, 15 },    { 13, 31, 33 },  { 128, 100, 37 },
                                         { 64, 300, 200 }, { 33, 784, 10 }, { 100, 48, 129 },
                                         { 256, 5, 5 } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int threads = 1; threads <= 2; threads++)
            test_product(shapes[i][0], shapes[i][1], shapes[i][2], threads);
}

static void test_pruned(void)
{
    static const int64_t pruned[][4] = { { 300, 100, 37, 10 },
                                         { 389, 129, 64, 4 },
                                         { 128, 784, 10, 10 },
                                         { 257, 64, 100, 2 },
                                         { 140, 300, 16, 20 } };
    for (size_t i = 0; i < sizeof pruned / sizeof *pruned; i++) {
        test_skipped_zeros(pruned[i][0], pruned[i][1], pruned[i][2], (int)pruned[i][3],
                           (int)i % 2 + 1);
    }
}

static void test_cpus(void)
{
    char *unknown = NULL, *weak = NULL;
    ok(!cpu_backend.target_new(arena, "znver33", &unknown) && strstr(unknown, "znver3"),
       "an unknown CPU is answered with the nearest one");
    ok(!cpu_backend.target_new(arena, "x86-64-v2", &weak) && strstr(weak, "multiply-add"),
       "a CPU without fused multiply-add is refused");
}

int main(void)
{
    char *error = NULL;
    arena = arena_new();
    Target *target = cpu_backend.target_new(arena, NULL, &error);
    jit = target ? cpu_backend.jit_new(target, &error) : NULL;
    if (!jit) {
        printf("1..0 # SKIP %s\n", error);
        return 0;
    }

    test_scalar_table();
    for (size_t i = 0; i < sizeof elementary / sizeof *elementary; i++)
        test_elementary(&elementary[i]);
    test_pow();
    test_random();
    test_products();
    test_bf16_on("native");
    test_bf16_on("x86-64-v3");
    test_pruned();
    test_shared_kernels(target);
    test_cpus();

    cpu_backend.jit_free(jit);
    cpu_backend.target_free(target);
    arena_free(arena);
    return done_testing();
}
