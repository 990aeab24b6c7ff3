/* moves.c: kernels that move values: the batch's gather, reshapes and their like, second layouts,
 * folds, and results for the runtime. Tasks are blocks of samples (gather, out) or of output panels
 * (the others). */
#include "codegen/cpu/emit.h"

Blocks kernel_blocks(Emitter *e, const Kernel *k)
{
    int64_t rows_max = k->view.batch ? k->view.per_sample * e->g->batch : k->view.per_sample,
            panels = view_panels(k->view);
    Blocks b = { .rows = k->row_block, .panels = k->panel_block > 0 ? k->panel_block : panels };
    if (k->axis == AXIS_COL || k->axis == AXIS_BOTH || b.rows <= 0)
        b.all_rows = true, b.rows = rows_max;
    if (k->axis == AXIS_ROW || k->axis == AXIS_BOTH)
        b.panels = panels;
    b.panel_blocks = (panels + b.panels - 1) / b.panels;
    return b;
}

static int64_t gather_block(const Emitter *e)
{
    return e->g->batch > 64 ? 8 : e->g->batch > 8 ? 4 : 1;
}

static bool is_heads(Op op)
{
    return op == IR_HEADS_DOT || op == IR_HEADS_MIX;
}

Tasks kernel_tasks_of(Emitter *e, const Kernel *k)
{
    Tasks tasks;
    switch (k->kind) {
    case KERNEL_GRID: {
        Blocks b = kernel_blocks(e, k);
        if (b.all_rows)
            return (Tasks){ .rows = 1, .block = 1, .panels = b.panel_blocks };
        return (Tasks){ .per_sample = k->view.batch,
                        .rows = k->view.per_sample,
                        .block = b.rows,
                        .panels = b.panel_blocks };
    }
    case KERNEL_GATHER:
        return (Tasks){ .per_sample = true, .rows = 1, .block = gather_block(e), .panels = 1 };
    case KERNEL_OUT:
        if (graph_node(e->g, k->node)->slot == SLOT_OUT)
            return (Tasks){ .per_sample = true, .rows = 1, .block = gather_block(e), .panels = 1 };
        break;
    case KERNEL_MOVE:
        if (k->source == NO_NODE && is_heads(graph_node(e->g, k->node)->op))
            return heads_tasks(e, k);
        if (flatten_tasks(e, k, gather_block(e), &tasks))
            return tasks;
        /* fall through */
    case KERNEL_FOLD:
        return (Tasks){ .rows = 1,
                        .block = 1,
                        .panels =
                            k->source != NO_NODE
                                ? view_panels(k->view)
                                : view_panels(view_of_shape(graph_node(e->g, k->node)->shape,
                                                            e->plan->feature_axis[k->node])) };
    case KERNEL_LANES:
        return (Tasks){ .per_sample = k->view.batch,
                        .rows = k->view.per_sample,
                        .block = SPARSE_ROWS,
                        .panels = 1 };
    case KERNEL_SCALAR: break;
    }
    return (Tasks){ .rows = 1, .block = 1, .panels = 1 };
}

Val kernel_task_count(Emitter *e, const Kernel *k, Val n)
{
    Tasks t = kernel_tasks_of(e, k);
    return imul(e, ceil_div(e, t.per_sample ? imul(e, n, t.rows) : c64(e, t.rows), t.block),
                t.panels);
}

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

/* Calls body for each (row of a sample, panel), whole panels in a loop, the last, narrower one
 * apart. */
typedef void (*RowCopy)(Emitter *e, Val row_major, Val panels, int64_t lanes);

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

/* An image, channel by channel as it lies in the data, into panels of channels: whole vectors of
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

void emit_gather(Emitter *e, Frame *f, const Kernel *k)
{
    const Node *n = graph_node(e->g, k->node);
    const Storage *st = &e->plan->storage[k->node];
    int64_t size = shape_elements(n->shape), block = gather_block(e);
    Val base = storage_base(e, f, st);
    Val data = abi_field(e, f->call, n->op == IR_INPUT ? ABI_X : ABI_Y, e->ptr),
        order = abi_field(e, f->call, ABI_ORDER, e->ptr);
    Val begin = imul(e, f->task_begin, block), end = imin(e, imul(e, f->task_end, block), f->n);
    Val ordered = LLVMBuildICmp(e->b, LLVMIntNE, order, LLVMConstNull(e->ptr), "");
    Loop l = loop_begin(e, begin, end, 1, 0, NULL, NULL);
    Val position = iadd(e, f->position, l.i);
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
    Val from = float_offset(e, data, imul(e, sample, size)),
        first_row = imul(e, l.i, st->view.per_sample);
    int axis = e->plan->feature_axis[k->node];
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
    int64_t size = shape_elements(n->shape), block = gather_block(e);
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
            emit_fail(e, "internal: a prediction lies nowhere");
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

/* ---- the general move: element by element ---- */
typedef struct Index {
    Val at[GRAPH_MAX_RANK];
    int rank;
} Index;

/* The logical index of (row, feature); extents of the batch axis are never divided by. */
static Val extent_of_axis(Emitter *e, const Frame *f, Shape s, int a)
{
    return s.dim[a] == DIM_BATCH ? f->n : c64(e, s.dim[a]);
}

static Index index_of(Emitter *e, const Frame *f, Shape s, int feature_axis, Val row, Val feature)
{
    Index x = { .rank = s.rank };
    Val rest = row;
    for (int a = s.rank - 1; a >= 0; a--) {
        if (a == feature_axis) {
            x.at[a] = feature;
            continue;
        }
        bool outermost = true;
        for (int b = 0; b < a; b++)
            if (b != feature_axis)
                outermost = false;
        if (outermost) {
            x.at[a] = rest;
            continue;
        }
        x.at[a] = LLVMBuildURem(e->b, rest, extent_of_axis(e, f, s, a), "");
        rest = LLVMBuildUDiv(e->b, rest, extent_of_axis(e, f, s, a), "");
    }
    return x;
}

static Val element_address(Emitter *e, const Frame *f, Val base, const Storage *st, Shape s,
                           int feature_axis, const Index *x)
{
    Val row = c64(e, 0), feature = s.rank ? x->at[feature_axis] : c64(e, 0);
    for (int a = 0; a < s.rank; a++) {
        if (a != feature_axis) {
            row = iadd(e,
                       s.dim[a] == DIM_BATCH ? LLVMBuildMul(e->b, row, f->n, "")
                                             : imul(e, row, s.dim[a]),
                       x->at[a]);
        }
    }
    Val panel = LLVMBuildLShr(e->b, feature, c64(e, 4), ""),
        lane = LLVMBuildAnd(e->b, feature, c64(e, LANES - 1), "");
    return float_offset(e, base, iadd(e, element_offset(e, st->rows_max, row, panel), lane));
}

/* The linear position in row-major order, and back. */
static Val linear_of(Emitter *e, const Frame *f, Shape s, const Index *x)
{
    Val at = c64(e, 0);
    for (int a = 0; a < s.rank; a++) {
        at = iadd(e,
                  s.dim[a] == DIM_BATCH ? LLVMBuildMul(e->b, at, f->n, "") : imul(e, at, s.dim[a]),
                  x->at[a]);
    }
    return at;
}

static Index from_linear(Emitter *e, const Frame *f, Shape s, Val at)
{
    Index x = { .rank = s.rank };
    for (int a = s.rank - 1; a >= 0; a--) {
        if (a == 0) {
            x.at[0] = at;
            break;
        }
        x.at[a] = LLVMBuildURem(e->b, at, extent_of_axis(e, f, s, a), "");
        at = LLVMBuildUDiv(e->b, at, extent_of_axis(e, f, s, a), "");
    }
    return x;
}

/* One element, or the 16 of a panel's row that start at it. */
static Val load_at(Emitter *e, Frame *f, NodeId id, const Index *x, bool vector)
{
    const Storage *st = &e->plan->storage[id];
    if (vector) {
        return load_vector(e, element_address(e, f, storage_base(e, f, st), st,
                                              graph_node(e->g, id)->shape,
                                              e->plan->feature_axis[id], x));
    }
    return LLVMBuildLoad2(e->b, e->f32,
                          element_address(e, f, storage_base(e, f, st), st,
                                          graph_node(e->g, id)->shape, e->plan->feature_axis[id],
                                          x),
                          "");
}

static Val move_element(Emitter *e, Frame *f, const Node *n, Index x, bool vector)
{
    NodeId in = n->inputs[0];
    Shape from = graph_node(e->g, in)->shape;
    switch (n->op) {
    case IR_RESHAPE: {
        Index y = from_linear(e, f, from, linear_of(e, f, n->shape, &x));
        return load_at(e, f, in, &y, vector);
    }
    case IR_SLICE:
        x.at[n->as.slice.axis] = iadd(e, x.at[n->as.slice.axis], c64(e, n->as.slice.begin));
        return load_at(e, f, in, &x, vector);
    case IR_PERMUTE: {
        Index y = { .rank = x.rank };
        for (int a = 0; a < x.rank; a++)
            y.at[n->as.permute.order[a]] = x.at[a];
        return load_at(e, f, in, &y, vector);
    }
    case IR_BROADCAST: {
        Index y = { .rank = from.rank };
        for (int a = 0; a < from.rank; a++)
            y.at[a] = from.dim[a] == 1 ? c64(e, 0) : x.at[a + x.rank - from.rank];
        return load_at(e, f, in, &y, vector);
    }
    case IR_PAD: {
        int axis = n->as.pad.axis;
        Val at = LLVMBuildSub(e->b, x.at[axis], c64(e, n->as.pad.before), "");
        Val extent = from.dim[axis] == DIM_BATCH ? f->n : c64(e, from.dim[axis]);
        Val inside = LLVMBuildICmp(e->b, LLVMIntULT, at, extent, "");
        x.at[axis] = LLVMBuildSelect(e->b, inside, at, c64(e, 0), "");
        return LLVMBuildSelect(e->b, inside, load_at(e, f, in, &x, vector),
                               vector ? vconst(e, 0) : cf(e, 0), "");
    }
    case IR_CONCAT: {
        int axis = n->as.axis;
        Val at = x.at[axis], result = NULL;
        int64_t before = 0;
        for (int i = 0; i < n->input_count; i++) {
            int64_t extent = graph_node(e->g, n->inputs[i])->shape.dim[axis];
            Val local = LLVMBuildSub(e->b, at, c64(e, before), "");
            Val inside = LLVMBuildICmp(e->b, LLVMIntULT, local, c64(e, extent), "");
            Index y = x;
            y.at[axis] = LLVMBuildSelect(e->b, inside, local, c64(e, 0), "");
            Val value = load_at(e, f, n->inputs[i], &y, vector);
            result = result ? LLVMBuildSelect(e->b, inside, value, result, "") : value;
            before += extent;
        }
        return result;
    }
    default: emit_fail(e, "internal: '%s' is no move", op_name(n->op)); return cf(e, 0);
    }
}

/* Whether a move leaves lanes where they are: the last axes are in panels on both sides, and panels
 * stay panels. */
static bool moves_vectors(const Emitter *e, const Node *n, int axis)
{
    int last = n->shape.rank - 1;
    if (n->shape.rank < 1 || axis != last)
        return false;
    for (int i = 0; i < n->input_count; i++) {
        Shape s = graph_node(e->g, n->inputs[i])->shape;
        if (s.rank < 1 || e->plan->feature_axis[n->inputs[i]] != s.rank - 1)
            return false;
    }
    Shape from = graph_node(e->g, n->inputs[0])->shape;
    switch (n->op) {
    case IR_RESHAPE: return n->shape.dim[last] == from.dim[from.rank - 1];
    case IR_SLICE: return n->as.slice.axis != last || n->as.slice.begin % LANES == 0;
    case IR_PERMUTE: return n->as.permute.order[last] == last;
    case IR_BROADCAST: return n->shape.dim[last] == from.dim[from.rank - 1];
    case IR_PAD: return n->as.pad.axis != last;
    case IR_CONCAT:
        if (n->as.axis != last)
            return true;
        for (int i = 0; i + 1 < n->input_count; i++)
            if (graph_node(e->g, n->inputs[i])->shape.dim[last] % LANES)
                return false;
        return true;
    default: return false;
    }
}

void transpose_rows(Emitter *e, Rows8 from, Rows8 to)
{
    static const int low[] = { 0, 8, 1, 9, 4, 12, 5, 13 }, high[] = { 2, 10, 3, 11, 6, 14, 7, 15 };
    static const int pair_low[] = { 0, 1, 8, 9, 4, 5, 12, 13 },
                     pair_high[] = { 2, 3, 10, 11, 6, 7, 14, 15 };
    static const int half_low[] = { 0, 1, 2, 3, 8, 9, 10, 11 },
                     half_high[] = { 4, 5, 6, 7, 12, 13, 14, 15 };
    Val r[8], t[8], u[8];
    for (int i = 0; i < 8; i++) {
        r[i] = LLVMBuildLoad2(e->b, e->v8f, float_offset(e, from.first, c64(e, i * from.step)), "");
        LLVMSetAlignment(r[i], from.alignment);
    }
    for (int i = 0; i < 8; i += 2)
        t[i] = shuffle(e, r[i], r[i + 1], low, 8), t[i + 1] = shuffle(e, r[i], r[i + 1], high, 8);
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; j++) {
            u[i + 2 * j] = shuffle(e, t[i + j], t[i + j + 2], pair_low, 8),
                      u[i + 2 * j + 1] = shuffle(e, t[i + j], t[i + j + 2], pair_high, 8);
        }
    }
    for (int i = 0; i < 4; i++) {
        LLVMSetAlignment(LLVMBuildStore(e->b, shuffle(e, u[i], u[i + 4], half_low, 8),
                                        float_offset(e, to.first, c64(e, i * to.step))),
                         to.alignment);
        LLVMSetAlignment(LLVMBuildStore(e->b, shuffle(e, u[i], u[i + 4], half_high, 8),
                                        float_offset(e, to.first, c64(e, (i + 4) * to.step))),
                         to.alignment);
    }
}

void transpose_block(Emitter *e, Val from, Val to)
{
    transpose_rows(e, (Rows8){ from, LANES, 32 }, (Rows8){ to, LANES, 32 });
}

/* relayout(from, to, rows, features, from's rows, to's rows, begin, end): the same matrix with its
 * other axis in panels. Panel q of the copy, q in [begin, end), is rows 16 q .. of the original.
 * Whole blocks are transposed in registers; what they leave (all features of the last rows, or the
 * last features of whole ones) goes element by element. One function for all matrices of a module.
 */
enum {
    RELAYOUT_FROM,
    RELAYOUT_TO,
    RELAYOUT_ROWS,
    RELAYOUT_FEATURES,
    RELAYOUT_FROM_ROWS,
    RELAYOUT_TO_ROWS,
    RELAYOUT_BEGIN,
    RELAYOUT_END,
    RELAYOUT_COUNT
};

static Val panel_element(Emitter *e, Val base, Val rows, Val row, Val feature)
{
    Val panel =
        LLVMBuildMul(e->b, LLVMBuildLShr(e->b, feature, c64(e, 4), ""), imul(e, rows, LANES), "");
    return float_offset(
        e, base,
        iadd(e, panel,
             iadd(e, imul(e, row, LANES), LLVMBuildAnd(e->b, feature, c64(e, LANES - 1), ""))));
}

static Val relayout_function(Emitter *e)
{
    Val fn = LLVMGetNamedFunction(e->module, "relayout");
    if (fn)
        return fn;
    LLVMTypeRef types[RELAYOUT_COUNT] = { e->ptr, e->ptr };
    for (int i = RELAYOUT_ROWS; i < RELAYOUT_COUNT; i++)
        types[i] = e->i64;
    fn = LLVMAddFunction(e->module, "relayout",
                         LLVMFunctionType(e->void_, types, RELAYOUT_COUNT, false));
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    Block back = LLVMGetInsertBlock(e->b);
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, fn, "entry"));
    Val arg[RELAYOUT_COUNT];
    for (unsigned i = 0; i < RELAYOUT_COUNT; i++)
        arg[i] = LLVMGetParam(fn, i);
    Loop q = loop_begin(e, arg[RELAYOUT_BEGIN], arg[RELAYOUT_END], 1, 0, NULL, NULL);
    Val first = imul(e, q.i, LANES), left = LLVMBuildSub(e->b, arg[RELAYOUT_ROWS], first, "");
    Val whole = LLVMBuildICmp(e->b, LLVMIntSGE, left, c64(e, LANES), "");
    Val done = LLVMBuildSelect(
        e->b, whole, LLVMBuildAnd(e->b, arg[RELAYOUT_FEATURES], c64(e, -LANES), ""), c64(e, 0), "");
    Loop p = loop_begin(e, c64(e, 0), done, LANES, 0, NULL, NULL);
    Val source = panel_element(e, arg[RELAYOUT_FROM], arg[RELAYOUT_FROM_ROWS], first, p.i);
    Val target = panel_element(e, arg[RELAYOUT_TO], arg[RELAYOUT_TO_ROWS], p.i, first);
    Loop quarter = loop_begin(e, c64(e, 0), c64(e, 4), 1, 0, NULL, NULL);
    Val down = LLVMBuildLShr(e->b, quarter.i, c64(e, 1), ""),
        across = LLVMBuildAnd(e->b, quarter.i, c64(e, 1), "");
    transpose_block(e,
                    float_offset(e, source, iadd(e, imul(e, down, 8 * LANES), imul(e, across, 8))),
                    float_offset(e, target, iadd(e, imul(e, across, 8 * LANES), imul(e, down, 8))));
    loop_end(e, &quarter, NULL);
    loop_end(e, &p, NULL);
    Loop c = loop_begin(e, done, arg[RELAYOUT_FEATURES], 1, 0, NULL, NULL);
    Loop i = loop_begin(e, first, iadd(e, first, imin(e, left, c64(e, LANES))), 1, 0, NULL, NULL);
    Val value = LLVMBuildLoad2(
        e->b, e->f32, panel_element(e, arg[RELAYOUT_FROM], arg[RELAYOUT_FROM_ROWS], i.i, c.i), "");
    LLVMBuildStore(e->b, value,
                   panel_element(e, arg[RELAYOUT_TO], arg[RELAYOUT_TO_ROWS], c.i, i.i));
    loop_end(e, &i, NULL);
    loop_end(e, &c, NULL);
    loop_end(e, &q, NULL);
    LLVMBuildRetVoid(e->b);
    if (back)
        LLVMPositionBuilderAtEnd(e->b, back);
    return fn;
}

static void emit_relayout(Emitter *e, Frame *f, const Kernel *k)
{
    const Relayout *r = NULL;
    for (size_t i = 0; i < e->plan->relayouts.len; i++)
        if (e->plan->relayouts.data[i].node == k->node)
            r = &e->plan->relayouts.data[i];
    const Storage *st = &e->plan->storage[k->node];
    if (!r || graph_node(e->g, k->node)->shape.rank != 2) {
        emit_fail(e, "internal: no second layout for kernel '%s'", k->name);
        return;
    }
    Val args[] = { storage_base(e, f, st),
                   storage_base(e, f, &r->storage),
                   view_rows_value(e, st->view, f->n),
                   c64(e, st->view.features),
                   c64(e, st->rows_max),
                   c64(e, r->storage.rows_max),
                   f->task_begin,
                   f->task_end };
    Val fn = bf16_packed(e, k->node) ? bf16_relayout(e) : relayout_function(e);
    LLVMBuildCall2(e->b, LLVMGlobalGetValueType(fn), fn, args, RELAYOUT_COUNT, "");
}

void emit_move(Emitter *e, Frame *f, const Kernel *k)
{
    if (k->source != NO_NODE) {
        emit_relayout(e, f, k);
        return;
    }
    const Node *n = graph_node(e->g, k->node);
    if (is_heads(n->op)) {
        emit_heads(e, f, k);
        return;
    }
    if (emit_flatten(e, f, k))
        return;
    if (n->op == IR_GATHER_ROWS || n->op == IR_SCATTER_ROWS) {
        emit_rows(e, f, k);
        return;
    }
    const Storage *st = &e->plan->storage[k->node];
    int axis = e->plan->feature_axis[k->node];
    View v = st->view;
    Val base = storage_base(e, f, st), rows = view_rows_value(e, v, f->n);
    Loop p = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    Loop r = loop_begin(e, c64(e, 0), rows, 1, 0, NULL, NULL);
    Val first = imul(e, p.i, LANES),
        last = imin(e, iadd(e, first, c64(e, LANES)), c64(e, v.features));
    if (moves_vectors(e, n, axis)) {
        Index x = index_of(e, f, n->shape, axis, r.i, first);
        store_vector(e, move_element(e, f, n, x, true),
                     float_offset(e, base, element_offset(e, st->rows_max, r.i, p.i)));
        loop_end(e, &r, NULL);
        loop_end(e, &p, NULL);
        return;
    }
    Loop c = loop_begin(e, first, last, 1, 0, NULL, NULL);
    Index x = index_of(e, f, n->shape, axis, r.i, c.i);
    Val value = move_element(e, f, n, x, false);
    LLVMBuildStore(e->b, value, element_address(e, f, base, st, n->shape, axis, &x));
    loop_end(e, &c, NULL);
    loop_end(e, &r, NULL);
    loop_end(e, &p, NULL);
}

/* Lanes stay lanes: output row o takes input rows (q * mod + o) * div + d for all q and d, whole
 * vectors at a time. */
static void fold_vectors(Emitter *e, Frame *f, const Kernel *k, int64_t div, int64_t mod)
{
    const Node *n = graph_node(e->g, k->node);
    const Storage *st = &e->plan->storage[k->node], *from = &e->plan->storage[n->inputs[0]];
    Val base = storage_base(e, f, st), source = storage_base(e, f, from),
        rows = view_rows_value(e, st->view, f->n);
    Val in_rows = view_rows_value(e, from->view, f->n), identity = emit_reduce_identity(e, n->op);
    Val times = mod ? LLVMBuildUDiv(e->b, in_rows, c64(e, div * mod), "") : c64(e, 1);
    Loop p = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    Loop q = loop_begin(e, c64(e, 0), times, 1, 0, NULL, NULL);
    Loop o = loop_begin(e, c64(e, 0), rows, 1, 0, NULL, NULL);
    Val target = float_offset(e, base, element_offset(e, st->rows_max, o.i, p.i));
    Val first = LLVMBuildICmp(e->b, LLVMIntEQ, q.i, c64(e, 0), "");
    Val sum = LLVMBuildSelect(e->b, first, identity, load_vector(e, target), "");
    Val row = imul(e, mod ? iadd(e, imul(e, q.i, mod), o.i) : o.i, div);
    Val at = float_offset(e, source, element_offset(e, from->rows_max, row, p.i));
    Loop d = loop_begin(e, c64(e, 0), c64(e, div), 1, 1, &sum, NULL);
    Val next = emit_reduce_step(e, n->op, d.phi[0],
                                load_vector(e, float_offset(e, at, imul(e, d.i, LANES))));
    loop_end(e, &d, &next);
    store_vector(e, d.phi[0], target);
    loop_end(e, &o, NULL);
    loop_end(e, &q, NULL);
    loop_end(e, &p, NULL);
}

/* A reduction over some of the axes: every output starts at the identity and takes its inputs in
 * increasing order of their rows. */
void emit_fold(Emitter *e, Frame *f, const Kernel *k)
{
    const Node *n = graph_node(e->g, k->node);
    NodeId in = n->inputs[0];
    const Storage *st = &e->plan->storage[k->node], *from = &e->plan->storage[in];
    Shape shape = graph_node(e->g, in)->shape;
    int axis = e->plan->feature_axis[k->node], in_axis = e->plan->feature_axis[in];
    View v = st->view, in_view = view_of_shape(shape, in_axis);
    int64_t div, mod;
    bool same_lanes =
        v.features == in_view.features && n->shape.rank - axis == shape.rank - in_axis;
    if (same_lanes && view_row_map(n->shape, axis, shape, in_axis, &div, &mod)) {
        fold_vectors(e, f, k, div, mod);
        return;
    }
    Val base = storage_base(e, f, st), source = storage_base(e, f, from);
    Val rows = view_rows_value(e, v, f->n), in_rows = view_rows_value(e, in_view, f->n);
    Val identity = LLVMBuildExtractElement(e->b, emit_reduce_identity(e, n->op), c32(e, 0), "");
    Loop p = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    Loop z = loop_begin(e, c64(e, 0), rows, 1, 0, NULL, NULL);
    store_vector(e, splat(e, identity),
                 float_offset(e, base, element_offset(e, st->rows_max, z.i, p.i)));
    loop_end(e, &z, NULL);
    bool keeps_features = same_lanes;
    Val first = keeps_features ? imul(e, p.i, LANES) : c64(e, 0);
    Val last = keeps_features ? imin(e, iadd(e, first, c64(e, LANES)), c64(e, in_view.features))
                              : c64(e, in_view.features);
    Loop r = loop_begin(e, c64(e, 0), in_rows, 1, 0, NULL, NULL);
    Loop c = loop_begin(e, first, last, 1, 0, NULL, NULL);
    Index x = index_of(e, f, shape, in_axis, r.i, c.i), y = { .rank = n->shape.rank };
    for (int a = 0; a < y.rank; a++)
        y.at[a] = n->shape.dim[a] == 1 ? c64(e, 0) : x.at[a + x.rank - y.rank];
    /* where the lanes are another axis than the input's, each task takes what falls into its panel
     */
    Branch mine = { 0 };
    bool elsewhere = !keeps_features && view_panels(v) > 1;
    if (elsewhere) {
        mine =
            branch_begin(e, LLVMBuildICmp(e->b, LLVMIntEQ,
                                          LLVMBuildLShr(e->b, y.at[axis], c64(e, 4), ""), p.i, ""));
    }
    Val value =
        LLVMBuildLoad2(e->b, e->f32, element_address(e, f, source, from, shape, in_axis, &x), "");
    Val address = element_address(e, f, base, st, n->shape, axis, &y);
    Val sum = LLVMBuildLoad2(e->b, e->f32, address, "");
    Val combined = emit_reduce_step(e, n->op, splat_n(e, sum, 1), splat_n(e, value, 1));
    LLVMBuildStore(e->b, LLVMBuildExtractElement(e->b, combined, c32(e, 0), ""), address);
    if (elsewhere)
        branch_end(e, &mine);
    loop_end(e, &c, NULL);
    loop_end(e, &r, NULL);
    loop_end(e, &p, NULL);
}
