# runtime/base/local.mk: errors, threads, random numbers, streams, files written whole, panels
libnnrt_a_SOURCES += \
    runtime/base/atomic_file.c \
    runtime/base/atomic_file.h \
    runtime/base/base.h \
    runtime/base/clock.c \
    runtime/base/clock.h \
    runtime/base/codec.c \
    runtime/base/codec.h \
    runtime/base/error.c \
    runtime/base/error.h \
    runtime/base/memory.c \
    runtime/base/memory.h \
    runtime/base/name_map.c \
    runtime/base/name_map.h \
    runtime/base/number.c \
    runtime/base/number.h \
    runtime/base/panels.c \
    runtime/base/pattern.c \
    runtime/base/pattern.h \
    runtime/base/random.c \
    runtime/base/random.h \
    runtime/base/safetensors.c \
    runtime/base/safetensors.h \
    runtime/base/signals.c \
    runtime/base/signals.h \
    runtime/base/sparse_list.c \
    runtime/base/stream.c \
    runtime/base/stream.h \
    runtime/base/threads.c \
    runtime/base/threads.h \
    runtime/base/utf8.c \
    runtime/base/utf8.h \
    runtime/base/zip.c \
    runtime/base/zip.h
