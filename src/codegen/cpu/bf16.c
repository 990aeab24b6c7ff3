/* bf16.c: factors of products rounded to bfloat16 (IR_ROUND_BF16), packed in pairs for processors
 * that multiply those at once.
 *
 * A rounded node is packed, in the place of its floats, where all that read it are products whose
 * factors both do. Its kernel stores each row as pairs of neighbouring features (PACKED_LANES: the
 * inner axis lies in the lanes), or woven with its neighbour (PACKED_ROWS: the inner axis runs
 * along the rows), or both: each takes half of the floats' place. The results are those of
 * product.c's PRODUCT_PAIRS, which multiplies the floats wherever this does not apply. */
#include "codegen/cpu/kernels.h"

bool bf16_product(const Emitter *e, NodeId product)
{
    const Node *n = graph_node(e->g, product);
    return n->op == IR_CONTRACT && graph_node(e->g, n->inputs[0])->op == IR_ROUND_BF16 &&
           graph_node(e->g, n->inputs[1])->op == IR_ROUND_BF16;
}

/* Rows come two and two to one thread, and fill the pairs of a whole batch. */
static bool stored_in_pairs(Emitter *e, NodeId id)
{
    enum { LEAST_ROWS = 2 * LANES }; /* a relayout reads whole blocks of 16 rows */

    const Storage *st = &e->plan->storage[id];
    const Kernel *home = &e->plan->kernels.data[e->plan->home[id]];
    if (home->kind != KERNEL_GRID || home->view.per_sample != st->view.per_sample ||
        home->view.batch != st->view.batch || kernel_segment(e->plan, home) != 1) {
        return false;
    }
    Blocks blocks = kernel_blocks(e, home);
    return (blocks.all_rows || blocks.rows % 2 == 0) && st->view.features > 1 &&
           st->rows_max % 2 == 0 && st->rows_max >= LEAST_ROWS;
}

static bool can_pack(Emitter *e, NodeId id)
{
    const Plan *plan = e->plan;
    const Node *n = graph_node(e->g, id);
    if (n->op != IR_ROUND_BF16 || plan->storage[id].kind != STORE_ARENA || plan->home[id] < 0 ||
        plan->lies_in[id] != NO_NODE || plan->view_of[id] != NO_NODE) {
        return false;
    }
    return stored_in_pairs(e, id) &&
           (plan->copy[id] < 0 ||
            (n->shape.rank == 2 && plan->relayouts.data[plan->copy[id]].storage.rows_max % 2 == 0));
}

static bool computed(const Plan *plan, NodeId id)
{
    return plan->home[id] >= 0 || plan->inlined[id];
}

/* Whether the summed axis of the factor that gives a product's rows is in lanes. */
static bool sums_along_lanes(const Plan *plan, NodeId product, NodeId factor)
{
    const Node *n = graph_node(plan->graph, product), *rows = graph_node(plan->graph, factor);
    bool units_first = n->feature_axis != n->shape.rank - 1,
         sum_last = units_first ? n->as.contract.tb : !n->as.contract.ta;
    return sum_last == (rows->feature_axis == rows->shape.rank - 1);
}

static bool drop(uint8_t *packed, NodeId id)
{
    bool was = packed[id];
    packed[id] = 0;
    return was;
}

static void find_packed(Emitter *e)
{
    enum { FOUND = 4 }; /* apart from the marks of the search */

    const Plan *plan = e->plan;
    NodeId count = (NodeId)e->g->nodes.len;
    uint8_t *packed = e->packed = ARENA_ARRAY(e->arena, uint8_t, e->g->nodes.len + 1);
    e->packed_plan = plan;
    if (!e->target->bf16)
        return;
    for (NodeId i = 0; i < count; i++)
        packed[i] = can_pack(e, i);
    for (bool changed = true; changed;) {
        changed = false;
        for (NodeId i = 0; i < count; i++) {
            const Node *n = graph_node(e->g, i);
            if (!computed(plan, i))
                continue;
            bool all = bf16_product(e, i) && plan->copy[contract_factors(plan, i).rows] < 0;
            for (int k = 0; k < n->input_count; k++)
                all = all && packed[n->inputs[k]];
            for (int k = 0; k < n->input_count && !all; k++)
                changed = drop(packed, n->inputs[k]) || changed;
        }
    }
    for (NodeId i = 0; i < count; i++) {
        if (!bf16_product(e, i) || !computed(plan, i) || !packed[graph_node(e->g, i)->inputs[0]])
            continue;
        Factors f = contract_factors(plan, i);
        /* the copy is made of pairs of lanes */
        bool copied = graph_node(e->g, f.lanes)->feature_axis != f.lanes_axis;
        packed[f.rows] |= FOUND * (sums_along_lanes(plan, i, f.rows) ? PACKED_LANES : PACKED_ROWS);
        packed[f.lanes] |= FOUND * (copied ? PACKED_LANES : PACKED_ROWS);
    }
    for (NodeId i = 0; i < count; i++)
        packed[i] /= FOUND;
}

unsigned bf16_packed(Emitter *e, NodeId node)
{
    if (e->packed_plan != e->plan)
        find_packed(e);
    return e->packed[node];
}

Val bf16_rows(Emitter *e, Val panel_base, int64_t rows_max)
{
    return float_offset(e, panel_base, c64(e, rows_max * LANES / 2));
}

void bf16_store(Emitter *e, unsigned how, Val panel_base, int64_t rows_max, Val value, Val row,
                Val mask)
{
    Val bits = LLVMBuildBitCast(e->b, value, e->vi, ""), high = viconst(e, 16);
    if (mask)
        bits = vselect(e, mask, bits, viconst(e, 0));
    Val low = LLVMBuildLShr(e->b, bits, high, "");
    if (how & PACKED_LANES) {
        Val halves = LLVMBuildTrunc(e->b, low, LLVMVectorType(e->i16, LANES), "");
        LLVMSetAlignment(
            LLVMBuildStore(e->b, halves, float_offset(e, panel_base, imul(e, row, LANES / 2))),
            NNRT_ALIGN / 2);
    }
    if (how & PACKED_ROWS) { /* an even row is alone until the odd one joins it */
        Val at = float_offset(e, bf16_rows(e, panel_base, rows_max),
                              imul(e, LLVMBuildLShr(e->b, row, c64(e, 1), ""), LANES));
        Val odd =
            LLVMBuildICmp(e->b, LLVMIntNE, LLVMBuildAnd(e->b, row, c64(e, 1), ""), c64(e, 0), "");
        Val joined = LLVMBuildOr(e->b, LLVMBuildBitCast(e->b, load_vector(e, at), e->vi, ""),
                                 LLVMBuildShl(e->b, low, high, ""), "");
        store_vector(
            e, LLVMBuildBitCast(e->b, LLVMBuildSelect(e->b, odd, joined, low, ""), e->vf, ""), at);
    }
}

Val bf16_dot(Emitter *e, Val sum, Val a, Val b)
{
    Val args[] = { sum, a, b };
    e->used_bf16 = true;
    return call_intrinsic_of(e, "llvm.x86.avx512bf16.dpbf16ps.512", 3, args);
}

/* relayout(from, to, rows, features, from's rows, to's rows, begin, end), of packed panels: a pair
 * of neighbouring features of 16 rows becomes a row of 16 pairs, so words are transposed. */
Val bf16_relayout(Emitter *e)
{
    enum { FROM, TO, ROWS, FEATURES, FROM_ROWS, TO_ROWS, BEGIN, END, COUNT };

    LLVMTypeRef types[COUNT] = { e->ptr, e->ptr };
    for (int i = ROWS; i < COUNT; i++)
        types[i] = e->i64;
    Val fn, arg[COUNT];
    if (shared_find(e, "bf16_relayout", &fn))
        return fn;
    Block back =
        shared_begin(e, "bf16_relayout", LLVMFunctionType(e->void_, types, COUNT, false), &fn);
    for (unsigned i = 0; i < COUNT; i++)
        arg[i] = LLVMGetParam(fn, i);
    Val block = LLVMBuildArrayAlloca(e->b, e->vf, c64(e, LANES / 2), ""),
        half = imul(e, arg[TO_ROWS], LANES / 2);
    LLVMSetAlignment(block, NNRT_ALIGN);
    Loop q = loop_begin(e, arg[BEGIN], arg[END], 1, 0, NULL, NULL);
    Val target = float_offset(
        e, arg[TO], iadd(e, LLVMBuildMul(e->b, q.i, imul(e, arg[TO_ROWS], LANES), ""), half));
    Loop p = loop_begin(e, c64(e, 0), ceil_div(e, arg[FEATURES], LANES), 1, 0, NULL, NULL);
    Val source = float_offset(e, arg[FROM],
                              iadd(e, LLVMBuildMul(e->b, p.i, imul(e, arg[FROM_ROWS], LANES), ""),
                                   imul(e, q.i, LANES * LANES / 2)));
    for (int i = 0; i < 2; i++) {
        transpose_rows(e,
                       (Rows8){ float_offset(e, source, c64(e, i * 8 * LANES / 2)), LANES / 2,
                                NNRT_ALIGN / 2 },
                       (Rows8){ float_offset(e, block, c64(e, i * 8)), LANES, NNRT_ALIGN / 2 });
    }
    Val first = imul(e, p.i, LANES / 2),
        left = LLVMBuildSub(e->b, ceil_div(e, arg[FEATURES], 2), first, "");
    Loop r = loop_begin(e, c64(e, 0), imin(e, left, c64(e, LANES / 2)), 1, 0, NULL, NULL);
    store_vector(e, load_vector(e, float_offset(e, block, imul(e, r.i, LANES))),
                 float_offset(e, target, imul(e, iadd(e, first, r.i), LANES)));
    loop_end(e, &r, NULL);
    loop_end(e, &p, NULL);
    loop_end(e, &q, NULL);
    shared_end(e, back);
    return fn;
}
