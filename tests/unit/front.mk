# tests/unit/front.mk: tests of the front end's first rooms, support and syntax
check_PROGRAMS += tests/unit/test_support tests/unit/test_syntax
tests_unit_test_support_SOURCES = tests/unit/test_support.c
tests_unit_test_syntax_SOURCES = \
    tests/unit/test_syntax.c \
    tests/unit/sexpr.c \
    tests/unit/sexpr.h
