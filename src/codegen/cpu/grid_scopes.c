/* grid_scopes.c: how values vary over a GRID kernel's nest of loops, the scopes they live in, and
 * which of them have been emitted already. */
#include "codegen/cpu/grid.h"

const Node *grid_node(const Grid *grid, NodeId id)
{
    return graph_node(grid->e->g, id);
}

NodeId grid_placed(const Grid *grid, size_t index)
{
    return grid->k->placed.data[index].node;
}

View grid_view(const Grid *grid, NodeId id)
{
    return view_of_shape(grid_node(grid, id)->shape, grid->e->plan->feature_axis[id]);
}

bool view_is_one_row(View v)
{
    return !v.batch && v.per_sample == 1;
}

static bool is_single_value(View v)
{
    return view_is_one_row(v) && v.features == 1;
}

bool grid_is_row_of_sample(const Grid *grid, View v)
{
    return grid->sample_rows > 1 && v.batch && v.per_sample == 1;
}

ValueClass grid_class(const Grid *grid, NodeId id)
{
    View v = grid_view(grid, id);
    if (is_single_value(v) && !is_single_value(grid->view))
        return VALUE_SCALAR;
    if (grid_is_row_of_sample(grid, v))
        return VALUE_OUTER;
    if (grid->by_rows)
        return v.features == 1 ? VALUE_OUTER : VALUE_CELL;
    return view_is_one_row(v) && !view_is_one_row(grid->view) ? VALUE_OUTER : VALUE_CELL;
}

bool grid_is_reduce(const Grid *grid, NodeId id)
{
    return op_class(grid_node(grid, id)->op) == CLASS_REDUCE;
}

Val grid_outer_row(const Grid *grid, View v)
{
    return v.batch && grid->sample ? grid->sample : c64(grid->e, 0);
}

void scope_open(Grid *grid, int which)
{
    Emitter *e = grid->e;
    Scope *scope = &grid->scope[which];
    scope->id = ++grid->scopes;
    grid->open[which] = true;
    scope->pre = LLVMAppendBasicBlockInContext(e->context, grid->f->fn, "pre");
    scope->body = LLVMAppendBasicBlockInContext(e->context, grid->f->fn, "in");
    LLVMBuildBr(e->b, scope->pre);
    LLVMPositionBuilderAtEnd(e->b, scope->body);
}

void scope_close(Grid *grid, int which)
{
    LLVMBuilderRef b = grid->e->b;
    Block back = LLVMGetInsertBlock(b);
    LLVMPositionBuilderAtEnd(b, grid->scope[which].pre);
    LLVMBuildBr(b, grid->scope[which].body);
    LLVMPositionBuilderAtEnd(b, back);
    grid->open[which] = false;
}

Block scope_enter(Grid *grid, int which)
{
    Block back = LLVMGetInsertBlock(grid->e->b);
    if (which == SCOPE_ENTRY)
        LLVMPositionBuilderAtEnd(grid->e->b, grid->f->entry);
    else if (which != SCOPE_CELL)
        LLVMPositionBuilderAtEnd(grid->e->b, grid->scope[which].pre);
    return back;
}

void scope_leave(Grid *grid, Block back)
{
    LLVMPositionBuilderAtEnd(grid->e->b, back);
}

int scope_of_class(const Grid *grid, ValueClass class)
{
    static const int natural[] = {
        [VALUE_SCALAR] = SCOPE_ENTRY, [VALUE_OUTER] = SCOPE_LEVEL, [VALUE_CELL] = SCOPE_CELL
    };
    int which = natural[class];
    while (which > SCOPE_ENTRY && !grid->open[which])
        which--;
    return which;
}

bool memo_get(const Grid *grid, NodeId id, Val *out)
{
    const Memo *m = &grid->memo[id];
    if (!m->value)
        return false;
    for (int i = 0; i < SCOPE_COUNT; i++) {
        if (grid->open[i] && grid->scope[i].id == m->scope) {
            *out = m->value;
            return true;
        }
    }
    return false;
}

Val memo_set(Grid *grid, NodeId id, Val value, int scope)
{
    grid->memo[id] = (Memo){ value, grid->scope[scope].id };
    return value;
}
