# runtime/app/local.mk: a session, the main function of a built program, libraries
libnnrt_a_SOURCES += \
    runtime/app/library.c \
    runtime/app/main.c \
    runtime/app/session.c \
    runtime/app/undo.c \
    runtime/app/undo.h
