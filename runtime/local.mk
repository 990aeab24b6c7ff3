# runtime/local.mk: the wings from the ground up: each may include those above it in this list
include runtime/base/local.mk
include runtime/data/local.mk
include runtime/draw/local.mk
include runtime/charts/local.mk
include runtime/model/local.mk
include runtime/train/local.mk
include runtime/experiments/local.mk
include runtime/actions/local.mk
include runtime/app/local.mk
