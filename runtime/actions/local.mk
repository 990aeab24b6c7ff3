# runtime/actions/local.mk: the verbs that neither train nor experiment
libnnrt_a_SOURCES += \
    runtime/actions/actions.h \
    runtime/actions/evaluate.c \
    runtime/actions/export.c \
    runtime/actions/freeze.c \
    runtime/actions/generate_text.c \
    runtime/actions/gradients.c \
    runtime/actions/minimize.c \
    runtime/actions/next_token.c \
    runtime/actions/next_token.h \
    runtime/actions/onnx_file.c \
    runtime/actions/onnx_file.h \
    runtime/actions/pictured.c \
    runtime/actions/pictured.h \
    runtime/actions/plot.c \
    runtime/actions/plot_units.c \
    runtime/actions/predict.c \
    runtime/actions/print_assert.c \
    runtime/actions/prune.c \
    runtime/actions/save_load.c \
    runtime/actions/surface.c \
    runtime/actions/surface.h \
    runtime/actions/threshold_curves.c
