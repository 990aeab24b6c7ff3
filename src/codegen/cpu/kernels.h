/* kernels.h: the code of kernels: what each file of this room emits, and what they use of one
 * another. */
#ifndef NNC_KERNELS_H
#define NNC_KERNELS_H
#include "codegen/cpu/emit.h"

/* vector_math.c */
Val math_exp(Emitter *e, Val x);
Val math_ln(Emitter *e, Val x);
Val math_tanh(Emitter *e, Val x);
Val math_erf(Emitter *e, Val x);
Val math_sigmoid(Emitter *e, Val x);
Val math_sin(Emitter *e, Val x, bool cosine);
Val math_pow(Emitter *e, Val a, Val b);

/* elementwise.c */
bool elementwise_has(Op op);
Val emit_map(Emitter *e, Op op, const Val *in); /* lane vectors, or a step's doubles */
Val emit_reduce_step(Emitter *e, Op op, Val accumulator, Val value); /* lane vectors */
double reduce_identity(Op op);
Val emit_reduce_identity(Emitter *e, Op op);
/* pairwise: 8 + 8, 4 + 4, 2 + 2, 1 + 1; gives a float */
Val emit_reduce_lanes(Emitter *e, Op op, Val lanes);

/* philox.c: a lane vector; stream: i64 */
Val emit_random(Emitter *e, RandomKind kind, Val seed, Val row, Val panel, Val stream, Val step);

/* address.c: where values are; pointers to float */
Val storage_base(Emitter *e, Frame *f, const Storage *s);
/* floats, of a panel's row */
Val element_offset(Emitter *e, int64_t rows_max, Val row, Val panel);
Val view_rows_value(Emitter *e, View v, Val n);
Val map_row(Emitter *e, Val row, int64_t div, int64_t mod);

/* The logical index of an element: one coordinate an axis. */
typedef struct Index {
    Val at[GRAPH_MAX_RANK];
    int rank;
} Index;

/* Of the element at (row, feature). The outermost axis, which may be the batch, is never divided
 * by. */
Index index_of_element(Emitter *e, const Frame *f, Shape s, int feature_axis, Val row, Val feature);
/* The position in row-major order, and back. */
Val index_to_linear(Emitter *e, const Frame *f, Shape s, const Index *x);
Index index_from_linear(Emitter *e, const Frame *f, Shape s, Val at);
Val element_address(Emitter *e, const Frame *f, Val base, const Storage *st, Shape s,
                    int feature_axis, const Index *x);

/* product.c: C[rows][16] of one panel. See its opening comment. */
Val product_function(Emitter *e, unsigned kind);
/* tiles for this many rows; any: for every smaller number too */
void product_wants(Emitter *e, unsigned kind, int64_t rows, bool any);
void product_finish(Emitter *e);

/* bf16.c: products of rounded factors, and how those are laid out where the processor has dot
 * products of them. PACKED_LANES: a row's 16 features as 8 pairs; PACKED_ROWS: of two rows, 16
 * pairs. A panel's first half has the rows of the one, its second half those of the other. */
enum { PACKED_LANES = 1, PACKED_ROWS = 2 };

bool bf16_product(const Emitter *e, NodeId product); /* of two rounded factors */
unsigned bf16_packed(Emitter *e, NodeId node);       /* 0: as floats */
/* mask NULL: all lanes count */
void bf16_store(Emitter *e, unsigned how, Val panel_base, int64_t rows_max, Val value, Val row,
                Val mask);
/* a panel's second half */
Val bf16_rows(Emitter *e, Val panel_base, int64_t rows_max);
/* <16 x float>, twice <32 x bfloat>: the instruction */
Val bf16_dot(Emitter *e, Val sum, Val a, Val b);
/* as transposes.c's relayout, from packed to packed by rows */
Val bf16_relayout(Emitter *e);

/* sparse_products.c: products that skip zeros (plan.h, SPARSE). Lists are made before the
 * first batch; `args` are those of product_function(false). */
typedef struct SparseCall {
    Val call, thread, threads, barrier, samples;
} SparseCall;

void emit_sparse_lists(Emitter *e, SparseCall c);
void emit_sparse_product(Emitter *e, Frame *f, int weight, int input, Val panel, const Val *args);
void emit_lanes(Emitter *e, Frame *f, const Kernel *k);

/* windows.c: one panel of an op on windows, rows [begin, end) of it, which are whole segments;
 * `out` is addressed by absolute row. */
void emit_windows(Emitter *e, Frame *f, const Kernel *k, Val panel, Val out, Val begin, Val end);

/* What such a function takes: images (whole, or a panel), their panels' distance in floats, a panel
 * of filters or adjoints (POOL_MAX_BACK: of results, then of adjoints), the panel to write,
 * segments [begin, end), the panel's number, samples in the batch. */
enum {
    WINDOWS_IN,
    WINDOWS_STRIDE,
    WINDOWS_SECOND,
    WINDOWS_THIRD,
    WINDOWS_OUT,
    WINDOWS_BEGIN,
    WINDOWS_END,
    WINDOWS_PANEL,
    WINDOWS_N,
    WINDOWS_ARGS
};

void emit_conv(Emitter *e, const Node *n, Val fn); /* conv.c: CONV, CONV_TRANSPOSE */
void emit_conv_weight(Emitter *e, const Node *n, Val fn);
void emit_pool(Emitter *e, const Node *n, Val fn); /* pool.c */

/* What a kernel's function does, void (call, position, n, step, task_begin, task_end, args), by its
 * kind. */
void emit_grid(Emitter *e, Frame *f, const Kernel *k);
void emit_scalar_kernel(Emitter *e, Frame *f, const Kernel *k);
void emit_gather(Emitter *e, Frame *f, const Kernel *k);
void emit_move(Emitter *e, Frame *f, const Kernel *k);
void emit_relayout(Emitter *e, Frame *f, const Kernel *k); /* transposes.c: second layouts */
void emit_fold(Emitter *e, Frame *f, const Kernel *k);
void emit_rows(Emitter *e, Frame *f, const Kernel *k); /* numbered_rows.c: rows by their numbers */
/* heads.c: products head by head */
void emit_heads(Emitter *e, Frame *f, const Kernel *k);

/* 8 rows of 8 floats, `step` floats apart, aligned to so many bytes; transposes.c transposes them
 * in registers. */
typedef struct Rows8 {
    Val first;
    int64_t step;
    unsigned alignment;
} Rows8;

void transpose_rows(Emitter *e, Rows8 from, Rows8 to);
/* rows a vector of 16 apart, as panels have them */
void transpose_block(Emitter *e, Val from, Val to);
void transpose_square(Emitter *e, Val from, Val to); /* 16 rows of 16 */
void emit_out(Emitter *e, Frame *f, const Kernel *k);

/* How a kernel's range is cut into tasks: blocks of rows (all of them where sums run along the
 * rows) times blocks of panels. */
typedef struct Blocks {
    int64_t rows, panels, panel_blocks;
    bool all_rows;
} Blocks;

Blocks kernel_blocks(Emitter *e, const Kernel *k);

/* ceil(rows / block) * panels tasks, rows times n where they are of each sample. */
typedef struct Tasks {
    bool per_sample;
    int64_t rows, block, panels;
} Tasks;

Tasks kernel_tasks_of(Emitter *e, const Kernel *k);
int64_t samples_per_task(const Emitter *e); /* of kernels that copy samples */
bool is_heads_product(Op op);
Tasks heads_tasks(Emitter *e, const Kernel *k);
Val kernel_task_count(Emitter *e, const Kernel *k, Val n);
/* flatten.c: false where a kernel is no such reshape. */
bool flatten_tasks(const Emitter *e, const Kernel *k, int64_t block, Tasks *tasks);
bool emit_flatten(Emitter *e, Frame *f, const Kernel *k);

/* same_functions.c: an earlier function of this module that does the same as `fn` in every
 * instruction, or `fn` itself; only those with an equal key are compared. */
Val function_known(Emitter *e, Val fn, uint64_t key);

/* step_scalars.c: whether the unit assigns anything */
bool trains(const Emitter *e);
/* unit_function.c: the unit's function, and the kernels that it calls. */
void emit_unit(Emitter *e);
#endif
