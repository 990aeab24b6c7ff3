/* pool.c: pooling and its derivatives, a lane a channel, one panel of one image after the other.
 *
 * Windows are taken in order, and in a window its cells; a derivative is scattered from each window
 * to its cells in that order, so sums have one order whatever the split. The largest cell of a
 * window is found again from the stored image and result: the first that equals it, as PyTorch
 * chooses. */
#include "codegen/cpu/kernels.h"

typedef struct Pool {
    Emitter *e;
    Op op;
    Window w;
    int64_t image[SPACE_RANK], windows[SPACE_RANK];
    bool inside;                /* no window reaches out of the image */
    bool apart;                 /* no cell is in two windows */
    Val in, second, third, out; /* of this image and panel */
} Pool;

static bool back(Op op)
{
    return op == IR_POOL_MAX_BACK || op == IR_POOL_SUM_BACK;
}

static Val place(Emitter *e, const int64_t extent[SPACE_RANK], const Val at[SPACE_RANK])
{
    return imul(e, iadd(e, imul(e, iadd(e, imul(e, at[0], extent[1]), at[1]), extent[2]), at[2]),
                LANES);
}

/* One window's running values: what it came to, or whether its largest cell was found. */
typedef struct Turn {
    Val value, found, adjoint, result, window;
} Turn;

static void visit_cell(const Pool *p, Turn *t, Val cell)
{
    Emitter *e = p->e;
    Val none = vconst(e, 0);
    switch (p->op) {
    case IR_POOL_MAX:
        t->value = emit_reduce_step(e, IR_REDUCE_MAX, t->value,
                                    load_vector(e, float_offset(e, p->in, cell)));
        return;
    case IR_POOL_SUM:
        t->value = LLVMBuildFAdd(e->b, t->value, load_vector(e, float_offset(e, p->in, cell)), "");
        return;
    default: break;
    }
    Val address = float_offset(e, p->out, cell), given = t->adjoint;
    if (p->op == IR_POOL_MAX_BACK) {
        Val x = load_vector(e, float_offset(e, p->in, cell));
        /* equal, or both no numbers */
        Val same = LLVMBuildFCmp(e->b, LLVMRealUEQ, x, t->result, "");
        Val one = vselect(e, same, vconst(e, 1), none),
            first = LLVMBuildFCmp(e->b, LLVMRealOGT, one, t->found, "");
        given = vselect(e, first, given, none);
        t->found = vselect(e, first, one, t->found);
    }
    if (!p->apart)
        given = LLVMBuildFAdd(e->b, load_vector(e, address), given, "");
    store_vector(e, given, address);
}

/* Where a window begins, which may be outside of the image. */
static void first_cell(const Pool *p, const Val at[SPACE_RANK], Val first[SPACE_RANK])
{
    Emitter *e = p->e;
    const Window *w = &p->w;
    for (int d = 0; d < SPACE_RANK; d++)
        first[d] = LLVMBuildSub(e->b, imul(e, at[d], w->stride[d]), c64(e, w->before[d]), "");
}

/* Cell by cell, written out: all of them are inside. */
static void unrolled_cells(const Pool *p, Turn *t, const Val first[SPACE_RANK], int64_t cells)
{
    Emitter *e = p->e;
    const Window *w = &p->w;
    Val base = place(e, p->image, first);
    for (int64_t i = 0; i < cells; i++) {
        int64_t c[SPACE_RANK] = { i / ((int64_t)w->size[1] * w->size[2]),
                                  i / w->size[2] % w->size[1], i % w->size[2] };
        int64_t cell = (c[0] * p->image[1] + c[1]) * p->image[2] + c[2];
        visit_cell(p, t, iadd(e, base, c64(e, cell * LANES)));
    }
}

/* Visits a cell if it is in the image; `next` is what the turn comes to. */
static void visit_inside(const Pool *p, Turn *t, const Val cell[SPACE_RANK], Val inside,
                         Val next[2])
{
    Emitter *e = p->e;
    Val before[] = { t->value, t->found };
    Branch b = branch_begin(e, inside);
    visit_cell(p, t, place(e, p->image, cell));
    Block then = LLVMGetInsertBlock(e->b);
    branch_else(e, &b);
    Block other = LLVMGetInsertBlock(e->b);
    branch_end(e, &b);

    Val changed[] = { t->value, t->found };
    for (int i = 0; i < 2; i++) {
        next[i] = LLVMBuildPhi(e->b, e->vf, "");
        LLVMAddIncoming(next[i], &changed[i], &then, 1);
        LLVMAddIncoming(next[i], &before[i], &other, 1);
    }
}

static void window_cells(const Pool *p, Turn *t, const Val at[SPACE_RANK])
{
    Emitter *e = p->e;
    const Window *w = &p->w;
    int64_t cells = (int64_t)w->size[0] * w->size[1] * w->size[2];
    Val first[SPACE_RANK];
    first_cell(p, at, first);
    if (p->inside && cells <= e->target->machine->pool_unroll) {
        unrolled_cells(p, t, first, cells);
        return;
    }

    Val carried[] = { t->value, t->found };
    Loop l[SPACE_RANK];
    for (int d = 0; d < SPACE_RANK; d++)
        l[d] = loop_begin(e, c64(e, 0), c64(e, w->size[d]), 1, 2, d ? l[d - 1].phi : carried, NULL);
    Val cell[SPACE_RANK], inside = NULL;
    for (int d = 0; d < SPACE_RANK; d++) {
        cell[d] = iadd(e, first[d], l[d].i);
        Val fits = LLVMBuildICmp(e->b, LLVMIntULT, cell[d], c64(e, p->image[d]), "");
        inside = inside ? LLVMBuildAnd(e->b, inside, fits, "") : fits;
    }

    t->value = l[2].phi[0];
    t->found = l[2].phi[1];
    Val next[2];
    visit_inside(p, t, cell, inside, next);
    loop_end(e, &l[2], next);
    loop_end(e, &l[1], l[2].phi);
    loop_end(e, &l[0], l[1].phi);
    t->value = l[0].phi[0];
    t->found = l[0].phi[1];
}

static void image_windows(const Pool *p)
{
    Emitter *e = p->e;
    Loop l[SPACE_RANK];
    Val at[SPACE_RANK];
    for (int d = 0; d < SPACE_RANK; d++) {
        l[d] = loop_begin(e, c64(e, 0), c64(e, p->windows[d]), 1, 0, NULL, NULL);
        at[d] = l[d].i;
    }
    Turn t = { .value =
                   p->op == IR_POOL_MAX ? emit_reduce_identity(e, IR_REDUCE_MAX) : vconst(e, 0),
               .found = vconst(e, 0) };
    t.window = place(e, p->windows, at);
    if (p->op == IR_POOL_MAX_BACK) {
        t.result = load_vector(e, float_offset(e, p->second, t.window));
        t.adjoint = load_vector(e, float_offset(e, p->third, t.window));
    } else if (p->op == IR_POOL_SUM_BACK) {
        t.adjoint = load_vector(e, float_offset(e, p->in, t.window));
    }
    window_cells(p, &t, at);
    if (!back(p->op))
        store_vector(e, t.value, float_offset(e, p->out, t.window));
    for (int d = SPACE_RANK; d-- > 0;)
        loop_end(e, &l[d], NULL);
}

/* Images and windows as they are before the op, and whether each cell is in one window exactly. */
static bool pool_shapes(Pool *p, const Node *n)
{
    Shape in = graph_node(p->e->g, n->inputs[0])->shape, windows = n->shape;
    if (n->op == IR_POOL_SUM_BACK)
        windows = in;
    else if (n->op == IR_POOL_MAX_BACK)
        windows = graph_node(p->e->g, n->inputs[1])->shape;
    space_of(back(n->op) ? n->shape : in, p->image);
    space_of(windows, p->windows);

    bool covered = true;
    p->inside = p->apart = true;
    for (int d = 0; d < SPACE_RANK; d++) {
        int64_t size = p->w.size[d], stride = p->w.stride[d];
        if (p->w.before[d] != 0 || (p->windows[d] - 1) * stride + size > p->image[d])
            p->inside = false;
        if (stride < size)
            p->apart = false;
        if (stride != size || p->windows[d] * size != p->image[d])
            covered = false;
    }
    return p->inside && covered;
}

void emit_pool(Emitter *e, const Node *n, Val fn)
{
    Pool p = { .e = e, .op = n->op, .w = n->as.window };
    bool covered = pool_shapes(&p, n);
    int64_t image = LANES, windows = LANES;
    for (int d = 0; d < SPACE_RANK; d++) {
        image *= p.image[d];
        windows *= p.windows[d];
    }
    int64_t from = n->op == IR_POOL_SUM_BACK ? windows : image, to = back(n->op) ? image : windows;

    Loop l = loop_begin(e, LLVMGetParam(fn, WINDOWS_BEGIN), LLVMGetParam(fn, WINDOWS_END), 1, 0,
                        NULL, NULL);
    p.in = float_offset(e, LLVMGetParam(fn, WINDOWS_IN), imul(e, l.i, from));
    p.out = float_offset(e, LLVMGetParam(fn, WINDOWS_OUT), imul(e, l.i, to));
    if (n->op == IR_POOL_MAX_BACK) {
        p.second = float_offset(e, LLVMGetParam(fn, WINDOWS_SECOND), imul(e, l.i, windows));
        p.third = float_offset(e, LLVMGetParam(fn, WINDOWS_THIRD), imul(e, l.i, windows));
    }
    if (back(n->op) && !covered) {
        Loop z = loop_begin(e, c64(e, 0), c64(e, to), LANES, 0, NULL, NULL);
        store_vector(e, vconst(e, 0), float_offset(e, p.out, z.i));
        loop_end(e, &z, NULL);
    }
    image_windows(&p);
    loop_end(e, &l, NULL);
}
