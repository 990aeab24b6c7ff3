# tests/unit/sema.mk: semantic analysis, from scripts to checked actions and errors
check_PROGRAMS += tests/unit/test_sema
tests_unit_test_sema_SOURCES = tests/unit/test_sema.c
