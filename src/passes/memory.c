/* memory.c: where values lie: scalars in slots, the rest in one arena, whose places are given anew
 * when the last phase that reads them is over.
 *
 * Requires phases and tasks (schedule). All kernels of a phase run side by side, so two values that
 * live in a common phase never share a byte. Places are given phase by phase, each the smallest
 * hole that fits. */
#include "passes/passes.h"

/* relayout: the number of a second copy, or behind those of a factor in lanes (sparse_inputs); -1:
 * the node itself. */
typedef struct Buffer {
    NodeId node;
    int relayout;
    int64_t bytes, offset;
    int first, last;
} Buffer;

typedef struct Hole {
    int64_t begin, end;
} Hole;

typedef struct Holes {
    VEC(Hole) list;
    int64_t top;
} Holes; /* in order of address */

static int64_t take(Arena *arena, Holes *h, int64_t bytes)
{
    (void)arena;
    size_t best = h->list.len;
    for (size_t i = 0; i < h->list.len; i++) {
        int64_t size = h->list.data[i].end - h->list.data[i].begin;
        if (size >= bytes &&
            (best == h->list.len || size < h->list.data[best].end - h->list.data[best].begin)) {
            best = i;
        }
    }
    if (best < h->list.len) {
        int64_t offset = h->list.data[best].begin;
        h->list.data[best].begin += bytes;
        if (h->list.data[best].begin == h->list.data[best].end) {
            for (size_t i = best; i + 1 < h->list.len; i++)
                h->list.data[i] = h->list.data[i + 1];
            h->list.len--;
        }
        return offset;
    }
    int64_t offset = h->top;
    if (h->list.len > 0 && h->list.data[h->list.len - 1].end == h->top)
        offset = h->list.data[--h->list.len].begin;
    h->top = offset + bytes;
    return offset;
}

static void give_back(Arena *arena, Holes *h, int64_t begin, int64_t end)
{
    size_t at = 0;
    while (at < h->list.len && h->list.data[at].begin < begin)
        at++;
    bool joins_before = at > 0 && h->list.data[at - 1].end == begin,
         joins_after = at < h->list.len && h->list.data[at].begin == end;
    if (joins_before && joins_after) {
        h->list.data[at - 1].end = h->list.data[at].end;
        for (size_t i = at; i + 1 < h->list.len; i++)
            h->list.data[i] = h->list.data[i + 1];
        h->list.len--;
    } else if (joins_before) {
        h->list.data[at - 1].end = end;
    } else if (joins_after) {
        h->list.data[at].begin = begin;
    } else {
        Hole hole = { begin, end };
        vec_push(arena, &h->list, hole);
        for (size_t i = h->list.len - 1; i > at; i--)
            h->list.data[i] = h->list.data[i - 1];
        h->list.data[at] = hole;
    }
}

typedef struct Lives {
    const Plan *plan;
    int phase;
    int *last;
} Lives;

static void read_at(void *context, NodeId u)
{
    Lives *l = context;
    if (l->phase > l->last[u])
        l->last[u] = l->phase;
}

/* The last phase that reads each node. */
static int *last_reads(const Plan *plan)
{
    Lives l = { plan, 0, ARENA_ARRAY(plan->arena, int, plan->graph->nodes.len + 1) };
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        l.phase = kernel->phase;
        if (kernel->source != NO_NODE)
            read_at(&l, kernel->source);
        else if (kernel->node != NO_NODE)
            visit_sources(plan, kernel->node, read_at, &l);
        for (size_t i = 0; i < kernel->placed.len; i++)
            visit_sources(plan, kernel->placed.data[i].node, read_at, &l);
    }
    return l.last;
}

static int64_t grid_bytes(const Plan *plan, View v)
{
    return view_rows_max(plan, v) * view_panels(v) * LANES * (int64_t)sizeof(float);
}

/* What is moved about, multiplied in a product or looked at through windows lies in the arena,
 * scalar or not. */
static void mark_read_as_array(void *context, NodeId u)
{
    ((bool *)context)[u] = true;
}

static bool *arrays_read(const Plan *plan)
{
    bool *read = ARENA_ARRAY(plan->arena, bool, plan->graph->nodes.len + 1);
    for (NodeId i = 0; i < (NodeId)plan->graph->nodes.len; i++) {
        OpClass class = op_class(graph_node(plan->graph, i)->op);
        if (plan->home[i] < 0)
            continue;
        if (class == CLASS_CONTRACT || class == CLASS_WINDOW ||
            (class != CLASS_EFFECT && reads_memory(plan, i))) {
            visit_sources(plan, i, mark_read_as_array, read);
        }
    }
    return read;
}

/* What kind of place a node needs, and how many bytes of the arena. */
static int64_t place(Plan *plan, NodeId id, bool stored, bool array)
{
    Storage *s = &plan->storage[id];
    const Node *n = graph_node(plan->graph, id);
    const Kernel *home = &plan->kernels.data[plan->home[id]];
    if (op_class(n->op) == CLASS_EFFECT)
        return 0;
    if (home->kind == KERNEL_GATHER) {
        s->kind = STORE_INPUT;
        return grid_bytes(plan, s->view);
    }
    if (home->kind == KERNEL_SCALAR && !array) {
        if (!stored)
            return 0;
        s->kind = STORE_SCALAR;
        s->index = plan->scalar_count++;
        return 0;
    }
    if (home->kind == KERNEL_GRID && op_class(n->op) == CLASS_REDUCE && shape_is_scalar(n->shape)) {
        s->kind = STORE_PARTIALS;
        return kernel_tasks(plan, home, plan->graph->batch > 0 ? plan->graph->batch : 1) *
               (int64_t)sizeof(double);
    }
    if (home->kind == KERNEL_GRID && !stored)
        return 0;
    s->kind = STORE_ARENA;
    return grid_bytes(plan, s->view);
}

/* From the first phase that writes to the last that reads, each plus 1; 0: nothing lies there. */
typedef struct Life {
    int first, last;
} Life;

static void hold(Life *life, int written, int read)
{
    if (life->first == 0 || written + 1 < life->first)
        life->first = written + 1;
    if (written + 1 > life->last)
        life->last = written + 1;
    if (read + 1 > life->last)
        life->last = read + 1;
}

static Storage *storage_of(Plan *plan, const Buffer *b)
{
    size_t copies = plan->relayouts.len;
    if (b->relayout < 0)
        return &plan->storage[b->node];
    return (size_t)b->relayout < copies
               ? &plan->relayouts.data[b->relayout].storage
               : &plan->sparse_inputs.data[(size_t)b->relayout - copies].storage;
}

/* Behind all that lives for some phases: lists are made once a call. */
static void place_lists(Plan *plan)
{
    for (size_t i = 0; i < plan->sparse_weights.len; i++) {
        SparseWeight *w = &plan->sparse_weights.data[i];
        plan->arena_bytes = (plan->arena_bytes + NNRT_ALIGN - 1) / NNRT_ALIGN * NNRT_ALIGN;
        w->lists =
            (Storage){ .kind = STORE_ARENA, .offset = plan->arena_bytes / (int64_t)sizeof(float) };
        plan->arena_bytes += (w->units + LANES - 1) / LANES * w->stride * (int64_t)sizeof(float);
    }
}

Plan *pass_memory(Plan *plan)
{
    const Graph *g = plan->graph;
    plan->storage = ARENA_ARRAY(plan->arena, Storage, g->nodes.len + 1);
    plan->scalar_count = HYPER_COUNT;
    bool *stored = ARENA_ARRAY(plan->arena, bool, g->nodes.len + 1);
    for (size_t k = 0; k < plan->kernels.len; k++) {
        for (size_t i = 0; i < plan->kernels.data[k].placed.len; i++) {
            stored[plan->kernels.data[k].placed.data[i].node] =
                plan->kernels.data[k].placed.data[i].stored;
        }
    }
    int *last = last_reads(plan);
    bool *array = arrays_read(plan);

    typedef struct Phase {
        VEC(int) born, dead;
    } Phase;

    Phase *phases = ARENA_ARRAY(plan->arena, Phase, plan->phases + 1);
    VEC(Buffer) buffers = { 0 };
    Life *lives = ARENA_ARRAY(plan->arena, Life, g->nodes.len + 1);
    for (NodeId i = 0; i < (NodeId)g->nodes.len; i++) {
        const Node *n = graph_node(g, i);
        Storage *s = &plan->storage[i];
        s->view = view_of(g, i);
        s->rows_max = view_rows_max(plan, s->view);
        if (n->op == IR_WEIGHT) {
            s->kind = STORE_TENSOR;
            s->index = n->as.tensor;
        } else if (n->op == IR_HYPER) {
            s->kind = STORE_SCALAR;
            s->index = (int)n->as.hyper;
        }
        if (plan->home[i] < 0)
            continue;
        if (plan->lies_in[i] != NO_NODE) {
            hold(&lives[lies_finally_in(plan, i)], plan->kernels.data[plan->home[i]].phase,
                 last[i]);
            continue;
        }
        int64_t bytes = place(plan, i, stored[i], array[i]);
        if (bytes <= 0)
            continue;
        int first = plan->kernels.data[plan->home[i]].phase;
        Buffer b = { i, -1,    (bytes + NNRT_ALIGN - 1) / NNRT_ALIGN * NNRT_ALIGN,
                     0, first, last[i] > first ? last[i] : first };
        vec_push(plan->arena, &buffers, b);
    }
    for (NodeId i = 0; i < (NodeId)g->nodes.len; i++) {
        if (lives[i].last == 0)
            continue;
        Storage *s = &plan->storage[i];
        s->kind = STORE_ARENA;
        Buffer b = { i,
                     -1,
                     (grid_bytes(plan, s->view) + NNRT_ALIGN - 1) / NNRT_ALIGN * NNRT_ALIGN,
                     0,
                     lives[i].first - 1,
                     lives[i].last - 1 };
        vec_push(plan->arena, &buffers, b);
    }
    int *last_copy = ARENA_ARRAY(plan->arena, int, plan->relayouts.len + 1);
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int copy = kernel->contract != NO_NODE ? contract_relayout(plan, kernel->contract) : -1;
        if (copy >= 0 && kernel->phase > last_copy[copy])
            last_copy[copy] = kernel->phase;
    }
    for (size_t i = 0; i < plan->relayouts.len; i++) {
        Relayout *r = &plan->relayouts.data[i];
        int first = plan->kernels.data[r->home].phase;
        r->storage.kind = STORE_ARENA;
        Buffer b = { r->node,
                     (int)i,
                     (grid_bytes(plan, r->storage.view) + NNRT_ALIGN - 1) / NNRT_ALIGN * NNRT_ALIGN,
                     0,
                     first,
                     last_copy[i] > first ? last_copy[i] : first };
        vec_push(plan->arena, &buffers, b);
    }
    int *last_lanes = ARENA_ARRAY(plan->arena, int, plan->sparse_inputs.len + 1);
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int weight, input;
        if (kernel->contract != NO_NODE &&
            product_skips_zeros(plan, kernel->contract, &weight, &input) &&
            kernel->phase > last_lanes[input]) {
            last_lanes[input] = kernel->phase;
        }
    }
    for (size_t i = 0; i < plan->sparse_inputs.len; i++) {
        SparseInput *in = &plan->sparse_inputs.data[i];
        Buffer b = {
            in->node, (int)(plan->relayouts.len + i),     in->floats * (int64_t)sizeof(float),
            0,        plan->kernels.data[in->home].phase, last_lanes[i]
        };
        in->storage.kind = STORE_ARENA;
        vec_push(plan->arena, &buffers, b);
    }
    for (size_t i = 0; i < buffers.len; i++) {
        vec_push(plan->arena, &phases[buffers.data[i].first].born, (int)i);
        vec_push(plan->arena, &phases[buffers.data[i].last].dead, (int)i);
    }
    Holes holes = { 0 };
    for (int p = 0; p < plan->phases; p++) {
        for (size_t i = 0; i < phases[p].born.len; i++) {
            Buffer *b = &buffers.data[phases[p].born.data[i]];
            b->offset = take(plan->arena, &holes, b->bytes);
            if (holes.top > plan->arena_bytes)
                plan->arena_bytes = holes.top;
            Storage *s = storage_of(plan, b);
            s->offset = b->offset / (s->kind == STORE_PARTIALS ? (int64_t)sizeof(double)
                                                               : (int64_t)sizeof(float));
        }
        for (size_t i = 0; i < phases[p].dead.len; i++) {
            const Buffer *b = &buffers.data[phases[p].dead.data[i]];
            give_back(plan->arena, &holes, b->offset, b->offset + b->bytes);
        }
    }
    place_views(plan);
    place_lists(plan);
    return plan;
}
