# src/lower/local.mk: the files of this folder
libnnc_a_SOURCES += \
    src/lower/lower.h \
    src/lower/room.h \
    src/lower/layers.def \
    src/lower/body.c \
    src/lower/distill.c \
    src/lower/expr.c \
    src/lower/extent.c \
    src/lower/images.c \
    src/lower/init.c \
    src/lower/layers.c \
    src/lower/loss.c \
    src/lower/lower.c \
    src/lower/network.c \
    src/lower/norms.c \
    src/lower/optimizer.c \
    src/lower/recurrent.c \
    src/lower/schedule.c \
    src/lower/sequence.c \
    src/lower/unit.c \
    src/lower/values.c
