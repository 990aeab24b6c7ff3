# tests/unit/driver.mk
check_PROGRAMS += tests/unit/test_driver
tests_unit_test_driver_SOURCES = tests/unit/test_driver.c
