/* emit.h: the module being written, its types, the function being written, and small builders over
 * llvm-c.
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

/* a function that several kernels call */
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
    LLVMTypeRef void_, i1, i8, i16, i32, i64, f32, f64, ptr;
    LLVMTypeRef vf, vi, vd, vl; /* 16 floats, int32, doubles, int64 */
    LLVMTypeRef v4i, v4l, v8f;
    LLVMTypeRef call_struct;  /* nnrt_call */
    LLVMTypeRef kernel_type;  /* of a kernel's function */
    LLVMTypeRef product_type; /* of product_function's */
    const Target *target;
    const Plan *plan;
    const Graph *g;
    Arena *arena;
    /* the shared product functions, declared when first asked for */
    Val product[PRODUCT_KINDS];
    uint64_t tiles_wanted[PRODUCT_KINDS]; /* bit r: a tile of r rows */
    bool used_bf16;                       /* some code uses dot products of bfloat16 */
    const Plan *packed_plan; /* of bf16.c: which of this plan's nodes are packed, and how */
    uint8_t *packed;
    VEC(Shared) shared; /* functions that several kernels call */
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
 * tensors, scalars and random streams) are not constants in it: it reads them from a table of its
 * own call (frame_arg), so that one function serves them all. */
typedef struct Frame {
    Val fn;
    /* its parameters: nnrt_call, the batch's first position, its samples, the step, the tasks of
     * this thread, and the table */
    Val call, position, n, step, task_begin, task_end, args;
    Block entry, entry_body;     /* constants and scalar loads go to the end of `entry` */
    Val arena, scalars, tensors; /* loaded in the entry block */
    Val *tensor;                 /* per tensor of the graph, loaded on demand */
    VEC(Base) bases;             /* worked out in the entry block */
    VEC(int64_t) values;         /* of `args` */
    Val seed;
} Frame;

void emit_fail(Emitter *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- nnrt_call: abi.c ---- */

void abi_types(Emitter *e);
Val abi_field(Emitter *e, Val call, unsigned field, LLVMTypeRef type);
Val abi_field_pointer(Emitter *e, Val call, unsigned field);

enum {
    ABI_TENSOR,
    ABI_ARENA,
    ABI_SCALAR,
    ABI_X,
    ABI_Y,
    ABI_W,
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

/* ---- small builders: ir_builder.c ---- */

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

enum { LOOP_CARRIED_MAX = 24 };

/* A counted loop with carried values: for (i = from; i < to; i += by). The body may add blocks. */
typedef struct Loop {
    Block head, body, done;
    Val i, phi[LOOP_CARRIED_MAX];
    unsigned carried;
    Block before;
    int64_t by;
    Val to;
} Loop;

Loop loop_begin(Emitter *e, Val from, Val to, int64_t by, unsigned carried, const Val *initial,
                LLVMTypeRef const *types);
/* afterwards loop->phi hold the final values */
void loop_end(Emitter *e, Loop *loop, const Val *next);

typedef struct Branch {
    Block then, other, done;
} Branch;

Branch branch_begin(Emitter *e, Val condition);
void branch_else(Emitter *e, Branch *branch);
void branch_end(Emitter *e, Branch *branch);

/* ---- functions: frames.c ---- */

/* A kernel's function; the builder is left in its body. */
void frame_begin(Emitter *e, Frame *f, const char *name);
void frame_end(Emitter *e, Frame *f);
/* Runs the builder at the end of the entry block; give the result to frame_leave_entry. */
Block frame_enter_entry(Emitter *e, Frame *f);
void frame_leave_entry(Emitter *e, Block back);
/* an i64, read in the entry block */
Val frame_arg(Emitter *e, Frame *f, int64_t value);
Val frame_tensor(Emitter *e, Frame *f, int tensor);
/* address of call->scalar[index] */
Val frame_scalar(Emitter *e, Frame *f, int index);
Val frame_seed(Emitter *e, Frame *f);

/* Functions that several kernels call, each by a name that tells all of its shape. To make one:
 * shared_find, and where that is false shared_begin, the body, and shared_end, which leaves the
 * builder where it was. */
bool shared_find(const Emitter *e, const char *name, Val *fn);
Block shared_begin(Emitter *e, const char *name, LLVMTypeRef type, Val *fn);
void shared_end(Emitter *e, Block back);
#endif
