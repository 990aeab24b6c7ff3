/* grid.h: what the files grid*.c share: the GRID kernel that is being written.
 *
 * A GRID kernel sweeps stages of elementwise maps and reductions over rows x panels, perhaps after
 * a matrix product. Two nests of loops serve all of them (plan.h, KERNELS):
 *
 *   by panels  for each task { for each panel { [product into the panel]
 *                  for each level { for each row } } }
 *              for AXIS_NONE, AXIS_COL, AXIS_BOTH, and AXIS_ROW with one panel;
 *              where it goes sample by sample (images), the rows of each sample of the task are
 *              swept on their own
 *   by rows    for each task { for each row { for each level { for each panel } } }
 *              for AXIS_ROW
 *
 * A level is one inner sweep: the number of sweep-ending reductions on the longest path to a node.
 * Levels are found here from the graph, so that stages which need no sweep of their own cost none.
 *
 * Values live in scopes (kernel, outer index, level, inner index). Each has a block ahead of its
 * loop for what does not change inside, which takes the place of loop-invariant code motion. */
#ifndef NNC_GRID_H
#define NNC_GRID_H
#include "codegen/cpu/kernels.h"

/* How a value varies over the nest. */
typedef enum ValueClass {
    VALUE_SCALAR, /* one for the whole kernel */
    /* one for each outer index: [1, F] in the nest by panels (sample by sample: [n, F] too), [r, 1]
     * in the nest by rows */
    VALUE_OUTER,
    VALUE_CELL
} ValueClass;

/* A value that has been emitted, and the number of the scope in which it holds. */
typedef struct Memo {
    Val value;
    unsigned scope;
} Memo;

/* Arrays of one entry a node, used again by each kernel of a unit. */
typedef struct GridScratch {
    Memo *memo;
    int *level;
    bool *here;
    bool *stored;
} GridScratch;

typedef struct Scope {
    Block pre; /* ahead of the loop */
    Block body;
    unsigned id; /* different each time a scope is opened */
} Scope;

enum { SCOPE_ENTRY, SCOPE_OUTER, SCOPE_LEVEL, SCOPE_CELL, SCOPE_COUNT };

enum { NO_LEVEL = -1 };

typedef struct Grid {
    Emitter *e;
    Frame *f;
    const Kernel *k;
    View view;
    int64_t panels;
    bool by_rows;        /* which nest */
    int64_t sample_rows; /* of a sample, where the nest goes sample by sample; else 0 */

    /* current indices; NULL outside their loops */
    Val task, sample, row, panel;
    Val row_begin, row_end;
    Val mask; /* of the current panel's valid lanes; NULL where all are */
    /* result of the product for the current panel, addressed by absolute row; NULL without one */
    Val product_buffer;

    /* per node */
    Memo *memo;
    int *level;   /* from which it is available; NO_LEVEL: not looked at yet */
    bool *here;   /* placed in this kernel */
    bool *stored; /* and written to memory by it */
    /* per placed index: the level at whose end an ASSIGN of cells is carried out */
    int *assign_level;
    int levels;
    bool *sweeps_tensor; /* per tensor of the graph: read cell by cell */

    Scope scope[SCOPE_COUNT];
    bool open[SCOPE_COUNT];
    unsigned scopes; /* opened so far */

    VEC(int) totals;   /* placed indices of reductions to a scalar */
    Val *total_memory; /* per total: its accumulator, an alloca */
} Grid;

/* grid_scopes.c */
const Node *grid_node(const Grid *grid, NodeId id);
NodeId grid_placed(const Grid *grid, size_t index);
View grid_view(const Grid *grid, NodeId id);
ValueClass grid_class(const Grid *grid, NodeId id);
bool grid_is_reduce(const Grid *grid, NodeId id);
bool grid_is_row_of_sample(const Grid *grid, View v); /* one row a sample, sample by sample */
bool view_is_one_row(View v);
/* The row of a value that is the same all along the inner loop of the nest by panels. */
Val grid_outer_row(const Grid *grid, View v);

void scope_open(Grid *grid, int which);
void scope_close(Grid *grid, int which);
/* Moves the builder to the block ahead of a scope's loop (SCOPE_CELL: leaves it where it is), and
 * gives the block to go back to with scope_leave. */
Block scope_enter(Grid *grid, int which);
void scope_leave(Grid *grid, Block back);
/* The innermost open scope that is not inside the natural one of a class. */
int scope_of_class(const Grid *grid, ValueClass class);

bool memo_get(const Grid *grid, NodeId id, Val *out);
Val memo_set(Grid *grid, NodeId id, Val value, int scope);

/* grid_values.c: lane vectors. `user`: the node that reads it, or NO_NODE. */
Val grid_value(Grid *grid, NodeId id, NodeId user);
Val grid_compute_map(Grid *grid, NodeId id);

/* grid_levels.c */
void grid_find_levels(Grid *grid);
bool grid_ends_sweep(const Grid *grid, NodeId id);
bool grid_works_in_level(const Grid *grid, size_t placed, int level);

/* grid_store.c: to where the plan says; nothing where it has no place */
Val grid_lane_mask(Grid *grid, Val panel);
void grid_store_node(Grid *grid, NodeId id, Val value);
void grid_store_assigned(Grid *grid, const Node *assign, Val value);

/* grid_sweep.c: all levels of one outer index, for inner indices [begin, end) */
void grid_sweep(Grid *grid, Val begin, Val end);

/* grid_product.c: one panel of the product, into grid->product_buffer */
void grid_product(Grid *grid);
/* asks for rows [begin, end) of the tensors that the sweep reads */
void grid_prefetch(Grid *grid, Val begin, Val end);
#endif
