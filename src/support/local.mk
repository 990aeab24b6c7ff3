# src/support/local.mk: the files of this folder
libnnc_a_SOURCES += \
    src/support/support.h \
    src/support/arena.c \
    src/support/intern.c \
    src/support/names.h \
    src/support/names.c \
    src/support/nearest.c \
    src/support/elsewhere.c \
    src/support/elsewhere.def \
    src/support/utf8.h \
    src/support/utf8.c \
    src/support/source.c \
    src/support/diag.h \
    src/support/diag.def \
    src/support/diag.c \
    src/support/diag_order.h \
    src/support/diag_print.c
