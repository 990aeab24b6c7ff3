/* grid_sweep.c: the levels of a GRID kernel for one outer index: each an inner loop with the
 * reductions that it carries, then the outer values that follow from them. */
#include "codegen/cpu/grid.h"
#include <string.h>

/* What one inner loop carries: first the reductions that end it, then totals. */
typedef struct Sweep {
    int level;
    size_t end[LOOP_CARRIED_MAX]; /* placed indices */
    unsigned ends;
    size_t total[LOOP_CARRIED_MAX]; /* indices of grid->totals */
    unsigned totals;
    Val carried[LOOP_CARRIED_MAX]; /* ends, then totals */
} Sweep;

/* Lanes that do not count take the reduction's identity. */
static Val masked(Grid *grid, Op op, Val value, Val mask)
{
    return mask ? vselect(grid->e, mask, value, emit_reduce_identity(grid->e, op)) : value;
}

static Val first_lane(Emitter *e)
{
    Val m[LANES];
    for (int i = 0; i < LANES; i++)
        m[i] = LLVMConstInt(e->i1, i == 0, false);
    return LLVMConstVector(m, LANES);
}

static NodeId total_node(const Grid *grid, size_t total)
{
    return grid_placed(grid, (size_t)grid->totals.data[total]);
}

/* ---- a cell ---- */

static void compute_cell(Grid *grid, int level, Val mask)
{
    Emitter *e = grid->e;
    for (size_t i = 0; i < grid->k->placed.len && !e->failed; i++) {
        NodeId id = grid_placed(grid, i);
        const Node *n = grid_node(grid, id);
        if (!grid_works_in_level(grid, i, level) || n->op == IR_ASSIGN || grid_ends_sweep(grid, id))
            continue;
        if (!grid_is_reduce(grid, id)) {
            grid_compute_map(grid, id);
        } else if (grid_class(grid, id) != VALUE_SCALAR) {
            /* one panel: a row's reduction at once */
            Val lanes = masked(grid, n->op, grid_value(grid, n->inputs[0], id), mask);
            memo_set(grid, id, splat(e, emit_reduce_lanes(e, n->op, lanes)), SCOPE_CELL);
        }
    }
}

static void reduce_cell(Grid *grid, Sweep *sweep, Val mask)
{
    Emitter *e = grid->e;
    Val *carried = sweep->carried;
    for (unsigned i = 0; i < sweep->ends && !e->failed; i++, carried++) {
        NodeId id = grid_placed(grid, sweep->end[i]);
        const Node *n = grid_node(grid, id);
        Val value = grid_value(grid, n->inputs[0], id);
        if (grid->by_rows)
            value = masked(grid, n->op, value, mask);
        *carried = emit_reduce_step(e, n->op, *carried, value);
    }

    for (unsigned i = 0; i < sweep->totals && !e->failed; i++, carried++) {
        NodeId id = total_node(grid, sweep->total[i]);
        const Node *n = grid_node(grid, id);
        /* a value of one feature is in every lane, and counts once */
        bool once_a_row = grid_view(grid, n->inputs[0]).features == 1 && grid->view.features > 1;
        Val value = masked(grid, n->op, grid_value(grid, n->inputs[0], id),
                           once_a_row ? first_lane(e) : mask);
        *carried = emit_reduce_step(e, n->op, *carried, value);
    }
}

static void store_cell(Grid *grid, int level)
{
    for (size_t i = 0; i < grid->k->placed.len && !grid->e->failed; i++) {
        const Placed *p = &grid->k->placed.data[i];
        const Node *n = grid_node(grid, p->node);
        if (!grid_works_in_level(grid, i, level) || grid_ends_sweep(grid, p->node))
            continue;
        if (n->op == IR_ASSIGN)
            grid_store_assigned(grid, n, grid_value(grid, n->inputs[0], p->node));
        else if (p->stored && grid_class(grid, p->node) == VALUE_CELL)
            grid_store_node(grid, p->node, grid_value(grid, p->node, p->node));
    }
}

/* The body of the innermost loop. */
static void emit_cell(Grid *grid, Sweep *sweep)
{
    Val mask = grid->by_rows ? grid_lane_mask(grid, grid->panel) : grid->mask;
    compute_cell(grid, sweep->level, mask);
    reduce_cell(grid, sweep, mask);
    store_cell(grid, sweep->level);
}

/* ---- an inner loop ---- */

static bool level_has_work(const Grid *grid, int level)
{
    for (size_t i = 0; i < grid->k->placed.len; i++)
        if (grid_works_in_level(grid, i, level))
            return true;
    return false;
}

static bool carry(Grid *grid, Sweep *sweep, Val initial)
{
    unsigned used = sweep->ends + sweep->totals;
    if (used == LOOP_CARRIED_MAX) {
        emit_fail(grid->e, "kernel '%s' has too many reductions in one sweep", grid->k->name);
        return false;
    }
    sweep->carried[used] = initial;
    return true;
}

/* Ends start from the identity, totals from what the task has so far. False: there are too many. */
static bool find_reductions(Grid *grid, Sweep *sweep)
{
    for (size_t i = 0; i < grid->k->placed.len; i++) {
        NodeId id = grid_placed(grid, i);
        if (!grid_ends_sweep(grid, id) || grid->level[id] - 1 != sweep->level)
            continue;
        if (!carry(grid, sweep, emit_reduce_identity(grid->e, grid_node(grid, id)->op)))
            return false;
        sweep->end[sweep->ends++] = i;
    }

    for (size_t t = 0; t < grid->totals.len; t++) {
        if (!grid_works_in_level(grid, (size_t)grid->totals.data[t], sweep->level))
            continue;
        if (!carry(grid, sweep, load_vector(grid->e, grid->total_memory[t])))
            return false;
        sweep->total[sweep->totals++] = t;
    }
    return true;
}

static void keep_results(Grid *grid, const Sweep *sweep, const Val *result)
{
    Emitter *e = grid->e;
    for (unsigned i = 0; i < sweep->totals; i++)
        store_vector(e, result[sweep->ends + i], grid->total_memory[sweep->total[i]]);
    for (unsigned i = 0; i < sweep->ends; i++) {
        NodeId id = grid_placed(grid, sweep->end[i]);
        Val value = result[i];
        if (grid->by_rows)
            value = splat(e, emit_reduce_lanes(e, grid_node(grid, id)->op, value));
        memo_set(grid, id, value, SCOPE_OUTER);
    }
}

static void emit_inner_loop(Grid *grid, int level, Val begin, Val end)
{
    Emitter *e = grid->e;
    Sweep sweep = { .level = level };
    if (!level_has_work(grid, level) || !find_reductions(grid, &sweep))
        return;

    Loop l = loop_begin(e, begin, end, 1, sweep.ends + sweep.totals, sweep.carried, NULL);
    Val *inner = grid->by_rows ? &grid->panel : &grid->row;
    *inner = l.i;
    grid->scope[SCOPE_CELL].id = ++grid->scopes;
    grid->open[SCOPE_CELL] = true;
    memcpy(sweep.carried, l.phi, sizeof sweep.carried);
    emit_cell(grid, &sweep);
    grid->open[SCOPE_CELL] = false;
    loop_end(e, &l, sweep.carried);
    *inner = NULL;
    keep_results(grid, &sweep, l.phi);
}

/* ---- outer values ---- */

static Val outer_value(Grid *grid, NodeId id)
{
    Val value;
    if (memo_get(grid, id, &value))
        return value;
    /* a reduction of an outer value: nothing is left to reduce */
    if (grid_is_reduce(grid, id))
        value = grid_value(grid, grid_node(grid, id)->inputs[0], id);
    else
        value = grid_compute_map(grid, id);
    return memo_set(grid, id, value, SCOPE_OUTER);
}

/* Takes an outer value into the total at this placed index. */
static void add_to_total(Grid *grid, size_t placed)
{
    Emitter *e = grid->e;
    NodeId id = grid_placed(grid, placed);
    const Node *n = grid_node(grid, id);
    for (size_t t = 0; t < grid->totals.len; t++) {
        if (grid->totals.data[t] != (int)placed)
            continue;
        Val mask = grid->by_rows ? first_lane(e) : grid->mask, memory = grid->total_memory[t];
        Val value = masked(grid, n->op, grid_value(grid, n->inputs[0], id), mask);
        store_vector(e, emit_reduce_step(e, n->op, load_vector(e, memory), value), memory);
    }
}

static void emit_outer_values(Grid *grid, int level)
{
    for (size_t i = 0; i < grid->k->placed.len && !grid->e->failed; i++) {
        const Placed *p = &grid->k->placed.data[i];
        const Node *n = grid_node(grid, p->node);
        if (n->op == IR_ASSIGN || grid->level[p->node] != level)
            continue;
        ValueClass class = grid_class(grid, p->node);
        if (class == VALUE_OUTER) {
            Val value = outer_value(grid, p->node);
            if (p->stored)
                grid_store_node(grid, p->node, value);

        } else if (class == VALUE_SCALAR && grid_is_reduce(grid, p->node) &&
                   grid_class(grid, n->inputs[0]) == VALUE_OUTER) {
            add_to_total(grid, i);
        }
    }
}

static void emit_outer_assigns(Grid *grid)
{
    for (size_t i = 0; i < grid->k->placed.len && !grid->e->failed; i++) {
        NodeId id = grid_placed(grid, i);
        const Node *n = grid_node(grid, id);
        if (n->op == IR_ASSIGN && grid_class(grid, n->inputs[0]) != VALUE_CELL)
            grid_store_assigned(grid, n, grid_value(grid, n->inputs[0], id));
    }
}

void grid_sweep(Grid *grid, Val begin, Val end)
{
    for (int level = 0; level <= grid->levels && !grid->e->failed; level++) {
        scope_open(grid, SCOPE_LEVEL);
        emit_outer_values(grid, level);
        scope_close(grid, SCOPE_LEVEL);
        scope_open(grid, SCOPE_LEVEL);
        emit_inner_loop(grid, level, begin, end);
        scope_close(grid, SCOPE_LEVEL);
    }
    scope_open(grid, SCOPE_LEVEL);
    emit_outer_assigns(grid);
    scope_close(grid, SCOPE_LEVEL);
}
