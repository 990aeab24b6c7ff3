/* machine.h: what the passes, and code generation after them, know of a machine. No other file
 * holds such a number; how far a pass searches is its own affair and stays in its file.
 *
 * The numbers come in two groups. SumRules fix which terms of a sum are added, and in what order:
 * through the number of tasks and what shares a kernel. They are part of what a seed promises, and
 * the same on all CPUs, today's and tomorrow's; whoever changes one changes the bits of every
 * training. The rest of Machine may follow the hardware: no result depends on it.
 *
 * The width of a panel is neither: it is part of the memory layout and the ABI. */
#ifndef NNC_MACHINE_H
#define NNC_MACHINE_H
#include <stdbool.h>
#include <stdint.h>
#include "abi/nnrt.h"

/* features in a panel; one row of it is one vector */
enum { LANES = NNRT_LANES };

/* A product that skips zeros takes blocks of this many rows: four vectors of a transposed panel. */
enum { SPARSE_ROWS = 4 * LANES };

typedef struct SumRules {
    /* Tasks (passes/tasks.c). Scalar sums are added up task by task. */
    int64_t most_tasks;     /* a kernel is split into at most this many */
    double task_flops;      /* a task is worth at least this many multiply-adds */
    int64_t most_row_block; /* rows that a task takes at most */
    int64_t row_step;       /* blocks of rows are multiples of this */
    /* Products. The block of the row factor that a task reads stays in a second-level cache. */
    int64_t product_cache_floats;
    int64_t product_rows;            /* block of rows, or multiples of it */
    int64_t product_transposed_rows; /* the same where the rows of A lie in panels */
    int64_t least_product_tasks;
    /* Derivatives of filters are summed in parts, so that there are this many tasks or more. */
    int64_t filter_tasks;
    /* Sums of images with fewer pixels are not taken sample by sample first (passes/samples.c). */
    int64_t least_pixels;

    /* Fusion: what may share a kernel, and so its tasks. */
    double small_flops;    /* kernels below this may be run by one task */
    int64_t wide_panels;   /* a product that also sums over rows needs at least this many panels */
    int most_reductions;   /* of one kernel: each keeps a vector in a register */
    double serial_flops;   /* a unit below this runs on one thread */
    int recompute_ops;     /* a value of at most this many ops, */
    int recompute_arrays;  /* made from at most this many arrays, is recomputed where it is read */
    int64_t remake_floats; /* images below this are kept for the backward pass */
    int remake_arrays;     /* others may be made again from at most this many arrays */
    int64_t sparse_inputs, sparse_units; /* smaller products never skip zeros */

    /* Convolutions (codegen/cpu/conv_blocks.c): a filter's derivative is summed block by block of
     * the image. A block of up to conv_floats is copied at a time; where filters are summed, one of
     * up to conv_near_floats, or of conv_near_pixels. Images of at most narrow_channels are copied
     * without padding them to a panel. */
    int64_t conv_floats, conv_near_floats, conv_near_pixels, narrow_channels;
} SumRules;

typedef struct Machine {
    const SumRules *sums;
    /* Rows of a panel that a kernel keeps on the stack: of a product that nobody else reads, of an
     * image, of a head's width. And what a convolution may copy there at most, in floats. */
    int64_t stack_rows, conv_floats_max;
    /* Kernels that only move data: at most so many tasks, of at least so many floats. */
    int64_t most_moves, move_floats;
    /* A panel of which more weights than this are left is multiplied in full. */
    int sparse_percent;
    /* Calls of fewer samples multiply all panels in full. */
    int64_t sparse_samples;
    /* Rows of a register tile: of a convolution's, of a product's, and of a filter's derivative.
     * With 32 vector registers 24 sums leave room for B and a broadcast; with 16 registers there is
     * room for 6. */
    int tile_rows, product_tile_rows, filter_tile_rows;
    /* Rows of a panel that stay in a first-level cache while the rows of the other factor pass. */
    int64_t cached_rows;
    /* Terms of a product's inner loop; cells of a pooling window that are written out. */
    int product_unroll, pool_unroll;
} Machine;

/* The machine of a plan for any CPU. With 32 vector registers, or 16. */
const Machine *machine_cpu(bool many_registers);
#endif
