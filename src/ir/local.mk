# src/ir: the tensor graph, its builders, text form and verifier.
libnnc_a_SOURCES += \
    src/ir/builder.c \
    src/ir/fold.c \
    src/ir/fold.h \
    src/ir/graph.c \
    src/ir/graph.h \
    src/ir/ops.c \
    src/ir/ops.def \
    src/ir/print.c \
    src/ir/dot.c \
    src/ir/read.c \
    src/ir/rows.c \
    src/ir/shape.c \
    src/ir/verify.c \
    src/ir/window.c
