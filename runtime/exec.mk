# runtime/exec.mk: the upper half: carrying out programs
libnnrt_a_SOURCES +=
