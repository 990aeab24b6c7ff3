# src/syntax/local.mk: the files of this folder
libnnc_a_SOURCES += \
    src/syntax/ast.h \
    src/syntax/parse.h \
    src/syntax/parse.c \
    src/syntax/tokens.h \
    src/syntax/tokens.c \
    src/syntax/keywords.c \
    src/syntax/brackets.c \
    src/syntax/newlines.c \
    src/syntax/nodes.h \
    src/syntax/nodes.c \
    src/syntax/format.h \
    src/syntax/format.c \
    src/syntax/syntax_errors.h \
    src/syntax/syntax_errors.c
