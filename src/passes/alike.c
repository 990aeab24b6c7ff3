/* alike.c: whether the machine code of one plan serves another, where only numbers differ: trials
 * of a search are one network with other rates.
 *
 * Constants are compared after all passes, so that a number which decided about the graph's form (x
 * * 1, x + 0, a shared subexpression) has done so already, and code that reads its numbers at run
 * time does what code with them built in does, to the bit. */
#include "passes/passes.h"
#include <math.h>
#include <string.h>

static bool same_view(View a, View b)
{
    return a.batch == b.batch && a.per_sample == b.per_sample && a.features == b.features;
}

static bool same_storage(const Storage *a, const Storage *b)
{
    return a->kind == b->kind && a->offset == b->offset && a->batch_rows == b->batch_rows &&
           a->index == b->index && same_view(a->view, b->view) && a->rows_max == b->rows_max;
}

static bool same_node(const Node *a, const Node *b)
{
    if (a->op != b->op || a->input_count != b->input_count || a->feature_axis != b->feature_axis ||
        !shape_equal(a->shape, b->shape)) {
        return false;
    }
    if (a->input_count &&
        memcmp(a->inputs, b->inputs, (size_t)a->input_count * sizeof *a->inputs) != 0) {
        return false;
    }
    if (a->op == IR_CONST) {
        return isfinite(a->as.value) && isfinite(b->as.value)
                   ? true
                   : memcmp(&a->as.value, &b->as.value, sizeof a->as.value) == 0;
    }
    return memcmp(&a->as, &b->as, sizeof a->as) == 0 && a->slot == b->slot &&
           a->slot_tensor == b->slot_tensor;
}

/* A whole exponent is multiplied out by code generation. */
static bool same_exponents(const Graph *a, const Graph *b, const Node *power)
{
    double x = 0, y = 0;
    if (!node_constant(a, power->inputs[1], &x) || !node_constant(b, power->inputs[1], &y) ||
        x == y) {
        return true;
    }
    return x != floor(x) && y != floor(y);
}

static bool same_graph(const Graph *a, const Graph *b)
{
    if (a->batch != b->batch || !shape_equal(a->sample, b->sample) ||
        !shape_equal(a->target, b->target) || a->nodes.len != b->nodes.len ||
        a->tensors.len != b->tensors.len || a->roots.len != b->roots.len) {
        return false;
    }
    for (size_t i = 0; i < a->nodes.len; i++) {
        const Node *n = &a->nodes.data[i];
        if (!same_node(n, &b->nodes.data[i]) || (n->op == IR_POW && !same_exponents(a, b, n)))
            return false;
    }
    for (size_t i = 0; i < a->tensors.len; i++) {
        const Tensor *s = &a->tensors.data[i], *t = &b->tensors.data[i];
        if (s->role != t->role || s->feature_axis != t->feature_axis || s->weight != t->weight ||
            s->pruned != t->pruned || !shape_equal(s->shape, t->shape)) {
            return false;
        }
    }
    return memcmp(a->roots.data, b->roots.data, a->roots.len * sizeof *a->roots.data) == 0;
}

static bool same_kernel(const Kernel *a, const Kernel *b)
{
    if (a->kind != b->kind || !same_view(a->view, b->view) || a->axis != b->axis ||
        a->contract != b->contract || a->stages != b->stages || a->node != b->node ||
        a->source != b->source || a->row_block != b->row_block ||
        a->panel_block != b->panel_block || a->phase != b->phase ||
        a->placed.len != b->placed.len) {
        return false;
    }
    for (size_t i = 0; i < a->placed.len; i++) {
        const Placed *p = &a->placed.data[i], *q = &b->placed.data[i];
        if (p->node != q->node || p->stage != q->stage || p->stored != q->stored)
            return false;
    }
    return true;
}

static bool same_place(const Plan *a, const Plan *b, size_t i)
{
    return a->home[i] == b->home[i] && a->feature_axis[i] == b->feature_axis[i] &&
           a->stage[i] == b->stage[i] && a->inlined[i] == b->inlined[i] &&
           a->view_of[i] == b->view_of[i] && a->lies_in[i] == b->lies_in[i] &&
           a->copy[i] == b->copy[i] &&
           (a->graph->nodes.data[i].op == IR_CONST || same_storage(&a->storage[i], &b->storage[i]));
}

static bool same_sparse(const Plan *a, const Plan *b)
{
    if (a->sparse_weights.len != b->sparse_weights.len ||
        a->sparse_inputs.len != b->sparse_inputs.len) {
        return false;
    }
    for (size_t i = 0; i < a->sparse_weights.len; i++) {
        const SparseWeight *v = &a->sparse_weights.data[i], *w = &b->sparse_weights.data[i];
        if (v->tensor != w->tensor || v->stride != w->stride || v->most != w->most ||
            !same_storage(&v->lists, &w->lists)) {
            return false;
        }
    }
    for (size_t i = 0; i < a->sparse_inputs.len; i++) {
        const SparseInput *x = &a->sparse_inputs.data[i], *y = &b->sparse_inputs.data[i];
        if (x->node != y->node || x->floats != y->floats || x->home != y->home ||
            !same_storage(&x->storage, &y->storage)) {
            return false;
        }
    }
    return true;
}

bool plan_alike(const Plan *a, const Plan *b)
{
    if (a->kernels.len != b->kernels.len || a->phases != b->phases ||
        a->arena_bytes != b->arena_bytes || a->scalar_count != b->scalar_count ||
        a->serial != b->serial || a->relayouts.len != b->relayouts.len ||
        !same_graph(a->graph, b->graph)) {
        return false;
    }
    for (size_t i = 0; i < a->graph->nodes.len; i++)
        if (!same_place(a, b, i))
            return false;
    for (size_t i = 0; i < a->kernels.len; i++)
        if (!same_kernel(&a->kernels.data[i], &b->kernels.data[i]))
            return false;
    for (size_t i = 0; i < a->relayouts.len; i++) {
        const Relayout *r = &a->relayouts.data[i], *s = &b->relayouts.data[i];
        if (r->node != s->node || r->feature_axis != s->feature_axis || r->home != s->home ||
            !same_storage(&r->storage, &s->storage)) {
            return false;
        }
    }
    return same_sparse(a, b);
}

size_t plan_numbers(const Plan *plan, double *value)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->graph->nodes.len; i++) {
        if (plan->graph->nodes.data[i].op != IR_CONST)
            continue;
        if (value)
            value[count] = plan->graph->nodes.data[i].as.value;
        count++;
    }
    return count;
}

void plan_read_numbers(Plan *plan, const bool *read)
{
    int count = 0;
    for (size_t i = 0; i < plan->graph->nodes.len; i++) {
        if (plan->graph->nodes.data[i].op != IR_CONST)
            continue;
        if (read[count]) {
            plan->storage[i].kind = STORE_SCALAR;
            plan->storage[i].index = plan->scalar_count + count;
        }
        count++;
    }
}
