/* plan_print.c: `nnc show --plan`: phases and kernels, what each fused, what it did not and why,
 * and memory. */
#include "passes/passes.h"
#include <inttypes.h>
#include <string.h>

static const char *const kind_names[] = { "grid",  "scalars", "gather", "move",
                                          "lanes", "fold",    "output" };
static const char *const axis_names[] = { "", ", sums over features", ", sums over rows",
                                          ", sums over rows and features" };

static void print_range(View v, FILE *out)
{
    if (v.batch && v.per_sample == 1)
        fputs("n", out);
    else if (v.batch)
        fprintf(out, "n*%" PRId64, v.per_sample);
    else
        fprintf(out, "%" PRId64, v.per_sample);
    fprintf(out, " x %" PRId64, v.features);
}

/* "contract add select 2 mul ...": each op once, with its number where there are several. */
static void print_ops(const Plan *plan, const Kernel *k, FILE *out)
{
    int count[IR_OP_COUNT] = { 0 };
    for (size_t i = 0; i < k->placed.len; i++)
        count[graph_node(plan->graph, k->placed.data[i].node)->op]++;
    bool first = true;
    for (int op = IR_OP_COUNT - 1; op >= 0; op--) {
        int shown = op >= IR_CONTRACT ? op + 1 : op;
        if (op == IR_OP_COUNT - 1)
            shown = IR_CONTRACT; /* the product leads */
        if (count[shown] == 0)
            continue;

        fprintf(out, first ? "" : " ");
        if (count[shown] > 1)
            fprintf(out, "%d ", count[shown]);
        fputs(op_name((Op)shown), out);
        first = false;
    }
}

static void print_stored(const Plan *plan, const Kernel *k, FILE *out)
{
    if (!plan->storage)
        return;
    int arrays = 0, scalars = 0, partials = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < k->placed.len; i++) {
        const Storage *s = &plan->storage[k->placed.data[i].node];
        if (op_class(graph_node(plan->graph, k->placed.data[i].node)->op) == CLASS_EFFECT)
            continue;
        arrays += s->kind == STORE_ARENA;
        scalars += s->kind == STORE_SCALAR;
        partials += s->kind == STORE_PARTIALS;
        if (s->kind == STORE_ARENA)
            bytes += s->rows_max * view_panels(s->view) * LANES * (int64_t)sizeof(float);
    }
    if (arrays)
        fprintf(out, "      stores %d arrays, %" PRId64 " bytes\n", arrays, bytes);
    if (partials)
        fprintf(out, "      leaves %d sums in parts, one a task\n", partials);
    if (scalars)
        fprintf(out, "      stores %d scalars\n", scalars);
}

static void print_kernel(const Plan *plan, const Kernel *k, FILE *out)
{
    const Graph *g = plan->graph;
    fprintf(out, "  %s: %s", k->name ? k->name : "kernel", kind_names[k->kind]);
    if (k->kind != KERNEL_SCALAR) {
        fputc(' ', out);
        print_range(k->view, out);
        fprintf(out, "%s", k->kind == KERNEL_GRID ? axis_names[k->axis] : "");
        if (k->kind == KERNEL_GRID && k->stages > 1)
            fprintf(out, ", %d sweeps", k->stages);
        if (plan->phases)
            fprintf(out, ", %" PRId64 " tasks", kernel_tasks(k, g->batch > 0 ? g->batch : 1));
    }
    fputc('\n', out);
    if (k->placed.len > 0) {
        fputs("      fused ", out);
        print_ops(plan, k, out);
        fputc('\n', out);
    }
    print_stored(plan, k, out);
    for (size_t i = 0; i < k->placed.len; i++) {
        const Node *n = graph_node(g, k->placed.data[i].node);
        if (n->op == IR_ASSIGN)
            fprintf(out, "      assigns %s\n", g->tensors.data[n->as.tensor].name);
    }
    if (k->why_not)
        fprintf(out, "      not fused with what it reads: %s\n", k->why_not);
}

void plan_print(const Plan *plan, FILE *out)
{
    const Graph *g = plan->graph;
    size_t inlined = 0;
    for (size_t i = 0; i < g->nodes.len; i++) {
        OpClass class = op_class(g->nodes.data[i].op);
        inlined += plan->inlined && plan->inlined[i] &&
                   (class == CLASS_MAP || g->nodes.data[i].op == IR_RANDOM);
    }
    fprintf(out, "unit %s: %zu nodes in %zu kernels, %d phases%s\n", g->name, g->nodes.len,
            plan->kernels.len, plan->phases, plan->serial ? ", on one thread" : "");
    fprintf(out, "%.4g million multiply-adds a step of %" PRId64 " samples\n", plan->flops * 1e-6,
            g->batch);
    if (plan->storage) {
        fprintf(out, "arena %" PRId64 " bytes, %d scalars\n", plan->arena_bytes,
                plan->scalar_count);
    }
    fprintf(out, "%zu cheap values recomputed where they are read\n", inlined);
    int phase = -1;
    for (size_t i = 0; i < plan->kernels.len; i++) {
        const Kernel *k = &plan->kernels.data[i];
        if (k->phase != phase)
            fprintf(out, "phase %d\n", phase = k->phase);
        print_kernel(plan, k, out);
    }
}
