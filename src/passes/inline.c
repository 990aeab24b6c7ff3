/* inline.c: which nodes have no home: they are computed wherever they are read, which costs less
 * than storing them: constants, coordinates, random numbers, and what is made of these. */
#include "passes/fuse.h"

/* A coordinate along the features is the same in every row, so that a range of more rows can work
 * it out as well. */
bool runs_along_features(const Graph *g, NodeId index, NodeId reader)
{
    const Node *n = graph_node(g, index), *r = graph_node(g, reader);
    return n->op == IR_INDEX && n->as.axis == n->feature_axis &&
           view_of(g, index).features == view_of(g, reader).features &&
           n->shape.rank - n->feature_axis == r->shape.rank - r->feature_axis;
}

static bool used_in_own_range(const Fuse *f, NodeId id)
{
    View v = view_at(f, id);
    for (int i = f->uses.start[id]; i < f->uses.start[id + 1]; i++) {
        NodeId r = f->uses.list[i];
        const Node *n = node_at(f, r);
        if (reads_memory(f->plan, r))
            return false;
        if (op_class(n->op) == CLASS_REDUCE || view_equal(view_at(f, r), v))
            continue;
        if (node_at(f, id)->op == IR_RESHAPE && view_one_row(v) && op_class(n->op) == CLASS_MAP)
            continue;
        if (!runs_along_features(f->g, id, r))
            return false;
    }
    return true;
}

static bool read_by_memory(const Fuse *f, NodeId id)
{
    for (int i = f->uses.start[id]; i < f->uses.start[id + 1]; i++)
        if (reads_memory(f->plan, f->uses.list[i]))
            return true;
    return false;
}

static bool keeps_view(const Fuse *f, NodeId id)
{
    const Node *n = node_at(f, id);
    const Node *u = node_at(f, n->inputs[0]);
    View v = view_at(f, id);
    int64_t outer = 1, from_outer = 1;
    for (int i = 0; i < n->feature_axis; i++)
        outer *= n->shape.dim[i] == DIM_BATCH ? 1 : n->shape.dim[i];
    for (int i = 0; i < u->feature_axis; i++)
        from_outer *= u->shape.dim[i] == DIM_BATCH ? 1 : u->shape.dim[i];
    return view_equal(v, view_at(f, n->inputs[0])) && (v.features == 1 || outer == from_outer);
}

void find_inlined(Fuse *f)
{
    Plan *plan = f->plan;
    int *spread = ARENA_ARRAY(plan->arena, int, f->g->nodes.len + 1);
    NodeId count = (NodeId)f->g->nodes.len;

    find_views(plan, f->uses.live);

    /* Reshapes first: which of them move anything decides who reads memory. */
    for (NodeId i = count; i-- > 0;) {
        if (f->uses.live[i] && !is_view(plan, i) && node_at(f, i)->op == IR_RESHAPE &&
            keeps_view(f, i)) {
            plan->inlined[i] = true;
            if (!used_in_own_range(f, i))
                plan->inlined[i] = false;
        }
    }

    for (NodeId i = 0; i < count; i++) {
        const Node *n = node_at(f, i);
        double value;
        if (!f->uses.live[i])
            continue;
        if (n->op == IR_CONST || n->op == IR_HYPER) {
            plan->inlined[i] = true;
        } else if (n->op == IR_BROADCAST && node_constant(f->g, i, &value)) {
            plan->inlined[i] = !read_by_memory(f, i);
        } else if (n->op == IR_INDEX || n->op == IR_RANDOM) {
            plan->inlined[i] = used_in_own_range(f, i);
        } else if (op_class(n->op) == CLASS_MAP && !scalar_at(f, i)) {
            bool all = true, any = false;
            spread[i] = 1;
            for (int k = 0; k < n->input_count; k++) {
                spread[i] += spread[n->inputs[k]];
                all = all && plan->inlined[n->inputs[k]] &&
                      node_at(f, n->inputs[k])->op != IR_RESHAPE && !is_view(plan, n->inputs[k]);
                any = any || op_class(node_at(f, n->inputs[k])->op) != CLASS_LEAF ||
                      node_at(f, n->inputs[k])->op == IR_RANDOM ||
                      node_at(f, n->inputs[k])->op == IR_INDEX;
            }
            if (spread[i] > MOST_SPREAD)
                spread[i] = MOST_SPREAD + 1;
            plan->inlined[i] = all && any && spread[i] <= MOST_SPREAD && used_in_own_range(f, i);
        }
    }
}
