# src/passes/local.mk: the files of this folder
