# prelude/local.mk: the standard library in the language, embedded as C text
prelude_FILES = prelude/activations.nn prelude/losses.nn prelude/optimizers.nn prelude/schedules.nn
nodist_libnnc_a_SOURCES += prelude/prelude.c
CLEANFILES += prelude/prelude.c
EXTRA_DIST += $(prelude_FILES)

prelude/prelude.c: $(addprefix $(top_srcdir)/,$(prelude_FILES)) $(top_srcdir)/prelude/local.mk
	$(AM_V_GEN)$(MKDIR_P) prelude && { \
	  echo '/* made from prelude/ by prelude/local.mk */'; \
	  echo '#include "sema/prelude.h"'; \
	  echo 'const PreludeFile prelude_files[] = {'; \
	  for f in $(prelude_FILES); do \
	    echo "    { \"<prelude>/$${f#prelude/}\","; \
	    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$$/\\n"/' \
	        "$(top_srcdir)/$$f" || exit 1; \
	    echo '    },'; \
	  done; \
	  echo '};'; \
	  echo 'const size_t prelude_file_count = sizeof prelude_files / sizeof prelude_files[0];'; \
	} > $@.tmp && mv $@.tmp $@
