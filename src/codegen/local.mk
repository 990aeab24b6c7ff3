# src/codegen/local.mk: plans to machine code; a folder for each kind of machine
libnnc_a_SOURCES += src/codegen/backend.h

include src/codegen/cpu/local.mk
