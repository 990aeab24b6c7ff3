/* machine.c: the machines that there are: CPUs with 32 vector registers, and with 16. */
#include "passes/machine.h"

static const SumRules cpu_sums = {
    .most_tasks = 64,
    .task_flops = 30000,
    .most_row_block = 4096,
    .row_step = 8,
    .product_cache_floats = 65536,
    .product_rows = 24,
    .product_transposed_rows = 48,
    .least_product_tasks = 8,
    .filter_tasks = 16,
    .least_pixels = 16,
    .small_flops = 3e5,
    .wide_panels = 4,
    .most_reductions = 20,
    .serial_flops = 3e5,
    .recompute_ops = 4,
    .recompute_arrays = 2,
    .remake_floats = 1 << 16,
    .remake_arrays = 4,
    .sparse_inputs = 48,
    .sparse_units = 8,
    .conv_floats = 32768,
    .conv_near_floats = 4096,
    .conv_near_pixels = 128,
    .narrow_channels = 8,
};

static const Machine registers_16 = {
    .sums = &cpu_sums,
    .stack_rows = 4096,
    .conv_floats_max = 1 << 20,
    .most_moves = 32,
    .move_floats = 8192,
    .sparse_percent = 30,
    .sparse_samples = 128,
    .tile_rows = 6,
    .product_tile_rows = 6,
    .filter_tile_rows = 6,
    .cached_rows = 320,
    .product_unroll = 2,
    .pool_unroll = 32,
};

static const Machine registers_32 = {
    .sums = &cpu_sums,
    .stack_rows = 4096,
    .conv_floats_max = 1 << 20,
    .most_moves = 32,
    .move_floats = 8192,
    .sparse_percent = 30,
    .sparse_samples = 128,
    .tile_rows = 14,
    .product_tile_rows = 24,
    .filter_tile_rows = 16,
    .cached_rows = 320,
    .product_unroll = 2,
    .pool_unroll = 32,
};

const Machine *machine_cpu(bool many_registers)
{
    return many_registers ? &registers_32 : &registers_16;
}
