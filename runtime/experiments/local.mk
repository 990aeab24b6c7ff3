# runtime/experiments/local.mk: actions that train more than once
libnnrt_a_SOURCES += \
    runtime/experiments/bag.c \
    runtime/experiments/bayes.c \
    runtime/experiments/boost.c \
    runtime/experiments/compare.c \
    runtime/experiments/crossvalidate.c \
    runtime/experiments/experiments.h \
    runtime/experiments/find_lr.c \
    runtime/experiments/inspect.c \
    runtime/experiments/records.c \
    runtime/experiments/records.h \
    runtime/experiments/search.c \
    runtime/experiments/search.h \
    runtime/experiments/side_by_side.c \
    runtime/experiments/side_by_side.h \
    runtime/experiments/trials.c \
    runtime/experiments/trials.h \
    runtime/experiments/tune.c \
    runtime/experiments/tune_checkpoint.c
