# tests/local.mk: everything that `make check` runs. All of it speaks TAP.
#   unit/       C programs beside each room, listed by their rooms
#   golden/     scripts that hold what nnc must make of them
#   conformance/  scripts that hold numbers from references
#   ../examples/  scripts that assert what they claim
#   structure/  the rules of the house
TEST_EXTENSIONS = .nn .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
NN_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_DRIVER = $(LOG_DRIVER)
NN_LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/golden/run-case
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = NNC='$(abs_top_builddir)/nnc'; export NNC; \
    TOP='$(abs_top_srcdir)'; export TOP; \
    AWK='$(AWK)'; export AWK;

include tests/unit/front.mk
include tests/unit/sema.mk
include tests/unit/passes.mk
include tests/unit/lower.mk
include tests/unit/rtdata.mk
include tests/unit/rtexec.mk
include tests/unit/driver.mk
include tests/unit/codegen.mk

# NN_TESTS and NN_FILES (configure.ac): a script is a test if it is in golden/*, conformance or
# examples, so that adding one edits no list. What it reads is in the folder files/ beside it.
TESTS += \
    $(check_PROGRAMS) \
    $(NN_TESTS) \
    tests/structure/format.sh \
    tests/structure/includes.sh \
    tests/structure/laws.sh \
    tests/structure/links.sh \
    tests/structure/pages.sh \
    tests/structure/program.sh \
    tests/structure/wings.sh \
    tests/conformance/exchange.sh
noinst_HEADERS += tests/unit/tap.h
EXTRA_DIST += \
    $(NN_TESTS) \
    $(NN_FILES) \
    tests/golden/run-case \
    tests/golden/README.md \
    tests/conformance/make.py \
    tests/conformance/exchange.py \
    tests/structure/format.sh \
    tests/structure/includes.sh \
    tests/structure/laws.sh \
    tests/structure/links.sh \
    tests/structure/pages.awk \
    tests/structure/pages.sample \
    tests/structure/pages.sh \
    tests/structure/program.sh \
    tests/structure/rule.sh \
    tests/structure/wings.sh \
    tests/conformance/exchange.sh

include tests/fuzz/local.mk
