# tests/unit/codegen.mk: machine code of small graphs, against plain loops
check_PROGRAMS += tests/unit/test_codegen
tests_unit_test_codegen_SOURCES = \
    tests/unit/test_codegen.c \
    tests/unit/tap.h
