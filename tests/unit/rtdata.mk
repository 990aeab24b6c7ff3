# tests/unit/rtdata.mk: tests of the runtime's lower half
check_PROGRAMS += tests/unit/test_data tests/unit/test_random tests/unit/test_safetensors \
    tests/unit/test_tables
tests_unit_test_data_SOURCES = \
    tests/unit/declared.h \
    tests/unit/test_data.c \
    tests/unit/tap.h
tests_unit_test_random_SOURCES = \
    tests/unit/test_random.c \
    tests/unit/tap.h
tests_unit_test_safetensors_SOURCES = \
    tests/unit/test_safetensors.c \
    tests/unit/tap.h
tests_unit_test_tables_SOURCES = \
    tests/unit/declared.h \
    tests/unit/test_tables.c \
    tests/unit/tap.h
