# runtime/charts/local.mk: figures of results and data
libnnrt_a_SOURCES += \
    runtime/charts/axis.c \
    runtime/charts/axis.h \
    runtime/charts/chart_data.c \
    runtime/charts/chart_evaluation.c \
    runtime/charts/chart_graphs.c \
    runtime/charts/chart_layers.c \
    runtime/charts/chart_paths.c \
    runtime/charts/chart_tables.c \
    runtime/charts/chart_trainings.c \
    runtime/charts/chart_trials.c \
    runtime/charts/charts.c \
    runtime/charts/charts.h \
    runtime/charts/draw_contours.c \
    runtime/charts/draw_curves.c \
    runtime/charts/draw_figure.c \
    runtime/charts/draw_matrix.c \
    runtime/charts/draw_panels.h \
    runtime/charts/draw_regions.c \
    runtime/charts/draw_tiles.c \
    runtime/charts/figure.c \
    runtime/charts/figure.h \
    runtime/charts/kinds.h \
    runtime/charts/page.c \
    runtime/charts/page.h \
    runtime/charts/record_values.c \
    runtime/charts/record_values.h
