/* grid.c: GRID kernels: stages of elementwise maps and reductions swept over rows x panels, perhaps
 * behind a matrix product.
 *
 * Two nests of loops serve all of them (plan.h, KERNELS):
 *
 *   by panels  for each task { for each panel { [product into the panel]
 *                  for each level { for each row } } }
 *              for AXIS_NONE, AXIS_COL, AXIS_BOTH, and AXIS_ROW with one panel;
 *              where it goes sample by sample (images), each sample of the task is such a panel's
 *              range of its own
 *   by rows    for each task { for each row { for each level { for each panel } } }
 *              for AXIS_ROW
 *
 * A level is one inner sweep: the number of sweep-ending reductions on the longest path to a node,
 * found anew here from the graph, so that stages which need no sweep of their own cost none. Values
 * live in scopes (kernel, outer index, level, inner index); each has a block in front of its loop
 * for what does not change inside, which takes the place of loop-invariant code motion. */
#include "codegen/emit.h"
#include <string.h>

typedef enum NodeClass { IS_SCALAR, IS_OUTER, IS_ROW_IN_CELL, IS_CELL } NodeClass;

/* IS_OUTER: one value an outer index: [1, F] in the nest by panels (by samples: [n, F] too), [r, 1]
 * in the nest by rows. IS_ROW_IN_CELL: broadcast along the inner index, loaded in the cell. */

typedef struct Memo {
    Val value;
    unsigned scope;
} Memo;

typedef struct GridScratch {
    Memo *memo;
    int *level;
    bool *here, *stored;
} GridScratch;

typedef struct Scope {
    Block pre, body;
    unsigned id;
} Scope;

enum { SCOPE_ENTRY, SCOPE_OUTER, SCOPE_LEVEL, SCOPE_CELL, SCOPE_COUNT };

enum { NO_LEVEL = -1 };

typedef struct Grid {
    Emitter *e;
    Frame *f;
    const Kernel *k;
    View view;
    int64_t panels;
    bool by_rows;        /* the nest */
    Val row, panel;      /* current indices; NULL outside their loops */
    int64_t sample_rows; /* 0, or the nest goes sample by sample */
    Val sample;
    Val row_begin, row_end;
    Memo *memo; /* per node */
    /* per node: the level from which it is available; NO_LEVEL not seen */
    int *level;
    bool *here; /* per node: at home in this kernel */
    bool *stored;
    /* per placed index: the level at whose end an ASSIGN of cells is carried out */
    int *assign_level;
    int levels;
    Scope scope[SCOPE_COUNT];
    bool open[SCOPE_COUNT];
    unsigned scopes;
    /* C of the current panel, addressed by absolute row; NULL without product */
    Val product_buffer;
    Val mask;            /* of the current panel's valid lanes, or NULL where all are */
    bool *sweeps_tensor; /* per tensor of the graph: read cell by cell */
    VEC(int) totals;     /* placed indices of reductions to a scalar */
    Val *total_memory;   /* per total: its accumulator, an alloca */
    Val task;
} Grid;

static const Node *node_of(const Grid *s, NodeId id)
{
    return graph_node(s->e->g, id);
}

static View node_view(const Grid *s, NodeId id)
{
    return view_of_shape(node_of(s, id)->shape, s->e->plan->feature_axis[id]);
}

static bool one_row(View v)
{
    return !v.batch && v.per_sample == 1;
}

static NodeClass class_of(const Grid *s, NodeId id)
{
    View v = node_view(s, id);
    if (one_row(v) && v.features == 1 && !(one_row(s->view) && s->view.features == 1))
        return IS_SCALAR;
    if (s->sample_rows > 1 && v.batch && v.per_sample == 1)
        return IS_OUTER;
    if (!s->by_rows)
        return one_row(v) && !one_row(s->view) ? IS_OUTER : IS_CELL;
    if (v.features == 1)
        return IS_OUTER;
    return IS_CELL;
}

static bool is_reduce(const Grid *s, NodeId id)
{
    return op_class(node_of(s, id)->op) == CLASS_REDUCE;
}

/* The row of a value that is the same all along the inner loop of the nest by panels. */
static Val outer_row(const Grid *s, View v)
{
    return v.batch && s->sample ? s->sample : c64(s->e, 0);
}

static bool one_row_a_sample(const Grid *s, View v)
{
    return s->sample_rows > 1 && v.batch && v.per_sample == 1;
}

/* ---- scopes ---- */
static void scope_open(Grid *s, int which)
{
    Emitter *e = s->e;
    Scope *scope = &s->scope[which];
    scope->id = ++s->scopes;
    s->open[which] = true;
    scope->pre = LLVMAppendBasicBlockInContext(e->context, s->f->fn, "pre");
    scope->body = LLVMAppendBasicBlockInContext(e->context, s->f->fn, "in");
    LLVMBuildBr(e->b, scope->pre);
    LLVMPositionBuilderAtEnd(e->b, scope->body);
}

static void scope_close(Grid *s, int which)
{
    Block back = LLVMGetInsertBlock(s->e->b);
    LLVMPositionBuilderAtEnd(s->e->b, s->scope[which].pre);
    LLVMBuildBr(s->e->b, s->scope[which].body);
    LLVMPositionBuilderAtEnd(s->e->b, back);
    s->open[which] = false;
}

static bool memo_get(const Grid *s, NodeId id, Val *out)
{
    const Memo *m = &s->memo[id];
    if (!m->value)
        return false;
    for (int i = 0; i < SCOPE_COUNT; i++) {
        if (s->open[i] && s->scope[i].id == m->scope) {
            *out = m->value;
            return true;
        }
    }
    return false;
}

static Val memo_set(Grid *s, NodeId id, Val value, int which)
{
    s->memo[id] = (Memo){ value, s->scope[which].id };
    return value;
}

/* The innermost open scope that is not inside the natural one of a class. */
static int natural_scope(const Grid *s, NodeClass class)
{
    int which = class == IS_SCALAR ? SCOPE_ENTRY : class == IS_OUTER ? SCOPE_LEVEL : SCOPE_CELL;
    while (which > SCOPE_ENTRY && !s->open[which])
        which--;
    return which;
}

/* Moves the builder to the block in front of a scope's loop; SCOPE_CELL stays where it is. */
static Block scope_enter(Grid *s, int which)
{
    Block back = LLVMGetInsertBlock(s->e->b);
    if (which == SCOPE_ENTRY)
        LLVMPositionBuilderAtEnd(s->e->b, s->f->entry);
    else if (which != SCOPE_CELL)
        LLVMPositionBuilderAtEnd(s->e->b, s->scope[which].pre);
    return back;
}

/* ---- loading ---- */
static Val scalar_float(Grid *s, Val as_double)
{
    return splat(s->e, LLVMBuildFPTrunc(s->e->b, as_double, s->e->f32, ""));
}

static Val load_hyper(Grid *s, Hyper h)
{
    Emitter *e = s->e;
    Val value = h == HYPER_N ? s->f->n : h == HYPER_STEP ? s->f->step : NULL;
    if (value)
        return LLVMBuildSIToFP(e->b, value, e->f64, "");
    return LLVMBuildLoad2(e->b, e->f64, frame_scalar(e, s->f, h), "");
}

static Val load_stored(Grid *s, NodeId id, NodeId user)
{
    Emitter *e = s->e;
    const Storage *st = &e->plan->storage[id];
    NodeClass class = class_of(s, id);
    int which = natural_scope(s, class);
    View v = node_view(s, id);
    if (st->kind == STORE_SCALAR) {
        Block back = scope_enter(s, SCOPE_ENTRY);
        Val value =
            scalar_float(s, LLVMBuildLoad2(e->b, e->f64, frame_scalar(e, s->f, st->index), ""));
        LLVMPositionBuilderAtEnd(e->b, back);
        return memo_set(s, id, value, SCOPE_ENTRY);
    }
    if (st->kind != STORE_ARENA && st->kind != STORE_TENSOR && st->kind != STORE_INPUT) {
        emit_fail(e, "internal: node %%%d is read by kernel '%s' and lies nowhere", (int)id,
                  s->k->name);
        return vconst(e, 0);
    }
    Val base = storage_base(e, s->f, st);
    Block back = scope_enter(s, which);
    Val row = s->row, panel = s->panel, value;
    int64_t div = 1, mod = 0;
    const Node *u = user == NO_NODE ? NULL : node_of(s, user);
    if (v.features == 1)
        panel = c64(e, 0); /* a scalar is loaded in front of all loops */
    if (one_row(v)) {
        row = c64(e, 0);
    } else if (one_row_a_sample(s, v)) {
        row = outer_row(s, v);

    } else if (class == IS_CELL || class == IS_OUTER) {
        if (v.batch != s->view.batch || v.per_sample != s->view.per_sample) {
            Shape grid = u ? u->shape : node_of(s, id)->shape;
            int axis = u ? e->plan->feature_axis[user] : e->plan->feature_axis[id];
            if (!view_row_map(node_of(s, id)->shape, e->plan->feature_axis[id], grid, axis, &div,
                              &mod)) {
                emit_fail(e, "internal: node %%%d does not broadcast into kernel '%s'", (int)id,
                          s->k->name);
            }
            row = map_row(e, row ? row : c64(e, 0), div, mod);
        }
    }

    if (v.features == 1 && s->view.features > 1) {
        Val address = float_offset(e, base, imul(e, row ? row : c64(e, 0), LANES));
        value = splat(e, LLVMBuildLoad2(e->b, e->f32, address, ""));
    } else {
        if (!panel || v.features == 1)
            panel = c64(e, 0);
        value = load_vector(
            e,
            float_offset(e, base, element_offset(e, st->rows_max, row ? row : c64(e, 0), panel)));
    }
    LLVMPositionBuilderAtEnd(e->b, back);
    return memo_set(s, id, value, which);
}

static Val index_value(Grid *s, NodeId id, Val row)
{
    Emitter *e = s->e;
    const Node *n = node_of(s, id);
    int feature_axis = e->plan->feature_axis[id], axis = n->as.axis;
    if (axis == feature_axis) {
        Val first =
            LLVMBuildTrunc(e->b, imul(e, s->panel ? s->panel : c64(e, 0), LANES), e->i32, "");
        return LLVMBuildSIToFP(e->b, LLVMBuildAdd(e->b, splat(e, first), lane_numbers(e), ""),
                               e->vf, "");
    }
    int64_t inner = 1;
    for (int a = axis + 1; a < n->shape.rank; a++)
        if (a != feature_axis)
            inner *= n->shape.dim[a];
    Val at = map_row(e, row, inner, n->shape.dim[axis] == DIM_BATCH ? 0 : n->shape.dim[axis]);
    return splat(e, LLVMBuildSIToFP(e->b, at, e->f32, ""));
}

static Val value_of(Grid *s, NodeId id, NodeId user);

/* A map's value from its inputs, at the outermost scope its class allows. */
static Val compute_map(Grid *s, NodeId id)
{
    Emitter *e = s->e;
    const Node *n = node_of(s, id);
    Val in[3];
    int which = natural_scope(s, class_of(s, id));
    if (n->input_count > 3) {
        emit_fail(e, "internal: a map of %d inputs", n->input_count);
        return vconst(e, 0);
    }
    for (int i = 0; i < n->input_count; i++)
        in[i] = value_of(s, n->inputs[i], id);
    if (e->failed)
        return vconst(e, 0);
    Block back = scope_enter(s, which);
    Val value = NULL;
    const Node *exponent = n->op == IR_POW ? node_of(s, n->inputs[1]) : NULL;
    if (exponent && exponent->op == IR_CONST && exponent->as.value == (int)exponent->as.value &&
        exponent->as.value >= 2 && exponent->as.value <= 16) {
        value = in[0];
        for (int i = 1; i < (int)exponent->as.value; i++)
            value = LLVMBuildFMul(e->b, value, in[0], "");
    }
    if (!value)
        value = emit_map(e, n->op, in);
    LLVMPositionBuilderAtEnd(e->b, back);
    return memo_set(s, id, value, which);
}

static Val value_of(Grid *s, NodeId id, NodeId user)
{
    Emitter *e = s->e;
    const Node *n = node_of(s, id);
    Val found;
    if (n->op == IR_CONST && e->plan->storage[id].kind != STORE_SCALAR)
        return vconst(e, n->as.value);
    if (memo_get(s, id, &found))
        return found;
    switch (n->op) {
    case IR_HYPER: {
        Block back = scope_enter(s, SCOPE_ENTRY);
        Val value = scalar_float(s, load_hyper(s, n->as.hyper));
        LLVMPositionBuilderAtEnd(e->b, back);
        return memo_set(s, id, value, SCOPE_ENTRY);
    }
    case IR_INDEX:
    case IR_RANDOM: {
        View v = node_view(s, id);
        bool outer = one_row_a_sample(s, v);
        int which = outer ? natural_scope(s, IS_OUTER) : SCOPE_CELL;
        Val row = outer ? outer_row(s, v) : s->row ? s->row : c64(e, 0);
        Block back = scope_enter(s, which);
        if (n->op == IR_INDEX) {
            Val at = index_value(s, id, row);
            LLVMPositionBuilderAtEnd(e->b, back);
            return memo_set(s, id, at, which);
        }
        Val panel = v.features == 1 ? c64(e, 0) : s->panel ? s->panel : c64(e, 0);
        Val value = emit_random(e, n->as.random.kind, frame_seed(e, s->f), row, panel,
                                frame_arg(e, s->f, n->as.random.stream), s->f->step);
        if (v.features == 1 && s->view.features > 1)
            value = splat(e, LLVMBuildExtractElement(e->b, value, c32(e, 0), ""));
        LLVMPositionBuilderAtEnd(e->b, back);
        return memo_set(s, id, value, which);
    }
    default: break;
    }
    const Storage *st = &e->plan->storage[id];
    bool in_memory = st->kind == STORE_ARENA || st->kind == STORE_TENSOR ||
                     st->kind == STORE_INPUT || st->kind == STORE_SCALAR;
    if (id == s->k->contract) {
        Val value = load_vector(e, float_offset(e, s->product_buffer, imul(e, s->row, LANES)));
        return memo_set(s, id, value, SCOPE_CELL);
    }
    if (op_class(n->op) == CLASS_MAP && (s->here[id] || e->plan->inlined[id] || !in_memory)) {
        if (s->here[id] && s->stored[id] && class_of(s, id) == IS_CELL && in_memory &&
            s->open[SCOPE_CELL] && s->level[id] < s->levels && user != id && s->memo[id].value) {
            return load_stored(s, id, user); /* of an earlier level: written already */
        }
        return compute_map(s, id);
    }
    if (n->op == IR_RESHAPE && !in_memory)
        return memo_set(s, id, value_of(s, n->inputs[0], id), SCOPE_CELL);
    return load_stored(s, id, user);
}

/* ---- levels ---- */
static bool ends_sweep(const Grid *s, NodeId id)
{
    return is_reduce(s, id) && s->here[id] && class_of(s, id) == IS_OUTER &&
           class_of(s, node_of(s, id)->inputs[0]) != IS_OUTER;
}

/* A reduction over features needs the nest by rows, or one panel. */
static void check_reduction(Grid *s, NodeId id)
{
    View in = node_view(s, node_of(s, id)->inputs[0]), out = node_view(s, id);
    bool over_features = in.features > 1 && out.features == 1 && !one_row(out);
    bool over_rows = one_row(out) && !one_row(in) && out.features > 1;
    if ((over_features && !s->by_rows && s->panels > 1) ||
        (over_rows && (s->by_rows || s->sample_rows > 1))) {
        emit_fail(s->e, "internal: kernel '%s' sweeps the wrong way for node %%%d", s->k->name,
                  (int)id);
    }
}

static int find_level(Grid *s, NodeId id)
{
    if (s->level[id] != NO_LEVEL)
        return s->level[id];
    const Node *n = node_of(s, id);
    int level = 0;
    if (s->here[id] || s->e->plan->inlined[id]) {
        for (int i = 0; i < n->input_count; i++) {
            int of_input = find_level(s, n->inputs[i]);
            if (of_input > level)
                level = of_input;
        }
    }
    if (ends_sweep(s, id))
        level++;
    return s->level[id] = level;
}

static bool reads_tensor(Grid *s, NodeId id, int tensor)
{
    const Node *n = node_of(s, id);
    if (n->op == IR_WEIGHT)
        return n->as.tensor == tensor;
    if (!s->e->plan->inlined[id])
        return false;
    for (int i = 0; i < n->input_count; i++)
        if (reads_tensor(s, n->inputs[i], tensor))
            return true;
    return false;
}

static void find_levels(Grid *s)
{
    const Kernel *k = s->k;
    s->levels = 0;
    for (size_t i = 0; i < k->placed.len; i++) {
        if (is_reduce(s, k->placed.data[i].node))
            check_reduction(s, k->placed.data[i].node);
        int level = find_level(s, k->placed.data[i].node);
        if (level > s->levels)
            s->levels = level;
    }
    /* An assign waits for the last sweep that reads the old value. */
    for (size_t i = 0; i < k->placed.len; i++) {
        const Node *n = node_of(s, k->placed.data[i].node);
        s->assign_level[i] = s->level[k->placed.data[i].node];
        if (n->op != IR_ASSIGN)
            continue;
        for (size_t j = 0; j < k->placed.len; j++) {
            NodeId reader = k->placed.data[j].node;
            int level = s->level[reader] - (ends_sweep(s, reader) ? 1 : 0);
            if (level <= s->assign_level[i])
                continue;
            for (int a = 0; a < node_of(s, reader)->input_count; a++)
                if (reads_tensor(s, node_of(s, reader)->inputs[a], n->as.tensor))
                    s->assign_level[i] = level;
        }
    }
}

/* ---- storing ---- */
static Val lane_mask(Grid *s, Val panel)
{
    Emitter *e = s->e;
    int64_t tail = s->view.features % LANES;
    if (!tail)
        return NULL;
    Val first = LLVMBuildTrunc(e->b, imul(e, panel, LANES), e->i32, "");
    Val lane = LLVMBuildAdd(e->b, splat(e, first), lane_numbers(e), "");
    return LLVMBuildICmp(e->b, LLVMIntSLT, lane, viconst(e, (int32_t)s->view.features), "");
}

static void store_value(Grid *s, const Storage *st, Val value, Val row, Val panel)
{
    Val base = storage_base(s->e, s->f, st);
    store_vector(s->e, value,
                 float_offset(s->e, base, element_offset(s->e, st->rows_max, row, panel)));
}

static void store_assigned(Grid *s, const Node *assign, Val value)
{
    Emitter *e = s->e;
    View v = view_of_shape(assign->shape, e->g->tensors.data[assign->as.tensor].feature_axis);
    Storage st = {
        .kind = STORE_TENSOR, .index = assign->as.tensor, .view = v, .rows_max = v.per_sample
    };
    store_value(s, &st, value, one_row(v) || !s->row ? c64(e, 0) : s->row,
                v.features == 1 || !s->panel ? c64(e, 0) : s->panel);
}

static void store_node(Grid *s, NodeId id, Val value)
{
    Emitter *e = s->e;
    const Storage *st = &e->plan->storage[id];
    if (st->kind != STORE_ARENA)
        return;
    if (id == s->k->contract)
        return; /* the product wrote it */
    View v = node_view(s, id);
    Val row = one_row(v) || one_row_a_sample(s, v) || !s->row ? outer_row(s, v) : s->row;
    Val panel = v.features == 1 || !s->panel ? c64(e, 0) : s->panel;
    unsigned packed = bf16_packed(e, id);
    if (packed) {
        bf16_store(e, packed,
                   float_offset(e, storage_base(e, s->f, st), imul(e, panel, st->rows_max * LANES)),
                   st->rows_max, value, row, lane_mask(s, panel));
    } else {
        store_value(s, st, value, row, panel);
    }
}

/* ---- one sweep ---- */
static Val masked(Grid *s, Op op, Val value, Val mask)
{
    return mask ? vselect(s->e, mask, value, emit_reduce_identity(s->e, op)) : value;
}

static Val first_lane(Emitter *e)
{
    Val m[LANES];
    for (int i = 0; i < LANES; i++)
        m[i] = LLVMConstInt(e->i1, i == 0, false);
    return LLVMConstVector(m, LANES);
}

/* The last product node in this sweep may need rows swept even if nothing but reductions read it.
 */
static bool works_in(const Grid *s, size_t i, int level)
{
    NodeId id = s->k->placed.data[i].node;
    const Node *n = node_of(s, id);
    if (n->op == IR_ASSIGN)
        return s->assign_level[i] == level && class_of(s, n->inputs[0]) == IS_CELL;
    if (ends_sweep(s, id))
        return s->level[id] - 1 == level;
    if (is_reduce(s, id) && class_of(s, id) == IS_SCALAR)
        return s->level[id] == level && class_of(s, n->inputs[0]) == IS_CELL;
    return s->level[id] == level && class_of(s, id) == IS_CELL && (id != s->k->contract);
}

static bool level_has_work(const Grid *s, int level)
{
    for (size_t i = 0; i < s->k->placed.len; i++)
        if (works_in(s, i, level))
            return true;
    return false;
}

/* The body of the innermost loop: computes, reduces into carried values, then stores. */
static void emit_cell(Grid *s, int level, Val *carried, const int *sweep, int sweep_count,
                      const int *total_index, int total_count)
{
    Emitter *e = s->e;
    const Kernel *k = s->k;
    Val mask = s->by_rows ? lane_mask(s, s->panel) : s->mask;
    for (size_t i = 0; i < k->placed.len && !e->failed; i++) {
        NodeId id = k->placed.data[i].node;
        const Node *n = node_of(s, id);
        if (!works_in(s, i, level) || n->op == IR_ASSIGN || ends_sweep(s, id))
            continue;
        if (is_reduce(s, id)) {
            if (class_of(s, id) == IS_SCALAR)
                continue;
            /* one panel: a row's reduction at once */
            Val lanes = masked(s, n->op, value_of(s, n->inputs[0], id), mask);
            memo_set(s, id, splat(e, emit_reduce_lanes(e, n->op, lanes)), SCOPE_CELL);
        } else {
            compute_map(s, id);
        }
    }
    for (int i = 0; i < sweep_count && !e->failed; i++) {
        const Node *n = node_of(s, k->placed.data[sweep[i]].node);
        Val value = value_of(s, n->inputs[0], k->placed.data[sweep[i]].node);
        if (s->by_rows)
            value = masked(s, n->op, value, mask);
        carried[i] = emit_reduce_step(e, n->op, carried[i], value);
    }
    for (int i = 0; i < total_count && !e->failed; i++) {
        const Node *n = node_of(s, k->placed.data[s->totals.data[total_index[i]]].node);
        /* it stands in every lane */
        bool once_a_row = node_view(s, n->inputs[0]).features == 1 && s->view.features > 1;
        Val value =
            masked(s, n->op,
                   value_of(s, n->inputs[0], k->placed.data[s->totals.data[total_index[i]]].node),
                   once_a_row ? first_lane(e) : mask);
        carried[sweep_count + i] = emit_reduce_step(e, n->op, carried[sweep_count + i], value);
    }
    for (size_t i = 0; i < k->placed.len && !e->failed; i++) {
        const Placed *p = &k->placed.data[i];
        const Node *n = node_of(s, p->node);
        if (!works_in(s, i, level) || ends_sweep(s, p->node))
            continue;
        if (n->op == IR_ASSIGN)
            store_assigned(s, n, value_of(s, n->inputs[0], p->node));
        else if (p->stored && class_of(s, p->node) == IS_CELL)
            store_node(s, p->node, value_of(s, p->node, p->node));
    }
}

/* One level: the inner loop with its reductions, then the values of the outer index that follow
 * from them. */
static void emit_level(Grid *s, int level, Val inner_begin, Val inner_end)
{
    Emitter *e = s->e;
    const Kernel *k = s->k;
    if (level_has_work(s, level)) {
        int sweep[LOOP_CARRIED_MAX], total[LOOP_CARRIED_MAX], sweep_count = 0, total_count = 0;
        Val carried[LOOP_CARRIED_MAX];
        for (size_t i = 0; i < k->placed.len; i++) {
            NodeId id = k->placed.data[i].node;
            if (!ends_sweep(s, id) || s->level[id] - 1 != level)
                continue;
            if (sweep_count == LOOP_CARRIED_MAX) {
                emit_fail(e, "kernel '%s' has too many reductions in one sweep", k->name);
                return;
            }
            carried[sweep_count] = emit_reduce_identity(e, node_of(s, id)->op);
            sweep[sweep_count++] = (int)i;
        }
        for (size_t t = 0; t < s->totals.len; t++) {
            if (!works_in(s, (size_t)s->totals.data[t], level))
                continue;
            if (sweep_count + total_count == LOOP_CARRIED_MAX) {
                emit_fail(e, "kernel '%s' has too many reductions in one sweep", k->name);
                return;
            }
            carried[sweep_count + total_count] = load_vector(e, s->total_memory[t]);
            total[total_count++] = (int)t;
        }
        Loop l = loop_begin(e, inner_begin, inner_end, 1, (unsigned)(sweep_count + total_count),
                            carried, NULL);
        if (s->by_rows)
            s->panel = l.i;
        else
            s->row = l.i;
        s->scope[SCOPE_CELL].id = ++s->scopes;
        s->open[SCOPE_CELL] = true;
        Val next[LOOP_CARRIED_MAX];
        memcpy(next, l.phi, sizeof next);
        emit_cell(s, level, next, sweep, sweep_count, total, total_count);
        s->open[SCOPE_CELL] = false;
        loop_end(e, &l, next);
        if (s->by_rows)
            s->panel = NULL;
        else
            s->row = NULL;
        for (int i = 0; i < total_count; i++)
            store_vector(e, l.phi[sweep_count + i], s->total_memory[total[i]]);
        for (int i = 0; i < sweep_count; i++) {
            NodeId id = k->placed.data[sweep[i]].node;
            Val value = l.phi[i];
            if (s->by_rows)
                value = splat(e, emit_reduce_lanes(e, node_of(s, id)->op, value));
            memo_set(s, id, value, SCOPE_OUTER);
        }
    }
}

static void emit_outer_values(Grid *s, int level)
{
    Emitter *e = s->e;
    for (size_t i = 0; i < s->k->placed.len && !e->failed; i++) {
        const Placed *p = &s->k->placed.data[i];
        const Node *n = node_of(s, p->node);
        if (n->op == IR_ASSIGN || s->level[p->node] != level)
            continue;
        NodeClass class = class_of(s, p->node);
        if (class == IS_OUTER) {
            Val value;
            if (!memo_get(s, p->node, &value)) {
                /* of an outer value: nothing is left to reduce */
                if (is_reduce(s, p->node)) {
                    value = memo_set(s, p->node, value_of(s, n->inputs[0], p->node), SCOPE_OUTER);
                } else {
                    value = compute_map(s, p->node);
                    memo_set(s, p->node, value, SCOPE_OUTER);
                }
            }
            if (p->stored)
                store_node(s, p->node, value);

        } else if (class == IS_SCALAR && is_reduce(s, p->node) &&
                   class_of(s, n->inputs[0]) == IS_OUTER) {
            for (size_t t = 0; t < s->totals.len; t++) {
                if (s->totals.data[t] != (int)i)
                    continue;
                Val mask = s->by_rows ? first_lane(e) : s->mask;
                Val value = masked(s, n->op, value_of(s, n->inputs[0], p->node), mask);
                store_vector(e,
                             emit_reduce_step(e, n->op, load_vector(e, s->total_memory[t]), value),
                             s->total_memory[t]);
            }
        }
    }
}

static void emit_outer_assigns(Grid *s)
{
    for (size_t i = 0; i < s->k->placed.len && !s->e->failed; i++) {
        const Node *n = node_of(s, s->k->placed.data[i].node);
        if (n->op == IR_ASSIGN && class_of(s, n->inputs[0]) != IS_CELL)
            store_assigned(s, n, value_of(s, n->inputs[0], s->k->placed.data[i].node));
    }
}

/* ---- the product in front ---- */
typedef struct Factor {
    Val base;
    int64_t rows_max;
    bool found;
} Factor;

static Factor factor_in(Grid *s, NodeId id, int axis)
{
    Emitter *e = s->e;
    const Plan *plan = e->plan;
    for (size_t i = 0; i < plan->relayouts.len; i++) {
        const Relayout *r = &plan->relayouts.data[i];
        if (r->node == id && r->feature_axis == axis)
            return (Factor){ storage_base(e, s->f, &r->storage), r->storage.rows_max, true };
    }
    const Storage *st = &plan->storage[id];
    if (plan->feature_axis[id] != axis ||
        (st->kind != STORE_ARENA && st->kind != STORE_TENSOR && st->kind != STORE_INPUT)) {
        return (Factor){ 0 };
    }
    return (Factor){ storage_base(e, s->f, st), st->rows_max, true };
}

static int last_axis(const Grid *s, NodeId id)
{
    return node_of(s, id)->shape.rank - 1;
}

/* One axis of a matrix is the last; the other stands for all before it, whose panels are those of
 * axis 0 of a matrix. */
/* Rows of the tensors that the sweep behind the product will read come in while it runs: they have
 * long left the second-level cache. */
static void prefetch_rows(Grid *s, Val begin, Val end)
{
    Emitter *e = s->e;
    LLVMTypeRef types[] = { e->ptr };
    unsigned id = LLVMLookupIntrinsicID("llvm.prefetch", 13);
    Val fn = LLVMGetIntrinsicDeclaration(e->module, id, types, 1);
    Loop l = loop_begin(e, begin, end, 1, 0, NULL, NULL);
    for (size_t t = 0; t < e->g->tensors.len; t++) {
        if (!s->sweeps_tensor[t])
            continue;
        View v = view_of_shape(e->g->tensors.data[t].shape, e->g->tensors.data[t].feature_axis);
        Val args[] = { float_offset(e, frame_tensor(e, s->f, (int)t),
                                    element_offset(e, v.per_sample, l.i, s->panel)),
                       c32(e, 1), c32(e, 3), c32(e, 1) };
        LLVMBuildCall2(e->b, LLVMIntrinsicGetType(e->context, id, types, 1), fn, args, 4, "");
    }
    loop_end(e, &l, NULL);
}

static void emit_product(Grid *s, Val panel)
{
    Emitter *e = s->e;
    NodeId id = s->k->contract;
    const Node *n = node_of(s, id);
    if (op_class(n->op) == CLASS_WINDOW) {
        emit_windows(e, s->f, s->k, panel, s->product_buffer, s->row_begin, s->row_end);
        return;
    }
    NodeId a = n->inputs[0], b = n->inputs[1];
    bool ta = n->as.contract.ta, tb = n->as.contract.tb;
    /* C's rows, a's other axis, lie in the lanes */
    bool units_first = e->plan->feature_axis[id] != last_axis(s, id);
    NodeId lanes = units_first ? a : b, rows = units_first ? b : a;
    /* is the summed axis the last one of each? */
    bool lanes_sum_last = units_first ? !ta : tb, rows_sum_last = units_first ? tb : !ta;
    Factor right = factor_in(s, lanes, lanes_sum_last ? 0 : last_axis(s, lanes));
    Factor left = factor_in(s, rows, last_axis(s, rows));
    /* its rows lie in the panels, not the summed axis */
    bool transposed = !rows_sum_last;
    if (!left.found) {
        left = factor_in(s, rows, 0);
        transposed = rows_sum_last;
    }
    if (!right.found || !left.found) {
        emit_fail(e, "internal: a factor of kernel '%s' is not laid out for its product",
                  s->k->name);
        return;
    }
    View sum = view_of_shape(node_of(s, lanes)->shape, lanes_sum_last ? 0 : last_axis(s, lanes));
    Val inner = view_rows_value(e, sum, s->f->n);
    unsigned kind = transposed ? PRODUCT_TRANSPOSED : 0;
    if (bf16_product(e, id)) {
        bool packed = bf16_packed(e, lanes) && bf16_packed(e, rows);
        kind |= packed ? PRODUCT_BF16 : PRODUCT_PAIRS;
        if (packed)
            inner = ceil_div(e, inner, 2);
        if (packed && transposed)
            left.base = bf16_rows(e, left.base, left.rows_max);
    }
    Val fn = product_function(e, kind),
        b_panel = float_offset(e, right.base, imul(e, panel, right.rows_max * LANES));
    if (kind & PRODUCT_BF16)
        b_panel = bf16_rows(e, b_panel, right.rows_max);
    int64_t rows_max = s->view.batch ? s->view.per_sample * e->g->batch : s->view.per_sample;
    Blocks blocks = kernel_blocks(e, s->k);
    product_wants(e, kind, blocks.all_rows || blocks.rows > rows_max ? rows_max : blocks.rows,
                  s->view.batch || !transposed);
    if (!blocks.all_rows && rows_max % blocks.rows)
        product_wants(e, kind, rows_max % blocks.rows, false);
    Val args[] = { left.base,    c64(e, left.rows_max * LANES),
                   b_panel,      s->product_buffer,
                   s->row_begin, s->row_end,
                   inner };
    int weight, input;
    if (product_skips_zeros(e->plan, id, &weight, &input))
        emit_sparse_product(e, s->f, weight, input, panel, args);
    else
        LLVMBuildCall2(e->b, e->product_type, fn, args, 7, "");
}

/* ---- tasks ---- */
static void totals_begin(Grid *s)
{
    for (size_t t = 0; t < s->totals.len; t++) {
        store_vector(
            s->e,
            emit_reduce_identity(s->e, node_of(s, s->k->placed.data[s->totals.data[t]].node)->op),
            s->total_memory[t]);
    }
}

static void totals_end(Grid *s)
{
    Emitter *e = s->e;
    for (size_t t = 0; t < s->totals.len; t++) {
        NodeId id = s->k->placed.data[s->totals.data[t]].node;
        const Storage *st = &e->plan->storage[id];
        if (st->kind != STORE_PARTIALS) {
            emit_fail(e, "internal: total %%%d of kernel '%s' has no partials", (int)id,
                      s->k->name);
            return;
        }
        Val total = LLVMBuildFPExt(
            e->b, emit_reduce_lanes(e, node_of(s, id)->op, load_vector(e, s->total_memory[t])),
            e->f64, "");
        Val at = iadd(e, frame_arg(e, s->f, st->offset), s->task);
        LLVMBuildStore(e->b, total, LLVMBuildGEP2(e->b, e->f64, s->f->arena, &at, 1, ""));
    }
}

static Val entry_memory(Grid *s, int64_t vectors)
{
    Emitter *e = s->e;
    Block back = frame_enter_entry(e, s->f);
    Val memory = LLVMBuildArrayAlloca(e->b, e->vf, c64(e, vectors), "");
    LLVMSetAlignment(memory, NNRT_ALIGN);
    frame_leave_entry(e, back);
    return memory;
}

static void emit_levels(Grid *s, Val begin, Val end)
{
    for (int level = 0; level <= s->levels && !s->e->failed; level++) {
        scope_open(s, SCOPE_LEVEL);
        emit_outer_values(s, level);
        scope_close(s, SCOPE_LEVEL);
        scope_open(s, SCOPE_LEVEL);
        emit_level(s, level, begin, end);
        scope_close(s, SCOPE_LEVEL);
    }
    scope_open(s, SCOPE_LEVEL);
    emit_outer_assigns(s);
    scope_close(s, SCOPE_LEVEL);
}

/* A weight's gradient and its update: sixteen rows at a time, so that product, gradient and update
 * stay in the first-level cache. */
static bool updates_by_chunks(const Grid *s)
{
    return s->k->contract != NO_NODE && op_class(node_of(s, s->k->contract)->op) != CLASS_WINDOW &&
           s->levels == 0 && !s->view.batch &&
           s->e->plan->storage[s->k->contract].kind != STORE_ARENA;
}

static void nest_by_panels(Grid *s, Val panel_begin, Val panel_end, Val stack)
{
    Emitter *e = s->e;
    const Kernel *k = s->k;
    Val row_begin = s->row_begin, row_end = s->row_end;
    bool chunks = updates_by_chunks(s);
    Loop l = loop_begin(e, panel_begin, panel_end, 1, 0, NULL, NULL), c = { 0 }, i = { 0 };
    s->panel = l.i;
    if (s->sample_rows > 0) {
        i = loop_begin(e, LLVMBuildUDiv(e->b, row_begin, c64(e, s->sample_rows), ""),
                       LLVMBuildUDiv(e->b, row_end, c64(e, s->sample_rows), ""), 1, 0, NULL, NULL);
        s->sample = i.i;
        s->row_begin = imul(e, i.i, s->sample_rows);
        s->row_end = iadd(e, s->row_begin, c64(e, s->sample_rows));
    }
    if (chunks) {
        prefetch_rows(s, row_begin, imin(e, iadd(e, row_begin, c64(e, LANES)), row_end));
        c = loop_begin(e, row_begin, row_end, LANES, 0, NULL, NULL);
        s->row_begin = c.i;
        s->row_end = imin(e, iadd(e, c.i, c64(e, LANES)), row_end);
        prefetch_rows(s, s->row_end, imin(e, iadd(e, s->row_end, c64(e, LANES)), row_end));
    }
    scope_open(s, SCOPE_OUTER);
    s->mask = lane_mask(s, s->panel);
    if (k->contract != NO_NODE) {
        const Storage *st = &e->plan->storage[k->contract];
        if (st->kind == STORE_ARENA) {
            s->product_buffer =
                float_offset(e, storage_base(e, s->f, st), imul(e, s->panel, st->rows_max * LANES));
        } else {
            s->product_buffer =
                float_offset(e, stack, LLVMBuildNeg(e->b, imul(e, s->row_begin, LANES), ""));
        }
        emit_product(s, s->panel);
    }
    emit_levels(s, s->row_begin, s->row_end);
    scope_close(s, SCOPE_OUTER);
    if (chunks)
        loop_end(e, &c, NULL);
    if (s->sample_rows > 0)
        loop_end(e, &i, NULL);
    s->sample = NULL;
    loop_end(e, &l, NULL);
    s->row_begin = row_begin;
    s->row_end = row_end;
    s->panel = NULL;
}

static void nest_by_rows(Grid *s)
{
    Emitter *e = s->e;
    Loop l = loop_begin(e, s->row_begin, s->row_end, 1, 0, NULL, NULL);
    s->row = l.i;
    scope_open(s, SCOPE_OUTER);
    emit_levels(s, c64(e, 0), c64(e, s->panels));
    scope_close(s, SCOPE_OUTER);
    loop_end(e, &l, NULL);
    s->row = NULL;
}

void emit_grid(Emitter *e, Frame *f, const Kernel *k)
{
    size_t nodes = e->g->nodes.len;
    Grid s = { .e = e, .f = f, .k = k, .view = k->view, .panels = view_panels(k->view) };
    s.by_rows = k->axis == AXIS_ROW && s.panels > 1;
    bool images = k->contract != NO_NODE &&
                  op_class(graph_node(e->g, k->contract)->op) == CLASS_WINDOW && k->view.batch &&
                  k->axis == AXIS_NONE;
    if (k->by_sample || images)
        s.sample_rows = k->view.per_sample;
    if (!e->scratch) {
        e->scratch = ARENA_NEW(e->arena, GridScratch);
        *e->scratch =
            (GridScratch){ ARENA_ARRAY(e->arena, Memo, nodes), ARENA_ARRAY(e->arena, int, nodes),
                           ARENA_ARRAY(e->arena, bool, nodes), ARENA_ARRAY(e->arena, bool, nodes) };
    } else {
        memset(e->scratch->memo, 0, nodes * sizeof(Memo));
        memset(e->scratch->here, 0, nodes * sizeof(bool));
        memset(e->scratch->stored, 0, nodes * sizeof(bool));
    }
    s.memo = e->scratch->memo;
    s.level = e->scratch->level;
    s.here = e->scratch->here;
    s.stored = e->scratch->stored;
    s.assign_level = ARENA_ARRAY(e->arena, int, k->placed.len + 1);
    for (size_t i = 0; i < nodes; i++)
        s.level[i] = NO_LEVEL;
    for (size_t i = 0; i < k->placed.len; i++) {
        s.here[k->placed.data[i].node] = true;
        s.stored[k->placed.data[i].node] = k->placed.data[i].stored;
    }
    s.scope[SCOPE_ENTRY].id = ++s.scopes;
    s.open[SCOPE_ENTRY] = true;
    find_levels(&s);
    s.sweeps_tensor = ARENA_ARRAY(e->arena, bool, e->g->tensors.len + 1);
    for (size_t i = 0; i < k->placed.len; i++) {
        for (int a = 0; a < node_of(&s, k->placed.data[i].node)->input_count; a++) {
            NodeId in = node_of(&s, k->placed.data[i].node)->inputs[a];
            if (node_of(&s, in)->op == IR_WEIGHT && class_of(&s, in) == IS_CELL)
                s.sweeps_tensor[node_of(&s, in)->as.tensor] = true;
        }
    }
    for (size_t i = 0; i < k->placed.len; i++) {
        if (is_reduce(&s, k->placed.data[i].node) &&
            class_of(&s, k->placed.data[i].node) == IS_SCALAR) {
            vec_push(e->arena, &s.totals, (int)i);
        }
    }
    s.total_memory = ARENA_ARRAY(e->arena, Val, s.totals.len + 1);
    for (size_t t = 0; t < s.totals.len; t++)
        s.total_memory[t] = entry_memory(&s, 1);
    Blocks blocks = kernel_blocks(e, k);
    int64_t row_block = blocks.rows, panel_block = blocks.panels;
    Val stack = NULL;
    if (k->contract != NO_NODE && e->plan->storage[k->contract].kind != STORE_ARENA) {
        if (row_block > 8192 && s.sample_rows == 0) {
            emit_fail(e, "internal: the product of kernel '%s' needs a buffer in the arena",
                      k->name);
            return;
        }
        stack = entry_memory(&s, s.sample_rows > 0 ? s.sample_rows : row_block);
    }
    Val rows = view_rows_value(e, k->view, f->n);
    Val row_blocks = blocks.all_rows ? c64(e, 1) : ceil_div(e, rows, row_block);
    Loop tasks = loop_begin(e, f->task_begin, f->task_end, 1, 0, NULL, NULL);
    s.task = tasks.i;
    Val panel_block_index =
        blocks.all_rows ? tasks.i : LLVMBuildUDiv(e->b, tasks.i, row_blocks, "");
    s.row_begin = blocks.all_rows
                      ? c64(e, 0)
                      : imul(e, LLVMBuildURem(e->b, tasks.i, row_blocks, ""), row_block);
    s.row_end = blocks.all_rows ? rows : imin(e, iadd(e, s.row_begin, c64(e, row_block)), rows);
    Val panel_begin = imul(e, panel_block_index, panel_block);
    Val panel_end = imin(e, iadd(e, panel_begin, c64(e, panel_block)), c64(e, s.panels));
    totals_begin(&s);
    if (s.by_rows)
        nest_by_rows(&s);
    else
        nest_by_panels(&s, panel_begin, panel_end, stack);
    totals_end(&s);
    loop_end(e, &tasks, NULL);
}
