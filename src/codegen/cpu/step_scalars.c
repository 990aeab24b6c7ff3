/* step_scalars.c: the scalars of a step: float64, on one thread. */
#include "codegen/cpu/kernels.h"

static Val sum_partials(Emitter *e, Frame *f, NodeId id)
{
    const Storage *st = &e->plan->storage[id];
    int home = e->plan->home[id];
    Op op = graph_node(e->g, id)->op;
    Val tasks = kernel_task_count(e, &e->plan->kernels.data[home], f->n);
    Val offset = frame_arg(e, f, st->offset), first = cd(e, reduce_identity(op));
    Loop l = loop_begin(e, c64(e, 0), tasks, 1, 1, &first, NULL);
    Val at = iadd(e, offset, l.i);
    Val next = emit_reduce_step(
        e, op, l.phi[0],
        LLVMBuildLoad2(e->b, e->f64, LLVMBuildGEP2(e->b, e->f64, f->arena, &at, 1, ""), ""));
    loop_end(e, &l, &next);
    return l.phi[0];
}

static Val to_double(Emitter *e, Val value)
{
    return LLVMBuildFPExt(e->b, value, e->f64, "");
}

static Val load_double(Emitter *e, Frame *f, int scalar)
{
    return LLVMBuildLoad2(e->b, e->f64, frame_scalar(e, f, scalar), "");
}

static Val hyper_scalar(Emitter *e, Frame *f, Hyper hyper)
{
    if (hyper == HYPER_N || hyper == HYPER_STEP)
        return LLVMBuildSIToFP(e->b, hyper == HYPER_N ? f->n : f->step, e->f64, "");
    return load_double(e, f, hyper);
}

static Val random_scalar(Emitter *e, Frame *f, const Node *n)
{
    Val lanes = emit_random(e, n->as.random.kind, frame_seed(e, f), c64(e, 0), c64(e, 0),
                            frame_arg(e, f, n->as.random.stream), f->step);
    return to_double(e, LLVMBuildExtractElement(e->b, lanes, c32(e, 0), ""));
}

static Val scalar_value(Emitter *e, Frame *f, Val *memo, NodeId id);

static Val map_scalar(Emitter *e, Frame *f, Val *memo, const Node *n)
{
    enum { INPUTS_MAX = 3 };

    Val in[INPUTS_MAX];
    for (int i = 0; i < n->input_count && i < INPUTS_MAX; i++)
        in[i] = scalar_value(e, f, memo, n->inputs[i]);
    return emit_map(e, n->op, in);
}

/* The order of the cases counts: a value that another kernel stored is read, whatever its op. */
static Val scalar_value(Emitter *e, Frame *f, Val *memo, NodeId id)
{
    const Node *n = graph_node(e->g, id);
    const Storage *st = &e->plan->storage[id];
    int home = e->plan->home[id];
    bool at_home = home >= 0 && e->plan->kernels.data[home].kind == KERNEL_SCALAR;
    if (memo[id])
        return memo[id];
    if (n->op == IR_CONST && st->kind != STORE_SCALAR)
        return cd(e, n->as.value);

    Val value;
    if (n->op == IR_HYPER) {
        value = hyper_scalar(e, f, n->as.hyper);
    } else if (st->kind == STORE_PARTIALS) {
        value = sum_partials(e, f, id);
    } else if (n->op == IR_WEIGHT) {
        value = to_double(e, LLVMBuildLoad2(e->b, e->f32, frame_tensor(e, f, n->as.tensor), ""));
    } else if (st->kind == STORE_ARENA && !at_home) {
        value = to_double(e, LLVMBuildLoad2(e->b, e->f32, storage_base(e, f, st), ""));
    } else if (n->op == IR_RANDOM) {
        value = random_scalar(e, f, n);
    } else if (n->op == IR_INDEX) {
        value = cd(e, 0);
    } else if (st->kind == STORE_SCALAR && !at_home) {
        value = load_double(e, f, st->index);
    } else if (op_class(n->op) == CLASS_MAP) {
        value = map_scalar(e, f, memo, n);
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
            memo[id] = load_double(e, f, st->index);
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

static int metric_of(Slot slot)
{
    switch (slot) {
    case SLOT_LOSS: return NNRT_METRIC_LOSS;
    case SLOT_HITS: return NNRT_METRIC_HITS;
    case SLOT_PENALTY: return NNRT_METRIC_PENALTY;
    case SLOT_LR: return NNRT_METRIC_LR;
    case SLOT_WEIGHT: return NNRT_METRIC_WEIGHT;
    default: return NNRT_METRIC_VALUE;
    }
}

/* A rate or a value is the last step's; the others are sums over samples. */
static void emit_metric(Emitter *e, Frame *f, const Node *n, Val value)
{
    Val metric = abi_field(e, f->call, ABI_METRIC, e->ptr);
    Val at = c64(e, metric_of(n->slot)), slot = LLVMBuildGEP2(e->b, e->f64, metric, &at, 1, "");
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

/* One float, in all lanes of a vector. */
static void store_as_array(Emitter *e, Val value, Val address)
{
    store_vector(e, splat(e, LLVMBuildFPTrunc(e->b, value, e->f32, "")), address);
}

static void emit_effect(Emitter *e, Frame *f, const Node *n, Val value)
{
    if (n->op == IR_ASSIGN) {
        store_as_array(e, value, frame_tensor(e, f, n->as.tensor));
    } else if (n->slot == SLOT_TENSOR) {
        store_as_array(e, value, frame_tensor(e, f, n->slot_tensor));
    } else {
        emit_metric(e, f, n, value);
        if (n->slot == SLOT_LOSS && trains(e))
            emit_halt(e, f, value);
    }
}

void emit_scalar_kernel(Emitter *e, Frame *f, const Kernel *k)
{
    Val *memo = ARENA_ARRAY(e->arena, Val, e->g->nodes.len);
    for (size_t i = 0; i < k->placed.len && !e->failed; i++) {
        NodeId id = k->placed.data[i].node;
        const Storage *st = &e->plan->storage[id];
        load_inputs(e, f, memo, k, id);
        if (op_class(graph_node(e->g, id)->op) == CLASS_EFFECT)
            continue;
        Val value = scalar_value(e, f, memo, id);
        if (st->kind == STORE_SCALAR)
            LLVMBuildStore(e->b, value, frame_scalar(e, f, st->index));
        else if (st->kind == STORE_ARENA)
            store_as_array(e, value, storage_base(e, f, st));
    }

    /* effects last: an assigned scalar may still be read above */
    for (size_t i = 0; i < k->placed.len && !e->failed; i++) {
        const Node *n = graph_node(e->g, k->placed.data[i].node);
        if (op_class(n->op) == CLASS_EFFECT)
            emit_effect(e, f, n, scalar_input(e, f, memo, k, n->inputs[0]));
    }
}
