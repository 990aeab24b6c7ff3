# src/codegen/cpu/local.mk: code for CPUs; the only room that sees llvm-c
libnnc_a_SOURCES += \
    src/codegen/cpu/abi.c \
    src/codegen/cpu/address.c \
    src/codegen/cpu/aot.c \
    src/codegen/cpu/bf16.c \
    src/codegen/cpu/conv.c \
    src/codegen/cpu/conv.h \
    src/codegen/cpu/conv_tile.c \
    src/codegen/cpu/elementwise.c \
    src/codegen/cpu/emit.h \
    src/codegen/cpu/flatten.c \
    src/codegen/cpu/grid.c \
    src/codegen/cpu/grid.h \
    src/codegen/cpu/grid_levels.c \
    src/codegen/cpu/grid_product.c \
    src/codegen/cpu/grid_scopes.c \
    src/codegen/cpu/grid_store.c \
    src/codegen/cpu/grid_sweep.c \
    src/codegen/cpu/grid_values.c \
    src/codegen/cpu/heads.c \
    src/codegen/cpu/ir_builder.c \
    src/codegen/cpu/jit.c \
    src/codegen/cpu/module.c \
    src/codegen/cpu/moves.c \
    src/codegen/cpu/numbered_rows.c \
    src/codegen/cpu/philox.c \
    src/codegen/cpu/pool.c \
    src/codegen/cpu/product.c \
    src/codegen/cpu/same_functions.c \
    src/codegen/cpu/sparse_products.c \
    src/codegen/cpu/step_scalars.c \
    src/codegen/cpu/unit_function.c \
    src/codegen/cpu/vector_math.c \
    src/codegen/cpu/windows.c
