/* memory.c: where values lie: scalars in slots, the rest in one arena, whose places are given out
 * again when the last phase that reads them is over.
 *
 * Requires phases and tasks. All kernels of a phase run side by side, so two values that live in a
 * common phase never share a byte. Places are given phase by phase, each the smallest hole that
 * fits. */
#include "passes/passes.h"

/* A stretch of the arena, from the first phase that writes it to the last that reads it. */
typedef struct Buffer {
    Storage *storage;
    int64_t bytes, offset;
    int first, last;
} Buffer;

/* A value's phases, each plus 1; 0: nothing lies there. */
typedef struct Life {
    int first, last;
} Life;

typedef struct Memory {
    Plan *plan;
    bool *stored;   /* per node: a kernel writes it to memory */
    bool *array;    /* per node: it is read from memory as an array, even if it is a scalar */
    int *last_read; /* per node: the last phase that reads it */
    Life *lives;    /* per node: those of what lies in it (in_place.c) */
    VEC(Buffer) buffers;
} Memory;

/* ---- the arena's holes ---- */
typedef struct Hole {
    int64_t begin, end;
} Hole;

typedef struct Holes {
    VEC(Hole) list; /* in order of address */
    int64_t top;
} Holes;

/* The smallest hole that is large enough, else the end of the arena. */
static int64_t take(Holes *h, int64_t bytes)
{
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

/* ---- who needs memory, and for how long ---- */
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

static bool *stored_nodes(const Plan *plan)
{
    bool *stored = ARENA_ARRAY(plan->arena, bool, plan->graph->nodes.len + 1);
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        for (size_t i = 0; i < kernel->placed.len; i++)
            stored[kernel->placed.data[i].node] = kernel->placed.data[i].stored;
    }
    return stored;
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

static int64_t aligned(int64_t bytes)
{
    return (bytes + NNRT_ALIGN - 1) / NNRT_ALIGN * NNRT_ALIGN;
}

static void add_buffer(Memory *m, Storage *storage, int64_t bytes, int first, int last)
{
    Buffer b = { storage, bytes, 0, first, last > first ? last : first };
    vec_push(m->plan->arena, &m->buffers, b);
}

/* Weights and hypers lie where the runtime put them. */
static void place_leaf(Plan *plan, NodeId id)
{
    const Node *n = graph_node(plan->graph, id);
    Storage *s = &plan->storage[id];
    s->view = view_of(plan->graph, id);
    s->rows_max = view_rows_max(plan, s->view);
    if (n->op == IR_WEIGHT) {
        s->kind = STORE_TENSOR;
        s->index = n->as.tensor;
    } else if (n->op == IR_HYPER) {
        s->kind = STORE_SCALAR;
        s->index = (int)n->as.hyper;
    }
}

/* What kind of place a node with a home needs, and how many bytes of the arena. */
static int64_t choose_kind(const Memory *m, NodeId id)
{
    Plan *plan = m->plan;
    Storage *s = &plan->storage[id];
    const Node *n = graph_node(plan->graph, id);
    const Kernel *home = &plan->kernels.data[plan->home[id]];
    if (op_class(n->op) == CLASS_EFFECT)
        return 0;

    if (home->kind == KERNEL_GATHER) {
        s->kind = STORE_INPUT;
        return grid_bytes(plan, s->view);
    }

    if (home->kind == KERNEL_SCALAR && !m->array[id]) {
        if (!m->stored[id])
            return 0;
        s->kind = STORE_SCALAR;
        s->index = plan->scalar_count++;
        return 0;
    }

    if (home->kind == KERNEL_GRID && op_class(n->op) == CLASS_REDUCE && shape_is_scalar(n->shape)) {
        s->kind = STORE_PARTIALS;
        return kernel_tasks(home, plan->graph->batch > 0 ? plan->graph->batch : 1) *
               (int64_t)sizeof(double);
    }

    if (home->kind == KERNEL_GRID && !m->stored[id])
        return 0;
    s->kind = STORE_ARENA;
    return grid_bytes(plan, s->view);
}

/* A concatenation lives from the first of its parts that is written to the last read of any. */
static void hold(Life *life, int written, int read)
{
    if (life->first == 0 || written + 1 < life->first)
        life->first = written + 1;
    if (written + 1 > life->last)
        life->last = written + 1;
    if (read + 1 > life->last)
        life->last = read + 1;
}

static void place_nodes(Memory *m)
{
    Plan *plan = m->plan;
    NodeId count = (NodeId)plan->graph->nodes.len;
    for (NodeId i = 0; i < count; i++) {
        place_leaf(plan, i);
        if (plan->home[i] < 0)
            continue;
        int phase = plan->kernels.data[plan->home[i]].phase;
        if (plan->lies_in[i] != NO_NODE) {
            hold(&m->lives[lies_finally_in(plan, i)], phase, m->last_read[i]);
            continue;
        }
        int64_t bytes = choose_kind(m, i);
        if (bytes > 0)
            add_buffer(m, &plan->storage[i], aligned(bytes), phase, m->last_read[i]);
    }

    for (NodeId i = 0; i < count; i++) {
        if (m->lives[i].last == 0)
            continue;
        Storage *s = &plan->storage[i];
        s->kind = STORE_ARENA;
        add_buffer(m, s, aligned(grid_bytes(plan, s->view)), m->lives[i].first - 1,
                   m->lives[i].last - 1);
    }
}

/* Second copies live until the last product that reads them. */
static void place_relayouts(Memory *m)
{
    Plan *plan = m->plan;
    int *last = ARENA_ARRAY(plan->arena, int, plan->relayouts.len + 1);
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int copy = kernel->contract != NO_NODE ? contract_relayout(plan, kernel->contract) : -1;
        if (copy >= 0 && kernel->phase > last[copy])
            last[copy] = kernel->phase;
    }
    for (size_t i = 0; i < plan->relayouts.len; i++) {
        Relayout *r = &plan->relayouts.data[i];
        r->storage.kind = STORE_ARENA;
        add_buffer(m, &r->storage, aligned(grid_bytes(plan, r->storage.view)),
                   plan->kernels.data[r->home].phase, last[i]);
    }
}

static void place_sparse_inputs(Memory *m)
{
    Plan *plan = m->plan;
    int *last = ARENA_ARRAY(plan->arena, int, plan->sparse_inputs.len + 1);
    for (size_t k = 0; k < plan->kernels.len; k++) {
        const Kernel *kernel = &plan->kernels.data[k];
        int weight, input;
        if (kernel->contract != NO_NODE &&
            product_skips_zeros(plan, kernel->contract, &weight, &input) &&
            kernel->phase > last[input]) {
            last[input] = kernel->phase;
        }
    }
    for (size_t i = 0; i < plan->sparse_inputs.len; i++) {
        SparseInput *in = &plan->sparse_inputs.data[i];
        in->storage.kind = STORE_ARENA;
        add_buffer(m, &in->storage, in->floats * (int64_t)sizeof(float),
                   plan->kernels.data[in->home].phase, last[i]);
    }
}

/* ---- places ---- */
typedef struct Phase {
    VEC(int) born, dead; /* buffers that are first and last needed in it */
} Phase;

static void place_buffers(Memory *m)
{
    Plan *plan = m->plan;
    Phase *phases = ARENA_ARRAY(plan->arena, Phase, plan->phases + 1);
    for (size_t i = 0; i < m->buffers.len; i++) {
        vec_push(plan->arena, &phases[m->buffers.data[i].first].born, (int)i);
        vec_push(plan->arena, &phases[m->buffers.data[i].last].dead, (int)i);
    }

    Holes holes = { 0 };
    for (int p = 0; p < plan->phases; p++) {
        for (size_t i = 0; i < phases[p].born.len; i++) {
            Buffer *b = &m->buffers.data[phases[p].born.data[i]];
            b->offset = take(&holes, b->bytes);
            if (holes.top > plan->arena_bytes)
                plan->arena_bytes = holes.top;
            size_t unit = b->storage->kind == STORE_PARTIALS ? sizeof(double) : sizeof(float);
            b->storage->offset = b->offset / (int64_t)unit;
        }
        for (size_t i = 0; i < phases[p].dead.len; i++) {
            const Buffer *b = &m->buffers.data[phases[p].dead.data[i]];
            give_back(plan->arena, &holes, b->offset, b->offset + b->bytes);
        }
    }
}

/* Lists of weights are made once a call: they lie after all that lives for some phases. */
static void place_lists(Plan *plan)
{
    for (size_t i = 0; i < plan->sparse_weights.len; i++) {
        SparseWeight *w = &plan->sparse_weights.data[i];
        plan->arena_bytes = aligned(plan->arena_bytes);
        w->lists =
            (Storage){ .kind = STORE_ARENA, .offset = plan->arena_bytes / (int64_t)sizeof(float) };
        plan->arena_bytes += (w->units + LANES - 1) / LANES * w->stride * (int64_t)sizeof(float);
    }
}

Plan *pass_memory(Plan *plan)
{
    size_t count = plan->graph->nodes.len;
    plan->storage = ARENA_ARRAY(plan->arena, Storage, count + 1);
    plan->scalar_count = HYPER_COUNT;
    Memory m = { .plan = plan,
                 .stored = stored_nodes(plan),
                 .array = arrays_read(plan),
                 .last_read = last_reads(plan),
                 .lives = ARENA_ARRAY(plan->arena, Life, count + 1) };

    place_nodes(&m);
    place_relayouts(&m);
    place_sparse_inputs(&m);
    place_buffers(&m);
    place_views(plan);
    place_lists(plan);
    return plan;
}
