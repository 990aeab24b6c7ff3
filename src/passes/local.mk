# src/passes: from a tensor graph to a plan of kernels.
libnnc_a_SOURCES += \
    src/passes/alike.c \
    src/passes/branches.c \
    src/passes/derivatives.c \
    src/passes/derive.h \
    src/passes/differentiate.c \
    src/passes/fuse.c \
    src/passes/fuse.h \
    src/passes/grids.c \
    src/passes/in_place.c \
    src/passes/inline.c \
    src/passes/join.c \
    src/passes/kernel_name.c \
    src/passes/machine.c \
    src/passes/machine.h \
    src/passes/memory.c \
    src/passes/panels.c \
    src/passes/passes.c \
    src/passes/passes.def \
    src/passes/passes.h \
    src/passes/phases.c \
    src/passes/plan.h \
    src/passes/plan_print.c \
    src/passes/plan_verify.c \
    src/passes/recompute.c \
    src/passes/relations.c \
    src/passes/rematerialise.c \
    src/passes/samples.c \
    src/passes/simplify.c \
    src/passes/skip_zeros.c \
    src/passes/tasks.c \
    src/passes/updates.c
