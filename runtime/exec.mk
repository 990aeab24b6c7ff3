# runtime/exec.mk: the upper half: carrying out programs
libnnrt_a_SOURCES += \
    runtime/session.c runtime/session.h runtime/actions.c \
    runtime/weights.c runtime/units.c runtime/results.c runtime/later.c \
    runtime/feed.c runtime/feed.h runtime/prune.c \
    runtime/train.c runtime/train_epoch.c runtime/train_fail.c runtime/train.h \
    runtime/checkpoint.c runtime/checkpoint_tune.c runtime/checkpoint.h runtime/checkpoint_parts.h \
    runtime/evaluate.c runtime/predict.c runtime/minimize.c runtime/surface.c runtime/surface.h runtime/gradients.c runtime/io.c \
    runtime/experiment.c runtime/experiment.h runtime/several.c runtime/several.h runtime/crossvalidate.c runtime/compare.c runtime/find_lr.c \
    runtime/ensemble.c runtime/ensemble.h runtime/undo.c runtime/undo.h runtime/bag.c runtime/boost.c \
    runtime/inspect.c runtime/tune.c runtime/trials.c runtime/trials.h runtime/search.c runtime/search.h runtime/bayes.c \
    runtime/metrics.c runtime/metrics.h runtime/metrics.def \
    runtime/log.c runtime/log.h runtime/progress.c runtime/progress.h runtime/text.c runtime/text.h \
    runtime/drawing.c runtime/drawing.h runtime/inks.def runtime/glyphs.c runtime/glyphs.def runtime/svg.c runtime/canvas.c runtime/png.c \
    runtime/figure.c runtime/figure.h runtime/axis.c runtime/panel.c runtime/matrix.c runtime/contour.c \
    runtime/charts.c runtime/charts.h runtime/charts_data.c runtime/charts_several.c runtime/charts_evaluation.c runtime/regions.c runtime/pictured.c runtime/pictured.h runtime/plot_units.c runtime/page.c runtime/plot.c runtime/onnx.c runtime/onnx.h \
    runtime/signals.c runtime/signals.h \
    runtime/main.c runtime/library.c
