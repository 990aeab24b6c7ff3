# src/codegen/local.mk: the only room that sees llvm-c
libnnc_a_SOURCES += \
    src/codegen/abi.c \
    src/codegen/address.c \
    src/codegen/aot.c \
    src/codegen/bf16.c \
    src/codegen/build.c \
    src/codegen/codegen.h \
    src/codegen/contract.c \
    src/codegen/conv.c \
    src/codegen/conv.h \
    src/codegen/conv_tile.c \
    src/codegen/emit.h \
    src/codegen/flatten.c \
    src/codegen/grid.c \
    src/codegen/grid.h \
    src/codegen/grid_levels.c \
    src/codegen/grid_product.c \
    src/codegen/grid_scopes.c \
    src/codegen/grid_store.c \
    src/codegen/grid_sweep.c \
    src/codegen/grid_values.c \
    src/codegen/heads.c \
    src/codegen/jit.c \
    src/codegen/math.c \
    src/codegen/module.c \
    src/codegen/move.c \
    src/codegen/pool.c \
    src/codegen/random.c \
    src/codegen/rows.c \
    src/codegen/windows.c \
    src/codegen/same.c \
    src/codegen/scalar.c \
    src/codegen/sparse.c \
    src/codegen/step.c \
    src/codegen/unit.c
