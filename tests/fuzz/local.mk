# tests/fuzz/local.mk: libFuzzer targets, built by clang in a folder of their own: `make fuzz`
# builds them, `make fuzz-run FUZZ_SECONDS=15` runs each for that long, from the seeds beside its
# source. They run on one thread (single/omp.h), so that clang's OpenMP library is not needed.
FUZZ_SECONDS = 15
FUZZ_FLAGS = -g -O1 -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_TARGETS = tests/fuzz/fuzz_grammar tests/fuzz/fuzz_data tests/fuzz/fuzz_safetensors \
    tests/fuzz/fuzz_tables tests/fuzz/fuzz_preparation
FUZZ_LDADD = libnnc.a libnnrt.a $(JANSSON_LIBS) $(PNG_LIBS) $(JPEG_LIBS) \
    $(ZSTD_LIBS) $(SNAPPY_LIBS) \
    $(ZLIB_LIBS)

EXTRA_PROGRAMS += $(FUZZ_TARGETS)
tests_fuzz_fuzz_grammar_SOURCES = tests/fuzz/fuzz_grammar.c
tests_fuzz_fuzz_grammar_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_grammar_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_data_SOURCES = tests/fuzz/fuzz_data.c
tests_fuzz_fuzz_data_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_data_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c
tests_fuzz_fuzz_safetensors_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_safetensors_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_tables_SOURCES = tests/fuzz/fuzz_tables.c
tests_fuzz_fuzz_tables_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_tables_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_preparation_SOURCES = tests/fuzz/fuzz_preparation.c
tests_fuzz_fuzz_preparation_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_preparation_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += \
    $(FUZZ_SEEDS) \
    tests/fuzz/single/omp.h

fuzz-tree/Makefile: $(top_srcdir)/configure
	@test -n "$(FUZZ_CC)" || { \
	    echo "make fuzz: clang is missing (Debian packages: clang-19 libclang-rt-19-dev)" >&2; \
	    exit 1; }
	$(MKDIR_P) fuzz-tree
	cd fuzz-tree && $(abs_top_srcdir)/configure CC='$(FUZZ_CC)' \
	    CFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' \
	    LDFLAGS='-fsanitize=address,undefined' --disable-openmp --with-llvm='$(LLVM_CONFIG)' \
	    CPPFLAGS='-I$(abs_top_srcdir)/tests/fuzz/single'

.PHONY: fuzz fuzz-run
fuzz: fuzz-tree/Makefile
	cd fuzz-tree && $(MAKE) $(FUZZ_TARGETS)

# New inputs that fuzzing finds stay in the build folder; only seeds written by hand are kept in the
# source.
fuzz-run: fuzz
	@for target in $(FUZZ_TARGETS); do \
	    name=`basename $$target`; seeds='$(abs_top_srcdir)'/tests/fuzz/seeds/$${name#fuzz_}; \
	    $(MKDIR_P) fuzz-tree/corpus/$$name fuzz-tree/crashes; test -d "$$seeds" || seeds=; \
	    echo "$$name: $(FUZZ_SECONDS) s"; \
	    fuzz-tree/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	        -verbosity=0 -print_final_stats=0 \
	        -artifact_prefix=fuzz-tree/crashes/$$name- fuzz-tree/corpus/$$name $$seeds || exit 1; \
	done

clean-local: clean-fuzz
clean-fuzz:
	rm -rf fuzz-tree
