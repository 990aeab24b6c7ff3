# src/sema/local.mk: the files of this folder
libnnc_a_SOURCES += \
    src/sema/sema.h \
    src/sema/value.h \
    src/sema/prelude.h \
    src/sema/internal.h \
    src/sema/verbs.h \
    src/sema/categories.def \
    src/sema/forms.def \
    src/sema/ranges.def \
    src/sema/settings.def \
    src/sema/verbs.c \
    src/sema/action.h \
    src/sema/action_clauses.c \
    src/sema/action_settings.c \
    src/sema/value.c \
    src/sema/scope.c \
    src/sema/tables.c \
    src/sema/types.c \
    src/sema/forms.c \
    src/sema/rules.c \
    src/sema/eval.c \
    src/sema/functions.c \
    src/sema/later.c \
    src/sema/results.c \
    src/sema/settings.c \
    src/sema/recipes.c \
    src/sema/formulas.c \
    src/sema/help.c \
    src/sema/check_body.c \
    src/sema/params.c \
    src/sema/imports.c \
    src/sema/check_action.c \
    src/sema/pictures.c \
    src/sema/sema.c
