# src/syntax/local.mk: the files of this folder
libnnc_a_SOURCES += \
    src/syntax/ast.h \
    src/syntax/parse.h \
    src/syntax/parse.c \
    src/syntax/tokens.h \
    src/syntax/keywords.c \
    src/syntax/layout.c \
    src/syntax/build.h \
    src/syntax/format.c \
    src/syntax/format.h \
    src/syntax/build.c \
    src/syntax/syntax_errors.h \
    src/syntax/syntax_errors.c
