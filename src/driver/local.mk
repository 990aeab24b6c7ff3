# src/driver/local.mk: the files of this folder (main.c is nnc's own)
libnnc_a_SOURCES += \
    src/driver/build.c src/driver/check.c src/driver/codes.c src/driver/codes.h src/driver/commands.c src/driver/compile.c src/driver/compile.h src/driver/driver.h \
    src/driver/embed.c src/driver/embed.h src/driver/explain.c src/driver/fit.c src/driver/fit.h src/driver/fmt.c src/driver/onnx.c src/driver/onnx.h src/driver/report.c src/driver/json_program.c src/driver/json_program.h src/driver/line_editor.c src/driver/line_editor.h \
    src/driver/options.c src/driver/options.h src/driver/repl.c src/driver/retune.c src/driver/run.c src/driver/show.c src/driver/sound.c src/driver/sound.h src/driver/toolchain.c \
    src/driver/toolchain.h src/driver/repl_words.c src/driver/repl_words.h src/driver/summary.c src/driver/text_plot.c src/driver/text_plot.h src/driver/undo.c src/driver/units.c src/driver/variants.c src/driver/values.c src/driver/values.h
