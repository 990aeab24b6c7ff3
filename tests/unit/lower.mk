# tests/unit/lower.mk
check_PROGRAMS += tests/unit/test_lower
tests_unit_test_lower_SOURCES = \
    tests/unit/test_lower.c \
    tests/unit/interpret.c \
    tests/unit/interpret.h
EXTRA_DIST += \
    tests/conformance/lower_reference.h \
    tests/conformance/lower_reference.py
