/* rows.c: builders of ops that pick rows by their numbers, and of the products of attention, which
 * multiply head by head.
 *
 * Both pairs are closed under differentiation: a gather's derivative is a scatter and the other way
 * round; with out = dot(a, b) and d its adjoint, a gets mix(d, b) and b gets mix(d transposed, a);
 * with out = mix(p, v), p gets dot(d, v) and v gets mix(p transposed, d). */
#include "ir/graph.h"
#include <string.h>

static Shape shape_at(const Graph *g, NodeId id)
{
    return graph_node(g, id)->shape;
}

static bool same_leading(Shape a, Shape b, int count)
{
    for (int i = 0; i < count; i++)
        if (a.dim[i] != b.dim[i])
            return false;
    return true;
}

static bool gather_fits(Shape table, Shape index, Shape *out)
{
    if (table.rank != 2 || shape_has_batch(table) || index.rank < 1 ||
        index.dim[index.rank - 1] != 1) {
        return false;
    }
    *out = index;
    out->dim[index.rank - 1] = table.dim[1];
    return true;
}

static bool scatter_fits(Shape values, Shape index, Shape *out)
{
    if (values.rank < 1 || values.rank != index.rank || index.dim[index.rank - 1] != 1 ||
        !same_leading(values, index, values.rank - 1)) {
        return false;
    }
    return out->rank == 2 && !shape_has_batch(*out) && out->dim[1] == values.dim[values.rank - 1];
}

static bool dot_fits(Shape a, Shape b, int heads, Shape *out)
{
    int r = a.rank;
    if (r < 2 || r >= GRAPH_MAX_RANK || b.rank != r || !same_leading(a, b, r - 2) ||
        a.dim[r - 1] != b.dim[r - 1]) {
        return false;
    }
    if (a.dim[r - 2] == DIM_BATCH || heads < 1 || a.dim[r - 1] % heads)
        return false;
    *out = a;
    out->rank = r + 1;
    out->dim[r - 2] = heads;
    out->dim[r - 1] = a.dim[r - 2];
    out->dim[r] = b.dim[r - 2];
    return true;
}

static bool mix_fits(Shape p, Shape v, bool transposed, Shape *out)
{
    int r = v.rank;
    if (r < 2 || p.rank != r + 1 || !same_leading(p, v, r - 2) || v.dim[r - 2] == DIM_BATCH ||
        v.dim[r - 1] % p.dim[r - 2]) {
        return false;
    }
    int64_t rows = p.dim[transposed ? r : r - 1], inner = p.dim[transposed ? r - 1 : r];
    if (inner != v.dim[r - 2])
        return false;
    *out = v;
    out->dim[r - 2] = rows;
    return true;
}

bool rows_fit(const Graph *g, const Node *n, Shape *out)
{
    Shape a = shape_at(g, n->inputs[0]), b = shape_at(g, n->inputs[1]);
    switch (n->op) {
    case IR_GATHER_ROWS: return gather_fits(a, b, out);
    case IR_SCATTER_ROWS: return *out = n->shape, scatter_fits(a, b, out);
    case IR_HEADS_DOT: return dot_fits(a, b, n->as.heads.heads, out);
    case IR_HEADS_MIX:
        return a.rank >= 3 && n->as.heads.heads == a.dim[a.rank - 3] &&
               mix_fits(a, b, n->as.heads.transposed, out);
    default: return false;
    }
}

static NodeId add(Graph *g, Op op, NodeId a, NodeId b, Shape shape, int heads, bool transposed)
{
    Node n;
    memset(&n, 0, sizeof n);
    n.op = op;
    n.shape = shape;
    n.input_count = 2;
    n.inputs = (NodeId[]){ a, b };
    n.layer = g->current_layer;
    n.part = (uint8_t)g->current_part;
    if (op == IR_HEADS_DOT || op == IR_HEADS_MIX) {
        n.as.heads.heads = heads;
        n.as.heads.transposed = transposed;
    }
    if (!rows_fit(g, &n, &n.shape)) {
        if (!g->error) {
            g->error = arena_printf(g->arena, "%s: %s and %s do not fit", op_name(op),
                                    shape_text(g->arena, shape_at(g, a)),
                                    shape_text(g->arena, shape_at(g, b)));
        }
        return a;
    }
    n.feature_axis = (int8_t)(n.shape.rank - 1);
    return graph_add_node(g, &n, true);
}

NodeId g_gather_rows(Graph *g, NodeId table, NodeId index)
{
    return add(g, IR_GATHER_ROWS, table, index, shape_scalar(), 0, false);
}

NodeId g_scatter_rows(Graph *g, NodeId values, NodeId index, int64_t v)
{
    Shape s = shape_at(g, values);
    return add(g, IR_SCATTER_ROWS, values, index,
               shape_of(2, (int64_t[]){ v, s.dim[s.rank > 0 ? s.rank - 1 : 0] }), 0, false);
}

NodeId g_heads_dot(Graph *g, NodeId a, NodeId b, int heads)
{
    return add(g, IR_HEADS_DOT, graph_factor(g, a), graph_factor(g, b), shape_scalar(), heads,
               false);
}

NodeId g_heads_mix(Graph *g, NodeId p, NodeId v, bool transposed)
{
    Shape s = shape_at(g, p);
    return add(g, IR_HEADS_MIX, graph_factor(g, p), graph_factor(g, v), shape_scalar(),
               s.rank >= 3 ? (int)s.dim[s.rank - 3] : 0, transposed);
}
