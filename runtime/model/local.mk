# runtime/model/local.mk: weights, units, results, ensembles, metrics, the log
libnnrt_a_SOURCES += \
    runtime/model/actions.c \
    runtime/model/ensemble.c \
    runtime/model/ensemble.h \
    runtime/model/init.c \
    runtime/model/init.h \
    runtime/model/later.c \
    runtime/model/log.c \
    runtime/model/log.h \
    runtime/model/metrics.c \
    runtime/model/metrics.def \
    runtime/model/metrics.h \
    runtime/model/program.h \
    runtime/model/results.c \
    runtime/model/session.h \
    runtime/model/text.c \
    runtime/model/text.h \
    runtime/model/units.c \
    runtime/model/weights.c
