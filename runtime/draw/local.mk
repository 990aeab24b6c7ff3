# runtime/draw/local.mk: strokes, areas and letters on paper: SVG and PNG
libnnrt_a_SOURCES += \
    runtime/draw/canvas.c \
    runtime/draw/draw.h \
    runtime/draw/drawing.c \
    runtime/draw/drawing.h \
    runtime/draw/glyphs.c \
    runtime/draw/glyphs.def \
    runtime/draw/inks.def \
    runtime/draw/png.c \
    runtime/draw/svg.c
