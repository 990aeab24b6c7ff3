# runtime/local.mk: the files of this folder, in two halves
include runtime/data.mk
include runtime/exec.mk
