# runtime/data.mk: the lower half: errors, random numbers, panels, threads, files, data
libnnrt_a_SOURCES += \
    runtime/error.c runtime/error.h \
    runtime/random.c runtime/panels.c runtime/sparse.c runtime/threads.c runtime/nnrt.h runtime/nnrt.def \
    runtime/init.c runtime/init.h \
    runtime/atomic_file.c runtime/atomic_file.h \
    runtime/safetensors.c runtime/safetensors.h \
    runtime/stream.c runtime/stream.h \
    runtime/names.c runtime/number.c runtime/source.c runtime/source.h \
    runtime/array.c runtime/array.h runtime/npy.c runtime/idx.c \
    runtime/csv_text.c runtime/csv.c runtime/csv.h \
    runtime/characters.c runtime/generate.c runtime/generate.h runtime/digits.c \
    runtime/labels.c runtime/labels.h \
    runtime/augment.c runtime/augment.h runtime/images.c runtime/picture.c runtime/picture.h \
    runtime/split.c runtime/scale.c runtime/parts.h runtime/views.c \
    runtime/data.c runtime/data.h \
    runtime/program.h
