/* unit_function.c: the unit's function: a loop over batches, in it a loop over a table of kernels,
 * phase by phase, tasks shared among threads. */
#include "codegen/cpu/kernels.h"
#include "codegen/cpu/module.h"

/* Equal for kernels that may come to the same function; it decides which part makes them, and which
 * functions are compared. */
static uint64_t kernel_key(const Emitter *e, const Kernel *k)
{
    uint64_t key = 0xcbf29ce484222325u;
#define MIX(x) key = (key ^ (uint64_t)(x)) * 0x100000001b3u
    MIX(k->kind), MIX(k->axis), MIX(k->view.batch), MIX(k->view.per_sample), MIX(k->view.features),
        MIX(k->stages), MIX(k->row_block), MIX(k->panel_block), MIX(k->source != NO_NODE);
    for (size_t i = 0; i < k->placed.len; i++) {
        MIX(graph_node(e->g, k->placed.data[i].node)->op), MIX(k->placed.data[i].stage),
            MIX(k->placed.data[i].stored);
    }
    if (k->kind != KERNEL_GRID && k->kind != KERNEL_SCALAR)
        MIX(graph_node(e->g, k->node)->op);
#undef MIX
    return key;
}

static Val emit_kernel(Emitter *e, int index, uint64_t key, Frame *f)
{
    const Kernel *k = &e->plan->kernels.data[index];
    frame_begin(e, f, arena_printf(e->arena, "%s_k%d", e->g->name, index));
    switch (k->kind) {
    case KERNEL_GRID: emit_grid(e, f, k); break;
    case KERNEL_SCALAR: emit_scalar_kernel(e, f, k); break;
    case KERNEL_GATHER: emit_gather(e, f, k); break;
    case KERNEL_MOVE: emit_move(e, f, k); break;
    case KERNEL_LANES: emit_lanes(e, f, k); break;
    case KERNEL_FOLD: emit_fold(e, f, k); break;
    case KERNEL_OUT: emit_out(e, f, k); break;
    }
    frame_end(e, f);
    return e->failed ? f->fn : function_known(e, f->fn, key);
}

static int loss_phase(const Emitter *e)
{
    for (size_t i = 0; i < e->plan->kernels.len; i++) {
        const Kernel *k = &e->plan->kernels.data[i];
        if (k->kind != KERNEL_SCALAR)
            continue;
        for (size_t j = 0; j < k->placed.len; j++) {
            const Node *n = graph_node(e->g, k->placed.data[j].node);
            if (n->op == IR_EMIT && n->slot == SLOT_LOSS)
                return k->phase;
        }
    }
    return -1;
}

static size_t first_like(const uint64_t *key, size_t index)
{
    size_t i = 0;
    while (key[i] != key[index])
        i++;
    return i;
}

static int least_loaded(const size_t *load, int parts)
{
    int part = 0;
    for (int p = 1; p < parts; p++)
        if (load[p] < load[part])
            part = p;
    return part;
}

/* Which part makes a kernel: those that may be one function the same one; weight gradients (and
 * with them the transposed products) the last, the rest where less has gathered. */
static int *share_kernels(const Emitter *e, const uint64_t *key)
{
    enum { COST_OF_KERNEL = 8 }; /* in nodes */

    size_t count = e->plan->kernels.len, load[MODULE_PARTS_MAX] = { 0 };
    int *owner = ARENA_ARRAY(e->arena, int, count + 1);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            const Kernel *k = &e->plan->kernels.data[i];
            bool product = k->kind == KERNEL_GRID && k->contract != NO_NODE;
            if (product != (pass == 0))
                continue;
            size_t like = first_like(key, i);
            if (product)
                owner[i] = k->view.batch ? 0 : e->parts - 1;
            else
                owner[i] = like < i ? owner[like] : least_loaded(load, e->parts);
            if (like == i)
                load[owner[i]] += COST_OF_KERNEL + k->placed.len;
        }
    }
    return owner;
}

/* The table of a part's kernels: {function, arguments} for each kernel of the plan, null where
 * another part has it. */
static const char *part_name(Emitter *e, int part)
{
    return arena_printf(e->arena, "%s_part%d", e->g->name, part);
}

static LLVMTypeRef pair_type(Emitter *e)
{
    return LLVMStructTypeInContext(e->context, (LLVMTypeRef[]){ e->ptr, e->ptr }, 2, false);
}

static Val constant_table(Emitter *e, const char *name, LLVMTypeRef type, Val *rows, size_t count)
{
    Val table = LLVMAddGlobal(e->module, LLVMArrayType2(type, count), name);
    LLVMSetInitializer(table, LLVMConstArray2(type, rows, count));
    LLVMSetGlobalConstant(table, true);
    LLVMSetLinkage(table, LLVMInternalLinkage);
    return table;
}

/* Kernels of this part: where it has none, fn[i] is NULL. Their arguments follow one another in one
 * table, from first[i] on. */
static Val emit_kernels(Emitter *e, const int *owner, const uint64_t *key, Val *fn, size_t *first)
{
    VEC(Val) values = { 0 };
    e->scratch = NULL;
    for (size_t i = 0; i < e->plan->kernels.len && !e->failed; i++) {
        if (owner[i] != e->part)
            continue;
        Frame f;
        fn[i] = emit_kernel(e, (int)i, key[i], &f);
        first[i] = values.len;
        for (size_t v = 0; v < f.values.len; v++)
            vec_push(e->arena, &values, c64(e, f.values.data[v]));
    }
    if (e->failed)
        return NULL;
    return constant_table(e, arena_printf(e->arena, "%s_args", e->g->name), e->i64, values.data,
                          values.len);
}

/* The tables of all parts, as far as this one sees them: part 0 declares the others' and reads them
 * all. Tables but that of part 0 are seen by other modules. */
static void declare_parts(Emitter *e, Val *pair, Val *part)
{
    size_t count = e->plan->kernels.len;
    part[e->part] = constant_table(e, part_name(e, e->part), pair_type(e), pair, count);
    for (int p = 0; p < e->parts; p++) {
        if (p != e->part && e->part == 0) {
            part[p] =
                LLVMAddGlobal(e->module, LLVMArrayType2(pair_type(e), count), part_name(e, p));
        }
        if (p == 0 || !part[p])
            continue;
        LLVMSetLinkage(part[p], LLVMExternalLinkage);
        LLVMSetVisibility(part[p], LLVMHiddenVisibility);
    }
}

/* Makes the kernels of this part. pair[i]: where function and arguments of kernel i are, in part 0
 * alone. False: failed. */
static bool emit_part(Emitter *e, Val *pair)
{
    size_t count = e->plan->kernels.len;
    uint64_t *key = ARENA_ARRAY(e->arena, uint64_t, count + 1);
    for (size_t i = 0; i < count; i++)
        key[i] = kernel_key(e, &e->plan->kernels.data[i]);
    const int *owner = share_kernels(e, key);
    Val *fn = ARENA_ARRAY(e->arena, Val, count + 1), null = LLVMConstNull(e->ptr);
    size_t *first = ARENA_ARRAY(e->arena, size_t, count + 1);
    Val args = emit_kernels(e, owner, key, fn, first);
    if (!args)
        return false;

    for (size_t i = 0; i < count; i++) {
        Val at = c64(e, (int64_t)first[i]),
            fields[] = { fn[i] ? fn[i] : null, fn[i] ? LLVMConstGEP2(e->i64, args, &at, 1) : null };
        pair[i] = LLVMConstStructInContext(e->context, fields, 2, false);
    }
    Val part[MODULE_PARTS_MAX] = { 0 };
    declare_parts(e, pair, part);
    for (size_t i = 0; i < count && e->part == 0; i++) {
        Val at = c64(e, (int64_t)i);
        pair[i] = LLVMConstGEP2(pair_type(e), part[owner[i]], &at, 1);
    }
    return true;
}

/* A row of the unit's table, a kernel: the pair; per_sample * n + rows rows, of which `block` make
 * a task, times `panels`; the thread that starts; what comes after it. */
enum { ROW_PAIR, ROW_PER_SAMPLE, ROW_ROWS, ROW_BLOCK, ROW_PANELS, ROW_START, ROW_END, ROW_FIELDS };

enum { END_OF_PHASE = 1, MAY_HALT = 2 };

static LLVMTypeRef row_type(Emitter *e)
{
    LLVMTypeRef types[ROW_FIELDS] = { e->ptr };
    for (int i = ROW_PAIR + 1; i < ROW_FIELDS; i++)
        types[i] = e->i64;
    return LLVMStructTypeInContext(e->context, types, ROW_FIELDS, false);
}

/* Kernels of one phase start with different threads, so that single tasks spread; a step's scalars
 * are always the same thread's. */
static Val kernel_row(Emitter *e, int index, Val pair, int end)
{
    const Kernel *k = &e->plan->kernels.data[index];
    Tasks t = kernel_tasks_of(e, k);
    Val fields[ROW_FIELDS] = { pair,
                               c64(e, t.per_sample ? t.rows : 0),
                               c64(e, t.per_sample ? 0 : t.rows),
                               c64(e, t.block),
                               c64(e, t.panels),
                               c64(e, k->kind == KERNEL_SCALAR ? 0 : index),
                               c64(e, end) };
    return LLVMConstStructInContext(e->context, fields, ROW_FIELDS, false);
}

/* What comes after a kernel: the last one of its phase is followed by a barrier. */
static int end_of_kernel(const Plan *plan, size_t index, int halt_phase)
{
    int phase = plan->kernels.data[index].phase;
    for (size_t i = index + 1; i < plan->kernels.len; i++)
        if (plan->kernels.data[i].phase == phase)
            return 0;
    return phase == halt_phase ? END_OF_PHASE | MAY_HALT : END_OF_PHASE;
}

static Val unit_table(Emitter *e, const Val *pair, int halt_phase)
{
    const Plan *plan = e->plan;
    size_t count = plan->kernels.len, used = 0;
    Val *rows = ARENA_ARRAY(e->arena, Val, count + 1);
    for (int phase = 0; phase < plan->phases; phase++) {
        for (size_t i = 0; i < count; i++)
            if (plan->kernels.data[i].phase == phase)
                rows[used++] = kernel_row(e, (int)i, pair[i], end_of_kernel(plan, i, halt_phase));
    }
    return constant_table(e, arena_printf(e->arena, "%s_kernels", e->g->name), row_type(e), rows,
                          used);
}

typedef struct Unit {
    Val fn, call, position, n, step, thread, threads, barrier;
    Block leave;
} Unit;

static Val flag_is_set(Emitter *e, Val flags, int flag)
{
    return LLVMBuildICmp(e->b, LLVMIntNE, LLVMBuildAnd(e->b, flags, c64(e, flag), ""), c64(e, 0),
                         "");
}

/* Calls a row's kernel for this thread's tasks: thread t of T takes [count * t / T, count * (t + 1)
 * / T). */
static void run_kernel(Emitter *e, const Unit *u, const Val *field)
{
    Val kernel = LLVMBuildLoad2(e->b, e->ptr, field[ROW_PAIR], ""),
        args = LLVMBuildLoad2(e->b, e->ptr,
                              LLVMBuildStructGEP2(e->b, pair_type(e), field[ROW_PAIR], 1, ""), "");
    Val rows = iadd(e, LLVMBuildMul(e->b, u->n, field[ROW_PER_SAMPLE], ""), field[ROW_ROWS]),
        block = field[ROW_BLOCK];
    Val blocks =
        LLVMBuildUDiv(e->b, iadd(e, rows, LLVMBuildSub(e->b, block, c64(e, 1), "")), block, "");
    Val begin = c64(e, 0), end = LLVMBuildMul(e->b, blocks, field[ROW_PANELS], "");
    if (!e->plan->serial) {
        Val turn = LLVMBuildURem(e->b, iadd(e, u->thread, field[ROW_START]), u->threads, ""),
            count = end;
        begin = LLVMBuildUDiv(e->b, LLVMBuildMul(e->b, count, turn, ""), u->threads, "");
        end = LLVMBuildUDiv(e->b, LLVMBuildMul(e->b, count, iadd(e, turn, c64(e, 1)), ""),
                            u->threads, "");
    }

    Branch some = branch_begin(e, LLVMBuildICmp(e->b, LLVMIntSLT, begin, end, ""));
    Val given[] = { u->call, u->position, u->n, u->step, begin, end, args };
    LLVMBuildCall2(e->b, e->kernel_type, kernel, given, 7, "");
    branch_end(e, &some);
}

static void wait_for_phase(Emitter *e, const Unit *u, Val flags)
{
    Branch last = branch_begin(e, flag_is_set(e, flags, END_OF_PHASE));
    Val barrier = u->barrier;
    call_extern(e, "nnrt_barrier_wait",
                LLVMFunctionType(e->void_, (LLVMTypeRef[]){ e->ptr }, 1, false), 1, &barrier);
    branch_end(e, &last);
}

/* Leaves the unit where the loss was not finite, with the weights as they were. */
static void leave_if_halted(Emitter *e, const Unit *u, Val flags)
{
    Branch asked = branch_begin(e, flag_is_set(e, flags, MAY_HALT));
    Block on = LLVMAppendBasicBlockInContext(e->context, u->fn, "on");
    Val halt = abi_field(e, u->call, ABI_HALT, e->i32);
    LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntNE, halt, c32(e, 0), ""), u->leave, on);
    LLVMPositionBuilderAtEnd(e->b, on);
    branch_end(e, &asked);
}

static void run_row(Emitter *e, const Unit *u, Val row, bool may_halt)
{
    Val field[ROW_FIELDS];
    for (unsigned i = 0; i < ROW_FIELDS; i++) {
        field[i] = LLVMBuildLoad2(e->b, i == ROW_PAIR ? e->ptr : e->i64,
                                  LLVMBuildStructGEP2(e->b, row_type(e), row, i, ""), "");
    }
    run_kernel(e, u, field);
    if (!e->plan->serial)
        wait_for_phase(e, u, field[ROW_END]);
    if (may_halt)
        leave_if_halted(e, u, field[ROW_END]);
}

/* The unit's function, up to where its work begins: all threads but the first leave a serial unit
 * at once. */
static void begin_unit(Emitter *e, Unit *u)
{
    LLVMTypeRef type = LLVMFunctionType(e->void_, (LLVMTypeRef[]){ e->ptr, e->i32 }, 2, false);
    u->fn = LLVMAddFunction(e->module, e->g->name, type);
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->context, u->fn, "entry"));
    u->call = LLVMGetParam(u->fn, 0);
    u->thread = LLVMBuildSExt(e->b, LLVMGetParam(u->fn, 1), e->i64, "");
    u->leave = LLVMAppendBasicBlockInContext(e->context, u->fn, "leave");
    Block work = LLVMAppendBasicBlockInContext(e->context, u->fn, "work");
    Val idle = e->plan->serial ? LLVMBuildICmp(e->b, LLVMIntNE, u->thread, c64(e, 0), "")
                               : LLVMConstInt(e->i1, 0, false);
    LLVMBuildCondBr(e->b, idle, u->leave, work);
    LLVMPositionBuilderAtEnd(e->b, u->leave);
    LLVMBuildRetVoid(e->b);
    LLVMPositionBuilderAtEnd(e->b, work);
}

void emit_unit(Emitter *e)
{
    const Plan *plan = e->plan;
    Val *pair = ARENA_ARRAY(e->arena, Val, plan->kernels.len + 1);
    if (!emit_part(e, pair) || e->part > 0)
        return;
    int halt_phase = trains(e) ? loss_phase(e) : -1;
    Val table = unit_table(e, pair, halt_phase);
    Unit u = { 0 };
    begin_unit(e, &u);

    Val first = abi_field(e, u.call, ABI_FIRST, e->i64),
        last = abi_field(e, u.call, ABI_LAST, e->i64),
        start = abi_field(e, u.call, ABI_STEP, e->i64);
    u.threads = plan->serial
                    ? c64(e, 1)
                    : LLVMBuildSExt(e->b, abi_field(e, u.call, ABI_THREADS, e->i32), e->i64, "");
    u.barrier = abi_field(e, u.call, ABI_BARRIER, e->ptr);
    emit_sparse_lists(e, (SparseCall){ u.call, u.thread, u.threads, u.barrier,
                                       LLVMBuildSub(e->b, last, first, "") });

    int64_t batch = e->g->batch > 0 ? e->g->batch : 1;
    Loop l = loop_begin(e, first, last, batch, 1, &start, NULL);
    u.position = l.i;
    u.step = l.phi[0];
    u.n = imin(e, LLVMBuildSub(e->b, last, l.i, ""), c64(e, batch));
    Loop k = loop_begin(e, c64(e, 0), c64(e, (int64_t)plan->kernels.len), 1, 0, NULL, NULL);
    run_row(e, &u, LLVMBuildGEP2(e->b, row_type(e), table, &k.i, 1, ""), halt_phase >= 0);
    loop_end(e, &k, NULL);
    Val next = iadd(e, u.step, c64(e, 1));
    loop_end(e, &l, &next);
    LLVMBuildRetVoid(e->b);
}
