/* test_steps.c: whole steps, passes and generated code together, against the interpreter: networks,
 * and graphs drawn at random. */
#include "codegen/backend.h"
#include "interpret.h"
#include "networks.h"
#include "tap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;
static Target *target;

static uint64_t seed = 88172645463325252u;

static double uniform(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) / 9007199254740992.0;
}

static int below(int n)
{
    return (int)(uniform() * n);
}

/* Memory full of NaN: what is read before it is written shows. */
static float *floats(int64_t count)
{
    float *p = aligned_alloc(NNRT_ALIGN, ((size_t)count * sizeof(float) + 2 * NNRT_ALIGN) /
                                             NNRT_ALIGN * NNRT_ALIGN);
    for (int64_t i = 0; i < count; i++)
        p[i] = NAN;
    return p;
}

typedef struct Compared {
    double worst;
    const char *where;
} Compared;

static void compare(Compared *c, double got, double want, double scale, const char *where)
{
    if (isnan(got) && isnan(want))
        return;
    double off = fabs(got - want) / (scale + fabs(want));
    if (off <= c->worst)
        return;
    c->worst = off;
    c->where = where;
}

/* One step of n samples from random tensors: in float64 for the interpreter, in float32, packed,
 * for the compiled unit. */
typedef struct Step {
    Arena *arena;
    Interpretation in;
    float *x, *y, *w, **packed, **logical;
} Step;

static void random_samples(Step *s)
{
    int64_t classes = 3, x_count = s->in.n * shape_elements(s->in.g->sample),
            y_count = s->in.n * shape_elements(s->in.g->target);
    double *x = ARENA_ARRAY(s->arena, double, x_count), *y = ARENA_ARRAY(s->arena, double, y_count);
    s->x = ARENA_ARRAY(s->arena, float, x_count);
    s->y = ARENA_ARRAY(s->arena, float, y_count);
    for (int64_t i = 0; i < x_count; i++)
        x[i] = s->x[i] = (float)(uniform() * 2 - 1);
    for (int64_t i = 0; i < y_count; i++)
        y[i] = s->y[i] = (float)below((int)classes);
    s->in.x = x;
    s->in.y = y;

    double *w = ARENA_ARRAY(s->arena, double, s->in.n);
    s->w = ARENA_ARRAY(s->arena, float, s->in.n);
    for (int64_t i = 0; i < s->in.n; i++)
        w[i] = s->w[i] = (float)(uniform() * 2);
    s->in.w = w;
}

static void random_tensors(Step *s)
{
    size_t tensors = s->in.g->tensors.len;
    s->in.tensor = ARENA_ARRAY(s->arena, double *, tensors + 1);
    s->packed = ARENA_ARRAY(s->arena, float *, tensors + 1);
    s->logical = ARENA_ARRAY(s->arena, float *, tensors + 1);
    for (size_t t = 0; t < tensors; t++) {
        const Tensor *tensor = &s->in.g->tensors.data[t];
        int64_t count = shape_elements(tensor->shape);
        bool square = strstr(tensor->name, ".v") || strstr(tensor->name, "running_var");
        s->in.tensor[t] = ARENA_ARRAY(s->arena, double, count);
        s->logical[t] = ARENA_ARRAY(s->arena, float, count);
        for (int64_t i = 0; i < count; i++) {
            double z = uniform() - 0.5;
            s->in.tensor[t][i] = s->logical[t][i] = (float)(square ? z * z + 0.1 : z);
        }

        s->packed[t] = floats((int64_t)nnrt_packed_floats(tensor->shape.dim, tensor->shape.rank,
                                                          tensor->feature_axis));
        nnrt_pack(s->logical[t], s->packed[t], tensor->shape.dim, tensor->shape.rank,
                  tensor->feature_axis);
    }
}

static void compare_tensors(Compared *c, Step *s)
{
    for (size_t t = 0; t < s->in.g->tensors.len; t++) {
        const Tensor *tensor = &s->in.g->tensors.data[t];
        const double *want = s->in.assigned[t] ? s->in.assigned[t] : s->in.tensor[t];
        nnrt_unpack(s->packed[t], s->logical[t], tensor->shape.dim, tensor->shape.rank,
                    tensor->feature_axis);
        for (int64_t i = 0; i < shape_elements(tensor->shape); i++)
            compare(c, s->logical[t][i], want[i], 1e-2, tensor->name);
        free(s->packed[t]);
    }
}

/* The largest relative difference between interpreter and unit. */
static Compared step(Graph *g, nnrt_unit unit, const Plan *plan, int64_t n, int threads)
{
    Step s = { .arena = arena_new(), .in = { .g = g, .n = n } };
    random_samples(&s);
    random_tensors(&s);
    s.in.hyper[HYPER_LR] = 0.01;
    s.in.hyper[HYPER_STEP] = 3;
    interpret(&s.in);

    int64_t out_size = s.in.out ? shape_elements(s.in.out_shape) / n : 0;
    double *scalars = ARENA_ARRAY(s.arena, double, plan->scalar_count + 1),
           metric[NNRT_METRICS] = { 0 };
    scalars[HYPER_LR] = 0.01;
    nnrt_call call = { .tensor = s.packed,
                       .arena = floats(plan->arena_bytes / 4),
                       .scalar = scalars,
                       .x = s.x,
                       .y = s.y,
                       .w = s.w,
                       .out = ARENA_ARRAY(s.arena, float, n *out_size + 1),
                       .metric = metric,
                       .last = n,
                       .threads = threads,
                       .barrier = nnrt_barrier_new(threads),
                       .step = 3 };
    nnrt_parallel(unit, &call);

    Compared c = { 0, "" };
    compare_tensors(&c, &s);
    for (int64_t i = 0; i < n * out_size; i++)
        compare(&c, call.out[i], s.in.out[i], 1e-2, "out");
    compare(&c, metric[NNRT_METRIC_LOSS], s.in.slot[SLOT_LOSS], 1e-1, "loss");

    nnrt_barrier_free(call.barrier);
    free(call.arena);
    arena_free(s.arena);
    return c;
}

static void test_graph(Graph *g, int64_t batch, double tolerance, const char *name)
{
    char *error = NULL;
    Plan *plan = passes_run(g, NULL, &error);
    if (!plan) {
        ok(false, "%s: the passes accept it: %s", name, error);
        return;
    }
    Jit *jit = cpu_backend.jit_new(target, &error);
    nnrt_unit unit = jit ? cpu_backend.jit_compile(jit, plan, &error) : NULL;
    if (!unit) {
        ok(false, "%s: it compiles: %s", name, error);
    } else {
        Compared full = step(g, unit, plan, batch, 1),
                 part = step(g, unit, plan, batch * 2 / 3 + 1, 2);
        Compared c = full.worst > part.worst || isnan(full.worst) ? full : part;
        ok(c.worst < tolerance, "%s: a step is the interpreter's (%.2g at %s)", name, c.worst,
           c.where);
    }
    cpu_backend.jit_free(jit);
}

static void test_networks(void)
{
    static const int64_t middle[] = { 40, 23, 3 }, large[] = { 130, 70, 3 }, tiny[] = { 1, 1, 3 };
    static const NetworkSpec specs[] = {
        { .batch = 37, .features = 19, .layers = 3, .units = middle, .train = true, .adam = true },
        { .batch = 37,
          .features = 19,
          .layers = 3,
          .units = middle,
          .train = true,
          .adam = true,
          .norm = NORM_BATCH },
        { .batch = 37,
          .features = 19,
          .layers = 3,
          .units = middle,
          .train = true,
          .adam = true,
          .norm = NORM_LAYER },
        { .batch = 37,
          .features = 19,
          .layers = 3,
          .units = middle,
          .train = true,
          .clip = 0.1,
          .tanh = true },
        { .batch = 128,
          .features = 60,
          .layers = 3,
          .units = large,
          .train = true,
          .adam = true,
          .norm = NORM_BATCH },
        { .batch = 128,
          .features = 60,
          .layers = 3,
          .units = large,
          .train = true,
          .norm = NORM_LAYER,
          .clip = 1 },
        { .batch = 128, .features = 60, .layers = 3, .units = large, .norm = NORM_LAYER },
        { .batch = 5, .features = 1, .layers = 3, .units = tiny, .train = true, .adam = true },
        { .batch = 1, .features = 19, .layers = 2, .units = middle, .train = true },
    };

    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        const char *name = arena_printf(arena, "network%zu", i);
        test_graph(network_graph(arena, name, &specs[i]), specs[i].batch, 2e-4, name);
    }
}

/* Two tensors that each take what the other was. */
static void test_exchange(void)
{
    Graph *g = graph_new(arena, "exchange", 0);
    Tensor t = { .role = TENSOR_WEIGHT,
                 .name = "a",
                 .shape = shape_of(2, (int64_t[]){ 20, 30 }),
                 .weight = -1 };
    int a = graph_add_tensor(g, t);
    t.name = "b";
    int b = graph_add_tensor(g, t);
    NodeId old_a = g_weight(g, a), old_b = g_weight(g, b);
    g_assign(g, a, g_binary(g, IR_MUL, old_b, g_const(g, 2)));
    g_assign(g, b, g_unary(g, IR_TANH, old_a));
    test_graph(g, 1, 1e-6, "exchange");
}

/* ---- random graphs ---- */
typedef struct Pool {
    Graph *g;
    NodeId node[200];
    int count;
    int64_t t, f;
    int weights;
    NodeId weight[16];
} Pool;

static Shape shape_at(const Pool *p, NodeId id)
{
    return graph_node(p->g, id)->shape;
}

static NodeId pick(const Pool *p)
{
    return p->node[below(p->count)];
}

static void keep(Pool *p, NodeId id)
{
    if (p->count < 200 && graph_node(p->g, id)->op != IR_CONST)
        p->node[p->count++] = id;
}

static NodeId random_weight(Pool *p, Shape s, int feature_axis)
{
    if (p->weights == 16)
        return p->weight[0];
    Tensor t = { .role = TENSOR_WEIGHT,
                 .name = arena_printf(p->g->arena, "w%d", p->weights),
                 .shape = s,
                 .feature_axis = feature_axis,
                 .weight = -1 };
    NodeId w = g_weight(p->g, graph_add_tensor(p->g, t));
    p->weight[p->weights++] = w;
    return w;
}

static NodeId tame(Graph *g, NodeId a)
{
    return g_unary(g, IR_TANH, a);
}

static void grow_unary(Pool *p, NodeId a)
{
    static const Op unary[] = { IR_TANH, IR_SIGMOID, IR_NEG, IR_ABS, IR_SIN },
                    bound[] = { IR_MIN, IR_MAX };
    if (below(4) == 0)
        keep(p, g_binary(p->g, bound[below(2)], a, g_const(p->g, 0.2)));
    else
        keep(p, g_unary(p->g, unary[below(5)], a));
}

static void grow_reduction(Pool *p, NodeId a)
{
    Graph *g = p->g;
    Shape to = shape_at(p, a);
    for (int i = 0; i < to.rank; i++)
        if (below(2))
            to.dim[i] = 1;
    if (below(4) == 0) {
        to = shape_scalar();
    } else if (!shape_has_batch(to) && below(2)) {
        while (to.rank > 0 && to.dim[0] == 1) {
            memmove(to.dim, to.dim + 1, sizeof to.dim[0] * (size_t)(to.rank - 1));
            to.rank--;
        }
    }

    NodeId reduced = g_reduce(g, below(5) ? IR_REDUCE_SUM : IR_REDUCE_MAX, a, to);
    keep(p, tame(g, g_binary(g, IR_MUL, reduced, g_const(g, 0.3))));
}

static void grow_product(Pool *p, NodeId a)
{
    Shape s = shape_at(p, a), out = s;
    if (s.rank < 2 || !shape_has_batch(s))
        return;
    out.dim[out.rank - 1] = 1 + below(40);
    const int64_t weight[] = { out.dim[out.rank - 1], s.dim[s.rank - 1] };
    NodeId w = random_weight(p, shape_of(2, weight), 0);
    keep(p, tame(p->g, g_contract(p->g, a, w, false, true, out)));
}

static void grow_bias(Pool *p, NodeId a)
{
    Shape s = shape_at(p, a);
    if (s.rank == 0 || s.dim[s.rank - 1] < 1)
        return;
    NodeId bias = random_weight(p, shape_of(1, &s.dim[s.rank - 1]), 0);
    keep(p, g_binary(p->g, IR_ADD, a, bias));
}

static void grow_reshape(Pool *p, NodeId a)
{
    Graph *g = p->g;
    Shape s = shape_at(p, a);
    if (!shape_has_batch(s))
        return;
    if (s.rank == 3)
        keep(p, g_reshape(g, a, shape_of(2, (int64_t[]){ DIM_BATCH, s.dim[1] * s.dim[2] })));
    else if (s.rank == 2 && s.dim[1] % p->t == 0)
        keep(p, g_reshape(g, a, shape_of(3, (int64_t[]){ DIM_BATCH, p->t, s.dim[1] / p->t })));
}

static void grow_move(Pool *p, NodeId a)
{
    Graph *g = p->g;
    Shape s = shape_at(p, a);
    int axis = s.rank - 1;
    if (s.rank < 2 || s.dim[axis] < 2)
        return;
    if (below(3) == 0 && s.rank == 3) {
        keep(p, g_permute(g, a, (int8_t[]){ 0, 2, 1 }));
    } else if (below(2)) {
        keep(p, g_slice(g, a, axis, 1, s.dim[axis]));
    } else {
        NodeId first = g_pad(g, g_slice(g, a, axis, 0, 1), axis, 1, 0);
        keep(p, g_concat(g, 2, (NodeId[]){ a, first }, axis));
    }
}

/* One more node on nodes that are there. Comparisons are with constants alone: two values that
 * differ in float64 and not in float32 would take different branches. */
static void grow(Pool *p)
{
    static const Op binary[] = { IR_ADD, IR_SUB, IR_MUL };
    Graph *g = p->g;
    NodeId a = pick(p), b = pick(p);
    Shape joined;

    switch (below(9)) {
    case 0: grow_unary(p, a); return;
    case 1:
    case 2:
        if (shape_broadcast(shape_at(p, a), shape_at(p, b), &joined))
            keep(p, g_binary(g, binary[below(3)], a, b));
        return;
    case 3:
        if (shape_broadcast(shape_at(p, a), shape_at(p, b), &joined)) {
            keep(p, g_select(g, g_binary(g, IR_LT, a, g_const(g, 0.3)), a,
                             g_binary(g, IR_MUL, b, g_const(g, 0.5))));
        }
        return;
    case 4: grow_reduction(p, a); return;
    case 5: grow_product(p, a); return;
    case 6: grow_bias(p, a); return;
    case 7: grow_reshape(p, a); return;
    default: grow_move(p, a);
    }
}

static Graph *random_graph(int number, int64_t batch)
{
    Graph *g = graph_new(arena, arena_printf(arena, "random%d", number), batch);
    Pool p = { .g = g, .t = 1 + below(4), .f = 1 + below(20) };
    g->sample = shape_of(3, (int64_t[]){ DIM_BATCH, p.t, p.f });
    g->target = shape_of(2, (int64_t[]){ DIM_BATCH, 1 });

    keep(&p, g_input(g));
    keep(&p, g_reshape(g, g_input(g), shape_of(2, (int64_t[]){ DIM_BATCH, p.t * p.f })));
    keep(&p, g_target(g));
    keep(&p, g_sample_weight(g));
    random_weight(&p, shape_of(2, (int64_t[]){ p.t, p.f }), 1);
    keep(&p, p.weight[0]);

    int size = 5 + below(30);
    for (int i = 0; i < size; i++)
        grow(&p);

    NodeId loss = g_const(g, 0), gradient[16];
    for (int i = 0; i < 4; i++) {
        loss = g_binary(g, IR_ADD, loss,
                        g_reduce(g, IR_REDUCE_SUM,
                                 tame(g, p.node[p.count - 1 - below(p.count < 6 ? p.count : 6)]),
                                 shape_scalar()));
    }
    g_emit(g, SLOT_LOSS, loss, -1);

    for (int i = 0; i < p.count; i++) {
        if (shape_has_batch(shape_at(&p, p.node[i])) && below(4) == 0) {
            g_emit(g, SLOT_OUT, p.node[i], -1);
            break;
        }
    }

    graph_gradient(g, loss, (size_t)p.weights, p.weight, gradient);
    for (int i = 0; i < p.weights; i++) {
        g_assign(
            g, i,
            g_binary(g, IR_SUB, p.weight[i], g_binary(g, IR_MUL, gradient[i], g_const(g, 0.01))));
    }
    return g;
}

/* ---- images ---- */
static Shape placed(Shape image, const Window *w, int64_t channels)
{
    Shape out = image;
    out.dim[1] = channels;
    for (int i = 2; i < image.rank; i++) {
        int k = i + SPACE_RANK - image.rank;
        int64_t room =
            image.dim[i] + 2 * w->before[k] - (int64_t)(w->size[k] - 1) * w->dilation[k] - 1;
        out.dim[i] = room < 0 ? 0 : room / w->stride[k] + 1;
    }
    return out;
}

/* A window of which several fit; the last ones may reach out of the image at both ends. */
static Window random_window(Shape image, bool pool)
{
    for (;;) {
        Window w = window_one();
        bool fits = true;
        for (int k = SPACE_RANK - (image.rank - 2); k < SPACE_RANK; k++) {
            w.size[k] = 1 + below(4);
            w.stride[k] = 1 + below(3);
            w.dilation[k] = pool ? 1 : 1 + below(2);
            w.before[k] = below(w.size[k] / 2 + 1);
        }
        Shape out = placed(image, &w, 1);
        for (int i = 2; i < out.rank; i++)
            fits = fits && out.dim[i] > 0;
        if (fits)
            return w;
    }
}

typedef struct Nodes {
    VEC(NodeId) list;
} Nodes;

static NodeId filters(Graph *g, Nodes *weights, int64_t out, int64_t in, const Window *w, int rank)
{
    Shape s = { .rank = rank, .dim = { out, in } };
    for (int i = 2; i < rank; i++)
        s.dim[i] = w->size[i + SPACE_RANK - rank];
    Tensor t = { .role = TENSOR_WEIGHT,
                 .name = arena_printf(arena, "filters%zu", weights->list.len),
                 .shape = s,
                 .weight = -1 };
    NodeId id = g_weight(g, graph_add_tensor(g, t));
    vec_push(arena, &weights->list, id);
    return id;
}

/* conv -> tanh -> pool -> transposed conv of the same windows or others -> sum of squares, and a
 * step down its gradient. */
static Graph *random_images(int number, int64_t batch)
{
    Graph *g = graph_new(arena, arena_printf(arena, "images%d", number), batch);
    Nodes weights = { 0 };
    static const int channels[] = { 1, 2, 3, 6, 12, 17, 24, 36 };
    Shape s = { .rank = 3 + below(3), .dim = { DIM_BATCH, channels[below(8)] } };
    for (int i = 2; i < s.rank; i++)
        s.dim[i] = 2 + below(s.rank == 5 ? 4 : 9);
    g->sample = s;
    g->target = shape_of(2, (int64_t[]){ DIM_BATCH, 1 });

    int64_t made = channels[below(8)];
    Window w = random_window(s, false), p;
    if (below(2))
        w.groups = s.dim[1] % 2 == 0 && made % 2 == 0 ? 2 : 1;
    if (below(4) == 0)
        made = w.groups = (int32_t)s.dim[1];

    NodeId x = g_conv(g, g_input(g), filters(g, &weights, made, s.dim[1] / w.groups, &w, s.rank),
                      &w, placed(s, &w, made));
    x = g_unary(g, IR_TANH, x);
    Shape at = graph_node(g, x)->shape;
    p = random_window(at, true);
    NodeId pooled = g_pool(g, below(2) ? IR_POOL_MAX : IR_POOL_SUM, x, &p, placed(at, &p, made));

    Shape image = s;
    image.dim[1] = channels[below(8)];
    w.groups = 1;
    NodeId back = g_conv_transpose(
        g, x, g_swap_filters(g, filters(g, &weights, made, image.dim[1], &w, s.rank), 1), &w,
        image);

    NodeId loss = g_const(g, 0), terms[] = { pooled, back };
    for (int i = 0; i < 2; i++) {
        loss = g_binary(
            g, IR_ADD, loss,
            g_reduce(g, IR_REDUCE_SUM, g_binary(g, IR_MUL, terms[i], terms[i]), shape_scalar()));
    }

    /* Gradients have hundreds of terms; this keeps them of the order of 1. */
    loss = g_binary(g, IR_MUL, loss, g_const(g, 0.01));
    g_emit(g, SLOT_LOSS, loss, -1);
    g_emit(g, SLOT_OUT, back, -1);

    NodeId gradient[4];
    graph_gradient(g, loss, weights.list.len, weights.list.data, gradient);
    for (size_t i = 0; i < weights.list.len; i++)
        g_assign(g, graph_node(g, weights.list.data[i])->as.tensor, gradient[i]);
    return g;
}

int main(int argc, char **argv)
{
    arena = arena_new();
    char *error = NULL;
    target = cpu_backend.target_new(arena, NULL, &error);
    if (!target) {
        printf("1..0 # SKIP %s\n", error);
        return 0;
    }
    int rounds = argc > 1 ? atoi(argv[1]) : 40;
    if (argc > 2)
        seed += strtoull(argv[2], NULL, 10) * 1000003;
    test_networks();
    test_exchange();
    for (int i = 0; i < rounds; i++) {
        int64_t batch = 2 + below(30);
        Graph *g = random_graph(i, batch);
        test_graph(g, batch, 5e-3, g->name);
    }
    for (int i = 0; i < rounds / 4; i++) {
        int64_t batch = 1 + below(7);
        Graph *g = random_images(i, batch);
        test_graph(g, batch, 5e-3, g->name);
    }
    cpu_backend.target_free(target);
    arena_free(arena);
    return done_testing();
}
