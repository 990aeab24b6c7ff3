# runtime/data.mk: the lower half: errors, random numbers, panels, threads, files, data
libnnrt_a_SOURCES += \
    runtime/error.c runtime/error.h \
    runtime/random.c runtime/panels.c runtime/threads.c runtime/nnrt.h runtime/nnrt.def \
    runtime/init.c runtime/init.h \
    runtime/atomic_file.c runtime/atomic_file.h \
    runtime/safetensors.c runtime/safetensors.h \
    runtime/program.h
