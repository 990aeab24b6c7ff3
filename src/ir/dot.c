/* dot.c: a graph in the language of Graphviz's dot: the forward nodes of a layer in one box, the
 * rest beside them. */
#include "ir/graph.h"
#include <inttypes.h>

static const char *const part_colors[] = {
    [PART_FORWARD] = "#0072b2", [PART_BACKWARD] = "#d55e00", [PART_UPDATE] = "#009e73"
};

static void print_text(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc((unsigned char)*text < 32 ? ' ' : *text, out);
    }
}

static void print_node(const Graph *g, NodeId id, FILE *out)
{
    const Node *n = graph_node(g, id);
    fprintf(out, "  n%d [label=\"%s", (int)id, op_name(n->op));
    if (n->op == IR_CONST)
        fprintf(out, " %.6g", n->as.value);
    if (n->op == IR_HYPER)
        fprintf(out, " %s", hyper_name(n->as.hyper));
    if (n->op == IR_EMIT)
        fprintf(out, " %s", slot_name(n->slot));
    if (n->op == IR_WEIGHT || n->op == IR_ASSIGN) {
        fputc(' ', out);
        print_text(g->tensors.data[n->as.tensor].name, out);
    }
    fputs("\\n[", out);
    for (int i = 0; i < n->shape.rank; i++)
        if (n->shape.dim[i] == DIM_BATCH)
            fputs(i ? ", n" : "n", out);
        else
            fprintf(out, "%s%" PRId64, i ? ", " : "", n->shape.dim[i]);
    fprintf(out, "]\", color=\"%s\"];\n", part_colors[n->part]);
}

static bool is_drawn_in(const Graph *g, size_t id, int layer)
{
    const Node *n = &g->nodes.data[id];
    return n->part == PART_FORWARD ? n->layer == layer : layer == -1;
}

void graph_print_dot(const Graph *g, FILE *out)
{
    fputs("digraph \"", out);
    print_text(g->name, out);
    fputs("\" {\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n", out);
    for (int layer = -1; layer < (int)g->layers.len; layer++) {
        if (layer >= 0) {
            fprintf(out, "  subgraph cluster_%d {\n  style=rounded; color=gray; label=\"", layer);
            print_text(g->layers.data[layer].name, out);
            fputs("\";\n", out);
        }
        for (size_t i = 0; i < g->nodes.len; i++)
            if (is_drawn_in(g, i, layer))
                print_node(g, (NodeId)i, out);
        if (layer >= 0)
            fputs("  }\n", out);
    }
    for (size_t i = 0; i < g->nodes.len; i++)
        for (int k = 0; k < g->nodes.data[i].input_count; k++)
            fprintf(out, "  n%d -> n%d;\n", (int)g->nodes.data[i].inputs[k], (int)i);
    fputs("}\n", out);
}
