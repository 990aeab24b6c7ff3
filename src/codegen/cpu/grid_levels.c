/* grid_levels.c: which inner sweep of a GRID kernel computes which of its nodes. */
#include "codegen/cpu/grid.h"

bool grid_ends_sweep(const Grid *grid, NodeId id)
{
    return grid_is_reduce(grid, id) && grid->here[id] && grid_class(grid, id) == VALUE_OUTER &&
           grid_class(grid, grid_node(grid, id)->inputs[0]) != VALUE_OUTER;
}

/* A reduction over features needs the nest by rows, or one panel. */
static void check_reduction(Grid *grid, NodeId id)
{
    View in = grid_view(grid, grid_node(grid, id)->inputs[0]), out = grid_view(grid, id);
    bool over_features = in.features > 1 && out.features == 1 && !view_is_one_row(out);
    bool over_rows = view_is_one_row(out) && !view_is_one_row(in) && out.features > 1;
    if ((over_features && !grid->by_rows && grid->panels > 1) ||
        (over_rows && (grid->by_rows || grid->sample_rows > 1))) {
        emit_fail(grid->e, "internal: kernel '%s' sweeps the wrong way for node %%%d",
                  grid->k->name, (int)id);
    }
}

static int find_level(Grid *grid, NodeId id)
{
    if (grid->level[id] != NO_LEVEL)
        return grid->level[id];
    const Node *n = grid_node(grid, id);
    int level = 0;
    if (grid->here[id] || grid->e->plan->inlined[id]) {
        for (int i = 0; i < n->input_count; i++) {
            int of_input = find_level(grid, n->inputs[i]);
            if (of_input > level)
                level = of_input;
        }
    }
    if (grid_ends_sweep(grid, id))
        level++;
    return grid->level[id] = level;
}

static bool reads_tensor(const Grid *grid, NodeId id, int tensor)
{
    const Node *n = grid_node(grid, id);
    if (n->op == IR_WEIGHT)
        return n->as.tensor == tensor;
    if (!grid->e->plan->inlined[id])
        return false;
    for (int i = 0; i < n->input_count; i++)
        if (reads_tensor(grid, n->inputs[i], tensor))
            return true;
    return false;
}

/* An ASSIGN waits for the last sweep that reads the old value. */
static int find_assign_level(const Grid *grid, NodeId assign)
{
    int level = grid->level[assign], tensor = grid_node(grid, assign)->as.tensor;
    for (size_t i = 0; i < grid->k->placed.len; i++) {
        NodeId id = grid_placed(grid, i);
        const Node *reader = grid_node(grid, id);
        int of_reader = grid->level[id] - (grid_ends_sweep(grid, id) ? 1 : 0);
        for (int a = 0; a < reader->input_count && of_reader > level; a++)
            if (reads_tensor(grid, reader->inputs[a], tensor))
                level = of_reader;
    }
    return level;
}

void grid_find_levels(Grid *grid)
{
    size_t count = grid->k->placed.len;
    grid->levels = 0;
    for (size_t i = 0; i < count; i++) {
        NodeId id = grid_placed(grid, i);
        if (grid_is_reduce(grid, id))
            check_reduction(grid, id);
        int level = find_level(grid, id);
        if (level > grid->levels)
            grid->levels = level;
    }

    for (size_t i = 0; i < count; i++) {
        NodeId id = grid_placed(grid, i);
        bool assigns = grid_node(grid, id)->op == IR_ASSIGN;
        grid->assign_level[i] = assigns ? find_assign_level(grid, id) : grid->level[id];
    }
}

/* The product itself does not count: a sweep is made for what reads it. */
bool grid_works_in_level(const Grid *grid, size_t placed, int level)
{
    NodeId id = grid_placed(grid, placed);
    const Node *n = grid_node(grid, id);
    if (n->op == IR_ASSIGN)
        return grid->assign_level[placed] == level && grid_class(grid, n->inputs[0]) == VALUE_CELL;
    if (grid_ends_sweep(grid, id))
        return grid->level[id] - 1 == level;
    if (grid->level[id] != level)
        return false;
    if (grid_is_reduce(grid, id) && grid_class(grid, id) == VALUE_SCALAR)
        return grid_class(grid, n->inputs[0]) == VALUE_CELL;
    return grid_class(grid, id) == VALUE_CELL && id != grid->k->contract;
}
