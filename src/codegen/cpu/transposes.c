/* transposes.c: blocks of floats transposed in registers, and second layouts made of them. */
#include "codegen/cpu/kernels.h"

/* Row `row`, woven of two halves. */
static void store_row(Emitter *e, Rows8 to, int row, Val a, Val b, const int *halves)
{
    Val address = float_offset(e, to.first, c64(e, row * to.step));
    Val value = shuffle(e, a, b, halves, 8);
    LLVMSetAlignment(LLVMBuildStore(e->b, value, address), to.alignment);
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

    /* neighbouring rows, then pairs of rows, then halves are woven */
    for (int i = 0; i < 8; i += 2) {
        t[i] = shuffle(e, r[i], r[i + 1], low, 8);
        t[i + 1] = shuffle(e, r[i], r[i + 1], high, 8);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; j++) {
            u[i + 2 * j] = shuffle(e, t[i + j], t[i + j + 2], pair_low, 8);
            u[i + 2 * j + 1] = shuffle(e, t[i + j], t[i + j + 2], pair_high, 8);
        }
    }
    for (int i = 0; i < 4; i++) {
        store_row(e, to, i, u[i], u[i + 4], half_low);
        store_row(e, to, i + 4, u[i], u[i + 4], half_high);
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

/* 16 x 16 floats, from rows a vector apart to the same. */
void transpose_square(Emitter *e, Val from, Val to)
{
    Loop quarter = loop_begin(e, c64(e, 0), c64(e, 4), 1, 0, NULL, NULL);
    Val down = LLVMBuildLShr(e->b, quarter.i, c64(e, 1), ""),
        across = LLVMBuildAnd(e->b, quarter.i, c64(e, 1), "");
    transpose_block(e, float_offset(e, from, iadd(e, imul(e, down, 8 * LANES), imul(e, across, 8))),
                    float_offset(e, to, iadd(e, imul(e, across, 8 * LANES), imul(e, down, 8))));
    loop_end(e, &quarter, NULL);
}

/* Panel q of the copy. */
static void relayout_panel(Emitter *e, const Val *arg, Val q)
{
    Val from = arg[RELAYOUT_FROM], from_rows = arg[RELAYOUT_FROM_ROWS];
    Val to = arg[RELAYOUT_TO], to_rows = arg[RELAYOUT_TO_ROWS];
    Val first = imul(e, q, LANES), left = LLVMBuildSub(e->b, arg[RELAYOUT_ROWS], first, "");
    Val whole = LLVMBuildICmp(e->b, LLVMIntSGE, left, c64(e, LANES), "");
    Val done = LLVMBuildSelect(
        e->b, whole, LLVMBuildAnd(e->b, arg[RELAYOUT_FEATURES], c64(e, -LANES), ""), c64(e, 0), "");

    Loop p = loop_begin(e, c64(e, 0), done, LANES, 0, NULL, NULL);
    Val source = panel_element(e, from, from_rows, first, p.i);
    Val target = panel_element(e, to, to_rows, p.i, first);
    transpose_square(e, source, target);
    loop_end(e, &p, NULL);

    Loop c = loop_begin(e, done, arg[RELAYOUT_FEATURES], 1, 0, NULL, NULL);
    Loop i = loop_begin(e, first, iadd(e, first, imin(e, left, c64(e, LANES))), 1, 0, NULL, NULL);
    Val value = LLVMBuildLoad2(e->b, e->f32, panel_element(e, from, from_rows, i.i, c.i), "");
    LLVMBuildStore(e->b, value, panel_element(e, to, to_rows, c.i, i.i));
    loop_end(e, &i, NULL);
    loop_end(e, &c, NULL);
}

static Val relayout_function(Emitter *e)
{
    Val fn = LLVMGetNamedFunction(e->module, "relayout"), arg[RELAYOUT_COUNT];
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
    for (unsigned i = 0; i < RELAYOUT_COUNT; i++)
        arg[i] = LLVMGetParam(fn, i);
    Loop q = loop_begin(e, arg[RELAYOUT_BEGIN], arg[RELAYOUT_END], 1, 0, NULL, NULL);
    relayout_panel(e, arg, q.i);
    loop_end(e, &q, NULL);
    LLVMBuildRetVoid(e->b);
    if (back)
        LLVMPositionBuilderAtEnd(e->b, back);
    return fn;
}

void emit_relayout(Emitter *e, Frame *f, const Kernel *k)
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
