/* step.c: the scalars of a step (float64, one thread), and the unit's function: a loop over batches, phase by phase, tasks shared among threads. */
#include "codegen/emit.h"
#include <stdio.h>

static Val scalar_slot(Emitter *e, Frame *f, int index)
{
    Val at = c64(e, index);
    return LLVMBuildGEP2(e->b, e->f64, f->scalars, &at, 1, "");
}

static Val sum_partials(Emitter *e, Frame *f, NodeId id)
{
    const Storage *st = &e->plan->storage[id];
    int home = e->plan->home[id];
    Op op = graph_node(e->g, id)->op;
    Val tasks = kernel_task_count(e, &e->plan->kernels.data[home], f->n);
    Val first = op == IR_REDUCE_SUM ? cd(e, 0) : cd(e, op == IR_REDUCE_MAX ? -__builtin_inf() : __builtin_inf());
    Loop l = loop_begin(e, c64(e, 0), tasks, 1, 1, &first, NULL);
    Val at = iadd(e, c64(e, st->offset), l.i);
    Val next = emit_reduce_step(e, op, l.phi[0], LLVMBuildLoad2(e->b, e->f64, LLVMBuildGEP2(e->b, e->f64, f->arena, &at, 1, ""), ""));
    loop_end(e, &l, &next);
    return l.phi[0];
}

static Val scalar_value(Emitter *e, Frame *f, Val *memo, NodeId id)
{
    const Node *n = graph_node(e->g, id);
    const Storage *st = &e->plan->storage[id];
    if (memo[id]) return memo[id];
    Val value = NULL, in[3];
    if (n->op == IR_CONST && st->kind != STORE_SCALAR) return cd(e, n->as.value);
    if (n->op == IR_HYPER) {
        if (n->as.hyper == HYPER_N || n->as.hyper == HYPER_STEP) value = LLVMBuildSIToFP(e->b, n->as.hyper == HYPER_N ? f->n : f->step, e->f64, "");
        else value = LLVMBuildLoad2(e->b, e->f64, scalar_slot(e, f, n->as.hyper), "");
    } else if (st->kind == STORE_PARTIALS) {
        value = sum_partials(e, f, id);
    } else if (n->op == IR_WEIGHT) {
        value = LLVMBuildFPExt(e->b, LLVMBuildLoad2(e->b, e->f32, frame_tensor(e, f, n->as.tensor), ""), e->f64, "");
    } else if (st->kind == STORE_ARENA) {
        value = LLVMBuildFPExt(e->b, LLVMBuildLoad2(e->b, e->f32, storage_base(e, f, st), ""), e->f64, "");
    } else if (n->op == IR_RANDOM) {
        Val lanes = emit_random(e, n->as.random.kind, frame_seed(e, f), c64(e, 0), c64(e, 0), n->as.random.stream, f->step);
        value = LLVMBuildFPExt(e->b, LLVMBuildExtractElement(e->b, lanes, c32(e, 0), ""), e->f64, "");
    } else if (n->op == IR_INDEX) {
        value = cd(e, 0);
    } else {
        bool at_home = e->plan->home[id] >= 0 && e->plan->kernels.data[e->plan->home[id]].kind == KERNEL_SCALAR;
        if (st->kind == STORE_SCALAR && !at_home) {
            value = LLVMBuildLoad2(e->b, e->f64, scalar_slot(e, f, st->index), "");
        } else if (op_class(n->op) == CLASS_MAP) {
            for (int i = 0; i < n->input_count && i < 3; i++) in[i] = scalar_value(e, f, memo, n->inputs[i]);
            value = emit_map(e, n->op, in);
        } else if (op_class(n->op) == CLASS_REDUCE || n->op == IR_RESHAPE) {
            value = scalar_value(e, f, memo, n->inputs[0]);
        } else {
            emit_fail(e, "internal: '%s' among a step's scalars", op_name(n->op));
            return cd(e, 0);
        }
    }
    return memo[id] = value;
}

/* A scalar of another SCALAR kernel is read from its slot. */
static Val scalar_input(Emitter *e, Frame *f, Val *memo, const Kernel *k, NodeId id)
{
    const Storage *st = &e->plan->storage[id];
    int home = e->plan->home[id];
    if (!memo[id] && st->kind == STORE_SCALAR && home >= 0 && &e->plan->kernels.data[home] != k && graph_node(e->g, id)->op != IR_HYPER)
        memo[id] = LLVMBuildLoad2(e->b, e->f64, scalar_slot(e, f, st->index), "");
    return scalar_value(e, f, memo, id);
}

static void load_inputs(Emitter *e, Frame *f, Val *memo, const Kernel *k, NodeId id)
{
    const Node *n = graph_node(e->g, id);
    for (int i = 0; i < n->input_count; i++) {
        if (e->plan->inlined[n->inputs[i]]) load_inputs(e, f, memo, k, n->inputs[i]);
        scalar_input(e, f, memo, k, n->inputs[i]);
    }
}

static void emit_metric(Emitter *e, Frame *f, const Node *n, Val value)
{
    Val metric = abi_field(e, f->call, ABI_METRIC, e->ptr);
    int index = n->slot == SLOT_LOSS ? NNRT_METRIC_LOSS : n->slot == SLOT_HITS ? NNRT_METRIC_HITS : n->slot == SLOT_PENALTY ? NNRT_METRIC_PENALTY
              : n->slot == SLOT_LR ? NNRT_METRIC_LR : NNRT_METRIC_VALUE;
    Val at = c64(e, index), slot = LLVMBuildGEP2(e->b, e->f64, metric, &at, 1, "");
    if (n->slot == SLOT_PENALTY) value = LLVMBuildFMul(e->b, value, LLVMBuildSIToFP(e->b, f->n, e->f64, ""), "");
    if (n->slot != SLOT_LR && n->slot != SLOT_VALUE) value = LLVMBuildFAdd(e->b, LLVMBuildLoad2(e->b, e->f64, slot, ""), value, "");
    LLVMBuildStore(e->b, value, slot);
}

static bool trains(const Emitter *e)
{
    for (size_t i = 0; i < e->g->roots.len; i++)
        if (graph_node(e->g, e->g->roots.data[i])->op == IR_ASSIGN) return true;
    return false;
}

static void emit_halt(Emitter *e, Frame *f, Val loss)
{
    Val magnitude = call_intrinsic(e, "llvm.fabs", e->f64, 1, &loss);
    Branch bad = branch_begin(e, LLVMBuildFCmp(e->b, LLVMRealUGE, magnitude, cd(e, __builtin_inf()), ""));
    LLVMBuildStore(e->b, c32(e, 1), abi_field_pointer(e, f->call, ABI_HALT));
    LLVMBuildStore(e->b, f->step, abi_field_pointer(e, f->call, ABI_HALT_STEP));
    branch_end(e, &bad);
}

void emit_scalar_kernel(Emitter *e, Frame *f, const Kernel *k)
{
    Val *memo = ARENA_ARRAY(e->arena, Val, e->g->nodes.len);
    for (size_t i = 0; i < k->placed.len && !e->failed; i++) {
        NodeId id = k->placed.data[i].node;
        const Node *n = graph_node(e->g, id);
        load_inputs(e, f, memo, k, id);
        if (op_class(n->op) == CLASS_EFFECT) continue;
        Val value = scalar_value(e, f, memo, id);
        const Storage *st = &e->plan->storage[id];
        if (st->kind == STORE_SCALAR) LLVMBuildStore(e->b, value, scalar_slot(e, f, st->index));
        else if (st->kind == STORE_ARENA) store_vector(e, splat(e, LLVMBuildFPTrunc(e->b, value, e->f32, "")), storage_base(e, f, st));
    }
    /* effects last: an assigned scalar may still be read above */
    for (size_t i = 0; i < k->placed.len && !e->failed; i++) {
        const Node *n = graph_node(e->g, k->placed.data[i].node);
        if (op_class(n->op) != CLASS_EFFECT) continue;
        Val value = scalar_input(e, f, memo, k, n->inputs[0]);
        if (n->op == IR_ASSIGN) {
            store_vector(e, splat(e, LLVMBuildFPTrunc(e->b, value, e->f32, "")), frame_tensor(e, f, n->as.tensor));
        } else if (n->slot == SLOT_TENSOR) {
            store_vector(e, splat(e, LLVMBuildFPTrunc(e->b, value, e->f32, "")), frame_tensor(e, f, n->slot_tensor));
        } else {
            emit_metric(e, f, n, value);
            if (n->slot == SLOT_LOSS && trains(e)) emit_halt(e, f, value);
        }
    }
}

static Val emit_kernel(Emitter *e, int index, bool shared)
{
    const Kernel *k = &e->plan->kernels.data[index];
    Frame f;
    frame_begin(e, &f, arena_printf(e->arena, "%s_k%d", e->g->name, index));
    if (shared) {
        LLVMSetLinkage(f.fn, LLVMExternalLinkage);
        LLVMSetVisibility(f.fn, LLVMHiddenVisibility);
    }
    switch (k->kind) {
    case KERNEL_GRID: emit_grid(e, &f, k); break;
    case KERNEL_SCALAR: emit_scalar_kernel(e, &f, k); break;
    case KERNEL_GATHER: emit_gather(e, &f, k); break;
    case KERNEL_MOVE: emit_move(e, &f, k); break;
    case KERNEL_LANES: emit_lanes(e, &f, k); break;
    case KERNEL_FOLD: emit_fold(e, &f, k); break;
    case KERNEL_OUT: emit_out(e, &f, k); break;
    }
    frame_end(e, &f);
    return f.fn;
}

static int loss_phase(const Emitter *e)
{
    for (size_t i = 0; i < e->plan->kernels.len; i++) {
        const Kernel *k = &e->plan->kernels.data[i];
        if (k->kind != KERNEL_SCALAR) continue;
        for (size_t j = 0; j < k->placed.len; j++) {
            const Node *n = graph_node(e->g, k->placed.data[j].node);
            if (n->op == IR_EMIT && n->slot == SLOT_LOSS) return k->phase;
        }
    }
    return -1;
}

/* dispatch(kernel, call, position, n, step, thread, threads, rows, block, panels): thread t of T takes tasks [count * t / T, count * (t + 1) / T)
 * of the ceil(rows / block) * panels there are. One function for all kernels: divisions in line would cost more to compile than to run. */
enum { DISPATCH_KERNEL, DISPATCH_CALL, DISPATCH_POSITION, DISPATCH_N, DISPATCH_STEP, DISPATCH_THREAD, DISPATCH_THREADS, DISPATCH_ROWS, DISPATCH_BLOCK,
       DISPATCH_PANELS, DISPATCH_COUNT };

static LLVMTypeRef dispatch_type(Emitter *e)
{
    LLVMTypeRef args[DISPATCH_COUNT] = {e->ptr, e->ptr};
    for (int i = DISPATCH_POSITION; i < DISPATCH_COUNT; i++) args[i] = e->i64;
    return LLVMFunctionType(e->void_, args, DISPATCH_COUNT, false);
}

static Val dispatch_function(Emitter *e)
{
    Val fn = LLVMGetNamedFunction(e->module, "dispatch");
    if (fn) return fn;
    fn = LLVMAddFunction(e->module, "dispatch", dispatch_type(e));
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    Block back = LLVMGetInsertBlock(e->b);
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, fn, "entry"));
    Val arg[DISPATCH_COUNT];
    for (unsigned i = 0; i < DISPATCH_COUNT; i++) arg[i] = LLVMGetParam(fn, i);
    Val block = arg[DISPATCH_BLOCK], threads = arg[DISPATCH_THREADS], thread = arg[DISPATCH_THREAD];
    Val blocks = LLVMBuildUDiv(e->b, iadd(e, arg[DISPATCH_ROWS], LLVMBuildSub(e->b, block, c64(e, 1), "")), block, "");
    Val count = LLVMBuildMul(e->b, blocks, arg[DISPATCH_PANELS], "");
    Val turn = LLVMBuildURem(e->b, thread, threads, "");
    Val begin = LLVMBuildUDiv(e->b, LLVMBuildMul(e->b, count, turn, ""), threads, "");
    Val end = LLVMBuildUDiv(e->b, LLVMBuildMul(e->b, count, iadd(e, turn, c64(e, 1)), ""), threads, "");
    Branch some = branch_begin(e, LLVMBuildICmp(e->b, LLVMIntSLT, begin, end, ""));
    Val args[] = {arg[DISPATCH_CALL], arg[DISPATCH_POSITION], arg[DISPATCH_N], arg[DISPATCH_STEP], begin, end};
    LLVMBuildCall2(e->b, e->kernel_type, arg[DISPATCH_KERNEL], args, 6, "");
    branch_end(e, &some);
    LLVMBuildRetVoid(e->b);
    if (back) LLVMPositionBuilderAtEnd(e->b, back);
    return fn;
}

/* Kernels of one phase start with different threads, so that single tasks spread; a step's scalars are always the same thread's. */
static void call_kernel(Emitter *e, Val kernel, int index, Val call, Val position, Val n, Val step, Val thread, Val threads)
{
    const Kernel *k = &e->plan->kernels.data[index];
    Tasks tasks = kernel_tasks_of(e, k);
    Val rows = tasks.per_sample ? imul(e, n, tasks.rows) : c64(e, tasks.rows);
    if (k->kind != KERNEL_SCALAR && !e->plan->serial) thread = iadd(e, thread, c64(e, index));
    Val args[] = {kernel, call, position, n, step, thread, threads, rows, c64(e, tasks.block), c64(e, tasks.panels)};
    LLVMBuildCall2(e->b, dispatch_type(e), dispatch_function(e), args, DISPATCH_COUNT, "");
}

/* Which part has a kernel: weight gradients (and with them the transposed products) in the last one, the rest where less has gathered. */
static int *share_kernels(const Emitter *e)
{
    size_t count = e->plan->kernels.len;
    int *owner = ARENA_ARRAY(e->arena, int, count + 1);
    size_t load[TARGET_PARTS] = {0};
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < count; i++) {
            const Kernel *k = &e->plan->kernels.data[i];
            bool product = k->kind == KERNEL_GRID && k->contract != NO_NODE;
            if (product != (pass == 0)) continue;
            int part = 0;
            if (product) part = k->view.batch ? 0 : e->parts - 1;
            else for (int p = 1; p < e->parts; p++) if (load[p] < load[part]) part = p;
            owner[i] = part;
            load[part] += 8 + k->placed.len;
        }
    return owner;
}

Val emit_unit(Emitter *e)
{
    const Plan *plan = e->plan;
    size_t count = plan->kernels.len;
    Val *kernels = ARENA_ARRAY(e->arena, Val, count + 1);
    const int *owner = share_kernels(e);
    e->scratch = NULL;
    for (size_t i = 0; i < count && !e->failed; i++) {
        if (owner[i] == e->part) kernels[i] = emit_kernel(e, (int)i, e->parts > 1 && e->part > 0);
        else if (e->part == 0) kernels[i] = LLVMAddFunction(e->module, arena_printf(e->arena, "%s_k%d", e->g->name, (int)i), e->kernel_type);
    }
    if (e->part > 0) return NULL;
    LLVMTypeRef type = LLVMFunctionType(e->void_, (LLVMTypeRef[]){e->ptr, e->i32}, 2, false);
    Val fn = LLVMAddFunction(e->module, e->g->name, type);
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, fn, "entry"));
    Val call = LLVMGetParam(fn, 0), thread = LLVMBuildSExt(e->b, LLVMGetParam(fn, 1), e->i64, "");
    Block leave = LLVMAppendBasicBlockInContext(e->context, fn, "leave"), work = LLVMAppendBasicBlockInContext(e->context, fn, "work");
    Val idle = plan->serial ? LLVMBuildICmp(e->b, LLVMIntNE, thread, c64(e, 0), "") : LLVMConstInt(e->i1, 0, false);
    LLVMBuildCondBr(e->b, idle, leave, work);
    LLVMPositionBuilderAtEnd(e->b, leave);
    LLVMBuildRetVoid(e->b);
    LLVMPositionBuilderAtEnd(e->b, work);
    Val first = abi_field(e, call, ABI_FIRST, e->i64), last = abi_field(e, call, ABI_LAST, e->i64), start = abi_field(e, call, ABI_STEP, e->i64);
    Val threads = plan->serial ? c64(e, 1) : LLVMBuildSExt(e->b, abi_field(e, call, ABI_THREADS, e->i32), e->i64, ""), barrier = abi_field(e, call, ABI_BARRIER, e->ptr);
    LLVMTypeRef wait = LLVMFunctionType(e->void_, (LLVMTypeRef[]){e->ptr}, 1, false);
    emit_sparse_lists(e, (SparseCall){call, thread, threads, barrier, LLVMBuildSub(e->b, last, first, "")});
    int64_t batch = e->g->batch > 0 ? e->g->batch : 1;
    int halt_phase = trains(e) ? loss_phase(e) : -1;
    Val initial[] = {start};
    Loop l = loop_begin(e, first, last, batch, 1, initial, NULL);
    Val step = l.phi[0], n = imin(e, LLVMBuildSub(e->b, last, l.i, ""), c64(e, batch));
    for (int phase = 0; phase < plan->phases && !e->failed; phase++) {
        for (size_t i = 0; i < count; i++)
            if (plan->kernels.data[i].phase == phase) call_kernel(e, kernels[i], (int)i, call, l.i, n, step, thread, threads);
        if (!plan->serial) call_extern(e, "nnrt_barrier_wait", wait, 1, &barrier);
        if (phase == halt_phase) {
            Block on = LLVMAppendBasicBlockInContext(e->context, fn, "on");
            Val halted = abi_field(e, call, ABI_HALT, e->i32);
            LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntNE, halted, c32(e, 0), ""), leave, on);
            LLVMPositionBuilderAtEnd(e->b, on);
        }
    }
    Val next = iadd(e, step, c64(e, 1));
    loop_end(e, &l, &next);
    LLVMBuildRetVoid(e->b);
    return fn;
}
