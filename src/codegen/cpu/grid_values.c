/* grid_values.c: values of a GRID kernel, each emitted in the outermost scope in which it holds:
 * loaded from memory, or computed from their inputs. */
#include "codegen/cpu/grid.h"

static Val or_zero(Grid *grid, Val index)
{
    return index ? index : c64(grid->e, 0);
}

/* A float64 scalar in every lane. */
static Val splat_scalar(Grid *grid, Val as_double)
{
    return splat(grid->e, LLVMBuildFPTrunc(grid->e->b, as_double, grid->e->f32, ""));
}

static Val load_scalar(Grid *grid, int index)
{
    Emitter *e = grid->e;
    return LLVMBuildLoad2(e->b, e->f64, frame_scalar(e, grid->f, index), "");
}

static Val scalar_slot(Grid *grid, NodeId id)
{
    Block back = scope_enter(grid, SCOPE_ENTRY);
    Val value = splat_scalar(grid, load_scalar(grid, grid->e->plan->storage[id].index));
    scope_leave(grid, back);
    return memo_set(grid, id, value, SCOPE_ENTRY);
}

static Val hyper_value(Grid *grid, NodeId id)
{
    Emitter *e = grid->e;
    Hyper hyper = grid_node(grid, id)->as.hyper;
    Block back = scope_enter(grid, SCOPE_ENTRY);

    Val integer = NULL, value;
    if (hyper == HYPER_N)
        integer = grid->f->n;
    if (hyper == HYPER_STEP)
        integer = grid->f->step;
    if (integer)
        value = LLVMBuildSIToFP(e->b, integer, e->f64, "");
    else
        value = load_scalar(grid, hyper);
    value = splat_scalar(grid, value);

    scope_leave(grid, back);
    return memo_set(grid, id, value, SCOPE_ENTRY);
}

/* ---- loading ---- */

static bool has_memory(const Storage *st)
{
    return st->kind == STORE_ARENA || st->kind == STORE_TENSOR || st->kind == STORE_INPUT;
}

/* The row of a stored value that the current row of the nest reads: where the value has other rows
 * than the kernel, it is broadcast into its user. */
static Val stored_row(Grid *grid, NodeId id, NodeId user)
{
    Emitter *e = grid->e;
    View v = grid_view(grid, id);
    if (view_is_one_row(v))
        return c64(e, 0);
    if (grid_is_row_of_sample(grid, v))
        return grid_outer_row(grid, v);
    bool same_rows = v.batch == grid->view.batch && v.per_sample == grid->view.per_sample;
    if (same_rows)
        return or_zero(grid, grid->row);

    NodeId into = user == NO_NODE ? id : user;
    const int *axis = e->plan->feature_axis;
    int64_t div = 1, mod = 0;
    if (!view_row_map(grid_node(grid, id)->shape, axis[id], grid_node(grid, into)->shape,
                      axis[into], &div, &mod)) {
        emit_fail(e, "internal: node %%%d does not broadcast into kernel '%s'", (int)id,
                  grid->k->name);
    }
    return map_row(e, or_zero(grid, grid->row), div, mod);
}

static Val load_stored(Grid *grid, NodeId id, NodeId user)
{
    Emitter *e = grid->e;
    const Storage *st = &e->plan->storage[id];
    if (st->kind == STORE_SCALAR)
        return scalar_slot(grid, id);
    if (!has_memory(st)) {
        emit_fail(e, "internal: node %%%d is read by kernel '%s' but has no memory", (int)id,
                  grid->k->name);
        return vconst(e, 0);
    }

    Val base = storage_base(e, grid->f, st), value;
    int scope = scope_of_class(grid, grid_class(grid, id));
    bool single_feature = grid_view(grid, id).features == 1;
    Block back = scope_enter(grid, scope);
    Val row = stored_row(grid, id, user);

    if (single_feature && grid->view.features > 1) {
        Val address = float_offset(e, base, imul(e, row, LANES));
        value = splat(e, LLVMBuildLoad2(e->b, e->f32, address, ""));
    } else {
        Val panel = single_feature ? c64(e, 0) : or_zero(grid, grid->panel);
        value = load_vector(e, float_offset(e, base, element_offset(e, st->rows_max, row, panel)));
    }
    scope_leave(grid, back);
    return memo_set(grid, id, value, scope);
}

/* ---- computing ---- */

/* INDEX along the features counts lanes; along another axis it follows from the row. */
static Val index_value(Grid *grid, NodeId id, Val row)
{
    Emitter *e = grid->e;
    const Node *n = grid_node(grid, id);
    int feature_axis = e->plan->feature_axis[id], axis = n->as.axis;
    if (axis == feature_axis) {
        Val first = LLVMBuildTrunc(e->b, imul(e, or_zero(grid, grid->panel), LANES), e->i32, "");
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

static Val random_value(Grid *grid, NodeId id, Val row)
{
    Emitter *e = grid->e;
    const Node *n = grid_node(grid, id);
    bool single_feature = grid_view(grid, id).features == 1;
    Val panel = single_feature ? c64(e, 0) : or_zero(grid, grid->panel);
    Val value = emit_random(e, n->as.random.kind, frame_seed(e, grid->f), row, panel,
                            frame_arg(e, grid->f, n->as.random.stream), grid->f->step);
    if (single_feature && grid->view.features > 1)
        value = splat(e, LLVMBuildExtractElement(e->b, value, c32(e, 0), ""));
    return value;
}

/* INDEX and RANDOM: from the position alone. */
static Val positional_value(Grid *grid, NodeId id)
{
    View v = grid_view(grid, id);
    bool outer = grid_is_row_of_sample(grid, v);
    int scope = outer ? scope_of_class(grid, VALUE_OUTER) : SCOPE_CELL;
    Val row = outer ? grid_outer_row(grid, v) : or_zero(grid, grid->row), value;

    Block back = scope_enter(grid, scope);
    if (grid_node(grid, id)->op == IR_INDEX)
        value = index_value(grid, id, row);
    else
        value = random_value(grid, id, row);
    scope_leave(grid, back);
    return memo_set(grid, id, value, scope);
}

/* Powers up to this one are products. */
enum { POWER_BY_PRODUCTS_MAX = 16 };

/* The exponent of such a power, or 0. */
static int small_exponent(const Grid *grid, const Node *n)
{
    const Node *exponent = n->op == IR_POW ? grid_node(grid, n->inputs[1]) : NULL;
    if (!exponent || exponent->op != IR_CONST)
        return 0;
    double power = exponent->as.value;
    bool small = power >= 2 && power <= POWER_BY_PRODUCTS_MAX && power == (int)power;
    return small ? (int)power : 0;
}

Val grid_compute_map(Grid *grid, NodeId id)
{
    enum { INPUTS_MAX = 3 };

    Emitter *e = grid->e;
    const Node *n = grid_node(grid, id);
    Val in[INPUTS_MAX], value;
    int scope = scope_of_class(grid, grid_class(grid, id));
    if (n->input_count > INPUTS_MAX) {
        emit_fail(e, "internal: a map of %d inputs", n->input_count);
        return vconst(e, 0);
    }
    for (int i = 0; i < n->input_count; i++)
        in[i] = grid_value(grid, n->inputs[i], id);
    if (e->failed)
        return vconst(e, 0);

    Block back = scope_enter(grid, scope);
    int power = small_exponent(grid, n);
    if (power) {
        value = in[0];
        for (int i = 1; i < power; i++)
            value = LLVMBuildFMul(e->b, value, in[0], "");
    } else {
        value = emit_map(e, n->op, in);
    }
    scope_leave(grid, back);
    return memo_set(grid, id, value, scope);
}

/* A cell that an earlier level computed and stored is read again, not computed again. */
static bool was_stored_earlier(const Grid *grid, NodeId id, NodeId user)
{
    return grid->here[id] && grid->stored[id] && grid_class(grid, id) == VALUE_CELL &&
           grid->open[SCOPE_CELL] && grid->level[id] < grid->levels && user != id &&
           grid->memo[id].value;
}

Val grid_value(Grid *grid, NodeId id, NodeId user)
{
    Emitter *e = grid->e;
    const Node *n = grid_node(grid, id);
    const Storage *st = &e->plan->storage[id];
    Val found;
    if (n->op == IR_CONST && st->kind != STORE_SCALAR)
        return vconst(e, n->as.value);
    if (memo_get(grid, id, &found))
        return found;

    if (n->op == IR_HYPER)
        return hyper_value(grid, id);
    if (n->op == IR_INDEX || n->op == IR_RANDOM)
        return positional_value(grid, id);
    if (id == grid->k->contract) {
        Val address = float_offset(e, grid->product_buffer, imul(e, grid->row, LANES));
        return memo_set(grid, id, load_vector(e, address), SCOPE_CELL);
    }

    bool readable = has_memory(st) || st->kind == STORE_SCALAR;
    if (op_class(n->op) == CLASS_MAP && (grid->here[id] || e->plan->inlined[id] || !readable)) {
        if (readable && was_stored_earlier(grid, id, user))
            return load_stored(grid, id, user);
        return grid_compute_map(grid, id);
    }
    if (n->op == IR_RESHAPE && !readable)
        return memo_set(grid, id, grid_value(grid, n->inputs[0], id), SCOPE_CELL);
    return load_stored(grid, id, user);
}
