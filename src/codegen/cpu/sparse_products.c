/* sparse_products.c: products that skip the zeros of a pruned kernel (plan.h, SPARSE).
 *
 * Samples are in lanes: for each unit, and each of its weights that is not 0, one multiply-add
 * takes 16 samples on, several vectors of them at a time. What comes out is transposed back into a
 * panel's rows, so that all that follows the product stays as it is (Gale and others, Sparse GPU
 * Kernels for Deep Learning, 2020, tile the dense side likewise). Skipping keeps the bits of the
 * full chain: a term of a finite number and +-0 changes nothing but the sign of a sum that is 0, so
 * both ways end by adding +0, which makes -0 into 0; blocks of rows with an infinity or NaN are
 * multiplied in full. So may be what is too short for a list to pay. */
#include "codegen/cpu/kernels.h"

enum { TILE_BLOCKS = SPARSE_ROWS / LANES };

static Val int_at(Emitter *e, Val base, Val index)
{
    return LLVMBuildLoad2(e->b, e->i32, LLVMBuildGEP2(e->b, e->i32, base, &index, 1, ""), "");
}

static Val as_index(Emitter *e, Val number)
{
    return LLVMBuildSExt(e->b, number, e->i64, "");
}

/* tile(list, lanes, floats between blocks of 16 rows, c): `blocks` blocks of rows of one panel of
 * units. */
static Val tile(Emitter *e, int blocks, LLVMTypeRef *type)
{
    LLVMTypeRef types[] = { e->ptr, e->ptr, e->i64, e->ptr };
    *type = LLVMFunctionType(e->void_, types, 4, false);
    const char *name = arena_printf(e->arena, "sparse_tile%d", blocks);
    Val fn;
    if (shared_find(e, name, &fn))
        return fn;

    Block back = shared_begin(e, name, *type, &fn);
    Val list = LLVMGetParam(fn, 0), lanes = LLVMGetParam(fn, 1), stride = LLVMGetParam(fn, 2),
        c = LLVMGetParam(fn, 3), acc[TILE_BLOCKS], block[TILE_BLOCKS];
    Val square = LLVMBuildArrayAlloca(e->b, e->vf, c64(e, blocks * LANES), "");
    LLVMSetAlignment(square, NNRT_ALIGN);
    Val entries = float_offset(e, list, c64(e, NNRT_LIST_ENTRIES));
    for (int i = 0; i < blocks; i++) {
        acc[i] = vconst(e, 0);
        block[i] = i ? float_offset(e, lanes, LLVMBuildMul(e->b, stride, c64(e, i), "")) : lanes;
    }

    Loop unit = loop_begin(e, c64(e, 0), c64(e, LANES), 1, 0, NULL, NULL);
    Loop l = loop_begin(e, as_index(e, int_at(e, list, unit.i)),
                        as_index(e, int_at(e, list, iadd(e, unit.i, c64(e, 1)))), 1,
                        (unsigned)blocks, acc, NULL);
    Val entry = imul(e, l.i, 2), at = as_index(e, int_at(e, entries, entry)), next[TILE_BLOCKS];
    Val weight = splat(
        e, LLVMBuildLoad2(e->b, e->f32, float_offset(e, entries, iadd(e, entry, c64(e, 1))), ""));
    for (int i = 0; i < blocks; i++)
        next[i] = vfma(e, load_vector(e, float_offset(e, block[i], at)), weight, l.phi[i]);
    loop_end(e, &l, next);
    for (int i = 0; i < blocks; i++) {
        store_vector(
            e, LLVMBuildFAdd(e->b, l.phi[i], vconst(e, 0), ""),
            float_offset(e, square, iadd(e, c64(e, i * LANES * LANES), imul(e, unit.i, LANES))));
    }
    loop_end(e, &unit, NULL);

    Loop b = loop_begin(e, c64(e, 0), c64(e, blocks), 1, 0, NULL, NULL);
    transpose_square(e, float_offset(e, square, imul(e, b.i, LANES * LANES)),
                     float_offset(e, c, imul(e, b.i, LANES * LANES)));
    loop_end(e, &b, NULL);
    shared_end(e, back);
    return fn;
}

/* product(as product_function's, list, lanes, made, floats between blocks): rows [begin, end) of a
 * panel, begin a multiple of 16. `made`: an int32 a block. */
enum {
    ARG_A,
    ARG_STRIDE,
    ARG_B,
    ARG_C,
    ARG_BEGIN,
    ARG_END,
    ARG_INNER,
    ARG_LIST,
    ARG_LANES,
    ARG_MADE,
    ARG_BLOCK,
    ARG_COUNT
};

static void in_full(Emitter *e, Val fn, Val begin, Val end)
{
    Val args[ARG_LIST];
    for (unsigned i = 0; i < ARG_LIST; i++)
        args[i] = LLVMGetParam(fn, i);
    args[ARG_BEGIN] = begin;
    args[ARG_END] = end;
    LLVMBuildCall2(e->b, e->product_type, product_function(e, false), args, ARG_LIST, "");
    Loop l = loop_begin(e, begin, end, 1, 0, NULL, NULL);
    Val at = float_offset(e, args[ARG_C], imul(e, l.i, LANES));
    store_vector(e, LLVMBuildFAdd(e->b, load_vector(e, at), vconst(e, 0), ""), at);
    loop_end(e, &l, NULL);
}

/* Blocks [row, row + 16 blocks) skip zeros. */
static void skip_zeros(Emitter *e, Val fn, int blocks, Val row)
{
    LLVMTypeRef type;
    Val code = tile(e, blocks, &type), number = LLVMBuildLShr(e->b, row, c64(e, 4), ""),
        stride = LLVMGetParam(fn, ARG_BLOCK);
    Val args[] = { LLVMGetParam(fn, ARG_LIST),
                   float_offset(e, LLVMGetParam(fn, ARG_LANES),
                                LLVMBuildMul(e->b, number, stride, "")),
                   stride, float_offset(e, LLVMGetParam(fn, ARG_C), imul(e, row, LANES)) };
    LLVMBuildCall2(e->b, type, code, args, 4, "");
}

static Val is_set(Emitter *e, Val number)
{
    return LLVMBuildICmp(e->b, LLVMIntNE, number, c32(e, 0), "");
}

/* Whether rows [begin, limit) are whole blocks as many as a tile has, and all of them in lanes. */
static Val whole_tile(Emitter *e, Val made, Val begin, Val limit)
{
    Val number = LLVMBuildLShr(e->b, begin, c64(e, 4), ""), all = c32(e, 1);
    Branch fits =
        branch_begin(e, LLVMBuildICmp(e->b, LLVMIntEQ, LLVMBuildSub(e->b, limit, begin, ""),
                                      c64(e, SPARSE_ROWS), ""));
    for (int i = 0; i < TILE_BLOCKS; i++)
        all = LLVMBuildAnd(e->b, all, int_at(e, made, iadd(e, number, c64(e, i))), "");
    Block counted = LLVMGetInsertBlock(e->b);
    branch_else(e, &fits);
    Block short_of = LLVMGetInsertBlock(e->b);
    branch_end(e, &fits);

    Val whole = LLVMBuildPhi(e->b, e->i32, ""), none = c32(e, 0);
    LLVMAddIncoming(whole, &all, &counted, 1);
    LLVMAddIncoming(whole, &none, &short_of, 1);
    return is_set(e, whole);
}

/* Rows [begin, limit) block by block: those in lanes skip zeros, others are multiplied in full. */
static void single_blocks(Emitter *e, Val fn, Val begin, Val limit)
{
    Val made = LLVMGetParam(fn, ARG_MADE);
    Loop b = loop_begin(e, begin, limit, LANES, 0, NULL, NULL);
    Branch one =
        branch_begin(e, is_set(e, int_at(e, made, LLVMBuildLShr(e->b, b.i, c64(e, 4), ""))));
    skip_zeros(e, fn, 1, b.i);
    branch_else(e, &one);
    in_full(e, fn, b.i, imin(e, iadd(e, b.i, c64(e, LANES)), limit));
    branch_end(e, &one);
    loop_end(e, &b, NULL);
}

static Val product(Emitter *e, LLVMTypeRef *type)
{
    LLVMTypeRef types[ARG_COUNT] = { e->ptr, e->i64, e->ptr, e->ptr, e->i64, e->i64,
                                     e->i64, e->ptr, e->ptr, e->ptr, e->i64 };
    *type = LLVMFunctionType(e->void_, types, ARG_COUNT, false);
    Val fn;
    if (shared_find(e, "sparse_product", &fn))
        return fn;

    Block back = shared_begin(e, "sparse_product", *type, &fn);
    Val begin = LLVMGetParam(fn, ARG_BEGIN), end = LLVMGetParam(fn, ARG_END),
        made = LLVMGetParam(fn, ARG_MADE), list = LLVMGetParam(fn, ARG_LIST);
    Branch listed = branch_begin(e, is_set(e, int_at(e, list, c64(e, NNRT_LIST_MADE))));
    Loop l = loop_begin(e, begin, end, SPARSE_ROWS, 0, NULL, NULL);
    Val limit = imin(e, iadd(e, l.i, c64(e, SPARSE_ROWS)), end);
    Branch once = branch_begin(e, whole_tile(e, made, l.i, limit));
    skip_zeros(e, fn, TILE_BLOCKS, l.i);
    branch_else(e, &once);
    single_blocks(e, fn, l.i, limit);
    branch_end(e, &once);
    loop_end(e, &l, NULL);

    branch_else(e, &listed);
    in_full(e, fn, begin, end);
    branch_end(e, &listed);
    shared_end(e, back);
    return fn;
}

static int64_t block_floats(const Emitter *e, const SparseInput *in)
{
    return view_panels(view_of(e->g, in->node)) * LANES * LANES;
}

static Val made_at(Emitter *e, const SparseInput *in, Val base)
{
    return float_offset(e, base, c64(e, in->blocks * block_floats(e, in)));
}

void emit_sparse_product(Emitter *e, Frame *f, int weight, int input, Val panel, const Val *args)
{
    const SparseWeight *w = &e->plan->sparse_weights.data[weight];
    const SparseInput *in = &e->plan->sparse_inputs.data[input];
    LLVMTypeRef type;
    product_wants(e, false, LANES, false);
    product_wants(e, false, SPARSE_ROWS, false);
    Val fn = product(e, &type), all[ARG_COUNT];
    for (int i = 0; i < ARG_LIST; i++)
        all[i] = args[i];
    all[ARG_LIST] = float_offset(e, storage_base(e, f, &w->lists), imul(e, panel, w->stride));
    all[ARG_LANES] = storage_base(e, f, &in->storage);
    all[ARG_MADE] = made_at(e, in, all[ARG_LANES]);
    all[ARG_BLOCK] = c64(e, block_floats(e, in));
    LLVMBuildCall2(e->b, type, fn, all, ARG_COUNT, "");
}

/* ---- the factor in lanes ---- */

/* Whether a product of this input takes the lists of weight number `weight`. */
static bool multiplied_by(const Emitter *e, const SparseInput *in, size_t weight)
{
    for (NodeId n = 0; n < (NodeId)e->g->nodes.len; n++) {
        const Node *product = graph_node(e->g, n);
        int number, input;
        if (product->op == IR_CONTRACT && product->inputs[0] == in->node &&
            product_skips_zeros(e->plan, n, &number, &input) && number == (int)weight) {
            return true;
        }
    }
    return false;
}

/* Whether any panel of a kernel that this input is multiplied by has its list. */
static Val any_list(Emitter *e, Frame *f, const SparseInput *in)
{
    Val any = c32(e, 0);
    for (size_t i = 0; i < e->plan->sparse_weights.len; i++) {
        const SparseWeight *w = &e->plan->sparse_weights.data[i];
        if (!multiplied_by(e, in, i))
            continue;
        Val lists = storage_base(e, f, &w->lists);
        LLVMTypeRef types[] = { e->i32 };
        Loop p =
            loop_begin(e, c64(e, 0), c64(e, (w->units + LANES - 1) / LANES), 1, 1, &any, types);
        Val list = float_offset(e, lists, imul(e, p.i, w->stride));
        Val next = LLVMBuildOr(e->b, p.phi[0], int_at(e, list, c64(e, NNRT_LIST_MADE)), "");
        loop_end(e, &p, &next);
        any = p.phi[0];
    }
    return is_set(e, any);
}

/* lanes(rows of 16, floats between panels, features, to): one block into lanes; gives 1 where all
 * its numbers are finite. */
static Val lanes_function(Emitter *e, LLVMTypeRef *type)
{
    LLVMTypeRef types[] = { e->ptr, e->i64, e->i64, e->ptr, e->ptr };
    *type = LLVMFunctionType(e->void_, types, 5, false);
    Val fn;
    if (shared_find(e, "sparse_lanes", &fn))
        return fn;
    Block back = shared_begin(e, "sparse_lanes", *type, &fn);
    Val from = LLVMGetParam(fn, 0), stride = LLVMGetParam(fn, 1), features = LLVMGetParam(fn, 2),
        to = LLVMGetParam(fn, 3), zero = vconst(e, 0);

    Loop p = loop_begin(e, c64(e, 0), ceil_div(e, features, LANES), 1, 1, &zero, NULL);
    Val source = float_offset(e, from, LLVMBuildMul(e->b, p.i, stride, "")), sum = p.phi[0];
    transpose_square(e, source, float_offset(e, to, imul(e, p.i, LANES * LANES)));
    Val left =
        LLVMBuildTrunc(e->b, LLVMBuildSub(e->b, features, imul(e, p.i, LANES), ""), e->i32, "");
    Val valid = LLVMBuildICmp(e->b, LLVMIntSLT, lane_numbers(e), splat(e, left), "");
    Loop r = loop_begin(e, c64(e, 0), c64(e, LANES), 1, 1, &sum, NULL);
    /* 0, or NaN from then on */
    Val next =
        vfma(e, load_vector(e, float_offset(e, source, imul(e, r.i, LANES))), zero, r.phi[0]);
    loop_end(e, &r, &next);
    Val kept = vselect(e, valid, r.phi[0], sum);
    loop_end(e, &p, &kept);

    Val finite = LLVMBuildFCmp(e->b, LLVMRealOEQ, emit_reduce_lanes(e, IR_REDUCE_SUM, p.phi[0]),
                               cf(e, 0), "");
    LLVMBuildStore(e->b, LLVMBuildZExt(e->b, finite, e->i32, ""), LLVMGetParam(fn, 4));
    shared_end(e, back);
    return fn;
}

void emit_lanes(Emitter *e, Frame *f, const Kernel *k)
{
    const SparseInput *in = NULL;
    for (size_t i = 0; i < e->plan->sparse_inputs.len; i++)
        if (e->plan->sparse_inputs.data[i].node == graph_node(e->g, k->node)->inputs[0])
            in = &e->plan->sparse_inputs.data[i];
    if (!in) {
        emit_fail(e, "internal: kernel '%s' has no factor", k->name);
        return;
    }

    const Storage *st = &e->plan->storage[in->node];
    LLVMTypeRef type;
    Val fn = lanes_function(e, &type), from = storage_base(e, f, st),
        to = storage_base(e, f, &in->storage), made = made_at(e, in, to);
    Val rows = view_rows_value(e, st->view, f->n), any = any_list(e, f, in),
        last = LLVMBuildLShr(e->b, iadd(e, rows, c64(e, LANES - 1)), c64(e, 4), "");

    Loop l = loop_begin(e, imul(e, f->task_begin, TILE_BLOCKS),
                        imin(e, imul(e, f->task_end, TILE_BLOCKS), last), 1, 0, NULL, NULL);
    Val flag = float_offset(e, made, l.i),
        whole = LLVMBuildICmp(e->b, LLVMIntSLE, imul(e, iadd(e, l.i, c64(e, 1)), LANES), rows, "");
    Branch wanted = branch_begin(e, LLVMBuildAnd(e->b, whole, any, ""));
    Val args[] = { float_offset(e, from, imul(e, l.i, LANES * LANES)), c64(e, st->rows_max * LANES),
                   c64(e, st->view.features),
                   float_offset(e, to, imul(e, l.i, block_floats(e, in))), flag };
    LLVMBuildCall2(e->b, type, fn, args, 5, "");
    branch_else(e, &wanted);
    LLVMBuildStore(e->b, c32(e, 0), flag);
    branch_end(e, &wanted);
    loop_end(e, &l, NULL);
}

/* ---- lists ---- */

/* Each thread lists every threads-th panel of a weight, or marks its list as not made. */
static void list_panels(Emitter *e, SparseCall c, const SparseWeight *w, Val arena, Val tensors,
                        Val worth)
{
    int64_t panels = (w->units + LANES - 1) / LANES;
    LLVMTypeRef types[] = { e->ptr, e->i64, e->i64, e->i64, e->ptr },
                type = LLVMFunctionType(e->void_, types, 5, false);
    Val at = c64(e, w->tensor),
        tensor = LLVMBuildLoad2(e->b, e->ptr, LLVMBuildGEP2(e->b, e->ptr, tensors, &at, 1, ""), "");
    Val count = LLVMBuildUDiv(
        e->b, iadd(e, LLVMBuildSub(e->b, c64(e, panels - 1), c.thread, ""), c.threads), c.threads,
        "");

    Loop l = loop_begin(e, c64(e, 0), count, 1, 0, NULL, NULL);
    Val panel = iadd(e, c.thread, LLVMBuildMul(e->b, l.i, c.threads, ""));
    Val list = float_offset(e, arena, iadd(e, c64(e, w->lists.offset), imul(e, panel, w->stride)));
    Branch b = branch_begin(e, worth);
    Val units =
        imin(e, LLVMBuildSub(e->b, c64(e, w->units), imul(e, panel, LANES), ""), c64(e, LANES));
    Val args[] = { float_offset(e, tensor, imul(e, panel, w->inputs * LANES)), c64(e, w->inputs),
                   units, c64(e, w->most), list };
    call_extern(e, "nnrt_sparse_list", type, 5, args);
    branch_else(e, &b);
    LLVMBuildStore(e->b, c32(e, 0), float_offset(e, list, c64(e, NNRT_LIST_MADE)));
    branch_end(e, &b);
    loop_end(e, &l, NULL);
}

void emit_sparse_lists(Emitter *e, SparseCall c)
{
    const Plan *plan = e->plan;
    if (!plan->sparse_weights.len)
        return;
    LLVMTypeRef wait = LLVMFunctionType(e->void_, (LLVMTypeRef[]){ e->ptr }, 1, false);
    Val arena = abi_field(e, c.call, ABI_ARENA, e->ptr),
        tensors = abi_field(e, c.call, ABI_TENSOR, e->ptr);
    Val worth =
        LLVMBuildICmp(e->b, LLVMIntSGE, c.samples, c64(e, e->target->machine->sparse_samples), "");
    for (size_t i = 0; i < plan->sparse_weights.len; i++)
        list_panels(e, c, &plan->sparse_weights.data[i], arena, tensors, worth);
    call_extern(e, "nnrt_barrier_wait", wait, 1, &c.barrier);
}
