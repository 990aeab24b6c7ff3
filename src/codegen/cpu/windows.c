/* windows.c: kernels that begin with an op on windows of images: one function a shape, shared by
 * all layers that have it, called panel by panel. */
#include "codegen/cpu/kernels.h"

/* All that the code of a node depends on. */
static const char *name_of(Emitter *e, const Node *n)
{
    const Window *w = &n->as.window;
    char *name = arena_printf(e->arena, "%s_g%d_p%d", op_name(n->op), w->groups, w->parts);
    for (int i = 0; i < SPACE_RANK; i++) {
        name = arena_printf(e->arena, "%s_%d.%d.%d.%d", name, w->size[i], w->stride[i],
                            w->dilation[i], w->before[i]);
    }
    for (int k = -1; k < n->input_count; k++) {
        Shape s = k < 0 ? n->shape : graph_node(e->g, n->inputs[k])->shape;
        name = arena_printf(e->arena, "%s_", name);
        for (int i = 1; i < s.rank; i++) {
            name = arena_printf(e->arena, "%s%sx", name,
                                arena_printf(e->arena, "%lld", (long long)s.dim[i]));
        }
    }
    return name;
}

static Val function_of(Emitter *e, const Node *n, LLVMTypeRef type)
{
    const char *name = name_of(e, n);
    Val fn;
    if (shared_find(e, name, &fn))
        return fn;
    Block back = shared_begin(e, name, type, &fn);
    if (n->op == IR_CONV || n->op == IR_CONV_TRANSPOSE)
        emit_conv(e, n, fn);
    else if (n->op == IR_CONV_WEIGHT)
        emit_conv_weight(e, n, fn);
    else
        emit_pool(e, n, fn);
    shared_end(e, back);
    return fn;
}

void emit_windows(Emitter *e, Frame *f, const Kernel *k, Val panel, Val out, Val begin, Val end)
{
    const Node *n = graph_node(e->g, k->contract);
    LLVMTypeRef types[WINDOWS_ARGS] = { e->ptr, e->i64, e->ptr, e->ptr, e->ptr,
                                        e->i64, e->i64, e->i64, e->i64 };
    LLVMTypeRef type = LLVMFunctionType(e->void_, types, WINDOWS_ARGS, false);
    Val fn = function_of(e, n, type);
    if (e->failed)
        return;

    bool whole = n->op == IR_CONV || n->op == IR_CONV_TRANSPOSE || n->op == IR_CONV_WEIGHT;
    Val in[3] = { LLVMConstNull(e->ptr), LLVMConstNull(e->ptr), LLVMConstNull(e->ptr) },
        stride = c64(e, 0);
    for (int i = 0; i < n->input_count; i++) {
        const Storage *st = &e->plan->storage[n->inputs[i]];
        int64_t panel_floats = st->rows_max * LANES;
        in[i] = storage_base(e, f, st);
        if (i == 0)
            stride = c64(e, panel_floats);
        if (i > 0 || !whole)
            in[i] = float_offset(e, in[i], imul(e, panel, panel_floats));
    }

    int64_t segment = kernel_segment(e->plan, k);
    Val first = LLVMBuildUDiv(e->b, begin, c64(e, segment), ""),
        last = LLVMBuildUDiv(e->b, end, c64(e, segment), "");
    Val args[WINDOWS_ARGS] = { in[0], stride, in[1], in[2], out, first, last, panel, f->n };
    LLVMBuildCall2(e->b, type, fn, args, WINDOWS_ARGS, "");
}
