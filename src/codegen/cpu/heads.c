/* heads.c: the products of attention, for each sample and head (graph.h, g_heads_dot and
 * g_heads_mix).
 *
 * Where a head's features fill whole panels, each is one product on panels (product.c): the
 * scores' lanes are the other positions, whose features are transposed into a buffer on the stack,
 * a panel of 16 positions at a time. Other widths go element by element. Either way an element is
 * one chain of fused multiply-adds along the summed axis. Tasks are pairs of a sample and a head,
 * or samples where heads share panels. */
#include "codegen/cpu/kernels.h"

typedef struct Heads {
    Emitter *e;
    Frame *f;
    const Node *node;
    const Storage *a, *b, *out; /* the two factors, as in graph.h */
    /* width of a head; out's positions; what is summed over, or scored */
    int64_t heads, width, length, other;
    bool panels; /* heads fill panels */
} Heads;

static bool heads_of(Emitter *e, const Kernel *k, Heads *h)
{
    const Node *n = graph_node(e->g, k->node), *b = graph_node(e->g, n->inputs[1]);
    int last = b->shape.rank - 1;
    *h = (Heads){ .e = e,
                  .node = n,
                  .a = &e->plan->storage[n->inputs[0]],
                  .b = &e->plan->storage[n->inputs[1]],
                  .out = &e->plan->storage[k->node],
                  .heads = n->as.heads.heads };
    h->width = b->shape.dim[last] / h->heads;
    h->other = b->shape.dim[last - 1];
    h->length = n->op == IR_HEADS_DOT ? n->shape.dim[last] : n->shape.dim[last - 1];
    h->panels = h->width % LANES == 0 && h->width <= e->target->machine->stack_rows;
    for (int i = 0; i < 2; i++)
        if (e->plan->feature_axis[n->inputs[i]] != graph_node(e->g, n->inputs[i])->shape.rank - 1)
            return false;
    return true;
}

Tasks heads_tasks(Emitter *e, const Kernel *k)
{
    Heads h;
    if (!heads_of(e, k, &h))
        return (Tasks){ .rows = 1, .block = 1, .panels = 1 };
    bool apart = h.panels || h.node->op == IR_HEADS_DOT;
    View v = h.b->view;
    return (Tasks){ .per_sample = v.batch,
                    .rows = v.per_sample / h.other,
                    .block = 1,
                    .panels = apart ? h.heads : 1 };
}

static Val panel_of(const Heads *h, const Storage *s, Val base, Val panel)
{
    return float_offset(h->e, base, imul(h->e, panel, s->rows_max * LANES));
}

static void product(const Heads *h, bool transposed, Val a, int64_t a_rows, Val b, Val c,
                    int64_t rows, int64_t inner)
{
    Emitter *e = h->e;
    Val fn = product_function(e, transposed);
    product_wants(e, transposed, rows, false);
    Val args[] = { a, c64(e, a_rows * LANES), b, c, c64(e, 0), c64(e, rows), c64(e, inner) };
    LLVMBuildCall2(e->b, e->product_type, fn, args, 7, "");
}

/* Rows [first, first + 16) of a head's panels, transposed: buffer[d][16]. */
static void transpose_keys(const Heads *h, Val from, Val buffer, Val first)
{
    Emitter *e = h->e;
    Val left = LLVMBuildSub(e->b, c64(e, h->other), first, "");
    Branch whole = branch_begin(e, LLVMBuildICmp(e->b, LLVMIntSGE, left, c64(e, LANES), ""));
    Loop p = loop_begin(e, c64(e, 0), c64(e, h->width / LANES), 1, 0, NULL, NULL);
    Val source = float_offset(e, from, element_offset(e, h->b->rows_max, first, p.i)),
        target = float_offset(e, buffer, imul(e, p.i, LANES * LANES));
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            transpose_block(e, float_offset(e, source, c64(e, i * 8 * LANES + j * 8)),
                            float_offset(e, target, c64(e, j * 8 * LANES + i * 8)));
        }
    }
    loop_end(e, &p, NULL);
    branch_else(e, &whole);
    Loop d = loop_begin(e, c64(e, 0), c64(e, h->width), 1, 0, NULL, NULL);
    Val column = float_offset(
        e, from,
        iadd(e, element_offset(e, h->b->rows_max, first, LLVMBuildLShr(e->b, d.i, c64(e, 4), "")),
             LLVMBuildAnd(e->b, d.i, c64(e, LANES - 1), "")));
    Loop s = loop_begin(e, c64(e, 0), left, 1, 0, NULL, NULL);
    Val x = LLVMBuildLoad2(e->b, e->f32, float_offset(e, column, imul(e, s.i, LANES)), "");
    LLVMBuildStore(e->b, x, float_offset(e, buffer, iadd(e, imul(e, d.i, LANES), s.i)));
    loop_end(e, &s, NULL);
    loop_end(e, &d, NULL);
    branch_end(e, &whole);
}

static void dot_by_panels(const Heads *h, Val sample, Val head, Val a, Val b, Val out)
{
    Emitter *e = h->e;
    Block back = frame_enter_entry(e, h->f);
    Val buffer = LLVMBuildArrayAlloca(e->b, e->vf, c64(e, h->width), "");
    LLVMSetAlignment(buffer, NNRT_ALIGN);
    frame_leave_entry(e, back);
    Val column = imul(e, head, h->width / LANES);
    Val queries = float_offset(e, panel_of(h, h->a, a, column), imul(e, sample, h->length * LANES));
    Val keys = float_offset(e, panel_of(h, h->b, b, column), imul(e, sample, h->other * LANES));
    Val first_row = imul(e, iadd(e, imul(e, sample, h->heads), head), h->length);
    Loop p = loop_begin(e, c64(e, 0), c64(e, (h->other + LANES - 1) / LANES), 1, 0, NULL, NULL);
    transpose_keys(h, keys, buffer, imul(e, p.i, LANES));
    product(h, false, queries, h->a->rows_max, buffer,
            float_offset(e, out, element_offset(e, h->out->rows_max, first_row, p.i)), h->length,
            h->width);
    loop_end(e, &p, NULL);
}

static void mix_by_panels(const Heads *h, Val sample, Val head, Val a, Val b, Val out)
{
    Emitter *e = h->e;
    bool transposed = h->node->as.heads.transposed;
    Val first_row =
        imul(e, iadd(e, imul(e, sample, h->heads), head), transposed ? h->other : h->length);
    Val scores = float_offset(e, a, imul(e, first_row, LANES));
    Loop p = loop_begin(e, c64(e, 0), c64(e, h->width / LANES), 1, 0, NULL, NULL);
    Val column = iadd(e, imul(e, head, h->width / LANES), p.i);
    Val values = float_offset(e, panel_of(h, h->b, b, column), imul(e, sample, h->other * LANES));
    Val to = float_offset(e, panel_of(h, h->out, out, column), imul(e, sample, h->length * LANES));
    product(h, transposed, scores, h->a->rows_max, values, to, h->length, h->other);
    loop_end(e, &p, NULL);
}

/* ---- heads that share panels ---- */
static Val element(const Heads *h, const Storage *s, Val base, Val row, Val feature)
{
    Emitter *e = h->e;
    Val panel = LLVMBuildLShr(e->b, feature, c64(e, 4), ""),
        lane = LLVMBuildAnd(e->b, feature, c64(e, LANES - 1), "");
    return float_offset(e, base, iadd(e, element_offset(e, s->rows_max, row, panel), lane));
}

static Val load_element(const Heads *h, const Storage *s, Val base, Val row, Val feature)
{
    return LLVMBuildLoad2(h->e->b, h->e->f32, element(h, s, base, row, feature), "");
}

static Val fma_one(Emitter *e, Val a, Val b, Val c)
{
    Val args[] = { a, b, c };
    return call_intrinsic(e, "llvm.fma", e->f32, 3, args);
}

static void by_elements(const Heads *h, Val sample, Val head, Val a, Val b, Val out)
{
    Emitter *e = h->e;
    bool dot = h->node->op == IR_HEADS_DOT, transposed = h->node->as.heads.transposed;
    Val scores_row = imul(e, iadd(e, imul(e, sample, h->heads), head),
                          dot || !transposed ? h->length : h->other),
        column = imul(e, head, h->width);
    Val own = imul(e, sample, h->length), others = imul(e, sample, h->other);

    LLVMTypeRef types[] = { e->f32 };
    Loop t = loop_begin(e, c64(e, 0), c64(e, h->length), 1, 0, NULL, NULL);
    Loop j = loop_begin(e, c64(e, 0), c64(e, dot ? h->other : h->width), 1, 0, NULL, NULL);
    Val zero[] = { cf(e, 0) };
    Loop k = loop_begin(e, c64(e, 0), c64(e, dot ? h->width : h->other), 1, 1, zero, types);
    Val left, right;
    if (dot) {
        left = load_element(h, h->a, a, iadd(e, own, t.i), iadd(e, column, k.i));
        right = load_element(h, h->b, b, iadd(e, others, j.i), iadd(e, column, k.i));
    } else {
        left = load_element(h, h->a, a, iadd(e, scores_row, transposed ? k.i : t.i),
                            transposed ? t.i : k.i);
        right = load_element(h, h->b, b, iadd(e, others, k.i), iadd(e, column, j.i));
    }
    Val next[] = { fma_one(e, left, right, k.phi[0]) };
    loop_end(e, &k, next);

    Val to = dot ? element(h, h->out, out, iadd(e, scores_row, t.i), j.i)
                 : element(h, h->out, out, iadd(e, own, t.i), iadd(e, column, j.i));
    LLVMBuildStore(e->b, k.phi[0], to);
    loop_end(e, &j, NULL);
    loop_end(e, &t, NULL);
}

void emit_heads(Emitter *e, Frame *f, const Kernel *k)
{
    Heads h;
    if (!heads_of(e, k, &h)) {
        emit_fail(e, "internal: a factor of kernel '%s' is in another order", k->name);
        return;
    }
    h.f = f;
    Val a = storage_base(e, f, h.a), b = storage_base(e, f, h.b), out = storage_base(e, f, h.out);
    bool dot = h.node->op == IR_HEADS_DOT, apart = h.panels || dot;

    Loop task = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    Val sample = apart ? LLVMBuildUDiv(e->b, task.i, c64(e, h.heads), "") : task.i,
        head = apart ? LLVMBuildURem(e->b, task.i, c64(e, h.heads), "") : NULL;
    Loop all = { 0 };
    if (!apart) {
        all = loop_begin(e, c64(e, 0), c64(e, h.heads), 1, 0, NULL, NULL);
        head = all.i;
    }

    if (!h.panels)
        by_elements(&h, sample, head, a, b, out);
    else
        (dot ? dot_by_panels : mix_by_panels)(&h, sample, head, a, b, out);
    if (!apart)
        loop_end(e, &all, NULL);
    loop_end(e, &task, NULL);
}
