# tests/unit/codegen.mk
check_PROGRAMS += tests/unit/test_codegen
tests_unit_test_codegen_SOURCES = \
    tests/unit/test_codegen.c \
    tests/unit/tap.h
