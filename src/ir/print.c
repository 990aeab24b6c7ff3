/* print.c: the text form of a graph, one node a line; read.c reads it back.
 *
 *   graph "u0" batch 32 sample [n, 4] target [n, 1] streams 1
 *   tensor weight "dense1.weight" [8, 4] axis 0
 *   tensor state "optimizer.dense1.weight.m" [8, 4] axis 0 weight 0 initial 0
 *   layer "dense1" "dense" %3
 *   %3 = contract %0 %1 tb [n, 8] axis 1 @0 forward
 * `axis` at a node's end is its feature axis, `@` its layer's number. */
#include "ir/graph.h"
#include <inttypes.h>

static const char *const role_names[] = { "weight", "state", "result", "classes" };
static const char *const part_names[] = { "forward", "backward", "update" };

static void print_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 32)
            fprintf(out, "\\x%02x", *p);
        else
            fputc(*p, out);
    fputc('"', out);
}

static void print_shape(Shape s, FILE *out)
{
    fputc('[', out);
    for (int i = 0; i < s.rank; i++) {
        if (i > 0)
            fputs(", ", out);
        if (s.dim[i] == DIM_BATCH)
            fputc('n', out);
        else
            fprintf(out, "%" PRId64, s.dim[i]);
    }
    fputc(']', out);
}

/* ---- what a node carries: the column of ops.def, print_<carries> ---- */
static void print_nothing(const Node *n, FILE *out)
{
    (void)n;
    (void)out;
}

static void print_value(const Node *n, FILE *out)
{
    fprintf(out, " %.17g", n->as.value);
}

static void print_hyper(const Node *n, FILE *out)
{
    fprintf(out, " %s", hyper_name(n->as.hyper));
}

static void print_tensor(const Node *n, FILE *out)
{
    fprintf(out, " tensor %d", n->as.tensor);
}

static void print_axis(const Node *n, FILE *out)
{
    fprintf(out, " along %d", n->as.axis);
}

static void print_random(const Node *n, FILE *out)
{
    fprintf(out, " %s stream %" PRIu32, n->as.random.kind == RANDOM_UNIFORM ? "uniform" : "normal",
            n->as.random.stream);
}

static void print_contract(const Node *n, FILE *out)
{
    fprintf(out, "%s%s", n->as.contract.ta ? " ta" : "", n->as.contract.tb ? " tb" : "");
}

static void print_window(const Node *n, FILE *out)
{
    const Window *w = &n->as.window;

    const struct {
        const char *name;
        const int32_t *value;
    } sides[] = { { "size", w->size },
                  { "stride", w->stride },
                  { "dilation", w->dilation },
                  { "before", w->before } };

    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        fprintf(out, " %s %d %d %d", sides[i].name, sides[i].value[0], sides[i].value[1],
                sides[i].value[2]);
    }
    fprintf(out, " groups %d parts %d", w->groups, w->parts);
}

static void print_slice(const Node *n, FILE *out)
{
    fprintf(out, " along %d from %" PRId64 " to %" PRId64, n->as.slice.axis, n->as.slice.begin,
            n->as.slice.end);
}

static void print_pad(const Node *n, FILE *out)
{
    fprintf(out, " along %d before %" PRId64 " after %" PRId64, n->as.pad.axis, n->as.pad.before,
            n->as.pad.after);
}

static void print_permute(const Node *n, FILE *out)
{
    fputs(" order", out);
    for (int i = 0; i < n->shape.rank; i++)
        fprintf(out, " %d", n->as.permute.order[i]);
}

static void print_heads(const Node *n, FILE *out)
{
    fprintf(out, " heads %d%s", n->as.heads.heads, n->as.heads.transposed ? " transposed" : "");
}

static void print_slot(const Node *n, FILE *out)
{
    fprintf(out, " %s", slot_name(n->slot));
    if (n->slot == SLOT_TENSOR)
        fprintf(out, " tensor %d", n->slot_tensor);
}

static void (*const printers[IR_OP_COUNT])(const Node *, FILE *) = {
#define OP(id, name, inputs, class, rule, carries, derive, fold, cost, traits, value, help)        \
    print_##carries,
#include "ir/ops.def"
#undef OP
};

static void print_tensors(const Graph *g, FILE *out)
{
    for (size_t i = 0; i < g->tensors.len; i++) {
        const Tensor *t = &g->tensors.data[i];
        fprintf(out, "tensor %s ", role_names[t->role]);
        print_string(t->name, out);
        fputc(' ', out);
        print_shape(t->shape, out);
        fprintf(out, " axis %d", t->feature_axis);
        if (t->role == TENSOR_STATE)
            fprintf(out, " weight %d initial %.17g", t->weight, t->initial);
        fputs(t->pruned ? " pruned\n" : "\n", out);
    }
}

static void print_layers(const Graph *g, FILE *out)
{
    for (size_t i = 0; i < g->layers.len; i++) {
        const Layer *l = &g->layers.data[i];
        fputs("layer ", out);
        print_string(l->name, out);
        fputc(' ', out);
        print_string(l->kind, out);
        fprintf(out, " %%%" PRId32 "\n", l->output);
    }
}

static void print_node(const Graph *g, size_t id, FILE *out)
{
    const Node *n = &g->nodes.data[id];
    fprintf(out, "%%%zu = %s", id, op_name(n->op));
    for (int k = 0; k < n->input_count; k++)
        fprintf(out, " %%%" PRId32, n->inputs[k]);
    printers[n->op](n, out);
    fputc(' ', out);
    print_shape(n->shape, out);

    if (n->feature_axis != (n->shape.rank > 0 ? n->shape.rank - 1 : 0))
        fprintf(out, " axis %d", n->feature_axis);
    if (n->layer >= 0)
        fprintf(out, " @%d", n->layer);
    if (n->part != PART_FORWARD)
        fprintf(out, " %s", part_names[n->part]);
    fputc('\n', out);
}

void graph_print(const Graph *g, FILE *out)
{
    fputs("graph ", out);
    print_string(g->name, out);
    fprintf(out, " batch %" PRId64 " sample ", g->batch);
    print_shape(g->sample, out);
    fputs(" target ", out);
    print_shape(g->target, out);
    fprintf(out, " streams %" PRIu32 "\n", g->streams);

    print_tensors(g, out);
    print_layers(g, out);
    for (size_t i = 0; i < g->nodes.len; i++)
        print_node(g, i, out);
}
