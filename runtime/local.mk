# runtime/local.mk: the wings in their order: each may use those before it, none after it
# (tests/structure/wings.sh)
include runtime/base/local.mk
include runtime/data/local.mk
include runtime/draw/local.mk
include runtime/charts/local.mk
include runtime/model/local.mk
include runtime/train/local.mk
include runtime/experiments/local.mk
include runtime/actions/local.mk
include runtime/app/local.mk
