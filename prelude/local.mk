# prelude/local.mk: the files of this folder
