/* test_ir.c: builders, folding, sharing, the text form and the verifier. */
#include "ir/graph.h"
#include "networks.h"
#include "tap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;

static Graph *graph_of(int64_t features)
{
    Graph *g = graph_new(arena, "t", 8);
    g->sample = shape_of(2, (int64_t[]){ DIM_BATCH, features });
    g->target = shape_of(2, (int64_t[]){ DIM_BATCH, 1 });
    return g;
}

static char *text_of(const Graph *g)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    graph_print(g, out);
    fclose(out);
    char *copy = arena_strndup(arena, text, length);
    free(text);
    return copy;
}

static void test_shapes(void)
{
    Shape a = shape_of(2, (int64_t[]){ DIM_BATCH, 1 }), b = shape_of(1, (int64_t[]){ 5 }), c;
    ok(shape_broadcast(a, b, &c) && c.rank == 2 && c.dim[0] == DIM_BATCH && c.dim[1] == 5,
       "[n, 1] and [5] broadcast to [n, 5]");
    ok(!shape_broadcast(shape_of(1, (int64_t[]){ 3 }), b, &c), "[3] and [5] do not fit");
    ok(!shape_broadcast(shape_of(1, (int64_t[]){ DIM_BATCH }), a, &c),
       "a batch dimension stands first or nowhere");
    ok(strcmp(shape_text(arena, a), "[n, 1]") == 0, "a shape's text names the batch n");
    ok(shape_is_scalar(shape_of(2, (int64_t[]){ 1, 1 })) && !shape_is_scalar(a),
       "one element without batch is a scalar");
    ok(shape_elements(shape_of(3, (int64_t[]){ INT64_MAX / 2, 8, 8 })) == INT64_MAX,
       "the number of elements saturates");
}

static void test_folding(void)
{
    Graph *g = graph_of(3);
    NodeId x = g_input(g), zero = g_const(g, 0), one = g_const(g, 1), two = g_const(g, 2);

    ok(g_binary(g, IR_ADD, x, zero) == x && g_binary(g, IR_ADD, zero, x) == x, "x + 0 is x");
    ok(g_binary(g, IR_MUL, x, one) == x && g_binary(g, IR_DIV, x, one) == x,
       "x * 1 and x / 1 are x");
    ok(g_binary(g, IR_POW, x, two) == g_binary(g, IR_MUL, x, x), "x^2 is x * x");
    ok(g_binary(g, IR_POW, x, g_const(g, 0.5)) == g_unary(g, IR_SQRT, x), "x^0.5 is sqrt x");
    ok(g_unary(g, IR_NEG, g_unary(g, IR_NEG, x)) == x, "-(-x) is x");
    ok(g_binary(g, IR_SUB, zero, x) == g_unary(g, IR_NEG, x), "0 - x is -x");
    ok(g_binary(g, IR_MUL, x, g_const(g, -1)) == g_unary(g, IR_NEG, x), "x * -1 is -x");
    ok(g_select(g, one, x, two) == x, "a constant condition decides");

    double value;
    NodeId nothing = g_binary(g, IR_MUL, x, zero);
    ok(node_constant(g, nothing, &value) && value == 0 &&
           shape_equal(graph_node(g, nothing)->shape, g->sample),
       "x * 0 is 0 in x's shape");

    ok(graph_node(g, g_binary(g, IR_SUB, x, x))->op == IR_SUB, "x - x stays, to find NaN");
    ok(graph_node(g, g_binary(g, IR_DIV, zero, x))->op == IR_DIV, "0 / x stays");
    ok(graph_node(g, g_binary(g, IR_DIV, x, g_const(g, 3)))->op == IR_DIV,
       "x / 3 stays a division");
    ok(graph_node(g, g_binary(g, IR_DIV, x, g_const(g, 4)))->op == IR_MUL, "x / 4 is x * 0.25");

    NodeId wide = g_binary(g, IR_ADD, g_broadcast(g, zero, g->sample),
                           g_index(g, shape_of(1, (int64_t[]){ 3 }), 0));
    ok(shape_equal(graph_node(g, wide)->shape, g->sample),
       "folding keeps the shape that broadcasting gave");
    NodeId sum = g_reduce(g, IR_REDUCE_SUM, g_broadcast(g, two, g->sample), shape_scalar());
    ok(graph_node(g, sum)->op == IR_MUL, "a sum of a constant over the batch is a product with n");

    ok(node_constant(g, g_binary(g, IR_DIV, one, g_const(g, 3)), &value) && value == 1.0 / 3,
       "constants fold in float64");
    ok(g->error == NULL && graph_verify(g) == NULL, "the graph is sound");
}

static void test_sharing(void)
{
    Graph *g = graph_of(3);
    NodeId x = g_input(g), y = g_const(g, 7);
    ok(g_binary(g, IR_ADD, x, y) == g_binary(g, IR_ADD, y, x),
       "equal sums are one node, in either order");
    ok(g_random(g, RANDOM_UNIFORM, g->sample) != g_random(g, RANDOM_UNIFORM, g->sample),
       "random numbers are never shared");
    size_t before = g->nodes.len;
    for (int i = 0; i < 2000; i++)
        g_binary(g, IR_MIN, x, g_const(g, i % 500));
    ok(g->nodes.len == before + 2 * 500 - 1, "a thousand nodes are each found again (%zu)",
       g->nodes.len - before);
}

/* What ops.def says of an op in one column agrees with what it says in the others. */
static void test_ops(void)
{
    static const double numbers[] = { -1.5, -1, 0, 0.25, 1, 3 };
    const char *wrong = NULL;
    for (int i = 0; i < IR_OP_COUNT; i++) {
        Op op = (Op)i;
        bool map = op_class(op) == CLASS_MAP, commutes = op_has(op, OP_COMMUTES),
             truth = op_has(op, OP_TRUTH);
        double one = op_evaluate(op, (double[]){ 1, 1, 1 });
        bool sound = isnan(one) == !map && op_cost(op) >= 0 && (!commutes || op_arity(op) == 2) &&
                     (map || !(commutes || truth || op_has(op, OP_CHEAP)));
        for (int k = 0; k < 36; k++) {
            double a = numbers[k / 6], b = numbers[k % 6];
            double there = op_evaluate(op, (double[]){ a, b, 0 }),
                   back = op_evaluate(op, (double[]){ b, a, 0 });
            sound = sound && (!commutes || there == back) && (!truth || there == 0 || there == 1);
        }
        if (!sound)
            wrong = op_name(op);
    }
    ok(!wrong, "the columns of ops.def agree%s%s", wrong ? ", but not those of " : "",
       wrong ? wrong : "");
}

static void test_misfits(void)
{
    Graph *g = graph_of(3);
    NodeId bad =
        g_contract(g, g_input(g), g_broadcast(g, g_const(g, 1), shape_of(2, (int64_t[]){ 4, 5 })),
                   false, false, shape_of(2, (int64_t[]){ DIM_BATCH, 5 }));
    ok(bad >= 0 && graph_verify(g) != NULL, "a product that does not fit is reported: %s",
       graph_verify(g));
}

static void reads_back(Graph *g, const char *what)
{
    char *first = text_of(g), *error = NULL;
    Graph *again = graph_read(arena, first, &error);
    ok(again && strcmp(text_of(again), first) == 0, "%s read back the same (%s)", what,
       error ? error : "no error");
}

static void test_round_trip(void)
{
    static const int64_t units[] = { 5, 4, 3 };
    static const NetworkSpec specs[] = {
        { .batch = 6,
          .features = 7,
          .layers = 3,
          .units = units,
          .train = true,
          .adam = true,
          .dropout = 0.5 },
        { .batch = 6,
          .features = 7,
          .layers = 3,
          .units = units,
          .norm = NORM_BATCH,
          .train = true,
          .clip = 1 },
        { .batch = 6,
          .features = 7,
          .layers = 2,
          .units = units,
          .norm = NORM_LAYER,
          .tanh = true },
    };

    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        reads_back(network_graph(arena, "a \"name\"", &specs[i]), "networks");
}

static void test_moves(void)
{
    Graph *g = graph_of(6);
    NodeId x = g_input(g),
           w = g_weight(g, graph_add_tensor(g, (Tensor){ .role = TENSOR_WEIGHT,
                                                         .name = "w\n",
                                                         .shape = shape_of(2, (int64_t[]){ 2, 3 }),
                                                         .feature_axis = 1,
                                                         .weight = -1 }));

    NodeId parts[] = { g_slice(g, x, 1, 1, 4), g_slice(g, x, 1, 0, 2) };
    NodeId y = g_pad(g, g_concat(g, 2, parts, 1), 1, 1, 2);
    y = g_permute(g, g_reshape(g, y, shape_of(3, (int64_t[]){ DIM_BATCH, 2, 4 })),
                  (int8_t[]){ 0, 2, 1 });
    g_emit(g, SLOT_OUT, y, -1);
    g_assign(g, 0,
             g_permute(g, g_reshape(g, w, shape_of(2, (int64_t[]){ 3, 2 })), (int8_t[]){ 1, 0 }));
    reads_back(g, "moves");
}

/* Whatever is cut off or changed, reading ends with a graph or an error. */
static void test_damage(void)
{
    static const int64_t units[] = { 3, 2 };
    NetworkSpec spec = {
        .batch = 4, .features = 3, .layers = 2, .units = units, .train = true, .adam = true
    };
    Arena *mine = arena_new();
    Graph *g = network_graph(mine, "u", &spec);
    char *text = text_of(g);
    size_t length = strlen(text), accepted = 0, refused = 0;
    uint64_t seed = 1;

    for (size_t i = 0; i < 300; i++) {
        Arena *scratch = arena_new();
        char *damaged = arena_strndup(scratch, text, length), *error = NULL;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(seed >> 33) % length;
        if (i % 3 == 0)
            damaged[at] = '\0';
        else
            damaged[at] = "0%9[n-\" x"[(seed >> 20) % 9];
        if (graph_read(scratch, damaged, &error))
            accepted++;
        else
            refused += error != NULL;
        arena_free(scratch);
    }

    ok(accepted + refused == 300, "damaged texts are read or refused with a reason");

    char *error = NULL;
    ok(!graph_read(mine, "", &error) && error, "an empty text is refused");
    ok(!graph_read(mine, "graph \"u\" batch 0 sample [] target [] streams 0\n%0 = add %0 %0 []\n",
                   &error) &&
           error,
       "a node that reads itself is refused: %s", error);
    ok(!graph_read(mine,
                   "graph \"u\" batch 0 sample [] target [] streams 0\n%0 = const 1 [] axis 3\n",
                   &error) &&
           error,
       "an axis that is not there is refused");
    arena_free(mine);
}

int main(void)
{
    arena = arena_new();
    test_shapes();
    test_folding();
    test_sharing();
    test_ops();
    test_misfits();
    test_round_trip();
    test_moves();
    test_damage();
    arena_free(arena);
    return done_testing();
}
