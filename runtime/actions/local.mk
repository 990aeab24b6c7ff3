# runtime/actions/local.mk: the other actions
libnnrt_a_SOURCES += \
    runtime/actions/evaluate.c \
    runtime/actions/gradients.c \
    runtime/actions/io.c \
    runtime/actions/minimize.c \
    runtime/actions/onnx.c \
    runtime/actions/onnx.h \
    runtime/actions/pictured.c \
    runtime/actions/pictured.h \
    runtime/actions/plot.c \
    runtime/actions/plot_units.c \
    runtime/actions/predict.c \
    runtime/actions/prune.c \
    runtime/actions/surface.c \
    runtime/actions/surface.h
