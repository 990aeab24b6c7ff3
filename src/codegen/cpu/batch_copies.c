/* batch_copies.c: samples between the runtime's arrays, where each is stored row by row, and
 * panels: the batch's gather, and results. Tasks are blocks of samples. */
#include "codegen/cpu/kernels.h"

static Val tail_mask(Emitter *e, int64_t lanes)
{
    Val m[LANES];
    for (int i = 0; i < LANES; i++)
        m[i] = LLVMConstInt(e->i1, i < lanes, false);
    return LLVMConstVector(m, LANES);
}

static Val masked_intrinsic(Emitter *e, const char *name, unsigned count, Val *args)
{
    LLVMTypeRef types[] = { e->vf, e->ptr };
    unsigned id = LLVMLookupIntrinsicID(name, __builtin_strlen(name));
    Val fn = LLVMGetIntrinsicDeclaration(e->module, id, types, 2);
    return LLVMBuildCall2(e->b, LLVMIntrinsicGetType(e->context, id, types, 2), fn, args, count,
                          "");
}

/* 16 floats anywhere; where fewer are left, only those are touched and the other lanes are 0. */
static Val load_unaligned(Emitter *e, Val address, int64_t lanes)
{
    if (lanes >= LANES) {
        Val v = LLVMBuildLoad2(e->b, e->vf, address, "");
        LLVMSetAlignment(v, 4);
        return v;
    }
    if (lanes == 1)
        return splat(e, LLVMBuildLoad2(e->b, e->f32, address, ""));
    Val args[] = { address, c32(e, 4), tail_mask(e, lanes), vconst(e, 0) };
    return masked_intrinsic(e, "llvm.masked.load", 4, args);
}

static void store_unaligned(Emitter *e, Val value, Val address, int64_t lanes)
{
    if (lanes >= LANES) {
        LLVMSetAlignment(LLVMBuildStore(e->b, value, address), 4);
    } else if (lanes == 1) {
        LLVMBuildStore(e->b, LLVMBuildExtractElement(e->b, value, c32(e, 0), ""), address);
    } else {
        Val args[] = { value, address, c32(e, 4), tail_mask(e, lanes) };
        masked_intrinsic(e, "llvm.masked.store", 4, args);
    }
}

/* Copies a panel's row of so many lanes. */
typedef void (*RowCopy)(Emitter *e, Val row_major, Val panels, int64_t lanes);

/* Copies each row of a sample panel by panel: whole panels in a loop, the last, narrower one after
 * it. */
static void copy_rows(Emitter *e, View v, int64_t rows_max, Val row_major, Val base, Val first_row,
                      RowCopy copy)
{
    Loop rows = { 0 };
    Val t = c64(e, 0);
    if (v.per_sample > 1) {
        rows = loop_begin(e, c64(e, 0), c64(e, v.per_sample), 1, 0, NULL, NULL);
        t = rows.i;
    }
    Val source = float_offset(e, row_major, imul(e, t, v.features)),
        target_row = iadd(e, first_row, t);

    int64_t whole = v.features / LANES, tail = v.features % LANES;
    if (whole > 0) {
        Loop p = loop_begin(e, c64(e, 0), c64(e, whole), 1, 0, NULL, NULL);
        copy(e, float_offset(e, source, imul(e, p.i, LANES)),
             float_offset(e, base, element_offset(e, rows_max, target_row, p.i)), LANES);
        loop_end(e, &p, NULL);
    }
    if (tail) {
        copy(e, float_offset(e, source, c64(e, whole * LANES)),
             float_offset(e, base, element_offset(e, rows_max, target_row, c64(e, whole))), tail);
    }

    if (v.per_sample > 1)
        loop_end(e, &rows, NULL);
}

static void copy_in(Emitter *e, Val row_major, Val panels, int64_t lanes)
{
    store_vector(e, load_unaligned(e, row_major, lanes), panels);
}

static void copy_out(Emitter *e, Val row_major, Val panels, int64_t lanes)
{
    store_unaligned(e, load_vector(e, panels), row_major, lanes);
}

/* An image, channel by channel as it is in the data, into panels of channels: whole vectors of
 * one channel each way where there is but one. */
static void copy_channels(Emitter *e, Shape shape, View v, int64_t rows_max, Val row_major,
                          Val base, Val first_row)
{
    int64_t inner = 1, channels = v.features;
    for (int i = 2; i < shape.rank; i++)
        inner *= shape.dim[i];

    for (int64_t p = 0; p < view_panels(v); p++) {
        int64_t lanes = channels - p * LANES < LANES ? channels - p * LANES : LANES;
        Loop l = loop_begin(e, c64(e, 0), c64(e, inner), 1, 0, NULL, NULL);
        Val target =
            float_offset(e, base, element_offset(e, rows_max, iadd(e, first_row, l.i), c64(e, p)));
        for (int64_t lane = 0; lane < lanes; lane++) {
            Val x = LLVMBuildLoad2(
                e->b, e->f32,
                float_offset(e, row_major, iadd(e, c64(e, (p * LANES + lane) * inner), l.i)), "");
            LLVMBuildStore(e->b, x, float_offset(e, target, c64(e, lane)));
        }
        loop_end(e, &l, NULL);
    }
}

/* The number of the sample at a position: order[position], or the position itself where there is no
 * order. `ordered`: whether there is one. */
static Val sample_at(Emitter *e, Val order, Val ordered, Val position)
{
    Branch br = branch_begin(e, ordered);
    Block then = LLVMGetInsertBlock(e->b);
    Val drawn = LLVMBuildZExt(
        e->b,
        LLVMBuildLoad2(e->b, e->i32, LLVMBuildGEP2(e->b, e->i32, order, &position, 1, ""), ""),
        e->i64, "");
    branch_else(e, &br);
    Block other = LLVMGetInsertBlock(e->b);
    branch_end(e, &br);

    Val sample = LLVMBuildPhi(e->b, e->i64, "");
    LLVMAddIncoming(sample, &drawn, &then, 1);
    LLVMAddIncoming(sample, &position, &other, 1);
    return sample;
}

static unsigned field_of(Op op)
{
    switch (op) {
    case IR_INPUT: return ABI_X;
    case IR_TARGET: return ABI_Y;
    default: return ABI_W;
    }
}

void emit_gather(Emitter *e, Frame *f, const Kernel *k)
{
    const Node *n = graph_node(e->g, k->node);
    const Storage *st = &e->plan->storage[k->node];
    int64_t size = shape_elements(n->shape), block = samples_per_task(e);
    int axis = e->plan->feature_axis[k->node];
    Val base = storage_base(e, f, st);
    Val data = abi_field(e, f->call, field_of(n->op), e->ptr),
        order = abi_field(e, f->call, ABI_ORDER, e->ptr);
    Val begin = imul(e, f->task_begin, block), end = imin(e, imul(e, f->task_end, block), f->n);
    Val ordered = LLVMBuildICmp(e->b, LLVMIntNE, order, LLVMConstNull(e->ptr), "");

    Loop l = loop_begin(e, begin, end, 1, 0, NULL, NULL);
    Val sample = sample_at(e, order, ordered, iadd(e, f->position, l.i));
    Val from = float_offset(e, data, imul(e, sample, size)),
        first_row = imul(e, l.i, st->view.per_sample);
    if (axis == n->shape.rank - 1)
        copy_rows(e, st->view, st->rows_max, from, base, first_row, copy_in);
    else if (axis == 1)
        copy_channels(e, n->shape, st->view, st->rows_max, from, base, first_row);
    else
        emit_fail(e, "internal: samples are gathered along axis %d", axis);
    loop_end(e, &l, NULL);
}

static void out_samples(Emitter *e, Frame *f, NodeId value)
{
    const Storage *st = &e->plan->storage[value];
    const Node *n = graph_node(e->g, value);
    int64_t size = shape_elements(n->shape), block = samples_per_task(e);
    Val out = abi_field(e, f->call, ABI_OUT, e->ptr);
    Branch wanted = branch_begin(e, LLVMBuildICmp(e->b, LLVMIntNE, out, LLVMConstNull(e->ptr), ""));
    Val begin = imul(e, f->task_begin, block), end = imin(e, imul(e, f->task_end, block), f->n);
    Loop l = loop_begin(e, begin, end, 1, 0, NULL, NULL);
    Val target = float_offset(e, out, imul(e, iadd(e, f->position, l.i), size));
    copy_rows(e, st->view, st->rows_max, target, storage_base(e, f, st),
              imul(e, l.i, st->view.per_sample), copy_out);
    loop_end(e, &l, NULL);
    branch_end(e, &wanted);
}

void emit_out(Emitter *e, Frame *f, const Kernel *k)
{
    const Node *n = graph_node(e->g, k->node);
    NodeId value = n->inputs[0];
    const Storage *st = &e->plan->storage[value];
    if (n->slot == SLOT_OUT) {
        if (st->kind != STORE_ARENA && st->kind != STORE_INPUT)
            emit_fail(e, "internal: a prediction has no memory");
        else
            out_samples(e, f, value);
        return;
    }

    Val target = frame_tensor(e, f, n->slot_tensor);
    if (st->kind == STORE_SCALAR) {
        Val x = LLVMBuildLoad2(e->b, e->f64, frame_scalar(e, f, st->index), "");
        store_vector(e, splat(e, LLVMBuildFPTrunc(e->b, x, e->f32, "")), target);
        return;
    }
    if (st->kind == STORE_NONE && graph_node(e->g, value)->op == IR_CONST) {
        store_vector(e, vconst(e, graph_node(e->g, value)->as.value), target);
        return;
    }

    int64_t vectors = view_panels(st->view) * st->rows_max;
    Val base = storage_base(e, f, st);
    Loop l = loop_begin(e, c64(e, 0), c64(e, vectors * LANES), LANES, 0, NULL, NULL);
    store_vector(e, load_vector(e, float_offset(e, base, l.i)), float_offset(e, target, l.i));
    loop_end(e, &l, NULL);
}
