# abi/local.mk: what the compiler and the runtime must agree on, written once; every room may see it
pkginclude_HEADERS += \
    abi/hypers.def \
    abi/nnrt.h
noinst_HEADERS += \
    abi/nnrt.def \
    abi/program.def \
    abi/program.h \
    abi/verbs.def \
    abi/verbs.h
libnnrt_a_SOURCES += \
    abi/program.c
EXTRA_DIST += \
    abi/program_doc.awk
