# docs/local.mk: the manual
dist_man_MANS += docs/nnc.1
dist_doc_DATA += \
    docs/language.md \
    docs/internals.md \
    docs/glossary.md \
    docs/adding-a-source.md \
    docs/adding-a-verb.md \
    docs/ir.md \
    docs/plan.md \
    docs/adding-a-layer.md \
    docs/adding-an-op.md \
    docs/adding-a-pass.md \
    docs/performance.md \
    docs/program.md
EXTRA_DIST += docs/nnc.svg

# The course's pictures, drawn by its examples
EXTRA_DIST += \
    docs/gallery/README.md \
    docs/gallery/draw \
    docs/gallery/activations.svg \
    docs/gallery/batches.svg \
    docs/gallery/batchnorm.svg \
    docs/gallery/bias_variance.svg \
    docs/gallery/clipping.svg \
    docs/gallery/confusion.svg \
    docs/gallery/defaults.svg \
    docs/gallery/dropout.svg \
    docs/gallery/early_stopping.svg \
    docs/gallery/ensembles.svg \
    docs/gallery/initialisation.svg \
    docs/gallery/k_fold.svg \
    docs/gallery/linear_models.svg \
    docs/gallery/mc_dropout.svg \
    docs/gallery/logistic_regression.svg \
    docs/gallery/penalties.svg \
    docs/gallery/race.svg \
    docs/gallery/rate_test.svg \
    docs/gallery/schedules.svg \
    docs/gallery/schedules_compared.svg \
    docs/gallery/sharp_minima.svg \
    docs/gallery/transfer.svg \
    docs/gallery/tuning.svg
.PHONY: gallery
gallery: nnc$(EXEEXT)
	sh $(srcdir)/docs/gallery/draw ./nnc
