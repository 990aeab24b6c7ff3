# tests/unit/passes.mk: the graph and its passes
check_PROGRAMS += tests/unit/test_ir tests/unit/test_passes tests/unit/test_steps
tests_unit_test_ir_SOURCES = \
    tests/unit/test_ir.c \
    tests/unit/networks.c \
    tests/unit/networks.h
tests_unit_test_passes_SOURCES = \
    tests/unit/test_passes.c \
    tests/unit/networks.c \
    tests/unit/networks.h \
    tests/unit/interpret.c \
    tests/unit/interpret.h
tests_unit_test_steps_SOURCES = \
    tests/unit/test_steps.c \
    tests/unit/networks.c \
    tests/unit/networks.h \
    tests/unit/interpret.c \
    tests/unit/interpret.h
