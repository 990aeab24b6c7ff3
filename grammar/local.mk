# grammar/local.mk: scanner and parser, generated in the build folder
libnnc_a_SOURCES += grammar/keywords.def
nodist_libnnc_a_SOURCES += \
    grammar/nn.tab.c \
    grammar/nn.tab.h \
    grammar/nn.lex.c
BUILT_SOURCES += grammar/nn.tab.h
CLEANFILES += grammar/nn.tab.c grammar/nn.tab.h grammar/nn.lex.c
EXTRA_DIST += \
    grammar/nn.y \
    grammar/nn.l

grammar/nn.tab.c: $(top_srcdir)/grammar/nn.y
	$(AM_V_GEN)$(MKDIR_P) grammar && $(YACC) -Wall -Werror -Wcounterexamples \
	    --defines=grammar/nn.tab.h -o $@ $(top_srcdir)/grammar/nn.y

grammar/nn.tab.h: grammar/nn.tab.c
	@test -f $@ || { rm -f grammar/nn.tab.c; $(MAKE) $(AM_MAKEFLAGS) grammar/nn.tab.c; }

grammar/nn.lex.c: $(top_srcdir)/grammar/nn.l
	$(AM_V_GEN)$(MKDIR_P) grammar && $(LEX) -o $@ $(top_srcdir)/grammar/nn.l

# What includes the parser's header waits for it, whatever target is asked for.
$(addsuffix .$(OBJEXT),grammar/nn.lex $(addprefix src/syntax/,brackets keywords newlines nodes \
    parse syntax_errors tokens)): grammar/nn.tab.h
