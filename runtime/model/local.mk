# runtime/model/local.mk: sessions and programs: weights, networks, units, results, ensembles,
# metrics, the log
libnnrt_a_SOURCES += \
    runtime/model/action_fields.c \
    runtime/model/ensemble.c \
    runtime/model/ensemble.h \
    runtime/model/ensemble_outputs.c \
    runtime/model/initializers.c \
    runtime/model/initializers.h \
    runtime/model/later.c \
    runtime/model/later.h \
    runtime/model/log.c \
    runtime/model/log.h \
    runtime/model/messages.c \
    runtime/model/metrics.c \
    runtime/model/metrics.def \
    runtime/model/metrics.h \
    runtime/model/model.h \
    runtime/model/model_file.c \
    runtime/model/offers.h \
    runtime/model/offers.c \
    runtime/model/network.c \
    runtime/model/network.h \
    runtime/model/outputs.c \
    runtime/model/outputs.h \
    runtime/model/preparations.c \
    runtime/model/preparations.h \
    runtime/model/program.c \
    runtime/model/program.h \
    runtime/model/results.c \
    runtime/model/results.h \
    runtime/model/session.c \
    runtime/model/session.h \
    runtime/model/tables.c \
    runtime/model/tables.h \
    runtime/model/units.c \
    runtime/model/units.h \
    runtime/model/weights.c \
    runtime/model/weights.h
