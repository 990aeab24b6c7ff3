# tests/unit/rtexec.mk: the runtime's upper half, carried out with units written by hand
check_PROGRAMS += tests/unit/test_exec
tests_unit_test_exec_SOURCES = tests/unit/test_exec.c
check_PROGRAMS += tests/unit/test_search
tests_unit_test_search_SOURCES = tests/unit/test_search.c
check_PROGRAMS += tests/unit/test_next_token
tests_unit_test_next_token_SOURCES = tests/unit/test_next_token.c
