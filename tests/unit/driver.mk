# tests/unit/driver.mk: options, commands, and what joins them
check_PROGRAMS += tests/unit/test_driver
tests_unit_test_driver_SOURCES = tests/unit/test_driver.c
