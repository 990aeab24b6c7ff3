# docs/local.mk: the manual
dist_man_MANS += docs/nnc.1
dist_doc_DATA += docs/language.md docs/internals.md docs/adding-a-layer.md docs/adding-an-op.md docs/adding-a-pass.md docs/performance.md
EXTRA_DIST += docs/nnc.svg
