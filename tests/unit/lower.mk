# tests/unit/lower.mk: lowering, and its numbers beside PyTorch's
check_PROGRAMS += tests/unit/test_lower tests/unit/test_reference
tests_unit_test_lower_SOURCES = \
    tests/unit/test_lower.c \
    tests/unit/lowering.c \
    tests/unit/lowering.h \
    tests/unit/interpret.c \
    tests/unit/interpret.h
tests_unit_test_reference_SOURCES = \
    tests/unit/test_reference.c \
    tests/unit/lowering.c \
    tests/unit/lowering.h \
    tests/unit/interpret.c \
    tests/unit/interpret.h
EXTRA_DIST += \
    tests/conformance/lower_reference.h \
    tests/conformance/lower_reference.py
