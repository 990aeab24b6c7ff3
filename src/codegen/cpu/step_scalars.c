/* step_scalars.c: the scalars of a step: float64, on one thread. */
#include "codegen/cpu/emit.h"

static Val sum_partials(Emitter *e, Frame *f, NodeId id)
{
    const Storage *st = &e->plan->storage[id];
    int home = e->plan->home[id];
    Op op = graph_node(e->g, id)->op;
    Val tasks = kernel_task_count(e, &e->plan->kernels.data[home], f->n);
    Val offset = frame_arg(e, f, st->offset),
        first = op == IR_REDUCE_SUM
                    ? cd(e, 0)
                    : cd(e, op == IR_REDUCE_MAX ? -__builtin_inf() : __builtin_inf());
    Loop l = loop_begin(e, c64(e, 0), tasks, 1, 1, &first, NULL);
    Val at = iadd(e, offset, l.i);
    Val next = emit_reduce_step(
        e, op, l.phi[0],
        LLVMBuildLoad2(e->b, e->f64, LLVMBuildGEP2(e->b, e->f64, f->arena, &at, 1, ""), ""));
    loop_end(e, &l, &next);
    return l.phi[0];
}

static Val scalar_value(Emitter *e, Frame *f, Val *memo, NodeId id)
{
    const Node *n = graph_node(e->g, id);
    const Storage *st = &e->plan->storage[id];
    if (memo[id])
        return memo[id];
    Val value = NULL, in[3];
    bool at_home =
        e->plan->home[id] >= 0 && e->plan->kernels.data[e->plan->home[id]].kind == KERNEL_SCALAR;
    if (n->op == IR_CONST && st->kind != STORE_SCALAR)
        return cd(e, n->as.value);
    if (n->op == IR_HYPER) {
        if (n->as.hyper == HYPER_N || n->as.hyper == HYPER_STEP)
            value = LLVMBuildSIToFP(e->b, n->as.hyper == HYPER_N ? f->n : f->step, e->f64, "");
        else
            value = LLVMBuildLoad2(e->b, e->f64, frame_scalar(e, f, n->as.hyper), "");
    } else if (st->kind == STORE_PARTIALS) {
        value = sum_partials(e, f, id);
    } else if (n->op == IR_WEIGHT) {
        value = LLVMBuildFPExt(
            e->b, LLVMBuildLoad2(e->b, e->f32, frame_tensor(e, f, n->as.tensor), ""), e->f64, "");
    } else if (st->kind == STORE_ARENA && !at_home) {
        value = LLVMBuildFPExt(e->b, LLVMBuildLoad2(e->b, e->f32, storage_base(e, f, st), ""),
                               e->f64, "");
    } else if (n->op == IR_RANDOM) {
        Val lanes = emit_random(e, n->as.random.kind, frame_seed(e, f), c64(e, 0), c64(e, 0),
                                frame_arg(e, f, n->as.random.stream), f->step);
        value =
            LLVMBuildFPExt(e->b, LLVMBuildExtractElement(e->b, lanes, c32(e, 0), ""), e->f64, "");
    } else if (n->op == IR_INDEX) {
        value = cd(e, 0);
    } else if (st->kind == STORE_SCALAR && !at_home) {
        value = LLVMBuildLoad2(e->b, e->f64, frame_scalar(e, f, st->index), "");
    } else if (op_class(n->op) == CLASS_MAP) {
        for (int i = 0; i < n->input_count && i < 3; i++)
            in[i] = scalar_value(e, f, memo, n->inputs[i]);
        value = emit_map(e, n->op, in);
    } else if (op_class(n->op) == CLASS_REDUCE || n->op == IR_RESHAPE) {
        value = scalar_value(e, f, memo, n->inputs[0]);
    } else {
        emit_fail(e, "internal: '%s' among a step's scalars", op_name(n->op));
        return cd(e, 0);
    }
    return memo[id] = value;
}

/* A scalar of another SCALAR kernel is read from its slot, or from the arena where it is also read
 * as an array. */
static Val scalar_input(Emitter *e, Frame *f, Val *memo, const Kernel *k, NodeId id)
{
    const Storage *st = &e->plan->storage[id];
    int home = e->plan->home[id];
    if (!memo[id] && home >= 0 && &e->plan->kernels.data[home] != k &&
        graph_node(e->g, id)->op != IR_HYPER) {
        if (st->kind == STORE_SCALAR)
            memo[id] = LLVMBuildLoad2(e->b, e->f64, frame_scalar(e, f, st->index), "");
        if (st->kind == STORE_ARENA) {
            memo[id] = LLVMBuildFPExt(
                e->b, LLVMBuildLoad2(e->b, e->f32, storage_base(e, f, st), ""), e->f64, "");
        }
    }
    return scalar_value(e, f, memo, id);
}

static void load_inputs(Emitter *e, Frame *f, Val *memo, const Kernel *k, NodeId id)
{
    const Node *n = graph_node(e->g, id);
    for (int i = 0; i < n->input_count; i++) {
        if (e->plan->inlined[n->inputs[i]])
            load_inputs(e, f, memo, k, n->inputs[i]);
        scalar_input(e, f, memo, k, n->inputs[i]);
    }
}

static void emit_metric(Emitter *e, Frame *f, const Node *n, Val value)
{
    Val metric = abi_field(e, f->call, ABI_METRIC, e->ptr);
    int index = n->slot == SLOT_LOSS      ? NNRT_METRIC_LOSS
                : n->slot == SLOT_HITS    ? NNRT_METRIC_HITS
                : n->slot == SLOT_PENALTY ? NNRT_METRIC_PENALTY
                : n->slot == SLOT_LR      ? NNRT_METRIC_LR
                                          : NNRT_METRIC_VALUE;
    Val at = c64(e, index), slot = LLVMBuildGEP2(e->b, e->f64, metric, &at, 1, "");
    if (n->slot == SLOT_PENALTY)
        value = LLVMBuildFMul(e->b, value, LLVMBuildSIToFP(e->b, f->n, e->f64, ""), "");
    if (n->slot != SLOT_LR && n->slot != SLOT_VALUE)
        value = LLVMBuildFAdd(e->b, LLVMBuildLoad2(e->b, e->f64, slot, ""), value, "");
    LLVMBuildStore(e->b, value, slot);
}

bool trains(const Emitter *e)
{
    for (size_t i = 0; i < e->g->roots.len; i++)
        if (graph_node(e->g, e->g->roots.data[i])->op == IR_ASSIGN)
            return true;
    return false;
}

static void emit_halt(Emitter *e, Frame *f, Val loss)
{
    Val magnitude = call_intrinsic(e, "llvm.fabs", e->f64, 1, &loss);
    Branch bad =
        branch_begin(e, LLVMBuildFCmp(e->b, LLVMRealUGE, magnitude, cd(e, __builtin_inf()), ""));
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
        if (op_class(n->op) == CLASS_EFFECT)
            continue;
        Val value = scalar_value(e, f, memo, id);
        const Storage *st = &e->plan->storage[id];
        if (st->kind == STORE_SCALAR) {
            LLVMBuildStore(e->b, value, frame_scalar(e, f, st->index));
        } else if (st->kind == STORE_ARENA) {
            store_vector(e, splat(e, LLVMBuildFPTrunc(e->b, value, e->f32, "")),
                         storage_base(e, f, st));
        }
    }
    /* effects last: an assigned scalar may still be read above */
    for (size_t i = 0; i < k->placed.len && !e->failed; i++) {
        const Node *n = graph_node(e->g, k->placed.data[i].node);
        if (op_class(n->op) != CLASS_EFFECT)
            continue;
        Val value = scalar_input(e, f, memo, k, n->inputs[0]);
        if (n->op == IR_ASSIGN) {
            store_vector(e, splat(e, LLVMBuildFPTrunc(e->b, value, e->f32, "")),
                         frame_tensor(e, f, n->as.tensor));
        } else if (n->slot == SLOT_TENSOR) {
            store_vector(e, splat(e, LLVMBuildFPTrunc(e->b, value, e->f32, "")),
                         frame_tensor(e, f, n->slot_tensor));
        } else {
            emit_metric(e, f, n, value);
            if (n->slot == SLOT_LOSS && trains(e))
                emit_halt(e, f, value);
        }
    }
}
