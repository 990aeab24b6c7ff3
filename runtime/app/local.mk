# runtime/app/local.mk: carrying out programs; the main function of a built program; libraries
libnnrt_a_SOURCES += \
    runtime/app/app.h \
    runtime/app/built_program.c \
    runtime/app/expected_data.c \
    runtime/app/expected_data.h \
    runtime/app/library.c \
    runtime/app/run_program.c \
    runtime/app/session_undo.c \
    runtime/app/session_undo.h
