# tests/unit/driver.mk: options, commands, and what joins them
check_PROGRAMS += tests/unit/test_driver
tests_unit_test_driver_SOURCES = tests/unit/test_driver.c
check_PROGRAMS += tests/unit/test_program
tests_unit_test_program_SOURCES = tests/unit/test_program.c
