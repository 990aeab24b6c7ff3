# src/passes: from a tensor graph to a plan of kernels.
libnnc_a_SOURCES += \
    src/passes/alike.c \
    src/passes/check.c \
    src/passes/derivatives.c \
    src/passes/derive.h \
    src/passes/differentiate.c \
    src/passes/fuse.c \
    src/passes/late.c \
    src/passes/layout.c \
    src/passes/machine.c \
    src/passes/machine.h \
    src/passes/memory.c \
    src/passes/passes.c \
    src/passes/passes.def \
    src/passes/passes.h \
    src/passes/plan.h \
    src/passes/recompute.c \
    src/passes/relations.c \
    src/passes/samples.c \
    src/passes/schedule.c \
    src/passes/show.c \
    src/passes/simplify.c \
    src/passes/sparse.c \
    src/passes/view.c \
    src/passes/views.c
