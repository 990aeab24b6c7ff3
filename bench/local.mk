# bench/local.mk: the same training step in nnc and its peers; see docs/performance.md
EXTRA_PROGRAMS += bench/peak
bench_peak_SOURCES = bench/peak.c
bench_peak_CFLAGS = $(AM_CFLAGS) $(OPENMP_CFLAGS) \
    -O3 -march=native -mprefer-vector-width=512 -ffp-contract=fast
bench_peak_LDADD =
EXTRA_DIST += bench/run.py

.PHONY: bench
bench: nnc bench/peak
	python3 $(top_srcdir)/bench/run.py --nnc ./nnc --peak bench/peak
