/* test_passes.c: derivatives against finite differences; what is fused, stored and split, for the
 * networks people train. */
#include "interpret.h"
#include "networks.h"
#include "passes/passes.h"
#include "tap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;

/* ---- derivatives ---- */
typedef struct Case {
    const char *name;
    NodeId (*build)(Graph *g, NodeId a, NodeId b);
} Case;

enum { ROWS = 3, COLUMNS = 4, SIZE = ROWS * COLUMNS };

static NodeId first_of(Graph *g, Op op, NodeId a)
{
    return g_unary(g, op, a);
}

#define UNARY(id, op)                                                                              \
    static NodeId build_##id(Graph *g, NodeId a, NodeId b)                                         \
    {                                                                                              \
        (void)b;                                                                                   \
        return first_of(g, op, a);                                                                 \
    }
#define BINARY(id, op)                                                                             \
    static NodeId build_##id(Graph *g, NodeId a, NodeId b)                                         \
    {                                                                                              \
        return g_binary(g, op, a, b);                                                              \
    }

/* clang-format off */
UNARY(neg, IR_NEG)
UNARY(exp, IR_EXP)
UNARY(abs, IR_ABS)
UNARY(tanh, IR_TANH)
UNARY(sin, IR_SIN)
UNARY(cos, IR_COS)
UNARY(erf, IR_ERF)
UNARY(sigmoid, IR_SIGMOID)
BINARY(add, IR_ADD)
BINARY(sub, IR_SUB)
BINARY(mul, IR_MUL)
BINARY(div, IR_DIV)
BINARY(min, IR_MIN)
BINARY(max, IR_MAX)
/* clang-format on */

static NodeId positive(Graph *g, NodeId a)
{
    return g_binary(g, IR_ADD, g_unary(g, IR_ABS, a), g_const(g, 0.5));
}

static NodeId build_ln(Graph *g, NodeId a, NodeId b)
{
    (void)b;
    return g_unary(g, IR_LN, positive(g, a));
}

static NodeId build_sqrt(Graph *g, NodeId a, NodeId b)
{
    (void)b;
    return g_unary(g, IR_SQRT, positive(g, a));
}

static NodeId build_pow(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_POW, positive(g, a), b);
}

static NodeId build_pow_const(Graph *g, NodeId a, NodeId b)
{
    (void)b;
    return g_binary(g, IR_POW, positive(g, a), g_const(g, 2.5));
}

static NodeId build_square(Graph *g, NodeId a, NodeId b)
{
    (void)b;
    return g_binary(g, IR_MUL, a, a);
}

static NodeId build_flat(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL, g_unary(g, IR_SIGN, a), g_binary(g, IR_ADD, b, g_stop(g, b)));
}

static NodeId build_select(Graph *g, NodeId a, NodeId b)
{
    return g_select(g, g_binary(g, IR_LT, a, b), g_binary(g, IR_MUL, a, b), g_unary(g, IR_SIN, b));
}

static NodeId build_relu(Graph *g, NodeId a, NodeId b)
{
    (void)b;
    return g_select(g, g_binary(g, IR_LT, g_const(g, 0), a), a, g_const(g, 0));
}

static NodeId build_leaky(Graph *g, NodeId a, NodeId b)
{
    (void)b;
    return g_select(g, g_binary(g, IR_LT, g_const(g, 0), a), a,
                    g_binary(g, IR_MUL, a, g_const(g, 0.1)));
}

static Shape shape2(int64_t a, int64_t b)
{
    return shape_of(2, (int64_t[]){ a, b });
}

static NodeId build_rows(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL,
                    g_reduce(g, IR_REDUCE_SUM, g_binary(g, IR_MUL, a, b), shape2(ROWS, 1)), a);
}

static NodeId build_columns(Graph *g, NodeId a, NodeId b)
{
    return g_binary(
        g, IR_MUL,
        g_reduce(g, IR_REDUCE_SUM, g_binary(g, IR_MUL, a, b), shape_of(1, (int64_t[]){ COLUMNS })),
        b);
}

static NodeId build_largest(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL, g_reduce(g, IR_REDUCE_MAX, a, shape2(ROWS, 1)), b);
}

static NodeId build_smallest(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL, g_reduce(g, IR_REDUCE_MIN, a, shape2(1, COLUMNS)), b);
}

static NodeId build_spread(Graph *g, NodeId a, NodeId b)
{
    return g_binary(
        g, IR_MUL,
        g_broadcast(g, g_reduce(g, IR_REDUCE_SUM, a, shape_scalar()), shape2(ROWS, COLUMNS)), b);
}

static NodeId build_nn(Graph *g, NodeId a, NodeId b)
{
    return g_contract(g, a, g_reshape(g, b, shape2(COLUMNS, ROWS)), false, false,
                      shape2(ROWS, ROWS));
}

static NodeId build_nt(Graph *g, NodeId a, NodeId b)
{
    return g_contract(g, a, b, false, true, shape2(ROWS, ROWS));
}

static NodeId build_tn(Graph *g, NodeId a, NodeId b)
{
    return g_contract(g, a, b, true, false, shape2(COLUMNS, COLUMNS));
}

static NodeId build_tt(Graph *g, NodeId a, NodeId b)
{
    return g_contract(g, a, g_reshape(g, b, shape2(COLUMNS, ROWS)), true, true,
                      shape2(COLUMNS, COLUMNS));
}

static NodeId build_self(Graph *g, NodeId a, NodeId b)
{
    (void)b;
    return g_contract(g, a, a, false, true, shape2(ROWS, ROWS));
}

static NodeId build_concat(Graph *g, NodeId a, NodeId b)
{
    return g_concat(g, 2, (NodeId[]){ g_unary(g, IR_SIN, a), b }, 1);
}

static NodeId build_slice(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL, g_slice(g, a, 1, 1, 3), g_slice(g, b, 1, 2, 4));
}

static NodeId build_pad(Graph *g, NodeId a, NodeId b)
{
    (void)b;
    return g_unary(g, IR_SIN, g_pad(g, a, 0, 1, 2));
}

static NodeId build_permute(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL, g_permute(g, a, (int8_t[]){ 1, 0 }),
                    g_reshape(g, b, shape2(COLUMNS, ROWS)));
}

static NodeId build_softmax(Graph *g, NodeId a, NodeId b)
{
    NodeId e =
        g_unary(g, IR_EXP,
                g_binary(g, IR_SUB, a, g_stop(g, g_reduce(g, IR_REDUCE_MAX, a, shape2(ROWS, 1)))));
    return g_binary(g, IR_MUL, b,
                    g_binary(g, IR_DIV, e, g_reduce(g, IR_REDUCE_SUM, e, shape2(ROWS, 1))));
}

#define CASE(id) { #id, build_##id }
static const Case cases[] = {
    CASE(neg),     CASE(exp),     CASE(abs),      CASE(tanh),   CASE(sin),   CASE(cos),
    CASE(erf),     CASE(sigmoid), CASE(add),      CASE(sub),    CASE(mul),   CASE(div),
    CASE(min),     CASE(max),     CASE(ln),       CASE(sqrt),   CASE(pow),   CASE(pow_const),
    CASE(square),  CASE(flat),    CASE(select),   CASE(relu),   CASE(leaky), CASE(rows),
    CASE(columns), CASE(largest), CASE(smallest), CASE(spread), CASE(nn),    CASE(nt),
    CASE(tn),      CASE(tt),      CASE(self),     CASE(concat), CASE(slice), CASE(pad),
    CASE(permute), CASE(softmax)
};

static double value_at(const Graph *g, double **tensor, NodeId node, int64_t index)
{
    Interpretation in = { .g = g, .n = 1, .tensor = tensor };
    interpret(&in);
    return in.node[node][index];
}

static void test_derivative(const Case *c)
{
    Graph *g = graph_new(arena, "d", 0);
    NodeId wrt[2], gradient[2];
    double *tensor[2];
    for (int i = 0; i < 2; i++) {
        wrt[i] = g_weight(g, graph_add_tensor(g, (Tensor){ .role = TENSOR_WEIGHT,
                                                           .name = i ? "b" : "a",
                                                           .shape = shape2(ROWS, COLUMNS),
                                                           .feature_axis = 1,
                                                           .weight = -1 }));
        tensor[i] = ARENA_ARRAY(arena, double, SIZE);
        for (int k = 0; k < SIZE; k++)
            tensor[i][k] = sin(1.7 * k + 2.3 * i + 0.4) * 1.5;
    }

    NodeId y = c->build(g, wrt[0], wrt[1]);
    Shape s = graph_node(g, y)->shape;
    NodeId weights = g_unary(g, IR_COS, g_index(g, shape_of(1, &s.dim[s.rank - 1]), 0));
    NodeId scalar = g_reduce(g, IR_REDUCE_SUM, g_binary(g, IR_MUL, y, weights), shape_scalar());
    graph_gradient(g, scalar, 2, wrt, gradient);

    double worst = 0;
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < SIZE; k++) {
            const double h = 1e-5;
            double at = tensor[i][k];
            bool scalar_zero = graph_node(g, gradient[i])->op == IR_CONST;
            double got = value_at(g, tensor, gradient[i], scalar_zero ? 0 : k);
            tensor[i][k] = at + h;
            double above = value_at(g, tensor, scalar, 0);
            tensor[i][k] = at - h;
            double below = value_at(g, tensor, scalar, 0), want = (above - below) / (2 * h);
            tensor[i][k] = at;
            /* What is under `stop` moves, but does not count. */
            if (strcmp(c->name, "flat") == 0 && i == 1)
                want /= 2;
            double off = fabs(got - want) / (1 + fabs(want));
            if (!(off <= worst))
                worst = off;
        }
    }
    ok(worst < 1e-7 && graph_verify(g) == NULL,
       "the derivative of %s is its finite difference (%.2g)", c->name, worst);
}

static void test_zero_derivative(void)
{
    Graph *g = graph_new(arena, "z", 0);
    NodeId w = g_weight(g, graph_add_tensor(
                               g, (Tensor){ .role = TENSOR_WEIGHT, .name = "w", .weight = -1 })),
           d;
    graph_gradient(g, g_binary(g, IR_MUL, g_stop(g, w), g_const(g, 3)), 1, &w, &d);
    double value;
    ok(node_constant(g, d, &value) && value == 0,
       "what a scalar does not depend on has derivative 0");
    NodeId x = g_const(g, 0), y = g_binary(g, IR_MUL, w, w);
    graph_gradient(g, y, 1, &w, &d);
    (void)x;
    ok(graph_node(g, d)->op == IR_MUL, "the derivative of w * w is 2 w");
}

/* ---- plans ---- */
static Plan *plan_of(const NetworkSpec *spec)
{
    char *error = NULL;
    Plan *plan = passes_run(network_graph(arena, "u", spec), NULL, &error);
    if (!plan)
        ok(false, "the passes accept a network: %s", error);
    return plan;
}

static int kernels_with(const Plan *plan, Op op)
{
    int count = 0;
    for (size_t k = 0; k < plan->kernels.len; k++) {
        bool found = false;
        for (size_t i = 0; i < plan->kernels.data[k].placed.len; i++) {
            found = found ||
                    graph_node(plan->graph, plan->kernels.data[k].placed.data[i].node)->op == op;
        }
        count += found;
    }
    return count;
}

static int kernels_of(const Plan *plan, KernelKind kind)
{
    int count = 0;
    for (size_t k = 0; k < plan->kernels.len; k++)
        count += plan->kernels.data[k].kind == kind;
    return count;
}

static int64_t arrays_stored(const Plan *plan)
{
    int64_t count = 0;
    for (size_t i = 0; i < plan->graph->nodes.len; i++) {
        count += plan->storage[i].kind == STORE_ARENA && plan->storage[i].rows_max > 1 &&
                 plan->storage[i].view.features > 1;
    }
    return count;
}

static const int64_t mlp_units[] = { 512, 256, 10 };

static void test_mlp(void)
{
    NetworkSpec spec = {
        .batch = 128, .features = 784, .layers = 3, .units = mlp_units, .train = true, .adam = true
    };
    Plan *plan = plan_of(&spec);
    if (!plan)
        return;

    ok(plan->kernels.len == 16, "a step of a dense network takes 16 kernels (%zu)",
       plan->kernels.len);
    ok(kernels_of(plan, KERNEL_SCALAR) == 2, "its scalars take two: the step's own, and the loss");
    ok(kernels_of(plan, KERNEL_GATHER) == 2 && kernels_of(plan, KERNEL_MOVE) == 2,
       "two gathers, and a second copy of each matrix but the first");
    ok(kernels_with(plan, IR_CONTRACT) == 8, "a kernel each of eight products");
    ok(plan->phases == 7, "seven phases (%d)", plan->phases);
    ok(arrays_stored(plan) == 2 + 1 + 2,
       "stored are two activations and three gradients of them, no mask and no gradient of a "
       "weight (%d)",
       (int)arrays_stored(plan));

    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int assigns = 0;
        for (size_t i = 0; i < kernel->placed.len; i++)
            assigns += graph_node(plan->graph, kernel->placed.data[i].node)->op == IR_ASSIGN;
        if (kernel->contract != NO_NODE &&
            !shape_has_batch(graph_node(plan->graph, kernel->contract)->shape)) {
            ok(assigns == 3, "%s: the product that makes a gradient holds its whole update",
               kernel->name);
        }
    }

    ok(!plan->serial, "such a step is worth several threads");
}

static const NetworkSpec mlp = {
    .batch = 128, .features = 784, .layers = 3, .units = mlp_units, .train = true, .adam = true
};

static void test_batchnorm(void)
{
    NetworkSpec spec = mlp;
    spec.norm = NORM_BATCH;
    Plan *plan = plan_of(&spec);
    if (!plan)
        return;

    ok(plan->phases == 7, "batch statistics cost no phase (%d)", plan->phases);
    ok(kernels_with(plan, IR_CONTRACT) == 8, "a kernel each of eight products");
    int sweeps = 0;
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        sweeps += kernel->contract != NO_NODE && kernel->axis == AXIS_COL && kernel->stages == 3;
    }
    ok(sweeps == 4,
       "statistics and normalisation are in the products' own kernels, forward and backward (%d)",
       sweeps);
}

static void test_layernorm(void)
{
    NetworkSpec spec = mlp;
    spec.norm = NORM_LAYER;
    Plan *plan = plan_of(&spec);
    int rows = 0;
    for (size_t k = 0; plan && k < plan->kernels.len; k++)
        rows += plan->kernels.data[k].axis == AXIS_ROW;
    ok(rows == 5, "a layer norm is one kernel forward, one backward, and the loss one (%d)", rows);
}

static void test_clip(void)
{
    NetworkSpec spec = mlp;
    spec.clip = 1;
    Plan *plan = plan_of(&spec);
    if (!plan)
        return;
    ok(plan->phases == 9, "clipping by the norm of all gradients costs two phases (%d)",
       plan->phases);
    ok(plan->kernels.len == 22, "and the updates wait for it (%zu kernels)", plan->kernels.len);
}

static void test_dropout(void)
{
    NetworkSpec spec = mlp;
    spec.dropout = 0.5;
    Plan *plan = plan_of(&spec);
    if (!plan)
        return;
    bool stored = false;
    for (size_t i = 0; i < plan->graph->nodes.len; i++) {
        stored = stored || (plan->graph->nodes.data[i].op == IR_RANDOM &&
                            plan->storage[i].kind != STORE_NONE);
    }
    ok(!stored && plan->phases == 7, "dropout's mask is drawn again, not stored");
}

static void test_small(void)
{
    static const int64_t few[] = { 16, 3 };
    NetworkSpec spec = {
        .batch = 32, .features = 4, .layers = 2, .units = few, .train = true, .adam = true
    };
    Plan *plan = plan_of(&spec);
    if (plan) {
        ok(plan->serial && kernels_of(plan, KERNEL_GRID) == 7,
           "a small step runs on one thread (%d grids)", kernels_of(plan, KERNEL_GRID));
    }
}

static void test_tasks(void)
{
    NetworkSpec spec = { .batch = 128,
                         .features = 784,
                         .layers = 3,
                         .units = mlp_units,
                         .train = true,
                         .adam = true,
                         .norm = NORM_BATCH };
    Plan *plan = plan_of(&spec);
    if (!plan)
        return;
    bool fine = true;
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int64_t tasks = kernel_tasks(kernel, 128);
        fine = fine && tasks >= 1 && tasks <= 72 && kernel_tasks(kernel, 1) >= 1;
        if (kernel->axis == AXIS_COL || kernel->axis == AXIS_BOTH)
            fine = fine && kernel->row_block == 0;
        if (kernel->contract != NO_NODE && kernel->flops > 5e6)
            fine = fine && tasks >= 8;
    }
    ok(fine, "large kernels have many tasks, none too many, and sums over rows whole panels");
}

static int matrix(Graph *g, const char *name, int feature_axis)
{
    return graph_add_tensor(g, (Tensor){ .role = TENSOR_WEIGHT,
                                         .name = name,
                                         .shape = shape2(20, 30),
                                         .feature_axis = (int8_t)feature_axis,
                                         .weight = -1 });
}

static void test_swap(void)
{
    Graph *g = graph_new(arena, "w", 0);
    int a = matrix(g, "a", 0), b = matrix(g, "b", 0);
    g_assign(g, a, g_binary(g, IR_MUL, g_weight(g, b), g_const(g, 2)));
    g_assign(g, b, g_binary(g, IR_MUL, g_weight(g, a), g_const(g, 3)));
    char *error = NULL;
    ok(passes_run(g, NULL, &error) != NULL,
       "two tensors that each take the other's value are planned (%s)", error ? error : "fine");
}

static void test_two_orders(void)
{
    Graph *g = graph_new(arena, "h", 0);
    int a = matrix(g, "a", 0), b = matrix(g, "b", 1);
    g_assign(g, a, g_binary(g, IR_ADD, g_weight(g, a), g_weight(g, b)));
    char *error = NULL;
    Plan *plan = passes_run(g, NULL, &error);
    int moves = 0;
    for (size_t i = 0; plan && i < plan->kernels.len; i++)
        moves += plan->kernels.data[i].kind == KERNEL_MOVE;
    ok(plan && moves == 1, "between operands in two orders there is a copy (%s)",
       error ? error : "fine");
}

static void test_names(void)
{
    ok(pass_exists("fuse") && !pass_exists("fuze") && pass_name(0) && !pass_name(100),
       "passes are known by name");
}

static void test_row_map(void)
{
    int64_t div, mod;
    Shape grid = shape_of(3, (int64_t[]){ DIM_BATCH, 5, 7 });
    ok(view_row_map(shape2(5, 7), 1, grid, 2, &div, &mod) && div == 1 && mod == 5,
       "[T, F] in [n, T, F] is row %% T");
    ok(view_row_map(shape_of(3, (int64_t[]){ DIM_BATCH, 1, 7 }), 2, grid, 2, &div, &mod) &&
           div == 5 && mod == 0,
       "[n, 1, F] in [n, T, F] is row / T");
    ok(view_row_map(shape_of(1, (int64_t[]){ 7 }), 0, grid, 2, &div, &mod) && mod == 1,
       "[F] in [n, T, F] is one row");
    ok(view_row_map(grid, 2, grid, 2, &div, &mod) && div == 1 && mod == 0,
       "a shape in itself is row by row");
    ok(!view_row_map(shape2(5, 7), 0, shape2(5, 7), 1, &div, &mod),
       "another axis in panels does not broadcast");
    ok(view_row_map(shape2(5, 1), 0, shape2(5, 7), 0, &div, &mod) && mod == 1,
       "[units, 1] is one row of [units, inputs]");
    ok(!view_row_map(shape_of(4, (int64_t[]){ DIM_BATCH, 1, 3, 7 }), 3,
                     shape_of(4, (int64_t[]){ DIM_BATCH, 2, 3, 7 }), 3, &div, &mod),
       "present, absent, present follows from no quotient");
}

/* ---- broken plans ---- */
/* The first kernel with a product. */
static Kernel *product_kernel(Plan *plan)
{
    for (size_t k = 0; k < plan->kernels.len; k++)
        if (plan->kernels.data[k].kind == KERNEL_GRID && plan->kernels.data[k].contract != NO_NODE)
            return &plan->kernels.data[k];
    return &plan->kernels.data[0];
}

static NodeId assign_of(const Plan *plan)
{
    for (size_t i = 0; i < plan->graph->roots.len; i++)
        if (graph_node(plan->graph, plan->graph->roots.data[i])->op == IR_ASSIGN)
            return plan->graph->roots.data[i];
    return NO_NODE;
}

/* Something that a kernel stores in the arena. */
static NodeId stored_node(const Plan *plan)
{
    for (NodeId i = 0; i < (NodeId)plan->graph->nodes.len; i++)
        if (plan->home[i] >= 0 && plan->storage[i].kind == STORE_ARENA)
            return i;
    return NO_NODE;
}

static void lose_home(Plan *plan)
{
    plan->home[assign_of(plan)] = -1;
}

static void change_home(Plan *plan)
{
    Kernel *k = product_kernel(plan);
    NodeId last = k->placed.data[k->placed.len - 1].node;
    plan->home[last] = plan->home[last] == 0 ? 1 : 0;
}

static void inline_product(Plan *plan)
{
    Kernel *k = product_kernel(plan);
    k->contract = NO_NODE;
}

static void widen_range(Plan *plan)
{
    product_kernel(plan)->view.features++;
}

static void mix_axes(Plan *plan)
{
    product_kernel(plan)->by_sample = true;
    product_kernel(plan)->axis = AXIS_COL;
}

static void sum_over_panels(Plan *plan)
{
    product_kernel(plan)->axis = AXIS_BOTH;
}

static void leave_stages(Plan *plan)
{
    product_kernel(plan)->placed.data[0].stage = 9;
}

static void delay_stage(Plan *plan)
{
    Kernel *k = product_kernel(plan);
    plan->stage[k->contract] = 9;
}

static void delay_source(Plan *plan)
{
    plan->kernels.data[0].phase = plan->phases;
}

static void assign_early(Plan *plan)
{
    plan->kernels.data[plan->home[assign_of(plan)]].phase = 0;
}

static void split_rows(Plan *plan)
{
    product_kernel(plan)->axis = AXIS_COL;
    product_kernel(plan)->row_block = 8;
}

static void lose_storage(Plan *plan)
{
    plan->storage[stored_node(plan)].kind = STORE_NONE;
}

static void leave_arena(Plan *plan)
{
    plan->arena_bytes = 64;
}

static void share_memory(Plan *plan)
{
    for (NodeId i = 0; i < (NodeId)plan->graph->nodes.len; i++)
        if (plan->home[i] >= 0 && plan->storage[i].kind == STORE_ARENA)
            plan->storage[i].offset = 0;
}

static const struct {
    const char *invariants; /* one of these is reported: damage may break several */
    void (*damage)(Plan *plan);
} damages[] = {
    { "PLAN-1:", lose_home },      { "PLAN-2: PLAN-14: PLAN-20:", change_home },
    { "PLAN-7:", inline_product }, { "PLAN-7: PLAN-8:", widen_range },
    { "PLAN-10:", mix_axes },      { "PLAN-11:", sum_over_panels },
    { "PLAN-12:", leave_stages },  { "PLAN-13:", delay_stage },
    { "PLAN-14:", delay_source },  { "PLAN-14: PLAN-16: PLAN-17:", assign_early },
    { "PLAN-19:", split_rows },    { "PLAN-20:", lose_storage },
    { "PLAN-21:", leave_arena },   { "PLAN-22:", share_memory },
};

static void test_broken_plans(void)
{
    NetworkSpec spec = {
        .batch = 128, .features = 784, .layers = 3, .units = mlp_units, .train = true, .adam = true
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        Plan *plan = plan_of(&spec);
        char *before = plan_verify(plan);
        damages[i].damage(plan);
        char *after = plan_verify(plan);
        char *number = after ? arena_strndup(arena, after, strcspn(after, ":") + 1) : "nothing";
        ok(!before && after && strstr(damages[i].invariants, number),
           "a plan that breaks %s is refused with %s", damages[i].invariants, number);
    }
}

int main(void)
{
    arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        test_derivative(&cases[i]);
    test_zero_derivative();
    test_row_map();
    test_mlp();
    test_batchnorm();
    test_layernorm();
    test_clip();
    test_dropout();
    test_small();
    test_tasks();
    test_swap();
    test_two_orders();
    test_names();
    test_broken_plans();
    arena_free(arena);
    return done_testing();
}
