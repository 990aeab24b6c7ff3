/* emit.h: what the files of this room share: the module being written, its types, and small
 * builders over llvm-c.
 *
 * Vectors are <16 x float> everywhere ("a lane vector"); scalars are double. Values that do not
 * change within a kernel are emitted in its entry block, those of a panel or a row before the loop
 * inside it: no optimiser runs over this IR. */
#ifndef NNC_EMIT_H
#define NNC_EMIT_H
#include "codegen/cpu/target.h"
#include <llvm-c/Core.h>

typedef LLVMValueRef Val;
typedef LLVMBasicBlockRef Block;

/* a function of some shape, by a name that tells all of it */
typedef struct Shared {
    const char *name;
    Val fn;
} Shared;

/* Kinds of products (product.c): PRODUCT_TRANSPOSED and one of the others, or neither. */
enum { PRODUCT_TRANSPOSED = 1, PRODUCT_PAIRS = 2, PRODUCT_BF16 = 4, PRODUCT_KINDS = 6 };

typedef struct Emitter {
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef b;
    LLVMTypeRef void_, i1, i8, i16, i32, i64, f32, f64, ptr, vf, vi, vd, vl, v4i, v4l, v8f,
        call_struct;
    const Target *target;
    const Plan *plan;
    const Graph *g;
    Arena *arena;
    /* the shared product functions, declared when first asked for */
    Val product[PRODUCT_KINDS];
    uint64_t tiles_wanted[PRODUCT_KINDS]; /* bit r: a tile of r rows */
    bool used_bf16;                       /* some code uses dot products of bfloat16 */
    const Plan *packed_plan; /* of bf16.c: which of this plan's nodes lie packed, and how */
    uint8_t *packed;
    VEC(Shared) shared; /* of windows: made when first asked for */
    LLVMTypeRef product_type, kernel_type;
    /* a unit's kernels may be shared out among modules that are compiled side by side; part 0 has
     * the unit's function */
    int part, parts;
    /* of grid.c: arrays of one entry a node, used again by each kernel */
    struct GridScratch *scratch;
    struct Known *known; /* of same_functions.c */
    char **error;
    bool failed;
} Emitter;

/* A storage that a function addresses, by the pointer it is known by. */
typedef struct Base {
    const Storage *storage;
    Val base;
} Base;

/* The function being written. What may differ among kernels of one structure (offsets, numbers of
 * tensors, scalars and random streams) are no constants of it: it reads them from a table of its
 * own call (frame_arg), so that one function serves them all. */
typedef struct Frame {
    Val fn, call, position, n, step, task_begin, task_end, args;
    Block entry, entry_body;     /* constants and scalar loads go to the end of `entry` */
    Val arena, scalars, tensors; /* loaded in the entry block */
    Val *tensor;                 /* per tensor of the graph, loaded on demand */
    VEC(Base) bases;             /* worked out in the entry block */
    VEC(int64_t) values;         /* of `args` */
    Val seed;
} Frame;

void emit_fail(Emitter *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* abi.c */
void abi_types(Emitter *e);
Val abi_field(Emitter *e, Val call, unsigned field, LLVMTypeRef type);
Val abi_field_pointer(Emitter *e, Val call, unsigned field);

enum {
    ABI_TENSOR,
    ABI_ARENA,
    ABI_SCALAR,
    ABI_X,
    ABI_Y,
    ABI_ORDER,
    ABI_FIRST,
    ABI_LAST,
    ABI_STEP,
    ABI_OUT,
    ABI_METRIC,
    ABI_SEED,
    ABI_BARRIER,
    ABI_THREADS,
    ABI_HALT,
    ABI_HALT_STEP
};

/* ir_builder.c: small builders */
Val c64(Emitter *e, int64_t value);
Val c32(Emitter *e, int32_t value);
Val cf(Emitter *e, double value);     /* float */
Val cd(Emitter *e, double value);     /* double */
Val vconst(Emitter *e, double value); /* lane vector of one value */
Val viconst(Emitter *e, int32_t value);
Val splat(Emitter *e, Val scalar); /* float -> lane vector */
Val splat_n(Emitter *e, Val scalar, unsigned lanes);
Val lane_numbers(Emitter *e); /* <16 x i32> 0 .. 15 */
Val shuffle(Emitter *e, Val a, Val b, const int *mask, unsigned n);
Val call_intrinsic(Emitter *e, const char *name, LLVMTypeRef type, unsigned count, Val *args);
/* one without overloads */
Val call_intrinsic_of(Emitter *e, const char *name, unsigned count, Val *args);
Val vfma(Emitter *e, Val a, Val b, Val c);
Val vselect(Emitter *e, Val mask, Val a, Val b);
Val float_offset(Emitter *e, Val base, Val floats); /* base + floats * 4 bytes */
Val load_vector(Emitter *e, Val address);           /* aligned to 64 bytes */
void store_vector(Emitter *e, Val value, Val address);
Val imul(Emitter *e, Val a, int64_t b); /* folded where b is 0 or 1 */
Val iadd(Emitter *e, Val a, Val b);
Val imin(Emitter *e, Val a, Val b);
Val ceil_div(Emitter *e, Val a, int64_t b);
Val call_extern(Emitter *e, const char *name, LLVMTypeRef type, unsigned count, Val *args);

/* A counted loop with carried values: for (i = from; i < to; i += by). The body may add blocks. */
typedef struct Loop {
    Block head, body, done;
    Val i, phi[24];
    unsigned carried;
    Block before;
    int64_t by;
    Val to;
} Loop;

Loop loop_begin(Emitter *e, Val from, Val to, int64_t by, unsigned carried, const Val *initial,
                LLVMTypeRef const *types);
/* afterwards loop->phi hold the final values */
void loop_end(Emitter *e, Loop *loop, const Val *next);

enum { LOOP_CARRIED_MAX = 24 };

typedef struct Branch {
    Block then, other, done;
} Branch;

Branch branch_begin(Emitter *e, Val condition);
void branch_else(Emitter *e, Branch *branch);
void branch_end(Emitter *e, Branch *branch);

/* a kernel function; the builder stands in its body */
void frame_begin(Emitter *e, Frame *f, const char *name);
void frame_end(Emitter *e, Frame *f);
/* Runs the builder at the end of the entry block; give the result to frame_leave_entry. */
Block frame_enter_entry(Emitter *e, Frame *f);
void frame_leave_entry(Emitter *e, Block back);
/* an i64, read in the entry block */
Val frame_arg(Emitter *e, Frame *f, int64_t value);
Val frame_tensor(Emitter *e, Frame *f, int tensor);
/* where call->scalar[index] lies */
Val frame_scalar(Emitter *e, Frame *f, int index);
Val frame_seed(Emitter *e, Frame *f);

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

/* philox.c */
/* stream: i64 */
Val emit_random(Emitter *e, RandomKind kind, Val seed, Val row, Val panel, Val stream, Val step);

/* address.c */
/* pointer to float */
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

/* bf16.c: products of rounded factors, and how those lie where the processor has dot products of
 * them. PACKED_LANES: a row's 16 features as 8 pairs; PACKED_ROWS: of two rows, 16 pairs. A panel's
 * first half has the rows of the one, its second half those of the other. */
enum { PACKED_LANES = 1, PACKED_ROWS = 2 };

bool bf16_product(const Emitter *e, NodeId product); /* of two rounded factors */
unsigned bf16_packed(Emitter *e, NodeId node);       /* 0: it lies as floats */
/* mask NULL: all lanes count */
void bf16_store(Emitter *e, unsigned how, Val panel_base, int64_t rows_max, Val value, Val row,
                Val mask);
/* a panel's second half */
Val bf16_rows(Emitter *e, Val panel_base, int64_t rows_max);
/* <16 x float>, twice <32 x bfloat>: the instruction */
Val bf16_dot(Emitter *e, Val sum, Val a, Val b);
/* as transposes.c's relayout, from packed to packed by rows */
Val bf16_relayout(Emitter *e);

/* sparse_products.c: products that skip zeros (plan.h, SPARSE). Lists are made in front of the
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
bool shared_find(const Emitter *e, const char *name, Val *fn);
/* A function that others may call; false where it is there already. The builder is left where it
 * was: write the body with shared_begin and shared_end. */
Block shared_begin(Emitter *e, const char *name, LLVMTypeRef type, Val *fn);
void shared_end(Emitter *e, Block back);

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
 * instruction, or `fn` itself; with equal keys alone is it looked for. */
Val function_known(Emitter *e, Val fn, uint64_t key);

/* step_scalars.c: whether the unit assigns anything */
bool trains(const Emitter *e);
/* unit_function.c: the unit's function, and the kernels that it calls. */
void emit_unit(Emitter *e);
#endif
