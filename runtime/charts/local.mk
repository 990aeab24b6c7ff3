# runtime/charts/local.mk: figures of results and data
libnnrt_a_SOURCES += \
    runtime/charts/axis.c \
    runtime/charts/charts.c \
    runtime/charts/charts.h \
    runtime/charts/charts_data.c \
    runtime/charts/charts_evaluation.c \
    runtime/charts/charts_several.c \
    runtime/charts/contour.c \
    runtime/charts/figure.c \
    runtime/charts/figure.h \
    runtime/charts/matrix.c \
    runtime/charts/page.c \
    runtime/charts/panel.c \
    runtime/charts/regions.c
