# src/lower/local.mk: the files of this folder
libnnc_a_SOURCES += \
    src/lower/body.c \
    src/lower/body_layers.c \
    src/lower/body_walk.h \
    src/lower/call_values.c \
    src/lower/convolutions.c \
    src/lower/distill.c \
    src/lower/expr.c \
    src/lower/extent.c \
    src/lower/layers.c \
    src/lower/layers.def \
    src/lower/learning_rate.c \
    src/lower/loss.c \
    src/lower/lower.c \
    src/lower/lower.h \
    src/lower/network_graph.c \
    src/lower/norms.c \
    src/lower/optimizer.c \
    src/lower/padding.c \
    src/lower/reach.c \
    src/lower/recurrent.c \
    src/lower/room.h \
    src/lower/sequence.c \
    src/lower/unit_graph.c \
    src/lower/weight_init.c
