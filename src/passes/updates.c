/* updates.c: where new values of weights and states are computed and assigned.
 *
 * What only assigns read (optimizer states, moving statistics) is placed last, in kernels that run
 * after the loss; an assign that can't join its value's kernel gets one of its own. */
#include "passes/fuse.h"

void find_updates(Fuse *f)
{
    for (NodeId i = (NodeId)f->g->nodes.len; i-- > 0;) {
        const Node *n = node_at(f, i);
        if (!f->uses.live[i] || shape_has_batch(n->shape))
            continue;
        if (op_class(n->op) != CLASS_MAP && op_class(n->op) != CLASS_REDUCE)
            continue;
        if (op_class(n->op) == CLASS_REDUCE && shape_has_batch(node_at(f, n->inputs[0])->shape))
            continue;
        bool all = f->uses.start[i] < f->uses.start[i + 1];
        for (int k = f->uses.start[i]; k < f->uses.start[i + 1] && all; k++) {
            NodeId r = f->uses.list[k];
            all = node_at(f, r)->op == IR_ASSIGN || f->update[r];
        }
        f->update[i] = all;
    }
}

/* Of one range with all that they read and all that read them. */
void find_floating(Fuse *f)
{
    int *spread = ARENA_ARRAY(f->plan->arena, int, f->g->nodes.len + 1);
    for (NodeId i = 0; i < (NodeId)f->g->nodes.len; i++) {
        const Node *n = node_at(f, i);
        if (!f->update[i] || f->plan->inlined[i] || op_class(n->op) != CLASS_MAP ||
            scalar_at(f, i) || moves_alone(f->plan, i)) {
            continue;
        }

        bool all = true;
        spread[i] = 1;

        for (int k = 0; k < n->input_count && all; k++) {
            NodeId u = n->inputs[k];
            spread[i] += f->floating[u] ? spread[u] : 0;
            all = spread[i] <= MOST_SPREAD;
            all = all && (scalar_at(f, u) || (view_equal(view_at(f, u), view_at(f, i)) &&
                                              (node_at(f, u)->op == IR_WEIGHT || f->floating[u] ||
                                               f->plan->inlined[u])));
            if (f->plan->inlined[u] && node_at(f, u)->op == IR_RESHAPE)
                all = false;
        }

        for (int k = f->uses.start[i]; k < f->uses.start[i + 1] && all; k++) {
            all = op_class(node_at(f, f->uses.list[k])->op) == CLASS_MAP &&
                  view_equal(view_at(f, f->uses.list[k]), view_at(f, i)) &&
                  !moves_alone(f->plan, f->uses.list[k]);
        }
        f->floating[i] = all;
    }
}

/* The kernel that an update would like to join: it may read the tensor's old value itself. */
void find_origins(Fuse *f)
{
    for (NodeId i = 0; i < (NodeId)f->g->nodes.len; i++) {
        const Node *n = node_at(f, i);
        f->made_in[i] = NONE;
        if (!f->update[i] && n->op != IR_ASSIGN)
            continue;
        for (int k = 0; k < n->input_count; k++) {
            NodeId u = n->inputs[k];
            while (f->plan->inlined[u] && node_at(f, u)->op == IR_RESHAPE)
                u = node_at(f, u)->inputs[0];
            int from = scalar_at(f, u) ? NONE : f->plan->home[u];
            if (f->update[u])
                from = f->made_in[u];
            if (from >= 0 && f->plan->kernels.data[from].kind != KERNEL_GRID)
                from = NONE;
            if (from >= 0 && (f->made_in[i] < 0 ||
                              f->growing.data[from].level > f->growing.data[f->made_in[i]].level)) {
                f->made_in[i] = from;
            }
        }
    }
}

/* Update nodes of more than one element come after the loss, and after whatever else reads the
 * tensors that they flow into. */
void find_least_levels(Fuse *f)
{
    for (NodeId i = (NodeId)f->g->nodes.len; i-- > 0;) {
        const Node *n = node_at(f, i);
        if (n->op == IR_ASSIGN) {
            int least = f->loss_level + 1;
            const KernelList *l = &f->tensor_readers[n->as.tensor];
            for (size_t k = 0; k < l->list.len; k++) {
                int level = f->growing.data[l->list.data[k]].level + 1;
                if (level > least && l->list.data[k] != f->made_in[i])
                    least = level;
            }
            f->least_level[i] = least;
        }
        if (!f->update[i] || scalar_at(f, i))
            continue;
        for (int k = f->uses.start[i]; k < f->uses.start[i + 1]; k++) {
            NodeId r = f->uses.list[k];
            if (!scalar_at(f, r) && f->least_level[r] > f->least_level[i])
                f->least_level[i] = f->least_level[r];
        }
    }
}

static bool contract_reads(const Fuse *f, const Kernel *k, int tensor)
{
    if (k->contract == NO_NODE)
        return false;
    bool windows = op_class(node_at(f, k->contract)->op) == CLASS_WINDOW;
    for (int i = 0; i < node_at(f, k->contract)->input_count; i++) {
        const Node *u = node_at(f, node_at(f, k->contract)->inputs[i]);
        if (windows && u->op == IR_WEIGHT && u->as.tensor == tensor)
            return true;
        if (!windows && u->op == IR_WEIGHT && u->as.tensor == tensor &&
            contract_reads_itself(f->plan, k->contract, node_at(f, k->contract)->inputs[i])) {
            return true;
        }
    }
    return false;
}

static int assign_level(const Fuse *f, NodeId id, int kernel)
{
    int level = f->loss_level + 1;
    const KernelList *l = &f->tensor_readers[node_at(f, id)->as.tensor];
    for (size_t i = 0; i < l->list.len; i++) {
        int r = l->list.data[i];
        if (r != kernel && f->growing.data[r].level + 1 > level)
            level = f->growing.data[r].level + 1;
    }
    return level;
}

void place_assign(Fuse *f, NodeId id)
{
    NodeId value = node_at(f, id)->inputs[0];
    int home = f->plan->home[value];
    f->update[id] = false;

    if (scalar_at(f, id)) {
        int least = assign_level(f, id, home);
        if (home >= 0 && f->plan->kernels.data[home].kind == KERNEL_SCALAR &&
            f->growing.data[home].level < least) {
            least = assign_level(f, id, NONE);
        }
        place_scalar(f, id, least);
        return;
    }

    const char *why = "its value has no kernel that it could join";
    if (home >= 0 && f->plan->kernels.data[home].kind == KERNEL_GRID) {
        const Kernel *k = &f->plan->kernels.data[home];
        Growing *grow = &f->growing.data[home];
        int level = assign_level(f, id, home);
        if (contract_reads(f, k, node_at(f, id)->as.tensor)) {
            why = "the kernel's product reads the old value";
        } else if (level > grow->level && grow->has_readers) {
            why = "the kernel runs before others that read the old value, or before the loss";
        } else {
            if (level > grow->level)
                grow->level = level;
            place(f, id, home);
            return;
        }
    }

    int kernel = new_kernel(f, KERNEL_GRID, view_at(f, id), assign_level(f, id, NONE), why);
    place(f, id, kernel);
}
