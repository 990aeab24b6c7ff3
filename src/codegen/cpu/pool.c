/* pool.c: pooling and its derivatives, a lane a channel, one panel of one image after the other.
 *
 * Windows are taken in order, and in a window its cells; a derivative is scattered from each window
 * to its cells in that order, so sums have one order whatever the split. The largest cell of a
 * window is found anew from the stored image and result: the first that equals it, as PyTorch
 * chooses. */
#include "codegen/cpu/emit.h"

typedef struct Pool {
    Emitter *e;
    Op op;
    Window w;
    int64_t image[SPACE_RANK], windows[SPACE_RANK];
    bool inside;                /* no window reaches out of the image */
    bool apart;                 /* no cell lies in two windows */
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

/* One window's running values: what it came to, or whether its largest cell was found. In memory,
 * where branches stand between its cells. */
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

static void window_cells(const Pool *p, Turn *t, const Val at[SPACE_RANK])
{
    Emitter *e = p->e;
    const Window *w = &p->w;
    int64_t cells = (int64_t)w->size[0] * w->size[1] * w->size[2];
    Val first[SPACE_RANK];
    for (int d = 0; d < SPACE_RANK; d++)
        first[d] = LLVMBuildSub(e->b, imul(e, at[d], w->stride[d]), c64(e, w->before[d]), "");
    if (p->inside && cells <= e->target->machine->pool_unroll) {
        Val base = place(e, p->image, first);
        for (int64_t i = 0; i < cells; i++) {
            int64_t c[SPACE_RANK] = { i / ((int64_t)w->size[1] * w->size[2]),
                                      i / w->size[2] % w->size[1], i % w->size[2] };
            visit_cell(
                p, t,
                iadd(e, base, c64(e, ((c[0] * p->image[1] + c[1]) * p->image[2] + c[2]) * LANES)));
        }
        return;
    }
    Val carried[] = { t->value, t->found };
    Loop l[SPACE_RANK];
    for (int d = 0; d < SPACE_RANK; d++)
        l[d] = loop_begin(e, c64(e, 0), c64(e, w->size[d]), 1, 2, d ? l[d - 1].phi : carried, NULL);
    Val cell[SPACE_RANK], in = NULL;
    for (int d = 0; d < SPACE_RANK; d++) {
        cell[d] = iadd(e, first[d], l[d].i);
        Val fits = LLVMBuildICmp(e->b, LLVMIntULT, cell[d], c64(e, p->image[d]), "");
        in = in ? LLVMBuildAnd(e->b, in, fits, "") : fits;
    }
    t->value = l[2].phi[0];
    t->found = l[2].phi[1];
    Val before[] = { t->value, t->found }, after[2];
    Branch b = branch_begin(e, in);
    visit_cell(p, t, place(e, p->image, cell));
    Block then = LLVMGetInsertBlock(e->b);
    branch_else(e, &b);
    Block other = LLVMGetInsertBlock(e->b);
    branch_end(e, &b);
    Val changed[] = { t->value, t->found };
    for (int i = 0; i < 2; i++) {
        after[i] = LLVMBuildPhi(e->b, e->vf, "");
        LLVMAddIncoming(after[i], &changed[i], &then, 1);
        LLVMAddIncoming(after[i], &before[i], &other, 1);
    }
    loop_end(e, &l[2], after);
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

void emit_pool(Emitter *e, const Node *n, Val fn)
{
    Pool p = { .e = e, .op = n->op, .w = n->as.window, .inside = true, .apart = true };
    const Node *in = graph_node(e->g, n->inputs[0]);
    space_of(back(n->op) ? n->shape : in->shape, p.image);
    space_of(!back(n->op)                ? n->shape
             : n->op == IR_POOL_SUM_BACK ? in->shape
                                         : graph_node(e->g, n->inputs[1])->shape,
             p.windows);
    bool covered = true;
    int64_t image = 1, windows = 1;
    for (int d = 0; d < SPACE_RANK; d++) {
        p.inside = p.inside && p.w.before[d] == 0 &&
                   (p.windows[d] - 1) * p.w.stride[d] + p.w.size[d] <= p.image[d];
        p.apart = p.apart && p.w.stride[d] >= p.w.size[d];
        covered =
            covered && p.w.stride[d] == p.w.size[d] && p.windows[d] * p.w.size[d] == p.image[d];
        image *= p.image[d];
        windows *= p.windows[d];
    }
    int64_t from = (n->op == IR_POOL_SUM_BACK ? windows : image) * LANES,
            to = (back(n->op) ? image : windows) * LANES;
    Loop l = loop_begin(e, LLVMGetParam(fn, WINDOWS_BEGIN), LLVMGetParam(fn, WINDOWS_END), 1, 0,
                        NULL, NULL);
    p.in = float_offset(e, LLVMGetParam(fn, WINDOWS_IN), imul(e, l.i, from));
    p.out = float_offset(e, LLVMGetParam(fn, WINDOWS_OUT), imul(e, l.i, to));
    if (n->op == IR_POOL_MAX_BACK) {
        p.second = float_offset(e, LLVMGetParam(fn, WINDOWS_SECOND), imul(e, l.i, windows * LANES));
        p.third = float_offset(e, LLVMGetParam(fn, WINDOWS_THIRD), imul(e, l.i, windows * LANES));
    }
    if (back(n->op) && !(p.inside && covered)) {
        Loop z = loop_begin(e, c64(e, 0), c64(e, to), LANES, 0, NULL, NULL);
        store_vector(e, vconst(e, 0), float_offset(e, p.out, z.i));
        loop_end(e, &z, NULL);
    }
    image_windows(&p);
    loop_end(e, &l, NULL);
}
